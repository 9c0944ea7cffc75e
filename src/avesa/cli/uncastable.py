"""`avesa uncastable`: the records whose values do not fit their columns."""

from __future__ import annotations

from dataclasses import asdict

import click

from avesa.cli.command import Command, home_option, json_option, tell_errors
from avesa.cli.opening import opened_ports
from avesa.cli.output import console, counted, write_json, write_table
from avesa.pipeline.uncastable import UncastableColumn, uncastable_now


@click.command(
    cls=Command,
    epilog="""
Examples:
  avesa uncastable acme
  avesa uncastable acme invoices --samples 20 --json

It maps the raw files again, which takes about as long as a rebuild. A rule that reads such a value mends it:
docs/mappings.md, "A tenant's own".
""",
)
@click.argument("tenant")
@click.argument("table", required=False)
@click.option(
    "--samples",
    type=click.IntRange(min=1),
    default=3,
    show_default=True,
    metavar="N",
    help="Show at most so many records of each column.",
)
@home_option
@json_option
def uncastable(tenant: str, table: str | None, samples: int, as_json: bool) -> None:
    """Show which values of TENANT's current records do not fit their column's type, and so are null."""
    with opened_ports(tenant, only_reads=True) as ports:
        found = uncastable_now(ports, tenant, [table] if table else None, most_samples=samples)
    if as_json:
        write_json([asdict(one) for one in found.columns])
    elif found.columns:
        _show(found.columns)
    elif not found.errors:
        console().print("Every value fits its column.")
    tell_errors(found.errors)
    if found.errors:
        click.get_current_context().exit(1)


def _show(columns: list[UncastableColumn]) -> None:
    rows: list[tuple[object, ...]] = []
    for one in columns:
        place = (one.canonical_table, one.column, one.type, f"{one.source_service}/{one.source_table}", one.records)
        for number, sample in enumerate(one.samples):
            rows.append((*(place if number == 0 else ("",) * len(place)), sample.source_id, sample.value))
    write_table(("table", "column", "type", "raw table", "records", "record", "value"), rows, right=("records",))
    console().print(counted(sum(one.records for one in columns), "value"))
