from __future__ import annotations

import logging
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from avesa.shared.errors import Busy
from avesa.shared.sqlite_state import SqliteState

HOLDER = """
import sys
from pathlib import Path
from avesa.shared.sqlite_state import SqliteState
with SqliteState(Path(sys.argv[1])).watermarks.lease("acme", "connectwise"):
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


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.sqlite"


@pytest.fixture
def state(path: Path) -> Iterator[SqliteState]:
    with SqliteState(path) as opened:
        yield opened


@contextmanager
def another_process(path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the lease until it reads a line."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        try:
            yield holder
        finally:
            holder.kill()


def leases(path: Path) -> list[tuple[str, str]]:
    with sqlite3.connect(path) as db:
        return db.execute("SELECT tenant_id, name FROM leases").fetchall()


def test_a_lease_is_held_in_its_block_and_free_after_it(state: SqliteState, path: Path) -> None:
    with state.watermarks.lease("acme", "connectwise"):
        assert leases(path) == [("acme", "connectwise")]
    assert leases(path) == []
    with state.watermarks.lease("acme", "connectwise"):
        pass


def test_a_lease_is_free_after_an_error_and_the_error_goes_on(state: SqliteState, path: Path) -> None:
    with pytest.raises(RuntimeError, match="boom"), state.watermarks.lease("acme", "connectwise"):
        raise RuntimeError("boom")
    assert leases(path) == []


def test_the_second_in_the_same_process_is_told_that_it_is_busy(state: SqliteState, path: Path) -> None:
    with state.watermarks.lease("acme", "connectwise"), SqliteState(path) as other:
        for rival in (state, other):
            with pytest.raises(Busy, match=f"process {os.getpid()}") as caught:
                rival.watermarks.lease("acme", "connectwise").__enter__()
            assert caught.value.retry
            assert caught.value.where.tenant == "acme"
        assert leases(path) == [("acme", "connectwise")]


def test_other_names_and_other_tenants_are_free(state: SqliteState) -> None:
    with (
        state.watermarks.lease("acme", "connectwise"),
        state.watermarks.lease("acme", "canonical/tickets"),
        state.watermarks.lease("globex", "connectwise"),
    ):
        pass


def test_of_many_who_ask_at_once_one_gets_it(state: SqliteState) -> None:
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


def test_another_process_that_lives_keeps_its_lease(state: SqliteState, path: Path) -> None:
    with another_process(path) as holder:
        with pytest.raises(Busy, match=f"process {holder.pid}"):
            state.watermarks.lease("acme", "connectwise").__enter__()
        holder.communicate("end\n")
        with state.watermarks.lease("acme", "connectwise"):
            pass


@pytest.mark.skipif(sys.platform == "win32", reason="only the time counts there")
def test_the_lease_of_a_killed_process_is_free_at_once(state: SqliteState, path: Path) -> None:
    with another_process(path) as holder:
        holder.kill()
        holder.wait()
        assert leases(path) == [("acme", "connectwise")]
        with state.watermarks.lease("acme", "connectwise"):
            pass


def test_a_lease_of_an_earlier_process_with_our_pid_does_not_count(state: SqliteState, path: Path) -> None:
    with another_process(path) as holder:
        holder.kill()
    with sqlite3.connect(path) as db:
        db.execute("UPDATE leases SET pid = ?", (os.getpid(),))
    with state.watermarks.lease("acme", "connectwise"):
        pass


def test_a_lease_of_another_host_counts_until_its_time_has_passed(path: Path) -> None:
    clock = HandClock()
    with SqliteState(path, clock) as state:
        with state.watermarks.lease("acme", "connectwise"), sqlite3.connect(path) as db:
            db.execute("UPDATE leases SET host = 'elsewhere', pid = 1, token = 'theirs'")
        clock.now += timedelta(seconds=59)
        with pytest.raises(Busy, match="process 1 on elsewhere"):
            state.watermarks.lease("acme", "connectwise").__enter__()
        clock.now += timedelta(seconds=1)
        with state.watermarks.lease("acme", "connectwise"):
            pass


def test_a_lease_is_renewed_while_it_is_held(path: Path) -> None:
    clock = HandClock()
    with SqliteState(path, clock, lease_seconds=0.03) as state, state.watermarks.lease("acme", "connectwise"):
        clock.now += timedelta(seconds=10)
        for _ in range(2):  # the second question comes after the first renewal is stored
            clock.asked.clear()
            assert clock.asked.wait(10)
        with sqlite3.connect(path) as db:
            (until,) = db.execute("SELECT until FROM leases").fetchone()
    assert until == "2026-01-01T00:00:10.030000Z"


def test_a_holder_that_lost_its_lease_says_so_and_leaves_the_new_one_alone(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    noted = threading.Event()

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            noted.set()

    logger = logging.getLogger("avesa.shared.sqlite_leases")
    listener = Listener()
    logger.addHandler(listener)
    try:
        with (
            SqliteState(path, lease_seconds=0.03) as state,
            state.watermarks.lease("acme", "connectwise"),
        ):
            with sqlite3.connect(path) as db:
                db.execute("UPDATE leases SET token = 'theirs'")
            assert noted.wait(10)
    finally:
        logger.removeHandler(listener)
    assert "the lease of connectwise was lost" in caplog.text
    assert leases(path) == [("acme", "connectwise")]
