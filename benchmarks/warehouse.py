"""The case of loading: a table into a warehouse, the first time and after a day, as it grows."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from avesa.canonical_transform.canonical_table import CanonicalTable
from avesa.shared.clock import system_clock
from avesa.shared.objects import open_objects
from benchmarks import engines, inputs
from benchmarks.cases import Plan, say
from benchmarks.engines import Bench, run_worker
from benchmarks.inputs import Delivery
from benchmarks.names import TENANT
from benchmarks.postgres_server import CannotStart, PostgresServer, postgres_server
from benchmarks.results import Results
from benchmarks.workers.avesa_fold import CANONICAL, scratch_of

TITLES = {"duckdb": "DuckDB", "postgresql": "PostgreSQL"}
TIMES = (1, 4, 16)
"""How many times as large the table is as the smallest one."""
LOADS = ("first", "recent", "random")
"""Everything; a day whose changes are among the newest records; one whose changes lie anywhere."""


def warehouse(bench: Bench, plan: Plan, results: Results) -> None:
    """Load a table into DuckDB and PostgreSQL: at first, and days that change as much while the table grows."""
    with _postgres() as server:
        for times in TIMES:
            home, versions = _home(bench, plan, times)
            for turn in range(plan.pulls):
                _duckdb(bench, home, versions, results, times, turn)
                if server is not None:
                    _postgresql(bench, home, versions, results, times, turn, server)


CASES: dict[str, Callable[[Bench, Plan, Results], None]] = {"warehouse": warehouse}


def day_of(plan: Plan) -> int:
    """Records that change in a day, the same for all sizes; a tenth as many are new."""
    return max(plan.sizes.rows // 1000, 10)


def _deliveries(plan: Plan, times: int) -> list[Delivery]:
    rows = plan.sizes.rows * times // TIMES[-1]
    day, new = day_of(plan), day_of(plan) // 10
    newest = rows - min(rows, plan.sizes.rows // TIMES[-1] // 2)
    days = []
    for number, low in enumerate((newest, 0), start=1):
        changed = f"SELECT i, {number} AS g FROM range({low}, {rows}) AS r(i) ORDER BY hash(i, {number}) LIMIT {day}"
        added = f"SELECT i, {number} AS g FROM range({rows + (number - 1) * new}, {rows + number * new}) AS r(i)"
        days.append(Delivery(f"day-{number}-{rows}-{day}", f"({changed}) UNION ALL {added}", number))
    return [Delivery(f"load-{rows}", f"SELECT i, 0 AS g FROM range({rows}) AS r(i)", 0), *days]


def _home(bench: Bench, plan: Plan, times: int) -> tuple[Path, list[int]]:
    """A table after everything, and after each of two days; the versions of the Delta log at which it was so."""
    folder = bench.work / f"base-load-{plan.sizes.rows}-{times}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    versions = []
    deliveries = _deliveries(plan, times)
    inputs.make(bench.inputs, deliveries, typed=False)
    for delivery in deliveries:
        engines.run_avesa(bench, folder, [delivery])
        versions.append(_table(folder).snapshot().version)
    return folder, versions


def _table(folder: Path) -> CanonicalTable:
    return CanonicalTable(open_objects(folder / "data"), TENANT, CANONICAL, scratch_of(folder), system_clock)


def _duckdb(bench: Bench, home: Path, versions: list[int], results: Results, times: int, turn: int) -> None:
    file = _written(bench, home, versions[0], times, "parquet", "FORMAT parquet")
    for name in ("plain", "warehouse"):
        (bench.work / f"{name}.duckdb").unlink(missing_ok=True)
    plain = run_worker(bench, bench.ours, "warehouse_copy", [str(bench.work / "plain.duckdb"), str(file)])
    url = f"duckdb://{bench.work}/warehouse.duckdb"
    _measure(bench, home, versions, results, "duckdb", url, times, turn, plain)


def _postgresql(
    bench: Bench, home: Path, versions: list[int], results: Results, times: int, turn: int, server: PostgresServer
) -> None:
    file = _written(bench, home, versions[0], times, "csv", "FORMAT csv, HEADER")
    url = server.url("postgres")
    dropped = [f"DROP SCHEMA IF EXISTS {schema} CASCADE" for schema in ("avesa", "plain")]
    subprocess.run(server.psql("postgres", *dropped, "CREATE SCHEMA plain"), check=True, capture_output=True)
    cost = _loaded(bench, home, url, versions[0])
    results.add("warehouse", f"postgresql_first_{times}", turn, cost)
    shape = "CREATE TABLE plain.requests (LIKE avesa.requests INCLUDING ALL)"
    subprocess.run(server.psql("postgres", shape), check=True, capture_output=True)
    command = server.psql("postgres", f"\\copy plain.requests FROM '{file}' (FORMAT csv, HEADER)")
    plain = run_worker(bench, bench.ours, "warehouse_copy", command)
    _measure(bench, home, versions, results, "postgresql", url, times, turn, plain)


def _measure(
    bench: Bench,
    home: Path,
    versions: list[int],
    results: Results,
    engine: str,
    url: str,
    times: int,
    turn: int,
    plain: dict[str, Any],
) -> None:
    """The loads that are still to be done, one after the other, beside a plain COPY that was done already."""
    results.add("warehouse", f"{engine}_copy_{times}", turn, plain)
    for what, version in zip(LOADS, versions, strict=True):
        cost = _loaded(bench, home, url, version)
        if what != "first" or cost["changed"]:
            results.add("warehouse", f"{engine}_{what}_{times}", turn, cost)
        say(f"  {engine}, table {times}x, {what}: {cost['changed']:,} rows, {cost['work_wall_s']:.2f} s")


def _loaded(bench: Bench, home: Path, url: str, version: int) -> dict[str, Any]:
    cost: dict[str, Any] = run_worker(bench, bench.ours, "avesa_load", [str(home), url, str(version)])
    return cost


def _written(bench: Bench, home: Path, version: int, times: int, suffix: str, form: str) -> Path:
    """All rows of a version in one file, for the plain COPY; made once."""
    path = bench.work / f"plain-{times}.{suffix}"
    files = list(_table(home).local_paths(_table(home).snapshot(version).files))
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        con.execute(f"COPY (FROM read_parquet({files})) TO '{path}' ({form})")
    return path


@contextmanager
def _postgres() -> Iterator[PostgresServer | None]:
    """None, and the reason told, where it is not installed."""
    try:
        with postgres_server(flushes=True) as server:
            yield server
    except CannotStart as reason:
        say(f"  {reason}")
        yield None
