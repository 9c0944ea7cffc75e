"""One SQLite file that many threads and processes use at once. A commit is on the disk when it returns."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Protocol

from avesa.shared.durable_file import make_folders, sync_folder
from avesa.shared.errors import AvesaError, ConfigurationError, StorageError
from avesa.shared.file_lock import file_lock
from avesa.shared.rights import can_write, only_readable
from avesa.shared.storage_failure import storage_failure

SCHEMA_VERSION = 1
_SCHEMA = """
CREATE TABLE tenants (
    tenant_id TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TABLE tenant_services (
    tenant_id TEXT NOT NULL REFERENCES tenants ON DELETE CASCADE,
    service TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    settings TEXT NOT NULL,  -- a JSON object
    tables TEXT,             -- a JSON array; null means all of the service's tables
    schedule TEXT,
    problem TEXT,
    PRIMARY KEY (tenant_id, service)
) STRICT, WITHOUT ROWID;

CREATE TABLE last_updated (
    tenant_id TEXT NOT NULL,
    table_name TEXT NOT NULL,
    watermark TEXT,
    checkpoint TEXT,
    details TEXT,
    version INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, table_name)
) STRICT;

CREATE TABLE leases (
    tenant_id TEXT NOT NULL,
    name TEXT NOT NULL,
    token TEXT NOT NULL,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    process TEXT NOT NULL,
    until TEXT NOT NULL,
    PRIMARY KEY (tenant_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    stage TEXT NOT NULL,
    table_name TEXT NOT NULL,
    run_id TEXT NOT NULL,
    status TEXT NOT NULL,
    started_at TEXT NOT NULL,
    finished_at TEXT NOT NULL,
    error TEXT,
    figures TEXT NOT NULL    -- a JSON object
) STRICT;
CREATE INDEX runs_of_a_table ON runs (tenant_id, stage, table_name, id);
CREATE INDEX runs_of_a_tenant ON runs (tenant_id, id);
"""

BUSY_SECONDS = 30.0
_READABLE_BY_OWNER = 0o600


class SqliteFile(Protocol):
    """What the stores need of a file, whether it may be written or not."""

    may_write: bool

    def reading(self) -> AbstractContextManager[sqlite3.Connection]:
        """Single statements that only read. Not to be nested."""
        ...

    def writing(self) -> AbstractContextManager[sqlite3.Connection]:
        """A transaction that has the file for itself; rolled back on an error. Not to be nested."""
        ...

    def close(self) -> None: ...


class Database:
    """A `SqliteFile` with one connection, which threads take in turn. A file that is missing is made, readable by its
    owner alone.

    Raises ConfigurationError for a file that is no database of ours or of a later version, and StorageError for
    a full disk, missing rights (nothing is made or touched then) or a file that another process keeps locked.
    """

    may_write = True

    def __init__(self, path: Path, *, durable: bool = True) -> None:
        """Without `durable` a commit does not wait for the disk; a power cut may then take back the last ones."""
        self._path = path
        self._turn = threading.Lock()
        with told_of(path):
            self._connection = _connect(path)
            if not durable:
                self._connection.execute("PRAGMA synchronous = NORMAL")

    def __repr__(self) -> str:
        return f"Database({str(self._path)!r})"

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        with self._turn, told_of(self._path):
            yield self._connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        with self._turn, told_of(self._path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        with self._turn:
            self._connection.close()


@contextmanager
def told_of(path: Path) -> Iterator[None]:
    """What goes wrong with the file in the block, as an error of ours."""
    try:
        yield
    except sqlite3.Error as failure:
        raise _failure(path, failure) from failure
    except OSError as failure:
        raise storage_failure("open", str(path), failure) from failure


def _connect(path: Path) -> sqlite3.Connection:
    make_folders(path.parent)
    for needed in (path.parent, path):
        if needed.exists() and not can_write(needed):
            raise only_readable(needed)
    # Never opened and closed once it exists: that would drop the locks of this process's other connections.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, _READABLE_BY_OWNER))
        sync_folder(path.parent)
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        # Switching to WAL does not wait for other processes that do the same, so it is done in turn.
        with file_lock(path.with_name(f"{path.name}.lock")):
            connection.execute("PRAGMA journal_mode = WAL")
            _ensure_schema(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def check_schema(connection: sqlite3.Connection, path: Path) -> None:
    """Raises ConfigurationError for a database that is not ours or of a later version."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > SCHEMA_VERSION:
        raise ConfigurationError(
            f"{path} was written by a newer AVESA (schema {version}, this one knows {SCHEMA_VERSION}).",
            hint="Update AVESA, or use another home.",
        )
    if version != SCHEMA_VERSION:
        raise ConfigurationError(f"{path} is not a state file of AVESA.", hint="Name another home.")


def _ensure_schema(connection: sqlite3.Connection, path: Path) -> None:
    if connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone():
        check_schema(connection, path)
        return
    connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")


def _failure(path: Path, failure: sqlite3.Error) -> AvesaError:
    extended = getattr(failure, "sqlite_errorcode", 0)
    code = extended & 0xFF
    # The index of the write-ahead log is made larger before anything is written, and a full disk is told as that.
    if code == sqlite3.SQLITE_FULL or extended == sqlite3.SQLITE_IOERR_SHMSIZE:
        return StorageError(
            f"cannot write {path}: the disk is full.", hint="Make room and start it again; nothing was lost."
        )
    if code == sqlite3.SQLITE_BUSY:
        return StorageError(f"{path} is locked by another process.", hint="Try again when it is done.")
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return ConfigurationError(
            f"{path} is damaged or not a database.", hint="Restore it from a backup, or name another home."
        )
    name = getattr(failure, "sqlite_errorname", type(failure).__name__)
    return StorageError(f"cannot use {path} ({name}).", hint="Check the disk and the rights of the folder.")
