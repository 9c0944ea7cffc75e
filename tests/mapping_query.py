"""A mapping of one invented table, and the rows that its compiled query gives."""

import json
from datetime import UTC, datetime
from typing import Any

import duckdb

from avesa.canonical_transform.mapping import Mapping, parse_mapping
from avesa.canonical_transform.mapping_sql import source_query

RAW = """CREATE TABLE raw (record_id VARCHAR, parent_id VARCHAR, payload VARCHAR, updated_at TIMESTAMPTZ,
    is_deleted BOOLEAN, is_partial BOOLEAN, extracted_at TIMESTAMPTZ, run_id VARCHAR, page INTEGER, problem VARCHAR,
    file VARCHAR, file_row_number BIGINT)"""

TYPES = {
    "text": "VARCHAR",
    "decimal": "DECIMAL(18,4)",
    "integer": "BIGINT",
    "boolean": "BOOLEAN",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
    "date": "DATE",
    "json": "VARCHAR",
}

NOT_CAST = object()
"""Stands in a test for: null, and told as uncastable."""


def mapping_of(columns: dict[str, tuple[str, Any]]) -> Mapping:
    """From column to type and rule; no rule where it is None."""
    whole = {
        "table": "jobs",
        "description": "One job.",
        "scd2": {"type": 2},
        "columns": {name: {"type": type_, "description": "x"} for name, (type_, _) in columns.items()},
        "sources": {"acme": {"jobs": {name: rule for name, (_, rule) in columns.items() if rule is not None}}},
    }
    return parse_mapping(json.dumps(whole).encode(), "jobs", "jobs.json")


def rows(con: duckdb.DuckDBPyConnection, mapping: Mapping, *payloads: str | None) -> list[dict[str, Any]]:
    con.execute("DELETE FROM raw")
    for number, payload in enumerate(payloads):
        con.execute(
            "INSERT INTO raw VALUES (?, NULL, ?, NULL, false, false, now(), 'run', 1, NULL, 'f.parquet', ?)",
            [str(number), payload, number],
        )
    query = source_query(mapping, "acme", "jobs", "raw")
    con.execute("SET TimeZone = 'America/New_York'")  # the answers must not depend on it
    con.execute(f"CREATE OR REPLACE TEMP TABLE answers AS {query}")
    con.execute("SET TimeZone = 'UTC'")
    found = con.execute("FROM answers ORDER BY file_row_number")
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def value(con: duckdb.DuckDBPyConnection, type_: str, rule: Any, record: Any) -> Any:
    """What one column becomes for one record; NOT_CAST where it was told as uncastable."""
    payload = record if isinstance(record, str) else json.dumps(record)
    [row] = rows(con, mapping_of({"it": (type_, rule)}), payload)
    if row["uncastable"]:
        assert row["it"] is None
        assert [entry["column_name"] for entry in row["uncastable"]] == ["it"]
        return NOT_CAST
    return row["it"]


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]
