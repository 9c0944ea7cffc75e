"""The records of one raw table as they were seen, pull by pull, for looking at the shape of their JSON.

A record that comes again as it was, with each listing, is read once: rows are told apart by record and content, with
the first and the last pull that showed each. What lies in memory is bounded; the engine spills to the scratch folder.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import msgspec

from avesa.canonical_transform.engine import count, one_row
from avesa.canonical_transform.partial import complete_partials
from avesa.canonical_transform.raw_source import Pull, Source, load_rows, told_of_raw
from avesa.canonical_transform.sql_text import literal
from avesa.connector.record import lenient
from avesa.shared.objects import Objects

_AT_ONCE = 100
"""So many payloads are in memory at a time."""


class Content(NamedTuple):
    """What a record was for a while. The pulls that showed it first and last count from 0, in the order of time."""

    key: int
    """Of the record: a digest of its id."""
    record: Any
    """The decoded JSON."""
    first: int
    last: int
    newest: bool
    """Whether the record was so when it was seen last."""


@dataclass
class History:
    """The contents of a raw table; `baseline` is the first pull that showed the whole table."""

    con: duckdb.DuckDBPyConnection
    source: Source
    pulls: Sequence[Pull]
    scratch: Path
    relation: str
    baseline: int | None
    unreadable: int = 0
    """Contents that are no JSON."""

    @property
    def size(self) -> int:
        return count(self.con, "contents")

    def records(self, before: int | None = None) -> int:
        """How many records were seen at all, or in pulls before one."""
        where = "true" if before is None else f"first < {before}"
        return int(one_row(self.con, f"SELECT count(DISTINCT record_id) FROM contents WHERE {where}")[0])

    def pulls_before(self, moment: datetime) -> int:
        return sum(pull.receipt.started_at < moment for pull in self.pulls)

    def contents(self) -> Iterator[Content]:
        """All of them, in no order. What is no JSON is left out and counted."""
        with told_of_raw(self.source), _streaming(self.con):
            found = self.con.execute(f"""
                SELECT hash(contents.record_id), whole.payload, contents.first, contents.last,
                    newest.number IS NOT NULL
                FROM {self.relation} AS whole
                JOIN files USING (file)
                JOIN contents ON contents.file = files.number AND contents.row = whole.file_row_number
                LEFT JOIN newest ON newest.number = contents.number
            """)
            while rows := found.fetchmany(_AT_ONCE):
                for key, payload, first, last, newest in rows:
                    try:
                        yield Content(key, decoded(payload), first, last, newest)
                    except ValueError:
                        self.unreadable += 1


@contextmanager
def _streaming(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """A query in here reads its first relation bit by bit and builds joins of the others, as it is written. Left to
    itself the engine may hold all payloads in memory, or those that each of its threads has at hand.
    """
    con.execute("SET disabled_optimizers = 'join_order,build_side_probe_side'")
    (threads,) = one_row(con, "SELECT current_setting('threads')")
    con.execute("SET threads = 1")
    try:
        yield
    finally:
        with suppress(duckdb.Error):
            con.execute("RESET disabled_optimizers")
            con.execute(f"SET threads = {threads}")


def decoded(payload: str) -> Any:
    """A payload as leniently as records are read when they land. Raises ValueError for what is no JSON."""
    try:
        return msgspec.json.decode(payload)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        found = lenient(payload)
    if found is None and payload.strip() != "null":
        raise ValueError("it is no JSON")
    return found


def load_history(
    con: duckdb.DuckDBPyConnection, objects: Objects, source: Source, pulls: list[Pull], scratch: Path
) -> History:
    """`pulls` in order of time. Rows that cannot be folded, and deletions, are left out; a partial record has what was
    said before.

    Creates the temporary tables `files` (file, number, pull), `contents` (number, record_id, first, last, seen_at,
    file, row) and `newest` (number).
    """
    rows = load_rows(con, objects, source, pulls, scratch)
    relation = complete_partials(con, rows.relation, scratch) if rows.partial else rows.relation
    con.execute("DROP TABLE rows")
    _load_files(con, pulls)
    with told_of_raw(source):
        con.execute(f"""
            CREATE OR REPLACE TEMP TABLE contents AS
            SELECT row_number() OVER () AS number, * EXCLUDE (place, content), place.file, place.row
            FROM (
                SELECT record_id, hash(payload) AS content, min(pull) AS first, max(pull) AS last,
                    max(extracted_at) AS seen_at, any_value({{'file': files.number, 'row': file_row_number}}) AS place
                FROM {relation} JOIN files USING (file)
                WHERE reason IS NULL AND NOT is_deleted AND payload IS NOT NULL
                GROUP BY record_id, content
            )
        """)
    con.execute("""
        CREATE OR REPLACE TEMP TABLE newest AS
        SELECT arg_max(number, (last, seen_at, number)) AS number FROM contents GROUP BY record_id
    """)
    complete = (place for place, pull in enumerate(pulls) if pull.receipt.complete and pull.receipt.files)
    return History(con, source, pulls, scratch, relation, next(complete, None))


def _load_files(con: duckdb.DuckDBPyConnection, pulls: Sequence[Pull]) -> None:
    first: dict[str, int] = {}
    for place, pull in enumerate(pulls):
        for file in pull.receipt.files:
            first.setdefault(file, place)  # a killed pull may be told of by two receipts
    told = [f"({literal(file)}, {number}, {place})" for number, (file, place) in enumerate(first.items())]
    known = f"(VALUES {', '.join(told) or '(NULL::VARCHAR, NULL::INTEGER, NULL::INTEGER)'})"
    con.execute(f"CREATE OR REPLACE TEMP TABLE files AS FROM {known} AS files(file, number, pull)")
