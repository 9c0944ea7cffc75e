"""A sync in a process of its own that kills itself at one chosen write: before it, in the middle of it, or after it.

Every durable thing that a sync does goes through one of the calls that are watched here, so a run that is not
killed tells all the points there are.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from avesa.canonical_transform.canonical_table import CanonicalTable
from avesa.canonical_transform.mapping import load_mapping, mapping_names
from avesa.connector.outcome import PullOptions
from avesa.integrations import load_service
from avesa.integrations.connectwise import BY_ID
from avesa.pipeline.home import open_home
from avesa.pipeline.ingest import ingest_service
from avesa.pipeline.ports import Ports
from avesa.pipeline.transform import transform_tenant
from avesa.shared import durable_file
from avesa.shared.clock import from_iso, to_iso
from avesa.shared.objects import Objects
from avesa.shared.sqlite_database import Database
from avesa.shared.sqlite_leases import SqliteLeases
from avesa.shared.sqlite_run_log import SqliteRunLog
from avesa.shared.sqlite_watermarks import SqliteWatermarks
from avesa.shared.watermarks import TableState
from forked import Forker

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
ROWS_A_PAGE = 8

for _table in mapping_names():  # read before any process is forked off, for all of them
    load_mapping(_table)

_SERVICE = load_service("connectwise")
_SMALL_PAGES = replace(
    _SERVICE,
    paging=replace(BY_ID, most=ROWS_A_PAGE),
    # Every list here comes by id, so that a page is small in a listing too.
    endpoints=tuple(replace(endpoint, listing_paging=None) for endpoint in _SERVICE.endpoints),
)


def sync_in_small_steps(ports: Ports, tenant: str) -> None:
    """What a sync does, with pages and files so small that each table has several. Raises if anything fails."""
    run_id = to_iso(ports.clock())
    with ports.watermarks.lease(tenant, "sync"):
        for one in ports.tenants.services(tenant):
            options = PullOptions(save_every=0)
            done = ingest_service(ports, one, run_id=run_id, service=_SMALL_PAGES, options=options)
            assert done.ok, [str(table.error) for table in done.tables if table.error]
        for outcome in transform_tenant(ports, tenant, run_id=run_id):
            assert outcome.status == "ok", outcome.error


@dataclass(frozen=True, order=True)
class Point:
    """A moment of the `number`-th write of its `kind` to `what` (a folder, a table, a lease)."""

    kind: str
    what: str
    number: int
    moment: str


def run_watched(home: Path, world: datetime, began: float, told: Path, point: Point | None = None) -> int:
    """Sync tenant acme in a new process by a clock that read `world` when `began` (epoch seconds) was; its exit code.

    Without a point every one that it passes is written to the file `told`.
    """
    chosen = json.dumps(asdict(point) if point else None)
    code, error = _forker().run("main", str(home), to_iso(world), str(began), str(told), chosen)
    if code not in (0, -signal.SIGKILL):
        raise AssertionError(error or f"it ended with {code}")
    return code


@cache
def _forker() -> Forker:
    """One for all the runs of a process."""
    forker = Forker("kill_points")
    atexit.register(forker.end)
    return forker


def points_told(told: Path) -> list[Point]:
    return sorted({Point(**json.loads(line)) for line in told.read_text().splitlines()})


def main(home: str, world: str, began: str, told: str, point: str) -> None:
    """What the new process does."""
    chosen = json.loads(point)
    watch = _Watch(Path(told), Point(**chosen) if chosen else None)
    _watch_objects(watch)
    _watch_state(watch)
    _watch_commits(watch)
    start = from_iso(world)
    with open_home(Path(home), clock=lambda: start + timedelta(seconds=time.time() - float(began))) as ports:
        sync_in_small_steps(ports, "acme")


def _nothing() -> None:
    pass


class _Watch:
    """Numbers the writes and ends the process at the chosen point. Tables are pulled in threads of their own."""

    def __init__(self, told: Path, chosen: Point | None) -> None:
        self._told, self._chosen = told, chosen
        self._counts: Counter[tuple[str, str]] = Counter()
        self._turn = threading.Lock()
        self._mine = threading.local()

    @contextmanager
    def write(self, kind: str, what: str, half: Callable[[], None] | None = None) -> Iterator[None]:
        """A write; `half` leaves behind what a process leaves that dies in the middle of it."""
        with self._turn:
            self._counts[kind, what] += 1
            number = self._counts[kind, what]
        around = getattr(self._mine, "write", None)
        self._mine.write = (kind, what, number)
        self.reach("before")
        if half is not None:
            self.reach("middle", half)
        yield
        self.reach("after")
        self._mine.write = around

    def reach(self, moment: str, half: Callable[[], None] = _nothing) -> None:
        write = getattr(self._mine, "write", None)
        if write is None:  # the renewal of a lease, which comes by itself
            return
        point = Point(*write, moment)
        if self._chosen is None:
            with self._turn, self._told.open("a") as file:
                file.write(json.dumps(asdict(point)) + "\n")
        elif point == self._chosen:
            half()
            os.kill(os.getpid(), signal.SIGKILL)


def _watch_objects(watch: _Watch) -> None:
    write, upload, make_durable = Objects.write, Objects.upload, Objects.make_durable

    def watched_write(self: Objects, path: str, data: bytes) -> None:
        with watch.write(_kind_of_file(path), _folder(path), lambda: leave_half(Path(self.root, path), data)):
            write(self, path, data)

    def watched_upload(self: Objects, path: str, local: Path) -> int:
        data = local.read_bytes()
        with watch.write(_kind_of_file(path), _folder(path), lambda: leave_half(Path(self.root, path), data)):
            return upload(self, path, local)

    def watched_make_durable(self: Objects, path: str) -> None:
        with watch.write("flush of the log", _folder(path)):
            make_durable(self, path)

    def unwatched(self: Objects, path: str, data: bytes) -> bool:
        raise AssertionError("a sync writes in a way that is not watched")

    _put(Objects, write=watched_write, upload=watched_upload, make_durable=watched_make_durable, write_new=unwatched)


def _watch_state(watch: _Watch) -> None:
    put, take, release, log = SqliteWatermarks.put, SqliteLeases.take, SqliteLeases.release, SqliteRunLog.write
    writing = Database.writing

    def watched_put(self: SqliteWatermarks, state: TableState) -> TableState:
        kind = "checkpoint" if state.checkpoint else "watermark"
        with watch.write("ledger" if state.table_name.startswith("canonical/") else kind, state.table_name):
            return put(self, state)

    def watched_take(self: SqliteLeases, tenant: str, name: str) -> str:
        with watch.write("lease taken", name):
            return take(self, tenant, name)

    def watched_release(self: SqliteLeases, tenant: str, name: str, token: str) -> None:
        with watch.write("lease given back", name):
            release(self, tenant, name, token)

    def watched_log(self: SqliteRunLog, entry: Any) -> None:
        with watch.write("run log", f"{entry.stage} {entry.table}"):
            log(self, entry)

    @contextmanager
    def watched_writing(self: Database) -> Iterator[Any]:
        with writing(self) as db:
            yield db
            watch.reach("middle")  # the statements are done, the commit is not

    _put(SqliteWatermarks, put=watched_put)
    _put(SqliteLeases, take=watched_take, release=watched_release)
    _put(SqliteRunLog, write=watched_log)
    _put(Database, writing=watched_writing)


def _watch_commits(watch: _Watch) -> None:
    commit = CanonicalTable.commit

    def watched_commit(self: CanonicalTable, base: Any, *args: Any, **options: Any) -> Any:
        entry = Path(self.objects.root, self.prefix, "_delta_log", f"{base.version + 1:020}.json")
        with watch.write("commit", self.prefix, lambda: leave_half(entry, b'{"commitInfo":{"timestamp":1}}')):
            return commit(self, base, *args, **options)

    _put(CanonicalTable, commit=watched_commit)


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


def _put(target: type, **methods: Callable[..., Any]) -> None:
    for name, method in methods.items():
        setattr(target, name, method)
