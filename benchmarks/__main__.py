"""`python -m benchmarks`: runs the cases and writes the report. `make bench` sets up the peers first."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from benchmarks import cases as fold
from benchmarks import ingestion, report, services
from benchmarks.cases import Plan, forget, say
from benchmarks.engines import PEERS as PEERS_OF_FOLD
from benchmarks.engines import ROOT, Bench
from benchmarks.inputs import Sizes
from benchmarks.results import Results

CASES = {**fold.CASES, **ingestion.CASES, **services.CASES}
PEERS = (*PEERS_OF_FOLD, *ingestion.PEERS)


def main(arguments: list[str] | None = None) -> int:
    parser = _parser()
    chosen = parser.parse_args(arguments)
    unknown = [name for name in (*chosen.cases, *chosen.peers) if name not in CASES and name not in PEERS]
    if unknown:
        parser.error(f"there is no case or peer {', '.join(unknown)}")
    if chosen.peers and not chosen.report and not chosen.peers_python.exists():
        parser.error(f"{chosen.peers_python} is missing: start with `make bench`, which sets up the peers")
    work = (chosen.work or ROOT / ".bench" / ("quick" if chosen.quick else str(chosen.rows))).absolute()
    peers = tuple(peer for peer in chosen.peers if peer in PEERS_OF_FOLD)
    pipelines = tuple(peer for peer in chosen.peers if peer in ingestion.PEERS)
    plan = Plan(Sizes(chosen.rows), pairs=chosen.pairs, peers=peers, tables=chosen.tables, many=chosen.commits)
    plan = replace(plan, pipelines=pipelines, records=chosen.records, many_records=5 * chosen.records)
    if chosen.quick:
        plan = replace(plan, sizes=Sizes(min(chosen.rows, 20_000)), pairs=1)
        plan = replace(plan, tables=5, many=20, turns=3, generations=3)
        plan = replace(plan, records=min(chosen.records, 3_000), slow_pages=12, pulls=1)
        plan = replace(plan, loads=1, each_service=25)
        plan = replace(plan, many_records=2 * plan.records)
    bench = Bench(work, Path(sys.executable), chosen.peers_python.absolute())
    results = Results(work / "results.jsonl")
    work.mkdir(parents=True, exist_ok=True)
    cases = () if chosen.report else chosen.cases
    if cases:
        forget(bench, results, cases, everything=chosen.fresh)
    for name in cases:
        say(f"{name}: {(CASES[name].__doc__ or '').strip()}")
        CASES[name](bench, plan, results)
    docs = chosen.docs or (work if chosen.quick else ROOT / "docs")
    text = report.write(bench, plan, results, docs)
    sys.stdout.write(text)
    different = report.differences(results)
    for line in different:
        say(line)
    return 1 if different else 0


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for name in text.split(",") if name)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="current rows of the table")
    parser.add_argument("--pairs", type=int, default=5, help="rounds of each case")
    parser.add_argument("--tables", type=int, default=200, help="small tables")
    parser.add_argument("--commits", type=int, default=1000, help="commits after which the last are measured")
    parser.add_argument("--records", type=int, default=200_000, help="records to ingest")
    parser.add_argument("--quick", action="store_true", help="tiny sizes and one round, to see that all of it runs")
    parser.add_argument("--cases", type=_names, default=",".join(CASES), help="comma-separated, of: %(default)s")
    peers = ",".join(PEERS)
    parser.add_argument("--peers", type=_names, default=peers, help="comma-separated, of: %(default)s; empty for none")
    parser.add_argument("--peers-python", type=Path, default=ROOT / ".venv-bench/bin/python")
    parser.add_argument("--work", type=Path, help="folder for data and results (one for each size below .bench)")
    parser.add_argument("--fresh", action="store_true", help="forget the data and results of earlier runs")
    parser.add_argument("--report", action="store_true", help="measure nothing; write the report of what is there")
    parser.add_argument("--docs", type=Path, help="where the report goes (docs; the work folder with --quick)")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
