"""`avesa quarantine`: what could not be folded, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from avesa.cli.command import Command, home_option, json_option
from avesa.cli.findings import write_findings
from avesa.cli.opening import opened_ports
from avesa.cli.output import console, counted, moment, write_table
from avesa.pipeline.quarantined import quarantined_rows


@click.command(
    cls=Command,
    epilog="""
Examples:
  avesa quarantine acme
  avesa quarantine acme companies --payload --json

The rows stay in raw. A rebuild takes up again what has become readable, and it leaves the quarantine.
""",
)
@click.argument("tenant")
@click.argument("table", required=False)
@click.option("--payload", is_flag=True, help="Show the records too, as the vendor sent them.")
@home_option
@json_option
def quarantine(tenant: str, table: str | None, payload: bool, as_json: bool) -> None:
    """Show the raw rows of TENANT that could not be folded, and why.

    With each its file and its row there.
    """
    with opened_ports(tenant, only_reads=True) as ports:
        rows = quarantined_rows(ports, tenant, [table] if table else None, payload=payload)
    write_findings(rows, _show, nothing="Nothing is in quarantine.", as_json=as_json)


def _show(rows: Sequence[Mapping[str, Any]]) -> None:
    payload = ["payload"] if "payload" in rows[0] else []
    lines = [
        (
            row["canonical_table"],
            f"{row['source_service']}/{row['source_table']}",
            row["record_id"],
            row["reason"],
            moment(row["extracted_at"]),
            row["file"],
            row["row"],
            *(row[name] for name in payload),
        )
        for row in rows
    ]
    columns = ("table", "raw table", "record", "reason", "extracted at", "file", "row", *payload)
    write_table(columns, lines, right=("row",))
    console().print(counted(len(rows), "row"))
