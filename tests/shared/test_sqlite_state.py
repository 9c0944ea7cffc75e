from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from avesa.shared.errors import ConfigurationError, StorageError
from avesa.shared.sqlite_database import SCHEMA_VERSION
from avesa.shared.sqlite_state import SqliteState
from avesa.shared.watermarks import TableState
from full_disks import fill


def test_the_file_is_its_owner_s_alone_and_survives(tmp_path: Path) -> None:
    path = tmp_path / "home" / "state.sqlite"
    with SqliteState(path) as state:
        state.tenants.add_tenant("acme")
        assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}
    with SqliteState(path) as state:
        assert state.tenants.tenants() == ["acme"]


def test_a_commit_waits_for_the_disk_and_readers_do_not_wait_for_writers(tmp_path: Path) -> None:
    with SqliteState(tmp_path / "state.sqlite") as state, state._database.reading() as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert db.execute("PRAGMA synchronous").fetchone() == (2,)


def test_many_processes_can_open_a_new_file_at_once(tmp_path: Path) -> None:
    program = """
import sys
from pathlib import Path
from avesa.shared.sqlite_state import SqliteState
sys.stdin.readline()
SqliteState(Path(sys.argv[1])).tenants.add_tenant(sys.argv[2])
"""
    path = tmp_path / "state.sqlite"
    workers = [
        subprocess.Popen([sys.executable, "-c", program, str(path), f"tenant{number}"], stdin=subprocess.PIPE)
        for number in range(6)
    ]
    for worker in workers:
        assert worker.stdin
        worker.stdin.write(b"go\n")
        worker.stdin.flush()
    for worker in workers:
        worker.communicate()
        assert worker.returncode == 0
    with SqliteState(path) as state:
        assert state.tenants.tenants() == [f"tenant{number}" for number in range(6)]


def test_a_file_of_a_later_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    SqliteState(path).close()
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    with pytest.raises(ConfigurationError, match="newer AVESA"):
        SqliteState(path)


def test_a_database_of_somebody_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE theirs (x)")
    with pytest.raises(ConfigurationError, match="not a state file"):
        SqliteState(path)


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    path.write_bytes(b"something else entirely" * 100)
    with pytest.raises(ConfigurationError, match="damaged or not a database"):
        SqliteState(path)


def test_a_disk_that_is_full_when_it_is_opened_is_told_as_that(small_disk: Path) -> None:
    place = small_disk / "state.sqlite"
    with SqliteState(place) as state:
        state.tenants.add_tenant("acme")
    filler = fill(small_disk)
    with pytest.raises(StorageError, match="disk is full"), SqliteState(place) as state:
        state.tenants.add_tenant("globex")
    filler.unlink()
    with SqliteState(place) as state:
        assert state.tenants.tenants() == ["acme"]


def test_a_full_disk_is_told_and_what_was_stored_stays(small_disk: Path) -> None:
    with SqliteState(small_disk / "state.sqlite") as state:
        stored = state.watermarks.put(TableState("acme", "connectwise/tickets", checkpoint="{}"))
        with pytest.raises(StorageError) as caught:
            state.watermarks.put(TableState("acme", "connectwise/tickets", checkpoint="x" * 500_000, version=1))
        assert "disk is full" in str(caught.value)
        assert state.watermarks.get("acme", "connectwise/tickets") == stored
        state.watermarks.put(stored)
