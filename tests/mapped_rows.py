"""What our mappings make of a vendor's record: the row of one canonical table, before the fold."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import duckdb

from avesa.canonical_transform.mapping import load_mapping
from avesa.canonical_transform.mapping_schema import mappings_folder
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
    types = {column.name: column.type for column in load_mapping(table).columns}
    wrong = [(bad["column_name"], types[bad["column_name"]], repr(bad["value"])) for bad in row["uncastable"]]
    assert not wrong, _told(table, service, endpoint, record, wrong)
    return row


def filled_row(table: str, service: str, endpoint: str, record: Any) -> dict[str, Any]:
    """As `mapped_row`, of a record that has a value for every column with a rule."""
    sources = json.loads((mappings_folder() / f"{table}.json").read_text(encoding="utf-8"))["sources"]
    rules = sources.get(service, {}).get(endpoint)
    assert rules, f"mappings/{table}.json has no rules for {service}/{endpoint} yet"
    row = mapped_row(table, service, endpoint, record)
    types = {column.name: column.type for column in load_mapping(table).columns}
    empty = [
        (name, types[name], f"null by {json.dumps(rule)[:80]}") for name, rule in rules.items() if row[name] is None
    ]
    assert not empty, _told(table, service, endpoint, record, empty)
    return row


def _told(table: str, service: str, endpoint: str, record: Any, wrong: list[tuple[str, str, str]]) -> str:
    """Said in full, since an assertion outside of a test module is shown with nothing else."""
    lines = [f"{table}.{column}: expected {type_}, found {found}" for column, type_, found in wrong]
    return "\n".join([*lines, f"in the row of {service}/{endpoint}: {json.dumps(record, default=str)}"])
