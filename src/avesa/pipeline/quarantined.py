"""What could not be folded and why: the rows in a tenant's quarantine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import duckdb

from avesa.canonical_transform.engine import count, engine
from avesa.canonical_transform.sql_text import parquet
from avesa.pipeline.ports import Ports
from avesa.pipeline.transform import choose_canonical
from avesa.shared import layout
from avesa.shared.scratch import scratch_folder


def quarantined_rows(
    ports: Ports, tenant: str, tables: Iterable[str] | None = None, *, payload: bool = False
) -> list[dict[str, Any]]:
    """One for each raw row: canonical_table, source_service, source_table, record_id, reason, file, row, receipt,
    extracted_at, run_id, and the payload if asked for. Where several receipts name the file it is told by the first.
    Raises UsageError for an unknown tenant or table.
    """
    ports.tenants.services(tenant)
    rows: list[dict[str, Any]] = []
    for table in choose_canonical(tables):
        files = [info.path for info in ports.objects.list(layout.quarantine_prefix(tenant, table))]
        if not files:
            continue
        with _reading(ports, files) as (con, waiting):
            found = con.execute(f"""
                SELECT DISTINCT ON (source_service, source_table, file, row)
                    source_service, source_table, record_id, reason, file, row, receipt, extracted_at, run_id, payload
                FROM {waiting} ORDER BY source_service, source_table, file, row, receipt
            """)
            names = [column[0] for column in found.description or ()]
            rows += [{"canonical_table": table, **dict(zip(names, row, strict=True))} for row in found.fetchall()]
    if not payload:
        for row in rows:
            del row["payload"]
    return rows


def count_quarantined(ports: Ports, files: Sequence[str]) -> int:
    """How many raw rows lie in these files of a quarantine, each counted once."""
    with _reading(ports, files) as (con, waiting):
        # A file that two receipts name, as a killed pull leaves it, waits under both.
        return count(con, f"(SELECT DISTINCT source_service, source_table, file, row FROM {waiting})")


@contextmanager
def _reading(ports: Ports, files: Sequence[str]) -> Iterator[tuple[duckdb.DuckDBPyConnection, str]]:
    """An engine, and the relation of all that lies in these files."""
    with (
        scratch_folder(ports.scratch, "quarantine") as folder,
        engine(folder) as con,
    ):
        yield con, parquet(ports.objects.fetch(path, folder) for path in files)
