"""A write of a sync fails while the process lives on, as on a full disk, and the next sync in it makes everything good.

Each kind of write fails before it was done, and all writes behind it too until there is room again; or it alone fails
after it was done, which nobody is told. What is done in a transaction also fails between its statements and its commit.
A sync in which nothing fails tells all the points, of which one for each kind and moment is taken, in turn of a sync
that lists all tables again, of the first one, and of one that asks for changes. With AVESA_KILLS=all in the environment
every point is taken, each for once and for long.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import pytest

from avesa.connector import client
from avesa.connector.outcome import PullOptions
from avesa.pipeline import sync as sync_module
from avesa.pipeline.ingest import ingest_service
from avesa.pipeline.ports import Ports
from avesa.pipeline.sync import sync_tenant
from avesa.shared.errors import AvesaError, StorageError, TableFailed
from interrupted_syncs import (
    CANONICAL,
    TABLES,
    TENANT,
    Sync,
    copy_of,
    is_true_and_whole,
    nothing_is_left_over,
    syncs_about_to_begin,
)
from msp_days import Days
from write_points import KINDS, MOMENTS, PASSING, SMALL_PAGES, Half, Point, watched

SERVICE = replace(SMALL_PAGES, limits=replace(SMALL_PAGES.limits, concurrency=1))
"""One place in the vendor's account: whoever keeps it keeps all others waiting."""
ALL = os.environ.get("AVESA_KILLS") == "all"
SYNCS = ("listing", "first", "changes")
IN_A_TRANSACTION = (
    "checkpoint",
    "watermark",
    "ledger",
    "lease taken",
    "lease given back",
    "run log",
    "allowance",
    "allowance given back",
)
TOLERATED = ("lease given back", "allowance", "allowance given back")
"""A sync may come to its end without these."""
LEASES = ("sync", "connectwise", *(f"connectwise/{table}" for table in TABLES), *(f"canonical/{t}" for t in CANONICAL))


def moments_of(kind: str) -> tuple[str, ...]:
    if kind == "scratch folder":
        return ("before",)
    return MOMENTS if kind in IN_A_TRANSACTION else ("before", "after")


def cases() -> list[tuple[str, str, str, bool]]:
    """(sync, kind, moment, whether all writes fail from then on)"""
    every = [(kind, moment) for kind in (*KINDS, *PASSING) for moment in moments_of(kind)]
    if ALL:
        return [(sync, *case, for_long) for sync in SYNCS for case in every for for_long in (False, True)]
    return [(SYNCS[number % 3], kind, moment, moment == "before") for number, (kind, moment) in enumerate(every)]


@dataclass
class Failing:
    """Lets a write fail, or all of them from that one on."""

    point: Point
    for_long: bool
    failed: list[Point] = field(default_factory=list[Point])

    def reached(self, point: Point, half: Half) -> None:
        if point == self.point or (self.failed and self.for_long and point.moment == "before"):
            self.failed.append(point)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def waits_for_nobody(seconds: float) -> None:
    """In the place of a wait. One of no time is for a thread of the same sync."""
    assert seconds == 0, "it waits for somebody else"


@pytest.fixture(scope="module")
def syncs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Sync]]:
    """Those of each kind, begun once."""

    def points_of(days: Days) -> list[Point]:
        points: list[Point] = []
        with days.ports() as ports, watched(lambda point, half: points.append(point)):
            assert errors_of(ports) == []
        return sorted(points)

    with syncs_about_to_begin(tmp_path_factory.mktemp("failing"), points_of) as of:
        yield of


@pytest.fixture
def sync(request: pytest.FixtureRequest, syncs: Callable[[str], Sync]) -> Sync:
    return syncs(request.param)


@pytest.mark.parametrize(("sync", "kind", "moment", "for_long"), cases(), indirect=["sync"])
def test_a_sync_in_which_a_write_fails_is_made_good_by_the_next_in_the_same_process(
    sync: Sync, kind: str, moment: str, for_long: bool, tmp_path: Path
) -> None:
    for number, point in enumerate(points_of(sync, kind, moment)):
        days = copy_of(sync.days, tmp_path / str(number))
        failing = Failing(point, for_long)
        try:
            with days.ports() as ports:
                with watched(failing.reached):
                    errors = errors_of(ports)
                assert failing.failed or kind in PASSING, "the write was never reached"
                tells_what_failed(errors, failing)
                if not errors:
                    is_true_and_whole(days, sync.versions)
                assert errors_of(ports) == []
                nothing_is_held(ports)
            is_true_and_whole(days, sync.versions)
            nothing_is_left_over(days)
        except BaseException as error:
            error.add_note(f"failed at {point}")
            raise


def points_of(sync: Sync, kind: str, moment: str) -> list[Point]:
    points = [point for point in sync.points if (point.kind, point.moment) == (kind, moment)]
    return points if ALL else [points[(2 * MOMENTS.index(moment) + 1) * len(points) // 6]]


def errors_of(ports: Ports) -> list[AvesaError]:
    """What a sync with small pages and files, so that each table has several, tells of all that went wrong in it."""
    steps = partial(ingest_service, service=SERVICE, options=PullOptions(save_every=0))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sync_module, "ingest_service", steps)
        patch.setattr(client, "waiter", lambda stop: waits_for_nobody)
        try:
            report = sync_tenant(ports, TENANT)
        except AvesaError as error:
            return [error]
    told = [*report.errors, *(one.error for one in (*report.tables, *report.transforms))]
    errors = [error for error in told if error is not None]
    assert report.complete == (not errors)
    return errors


def tells_what_failed(errors: list[AvesaError], failing: Failing) -> None:
    """That the disk was full; only what is asked for per record of a table that failed with it may say so instead."""
    above = {endpoint.name: endpoint.parent.endpoint for endpoint in SERVICE.endpoints if endpoint.parent}
    failed_itself = {error.where.table for error in errors if isinstance(error, StorageError)}
    for error in errors:
        if isinstance(error, TableFailed) and above.get(error.where.table or "") in failed_itself:
            assert "never pulled completely" in str(error)
            continue
        assert isinstance(error, StorageError) and error.retry, error
        assert "full" in str(error) or "No space left" in str(error), error
        assert error.where.tenant == TENANT, error
    if any(point.kind not in TOLERATED for point in failing.failed):
        assert errors


def nothing_is_held(ports: Ports) -> None:
    """No lease, no place in the vendor's account, and no thread that is at work."""
    for name in LEASES:
        with ports.watermarks.lease(TENANT, name):
            pass
    for thread in threading.enumerate():
        if thread.name.startswith(("avesa-", "lease ")):
            thread.join(10)
            assert not thread.is_alive(), thread.name
