"""A lake in a folder whose name reads like a pattern is loaded as any other, by files and by change files."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from avesa.canonical_transform import table_files
from fold_story import change, thing
from warehouse_lake import lake_in
from warehouse_sides import DuckDBSide, opened

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no such names on Windows")


@pytest.mark.parametrize("name", ["lake [1]", "what?", "all*", "it's {a}", "key=value"])
def test_a_lake_in_a_folder_of_an_odd_name_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The other reader takes such names for something else, and so reads a copy in a plain folder."""
    monkeypatch.setattr(table_files, "SMALL", 10)
    lake, side = lake_in(tmp_path / name), DuckDBSide(str(tmp_path))
    with opened(side) as warehouse:
        for number, pull in enumerate(
            (
                change(1, *(thing(f"{number:03}", 1, 1) for number in range(40))),
                change(2, *(thing(f"{number:03}", 2, 2, name="b") for number in range(30))),
                change(3, thing("001", 3, 3, name="c")),
            )
        ):
            lake.fold(pull)
            lake.load(warehouse)
            copy = lake_in(shutil.copytree(lake.folding.root, tmp_path / f"copy{number}"))
            copy.is_in(side)
    assert list(copy.folding.table_path.glob("_change_data/*.parquet"))
