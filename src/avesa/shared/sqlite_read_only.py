"""A SQLite file that this process may only read: somebody else's, one on a read-only mount, one in a snapshot.

SQLite in WAL mode writes even to read: its index lies in a file beside the database. So there are three ways. Where
a writer is at work, or has left its index, SQLite reads by that. Where a writer has died and the index is gone, as in
a backup without it, a copy is read. Where there is no log, the file is all there is, and is read as one that nobody
changes; whether that was true is looked at afterwards.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from avesa.shared.errors import StorageError
from avesa.shared.rights import can_read, only_readable, unreadable
from avesa.shared.sqlite_database import BUSY_SECONDS, check_schema, told_of

_ATTEMPTS = 5
_HEADER = 32
"""Bytes at the beginning of a log. They change whenever the log is begun again."""


@dataclass(frozen=True)
class _Seen:
    """What lay there: times, sizes and the header of the log. None of it says more than whether it is the same."""

    file: tuple[int, ...]
    log: tuple[int, ...]
    header: bytes


@dataclass(frozen=True)
class _Opened:
    """`seen` is None where SQLite itself sees what a writer does; `is_copy` where that cannot touch what is read."""

    connection: sqlite3.Connection
    end: ExitStack
    seen: _Seen | None = None
    is_copy: bool = False


class ReadOnlyDatabase:
    """A `SqliteFile` that is there already. `scratch` is for a copy, which is made where there is no other way.

    A writer in another process is not hindered, and what it commits is seen.

    Raises StorageError for a file that cannot be read, or where something is to be written, and ConfigurationError
    for a file that is no database of ours or of another version.
    """

    may_write = False

    def __init__(self, path: Path, scratch: Path) -> None:
        self._path = path
        self._scratch = scratch
        self._turn = threading.Lock()
        with told_of(path):
            if not can_read(path):
                raise unreadable(path)
            self._opened = self._open()

    def __repr__(self) -> str:
        return f"ReadOnlyDatabase({str(self._path)!r})"

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        with self._turn, told_of(self._path):
            if self._opened.seen not in (None, _look(self._path)):
                before, self._opened = self._opened, self._open()
                before.end.close()
            yield self._opened.connection
            if not self._opened.is_copy and self._opened.seen not in (None, _look(self._path)):
                raise _changed(self._path)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        raise only_readable(self._path)
        yield self._opened.connection

    def close(self) -> None:
        with self._turn:
            self._opened.end.close()

    def _open(self) -> _Opened:
        seen = _look(self._path)
        if seen.log:
            with suppress(sqlite3.OperationalError):  # there is no index
                return _connected(self._path, "mode=ro&readonly_shm=1")
        if seen.header:
            return self._copied()
        return _connected(self._path, "mode=ro&immutable=1", seen)

    def _copied(self) -> _Opened:
        """The file first: what goes from the log into it meanwhile stays in the log until that is begun again."""
        log = _beside(self._path, "-wal")
        with ExitStack() as end:
            folder = Path(end.enter_context(tempfile.TemporaryDirectory(prefix="state-", dir=self._scratch)))
            copy = folder / self._path.name
            with suppress(FileNotFoundError):  # the log has ended after all
                for _ in range(_ATTEMPTS):
                    seen = _look(self._path)
                    shutil.copyfile(self._path, copy)
                    shutil.copyfile(log, _beside(copy, "-wal"))
                    if _header(log) == seen.header:
                        return _connected(copy, "mode=rw", seen, end.pop_all())
        raise _changed(self._path)


def _connected(path: Path, how: str, seen: _Seen | None = None, after: ExitStack | None = None) -> _Opened:
    """`after` is what ends behind the connection; with it, it is one to a copy."""
    with after or ExitStack() as end:
        uri = f"{path.absolute().as_uri()}?{how}"
        connection = sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        end.enter_context(closing(connection))
        check_schema(connection, path)
        return _Opened(connection, end.pop_all(), seen, is_copy=after is not None)


def _look(path: Path) -> _Seen:
    log = _beside(path, "-wal")
    return _Seen(_told(path), _told(log), _header(log))


def _told(path: Path) -> tuple[int, ...]:
    try:
        found = path.stat()
    except FileNotFoundError:
        return ()
    return (found.st_ino, found.st_mtime_ns, found.st_size)


def _header(log: Path) -> bytes:
    try:
        with log.open("rb") as file:
            return file.read(_HEADER)
    except FileNotFoundError:
        return b""


def _beside(path: Path, end: str) -> Path:
    return path.with_name(path.name + end)


def _changed(path: Path) -> StorageError:
    return StorageError(f"{path} was changed while it was read.", hint="Try again.")
