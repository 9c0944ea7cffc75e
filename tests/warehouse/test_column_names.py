"""A column may have any name that a mapping takes: it meets no name that fold and load use among themselves."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

import avesa
from avesa.canonical_transform.mapping import RESERVED_BEGINNING, RESERVED_COLUMNS
from fold_arrivals import limits
from fold_story import change, gone, listing
from fold_table import things_mapping, values_of, versions_in
from raw_files import Row, at
from scd2_oracle import history
from warehouse_lake import lake_in
from warehouse_sides import DuckDBSide, opened

BATCH = 60


def names() -> list[str]:
    """What the statements name with AS, what the engine gives to every table or file, and the words of SQL itself."""
    root = Path(avesa.__file__).parent
    sources = (file for folder in ("canonical_transform", "warehouse") for file in (root / folder).glob("*.py"))
    named = {name for file in sources for name in re.findall(r"\bAS ([a-z][a-z0-9_]*)", file.read_text())}
    with duckdb.connect() as con:
        words = con.execute("SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category = 'reserved'").fetchall()
    found = named | {"rowid", "filename", "file_row_number"} | {str(word) for (word,) in words}
    assert len(named) > 60
    return sorted(name for name in found - RESERVED_COLUMNS if not name.startswith(RESERVED_BEGINNING))


NAMES = names()


@pytest.mark.parametrize("start", range(0, len(NAMES), BATCH))
def test_a_column_may_have_any_name_that_is_not_refused(tmp_path: Path, start: int) -> None:
    columns = {name: ("text", "integer")[place % 2] for place, name in enumerate(NAMES[start : start + BATCH])}
    mapping = things_mapping(columns=columns, untracked=list(columns)[::3])

    def thing(id_: str, updated: float, seen: float, value: int) -> Row:
        fields = {name: f"{value} {name}" if type_ == "text" else value for name, type_ in columns.items()}
        return Row(id_, fields, at(updated), at(seen + 0.1))

    pulls = (
        change(1, *(thing(str(number), 1, 1, number) for number in range(6))),
        change(2, thing("1", 2, 2, 7), gone("2", 2, 2)),
        change(3, thing("1", 1.5, 3, 8), thing("2", 3, 3, 9)),
        listing(4, *(thing(str(number), 4, 4, 10 + number) for number in range(5))),
        change(5, thing("3", 5, 5, 30)),
    )
    lake, folder = lake_in(tmp_path / "lake"), tmp_path / "warehouse"
    lake.folding.mapping = mapping
    folder.mkdir()
    side = DuckDBSide(str(folder))
    with limits(small=True, ranges=False), opened(side) as warehouse:
        for pull in pulls:
            lake.fold(pull)
            lake.load(warehouse)
            lake.is_in(side)
    assert versions_in(lake.rows(), mapping) == history(pulls, values_of(mapping))
