"""The report: docs/benchmarks.md with its plot, from the results and nothing else.

The page has a part for the fold, for ingestion, services and warehouses. A part of which nothing was measured stays as
it is on the page, so that one can be measured without the others.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from importlib import resources
from pathlib import Path

from benchmarks import (
    cases,
    fold_report,
    ingestion,
    ingestion_report,
    machine,
    services,
    services_report,
    warehouse,
    warehouse_report,
)
from benchmarks.cases import Plan, say
from benchmarks.engines import PEERS as PEERS_OF_FOLD
from benchmarks.engines import ROOT, Bench
from benchmarks.results import Results

PARTS = {
    "The fold": cases.CASES,
    "Ingestion": ingestion.CASES,
    "Services": services.CASES,
    "Loading a warehouse": warehouse.CASES,
}
"""Title of each part, and the cases that it tells of."""


def write(bench: Bench, plan: Plan, results: Results, docs: Path) -> str:
    """Write `benchmarks.md` and `images/benchmarks.svg` below a folder; gives the text."""
    docs.mkdir(parents=True, exist_ok=True)
    page = docs / "benchmarks.md"
    text = "\n\n".join(_page(bench, plan, results, page.read_text() if page.exists() else "")) + "\n"
    page.write_text(text)
    if plan.peers and _is_measured(results, "The fold"):
        _plot(bench, results, docs / "images" / "benchmarks.svg")
    return text


def differences(results: Results) -> list[str]:
    """Where an engine or a pipeline does not end with what AVESA ends with."""
    return [*fold_report.differences(results), *ingestion.differences(results)]


def _page(bench: Bench, plan: Plan, results: Results, before: str) -> Iterable[str]:
    """The opening and each part, without blank lines around it."""
    text = _prose()
    yield text["opening"].strip()
    for title in PARTS:
        measured = _is_measured(results, title)
        part = "\n".join(_part(bench, plan, results, title, text)) if measured else _kept(before, title)
        if part:
            yield part.strip()


def _part(bench: Bench, plan: Plan, results: Results, title: str, text: dict[str, str]) -> Iterable[str]:
    yield f"# {title}\n"
    if title == "The fold" and plan.peers:
        yield "![Wall and CPU time of each engine](images/benchmarks.svg)\n"
    yield f"Measured on: {machine.machine()}.\n"
    with_peers = any(
        row["engine"] in (*PEERS_OF_FOLD, *ingestion.PEERS) for row in results.all() if row["case"] in PARTS[title]
    )
    yield from (f"{line}\n" for line in machine.versions(bench.ours, bench.peers if with_peers else None))
    match title:
        case "The fold":
            yield from fold_report.part(results, plan, text)
        case "Ingestion":
            yield from ingestion_report.part(results, text)
        case "Services":
            yield from services_report.part(results, text)
        case _:
            yield from warehouse_report.part(results, plan, text)


def _is_measured(results: Results, title: str) -> bool:
    return any(row["case"] in PARTS[title] for row in results.all())


def _kept(page: str, title: str) -> str:
    """A part as it stands on the page; nothing where it is not there."""
    heads = {f"# {name}" for name in PARTS}
    lines = page.splitlines()
    if f"# {title}" not in lines:
        return ""
    begin = lines.index(f"# {title}")
    end = next((at for at in range(begin + 1, len(lines)) if lines[at] in heads), len(lines))
    return "\n".join(lines[begin:end])


def _prose() -> dict[str, str]:
    """The text between the tables, by name: prose.md in parts, each under `<!-- name -->`."""
    parts = resources.files("benchmarks").joinpath("prose.md").read_text().split("<!-- ")[1:]
    named = (part.split(" -->\n", 1) for part in parts)
    return {name: body.strip("\n") + "\n" for name, body in named}


def _plot(bench: Bench, results: Results, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [str(bench.peers), "-m", "benchmarks.plot", str(path)],
        input=json.dumps(fold_report.bars(results)),
        cwd=ROOT,
        text=True,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        say(f"no plot was drawn: {done.stderr[-500:]}")
