"""The engines by name: how each is started for one step, and which folder it works in."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import inputs
from benchmarks.inputs import Delivery
from benchmarks.names import TENANT

ROOT = Path(__file__).resolve().parent.parent

TITLES = {
    "copy": "stream copy (DuckDB)",
    "copy_ours": "stream copy, as AVESA writes",
    "avesa": "AVESA",
    "delta": "delta-rs merge",
    "dlt": "dlt scd2, DuckDB",
    "dbt_check": "dbt snapshot check, DuckDB",
    "dbt_timestamp": "dbt snapshot timestamp, DuckDB",
}
PEERS = ("delta", "dlt", "dbt_check", "dbt_timestamp")


@dataclass(frozen=True)
class Bench:
    """Where a run works. `ours` and `peers` are the Python programs of the two environments."""

    work: Path
    ours: Path
    peers: Path
    flushes: bool = True
    """Whether what earlier steps left to write is written before the next one starts."""

    @property
    def inputs(self) -> Path:
        return self.work / "inputs"


def run_step(bench: Bench, engine: str, folder: Path, delivery: Delivery, *, first: bool, tables: int = 1) -> Any:
    """Let an engine take one delivery into the tables in its folder; what that cost (see cost.tell)."""
    typed = str(inputs.typed_file(bench.inputs, delivery))
    match engine:
        case "avesa":
            return run_avesa(bench, folder, [delivery], tables)
        case "delta":
            step = "initial" if first else "batch"
            return run_worker(bench, bench.peers, "delta_merge", [step, str(folder), typed, str(tables)])
        case "dlt":
            return run_worker(bench, bench.peers, "dlt_scd2", ["run", str(folder), typed, str(tables)])
        case _:
            strategy = engine.removeprefix("dbt_")
            return run_worker(bench, bench.peers, "dbt_snapshot", [strategy, str(folder), typed, str(tables)])


def run_avesa(bench: Bench, folder: Path, deliveries: Sequence[Delivery], tables: int = 1) -> Any:
    """Land the deliveries, which costs nothing here, and fold them all at once."""
    _land(bench, folder, deliveries, tables)
    return run_worker(bench, bench.ours, "avesa_fold", [str(folder)])


def run_profile(bench: Bench, folder: Path, delivery: Delivery, tables: int = 1) -> dict[str, float]:
    """As `run_step` for AVESA, under the profiler: seconds by function."""
    _land(bench, folder, [delivery], tables)
    seconds: dict[str, float] = run_worker(bench, bench.ours, "avesa_profile", [str(folder)])["seconds"]
    return seconds


def _land(bench: Bench, folder: Path, deliveries: Sequence[Delivery], tables: int) -> None:
    for tenant in tenants(tables):
        for delivery in deliveries:
            inputs.land(folder, tenant, inputs.raw_file(bench.inputs, delivery), delivery.day)


def tenants(tables: int) -> list[str]:
    return [TENANT, *(f"{TENANT}{number:04}" for number in range(1, tables))]


def run_copy(bench: Bench, files: Sequence[Path], file_format: str) -> Any:
    output = bench.work / "copy.parquet"
    cost = run_worker(bench, bench.ours, "stream_copy", [file_format, str(output), *map(str, files)])
    output.unlink()
    return cost


def run_mapping(bench: Bench, delivery: Delivery) -> Any:
    return run_worker(bench, bench.ours, "avesa_mapping", [str(inputs.raw_file(bench.inputs, delivery))])


def run_commits(bench: Bench, folder: Path, deliveries: Path, few: int, many: int, turns: int) -> Any:
    return run_worker(
        bench, bench.ours, "avesa_commits", [str(folder), str(deliveries), str(few), str(many), str(turns)]
    )


def add_history(bench: Bench, engine: str, folder: Path, generations: Sequence[Delivery]) -> None:
    """Give a peer's table its past. AVESA has no such way: it folds its past like everything else."""
    files = [str(inputs.typed_file(bench.inputs, delivery)) for delivery in generations]
    run_worker(bench, bench.peers, "peer_history", [engine, str(folder), *files], tells=False)


def digest(bench: Bench, engine: str, folder: Path) -> dict[str, int]:
    found: dict[str, int] = run_worker(bench, bench.ours, "digest", [engine, str(folder)])["held"]
    return found


def current_files(folder: Path) -> list[Path]:
    """The files of a freshly loaded canonical table, which holds nothing but current rows."""
    return sorted((folder / "data" / TENANT / "canonical" / "requests").glob("*.parquet"))


def copy_folder(base: Path, folder: Path) -> None:
    """A folder as it was. Parquet files are never changed in place by any engine, so they are linked."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(base, folder, copy_function=_link_or_copy)


def _link_or_copy(source: str, target: str) -> str:
    if source.endswith(".parquet"):
        Path(target).hardlink_to(source)
    else:
        shutil.copyfile(source, target)
    return target


def run_worker(bench: Bench, python: Path, worker: str, arguments: Sequence[str], *, tells: bool = True) -> Any:
    """Run one worker in a process of its own; the last line that it prints, decoded.

    Added to it are `wall_s` and `cpu_s` (user and system) of the whole process, from its start to its end.
    """
    if bench.flushes:
        os.sync()
    command = [str(python), "-m", f"benchmarks.workers.{worker}", *arguments]
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        errors.seek(0)
        if process.returncode:
            told = f"{out.read()[-2000:]}\n{errors.read()[-4000:]}"
            raise RuntimeError(f"{worker} {' '.join(arguments[:1])} ended with {process.returncode}:\n{told}")
        if not tells:
            return {}
        return {"wall_s": wall_s, "cpu_s": usage.ru_utime + usage.ru_stime, **json.loads(out.read().splitlines()[-1])}
