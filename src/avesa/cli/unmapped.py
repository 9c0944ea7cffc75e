"""`avesa unmapped`: the vendors' words that have no place among the shared ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from avesa.cli.command import Command, home_option, json_option, tell_errors
from avesa.cli.opening import opened_ports
from avesa.cli.output import console, counted, write_json, write_table
from avesa.pipeline.unmapped import unmapped_words


@click.command(
    cls=Command,
    epilog="""
Examples:
  avesa unmapped acme
  avesa unmapped acme tickets --json

A tenant gives such a word its place in a mapping of its own: docs/mappings.md, "A tenant's own".
""",
)
@click.argument("tenant")
@click.argument("table", required=False)
@home_option
@json_option
def unmapped(tenant: str, table: str | None, as_json: bool) -> None:
    """Count the statuses, types and priorities of TENANT whose meaning is unknown, and so null."""
    with opened_ports(tenant, only_reads=True) as ports:
        found = unmapped_words(ports, tenant, [table] if table else None)
    if as_json:
        write_json(found.words)
    elif found.words:
        _show(found.words)
    elif not found.errors:
        console().print("Every word has its place.")
    tell_errors(found.errors)
    if found.errors:
        click.get_current_context().exit(1)


def _show(rows: Sequence[Mapping[str, Any]]) -> None:
    write_table(
        ["table", "column", "raw table", "word", "rows"],
        [
            (
                row["canonical_table"],
                row["column"],
                f"{row['source_service']}/{row['source_table']}",
                row["word"],
                row["rows"],
            )
            for row in rows
        ],
        right=("rows",),
    )
    console().print(counted(len(rows), "word"))
