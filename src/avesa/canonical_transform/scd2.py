"""The fold itself: observations of records in, versions with half-open intervals out. Pure SQL over two tables.

`observations`: source_id, since, updated_at, extracted_at, is_deleted, page and the columns of the mapping. `since`
is the instant from which the observation holds. `versions`: one row for each interval in which the tracked columns of a
record kept their values. The order in which observations arrived plays no part.
"""

from __future__ import annotations

from dataclasses import dataclass

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


MACROS = """
CREATE OR REPLACE TEMP MACRO json_value(text) AS (
    -- A JSON value as its sorted leaves, so that two spellings of it are equal: other order of keys, 1 and 1.0.
    SELECT list(fullkey || ' ' || CASE WHEN type = 'DOUBLE' THEN regexp_replace(atom::VARCHAR, '\\.0$', '')
                                       ELSE coalesce(atom::VARCHAR, type) END ORDER BY fullkey)
    FROM json_tree(CASE WHEN json_valid(text) THEN text ELSE to_json(text)::VARCHAR END)
)
"""


def versions_query(shape: TableShape, tenant: str, service: str, table: str) -> str:
    """CREATE the temporary table `versions` (all columns of the table) from `observations`.

    The order of time is found on narrow rows: who the record is, when, and the tracked values as one value. Each
    version then takes its tracked columns from the observation that opened it, and the others from its last one.
    """
    tracked = ", ".join(_value(shape, name) for name in shape.tracked) or "NULL"
    everything = ", ".join(identifier(name) for name in shape.names) or "NULL"
    columns = ", ".join(
        f"{'opening' if name in shape.tracked else 'latest'}.{identifier(name)}" for name in shape.names
    )
    return f"""
    CREATE OR REPLACE TEMP TABLE versions AS
    WITH observed_often AS (
        SELECT source_id FROM observations GROUP BY source_id HAVING count(*) > 1
    ), delivered AS (
        SELECT rowid AS row, source_id, since, is_deleted, extracted_at, page,
            row({tracked}) AS tracked,
            hash({everything}) AS tie
        FROM observations WHERE source_id IN (FROM observed_often)
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
    ), told AS (
        SELECT * EXCLUDE gone FROM chained WHERE NOT gone
        UNION ALL BY NAME
        -- Most records of a first load, and every new record of a later one: a version as it stands.
        SELECT source_id, since AS valid_from, false AS is_deleted, extracted_at AS recorded_at,
            rowid AS first_row, rowid AS last_row
        FROM observations WHERE source_id NOT IN (FROM observed_often) AND NOT is_deleted
    )
    SELECT {literal(tenant)} AS tenant_id, {literal(service)} AS source_service, {literal(table)} AS source_table,
        told.source_id, {columns}{", " if columns else ""}latest.updated_at,
        valid_from, valid_to, valid_to IS NULL AS is_current, told.is_deleted, recorded_at
    FROM told
    JOIN observations AS opening ON opening.rowid = told.first_row
    JOIN observations AS latest ON latest.rowid = told.last_row
    {"" if shape.keeps_history else "WHERE valid_to IS NULL"}
    """


def _value(shape: TableShape, name: str) -> str:
    """What a column is compared by: the leaves of a JSON column, else the column itself."""
    column = identifier(name)
    return f"CASE WHEN {column} IS NOT NULL THEN json_value({column}) END" if name in shape.json else column
