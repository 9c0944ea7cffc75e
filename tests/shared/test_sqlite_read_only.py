"""A state that may only be read, whoever writes it meanwhile and however its writer ended. Nothing is ever left there.

The writer is always another process: within one, SQLite shares the index of a file between all connections to it.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from avesa.shared import sqlite_read_only
from avesa.shared.errors import ConfigurationError, StorageError
from avesa.shared.sqlite_database import SCHEMA_VERSION
from avesa.shared.sqlite_read_only import ReadOnlyDatabase
from avesa.shared.sqlite_state import SqliteState
from avesa.shared.watermarks import TableState

_WRITER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
for line in sys.stdin:
    connection.execute(line).fetchall()
    print("done", flush=True)
connection.close()
"""


class Writer:
    """Another process that writes the file."""

    def __init__(self, path: Path) -> None:
        command = [sys.executable, "-c", _WRITER, str(path)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self, statement: str) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(f"{statement}\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline() == "done\n"

    def add(self, tenant: str) -> None:
        self(f"INSERT INTO tenants VALUES ('{tenant}')")

    def end(self) -> None:
        self._process.communicate()

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """One tenant is in it, and its writer has ended well."""
    path = tmp_path / "a home?mode=rw#1 %41" / "state.db"
    with SqliteState(path) as state:
        state.tenants.add_tenant("acme")
    return path


@pytest.fixture
def writer(path: Path) -> Iterator[Writer]:
    writer = Writer(path)
    yield writer
    with suppress(OSError):
        writer.kill()


def files(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in path.parent.iterdir()}


def read(path: Path, scratch: Path) -> list[str]:
    """The tenants, as one who opens the file now reads them. Nothing may change by that."""
    before = files(path)
    with SqliteState(path, read_only_in=scratch) as state:
        tenants = state.tenants.tenants()
    assert files(path) == before
    assert list(scratch.iterdir()) == []
    return tenants


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


def test_a_file_whose_writer_has_ended(path: Path, scratch: Path) -> None:
    assert set(files(path)) == {"state.db", "state.db.lock"}
    assert read(path, scratch) == ["acme"]


def test_what_a_writer_commits_is_seen_and_neither_waits_for_the_other(
    path: Path, writer: Writer, scratch: Path
) -> None:
    writer.add("beta")
    with SqliteState(path, read_only_in=scratch) as state:
        assert state.tenants.tenants() == ["acme", "beta"]
        writer("BEGIN IMMEDIATE")
        writer.add("gamma")
        assert state.tenants.tenants() == ["acme", "beta"]
        writer("COMMIT")
        assert state.tenants.tenants() == ["acme", "beta", "gamma"]
        writer("PRAGMA wal_checkpoint(TRUNCATE)")
        writer.add("delta")
        assert state.tenants.tenants() == ["acme", "beta", "delta", "gamma"]
        writer.end()
        assert state.tenants.tenants() == ["acme", "beta", "delta", "gamma"]


@pytest.mark.parametrize("without", ["nothing", "its index"])
def test_what_a_killed_writer_has_committed_is_there(path: Path, writer: Writer, scratch: Path, without: str) -> None:
    """A backup may leave the index out."""
    writer.add("beta")
    writer.kill()
    if without == "its index":
        path.with_name("state.db-shm").unlink()
    assert read(path, scratch) == ["acme", "beta"]


def test_an_empty_log_that_is_left_over_hides_nothing(path: Path, scratch: Path) -> None:
    path.with_name("state.db-wal").touch()
    assert read(path, scratch) == ["acme"]


def test_a_writer_that_comes_later_is_seen(path: Path, writer: Writer, scratch: Path) -> None:
    with SqliteState(path, read_only_in=scratch) as state:
        assert state.tenants.tenants() == ["acme"]
        writer.add("beta")
        assert state.tenants.tenants() == ["acme", "beta"]
        writer.end()
        assert state.tenants.tenants() == ["acme", "beta"]


@pytest.mark.parametrize("end", ["end", "kill"])
def test_what_changed_while_it_was_read_is_not_believed(path: Path, writer: Writer, scratch: Path, end: str) -> None:
    with closing(ReadOnlyDatabase(path, scratch)) as database:
        with pytest.raises(StorageError, match="was changed while it was read") as caught, database.reading():
            writer.add("beta")
            getattr(writer, end)()
        assert caught.value.retry
        with database.reading() as db:
            assert len(db.execute("SELECT * FROM tenants").fetchall()) == 2


def test_a_log_that_is_begun_again_while_it_is_copied_is_copied_again(
    path: Path, writer: Writer, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer.add("beta")
    writer.kill()
    path.with_name("state.db-shm").unlink()
    copied: list[Path] = []
    copyfile = sqlite_read_only.shutil.copyfile

    def while_somebody_writes(source: Path, target: Path) -> None:
        copyfile(source, target)
        copied.append(source)
        if len(copied) == 1:
            other = Writer(path)
            other("PRAGMA wal_checkpoint(TRUNCATE)")
            other.add("gamma")
            other.kill()

    monkeypatch.setattr(sqlite_read_only.shutil, "copyfile", while_somebody_writes)
    with SqliteState(path, read_only_in=scratch) as state:
        assert state.tenants.tenants() == ["acme", "beta", "gamma"]
    assert len(copied) == 4


def test_nothing_can_be_written_and_a_lease_is_everybody_s(path: Path, scratch: Path) -> None:
    before = files(path)
    with SqliteState(path, read_only_in=scratch) as state:
        for write in (
            lambda: state.tenants.add_tenant("beta"),
            lambda: state.watermarks.put(TableState("acme", "connectwise/tickets")),
        ):
            with pytest.raises(StorageError, match="can only be read"):
                write()
        with state.watermarks.lease("acme", "sync"), state.watermarks.lease("acme", "sync"):
            pass
    assert files(path) == before


def test_files_that_are_not_ours_are_refused(tmp_path: Path, path: Path, scratch: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    theirs, none = tmp_path / "theirs.db", tmp_path / "none.db"
    with sqlite3.connect(theirs) as db:
        db.execute("CREATE TABLE theirs (x)")
    none.write_bytes(b"something else entirely" * 100)
    for file, told in ((path, "newer AVESA"), (theirs, "not a state file"), (none, "damaged or not a database")):
        with pytest.raises(ConfigurationError, match=told):
            SqliteState(file, read_only_in=scratch)
