"""`avesa query`: SQL over one tenant's canonical tables."""

from __future__ import annotations

import click

from avesa.cli.command import Command, home_option, json_option, opened_home
from avesa.cli.output import console, counted, write_csv, write_json, write_table
from avesa.pipeline.query import query as run_query
from avesa.shared.errors import UsageError


@click.command(
    cls=Command,
    epilog="""
Examples:
  avesa query acme "SELECT status, count(*) FROM tickets WHERE is_current GROUP BY ALL"
  avesa query acme "SELECT source_id, summary FROM tickets WHERE is_escalated AND is_current" --csv
  avesa query acme "SELECT summary, status FROM tickets
                    WHERE valid_from <= '2026-03-05' AND coalesce(valid_to > '2026-03-05', true)" --json
  avesa query acme "DESCRIBE tickets"
  avesa query acme "SHOW TABLES"

The SQL is DuckDB's, and only reads. A version is in force from valid_from until just before valid_to.
""",
)
@click.argument("tenant")
@click.argument("sql")
@click.option("--csv", "as_csv", is_flag=True, help="Comma separated values with a header.")
@home_option
@json_option
def query(tenant: str, sql: str, as_csv: bool, as_json: bool) -> None:
    """Ask TENANT's canonical tables with one SELECT."""
    if as_csv and as_json:
        raise UsageError("--csv and --json exclude each other.")
    with opened_home() as ports:
        result = run_query(ports, tenant, sql)
    if as_json:
        write_json(result.dicts())
    elif as_csv:
        write_csv(result.columns, result.rows)
    else:
        write_table(result.columns, result.rows)
        console().print(counted(len(result.rows), "row"))
