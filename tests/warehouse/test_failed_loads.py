"""A load fails at any point while the warehouse stays open: what it leaves, the next load through it brings to exactly
what the lake holds. With AVESA_KILLS=all in the environment every point is taken, else every third.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import duckdb
import pytest

from avesa.shared.errors import AvesaError, StorageError
from avesa.warehouse.port import Warehouse
from fold_story import change, thing
from fold_table import things_mapping
from warehouse_lake import TABLE, Lake, lake_in
from warehouse_points import watched
from warehouse_sides import Side, opened, to_the_letter

ALL = os.environ.get("AVESA_KILLS") == "all"
GONE = ("tags", "views")
"""Columns that the last version has no more."""


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Each version has a record more, and the last has a column more."""
    lake = lake_in(tmp_path_factory.mktemp("lake"))
    for number in range(3):
        lake.fold(change(number * 10, thing("1", number, number * 10, name=f"n{number}"), thing(f"a{number}", 0, 0)))
    lake.folding.mapping = things_mapping(columns={"name": "text", "hours": "decimal", "seen": "boolean"}, untracked=[])
    lake.fold()
    return lake


def failing(side: Side, point: int) -> Callable[[int], None]:
    """The engine refuses what is said at that point; at every other one it refuses all from then on."""

    def reached(number: int) -> None:
        if number == point or (point % 2 and number > point):
            told = "No space left on device"
            raise duckdb.IOException(told) if side.words[0] == "duckdb" else StorageError(told)

    return reached


def fails(lake: Lake, side: Side, warehouse: Warehouse, point: int, version: int) -> bool:
    """Whether it does; a load that has fewer points comes to its end."""
    with watched(side, failing(side, point)):
        try:
            lake.load(warehouse, version=version)
        except AvesaError as error:
            assert isinstance(error, StorageError) and error.retry
            return True
    return False


def test_a_first_load_that_fails_is_made_good_by_the_next(lake: Lake, side: Side) -> None:
    with opened(side) as warehouse:
        points = next(point for point in range(1000) if not fails(lake, side, warehouse, point, 1))
        assert points > 5
        lake.load(warehouse, version=1)
    lake.is_in(side, version=1)


@pytest.mark.parametrize(("then", "later"), [(1, 2), (3, 3)])
def test_a_load_of_what_changed_that_fails_is_made_good_by_the_next(
    lake: Lake, side: Side, then: int, later: int
) -> None:
    gone = GONE if later == 3 else ()
    expected = to_the_letter(lake.rows(later))
    with opened(side) as warehouse:
        for point in range(0, 1000, 1 if ALL else 3):
            lake.load(warehouse, version=0, anew=True)
            has_failed = fails(lake, side, warehouse, point, then)
            lake.load(warehouse, version=later)
            assert to_the_letter(side.rows(TABLE), but=gone) == expected
            if not has_failed:
                break
    assert point > 5
