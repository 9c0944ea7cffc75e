"""The cases of ingestion: in each round every pipeline pulls the same pages of the same vendor, one after the other."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import drift, vendor
from benchmarks.cases import Plan, say
from benchmarks.engines import Bench, run_worker
from benchmarks.names import PAGE
from benchmarks.results import Results

TITLES = {
    "avesa": "AVESA",
    "airbyte": "airbyte-cdk, reading only",
    "polars": "urllib3, polars.read_json",
    "requests": "requests, json, pyarrow",
    "dlt_rest": "dlt rest_api",
    "singer": "singer-sdk, to JSON lines",
}
PEERS = ("airbyte", "polars", "requests", "dlt_rest", "singer")
_WORKERS = {
    "avesa": "avesa_ingest",
    "dlt_rest": "ingest_dlt",
    **{peer: f"ingest_{peer}" for peer in ("airbyte", "polars", "requests", "singer")},
}

DELAY_MS = 50
SMALL_PAGE = 100
IN_FLIGHT = 8


def pull(bench: Bench, plan: Plan, results: Results) -> None:
    """Pull all records, from HTTP to the file that the pipeline leaves."""
    with vendor.running(bench.ours, bench.inputs, total=plan.records, size=PAGE) as address:
        for turn in range(plan.pulls):
            for engine in ("avesa", *plan.pipelines):
                folder = _empty(bench.work / "run")
                cost = _ingest(bench, engine, folder, address + vendor.PATH)
                held = _read(bench, "ids", engine, folder)["held"] if turn == 0 and plan.pipelines else {}
                results.add("pull", engine, turn, {**cost, **held, "records": plan.records})
                say(f"  pull {engine}: {plan.records / cost['cpu_s']:,.0f} records per CPU second")


def much(bench: Bench, plan: Plan, results: Results) -> None:
    """Many more records: memory must not grow with them."""
    with vendor.running(bench.ours, bench.inputs, total=plan.many_records, size=PAGE) as address:
        cost = _ingest(bench, "avesa", _empty(bench.work / "run"), address + vendor.PATH)
    results.add("much", "avesa", 0, {**cost, "records": plan.many_records})
    say(f"  much: {plan.many_records:,} records, peak {cost['peak_mb']:.0f} MB")


def latency(bench: Bench, plan: Plan, results: Results) -> None:
    """A vendor who is slow to answer, with one page and with several in flight."""
    total = plan.slow_pages * SMALL_PAGE
    with vendor.running(bench.ours, bench.inputs, total=total, size=SMALL_PAGE, delay_ms=DELAY_MS) as address:
        for turn in range(plan.pulls):
            for at_once in (1, IN_FLIGHT):
                folder = _empty(bench.work / "run")
                arguments = ["--at-once", str(at_once), str(folder), address + vendor.PATH]
                cost = run_worker(bench, bench.ours, "avesa_ingest", arguments)
                results.add("latency", f"in_flight_{at_once}", turn, {**cost, "slow_pages": plan.slow_pages})
                say(f"  latency, {at_once} in flight: {cost['wall_s']:.1f} s")


def mapping(bench: Bench, plan: Plan, results: Results) -> None:
    """The payloads that AVESA landed, mapped to typed columns by one thread."""
    folder = _empty(bench.work / "run")
    with vendor.running(bench.ours, bench.inputs, total=plan.records, size=PAGE) as address:
        _ingest(bench, "avesa", folder, address + vendor.PATH)
    for turn in range(plan.pulls):
        cost = run_worker(bench, bench.ours, "avesa_mapping", [str(folder / "data/**/*.parquet"), "--fifteen"])
        results.add("mapping", "avesa", turn, {**cost, "records": plan.records})


def drifts(bench: Bench, plan: Plan, results: Results) -> None:
    """Records whose fields change their types, names and shapes: what each pipeline keeps of them."""
    with vendor.running(bench.ours, bench.inputs, total=PAGE, size=PAGE) as address:
        addresses = [f"{address}{drift.PATH}{number}" for number in range(len(drift.CASES))]
        for engine in ("avesa", *plan.pipelines):
            folder = _empty(bench.work / "run")
            _ingest(bench, engine, folder, *addresses)
            for name, found in zip(drift.CASES, _read(bench, "values", engine, folder)["cases"], strict=True):
                verdict = drift.verdict(drift.CASES[name], found.get("texts"), found.get("values"))
                results.add("drifts", engine, list(drift.CASES).index(name), {"verdict": verdict, **_why(found)})


def ingest_profile(bench: Bench, plan: Plan, results: Results) -> None:
    """Where AVESA's CPU time goes while it ingests."""
    with vendor.running(bench.ours, bench.inputs, total=plan.records, size=PAGE) as address:
        folder = _empty(bench.work / "run")
        arguments = [str(folder), address + vendor.PATH]
        results.add("ingest_profile", "avesa", 0, run_worker(bench, bench.ours, "avesa_ingest_profile", arguments))


CASES: dict[str, Callable[[Bench, Plan, Results], None]] = {
    "pull": pull,
    "much": much,
    "latency": latency,
    "mapping": mapping,
    "drifts": drifts,
    "ingest_profile": ingest_profile,
}


def differences(results: Results) -> list[str]:
    """Where a pipeline does not end with the records that AVESA ends with."""
    held = {
        engine: [(row["rows"], row["ids"]) for row in results.of("pull", engine).values() if "ids" in row]
        for engine in TITLES
    }
    return [
        f"pull: {TITLES[engine]} ends with other records than AVESA"
        for engine, found in held.items()
        if found and found != held["avesa"]
    ]


def _why(found: dict[str, Any]) -> dict[str, str]:
    return {"why": found["refused"]} if "refused" in found else {}


def _empty(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _read(bench: Bench, what: str, engine: str, folder: Path) -> Any:
    return run_worker(
        bench, bench.ours if engine == "avesa" else bench.peers, "ingest_read", [what, engine, str(folder)]
    )


def _ingest(bench: Bench, engine: str, folder: Path, *addresses: str) -> dict[str, float]:
    python = bench.ours if engine == "avesa" else bench.peers
    cost: dict[str, float] = run_worker(bench, python, _WORKERS[engine], [str(folder), *addresses])
    return cost
