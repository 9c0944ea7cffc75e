"""A load may end anywhere: what it leaves, the next load brings to exactly what the lake holds.

A load is broken off before and after each thing that it says to the warehouse, which for an engine with transactions
leaves what was there or what was to come, and nothing between. Some are killed for real. With AVESA_KILLS=all in the
environment every point is a real kill too.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from avesa.warehouse import plan
from fold_story import change, gone, thing
from fold_table import things_mapping
from warehouse_lake import TABLE, Lake, lake_in
from warehouse_points import load_and_die, watched
from warehouse_sides import Side, opened, to_the_letter

ALL = os.environ.get("AVESA_KILLS") == "all"
VERSIONS = 4


class Broken(BaseException):
    """Nobody catches it."""


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """In every version records come, change, go and begin earlier than was thought: a row of one is not in the next."""
    lake = lake_in(tmp_path_factory.mktemp("lake"))
    lake.fold(change(0, *(thing(str(number), -50, -10) for number in range(-5, 1))))
    for number in range(1, VERSIONS):
        earlier = thing(str(number - 1), number * 10 - 26, number * 10, name="a" if number == 1 else f"n{number - 1}")
        rows = [
            thing(str(number), number * 10 - 5, number * 10, name=f"n{number}"),
            gone("-1", number * 10, number * 10),
        ]
        again = thing("-1", number * 10 - 1, number * 10 - 1, name=f"n{number}")
        lake.fold(change(number * 10, *rows, again, earlier))
    assert lake.version == VERSIONS - 1
    return lake


@pytest.mark.parametrize("anew", [False, True])
def test_a_load_that_breaks_off_at_any_point_is_made_good_by_the_next(lake: Lake, side: Side, *, anew: bool) -> None:
    states = [to_the_letter(lake.rows(version)) for version in range(VERSIONS)]
    # The same step again only after the last things that are said: the rows are there then, and the version is not.
    points = count_points(lake, side, anew=anew)
    assert points > 4
    for point, later in [*((point, 2) for point in range(points)), (points - 1, 1), (points - 2, 1)]:
        at_version(0, lake, side)
        assert break_off(lake, side, 1, point, anew=anew)
        if side.words[0] != "clickhouse":
            assert to_the_letter(side.rows(TABLE)) in states[:2]
        with opened(side) as warehouse:
            lake.load(warehouse, version=later)
        assert to_the_letter(side.rows(TABLE)) == states[later]


def at_version(version: int, lake: Lake, side: Side) -> None:
    with opened(side) as warehouse:
        lake.load(warehouse, version=version, anew=True)


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX")
@pytest.mark.parametrize("anew", [False, True])
def test_a_load_that_is_killed_is_made_good_by_the_next(lake: Lake, side: Side, *, anew: bool) -> None:
    states = [to_the_letter(lake.rows(version)) for version in range(VERSIONS)]
    points = count_points(lake, side, anew=anew)
    # When the rows are there and the version is not, or some way before.
    for point in range(points) if ALL else [points - 2] if anew else [points // 2]:
        at_version(0, lake, side)
        assert load_and_die(side, lake.folding.root, 2, point, anew=anew) == -signal.SIGKILL
        if side.words[0] != "clickhouse":
            assert to_the_letter(side.rows(TABLE)) in (states[0], states[2])
        with opened(side) as warehouse:
            lake.load(warehouse)
        assert to_the_letter(side.rows(TABLE)) == states[-1]


def break_off(lake: Lake, side: Side, version: int, at: int, *, anew: bool) -> bool:
    """Whether it was; a load that has fewer points comes to its end."""

    def reached(number: int) -> None:
        if number == at:
            raise Broken

    with opened(side) as warehouse, watched(side, reached):
        try:
            lake.load(warehouse, version=version, anew=anew)
        except Broken:
            return True
    return False


def count_points(lake: Lake, side: Side, *, anew: bool) -> int:
    numbers: list[int] = []
    at_version(0, lake, side)
    with opened(side) as warehouse, watched(side, numbers.append):
        lake.load(warehouse, version=1, anew=anew)
    return len(numbers)


def test_a_first_load_that_breaks_off_is_made_good_by_the_next(lake: Lake, side: Side) -> None:
    for point in range(1000):
        if not break_off(lake, side, 3, point, anew=False):
            break
    assert point > 5
    lake.is_in(side, version=3)


def test_a_load_that_broke_off_and_whose_files_are_gone_is_loaded_anew(side: Side, tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    for number in range(1, 5):
        lake.fold(change(number, thing("1", number, number, name=f"n{number}")))
    points = count_points(lake, side, anew=False)
    at_version(0, lake, side)
    assert break_off(lake, side, 1, points - 1, anew=False)
    live = {file.name for file in lake.folding.snapshot().files}
    for file in lake.folding.table_path.glob("*.parquet"):
        if file.name not in live:
            file.unlink()
    with opened(side) as warehouse:
        done = lake.load(warehouse)
    assert (done.status, done.why) == ("anew", plan.FILES_ARE_GONE)
    lake.is_in(side)


def test_a_load_that_broke_off_while_a_column_was_added_is_made_good_by_the_next(side: Side, tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    lake.fold(change(1, thing("1", 1, 1, seen=True)))
    with opened(side) as warehouse:
        lake.load(warehouse)
    lake.folding.mapping = things_mapping(columns={"name": "text", "hours": "decimal", "seen": "boolean"}, untracked=[])
    lake.fold()
    for point in range(1000):
        if not break_off(lake, side, lake.version, point, anew=False):
            break
    assert point > 5
    lake.is_in(side, gone=("tags", "views"))
