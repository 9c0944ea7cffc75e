"""The part of the page that is about services."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from benchmarks import services
from benchmarks.report_table import goals_table, shown, table
from benchmarks.results import Results

SHOWN = 10


def part(results: Results, text: Mapping[str, str]) -> Iterable[str]:
    yield "## What a service is to cost\n"
    yield from goals_table(services.goals(results))
    dearest = services.costs(results, "work_cpu_s")
    yield f"\n## Loading one of {len(dearest)} services\n"
    yield text["services"]
    kit = (services.of_kit(results, figure) for figure in ("kit_cpu_s", "kit_mb"))
    rows = [("the kit itself", *_shown(*kit))]
    middle = dearest[len(dearest) // 2 :][:1]
    for title, chosen in (("{}, which is in the middle", middle), ("{}", dearest[:SHOWN])):
        rows += [(title.format(name), *_shown(*_costs(results, name))) for name, _ in chosen]
    yield from table(("loaded", "CPU ms", "MB"), rows)


def _costs(results: Results, name: str) -> Iterable[float | None]:
    return (results.median("services", name, figure) for figure in ("work_cpu_s", "more_mb"))


def _shown(seconds: float | None, megabytes: float | None) -> tuple[str, str]:
    return shown(None if seconds is None else seconds * 1000, "{:.1f}"), shown(megabytes, "{:.1f}")
