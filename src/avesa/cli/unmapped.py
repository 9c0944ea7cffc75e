"""`avesa unmapped`: the vendors' words that have no place among the shared ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from avesa.cli.command import Command, home_option, json_option
from avesa.cli.findings import write_findings
from avesa.cli.opening import opened_ports
from avesa.cli.output import console, counted, write_table
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
    """Count TENANT's statuses and the like whose meaning is unknown.

    Statuses, types and priorities; in the tables the meaning is null.
    """
    with opened_ports(tenant, only_reads=True) as ports:
        found = unmapped_words(ports, tenant, [table] if table else None)
    write_findings(found.words, _show, nothing="Every word has its place.", as_json=as_json, errors=found.errors)


def _show(rows: Sequence[Mapping[str, Any]]) -> None:
    lines = [
        (
            row["canonical_table"],
            row["column"],
            f"{row['source_service']}/{row['source_table']}",
            row["word"],
            row["rows"],
        )
        for row in rows
    ]
    write_table(("table", "column", "raw table", "word", "rows"), lines, right=("rows",))
    console().print(counted(len(rows), "word"))
