"""The writes of a sync, and the moments of each at which a process may die or a write may fail.

Every durable thing that a sync does goes through one of the calls that are watched here, so a run in which nothing
happens tells all the points there are.
"""

from __future__ import annotations

import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from avesa.canonical_transform.canonical_table import CanonicalTable
from avesa.connector.limiter import Limiter
from avesa.integrations import load_service
from avesa.integrations.connectwise import BY_ID
from avesa.shared import durable_file
from avesa.shared.objects import Objects
from avesa.shared.sqlite_allowance import SqliteAllowances
from avesa.shared.sqlite_database import Database, told_of
from avesa.shared.sqlite_leases import SqliteLeases
from avesa.shared.sqlite_run_log import SqliteRunLog
from avesa.shared.sqlite_watermarks import SqliteWatermarks
from avesa.shared.watermarks import TableState

MOMENTS = ("before", "middle", "after")
KINDS = (
    "raw file",
    "receipt",
    "checkpoint",
    "watermark",
    "canonical file",
    "commit",
    "flush of the log",
    "ledger",
    "quarantine file",
    "lease taken",
    "lease given back",
    "run log",
)
PASSING = ("allowance", "allowance given back", "scratch folder")
"""Kinds of writes that matter while a process lives, and not to the next one."""

ROWS_A_PAGE = 8

_SERVICE = load_service("connectwise")
SMALL_PAGES = replace(
    _SERVICE,
    paging=replace(BY_ID, most=ROWS_A_PAGE),
    # Every list here comes by id, so that a page is small in a listing too.
    endpoints=tuple(replace(endpoint, listing_paging=None) for endpoint in _SERVICE.endpoints),
)


@dataclass(frozen=True, order=True)
class Point:
    """A moment of the `number`-th write of its `kind` to `what` (a folder, a table, a lease)."""

    kind: str
    what: str
    number: int
    moment: str


Half = Callable[[], None]
"""Leaves behind what a process leaves that dies in the middle of a write."""
Reached = Callable[[Point, Half], None]
"""Told of each point; what it raises the write raises, as if the system had said so."""


@contextmanager
def watched(reached: Reached) -> Iterator[None]:
    """`reached` is told of each point of all syncs in this process, until the end of the block."""
    watch = _Watch(reached)
    before: list[tuple[Any, str, Any]] = []

    def put(target: Any, **calls: Callable[..., Any]) -> None:
        for name, call in calls.items():
            before.append((target, name, getattr(target, name)))
            setattr(target, name, call)

    _watch_objects(watch, put)
    _watch_state(watch, put)
    _watch_allowances(watch, put)
    _watch_commits(watch, put)
    _watch_scratch(watch, put)
    try:
        yield
    finally:
        for target, name, call in before:
            setattr(target, name, call)


Put = Callable[..., None]


def _nothing() -> None:
    pass


class _Watch:
    """Numbers the writes. Tables are pulled in threads of their own."""

    def __init__(self, reached: Reached) -> None:
        self._reached = reached
        self._counts: Counter[tuple[str, str]] = Counter()
        self._turn = threading.Lock()
        self._mine = threading.local()

    @contextmanager
    def write(self, kind: str, what: str) -> Iterator[None]:
        """The moments inside the block are those of this write."""
        with self._turn:
            self._counts[kind, what] += 1
            number = self._counts[kind, what]
        around = getattr(self._mine, "write", None)
        self._mine.write = (kind, what, number)
        try:
            yield
        finally:
            self._mine.write = around

    def reach(self, moment: str, half: Half = _nothing) -> None:
        write = getattr(self._mine, "write", None)
        if write is not None:  # else it is the renewal of a lease, which comes by itself
            self._reached(Point(*write, moment), half)


def _watch_objects(watch: _Watch, put: Put) -> None:
    write, upload, make_durable = Objects.write, Objects.upload, Objects.make_durable

    def watched_write(self: Objects, path: str, data: bytes) -> None:
        with watch.write(_kind_of_file(path), _folder(path)):
            _begin(self, path, data)
            write(self, path, data)
            _reach(self, path, "after")

    def watched_upload(self: Objects, path: str, local: Path) -> int:
        with watch.write(_kind_of_file(path), _folder(path)):
            _begin(self, path, local.read_bytes())
            size = upload(self, path, local)
            _reach(self, path, "after")
        return size

    def watched_make_durable(self: Objects, path: str) -> None:
        with watch.write("flush of the log", _folder(path)):
            _reach(self, path, "before")
            make_durable(self, path)
            _reach(self, path, "after")

    def _begin(self: Objects, path: str, data: bytes) -> None:
        _reach(self, path, "before")
        _reach(self, path, "middle", lambda: leave_half(Path(self.root, path), data))

    def _reach(self: Objects, path: str, moment: str, half: Half = _nothing) -> None:
        self._attempt("write", path, lambda: watch.reach(moment, half))

    def unwatched(self: Objects, path: str, data: bytes) -> bool:
        raise AssertionError("a sync writes in a way that is not watched")

    put(Objects, write=watched_write, upload=watched_upload, make_durable=watched_make_durable, write_new=unwatched)


def _watch_state(watch: _Watch, put: Put) -> None:
    stored, take, release, log = SqliteWatermarks.put, SqliteLeases.take, SqliteLeases.release, SqliteRunLog.write
    writing = Database.writing

    def watched_put(self: SqliteWatermarks, state: TableState) -> TableState:
        kind = "checkpoint" if state.checkpoint else "watermark"
        with watch.write("ledger" if state.table_name.startswith("canonical/") else kind, state.table_name):
            return stored(self, state)

    def watched_take(self: SqliteLeases, tenant: str, name: str, token: str) -> None:
        with watch.write("lease taken", name):
            take(self, tenant, name, token)

    def watched_release(self: SqliteLeases, tenant: str, name: str, token: str) -> None:
        with watch.write("lease given back", name):
            release(self, tenant, name, token)

    def watched_log(self: SqliteRunLog, entry: Any) -> None:
        with watch.write("run log", f"{entry.stage} {entry.table}"):
            log(self, entry)

    @contextmanager
    def watched_writing(self: Database) -> Iterator[Any]:
        with told_of(self._path):
            watch.reach("before")
        with writing(self) as db:
            yield db
            watch.reach("middle")  # the statements are done, the commit is not
        with told_of(self._path):
            watch.reach("after")

    put(SqliteWatermarks, put=watched_put)
    put(SqliteLeases, take=watched_take, release=watched_release)
    put(SqliteRunLog, write=watched_log)
    put(Database, writing=watched_writing)


def _watch_allowances(watch: _Watch, put: Put) -> None:
    change, close = SqliteAllowances.change, Limiter.close
    closing = threading.local()

    def watched_change(self: SqliteAllowances, account: str, step: Any) -> Any:
        with watch.write("allowance given back" if getattr(closing, "is_so", False) else "allowance", ""):
            return change(self, account, step)

    def watched_close(self: Limiter) -> None:
        closing.is_so = True
        try:
            close(self)
        finally:
            closing.is_so = False

    put(SqliteAllowances, change=watched_change)
    put(Limiter, close=watched_close)


def _watch_commits(watch: _Watch, put: Put) -> None:
    commit = CanonicalTable.commit

    def watched_commit(self: CanonicalTable, base: Any, *args: Any, **options: Any) -> Any:
        entry = Path(self.objects.root, self.prefix, "_delta_log", f"{base.version + 1:020}.json")

        def reach(moment: str, half: Half = _nothing) -> None:
            try:
                watch.reach(moment, half)
            except OSError as error:
                raise self._failed("commit to", error) from None

        with watch.write("commit", self.prefix):
            reach("before")
            reach("middle", lambda: leave_half(entry, b'{"commitInfo":{"timestamp":1}}'))
            done = commit(self, base, *args, **options)
            reach("after")
        return done

    put(CanonicalTable, commit=watched_commit)


def _watch_scratch(watch: _Watch, put: Put) -> None:
    made = tempfile.mkdtemp

    def watched_made(suffix: Any = None, prefix: Any = None, dir: Any = None) -> str:
        with watch.write("scratch folder", prefix or ""):
            watch.reach("before")
            return made(suffix, prefix, dir)

    put(tempfile, mkdtemp=watched_made)


def leave_half(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    durable_file.staging_name(path).write_bytes(data[: len(data) // 2])


def _kind_of_file(path: str) -> str:
    place = path.split("/")[1]
    if place == "raw":
        return "receipt" if path.endswith(".json") else "raw file"
    return {"canonical": "canonical file", "quarantine": "quarantine file"}[place]


def _folder(path: str) -> str:
    return path.rpartition("/")[0]
