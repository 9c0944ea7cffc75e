from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from avesa.shared.sqlite_allowance import SqliteAllowances
from avesa.shared.sqlite_state import SqliteState

ADDER = """
import sys
from pathlib import Path
from avesa.shared.sqlite_allowance import SqliteAllowances
allowances = SqliteAllowances(Path(sys.argv[1]))
print(allowances.worker(), flush=True)
for _ in range(100):
    allowances.change("a", lambda text: (str(int(text or b"0") + 1).encode(), None))
"""


def read(allowances: SqliteAllowances, account: str) -> bytes | None:
    found: list[bytes | None] = []
    allowances.change(account, lambda text: (text or b"", found.append(text)))
    return found[0]


def add(allowances: SqliteAllowances, account: str = "a") -> int:
    return allowances.change(account, lambda text: (str(int(text or b"0") + 1).encode(), int(text or b"0") + 1))


def test_no_change_is_lost_among_threads_and_processes(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    allowances = SqliteAllowances(path)
    others = [
        subprocess.Popen([sys.executable, "-c", ADDER, str(path)], stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: add(allowances), range(100)))
    for other in others:
        other.communicate()
        assert other.returncode == 0
    assert read(allowances, "a") == b"300"
    allowances.close()


def test_accounts_are_apart_and_survive(tmp_path: Path) -> None:
    with SqliteState(tmp_path / "state.db") as state:
        add(state.allowances, "a")
        add(state.allowances, "b")
        add(state.allowances, "b")
    with SqliteState(tmp_path / "state.db") as state:
        assert (read(state.allowances, "a"), read(state.allowances, "b"), read(state.allowances, "c")) == (
            b"1",
            b"2",
            None,
        )


def test_a_step_that_fails_changes_nothing(tmp_path: Path) -> None:
    allowances = SqliteAllowances(tmp_path / "state.db")
    add(allowances)

    def fail(text: bytes | None) -> tuple[bytes, None]:
        raise RuntimeError("boom")

    with pytest.raises(RuntimeError, match="boom"):
        allowances.change("a", fail)
    assert add(allowances) == 2


def test_a_worker_is_gone_when_its_process_has_ended(tmp_path: Path) -> None:
    allowances = SqliteAllowances(tmp_path / "state.db")
    with subprocess.Popen(
        [sys.executable, "-c", ADDER, str(tmp_path / "state.db")], stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout
        worker = other.stdout.readline().strip()
    assert allowances.is_gone(worker)
    mine = allowances.worker()
    assert not allowances.is_gone(mine)
    assert mine != allowances.worker()
    host, pid, _, token = mine.split("|")
    assert pid == str(os.getpid())
    assert allowances.is_gone("|".join((host, pid, "an earlier process", token)))
    assert not allowances.is_gone("|".join(("another machine", "1", "process", token)))


def test_a_home_from_before_gets_the_table_when_it_is_needed(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    SqliteState(path).close()
    with sqlite3.connect(path) as db:
        assert not db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'allowances'").fetchone()
    with SqliteState(path) as state:
        assert add(state.allowances) == 1
