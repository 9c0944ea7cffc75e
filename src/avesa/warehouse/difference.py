"""The rows that changed between two versions of a canonical table.

Some commits say row by row what they changed, in change files. Of the others only the files tell that came and went,
which hold mostly the same rows: what changed are the rows of those that came which were in none that went, and what is
gone are the keys of the latter that the former lack.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import duckdb

from avesa.canonical_transform.change_file import GONE, KEY
from avesa.canonical_transform.engine import one_row
from avesa.canonical_transform.sql_text import identifier, literals, parquet
from avesa.warehouse.port import VERSION, Part, Taste

ROWS_PER_PART = 122_880
_STEP = "avesa_step"
"""Says of each row of a change how late in it that is so: of a key the latest counts."""
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
class Files:
    """The files that came and went by some commits."""

    added: Sequence[LocalFile]
    removed: Sequence[LocalFile]

    @property
    def files(self) -> Sequence[LocalFile]:
        return [*self.added, *self.removed]


@dataclass(frozen=True)
class Told:
    """The change files of some commits, the oldest first."""

    files: Sequence[LocalFile]


Step = Files | Told


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
        # To look for it first is cheaper, since hardly any text has one.
        replaced = f"replace({shown}, chr(0), '{_REPLACEMENT}')"
        return f"CASE WHEN contains({shown}, chr(0)) THEN {replaced} ELSE {shown} END AS {shown}"


def whole(
    con: duckdb.DuckDBPyConnection, shape: Shape, files: Sequence[LocalFile], *, marked: bool = False
) -> Difference:
    """All rows of files, a part for each; with `marked` as a change in which nothing is gone."""
    mark = f", false AS {GONE}" if marked else ""
    parts = (_part(con, file.rows, f"SELECT {shape.selected}{mark} FROM {parquet([file.path])}") for file in files)
    return Difference(sum(file.rows for file in files), 0, parts)


def difference(con: duckdb.DuckDBPyConnection, shape: Shape, steps: Sequence[Step]) -> Difference:
    """What leads from the rows before some steps to those after them."""
    steps = [step for step in steps if step.files]
    match steps:
        case []:
            return whole(con, shape, [])
        case [Files(added, [])]:
            return whole(con, shape, added, marked=True)
    con.execute("DROP TABLE IF EXISTS changes")
    number = 0
    for step in steps:
        query = _told(shape, step, number) if isinstance(step, Told) else _found(shape, step, number)
        con.execute(f"INSERT INTO changes BY NAME {query}" if number else f"CREATE TEMP TABLE changes AS {query}")
        number += len(step.files) if isinstance(step, Told) else 1
    if number > 1:
        con.execute(f"""
            CREATE OR REPLACE TEMP TABLE latest AS
            SELECT {", ".join(KEY)}, max({_STEP}) AS {_STEP} FROM changes GROUP BY ALL
        """)
        con.execute(f"""
            CREATE OR REPLACE TEMP TABLE changes AS
            FROM changes SEMI JOIN latest USING ({", ".join(KEY)}, {_STEP})
        """)
    changed, gone = one_row(con, f"SELECT count(*) FILTER (NOT {GONE}), count(*) FILTER ({GONE}) FROM changes")
    return Difference(changed, gone, _parts(con, shape, changed + gone))


def _told(shape: Shape, step: Told, number: int) -> str:
    """What change files say; their order is the order of what they say."""
    names = literals([Path(file.path).name for file in step.files])
    return f"""
        SELECT {", ".join(shape.names)}, {GONE},
            ({number} + list_position({names}, parse_filename(filename)))::INTEGER AS {_STEP}
        FROM {parquet((file.path for file in step.files), "filename = true")}
    """


def _found(shape: Shape, step: Files, number: int) -> str:
    """What files that came and went differ in: rows in the former alone, and keys in the latter alone."""
    key = " AND ".join(f"a.{name} = r.{name}" for name in KEY)
    # Column by column rather than as one value, so that all of them are the key of one hash join.
    same = " AND ".join(f"a.{name} IS NOT DISTINCT FROM r.{name}" for name in shape.names)
    came, went = _relation(shape, step.added, like=step.removed), _relation(shape, step.removed, like=step.added)
    return f"""
        SELECT *, false AS {GONE}, {number + 1} AS {_STEP}
        FROM {came} AS a WHERE NOT EXISTS (FROM {went} AS r WHERE {same})
        UNION ALL BY NAME
        SELECT {", ".join(KEY)}, true AS {GONE}, {number + 1} AS {_STEP}
        FROM {went} AS r WHERE NOT EXISTS (FROM {came} AS a WHERE {key})
    """


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


def _relation(shape: Shape, files: Sequence[LocalFile], *, like: Sequence[LocalFile]) -> str:
    """The rows of files; where there are no files none, of the columns of others."""
    read = parquet(file.path for file in files or like)
    return f"(SELECT {', '.join(shape.names)} FROM {read}{'' if files else ' WHERE false'})"
