from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from avesa.shared.errors import StaleState
from avesa.shared.watermarks import TableState
from port_sides import Side, State, all_at_once

MOMENT = datetime(2026, 1, 31, 14, 5, 9, 123456, UTC)


def test_nothing_was_stored_yet_is_version_0(state: State) -> None:
    assert state.watermarks.get("acme", "connectwise/tickets") == TableState("acme", "connectwise/tickets")
    assert state.watermarks.all("acme") == []


def test_a_state_comes_back_to_the_microsecond_with_its_version(state: State, side: Side) -> None:
    put = TableState("acme", "connectwise/tickets", MOMENT, '{"next": 2}', '{"boundary": []}')
    stored = state.watermarks.put(put)
    assert stored == replace(put, version=1)
    with side.open() as other:
        assert other.watermarks.get("acme", "connectwise/tickets") == stored


def test_a_time_of_another_zone_is_the_same_moment(state: State) -> None:
    local = MOMENT.astimezone(timezone(timedelta(hours=5, minutes=30)))
    state.watermarks.put(TableState("acme", "connectwise/tickets", local))
    assert state.watermarks.get("acme", "connectwise/tickets").watermark == MOMENT


def test_an_old_view_changes_nothing(state: State) -> None:
    first = state.watermarks.put(TableState("acme", "connectwise/tickets", MOMENT))
    second = state.watermarks.put(replace(first, checkpoint="{}"))
    for stale in (TableState("acme", "connectwise/tickets"), first, replace(second, version=9)):
        with pytest.raises(StaleState, match="connectwise/tickets") as caught:
            state.watermarks.put(replace(stale, watermark=None))
        assert caught.value.retry
    assert state.watermarks.get("acme", "connectwise/tickets") == second


def test_a_forgotten_state_cannot_be_brought_back_by_an_old_view(state: State) -> None:
    stored = state.watermarks.put(TableState("acme", "connectwise/tickets", MOMENT))
    state.watermarks.forget("acme")
    with pytest.raises(StaleState):
        state.watermarks.put(stored)
    assert state.watermarks.all("acme") == []


def test_a_tenant_s_states_are_its_own_and_sorted(state: State) -> None:
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


def test_the_states_below_a_name_can_be_forgotten_alone(state: State) -> None:
    for tenant, table in (("acme", "halo/tickets"), ("acme", "halopsa/tickets"), ("globex", "halo/tickets")):
        state.watermarks.put(TableState(tenant, table))
    state.watermarks.forget("acme", "halo/")
    state.watermarks.forget("acme", "nothing/")
    assert [each.table_name for each in state.watermarks.all("acme")] == ["halopsa/tickets"]
    assert len(state.watermarks.all("globex")) == 1


def test_of_many_threads_with_the_same_view_one_wins(state: State) -> None:
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


def test_processes_that_count_together_lose_no_step(side: Side, state: State) -> None:
    program = """
import sys
from dataclasses import replace
from avesa.shared.errors import StaleState
from port_sides import side_of
with side_of(sys.argv[1:]).open() as state:
    sys.stdin.readline()
    done = 0
    while done < 25:
        seen = state.watermarks.get("acme", "x/y")
        try:
            state.watermarks.put(replace(seen, details=str(int(seen.details or 0) + 1)))
            done += 1
        except StaleState:
            pass
"""
    all_at_once(program, side, (), (), ())
    counted = state.watermarks.get("acme", "x/y")
    assert (counted.details, counted.version) == ("75", 75)


def test_states_can_be_asked_for_by_what_their_names_begin_with(state: State) -> None:
    for table in ("a_b/x", "a%b/x", "a/x", "a/y", "aa/x"):
        state.watermarks.put(TableState("acme", table))
    assert [each.table_name for each in state.watermarks.all("acme", "a/")] == ["a/x", "a/y"]
    assert [each.table_name for each in state.watermarks.all("acme", "a_b/")] == ["a_b/x"]


def test_a_lease_is_no_state_and_is_not_forgotten_with_them(state: State, side: Side) -> None:
    with state.watermarks.lease("acme", "connectwise"):
        state.watermarks.put(TableState("acme", "connectwise/tickets"))
        assert [each.table_name for each in state.watermarks.all("acme")] == ["connectwise/tickets"]
        state.watermarks.forget("acme")
        assert side.leases() == [("acme", "connectwise")]


def test_a_long_checkpoint_comes_back_as_it_was(state: State) -> None:
    text = "".join(f'{{"file": "{number:032x}"}},' for number in range(5_000)) + "ünï"
    state.watermarks.put(TableState("acme", "x/y", checkpoint=text, details=text[::-1]))
    found = state.watermarks.get("acme", "x/y")
    assert (found.checkpoint, found.details) == (text, text[::-1])
