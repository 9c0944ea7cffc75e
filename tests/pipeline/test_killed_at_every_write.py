"""A sync is killed right before, in the middle of and right after each kind of write, and nothing is lost or doubled.

Three syncs are killed: one that lists all tables again, the first of an empty installation, and one that asks for
changes. A run that nobody kills tells all the points, some hundreds, of which these are taken: of the listing one for
each kind that holds data and each moment, and one for each other kind; of the other two one for each kind that holds
data, the moments in turn. Which of the writes of a kind it is moves on with the moment. With AVESA_KILLS=all in the
environment every point is taken.
"""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from avesa.pipeline.transform import transform_tenant
from interrupted_syncs import (
    CANONICAL,
    STAGED,
    TENANT,
    Sync,
    copy_of,
    is_true_and_whole,
    nothing_is_left_over,
    syncs_about_to_begin,
    table_path,
)
from kill_points import points_told, run_watched, sync_in_small_steps
from msp_days import Days
from write_points import KINDS, MOMENTS, Point

ALL = os.environ.get("AVESA_KILLS") == "all"
HOLDING_DATA = KINDS[: KINDS.index("lease taken")]


def cases() -> list[tuple[str, str, str]]:
    """(sync, kind, moment)"""
    every = [(kind, moment) for kind in KINDS for moment in moments_of(kind)]
    if ALL:
        return [(sync, *case) for sync in ("listing", "first", "changes") for case in every]
    chosen = [("listing", *case) for case in every if case[0] in HOLDING_DATA]
    chosen += [
        ("listing", kind, MOMENTS[place % len(MOMENTS)]) for place, kind in enumerate(KINDS[len(HOLDING_DATA) :])
    ]
    for shift, sync in enumerate(("first", "changes")):
        for place, kind in enumerate(HOLDING_DATA):
            moments = moments_of(kind)
            chosen.append((sync, kind, moments[(place + shift) % len(moments)]))
    return chosen


def moments_of(kind: str) -> tuple[str, ...]:
    return ("before", "after") if kind == "flush of the log" else MOMENTS


pytestmark = pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX")

Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def syncs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Sync]]:
    """Those of each kind, begun once."""

    def points_of(days: Days) -> list[Point]:
        told = days.home.parent / "points"
        assert kill(days, told, None) == 0
        return points_told(told)

    with syncs_about_to_begin(tmp_path_factory.mktemp("killed"), points_of) as of:
        yield of


@pytest.fixture
def sync(request: pytest.FixtureRequest, syncs: Callable[[str], Sync]) -> Sync:
    return syncs(request.param)


def sync_here(days: Days) -> None:
    with days.ports() as ports:
        sync_in_small_steps(ports, TENANT)


def kill(days: Days, told: Path, point: Point | None) -> int:
    began = time.time() - (time.monotonic() - days.began)
    return run_watched(days.home, days.sandbox.clock(), began, told, point)


@pytest.mark.parametrize("sync", ["listing", "first", "changes"], indirect=True)
def test_every_kind_of_write_can_be_killed_at(sync: Sync) -> None:
    told = {(point.kind, point.moment) for point in sync.points}
    assert told == {(kind, moment) for kind in KINDS for moment in moments_of(kind)}


@pytest.mark.parametrize(("sync", "kind", "moment"), cases(), indirect=["sync"])
def test_a_sync_killed_at_a_write_ends_in_the_true_history(sync: Sync, kind: str, moment: str, tmp_path: Path) -> None:
    for number, point in enumerate(points_of(sync, kind, moment)):
        days = copy_of(sync.days, tmp_path / str(number))
        before = rows_of(days)
        assert kill(days, tmp_path / "told", point) == -signal.SIGKILL, point
        try:
            is_readable(days, before)
            grow_old(days.home)
            sync_here(days)
            is_true_and_whole(days, sync.versions)
            another_sync_changes_nothing(days)
            a_rebuild_changes_nothing(days)
            nothing_is_left_over(days)
        except BaseException as error:
            error.add_note(f"killed at {point}")
            raise
        shutil.rmtree(days.home)


@pytest.mark.parametrize("sync", ["listing"], indirect=True)
def test_a_sync_killed_again_and_again_ends_in_the_true_history(sync: Sync, tmp_path: Path) -> None:
    days = copy_of(sync.days, tmp_path / "home")
    kills = 0
    for kind in HOLDING_DATA:
        point = next(point for point in sync.points if (point.kind, point.moment) == (kind, "after"))
        kills += kill(days, tmp_path / "told", point) == -signal.SIGKILL
    assert kills > 2  # some writes are done once and for all by the time their turn comes
    sync_here(days)
    is_true_and_whole(days, sync.versions)
    a_rebuild_changes_nothing(days)


def points_of(sync: Sync, kind: str, moment: str) -> list[Point]:
    points = [point for point in sync.points if (point.kind, point.moment) == (kind, moment)]
    return points if ALL else [points[(2 * MOMENTS.index(moment) + 1) * len(points) // 6]]


def rows_of(days: Days) -> Rows:
    """All canonical rows, in order, of the tables that are there."""
    order = ("source_service", "source_table", "source_id", "valid_from")
    return {
        table: sorted(days.table(TENANT, table), key=lambda row: [row[name] for name in order])
        for table in CANONICAL
        if DeltaTable.is_deltatable(str(table_path(days, table)))
    }


def log_versions(days: Days) -> dict[str, int]:
    return {table: DeltaTable(str(table_path(days, table))).version() for table in CANONICAL}


def is_readable(days: Days, before: Rows) -> None:
    """Whoever reads the tables between the kill and the next sync finds whole histories, none gone or doubled."""
    after = rows_of(days)
    assert after.keys() >= before.keys()
    for table, rows in after.items():
        assert {row["source_id"] for row in rows} >= {row["source_id"] for row in before.get(table, [])}
        versions = Counter((row["source_id"], row["valid_from"]) for row in rows)
        assert set(versions.values()) <= {1}
        open_ones = Counter(row["source_id"] for row in rows if row["is_current"])
        assert set(open_ones.values()) <= {1}


def grow_old(home: Path) -> None:
    """Two days go by, as far as leftovers are concerned."""
    then = time.time() - 2 * 24 * 3600
    for place in [*(home / "scratch").iterdir(), *(p for p in home.rglob("*") if STAGED.fullmatch(p.name))]:
        os.utime(place, (then, then))


def another_sync_changes_nothing(days: Days) -> None:
    before, versions = rows_of(days), log_versions(days)
    sync_here(days)
    assert rows_of(days) == before
    assert log_versions(days) == versions


def a_rebuild_changes_nothing(days: Days) -> None:
    before = rows_of(days)
    with days.ports() as ports:
        for outcome in transform_tenant(ports, TENANT, run_id="rebuild", rebuild=True):
            assert outcome.report.rebuilt
    assert rows_of(days) == before
