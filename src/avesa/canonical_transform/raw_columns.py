"""The columns of a raw file, as docs/architecture.md names them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from avesa.canonical_transform.sql_text import parquet

COLUMNS = (
    *("record_id", "parent_id", "payload", "updated_at", "is_deleted"),
    *("is_partial", "extracted_at", "run_id", "page", "problem"),
)
PLACE = ("filename", "file_row_number")
"""What reading adds to them: the place of each row."""


def wrong_columns(con: duckdb.DuckDBPyConnection, file: Path) -> str | None:
    """What is wrong with a file's columns, as the end of a sentence about it; None if they are right."""
    found = {name.lower() for name, *_ in con.execute(f"DESCRIBE FROM {parquet([file])}").fetchall()}
    if missing := [name for name in COLUMNS if name not in found]:
        return f"{_named(missing)} missing"
    if taken := [name for name in PLACE if name in found]:
        return f"{_named(taken)} there, a name that reading gives to the place of a row"
    return None


def _named(columns: Sequence[str]) -> str:
    return f"column {columns[0]} is" if len(columns) == 1 else f"columns {', '.join(columns)} are"
