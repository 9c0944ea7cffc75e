"""AVESA: folds whatever raw files have landed in a home folder, for all of its tenants in one process.

python -m benchmarks.workers.avesa_fold HOME
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Collection, Sequence
from datetime import timedelta
from pathlib import Path
from statistics import median

import duckdb

from avesa.canonical_transform.canonical_table import CanonicalTable, Snapshot
from avesa.canonical_transform.data_file import DataFile, NewFile
from avesa.canonical_transform.engine import engine, session
from avesa.canonical_transform.fold import FoldReport, fold
from avesa.canonical_transform.ledger import Ledger, decode_ledger, encode_ledger
from avesa.canonical_transform.mapping import Mapping, parse_mapping
from avesa.canonical_transform.raw_history import Bench
from avesa.shared import durable_file
from avesa.shared.clock import system_clock
from avesa.shared.guard import Guard
from avesa.shared.objects import open_objects
from benchmarks.columns import TYPES
from benchmarks.cost import Figures, cpu_seconds, tell
from benchmarks.names import SERVICE, TABLE

CANONICAL = "requests"
TABLES_OF_A_TENANT = 10
"""So many tables share an engine, as those of a tenant do."""


def bench_mapping(names: Collection[str] = TYPES) -> Mapping:
    """Every column from the field of its name, all of them tracked."""
    document = {
        "table": CANONICAL,
        "description": "Requests of a benchmark.",
        "scd2": {"type": 2},
        "columns": {name: {"type": TYPES[name], "description": f"The {name}."} for name in names},
        "sources": {SERVICE: {TABLE: {name: name for name in names}}},
    }
    return parse_mapping(json.dumps(document).encode(), CANONICAL, f"mappings/{CANONICAL}.json")


A_DAY = timedelta(days=1)
"""So often a sync looks for raw files under old names."""


class TimedTable(CanonicalTable):
    """A canonical table that knows how long its commits took."""

    commit_ms: float = 0
    commit_cpu_ms: float = 0

    def commit(
        self,
        base: Snapshot,
        columns: Sequence[tuple[str, str]],
        added: Sequence[NewFile],
        removed: Sequence[DataFile],
        *,
        note: str,
        changes: str | None = None,
        replace: bool = False,
    ) -> Snapshot:
        wall, cpu = time.perf_counter(), cpu_seconds()
        after = super().commit(base, columns, added, removed, note=note, changes=changes, replace=replace)
        self.commit_ms += (time.perf_counter() - wall) * 1000
        self.commit_cpu_ms += (cpu_seconds() - cpu) * 1000
        return after


class Home:
    """A data folder and a ledger for each tenant, stored as durably as the state stores it."""

    def __init__(self, folder: Path, database: duckdb.DuckDBPyConnection) -> None:
        self.folder = folder
        self.database = database
        self.objects = open_objects(folder / "data")
        self.mapping = bench_mapping()
        self.scratch = scratch_of(folder)

    def table(self, tenant: str) -> TimedTable:
        return TimedTable(self.objects, tenant, CANONICAL, self.scratch, system_clock)

    def fold(self, tenant: str, table: CanonicalTable) -> FoldReport:
        path = self.folder / f"{tenant}.ledger.json"

        def save(ledger: Ledger) -> None:
            durable_file.replace_file(path, encode_ledger(ledger).encode())

        ledger = decode_ledger(path.read_text() if path.exists() else None)
        with session(self.database) as con:
            bench = Bench(con, self.objects, self.mapping, lambda source: Guard(), self.scratch)
            return fold(tenant, bench, table, ledger, save, looks=A_DAY)


def scratch_of(folder: Path) -> Path:
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    return scratch


def fold_all(folder: Path) -> Figures:
    """Fold all tenants; how many commits and changed versions that made, and the median commit in ms."""
    commits = added = 0
    commit_ms = []
    tenants = sorted(path.name for path in (folder / "data").iterdir())
    for first in range(0, len(tenants), TABLES_OF_A_TENANT):
        with engine(scratch_of(folder)) as database:
            home = Home(folder, database)
            for tenant in tenants[first : first + TABLES_OF_A_TENANT]:
                table = home.table(tenant)
                report = home.fold(tenant, table)
                commits += report.commits
                added += report.added
                commit_ms.append(table.commit_ms)
    return {"commits": commits, "added": added, "commit_ms": median(commit_ms)}


if __name__ == "__main__":
    tell(lambda: fold_all(Path(sys.argv[1])))
