"""Quarantine: raw rows that cannot be folded, kept with the reason and the place where they lie.

One file for each receipt, under the receipt's own timestamp, so that folding it again writes the same file again.
Columns: source_service, source_table, receipt, file, row (its number in the file), record_id, reason, payload,
extracted_at, run_id.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from avesa.canonical_transform.engine import count
from avesa.canonical_transform.raw_source import Pull, Source
from avesa.canonical_transform.sql_text import literal
from avesa.shared import layout
from avesa.shared.objects import Objects

REASON = """
    CASE
        WHEN problem IS NOT NULL THEN problem
        WHEN record_id IS NULL THEN 'the record has no key'
        WHEN extracted_at IS NULL THEN 'the row does not say when it was extracted'
        WHEN payload IS NULL AND NOT is_deleted THEN 'the row has no payload'
    END
"""


def set_aside(con: duckdb.DuckDBPyConnection) -> int:
    """Move what cannot be folded from `rows` to the temporary table `unfit`; how many rows that were."""
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE unfit AS SELECT *, {REASON} AS reason FROM rows WHERE {REASON} IS NOT NULL"
    )
    unfit = count(con, "unfit")
    if unfit:
        con.execute(f"DELETE FROM rows WHERE {REASON} IS NOT NULL")
    return unfit


def write_quarantine(
    con: duckdb.DuckDBPyConnection,
    objects: Objects,
    source: Source,
    canonical_table: str,
    pulls: list[Pull],
    scratch: Path,
) -> list[str]:
    """Write the rows of `unfit`, one file for each receipt that has any; the paths of the files."""
    written = []
    concerned = {str(file) for (file,) in con.execute("SELECT DISTINCT file FROM unfit").fetchall()}
    for pull in pulls:
        if not concerned.intersection(pull.receipt.files):
            continue
        stem = pull.name.removesuffix(layout.RECEIPT_SUFFIX)
        local = scratch / f"{stem}.quarantine{layout.PARQUET_SUFFIX}"
        con.execute("CREATE OR REPLACE TEMP TABLE its_files (file VARCHAR)")
        con.executemany("INSERT INTO its_files VALUES (?)", [(file,) for file in pull.receipt.files])
        try:
            con.execute(f"""
                COPY (
                    SELECT {literal(source.service)} AS source_service, {literal(source.table)} AS source_table,
                        {literal(pull.name)} AS receipt, file, file_row_number AS row, record_id, reason, payload,
                        extracted_at, run_id
                    FROM unfit WHERE file IN (SELECT file FROM its_files)
                    ORDER BY file, row
                ) TO {literal(str(local))} (FORMAT parquet, COMPRESSION zstd)
            """)
            path = layout.quarantine_file(source.tenant, canonical_table, stem)
            objects.upload(path, local)
            written.append(path)
        finally:
            local.unlink(missing_ok=True)
    return written
