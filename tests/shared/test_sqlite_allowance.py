from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

from avesa.shared.sqlite_allowance import SqliteAllowances
from avesa.shared.sqlite_state import SqliteState

WORKER = """
import sys
from pathlib import Path
from avesa.shared.sqlite_allowance import SqliteAllowances
allowances = SqliteAllowances(Path(sys.argv[1]))
print(allowances.worker(), flush=True)
"""


def add(allowances: SqliteAllowances, account: str = "a") -> int:
    return allowances.change(account, lambda text: (str(int(text or b"0") + 1).encode(), int(text or b"0") + 1))


def test_a_worker_is_gone_when_its_process_has_ended(tmp_path: Path) -> None:
    allowances = SqliteAllowances(tmp_path / "state.db")
    with subprocess.Popen(
        [sys.executable, "-c", WORKER, str(tmp_path / "state.db")], stdout=subprocess.PIPE, text=True
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
