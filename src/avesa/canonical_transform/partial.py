"""Partial observations: a feed that sends only what changed. Each takes what it lacks from the one before it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import msgspec
from arro3.core import Array, DataType, Table

from avesa.canonical_transform.engine import count


def complete_partials(con: duckdb.DuckDBPyConnection) -> None:
    """Rewrite the payload of partial rows in `rows`: top-level fields that are missing come from the row before.

    Fields that were sent, null ones too, stay. A partial row with nothing before it stays as it is.
    """
    if not count(con, "rows WHERE is_partial"):
        return
    found = con.execute("""
        SELECT record_id, is_partial, is_deleted, payload, file, file_row_number
        FROM rows
        WHERE record_id IN (SELECT record_id FROM rows WHERE is_partial)
        ORDER BY record_id, coalesce(updated_at, extracted_at), is_deleted, extracted_at, page, hash(payload)
    """)
    files: list[str] = []
    numbers: list[int] = []
    payloads: list[str] = []
    record: str | None = None
    before: dict[str, msgspec.Raw] = {}
    for record_id, is_partial, is_deleted, payload, file, number in _stream(found):
        if record_id != record:
            record, before = record_id, {}
        if is_deleted or payload is None:
            continue
        fields = _fields(payload)
        if fields is None:
            continue
        before = {**before, **fields} if is_partial else fields
        if is_partial:
            files.append(file)
            numbers.append(number)
            payloads.append(msgspec.json.encode(before).decode())
    completed = Table.from_pydict(
        {
            "file": Array(files, DataType.string()),
            "file_row_number": Array(numbers, DataType.int64()),
            "payload": Array(payloads, DataType.string()),
        }
    )
    con.register("completed", completed)
    con.execute("""
        UPDATE rows SET payload = completed.payload FROM completed
        WHERE rows.file = completed.file AND rows.file_row_number = completed.file_row_number
    """)
    con.unregister("completed")


def _stream(found: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    while chunk := found.fetchmany(10_000):
        yield from chunk


def _fields(payload: str) -> dict[str, msgspec.Raw] | None:
    try:
        return msgspec.json.decode(payload, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, msgspec.ValidationError):
        return None
