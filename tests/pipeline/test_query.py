"""What a query gives."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avesa.pipeline.ports import Ports
from avesa.pipeline.query import history, query, unlike
from avesa.shared.errors import StorageError, UsageError
from landed_home import LandedHome, contact, listing


@given(st.lists(st.sampled_from(["a", "A", "a_1", "A_1", "a_2", "a_1_1", "ä", "Ä"]), min_size=1, max_size=8))
def test_columns_get_the_names_that_duckdb_gives_to_those_of_a_table(names: list[str]) -> None:
    columns = ", ".join(f'1 AS "{name}"' for name in names)
    with duckdb.connect() as con:
        con.execute(f"CREATE TABLE made AS SELECT {columns}")
        made = [name for name, *_ in con.execute("DESCRIBE made").fetchall()]
    assert list(unlike(names)) == made


def chunk_end(file: Path, column: str) -> int:
    found = duckdb.sql(f"""
        SELECT least(dictionary_page_offset, data_page_offset) + total_compressed_size
        FROM parquet_metadata('{file}') WHERE path_in_schema = '{column}'
    """).fetchone()
    assert found is not None
    return int(found[0])


ASKED: dict[str, Callable[[Ports], object]] = {
    "a query": lambda ports: query(ports, "acme", "SELECT source_id, email FROM contacts"),
    "a query of another time": lambda ports: query(ports, "acme", "FROM contacts", as_of=ports.clock()),
    "a pivot": lambda ports: query(ports, "acme", "PIVOT contacts ON email USING count(*)"),
    "a history": lambda ports: history(ports, "acme", "contacts", "7"),
}


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("what", ["a column", "the end"])
def test_a_damaged_file_of_a_table_is_told_as_such(tmp_path: Path, asked: str, what: str) -> None:
    """At its end a file names its columns."""
    home = LandedHome(tmp_path / "home")
    home.land(listing(10, *(contact(str(n), 1, 10, email=f"{n * 7919 % 1000}@example.com") for n in range(1000))))
    home.transform()
    (file,) = home.canonical.glob("*.parquet")
    whole = file.read_bytes()
    end = chunk_end(file, "source_id") if what == "a column" else len(whole)
    file.write_bytes(whole[: end - 100] + b"\xff" * 100 + whole[end:])
    with home.ports() as ports:
        with pytest.raises(StorageError, match="avesa rebuild acme contacts") as caught:
            ASKED[asked](ports)
        assert str(caught.value.where) == "tenant acme, contacts"
        with pytest.raises(UsageError if what == "a column" else StorageError):
            query(ports, "acme", "SELECT error('wrong of the one who asks')")
