"""The rows that changed between two versions of a canonical table, out of the files that came and went.

A file that is written again holds mostly rows that it held before. So what changed are the rows of the files that came
which were in none that went, and what is gone are the keys of the latter that the former lack.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import duckdb

from avesa.canonical_transform.engine import one_row
from avesa.canonical_transform.sql_text import identifier, literals
from avesa.warehouse.port import GONE, KEY, VERSION, Part, Taste

ROWS_PER_PART = 122_880
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
"""Stands in a text where an engine takes no null character."""


@dataclass(frozen=True)
class Difference:
    """How many rows are new or different, how many keys are gone, and the parts that say which."""

    changed: int
    gone: int
    parts: Iterator[Part]

    @property
    def rows(self) -> int:
        return self.changed + self.gone


@dataclass(frozen=True)
class LocalFile:
    path: str
    rows: int


@dataclass(frozen=True)
class Shape:
    """How rows are handed over: the columns of the table by Delta's types, in the way that the engine wants them."""

    columns: tuple[tuple[str, str], ...]
    taste: Taste
    version: int

    @property
    def names(self) -> list[str]:
        return [identifier(name) for name, _ in self.columns]

    @property
    def selected(self) -> str:
        """What to select from rows of the table."""
        shown = [self._column(name, type_) for name, type_ in self.columns]
        return ", ".join([*shown, f"{self.version}::UBIGINT AS {VERSION}"] if self.taste.version else shown)

    def _column(self, name: str, type_: str) -> str:
        shown = identifier(name)
        if type_ != "string" or self.taste.null_characters:
            return shown
        return f"replace({shown}, chr(0), '{_REPLACEMENT}') AS {shown}"


def whole(
    con: duckdb.DuckDBPyConnection, shape: Shape, files: Sequence[LocalFile], *, marked: bool = False
) -> Difference:
    """All rows of files, a part for each; with `marked` as a change in which nothing is gone."""
    mark = f", false AS {GONE}" if marked else ""
    parts = (
        _part(con, file.rows, f"SELECT {shape.selected}{mark} FROM read_parquet({literals([file.path])})")
        for file in files
    )
    return Difference(sum(file.rows for file in files), 0, parts)


def difference(
    con: duckdb.DuckDBPyConnection, shape: Shape, added: Sequence[LocalFile], removed: Sequence[LocalFile]
) -> Difference:
    """What leads from the rows of the files that went to those of the files that came."""
    if not removed:
        return whole(con, shape, added, marked=True)
    key = " AND ".join(f"a.{name} = r.{name}" for name in KEY)
    # Column by column rather than as one value, so that all of them are the key of one hash join.
    same = " AND ".join(f"a.{name} IS NOT DISTINCT FROM r.{name}" for name in shape.names)
    came, went = _relation(shape, added or removed, none=not added), _relation(shape, removed)
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE changes AS
        SELECT *, false AS {GONE} FROM {came} AS a WHERE NOT EXISTS (FROM {went} AS r WHERE {same})
        UNION ALL BY NAME
        SELECT {", ".join(KEY)}, true AS {GONE} FROM {went} AS r WHERE NOT EXISTS (FROM {came} AS a WHERE {key})
    """)
    changed, gone = one_row(con, f"SELECT count(*) FILTER (NOT {GONE}), count(*) FILTER ({GONE}) FROM changes")
    return Difference(changed, gone, _parts(con, shape, changed + gone))


def _parts(con: duckdb.DuckDBPyConnection, shape: Shape, rows: int) -> Iterator[Part]:
    for start in range(0, rows, ROWS_PER_PART):
        end = min(start + ROWS_PER_PART, rows)
        query = f"SELECT {shape.selected}, {GONE} FROM changes WHERE rowid >= {start} AND rowid < {end}"
        yield _part(con, end - start, query)


@dataclass(frozen=True)
class _Rows:
    """The rows of a query as a stream."""

    read: Callable[[], duckdb.DuckDBPyRelation]

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.read().__arrow_c_stream__(requested_schema)


def _part(con: duckdb.DuckDBPyConnection, rows: int, query: str) -> Part:
    return Part(rows, _Rows(partial(con.sql, query)))


def _relation(shape: Shape, files: Sequence[LocalFile], *, none: bool = False) -> str:
    """The rows of files, or `none` of them."""
    paths = literals(file.path for file in files)
    return f"(SELECT {', '.join(shape.names)} FROM read_parquet({paths}){' WHERE false' if none else ''})"
