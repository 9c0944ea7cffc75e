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


def _compared(shape: TableShape, name: str) -> str:
    """The column by which values are compared: the leaves of a JSON column, computed once, else the column itself."""
    return identifier(f"{name} leaves" if name in shape.json else name)


def _differs(shape: TableShape, left: str, right: str) -> str:
    tests = [f"{left}.{_compared(shape, n)} IS DISTINCT FROM {right}.{_compared(shape, n)}" for n in shape.tracked]
    return "\n            OR ".join(tests) or "false"


def _changes_against_previous(shape: TableShape) -> str:
    columns = [_compared(shape, name) for name in shape.tracked]
    tests = [f"{column} IS DISTINCT FROM lag({column}) OVER record" for column in columns]
    return "\n            OR ".join(tests) or "false"


def versions_query(shape: TableShape, tenant: str, service: str, table: str) -> str:
    """CREATE the temporary table `versions` (all columns of the table) from `observations`."""
    leaves = [
        f"CASE WHEN {identifier(n)} IS NOT NULL THEN json_value({identifier(n)}) END AS {_compared(shape, n)}"
        for n in shape.names
        if n in shape.json and n in shape.tracked
    ]
    values = ", ".join(identifier(name) for name in shape.names)
    texts = [name for name in shape.names if name in shape.json and name in shape.tracked]
    earliest = "".join(
        f",\n            first({identifier(n)} ORDER BY same.extracted_at, same.page, same.tie) AS {identifier(n)}"
        for n in texts
    ).replace("first(", "first(same.")
    spelled = "".join(f", coalesce(repeated.{identifier(n)}, winner.{identifier(n)}) AS {identifier(n)}" for n in texts)
    replace = f"REPLACE ({spelled[2:]})" if spelled else ""
    overwritten = "".join(
        f",\n            last_value({identifier(name)}) OVER island_span AS {identifier(name)}"
        for name in shape.names
        if name not in shape.tracked
    )
    kept = "".join(f"{identifier(name)}, " for name in shape.tracked)
    columns = ", ".join(identifier(name) for name, _ in shape.all)
    return f"""
    CREATE OR REPLACE TEMP TABLE versions AS
    WITH observed_often AS (
        SELECT source_id FROM observations GROUP BY source_id HAVING count(*) > 1
    ), delivered AS (
        SELECT *{"".join(", " + leaf for leaf in leaves)},
            hash({values or "NULL"}) AS tie
        FROM observations SEMI JOIN observed_often USING (source_id)
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
        -- The winner may have been delivered before, in another spelling: the first time is when we learned of it.
        SELECT winner.source_id, winner.since,
            min(same.extracted_at) AS recorded_at{earliest}
        FROM ranked AS winner JOIN ranked AS same USING (source_id, since, is_deleted)
        WHERE winner.rank = 1 AND winner.deliveries > 1
          AND NOT ({_differs(shape, "winner", "same")})
        GROUP BY ALL
    ), instants AS (
        SELECT winner.* {replace}, coalesce(repeated.recorded_at, winner.extracted_at) AS recorded_at
        FROM ranked AS winner LEFT JOIN repeated USING (source_id, since)
        WHERE rank = 1
    ), compared AS (
        -- A version opens where a tracked column differs from the observation before, or a deletion lies between.
        SELECT *,
            lag(is_deleted) OVER record IS NULL
            OR is_deleted <> lag(is_deleted) OVER record
            OR NOT is_deleted AND ({_changes_against_previous(shape)}) AS opens
        FROM instants
        WINDOW record AS (PARTITION BY source_id ORDER BY since)
    ), numbered AS (
        SELECT *, count(*) FILTER (opens) OVER (PARTITION BY source_id ORDER BY since) AS island FROM compared
    ), islands AS (
        -- Untracked columns and updated_at are those of the last observation within the version.
        SELECT source_id, since AS valid_from, is_deleted AS gone, recorded_at, opens, {kept}
            last_value(updated_at) OVER island_span AS updated_at{overwritten}
        FROM numbered
        WINDOW island_span AS (
            PARTITION BY source_id, island ORDER BY since ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
        )
    ), chained AS (
        SELECT *,
            lead(valid_from) OVER record AS valid_to,
            coalesce(lead(gone) OVER record, false) AS is_deleted
        FROM islands WHERE opens
        WINDOW record AS (PARTITION BY source_id ORDER BY valid_from)
    ), observed_once AS (
        -- Most records of a first load, and every new record of a later one: a version as it stands.
        SELECT source_id, since AS valid_from, NULL AS valid_to, false AS is_deleted, extracted_at AS recorded_at,
            updated_at{"".join(", " + identifier(name) for name in shape.names)}
        FROM observations ANTI JOIN observed_often USING (source_id)
        WHERE NOT is_deleted
    ), told AS (
        SELECT *,
            {literal(tenant)} AS tenant_id,
            {literal(service)} AS source_service,
            {literal(table)} AS source_table,
            valid_to IS NULL AS is_current
        FROM (SELECT * EXCLUDE (gone, opens) FROM chained WHERE NOT gone UNION ALL BY NAME FROM observed_once)
    )
    SELECT {columns} FROM told
    {"" if shape.keeps_history else "WHERE is_current"}
    """
