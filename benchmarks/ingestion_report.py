"""The part of the page that is about ingestion."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from benchmarks import drift, ingestion, ingestion_goals
from benchmarks.ingestion import TITLES
from benchmarks.ingestion_goals import rate
from benchmarks.report_table import goals_table, same, shown, table
from benchmarks.results import Results

_VERDICTS = {"bytes": "bytes", "value": "value", "lost": "**lost**", "refused": "refused"}


def part(results: Results, text: Mapping[str, str]) -> Iterable[str]:
    yield "## What ingestion is to reach\n"
    yield from goals_table(ingestion_goals.goals(results))
    records = results.median("pull", "avesa", "records") or 0
    yield f"\n## {records:,.0f} records of 2 KB, from HTTP to a file\n"
    yield text["pull"]
    yield from _pulls(results)
    yield "\n## Much, slow, and mapped\n"
    yield text["much"]
    yield from _more(results)
    yield "\n## Drift\n"
    yield text["drift"]
    yield from _drifts(results)
    yield from _profile(results, text["ingestion profile"])
    yield f"\n{text['ingestion method']}"
    if len(results.engines("pull", TITLES)) > 1:
        yield same(
            ingestion.differences(results), "all pipelines ended with the same number of records and the same ids"
        )


def _pulls(results: Results) -> Iterable[str]:
    rows = []
    for engine in results.engines("pull", TITLES):
        rates = (rate(results, "pull", engine, figure) for figure in ("cpu_s", "work_cpu_s"))
        times = (results.median("pull", engine, figure) for figure in ("wall_s", "cpu_s", "work_cpu_s"))
        ratio = results.ratio("cpu_s", ("pull", engine), ("pull", "avesa"))
        rows.append(
            (
                TITLES[engine],
                *(shown(value, "{:,.0f}") for value in rates),
                *(shown(value, "{:.2f}") for value in times),
                shown(results.median("pull", engine, "peak_mb"), "{:.0f}"),
                shown(ratio, "{:.2f}x"),
            )
        )
    head = ("pipeline", "records per CPU s", "without start", "wall s", "CPU s", "CPU s without start", "peak MB")
    return table((*head, "CPU, to AVESA"), rows)


def _more(results: Results) -> Iterable[str]:
    much = results.median("much", "avesa", "records")
    pages = results.median("latency", f"in_flight_{ingestion.IN_FLIGHT}", "slow_pages")
    cases = [(f"{much or 0:,.0f} records", "much", "avesa")]
    for at_once in (1, ingestion.IN_FLIGHT):
        what = f"{pages or 0:,.0f} pages of {ingestion.SMALL_PAGE}, {ingestion.DELAY_MS} ms each, {at_once} in flight"
        cases.append((what, "latency", f"in_flight_{at_once}"))
    mapped = results.median("mapping", "avesa", "records")
    cases.append((f"{mapped or 0:,.0f} payloads mapped to 15 columns, one thread", "mapping", "avesa"))
    figures = ("wall_s", "cpu_s", "work_wall_s", "work_cpu_s")
    return table(
        ("case", "wall s", "CPU s", "wall s without start", "CPU s without start", "peak MB"),
        [
            (
                what,
                *(shown(results.median(case, engine, figure), "{:.2f}") for figure in figures),
                shown(results.median(case, engine, "peak_mb"), "{:.0f}"),
            )
            for what, case, engine in cases
        ],
    )


def _drifts(results: Results) -> Iterable[str]:
    engines = results.engines("drifts", TITLES)
    found = {engine: results.of("drifts", engine) for engine in engines}
    rows = [
        (name, *(_VERDICTS[found[engine][number]["verdict"]] for engine in engines))
        for number, name in enumerate(drift.CASES)
    ]
    yield from table(("records", *(TITLES[engine] for engine in engines)), rows)


def _profile(results: Results, prose: str) -> Iterable[str]:
    spent: dict[str, float] = results.of("ingest_profile", "avesa").get(0, {}).get("microseconds", {})
    if not spent:
        return
    yield "\n## Where the time of ingestion goes\n"
    yield prose
    yield from table(("part", "µs a record"), [(name, f"{value:.2f}") for name, value in spent.items()])
