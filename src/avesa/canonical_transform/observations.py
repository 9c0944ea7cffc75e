"""From raw rows to the observations that the fold takes: typed columns, and the instant from which each holds."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import duckdb

from avesa.canonical_transform.mapping import Mapping
from avesa.canonical_transform.mapping_sql import source_query
from avesa.canonical_transform.raw_source import Source
from avesa.canonical_transform.scd2 import TableShape
from avesa.canonical_transform.sql_text import identifier


def map_rows(con: duckdb.DuckDBPyConnection, mapping: Mapping, shape: TableShape, source: Source) -> None:
    """Create `observations` from `rows`. A record lives again from the listing that has it again (see listings)."""
    columns = ", ".join(identifier(name) for name in shape.names)
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE observations AS
        WITH mapped AS ({source_query(mapping, source.service, source.table, "rows")}
        )
        SELECT
            record_id AS source_id,
            CASE
                WHEN pulls.listed_at IS NOT NULL AND EXISTS (
                    SELECT 1 FROM absences
                    WHERE absences.source_id = mapped.record_id
                      AND absences.since >= mapped.updated_at AND absences.since < pulls.listed_at
                ) THEN pulls.listed_at
                ELSE coalesce(updated_at, extracted_at)
            END AS since,
            updated_at, extracted_at, is_deleted, is_partial, page, uncastable, {columns}
        FROM mapped JOIN (SELECT DISTINCT file, listed_at FROM pulls) AS pulls USING (file)
    """)


def add_absences(con: duckdb.DuckDBPyConnection) -> None:
    """Let `absences` delete: a deletion is an observation like any other."""
    con.execute("""
        INSERT INTO observations BY NAME
        SELECT source_id, since, since AS extracted_at, true AS is_deleted, false AS is_partial, 0 AS page FROM absences
    """)


def uncastable_values(con: duckdb.DuckDBPyConnection) -> dict[str, dict[str, Any]]:
    """By column: how many values of `observations` could not be cast, and up to three samples."""
    found = con.execute("""
        SELECT bad.column_name, count(*), list_slice(list(DISTINCT bad.value) FILTER (bad.value IS NOT NULL), 1, 3)
        FROM (SELECT unnest(uncastable) AS bad FROM observations)
        GROUP BY ALL ORDER BY ALL
    """).fetchall()
    return {str(name): {"count": int(number), "samples": sorted(samples or [])} for name, number, samples in found}


def drop_unchanged(con: duckdb.DuckDBPyConnection, shape: TableShape) -> None:
    """Forget deliveries that repeat, in everything, the last observation of an open version in `current`."""
    same = " AND ".join(
        f"(o.{c} IS NOT DISTINCT FROM current.{c} OR json_value(o.{c}) = json_value(current.{c}))"
        if name in shape.json
        else f"o.{c} IS NOT DISTINCT FROM current.{c}"
        for name in shape.names
        for c in [identifier(name)]
    )
    con.execute(f"""
        DELETE FROM observations AS o USING current
        WHERE o.source_id = current.source_id AND NOT o.is_deleted AND NOT o.is_partial
          AND o.updated_at = current.updated_at AND {same or "true"}
    """)


def find_late(con: duckdb.DuckDBPyConnection, newest: datetime, newest_deletion: datetime | None) -> None:
    """Create `late`: the records that must be folded anew from raw, since the open version does not tell enough.

    A row is late that is not newer than the last observation of its open version (`updated_at`, or where the vendor
    has none, whatever was folded last). A record without an open version is late if it has closed ones, or if a
    deletion as new as the row may lie in raw.
    """
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE late AS
        SELECT DISTINCT o.source_id
        FROM observations AS o
        LEFT JOIN current USING (source_id)
        LEFT JOIN closed USING (source_id)
        WHERE o.is_partial
           OR (current.source_id IS NOT NULL
               AND o.since <= greatest(coalesce(current.updated_at, $newest), current.valid_from))
           OR (current.source_id IS NULL AND (closed.source_id IS NOT NULL OR o.since <= $newest_deletion))
        """,
        {"newest": newest, "newest_deletion": newest_deletion},
    )


def continue_current(con: duckdb.DuckDBPyConnection, shape: TableShape) -> None:
    """Leave in `observations` what can be folded onto the open versions, and put these before it as observations."""
    columns = ", ".join(identifier(name) for name in shape.names)
    con.execute("DELETE FROM observations WHERE source_id IN (FROM late)")
    con.execute(f"""
        INSERT INTO observations BY NAME
        SELECT source_id, valid_from AS since, updated_at, recorded_at AS extracted_at, false AS is_deleted,
            false AS is_partial, 0 AS page, {columns}
        FROM current
        WHERE source_id IN (SELECT source_id FROM observations)
    """)
