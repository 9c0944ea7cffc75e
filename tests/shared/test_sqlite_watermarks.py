from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from avesa.shared.errors import StaleState
from avesa.shared.sqlite_state import SqliteState
from avesa.shared.watermarks import TableState

MOMENT = datetime(2026, 1, 31, 14, 5, 9, 123456, UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.sqlite"


@pytest.fixture
def state(path: Path) -> Iterator[SqliteState]:
    with SqliteState(path) as opened:
        yield opened


def test_nothing_was_stored_yet_is_version_0(state: SqliteState) -> None:
    assert state.watermarks.get("acme", "connectwise/tickets") == TableState("acme", "connectwise/tickets")
    assert state.watermarks.all("acme") == []


def test_a_state_comes_back_to_the_microsecond_with_its_version(state: SqliteState, path: Path) -> None:
    put = TableState("acme", "connectwise/tickets", MOMENT, '{"next": 2}', '{"boundary": []}')
    stored = state.watermarks.put(put)
    assert stored == replace(put, version=1)
    with SqliteState(path) as other:
        assert other.watermarks.get("acme", "connectwise/tickets") == stored


def test_a_time_of_another_zone_is_the_same_moment(state: SqliteState) -> None:
    local = MOMENT.astimezone(timezone(timedelta(hours=5, minutes=30)))
    state.watermarks.put(TableState("acme", "connectwise/tickets", local))
    assert state.watermarks.get("acme", "connectwise/tickets").watermark == MOMENT


def test_an_old_view_changes_nothing(state: SqliteState) -> None:
    first = state.watermarks.put(TableState("acme", "connectwise/tickets", MOMENT))
    second = state.watermarks.put(replace(first, checkpoint="{}"))
    for stale in (TableState("acme", "connectwise/tickets"), first, replace(second, version=9)):
        with pytest.raises(StaleState, match="connectwise/tickets") as caught:
            state.watermarks.put(replace(stale, watermark=None))
        assert caught.value.retry
    assert state.watermarks.get("acme", "connectwise/tickets") == second


def test_a_forgotten_state_cannot_be_brought_back_by_an_old_view(state: SqliteState) -> None:
    stored = state.watermarks.put(TableState("acme", "connectwise/tickets", MOMENT))
    state.watermarks.forget("acme")
    with pytest.raises(StaleState):
        state.watermarks.put(stored)
    assert state.watermarks.all("acme") == []


def test_a_tenant_s_states_are_its_own_and_sorted(state: SqliteState) -> None:
    for table in ("connectwise/tickets", "canonical/tickets", "connectwise/companies"):
        state.watermarks.put(TableState("acme", table))
    other = state.watermarks.put(TableState("globex", "connectwise/tickets"))
    assert [each.table_name for each in state.watermarks.all("acme")] == [
        "canonical/tickets",
        "connectwise/companies",
        "connectwise/tickets",
    ]
    state.watermarks.forget("acme")
    assert state.watermarks.all("globex") == [other]


def test_of_many_threads_with_the_same_view_one_wins(state: SqliteState) -> None:
    current = TableState("acme", "connectwise/tickets")
    for _ in range(10):
        start = threading.Barrier(8)

        def race(number: int, start: threading.Barrier = start, seen: TableState = current) -> TableState | None:
            start.wait()
            try:
                return state.watermarks.put(replace(seen, checkpoint=str(number)))
            except StaleState:
                return None

        with ThreadPoolExecutor(8) as pool:
            won = [result for result in pool.map(race, range(8)) if result]
        assert len(won) == 1
        current = won[0]
        assert state.watermarks.get("acme", "connectwise/tickets") == current


def test_processes_that_count_together_lose_no_step(path: Path, state: SqliteState) -> None:
    program = """
import sys
from dataclasses import replace
from pathlib import Path
from avesa.shared.errors import StaleState
from avesa.shared.sqlite_state import SqliteState
marks = SqliteState(Path(sys.argv[1])).watermarks
sys.stdin.readline()
done = 0
while done < 50:
    seen = marks.get("acme", "x/y")
    try:
        marks.put(replace(seen, details=str(int(seen.details or 0) + 1)))
        done += 1
    except StaleState:
        pass
"""
    workers = [subprocess.Popen([sys.executable, "-c", program, str(path)], stdin=subprocess.PIPE) for _ in range(4)]
    for worker in workers:
        assert worker.stdin
        worker.stdin.write(b"go\n")
        worker.stdin.flush()
    for worker in workers:
        worker.communicate()
        assert worker.returncode == 0
    counted = state.watermarks.get("acme", "x/y")
    assert (counted.details, counted.version) == ("200", 200)
