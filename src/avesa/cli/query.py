"""`avesa query`: SQL over one tenant's canonical tables."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from avesa.cli.command import Command, home_option, json_option
from avesa.cli.moment import MOMENT
from avesa.cli.opening import opened_ports
from avesa.cli.output import console, counted, write_csv, write_json, write_rows
from avesa.pipeline.export import export
from avesa.pipeline.query import query as run_query
from avesa.shared.errors import UsageError


@click.command(
    cls=Command,
    epilog="""
Examples:
  avesa query acme "SELECT status, count(*) FROM tickets WHERE is_current GROUP BY ALL"
  avesa query acme "SELECT source_id, summary FROM tickets WHERE is_escalated AND is_current" --csv
  avesa query acme "FROM tickets WHERE is_current" --parquet tickets.parquet
  avesa query acme "SELECT summary, status FROM tickets
                    WHERE valid_from <= '2026-03-05' AND coalesce(valid_to > '2026-03-05', true)" --json
  avesa query acme "SELECT count(*) FROM tickets WHERE NOT is_closed" --as-of 2026-03-05
  avesa query acme "FROM companies" --known-at 2026-03-05T08:00:00Z
  avesa query acme "DESCRIBE tickets"
  avesa query acme "SHOW TABLES"

The SQL is DuckDB's, and only reads. A version is in force from valid_from until just before valid_to. With
--as-of the tables hold what was in force then; with --known-at what was known then, folded from the raw files
that had landed. Both together: what was thought then of that time. Times without a zone are UTC.
What a terminal is too narrow for is shown record by record.
""",
)
@click.argument("tenant")
@click.argument("sql")
@click.option("--as-of", type=MOMENT, metavar="TIME", help="Only the versions that were in force then.")
@click.option("--known-at", type=MOMENT, metavar="TIME", help="The history as it was known then.")
@click.option("--csv", "as_csv", is_flag=True, help="Comma separated values with a header.")
@click.option(
    "--parquet",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the rows to this Parquet file, in the types that they have.",
)
@home_option
@json_option
def query(
    tenant: str,
    sql: str,
    as_of: datetime | None,
    known_at: datetime | None,
    as_csv: bool,
    parquet: Path | None,
    as_json: bool,
) -> None:
    """Ask TENANT's canonical tables with one SELECT."""
    if as_csv and as_json:
        raise UsageError("--csv and --json exclude each other.")
    if parquet is not None:
        if as_csv:
            raise UsageError("--csv and --parquet exclude each other.")
        with opened_ports(tenant, only_reads=True) as ports:
            count = export(ports, tenant, sql, parquet, as_of=as_of, known_at=known_at)
        if as_json:
            write_json({"file": str(parquet), "rows": count})
        else:
            console().print(f"{counted(count, 'row')} in {parquet}")
        return
    with opened_ports(tenant, only_reads=True) as ports:
        result = run_query(ports, tenant, sql, as_of=as_of, known_at=known_at)
    if as_json:
        write_json(result.dicts())
    elif as_csv:
        write_csv(result.columns, result.rows)
    else:
        write_rows(result.columns, result.rows)
        console().print(counted(len(result.rows), "row"))
