"""`avesa uncastable`: the records whose values do not fit their columns."""

from __future__ import annotations

from collections.abc import Sequence

import click

from avesa.cli.command import Command, home_option, json_option
from avesa.cli.findings import write_findings
from avesa.cli.opening import opened_ports
from avesa.cli.output import console, counted, write_table
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
    """Show TENANT's values that do not fit their column's type.

    Those of current records; in the tables they are null.
    """
    with opened_ports(tenant, only_reads=True) as ports:
        found = uncastable_now(ports, tenant, [table] if table else None, most_samples=samples)
    write_findings(found.columns, _show, nothing="Every value fits its column.", as_json=as_json, errors=found.errors)


def _show(columns: Sequence[UncastableColumn]) -> None:
    rows: list[tuple[object, ...]] = []
    for one in columns:
        place = (one.canonical_table, one.column, one.type, f"{one.source_service}/{one.source_table}", one.records)
        for number, sample in enumerate(one.samples):
            rows.append((*(place if number == 0 else ("",) * len(place)), sample.source_id, sample.value))
    write_table(("table", "column", "type", "raw table", "records", "record", "value"), rows, right=("records",))
    console().print(counted(sum(one.records for one in columns), "value"))
