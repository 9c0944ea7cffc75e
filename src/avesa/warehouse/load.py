"""Canonical tables into a warehouse: of each what changed since the version that the warehouse says it holds.

A table's failure is its own: it is told, and the next one goes on. A lease spares two loaders the same work; that
nothing is lost or doubled is the warehouse's to hold, which takes each step from one state only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Literal

import duckdb

from avesa.canonical_transform.canonical_table import CanonicalTable, Snapshot
from avesa.canonical_transform.engine import engine, first_line, session, tells_of_a_file, use_threads
from avesa.canonical_transform.sql_text import paths
from avesa.pipeline.ports import Ports
from avesa.pipeline.snapshots import canonical_table
from avesa.pipeline.transform import ATTEMPTS, choose_canonical
from avesa.shared import layout
from avesa.shared.errors import AvesaError, ObjectMissing, StaleState, StorageError, Where, internal_error
from avesa.shared.scratch import scratch_folder
from avesa.warehouse import delta_log
from avesa.warehouse.delta_log import AT_ONCE
from avesa.warehouse.difference import Difference, Files, LocalFile, Shape, Step, Told, difference, whole
from avesa.warehouse.plan import FILES_ARE_GONE, Anew, Change, Nothing, plan_load
from avesa.warehouse.port import Held, Holding, Load, Part, Warehouse, lease_of
from avesa.warehouse.reading_ahead import read_ahead

Progress = Callable[[str, str, int, int], None]
"""Told of tenant, table, rows handed over by now, and rows in all."""


@dataclass(frozen=True)
class LoadOutcome:
    """What came of one table. `why` says why it was loaded anew; `rows` are those that it holds now."""

    tenant: str
    table: str
    status: Literal["loaded", "anew", "unchanged", "failed"]
    changed: int = 0
    gone: int = 0
    rows: int | None = None
    version: int | None = None
    why: str = ""
    seconds: float = 0.0
    error: AvesaError | None = None


def load_tenant(
    ports: Ports,
    warehouse: Warehouse,
    tenant: str,
    *,
    tables: Iterable[str] | None = None,
    anew: bool = False,
    progress: Progress = lambda tenant, table, done, rows: None,
    finished: Callable[[LoadOutcome], None] = lambda outcome: None,
    stop: Callable[[], bool] = lambda: False,
) -> list[LoadOutcome]:
    """Load a tenant's canonical tables, or those named; `anew` the whole of each.

    Tables that were never folded are left out, and once it has to `stop` all that are left. Raises UsageError for an
    unknown tenant or table.
    """
    ports.tenants.services(tenant)
    outcomes: list[LoadOutcome] = []
    folded = ports.objects.folders(layout.tenant_canonical_prefix(tenant))
    with scratch_folder(ports.scratch, "load") as folder, engine(folder) as database:
        for table in choose_canonical(tables):
            if stop():
                break
            started, where = ports.clock(), Where(tenant, None, table)
            try:
                if table not in folded and warehouse.holding(tenant, table).held is None:
                    continue
                found = _load_once(ports, warehouse, database, tenant, table, anew=anew, progress=progress)
            except AvesaError as error:
                found = LoadOutcome(tenant, table, "failed", error=error.located(where))
            except BaseException as error:  # noqa: BLE001 - told as an InternalError; a panic is no Exception
                found = LoadOutcome(tenant, table, "failed", error=internal_error(error).located(where))
            if found is not None:
                outcomes.append(replace(found, seconds=(ports.clock() - started).total_seconds()))
                finished(outcomes[-1])
    return outcomes


def _load_once(
    ports: Ports,
    warehouse: Warehouse,
    database: duckdb.DuckDBPyConnection,
    tenant: str,
    table: str,
    *,
    anew: bool,
    progress: Progress,
) -> LoadOutcome | None:
    """One table, to its newest version, with a lease on it. None if there is none on either side."""
    with ports.watermarks.lease(tenant, lease_of(warehouse, tenant, table)):
        for attempt in range(1, ATTEMPTS + 1):
            with (
                scratch_folder(ports.scratch, "load") as folder,
                session(database) as con,
            ):
                lake = canonical_table(ports, tenant, table, folder)
                try:
                    return load_table(con, lake, warehouse, tenant, table, anew=anew, progress=progress)
                except StaleState:
                    if attempt == ATTEMPTS:
                        raise
    raise AssertionError("unreachable")


def load_table(
    con: duckdb.DuckDBPyConnection,
    lake: CanonicalTable,
    warehouse: Warehouse,
    tenant: str,
    table: str,
    *,
    version: int | None = None,
    anew: bool = False,
    progress: Progress = lambda tenant, table, done, rows: None,
) -> LoadOutcome | None:
    """One table, to its newest version or to the one given. None if there is none on either side."""
    loader = _Loader(con, lake, warehouse, tenant, table, progress)
    snapshot = lake.snapshot(version)
    holding = warehouse.holding(tenant, table)
    changed = gone = 0
    while True:
        step = plan_load(lake.objects, lake.prefix, snapshot, holding, lake.where, anew=anew)
        match step:
            case Nothing():
                if holding.held is None:
                    return None
                warehouse.show(tenant, table)
                return LoadOutcome(
                    tenant,
                    table,
                    "loaded" if changed or gone else "unchanged",
                    changed,
                    gone,
                    holding.held.rows,
                    holding.held.version,
                )
            case Anew():
                return loader.load_anew(snapshot, step, holding)
            case Change():
                try:
                    done = loader.load_change(snapshot, step, holding)
                except ObjectMissing:
                    return loader.load_anew(snapshot, Anew(_newest(step, snapshot, lake), FILES_ARE_GONE), holding)
                changed, gone = changed + done.changed, gone + done.gone
                holding = Holding(step.then)
                if not step.more:
                    return LoadOutcome(tenant, table, "loaded", changed, gone, step.then.rows, step.then.version)


def _newest(step: Change, snapshot: Snapshot, lake: CanonicalTable) -> Held:
    if not step.more:
        return step.then
    found = plan_load(lake.objects, lake.prefix, snapshot, Holding(), lake.where)
    assert isinstance(found, Anew)
    return found.then


@dataclass(frozen=True)
class _Loader:
    """The steps of one table, from files to the warehouse."""

    con: duckdb.DuckDBPyConnection
    lake: CanonicalTable
    warehouse: Warehouse
    tenant: str
    table: str
    progress: Progress

    def load_anew(self, snapshot: Snapshot, step: Anew, holding: Holding) -> LoadOutcome:
        files = [LocalFile(path, file.rows) for path, file in self.lake.local_paths(snapshot.files).items()]
        use_threads(self.con, raw_bytes=0, rows=sum(file.rows for file in files))
        rows = whole(self.con, self.shape(snapshot, step.then), files)
        self.hand_over(self.asked(snapshot, holding.held, step.then, anew=True), rows)
        return LoadOutcome(
            self.tenant, self.table, "anew", rows.changed, 0, step.then.rows, step.then.version, step.why
        )

    def load_change(self, snapshot: Snapshot, step: Change, holding: Holding) -> Difference:
        """Raises ObjectMissing if a file is gone that says what changed, and StorageError if one is damaged."""
        try:
            steps = [self.local_step(one) for one in step.steps]
            use_threads(self.con, raw_bytes=0, rows=sum(file.rows for one in steps for file in one.files))
            rows = difference(self.con, self.shape(snapshot, step.then), steps)
        except duckdb.Error as error:
            if not tells_of_a_file(error):
                raise
            raise StorageError(
                f"a file that says what changed cannot be read: {first_line(error)}",
                hint="Nothing was changed. Load the table anew, which does not need it: --anew.",
                where=self.lake.where,
            ) from error
        self.hand_over(self.asked(snapshot, step.after, step.then), rows)
        return rows

    def shape(self, snapshot: Snapshot, then: Held) -> Shape:
        return Shape(snapshot.columns, self.warehouse.taste, then.version)

    def asked(self, snapshot: Snapshot, after: Held | None, then: Held, *, anew: bool = False) -> Load:
        return Load(self.tenant, self.table, snapshot.columns, after, then, self.lake.clock(), anew=anew)

    def local_step(self, step: delta_log.Step) -> Step:
        match step:
            case delta_log.ChangeFiles(names):
                return Told(self.local(names))
            case delta_log.FileChange(added, removed):
                return Files(self.local(added), self.local(removed))

    def local(self, names: Sequence[str]) -> Sequence[LocalFile]:
        """Files by paths that the engine can read, with what their footers say of their rows."""
        if not names:
            return ()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            local = [str(path) for path in pool.map(self.lake.local_path, names)]
        found = self.con.execute(f"SELECT file_name, num_rows FROM parquet_file_metadata({paths(local)})")
        rows = {str(path): int(number) for path, number in found.fetchall()}
        return [LocalFile(path, rows[path]) for path in local]

    def hand_over(self, load: Load, rows: Difference) -> None:
        with read_ahead(rows.parts) as parts:
            self.warehouse.load(load, self.told(parts, rows.rows))

    def told(self, parts: Iterator[Part], rows: int) -> Iterator[Part]:
        """The parts, each told of once it was taken."""
        done = 0
        for part in parts:
            yield part
            done += part.rows
            self.progress(self.tenant, self.table, done, rows)
