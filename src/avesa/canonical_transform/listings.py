"""Deletion by absence: what the complete listings of a raw table say about the records that they do not hold.

The listings are walked in order of time. Before each, the records known to be alive are those extracted no later
than its start whose last observation is not a deletion; those that it lacks were deleted at its start. A listing
that is empty, or lacks more than a share of the known records, is held: it deletes nothing until the next complete
listing lacks the same records too, or a person approves; it then counts from its own time. If one of them came
back, it was wrong.
"""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from avesa.canonical_transform.engine import count
from avesa.canonical_transform.ledger import Verdict
from avesa.canonical_transform.raw_source import Pull
from avesa.canonical_transform.sql_text import moment
from avesa.shared.guard import Guard

IS_ALIVE = "NOT is_deleted AND coalesce(since > absent_at, true)"
"""Of a row of `alive`: that its record lives."""


def judge(
    con: duckdb.DuckDBPyConnection,
    listings: list[Pull],
    guard: Guard,
    settled: Mapping[str, Verdict] | None = None,
) -> dict[str, Verdict]:
    """Create the temporary table `absences` (source_id, since) and say what became of each listing.

    Reads `rows` and `listed` (see raw_source). `listings` are all the complete listings behind `rows`, in order.
    With `settled` (by receipt name; a listing that is not in it was accepted) nothing is judged anew: for `rows`
    that hold only some of the records.
    """
    con.execute("CREATE OR REPLACE TEMP TABLE absences (source_id VARCHAR, since TIMESTAMPTZ)")
    _begin(con)
    verdicts: dict[str, Verdict] = {}
    held: Pull | None = None
    before: Pull | None = None
    for number, listing in enumerate(listings):
        if settled is None and held is not None and _is_second_opinion(con, held, listing, number):
            verdicts[held.name] = _second_opinion(con, held, number)
            if verdicts[held.name] == "accepted" and before is not None:
                _reckon_again(con, listings[:number])
            held = None
        _observe(con, before, listing)
        before = listing
        if settled is not None:
            _find_lost(con, number)
            verdict = settled.get(listing.name, "accepted")
        else:
            verdict = judge_next(con, guard, listing, number)
        verdicts[listing.name] = verdict
        if verdict == "accepted":
            _delete(con, "lost", listing)
        elif verdict == "held" and settled is None and held is None:
            held = listing
            con.execute("CREATE OR REPLACE TEMP TABLE held_lost AS FROM lost")
        elif verdict == "held" and settled is None:
            verdicts[listing.name] = "rejected"  # of one instant with the one that waits, which speaks for both
    return verdicts


def judge_next(con: duckdb.DuckDBPyConnection, guard: Guard, listing: Pull, number: int) -> Verdict:
    """May a listing delete what it lacks of `alive`? `number` is its number in `listed`. Creates `lost` (source_id).

    What a person decided holds. A listing with records without a key may not delete: any of them could be the one
    that seems to be missing.
    """
    _find_lost(con, number)
    if listing.decision is not None:
        return "accepted" if listing.decision.decision == "approve" else "rejected"
    if _keyless(con, number):
        return "rejected"
    known = count(con, f"alive WHERE {IS_ALIVE}")
    listed = count(con, f"(SELECT DISTINCT record_id FROM listed WHERE listing = {number})")
    return "held" if guard.suspects(known, count(con, "lost"), listed) else "accepted"


def _keyless(con: duckdb.DuckDBPyConnection, number: int) -> bool:
    return count(con, f"listed WHERE listing = {number} AND record_id IS NULL") > 0


def _begin(con: duckdb.DuckDBPyConnection) -> None:
    """`alive`: of each record its last observation, and the last absence that counts; both tell whether it lives."""
    con.execute("""
        CREATE OR REPLACE TEMP TABLE alive
        (source_id VARCHAR, since TIMESTAMPTZ, extracted_at TIMESTAMPTZ, is_deleted BOOLEAN, absent_at TIMESTAMPTZ)
    """)


def _observe(con: duckdb.DuckDBPyConnection, before: Pull | None, listing: Pull) -> None:
    """Bring `alive` up to the listing's start: the last observation of every record extracted by then."""
    after = f"rows.extracted_at > {moment(before.receipt.started_at)} AND" if before else ""
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE alive AS
        WITH news AS (
            SELECT
                rows.record_id AS source_id,
                CASE
                    WHEN listed_at > alive.absent_at AND rows.updated_at <= alive.absent_at THEN listed_at
                    ELSE coalesce(rows.updated_at, rows.extracted_at)
                END AS since,
                rows.extracted_at,
                rows.is_deleted,
                alive.absent_at
            FROM rows LEFT JOIN alive ON alive.source_id = rows.record_id
            WHERE {after} rows.extracted_at <= {moment(listing.receipt.started_at)}
        )
        SELECT * FROM (FROM news UNION ALL FROM alive)
        QUALIFY row_number() OVER (PARTITION BY source_id ORDER BY since DESC, is_deleted DESC, extracted_at DESC) = 1
    """)


def _find_lost(con: duckdb.DuckDBPyConnection, number: int) -> None:
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE lost AS
        SELECT source_id FROM alive
        WHERE {IS_ALIVE}
          AND source_id NOT IN (SELECT record_id FROM listed WHERE listing = {number} AND record_id IS NOT NULL)
    """)


def _is_second_opinion(con: duckdb.DuckDBPyConnection, held: Pull, listing: Pull, number: int) -> bool:
    """A pull that was cut short can leave two receipts of one listing, which is no second one."""
    return listing.receipt.started_at > held.receipt.started_at and not _keyless(con, number)


def _second_opinion(con: duckdb.DuckDBPyConnection, held: Pull, number: int) -> Verdict:
    """The next listing has come: did anything that the held one lacked come back?"""
    present = f"SELECT record_id FROM listed WHERE listing = {number} AND record_id IS NOT NULL"
    returned = count(con, f"held_lost WHERE source_id IN ({present})")
    if returned:
        return "rejected"
    started_at = moment(held.receipt.started_at)
    con.execute(f"INSERT INTO absences SELECT source_id, {started_at} FROM held_lost")
    return "accepted"


def _reckon_again(con: duckdb.DuckDBPyConnection, listings: list[Pull]) -> None:
    """Make `alive` anew up to the last of these, since one of them turned out to count."""
    _begin(con)
    before: Pull | None = None
    for listing in listings:
        _observe(con, before, listing)
        before = listing
        since = moment(listing.receipt.started_at)
        _mark(con, f"SELECT source_id FROM absences WHERE since = {since}", since)


def _delete(con: duckdb.DuckDBPyConnection, lost: str, listing: Pull) -> None:
    started_at = moment(listing.receipt.started_at)
    con.execute(f"INSERT INTO absences SELECT source_id, {started_at} FROM {lost}")
    _mark(con, f"SELECT source_id FROM {lost}", started_at)


def _mark(con: duckdb.DuckDBPyConnection, absent: str, since: str) -> None:
    con.execute(f"UPDATE alive SET absent_at = {since} WHERE source_id IN ({absent})")
