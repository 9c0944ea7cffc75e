"""`python -m benchmarks`: runs the cases and writes the report. `make bench` sets up the peers first."""

from __future__ import annotations

import argparse
import shutil
import sys
from dataclasses import replace
from pathlib import Path

from benchmarks import report
from benchmarks.cases import CASES, Plan, forget, say
from benchmarks.engines import PEERS, ROOT, Bench
from benchmarks.inputs import Sizes
from benchmarks.results import Results


def main(arguments: list[str] | None = None) -> int:
    chosen = _parser().parse_args(arguments)
    work: Path = chosen.work.absolute()
    peers = tuple(chosen.peers.split(",")) if chosen.peers else ()
    plan = Plan(Sizes(chosen.rows), pairs=chosen.pairs, peers=peers)
    if chosen.quick:
        plan = replace(plan, sizes=Sizes(min(chosen.rows, 20_000)), pairs=1)
        plan = replace(plan, tables=5, many=20, turns=3, generations=3)
    bench = Bench(work, Path(sys.executable), chosen.peers_python.absolute())
    results = Results(work / "results.jsonl")
    if chosen.fresh:
        shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True, exist_ok=True)
    cases = [] if chosen.report else chosen.cases.split(",")
    if cases:
        forget(bench, results, cases)
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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="current rows of the table")
    parser.add_argument("--pairs", type=int, default=5, help="rounds of each case")
    parser.add_argument("--quick", action="store_true", help="tiny sizes and one round, to see that all of it runs")
    parser.add_argument("--cases", default=",".join(CASES), help="comma-separated, of: %(default)s")
    parser.add_argument("--peers", default=",".join(PEERS), help="comma-separated, of: %(default)s; empty for none")
    parser.add_argument("--peers-python", type=Path, default=ROOT / ".venv-bench/bin/python")
    parser.add_argument("--work", type=Path, default=ROOT / ".bench", help="folder for data and results")
    parser.add_argument("--fresh", action="store_true", help="forget the data and results of earlier runs")
    parser.add_argument("--report", action="store_true", help="measure nothing; write the report of what is there")
    parser.add_argument("--docs", type=Path, help="where the report goes (docs; the work folder with --quick)")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
