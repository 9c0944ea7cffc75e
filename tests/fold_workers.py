"""Processes that fold one canonical table at the same time, each as a transform does, but without a lease."""

from __future__ import annotations

import atexit
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl
from deltalake import DeltaTable

from avesa.canonical_transform.canonical_table import CanonicalTable
from avesa.canonical_transform.engine import engine
from avesa.canonical_transform.fold import fold
from avesa.canonical_transform.ledger import Ledger, decode_ledger, encode_ledger
from avesa.canonical_transform.raw_history import Bench
from avesa.shared.clock import system_clock
from avesa.shared.errors import StaleState
from avesa.shared.guard import Guard
from avesa.shared.objects import Objects, open_objects
from avesa.shared.s3_options import delta_options
from avesa.shared.sqlite_state import SqliteState
from fold_table import SERVICE, TABLE, TENANT, things_mapping, versions_in
from raw_files import PullOf, land
from scd2_oracle import Version

STATE_NAME = "canonical/tickets"


@dataclass(frozen=True)
class SharedTable:
    """A canonical table in a folder or a bucket, and the state file that its writers share."""

    root: str
    state: Path
    s3_options: dict[str, str] = field(default_factory=dict)

    @property
    def objects(self) -> Objects:
        return open_objects(self.root, s3_options=self.s3_options)

    @property
    def delta(self) -> DeltaTable:
        return DeltaTable(f"{self.root}/{TENANT}/{STATE_NAME}", storage_options=self._options)

    def land(self, *pulls: PullOf) -> None:
        for pull in pulls:
            land(self.objects, TENANT, SERVICE, TABLE, pull)

    def versions(self) -> set[Version]:
        """Read by another engine, without any code of ours."""
        table = f"{self.root}/{TENANT}/{STATE_NAME}"
        return versions_in(pl.read_delta(table, storage_options=self._options).to_dicts())

    @property
    def _options(self) -> dict[str, str] | None:
        return delta_options(self.s3_options) if self.s3_options else None


@dataclass(frozen=True)
class Done:
    """How a fold went: so many times another writer was first, and so many commits at last."""

    stale: int
    commits: int


class Writer:
    """A fold in steps, for tests that choose who goes on when. It knows the ledger from when it was made."""

    def __init__(self, table: SharedTable) -> None:
        self._table = table
        with SqliteState(table.state) as state:
            self._kept = state.watermarks.get(TENANT, STATE_NAME)

    def fold(self, *, rebuild: bool = False) -> int:
        """How many commits it took. Raises StaleState if another writer was first."""
        with tempfile.TemporaryDirectory() as folder, engine(Path(folder)) as con:
            objects, scratch = self._table.objects, Path(folder)
            table = CanonicalTable(objects, TENANT, "tickets", scratch, system_clock)
            ledger = decode_ledger(self._kept.details)
            bench = Bench(con, objects, things_mapping(), lambda source: Guard(), scratch)
            return fold(TENANT, bench, table, ledger, self.save, rebuild=rebuild).commits

    def save(self, ledger: Ledger) -> None:
        with SqliteState(self._table.state) as state:
            self._kept = state.watermarks.put(replace(self._kept, details=encode_ledger(ledger)))


def fold_until_it_holds(table: SharedTable, *, rebuild: bool = False) -> Done:
    stale = 0
    while True:
        try:
            return Done(stale, Writer(table).fold(rebuild=rebuild))
        except StaleState:
            stale += 1


_idle: list[FoldWorker] = []


@contextmanager
def fold_workers(count: int) -> Iterator[list[FoldWorker]]:
    """They stay for the next test, since they need longer to start than to fold."""
    workers = [_idle.pop() if _idle else FoldWorker() for _ in range(count)]
    try:
        yield workers
    except BaseException:  # one may still have something to say that the next test does not expect
        for worker in workers:
            worker.end()
        raise
    _idle.extend(workers)


@atexit.register
def _end_all() -> None:
    for worker in _idle:
        worker.end()


class FoldWorker:
    """A process that folds when it is told to."""

    def __init__(self) -> None:
        command = [sys.executable, "-c", "import fold_workers; fold_workers.main()"]
        self._process = subprocess.Popen(
            command, cwd=Path(__file__).parent, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def start(self, table: SharedTable, *, rebuild: bool = False) -> None:
        assert self._process.stdin
        order = {"root": table.root, "state": str(table.state), "s3_options": table.s3_options, "rebuild": rebuild}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()

    def done(self) -> Done:
        assert self._process.stdout
        line = self._process.stdout.readline()
        assert line, "the worker ended"
        return Done(**json.loads(line))

    def end(self) -> None:
        self._process.communicate()


def main() -> None:
    """What a worker does: one fold for each line, until there are no more."""
    for line in sys.stdin:
        order = json.loads(line)
        table = SharedTable(order["root"], Path(order["state"]), order["s3_options"])
        done = fold_until_it_holds(table, rebuild=order["rebuild"])
        print(json.dumps(vars(done)), flush=True)
