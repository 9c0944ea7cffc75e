"""From raw rows to the observations that the fold takes: typed columns, and the instant from which each holds."""

from __future__ import annotations

from typing import Any

import duckdb

from avesa.canonical_transform.mapping import Mapping
from avesa.canonical_transform.mapping_sql import source_query
from avesa.canonical_transform.raw_source import Source
from avesa.canonical_transform.scd2 import TableShape
from avesa.canonical_transform.sql_text import identifier

_CARRIED = ("record_id", "updated_at", "extracted_at", "is_deleted", "is_partial", "page", "listed_at")


def observations_query(mapping: Mapping, shape: TableShape, source: Source, relation: str, *, absences: bool) -> str:
    """A SELECT of the observations in a relation of raw rows (see raw_source.load_rows), for `observations`:

    source_id, since, updated_at, extracted_at, is_deleted, is_partial, page, listed_at, uncastable, and the mapping's
    columns.
    Where there are `absences`, a record lives again from the listing that has it again (see listings).
    """
    columns = "".join(f", {identifier(name)}" for name in shape.names)
    since = "coalesce(updated_at, extracted_at)"
    if absences:
        since = f"""
            CASE
                WHEN listed_at IS NOT NULL AND EXISTS (
                    SELECT 1 FROM absences
                    WHERE absences.source_id = mapped.record_id
                      AND absences.since >= mapped.updated_at AND absences.since < mapped.listed_at
                ) THEN listed_at
                ELSE {since}
            END"""
    return f"""
        WITH fit AS (
            SELECT * FROM {relation} WHERE reason IS NULL
        ), mapped AS ({source_query(mapping, source.service, source.table, "fit", _CARRIED)}
        )
        SELECT record_id AS source_id, {since} AS since,
            updated_at, extracted_at, is_deleted, is_partial, page, listed_at, uncastable{columns}
        FROM mapped
    """


def add_absences(con: duckdb.DuckDBPyConnection, within: str = "true") -> None:
    """Let `absences` delete: a deletion is an observation like any other. `within` is a condition on source_id."""
    con.execute(f"""
        INSERT INTO observations BY NAME
        SELECT source_id, since, since AS extracted_at, true AS is_deleted, false AS is_partial, 0 AS page
        FROM absences WHERE {within}
    """)


def uncastable_values(con: duckdb.DuckDBPyConnection, relation: str = "observations") -> dict[str, dict[str, Any]]:
    """By column: how many values of the observations could not be cast, and up to three samples. A value that a record
    was seen with several times counts once.
    """
    found = con.execute(f"""
        SELECT bad.column_name, count(DISTINCT (source_id, bad.value)),
            list_slice(list(DISTINCT bad.value) FILTER (bad.value IS NOT NULL), 1, 3)
        FROM (SELECT source_id, unnest(uncastable) AS bad FROM {relation})
        GROUP BY ALL ORDER BY ALL
    """).fetchall()
    return {str(name): {"count": int(number), "samples": sorted(samples or [])} for name, number, samples in found}
