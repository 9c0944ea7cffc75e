"""What could not be folded and why: the rows in a tenant's quarantine."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from avesa.canonical_transform.engine import engine
from avesa.canonical_transform.sql_text import literals
from avesa.pipeline.ports import Ports
from avesa.pipeline.transform import choose_canonical
from avesa.shared import layout


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
        with (
            tempfile.TemporaryDirectory(prefix="quarantine-", dir=ports.scratch) as folder,
            engine(Path(folder)) as con,
        ):
            paths = literals(str(ports.objects.fetch(path, Path(folder))) for path in files)
            found = con.execute(f"""
                SELECT DISTINCT ON (source_service, source_table, file, row)
                    source_service, source_table, record_id, reason, file, row, receipt, extracted_at, run_id, payload
                FROM read_parquet({paths}) ORDER BY source_service, source_table, file, row, receipt
            """)
            names = [column[0] for column in found.description or ()]
            rows += [{"canonical_table": table, **dict(zip(names, row, strict=True))} for row in found.fetchall()]
    if not payload:
        for row in rows:
            del row["payload"]
    return rows
