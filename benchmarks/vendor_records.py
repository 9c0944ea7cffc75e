"""The records that the local vendor sends: 2 KB of JSON each, the same on every machine.

A record has the 25 columns of the fold's table, two nested objects, two lists and a long text. What follows the id is
one of POOL bodies, so that a server need not hold all pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from benchmarks import columns

POOL = 20_000
FIRST_ID = 1_000_001

_WORDS = 150
"""Of the long text, so that a record comes to 2 KB."""


def make(path: Path) -> None:
    """Write the bodies, one a line, if they are not there yet."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        con.execute("SET enable_progress_bar = false")
        rows = con.execute(_bodies()).fetchall()
    unfinished.write_text("".join(f"{body}\n" for (body,) in rows))
    unfinished.rename(path)


def read(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines()


def page(bodies: Sequence[bytes], number: int, size: int, total: int) -> bytes:
    """The page of this number, counted from 1, of a list of so many records; an empty list behind the last."""
    first, last = (number - 1) * size, min(number * size, total)
    records = (b'{"id":%d,%s' % (FIRST_ID + i, bodies[i % len(bodies)][1:]) for i in range(first, last))
    return b"[" + b",".join(records) + b"]"


def _bodies() -> str:
    words = columns.words()
    fields = ", ".join(
        f"{name} := strftime({name}, '%Y-%m-%dT%H:%M:%SZ')" if type_ == "timestamp" else f"{name} := {name}"
        for name, type_ in columns.TYPES.items()
    )
    updated_at = (
        "strftime(TIMESTAMP '2026-01-01' + to_seconds((hash(i, 1000) % 2592000)::BIGINT), '%Y-%m-%dT%H:%M:%SZ')"
    )
    notes = f"list_transform(range({_WORDS}), w -> {words}[1 + (hash(i, w) % {len(words)})::INTEGER])"
    return f"""
        SELECT to_json(struct_pack(
            {fields},
            updated_at := {updated_at},
            notes := list_aggregate({notes}, 'string_agg', ' '),
            tags := {words}[1 + (hash(i, 2000) % 12)::INTEGER : 4 + (hash(i, 2000) % 12)::INTEGER],
            address := struct_pack(street := concat(hash(i, 2001) % 900, ' High Street'), city := concat('City ',
                hash(i, 2002) % 4000), country := NULL::VARCHAR),
            _info := struct_pack(entered_by := concat('member', hash(i, 2003) % 90), href := concat(
                'https://vendor.example/requests/', hash(i, 2004))),
            custom_fields := list_transform(range(3), f -> struct_pack(id := f, caption := concat('Field ', f),
                value := CASE WHEN f = 2 THEN NULL ELSE hash(i, f, 2005) % 100000 END))
        ))::VARCHAR AS body
        FROM (SELECT i, {", ".join(columns.values())} FROM (SELECT i, 0 AS g FROM range({POOL}) AS r(i)))
        """
