"""What has arrived, folded onto the open versions of the records that it is about.

An open version knows the last observation of its record, so one that is newer needs no other. Where it does not tell
enough the record is *late* and must be folded anew from raw. Both lie in `observations`, those of the table with the
`file` and the `file_row` that they come from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from avesa.canonical_transform.canonical_table import CanonicalTable, Snapshot
from avesa.canonical_transform.engine import count, one_row
from avesa.canonical_transform.mapping import Mapping
from avesa.canonical_transform.observations import observations_query
from avesa.canonical_transform.raw_source import Source, told_of_raw
from avesa.canonical_transform.scd2 import TableShape, as_one_value, lone_versions, told_by_time, told_versions
from avesa.canonical_transform.sql_text import identifier, literal, moment
from avesa.canonical_transform.table_change import add_differences, that_may_hold
from avesa.canonical_transform.table_files import rows_of


@dataclass(frozen=True)
class Arrived:
    """How many observations are new, how many of these late, and how many rows have a value that is not of its type."""

    new: int
    late: int
    several: bool
    """Whether some record was observed more than once."""
    uncastable: int


def meet(
    con: duckdb.DuckDBPyConnection,
    table: CanonicalTable,
    mapping: Mapping,
    shape: TableShape,
    source: Source,
    relation: str,
    snapshot: Snapshot,
    ids: tuple[str, str] | None,
) -> None:
    """Create `observations`: what a relation of raw rows brings, and the open versions of the records in `rows`.

    `ids` are the lowest and the highest of these records; None for the open versions of all records.
    """
    columns = "".join(f"{identifier(name)}, " for name in shape.names)
    files = [file for file in snapshot.files if file.is_current]
    near = that_may_hold(files, source, *(ids or ()))
    touched = "AND source_id IN (SELECT record_id FROM rows)" if ids else ""
    with told_of_raw(source, and_table=True):
        con.execute(f"""
            CREATE OR REPLACE TEMP TABLE observations AS
            SELECT * EXCLUDE (listed_at), listed_at IS NOT NULL AS is_listed,
                NULL::VARCHAR AS file, NULL::BIGINT AS file_row
            FROM ({observations_query(mapping, shape, source, relation, absences=False)})
            UNION ALL BY NAME
            SELECT source_id, valid_from AS since, updated_at, recorded_at AS extracted_at, false AS is_deleted,
                false AS is_partial, 0 AS page, {columns}file, file_row
            FROM {rows_of(table, near, shape)}
            WHERE source_service = {literal(source.service)} AND source_table = {literal(source.table)} {touched}
        """)


def compare(
    con: duckdb.DuckDBPyConnection, shape: TableShape, newest: datetime, newest_deletion: datetime | None
) -> Arrived:
    """Create `arrivals`: for each observation that does not repeat the last one of its record, what it means.

    A row is late that is not newer than the last observation of its open version, and a partial one. That observation
    is of the version's `updated_at`; where there is none, or the record came back by a listing so that it is older than
    the version, it is of any instant up to `newest`, to which everything was folded. A listing that shows such a record
    once more, and as it is, says nothing new. A record without an open version is late if a deletion as new as the row
    may lie in raw; whatever was seen of it before, the last of it was a deletion.
    """
    arrived, spelled_otherwise = _arrivals(con, shape, newest, newest_deletion, by_leaves=False)
    if spelled_otherwise:
        arrived, _ = _arrivals(con, shape, newest, newest_deletion, by_leaves=True)
    return arrived


def _arrivals(
    con: duckdb.DuckDBPyConnection,
    shape: TableShape,
    newest: datetime,
    newest_deletion: datetime | None,
    *,
    by_leaves: bool,
) -> tuple[Arrived, int]:
    """Create `arrivals`; and how many of them have JSON that is spelled otherwise than before.

    JSON is compared by its text, or by its leaves, which is right and slower.
    """

    tracked_json = [name for name in shape.tracked if name in shape.json]

    def same(names: Sequence[str], by_leaves: bool = False) -> str:
        arrived, held = (as_one_value(shape, names, one, by_leaves=by_leaves) for one in ("arrived", "held"))
        return f"{arrived} IS NOT DISTINCT FROM {held}"

    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE arrivals AS
        WITH met AS (
            SELECT arrived.rowid AS row, held.rowid AS held_row, arrived.source_id, arrived.since,
                arrived.updated_at, arrived.extracted_at, arrived.is_deleted, arrived.is_partial, arrived.is_listed,
                held.since AS held_since, held.updated_at AS held_updated_at, held.extracted_at AS held_recorded_at,
                held.source_id IS NOT NULL AS is_held,
                held.source_id IS NOT NULL AND NOT arrived.is_deleted AND {same(shape.tracked, by_leaves)} AS goes_on,
                arrived.updated_at IS NOT DISTINCT FROM held.updated_at AND {same(shape.untracked)} AS has_same_rest,
                {"false" if by_leaves else f"NOT ({same(tracked_json)})"} AS is_spelled_otherwise
            FROM observations AS arrived
            LEFT JOIN observations AS held ON held.source_id = arrived.source_id AND held.file IS NOT NULL
            WHERE arrived.file IS NULL
        )
        SELECT *, goes_on AND has_same_rest AS is_same,
            goes_on AND has_same_rest AND NOT is_partial AND is_listed AND updated_at < held_since AS is_back_as_before,
            is_partial OR CASE
                WHEN is_held THEN since <= CASE
                    WHEN held_updated_at >= held_since THEN held_updated_at ELSE greatest({moment(newest)}, held_since)
                END
                ELSE coalesce(since <= {moment(newest_deletion)}, false)
            END AS is_late
        FROM met
        WHERE NOT coalesce(goes_on AND has_same_rest AND NOT is_partial AND updated_at >= held_since, false)
    """)
    *arrived, spelled_otherwise, back_as_before = one_row(con, _COUNTS)
    if back_as_before:
        con.execute("""
            DELETE FROM arrivals
            WHERE is_back_as_before AND source_id IN (SELECT source_id FROM arrivals GROUP BY ALL HAVING count(*) = 1)
        """)
        *arrived, spelled_otherwise, _ = one_row(con, _COUNTS)
    return Arrived(*arrived), int(spelled_otherwise)


_COUNTS = """
    SELECT count(*), count(*) FILTER (is_late), count(*) > count(DISTINCT source_id),
        (SELECT count(*) FROM observations WHERE len(uncastable) > 0),
        count(*) FILTER (is_held AND NOT is_deleted AND is_spelled_otherwise), count(*) FILTER (is_back_as_before)
    FROM arrivals
"""


NEW = "(FROM observations WHERE rowid IN (SELECT row FROM arrivals WHERE NOT is_same))"
"""The relation of the observations that tell something new, after `compare`."""


def change(con: duckdb.DuckDBPyConnection, shape: TableShape, source: Source, arrived: Arrived) -> None:
    """Create `added` and `removed` (see table_change) from `arrivals`, but for the records that are `late`."""
    if arrived.late:
        con.execute("CREATE OR REPLACE TEMP TABLE late AS SELECT DISTINCT source_id FROM arrivals WHERE is_late")
        con.execute("DELETE FROM arrivals WHERE source_id IN (FROM late)")
    if arrived.several:
        con.execute("""
            CREATE OR REPLACE TEMP TABLE several AS
            SELECT source_id FROM arrivals GROUP BY source_id HAVING count(*) > 1
        """)
        con.execute("DELETE FROM arrivals WHERE source_id IN (FROM several)")
    key = (source.tenant, source.service, source.table)
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE added AS
        WITH told AS ({_TOLD_AT_ONCE}) {told_versions(shape, *key)}
    """)
    con.execute("""
        CREATE OR REPLACE TEMP TABLE removed AS
        SELECT source_id, since AS valid_from, file, file_row, true AS is_current FROM observations
        WHERE rowid IN (SELECT held_row FROM arrivals WHERE is_held AND NOT is_same)
    """)
    if arrived.several and count(con, "several"):
        con.execute(f"CREATE OR REPLACE TEMP TABLE told AS {told_by_time(shape, 'several')}")
        con.execute(f"CREATE OR REPLACE TEMP TABLE versions AS {told_versions(shape, *key)}")
        held = "(FROM observations WHERE file IS NOT NULL AND source_id IN (FROM several))"
        con.execute(f"""
            CREATE OR REPLACE TEMP TABLE existing AS
            {lone_versions(shape, *key, held, also="file, file_row")}
        """)
        add_differences(con, shape)


_TOLD_AT_ONCE = """
    -- The open version ends where a tracked column changed, or with a deletion.
    SELECT source_id, held_since AS valid_from, since AS valid_to, is_deleted,
        held_recorded_at AS recorded_at, held_row AS first_row, held_row AS last_row
    FROM arrivals WHERE is_held AND NOT goes_on
    UNION ALL
    -- What was observed opens a version.
    SELECT source_id, since, NULL, false, extracted_at, row, row
    FROM arrivals WHERE NOT is_deleted AND NOT goes_on
    UNION ALL
    -- Nothing tracked changed: the version goes on, with what else the observation says.
    SELECT source_id, held_since, NULL, false, held_recorded_at, held_row, row
    FROM arrivals WHERE goes_on AND NOT is_same
"""
