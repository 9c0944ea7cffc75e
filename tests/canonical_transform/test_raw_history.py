"""What is too much to fold at once is dealt out into ranges, within the memory that there is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from avesa.canonical_transform.raw_history import deal_out


class Narrow:
    """An engine whose memory suffices for one thread alone."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self._con = con
        self.tried: list[int] = []

    def execute(self, query: str) -> duckdb.DuckDBPyConnection:
        if query.strip().startswith("COPY"):
            (threads,) = self._con.execute("SELECT current_setting('threads')").fetchone() or (0,)
            self.tried.append(int(threads))
            if threads > 1:
                raise duckdb.OutOfMemoryException("too much")
        return self._con.execute(query)


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        con.execute("SET threads = 2")
        yield con


ROWS = "SELECT i AS number, i // 100 AS range FROM range(250) AS r(i)"


def dealt(folder: Path) -> dict[str, int]:
    with duckdb.connect() as con:
        return {
            part.name: len(con.execute(f"FROM read_parquet('{part}/*.parquet')").fetchall())
            for part in sorted(folder.iterdir())
        }


def test_each_range_gets_a_folder_with_its_rows(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    deal_out(con, ROWS, tmp_path / "ranges")
    assert dealt(tmp_path / "ranges") == {"range=0": 100, "range=1": 100, "range=2": 50}


def test_what_does_not_fit_for_all_threads_is_done_by_one(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    narrow: Any = Narrow(con)
    deal_out(narrow, ROWS, tmp_path / "ranges")
    assert narrow.tried == [2, 1]
    assert dealt(tmp_path / "ranges") == {"range=0": 100, "range=1": 100, "range=2": 50}
    assert con.execute("SELECT current_setting('threads')").fetchone() == (2,)
