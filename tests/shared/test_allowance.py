from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from avesa.shared.allowance import Allowances
from port_sides import Side, State, all_at_once

ADDER = """
import sys
from port_sides import side_of
with side_of(sys.argv[1:]).open() as state:
    sys.stdin.readline()
    for _ in range(20):
        state.allowances.change("a", lambda text: (str(int(text or b"0") + 1).encode(), None))
"""


def read(allowances: Allowances, account: str) -> bytes | None:
    found: list[bytes | None] = []
    allowances.change(account, lambda text: (text or b"0", found.append(text)))
    return found[0]


def add(allowances: Allowances, account: str = "a") -> int:
    return allowances.change(account, lambda text: (str(int(text or b"0") + 1).encode(), int(text or b"0") + 1))


def test_no_change_is_lost_among_threads(state: State) -> None:
    with ThreadPoolExecutor(4) as pool:
        seen = list(pool.map(lambda _: add(state.allowances), range(40)))
    assert sorted(seen) == list(range(1, 41))


def test_no_change_is_lost_among_processes(state: State, side: Side) -> None:
    all_at_once(ADDER, side, (), ())
    assert read(state.allowances, "a") == b"40"


def test_accounts_are_apart_and_survive(side: Side) -> None:
    with side.open() as state:
        add(state.allowances, "a")
        add(state.allowances, "b")
        add(state.allowances, "b")
    with side.open() as state:
        assert [read(state.allowances, account) for account in "abc"] == [b"1", b"2", None]


def test_what_stays_the_same_is_not_written(side: Side) -> None:
    with side.open() as state:
        add(state.allowances)
        before = side.allowances_written()
        for _ in range(5):
            assert read(state.allowances, "a") == b"1"
        assert side.allowances_written() == before
        add(state.allowances)
        assert side.allowances_written() != before


def test_a_step_that_fails_changes_nothing(state: State) -> None:
    add(state.allowances)

    def fail(text: bytes | None) -> tuple[bytes, None]:
        raise RuntimeError("boom")

    with pytest.raises(RuntimeError, match="boom"):
        state.allowances.change("a", fail)
    assert add(state.allowances) == 2


def test_workers_have_names_of_their_own_and_live_while_they_are_at_work(state: State) -> None:
    names = {state.allowances.worker() for _ in range(10)}
    assert len(names) == 10
    assert not any(state.allowances.is_gone(name) for name in names)
