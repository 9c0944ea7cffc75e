"""The engine of mapping and fold: an in-memory DuckDB with a fixed memory limit that spills to the scratch folder.

One engine serves many folds, since to start one costs as much as a small fold. Each of them works in a session of
its own: what it puts into temporary tables is seen by no other, and ends with it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from avesa.canonical_transform.sql_text import literal
from avesa.shared.errors import ConfigurationError, StorageError

MEMORY_LIMIT = "640MB"
_LITTLE_BYTES = 4_000_000
_LITTLE_ROWS = 50_000


MACROS = """
CREATE OR REPLACE MACRO as_json(text) AS CASE WHEN json_valid(text) THEN text ELSE to_json(text)::VARCHAR END;
CREATE OR REPLACE MACRO leaf(place, type, atom) AS place || ' ' || CASE
    WHEN type IN ('DOUBLE', 'BIGINT', 'UBIGINT', 'HUGEINT')
    THEN 'NUMBER ' || regexp_replace(regexp_replace(atom::VARCHAR, '\\.0$', ''), '^-0$', '0')
    ELSE concat_ws(' ', type, atom::VARCHAR)
END;
CREATE OR REPLACE MACRO leaves_by_paths(text) AS (
    SELECT list(leaf(fullkey, type, atom) ORDER BY fullkey) FROM json_tree(text)
);
-- json_tree does not quote the keys in its paths: of a key with a point or a bracket in it (or an escape, that may
-- stand for one), a path does not tell where it lies. Those few values are walked from parent to child instead.
CREATE OR REPLACE MACRO has_keys_like_paths(text) AS regexp_matches(text, '[.\\[\\\\](\\\\.|[^"])*"\\s*:');
CREATE OR REPLACE MACRO step(type, key) AS CASE
    WHEN type = 'ARRAY' THEN '[' || key || ']'
    WHEN regexp_matches(key, '[.\\["]') THEN '.' || to_json(key)
    ELSE '.' || key
END;
CREATE OR REPLACE MACRO leaves_by_parents(text) AS (
    WITH RECURSIVE nodes AS (SELECT * FROM json_tree(text)),
    placed AS (
        SELECT id, '$' AS place, type, atom FROM nodes WHERE parent IS NULL
        UNION ALL
        SELECT nodes.id, place || step(placed.type, nodes.key), nodes.type, nodes.atom
        FROM placed JOIN nodes ON nodes.parent = placed.id
    )
    SELECT list(leaf(place, type, atom) ORDER BY place) FROM placed
);
-- A JSON value as its sorted leaves, so that two spellings of it are equal: other order of keys, 1 and 1.0.
CREATE OR REPLACE MACRO json_value(text) AS CASE
    WHEN has_keys_like_paths(text) THEN leaves_by_parents(CASE WHEN has_keys_like_paths(text) THEN as_json(text) END)
    ELSE leaves_by_paths(CASE WHEN NOT has_keys_like_paths(text) THEN as_json(text) END)
END;
"""


@contextmanager
def engine(scratch: Path, *, limited: bool = True) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection in UTC. What goes wrong with files or memory inside it is raised as StorageError.

    It keeps to MEMORY_LIMIT, or to what the environment variable AVESA_MEMORY_LIMIT says; if it is not `limited`,
    to DuckDB's own idea of what the machine can spare.
    """
    with duckdb.connect() as con, _told(), _stopped_by_ctrl_c(con):
        if limited:
            _limit(con, memory_limit())
        con.execute("SET GLOBAL TimeZone = 'UTC'")
        con.execute("SET preserve_insertion_order = false")
        con.execute(f"SET temp_directory = {literal(str(scratch))}")
        con.execute(MACROS)
        yield con


@contextmanager
def session(con: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """Another connection to the same engine, with temporary tables of its own. Errors are told as `engine` does."""
    with con.cursor() as own, _told(), _stopped_by_ctrl_c(own):
        yield own


def memory_limit() -> str:
    return os.environ.get("AVESA_MEMORY_LIMIT", MEMORY_LIMIT)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise StorageError(
            f"the engine needs more memory than the {memory_limit()} that it may take.",
            hint="Nothing was changed. Set AVESA_MEMORY_LIMIT, for example to 4GB, and run it again.",
        ) from error
    except duckdb.Error as error:
        if not (isinstance(error, duckdb.IOException) or tells_of_a_file(error)):
            raise
        raise StorageError(
            f"the engine could not read or write a file: {first_line(error)}",
            hint="Check free space, rights and the file itself, then run it again; a rebuild mends a table.",
        ) from error


@contextmanager
def _stopped_by_ctrl_c(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Ctrl-C in the middle of a query comes as a RuntimeError, or as what it is. Unless it is interrupted, the query is
    waited for to its end when the connection is closed.
    """
    try:
        yield
    except (RuntimeError, KeyboardInterrupt) as error:
        if isinstance(error, RuntimeError) and not isinstance(error.__cause__, KeyboardInterrupt):
            raise
        con.interrupt()
        raise KeyboardInterrupt from error


def _limit(con: duckdb.DuckDBPyConnection, limit: str) -> None:
    try:
        con.execute(f"SET memory_limit = {literal(limit)}")
    except duckdb.Error as error:
        raise ConfigurationError(
            f"AVESA_MEMORY_LIMIT is no amount of memory: {limit!r}.", hint="Write it as 4GB or 800MB."
        ) from error


def tells_of_a_file(error: duckdb.Error) -> bool:
    """Whether it is what a reader says of a damaged file; the one of Parquet often uses no kind of error at all."""
    return type(error) is duckdb.Error or isinstance(error, duckdb.InvalidInputException)


def first_line(told: BaseException | str) -> str:
    return (str(told).splitlines() or [""])[0][:300]


def use_threads(con: duckdb.DuckDBPyConnection, *, raw_bytes: int, rows: int) -> None:
    """One thread for little data, where handing it around costs more than it saves; all of them for more."""
    little = raw_bytes < _LITTLE_BYTES and rows < _LITTLE_ROWS
    con.execute(f"SET threads = {1 if little else os.cpu_count() or 1}")


def count(con: duckdb.DuckDBPyConnection, relation: str) -> int:
    """How many rows a table has, or a SELECT in parentheses."""
    return int(one_row(con, f"SELECT count(*) FROM {relation}")[0])


def one_row(con: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    """What a query gives that always gives one row, such as aggregates over all."""
    row = con.execute(query).fetchone()
    assert row is not None
    return row
