"""Of which JSON types each place was in each content of each record, and what that says about places that have nothing
any more. It lies in the scratch folder, a byte for each place and content.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
from arro3.core import Array, DataType, Table

from avesa.canonical_transform.engine import one_row
from avesa.canonical_transform.sql_text import parquet
from avesa.pipeline.drift.rule import AT_LEAST, Evidence
from avesa.pipeline.drift.types import TYPES

_PER_FILE = 100_000


@dataclass(frozen=True)
class Span:
    """The pulls that showed a place first and last, and by the bit of each type that it ever was the last one."""

    first: int
    last: int
    types: dict[int, int]


class Sightings:
    """Takes contents; when all are in, it can be asked."""

    def __init__(self, con: duckdb.DuckDBPyConnection, scratch: Path, places: int) -> None:
        self._con, self._scratch, self._places = con, scratch, places
        self._files: list[Path] = []
        self._whose: tuple[list[int], list[int], list[int]] = ([], [], [])
        self._bits = bytearray()
        self._seen: dict[int, int] = {}

    def add(self, key: int, first: int, last: int, bits: bytes | bytearray) -> None:
        """Of one content: its record, the pulls that showed it first and last, and the bits of each place."""
        for column, value in zip(self._whose, (key, first, last), strict=True):
            column.append(value)
        self._bits += bits
        if len(self._whose[0]) >= _PER_FILE:
            self.flush()

    def flush(self) -> None:
        if not self._places or not self._whose[0]:
            return
        types = (DataType.uint64(), DataType.int32(), DataType.int32())
        columns: dict[str, Any] = {
            name: Array(column, type_)
            for name, column, type_ in zip(("key", "first", "last"), self._whose, types, strict=True)
        }
        for place in range(self._places):
            columns[_name(place)] = Array(bytes(self._bits[place :: self._places]), DataType.uint8())
        path = self._scratch / f"sightings-{len(self._files)}.parquet"
        with self._con.cursor() as own:  # what is added may come from a query that is still being read
            own.from_arrow(Table.from_pydict(columns)).write_parquet(str(path))
        self._files.append(path)
        self._whose, self._bits = ([], [], []), bytearray()

    def spans(self) -> list[Span | None]:
        """Of each place, None for one that no record ever had."""
        if not self._files or not self._places:
            return [None] * self._places
        asked = [
            f"max(last) FILTER ({_name(place)} & {bit} <> 0)" for place in range(self._places) for bit in TYPES.values()
        ]
        asked += [f"min(first) FILTER ({_name(place)} <> 0)" for place in range(self._places)]
        row = one_row(self._con, f"SELECT {', '.join(asked)} FROM {parquet(self._files)}")
        found: list[Span | None] = []
        for place in range(self._places):
            lasts = row[place * len(TYPES) : (place + 1) * len(TYPES)]
            types = {bit: last for bit, last in zip(TYPES.values(), lasts, strict=True) if last is not None}
            first = row[self._places * len(TYPES) + place]
            found.append(Span(first, max(types.values()), types) if types else None)
        return found

    def evidence(
        self,
        place: int,
        last: int,
        moments: Sequence[datetime],
        baseline: int,
        *,
        bit: int | None = None,
        end: int | None = None,
    ) -> Evidence | None:
        """What there is for that no record has had the place since the pull `last`; with `bit` that none had it in that
        type, of those that have it at all. `moments` are the pulls' times, `baseline` the first that showed the whole
        table. With `end` it is what there was before the pull of that number. None where hardly a record was seen.
        """
        if bit is None and self._seen_since(last) < AT_LEAST:
            return None
        is_there = f"{_name(place)} <> 0"
        # Of what was seen before and after, only the first time before is known.
        until = f"CASE WHEN last <= {last} THEN last ELSE first END"
        has, of = (is_there, "true") if bit is None else (f"{_name(place)} & {bit} <> 0", is_there)
        relation = parquet(self._files)
        if end is not None:
            relation = f"(SELECT * REPLACE (least(last, {end - 1}) AS last) FROM {relation} WHERE first < {end})"
        row = one_row(
            self._con,
            f"""
            SELECT count(had), count(*) FILTER (had), count(*) FILTER (newest > {last}),
                count(*) FILTER (had AND newest > {last}),
                count(*) FILTER (born > {baseline} AND born <= {last}),
                count(*) FILTER (born > {baseline} AND born <= {last} AND born_with),
                count(*) FILTER (born > {last}), max(newest)
            FROM (
                SELECT arg_max({has}, ({until}, first)) FILTER (first <= {last}) AS had,
                    max(last) AS newest, min(first) AS born, arg_min({has}, first) AS born_with
                FROM {relation} WHERE {of} GROUP BY key
            )
            """,
        )
        known, had, seen, lost, born, born_with, new, newest = row
        span = max(moments[newest] - moments[last], timedelta(0)) if newest is not None else timedelta(0)
        return Evidence(known, had, seen, lost, born, born_with, new, span)

    def share_since(self, place: int, last: int) -> float:
        """The share of the records seen since the pull `last` that have the place."""
        query = (
            f"SELECT count(DISTINCT key) FILTER ({_name(place)} <> 0) FROM {parquet(self._files)} WHERE last > {last}"
        )
        return int(one_row(self._con, query)[0]) / (self._seen_since(last) or 1)

    def _seen_since(self, last: int) -> int:
        if last not in self._seen:
            query = f"SELECT count(DISTINCT key) FROM {parquet(self._files)} WHERE last > {last}"
            self._seen[last] = int(one_row(self._con, query)[0])
        return self._seen[last]


def _name(place: int) -> str:
    return f"place_{place}"
