from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from avesa.shared.errors import Busy, StorageError
from port_sides import Side, State, another_process

HOLDER = """
import sys
from port_sides import side_of
with side_of(sys.argv[1:]).open() as state, state.watermarks.lease("acme", "connectwise"):
    print("held", flush=True)
    sys.stdin.readline()
"""


class HandClock:
    """A clock that moves only when told to."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.asked = threading.Event()

    def __call__(self) -> datetime:
        self.asked.set()
        return self.now


def test_a_lease_is_held_in_its_block_and_free_after_it(state: State, side: Side) -> None:
    with state.watermarks.lease("acme", "connectwise"):
        assert side.leases() == [("acme", "connectwise")]
    assert side.leases() == []
    with state.watermarks.lease("acme", "connectwise"):
        pass


def test_a_lease_is_free_after_an_error_and_the_error_goes_on(state: State, side: Side) -> None:
    with pytest.raises(RuntimeError, match="boom"), state.watermarks.lease("acme", "connectwise"):
        raise RuntimeError("boom")
    assert side.leases() == []


def test_a_lease_that_could_not_be_given_back_counts_no_more_in_its_process(
    state: State, side: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(_store_of(state), "release", _full)
        with state.watermarks.lease("acme", "connectwise"):
            pass
    assert side.leases() == [("acme", "connectwise")]
    with state.watermarks.lease("acme", "connectwise"), side.open() as other, pytest.raises(Busy):
        other.watermarks.lease("acme", "connectwise").__enter__()
    assert side.leases() == []


@pytest.mark.parametrize("for_long", [False, True])
def test_a_lease_that_was_stored_and_told_as_not_is_free(
    state: State, side: Side, monkeypatch: pytest.MonkeyPatch, *, for_long: bool
) -> None:
    """Where the answer was lost."""
    store = _store_of(state)
    take = store.take

    def stored(*words: Any) -> None:
        take(*words)
        _full()

    with monkeypatch.context() as broken:
        broken.setattr(store, "take", stored)
        if for_long:
            broken.setattr(store, "release", _full)
        with pytest.raises(StorageError, match="full"):
            state.watermarks.lease("acme", "connectwise").__enter__()
    assert bool(side.leases()) == for_long
    with state.watermarks.lease("acme", "connectwise"):
        pass
    assert side.leases() == []


def test_a_lease_that_no_thread_could_be_begun_for_is_free(
    state: State, side: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_many(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as broken:
        broken.setattr(threading.Thread, "start", too_many)
        with pytest.raises(RuntimeError):
            state.watermarks.lease("acme", "connectwise").__enter__()
    assert side.leases() == []


def _store_of(state: State) -> Any:
    return vars(state.watermarks)["_leases"]


def _full(*_: Any) -> None:
    raise StorageError("the disk is full.")


def test_the_second_in_the_same_process_is_told_that_it_is_busy(state: State, side: Side) -> None:
    with state.watermarks.lease("acme", "connectwise"), side.open() as other:
        for rival in (state, other):
            with pytest.raises(Busy, match="connectwise is in work by process") as caught:
                rival.watermarks.lease("acme", "connectwise").__enter__()
            assert caught.value.retry
            assert caught.value.where.tenant == "acme"
        assert side.leases() == [("acme", "connectwise")]


def test_other_names_and_other_tenants_are_free(state: State) -> None:
    with (
        state.watermarks.lease("acme", "connectwise"),
        state.watermarks.lease("acme", "canonical/tickets"),
        state.watermarks.lease("globex", "connectwise"),
    ):
        pass


def test_of_many_who_ask_at_once_one_gets_it(state: State) -> None:
    start, end = threading.Barrier(8), threading.Barrier(8)

    def ask(_: int) -> bool:
        start.wait()
        try:
            with state.watermarks.lease("acme", "connectwise"):
                end.wait()
                return True
        except Busy:
            end.wait()
            return False

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(8))).count(True) == 1


def test_another_process_that_lives_keeps_its_lease(state: State, side: Side) -> None:
    with another_process(HOLDER, side) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(Busy, match=f"process {holder.pid}"):
            state.watermarks.lease("acme", "connectwise").__enter__()
        holder.communicate("end\n")
        with state.watermarks.lease("acme", "connectwise"):
            pass


def test_a_lease_of_another_host_counts_until_its_time_has_passed(side: Side) -> None:
    clock = HandClock()
    with side.open(clock) as state:
        with state.watermarks.lease("acme", "connectwise"):
            side.give_lease_away()
        clock.now += timedelta(seconds=59)
        with pytest.raises(Busy, match="process 1 on elsewhere"):
            state.watermarks.lease("acme", "connectwise").__enter__()
        clock.now += timedelta(seconds=1)
        with state.watermarks.lease("acme", "connectwise"):
            pass


def test_a_lease_is_renewed_while_it_is_held(side: Side) -> None:
    clock = HandClock()
    with side.open(clock, lease_seconds=0.03) as state, state.watermarks.lease("acme", "connectwise"):
        clock.now += timedelta(seconds=10)
        for _ in range(2):  # the second question comes after the first renewal is stored
            clock.asked.clear()
            assert clock.asked.wait(10)
        assert side.lease_until() == "2026-01-01T00:00:10.030000Z"


def test_a_holder_that_lost_its_lease_says_so_and_leaves_the_new_one_alone(
    side: Side, caplog: pytest.LogCaptureFixture
) -> None:
    noted = threading.Event()

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            noted.set()

    logger = logging.getLogger("avesa.shared.leases")
    listener = Listener()
    logger.addHandler(listener)
    try:
        with side.open(lease_seconds=0.03) as state, state.watermarks.lease("acme", "connectwise"):
            side.give_lease_away()
            assert noted.wait(10)
    finally:
        logger.removeHandler(listener)
    assert "the lease of connectwise was lost" in caplog.text
    assert side.leases() == [("acme", "connectwise")]
