"""The rows that changed between two versions of a canonical table, out of the files that came and went.

A file that is written again holds mostly rows that it held before. So what changed are the rows of the files that came
which were in none that went, and what is gone are the keys of the latter that the former lack.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import duckdb

from avesa.canonical_transform.engine import one_row
from avesa.canonical_transform.sql_text import identifier, literals
from avesa.warehouse.port import GONE, KEY, Part

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


def whole(
    con: duckdb.DuckDBPyConnection,
    columns: Sequence[tuple[str, str]],
    files: Sequence[LocalFile],
    *,
    nulls: bool = True,
    marked: bool = False,
) -> Difference:
    """All rows of files, a part for each; with `marked` as a change in which nothing is gone.

    Without `nulls` a null character in a text becomes U+FFFD.
    """
    mark = f", false AS {identifier(GONE)}" if marked else ""
    shown = _columns(columns, nulls=nulls)
    parts = (
        _part(con, file.rows, f"SELECT {shown}{mark} FROM read_parquet({literals([file.path])})") for file in files
    )
    return Difference(sum(file.rows for file in files), 0, parts)


def difference(
    con: duckdb.DuckDBPyConnection,
    columns: Sequence[tuple[str, str]],
    added: Sequence[LocalFile],
    removed: Sequence[LocalFile],
    *,
    nulls: bool = True,
) -> Difference:
    """What leads from the rows of the files that went to those of the files that came."""
    if not removed:
        return whole(con, columns, added, nulls=nulls, marked=True)
    names = [identifier(name) for name, _ in columns]
    same = " AND ".join(f"a.{key} = r.{key}" for key in map(identifier, KEY) if key != '"tenant_id"')
    left, right = (f"row({', '.join(f'{side}.{name}' for name in names)})" for side in "ar")
    came, went = _relation(columns, added or removed, none=not added), _relation(columns, removed)
    gone = identifier(GONE)
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE changes AS
        SELECT *, false AS {gone} FROM {came} AS a
        WHERE NOT EXISTS (FROM {went} AS r WHERE {same} AND {left} IS NOT DISTINCT FROM {right})
        UNION ALL
        SELECT *, true AS {gone} FROM {went} AS r WHERE NOT EXISTS (FROM {came} AS a WHERE {same})
    """)
    changed, lost = one_row(con, f"SELECT count(*) FILTER (NOT {gone}), count(*) FILTER ({gone}) FROM changes")
    return Difference(changed, lost, _parts(con, columns, changed + lost, nulls=nulls))


def _parts(
    con: duckdb.DuckDBPyConnection, columns: Sequence[tuple[str, str]], rows: int, *, nulls: bool
) -> Iterator[Part]:
    shown = f"{_columns(columns, nulls=nulls)}, {identifier(GONE)}"
    for start in range(0, rows, ROWS_PER_PART):
        end = min(start + ROWS_PER_PART, rows)
        yield _part(con, end - start, f"SELECT {shown} FROM changes WHERE rowid >= {start} AND rowid < {end}")


@dataclass(frozen=True)
class _Rows:
    """The rows of a query as a stream that can be read more than once."""

    read: partial[duckdb.DuckDBPyRelation]

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.read().__arrow_c_stream__(requested_schema)


def _part(con: duckdb.DuckDBPyConnection, rows: int, query: str) -> Part:
    return Part(rows, _Rows(partial(con.sql, query)))


def _relation(columns: Sequence[tuple[str, str]], files: Sequence[LocalFile], *, none: bool = False) -> str:
    """The rows of files, or `none` of them."""
    names = ", ".join(identifier(name) for name, _ in columns)
    paths = literals(file.path for file in files)
    return f"(SELECT {names} FROM read_parquet({paths}){' WHERE false' if none else ''})"


def _columns(columns: Sequence[tuple[str, str]], *, nulls: bool) -> str:
    return ", ".join(_column(name, type_, nulls=nulls) for name, type_ in columns)


def _column(name: str, type_: str, *, nulls: bool) -> str:
    shown = identifier(name)
    return shown if nulls or type_ != "string" else f"replace({shown}, chr(0), '{_REPLACEMENT}') AS {shown}"
