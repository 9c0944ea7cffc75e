"""The fold itself: observations of records in, versions with half-open intervals out. Pure SQL over temporary tables.

`observations`: source_id, since, updated_at, extracted_at, is_deleted, page and the columns of the mapping. `since`
is the instant from which the observation holds. `versions`: one row for each interval in which the tracked columns of a
record kept their values. The order in which observations arrived plays no part.

In between stands `told`, which is narrow: of each version its interval, and by number the observation that opened it
and the last one in it. Most records need no more than a look: they are seen for the first time, or once since their
open version (see onto_current). For all others the order of time is found out here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from avesa.canonical_transform.engine import count
from avesa.canonical_transform.mapping import Mapping
from avesa.canonical_transform.sql_text import identifier, literal

KEY = (("tenant_id", "text"), ("source_service", "text"), ("source_table", "text"), ("source_id", "text"))
HISTORY = (
    ("valid_from", "timestamp"),
    ("valid_to", "timestamp"),
    ("is_current", "boolean"),
    ("is_deleted", "boolean"),
    ("recorded_at", "timestamp"),
)


@dataclass(frozen=True)
class TableShape:
    """The columns of a canonical table, in order: (name, type of the mapping)."""

    columns: tuple[tuple[str, str], ...]
    """Those that the mapping fills, without `updated_at`."""
    tracked: tuple[str, ...]
    json: frozenset[str]
    keeps_history: bool

    @property
    def all(self) -> tuple[tuple[str, str], ...]:
        return (*KEY, *self.columns, ("updated_at", "timestamp"), *HISTORY)

    @property
    def untracked(self) -> tuple[str, ...]:
        return tuple(name for name in self.names if name not in self.tracked)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.columns)


def shape_of(mapping: Mapping) -> TableShape:
    columns = tuple((column.name, column.type) for column in mapping.columns if column.name != "updated_at")
    return TableShape(
        columns=columns,
        tracked=tuple(name for name, _ in columns if name not in mapping.untracked),
        json=frozenset(name for name, type_ in columns if type_ == "json"),
        keeps_history=mapping.scd_type == 2,
    )


def create_versions(con: duckdb.DuckDBPyConnection, shape: TableShape, tenant: str, service: str, table: str) -> None:
    """Create `versions` (all columns of the table) of the records in `observations`."""
    con.execute("""
        CREATE OR REPLACE TEMP TABLE observed_often AS
        SELECT source_id FROM observations GROUP BY source_id HAVING count(*) > 1
    """)
    query = lone_versions(shape, tenant, service, table, "observations", but="observed_often")
    if count(con, "observed_often"):
        con.execute(f"CREATE OR REPLACE TEMP TABLE told AS {told_by_time(shape, 'observed_often')}")
        query = f"{query} UNION ALL {told_versions(shape, tenant, service, table)}"
    con.execute(f"CREATE OR REPLACE TEMP TABLE versions AS {query}")


def lone_versions(
    shape: TableShape, tenant: str, service: str, table: str, relation: str, *, but: str | None = None, also: str = ""
) -> str:
    """A SELECT of the versions of records that were observed once; `but` is the name of a table of the others.

    `also` names more columns of the relation to take along.
    """
    others = f"AND source_id NOT IN (FROM {but})" if but else ""
    return f"""
        SELECT {literal(tenant)} AS tenant_id, {literal(service)} AS source_service, {literal(table)} AS source_table,
            source_id, {"".join(f"{identifier(name)}, " for name in shape.names)}updated_at,
            since AS valid_from, NULL::TIMESTAMPTZ AS valid_to, true AS is_current, false AS is_deleted,
            extracted_at AS recorded_at{f", {also}" if also else ""}
        FROM {relation}
        WHERE NOT is_deleted {others}
    """


def told_versions(shape: TableShape, tenant: str, service: str, table: str) -> str:
    """A SELECT of the versions that `told` tells of.

    Each takes its tracked columns from the observation that opened it, and the others from its last one.
    """
    columns = "".join(
        f"{'opening' if name in shape.tracked else 'latest'}.{identifier(name)}, " for name in shape.names
    )
    return f"""
        SELECT {literal(tenant)} AS tenant_id, {literal(service)} AS source_service, {literal(table)} AS source_table,
            told.source_id, {columns}latest.updated_at,
            valid_from, valid_to, valid_to IS NULL AS is_current, told.is_deleted, recorded_at
        FROM told
        JOIN observations AS opening ON opening.rowid = told.first_row
        JOIN observations AS latest ON latest.rowid = told.last_row
        {"" if shape.keeps_history else "WHERE valid_to IS NULL"}
    """


def told_by_time(shape: TableShape, records: str) -> str:
    """A SELECT of `told` for the records in a table of source_id, from all of their observations."""
    everything = ", ".join(map(identifier, shape.names)) or "NULL"
    return f"""
    WITH delivered AS (
        SELECT rowid AS row, source_id, since, is_deleted, extracted_at, page,
            {as_one_value(shape, shape.tracked)} AS tracked,
            hash({everything}) AS tie
        FROM observations WHERE source_id IN (FROM {records})
    ), ranked AS (
        -- Each instant of a record counts once: a deletion wins, else what was extracted last.
        SELECT *,
            row_number() OVER instant AS rank,
            count(*) OVER (PARTITION BY source_id, since) AS deliveries
        FROM delivered
        WINDOW instant AS (
            PARTITION BY source_id, since ORDER BY is_deleted DESC, extracted_at DESC, page DESC, tie DESC
        )
    ), repeated AS (
        -- The winner may have been delivered before, in another spelling: then is when we learned of it.
        SELECT winner.row,
            min(same.extracted_at) AS recorded_at,
            first(same.row ORDER BY same.extracted_at, same.page, same.tie) AS first_row
        FROM ranked AS winner JOIN ranked AS same USING (source_id, since, is_deleted)
        WHERE winner.rank = 1 AND winner.deliveries > 1 AND winner.tracked IS NOT DISTINCT FROM same.tracked
        GROUP BY winner.row
    ), instants AS (
        SELECT winner.*,
            coalesce(repeated.recorded_at, winner.extracted_at) AS recorded_at,
            coalesce(repeated.first_row, winner.row) AS first_row
        FROM ranked AS winner LEFT JOIN repeated USING (row)
        WHERE rank = 1
    ), compared AS (
        -- A version opens where a tracked column differs from the observation before, or a deletion lies between.
        SELECT *,
            lag(is_deleted) OVER record IS NULL
            OR is_deleted <> lag(is_deleted) OVER record
            OR NOT is_deleted AND tracked IS DISTINCT FROM lag(tracked) OVER record AS opens
        FROM instants
        WINDOW record AS (PARTITION BY source_id ORDER BY since)
    ), numbered AS (
        SELECT *, count(*) FILTER (opens) OVER (PARTITION BY source_id ORDER BY since) AS island FROM compared
    ), islands AS (
        SELECT source_id, island, min(since) AS valid_from, bool_and(is_deleted) AS gone,
            arg_min(recorded_at, since) AS recorded_at,
            arg_min(first_row, since) AS first_row,
            arg_max(row, since) AS last_row
        FROM numbered GROUP BY source_id, island
    ), chained AS (
        SELECT source_id, valid_from, gone, recorded_at, first_row, last_row,
            lead(valid_from) OVER record AS valid_to,
            coalesce(lead(gone) OVER record, false) AS is_deleted
        FROM islands
        WINDOW record AS (PARTITION BY source_id ORDER BY valid_from)
    )
    SELECT source_id, valid_from, valid_to, is_deleted, recorded_at, first_row, last_row
    FROM chained WHERE NOT gone
    """


def as_one_value(
    shape: TableShape, names: Sequence[str], relation: str = "observations", *, by_leaves: bool = True
) -> str:
    """Columns as one value, equal where all of them are: typed, null to null, JSON by its leaves or by its text."""
    columns = {name: f"{relation}.{identifier(name)}" for name in names}
    json = [column for name, column in columns.items() if name in shape.json and by_leaves]
    values = [column for column in columns.values() if column not in json]
    if json:
        together = f"json_value(to_json([{', '.join(f'{column}::JSON' for column in json)}])::VARCHAR)"
        values.append(f"CASE WHEN coalesce({', '.join(json)}) IS NOT NULL THEN {together} END")
    return f"row({', '.join(values) or 'NULL'})"
