"""The part of the page that is about loading a warehouse."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from benchmarks import warehouse
from benchmarks.cases import Plan
from benchmarks.report_table import shown, table
from benchmarks.results import Results
from benchmarks.warehouse import LOADS, TITLES, day_of

_CASE = "warehouse"
_WHAT = {
    "first": "first load",
    "recent": "a day, keys among the newest",
    "random": "a day, keys anywhere",
}


def part(results: Results, plan: Plan, text: Mapping[str, str]) -> Iterable[str]:
    yield "## The first load beside a plain COPY\n"
    yield text["warehouse first"]
    yield from table(
        ("warehouse", "rows", "rows a second", "plain COPY, rows a second", "wall, to COPY", "peak MB"),
        _first(results),
    )
    yield "\n## A day, as the table grows\n"
    yield text["warehouse days"].format(changed=f"{day_of(plan):,}", new=f"{day_of(plan) // 10:,}")
    for figure, title in (("work_wall_s", "wall s"), ("work_cpu_s", "CPU s of the loader")):
        yield ""
        yield from table((title, *(_rows_of(results, times) for times in warehouse.TIMES)), _days(results, figure))
    yield f"\n{text['warehouse method']}"


def _first(results: Results) -> Iterable[tuple[str, ...]]:
    for engine, title in TITLES.items():
        ours, plain = (_CASE, f"{engine}_first_{warehouse.TIMES[-1]}"), (_CASE, f"{engine}_copy_{warehouse.TIMES[-1]}")
        rows = results.median(*ours, "rows")
        times = (results.median(*one, "work_wall_s") for one in (ours, plain))
        rates = (rows / seconds if rows and seconds else None for seconds in times)
        if rows:
            yield (
                title,
                f"{rows:,.0f}",
                *(shown(rate, "{:,.0f}") for rate in rates),
                shown(results.ratio("work_wall_s", ours, plain), "{:.2f}x"),
                shown(results.median(*ours, "peak_mb"), "{:.0f}"),
            )


def _days(results: Results, figure: str) -> Iterable[tuple[str, ...]]:
    for engine, title in TITLES.items():
        for what in LOADS:
            found = [results.median(_CASE, f"{engine}_{what}_{times}", figure) for times in warehouse.TIMES]
            if any(value is not None for value in found):
                yield (f"{title}, {_WHAT[what]}", *(shown(value, "{:.2f}") for value in found))


def _rows_of(results: Results, times: int) -> str:
    rows = next((found for engine in TITLES if (found := results.median(_CASE, f"{engine}_first_{times}", "rows"))), 0)
    return f"{times}x: {rows:,.0f} rows"
