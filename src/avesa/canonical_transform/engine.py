"""The engine of mapping and fold: an in-memory DuckDB with a fixed memory limit that spills to the scratch folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from avesa.canonical_transform.sql_text import literal
from avesa.shared.errors import StorageError

MEMORY_LIMIT = "512MB"
_LITTLE_BYTES = 4_000_000
_LITTLE_ROWS = 50_000


@contextmanager
def engine(scratch: Path, *, memory_limit: str | None = MEMORY_LIMIT) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection in UTC. What goes wrong with files inside it is raised as StorageError.

    `memory_limit` None leaves it to DuckDB, which takes most of the machine's.
    """
    with duckdb.connect(config={"memory_limit": memory_limit} if memory_limit else {}) as con:
        con.execute("SET TimeZone = 'UTC'")
        con.execute("SET preserve_insertion_order = false")
        con.execute(f"SET temp_directory = {literal(str(scratch))}")
        try:
            yield con
        except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
            raise StorageError(
                f"the engine could not read or write a file: {first_line(error)}",
                hint="Check the free space and the rights of the data folder, then run it again.",
            ) from error


def first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [""])[0][:300]


def use_threads(con: duckdb.DuckDBPyConnection, *, raw_bytes: int, rows: int) -> None:
    """One thread for little data, where handing it around costs more than it saves; all of them for more."""
    little = raw_bytes < _LITTLE_BYTES and rows < _LITTLE_ROWS
    con.execute(f"SET threads = {1 if little else os.cpu_count() or 1}")


def count(con: duckdb.DuckDBPyConnection, relation: str) -> int:
    """How many rows a table has, or a SELECT in parentheses."""
    row = con.execute(f"SELECT count(*) FROM {relation}").fetchone()
    assert row is not None
    return int(row[0])
