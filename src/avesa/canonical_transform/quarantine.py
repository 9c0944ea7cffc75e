"""Quarantine: raw rows that cannot be folded, kept with the reason and the place where they lie.

One file for each receipt, under its own timestamp and the name of its raw table, so that folding it again writes the
same file again.
Columns: source_service, source_table, receipt, file, row (its number in the file), record_id, reason, payload,
extracted_at, run_id.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from avesa.canonical_transform.raw_source import Pull, Source
from avesa.canonical_transform.sql_text import literal, literals
from avesa.shared import layout
from avesa.shared.objects import Objects


def write_quarantine(
    con: duckdb.DuckDBPyConnection,
    objects: Objects,
    source: Source,
    canonical_table: str,
    pulls: list[Pull],
    relation: str,
    scratch: Path,
) -> list[str]:
    """Write the rows of `unfit`, one file for each receipt that has any; the paths of the files.

    What else they hold is read once more from the relation of raw rows (see raw_source), once for all receipts.
    """
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE refused AS
        SELECT file, file_row_number AS row, record_id, reason, payload, extracted_at, run_id
        FROM {relation} SEMI JOIN unfit USING (file, file_row_number)
    """)
    written = []
    concerned = {str(file) for (file,) in con.execute("SELECT DISTINCT file FROM refused").fetchall()}
    for pull in pulls:
        if not concerned.intersection(pull.receipt.files):
            continue
        stem = pull.name.removesuffix(layout.RECEIPT_SUFFIX)
        local = scratch / f"{stem}.quarantine{layout.PARQUET_SUFFIX}"
        try:
            con.execute(f"""
                COPY (
                    SELECT {literal(source.service)} AS source_service, {literal(source.table)} AS source_table,
                        {literal(pull.name)} AS receipt, *
                    FROM refused
                    WHERE list_contains({literals(pull.receipt.files)}, file)
                    ORDER BY file, row
                ) TO {literal(str(local))} (FORMAT parquet, COMPRESSION zstd)
            """)
            path = layout.quarantine_file(source.tenant, canonical_table, stem, source.service, source.table)
            objects.upload(path, local)
            written.append(path)
        finally:
            local.unlink(missing_ok=True)
    con.execute("DROP TABLE refused")
    return written
