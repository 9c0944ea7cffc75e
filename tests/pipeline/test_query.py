"""What a query gives."""

from __future__ import annotations

import duckdb
from hypothesis import given
from hypothesis import strategies as st

from avesa.pipeline.query import unlike


@given(st.lists(st.sampled_from(["a", "A", "a_1", "A_1", "a_2", "a_1_1", "ä", "Ä"]), min_size=1, max_size=8))
def test_columns_get_the_names_that_duckdb_gives_to_those_of_a_table(names: list[str]) -> None:
    columns = ", ".join(f'1 AS "{name}"' for name in names)
    with duckdb.connect() as con:
        con.execute(f"CREATE TABLE made AS SELECT {columns}")
        made = [name for name, *_ in con.execute("DESCRIBE made").fetchall()]
    assert list(unlike(names)) == made
