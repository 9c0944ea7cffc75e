"""Partial observations: a feed that sends only what changed. Each takes what it lacks from the one before it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import msgspec
from arro3.core import Array, DataType, Table

from avesa.canonical_transform.sql_text import parquet

_AT_ONCE = 10_000
"""So many payloads are in memory at a time."""


def complete_partials(con: duckdb.DuckDBPyConnection, relation: str, scratch: Path) -> str:
    """The relation of raw rows (see raw_source) with partial ones made whole.

    Their top-level fields that are missing come from the row before. Fields that were sent, null ones too, stay. A
    partial row with nothing before it stays as it is.
    """
    found = con.execute(f"""
        SELECT DISTINCT record_id, is_partial, is_deleted, payload, file, file_row_number,
            coalesce(updated_at, extracted_at) AS since, extracted_at, page, hash(payload) AS tie
        FROM {relation}
        WHERE reason IS NULL AND record_id IN (SELECT record_id FROM rows WHERE is_partial)
        ORDER BY record_id, since, is_deleted, extracted_at, page, tie
    """)
    # The query is still being read on its own connection.
    with con.cursor() as own:
        files = [
            _written(own, chunk, scratch / f"completed-{number}.parquet")
            for number, chunk in enumerate(_completed(found))
        ]
    if not files:
        return relation
    return f"""(
        SELECT whole.* REPLACE (coalesce(completed.payload, whole.payload) AS payload)
        FROM {relation} AS whole
        LEFT JOIN {parquet(files)} AS completed USING (file, file_row_number)
    )"""


def _completed(found: duckdb.DuckDBPyConnection) -> Iterator[list[tuple[str, int, str]]]:
    """Of each partial row its file, its number there, and its payload made whole; some at a time."""
    record: str | None = None
    before: dict[str, msgspec.Raw] = {}
    while rows := found.fetchmany(_AT_ONCE):
        chunk = []
        for record_id, is_partial, is_deleted, payload, file, number, *_ in rows:
            if record_id != record:
                record, before = record_id, {}
            fields = None if is_deleted or payload is None else _fields(payload)
            if fields is None:
                continue
            before = {**before, **fields} if is_partial else fields
            if is_partial:
                chunk.append((file, number, msgspec.json.encode(before).decode()))
        if chunk:
            yield chunk


def _written(con: duckdb.DuckDBPyConnection, chunk: list[tuple[str, int, str]], path: Path) -> Path:
    files, numbers, payloads = zip(*chunk, strict=True)
    columns: dict[str, Any] = {
        "file": Array(files, DataType.string()),
        "file_row_number": Array(numbers, DataType.int64()),
        "payload": Array(payloads, DataType.string()),
    }
    con.from_arrow(Table.from_pydict(columns)).write_parquet(str(path))
    return path


def _fields(payload: str) -> dict[str, msgspec.Raw] | None:
    try:
        return msgspec.json.decode(payload, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, msgspec.ValidationError):
        return None
