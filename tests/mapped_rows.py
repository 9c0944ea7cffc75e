"""What our mappings make of a vendor's record: the row of one canonical table, before the fold."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import duckdb

from avesa.canonical_transform.mapping import load_mapping
from avesa.canonical_transform.mapping_sql import source_query

_RAW = """CREATE TEMP TABLE raw AS SELECT
    unnest($ids) AS record_id, $parent_id::VARCHAR AS parent_id, unnest($payloads) AS payload, now() AS updated_at,
    false AS is_deleted, false AS is_partial, now() AS extracted_at, 'r' AS run_id, 1::INTEGER AS page,
    NULL::VARCHAR AS problem, 'f' AS file, 0::BIGINT AS file_row_number"""


def mapped_rows(
    table: str, service: str, endpoint: str, records: dict[str, Any], parent_id: str | None = None
) -> list[dict[str, Any]]:
    """The row of each record, given by their ids, with `uncastable`: what was there and did not fit its column."""
    return queried(source_query(load_mapping(table), service, endpoint, "raw"), records, parent_id)


def queried(query: str, records: dict[str, Any], parent_id: str | None = None) -> list[dict[str, Any]]:
    """The rows that a mapping's query makes of records, by their ids."""
    payloads = [json.dumps(record) for record in records.values()]
    with _engine().cursor() as con:
        con.execute(_RAW, {"ids": list(records), "payloads": payloads, "parent_id": parent_id})
        found = con.execute(query)
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


@cache
def _engine() -> duckdb.DuckDBPyConnection:
    """One for all tests of a process, since it takes longer to start than a query; what a cursor makes ends with it."""
    con = duckdb.connect(config={"threads": 1})
    con.execute("SET GLOBAL TimeZone = 'UTC'")
    return con


def mapped_row(table: str, service: str, endpoint: str, record: Any, parent_id: str | None = None) -> dict[str, Any]:
    """The row of one record. Every value that is there fits its column."""
    [row] = mapped_rows(table, service, endpoint, {"1": record}, parent_id)
    assert row["uncastable"] == []
    return row
