from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from avesa.shared.sqlite_state import SqliteState
from port_sides import SqliteSide, another_process

HOLDER = """
import sys
from port_sides import side_of
with side_of(sys.argv[1:]).open() as state, state.watermarks.lease("acme", "connectwise"):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def side(tmp_path: Path) -> SqliteSide:
    return SqliteSide(str(tmp_path))


@pytest.fixture
def state(side: SqliteSide) -> Iterator[SqliteState]:
    with SqliteState(side.path) as opened:
        yield opened


@contextmanager
def killed_while_holding(side: SqliteSide) -> Iterator[None]:
    with another_process(HOLDER, side) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        holder.kill()
        holder.wait()
        yield


@pytest.mark.skipif(sys.platform == "win32", reason="only the time counts there")
def test_the_lease_of_a_killed_process_is_free_at_once(state: SqliteState, side: SqliteSide) -> None:
    with killed_while_holding(side):
        assert side.leases() == [("acme", "connectwise")]
        with state.watermarks.lease("acme", "connectwise"):
            pass


def test_a_lease_of_an_earlier_process_with_our_pid_does_not_count(state: SqliteState, side: SqliteSide) -> None:
    with killed_while_holding(side), sqlite3.connect(side.path) as db:
        db.execute("UPDATE leases SET pid = ?", (os.getpid(),))
    with state.watermarks.lease("acme", "connectwise"):
        pass
