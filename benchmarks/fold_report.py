"""The part of the page that is about the fold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import median

from benchmarks import goals
from benchmarks.cases import Plan
from benchmarks.engines import TITLES
from benchmarks.report_table import goals_table, same, shown, table
from benchmarks.results import Results


def part(results: Results, plan: Plan, text: Mapping[str, str]) -> Iterable[str]:
    rows = f"{plan.sizes.rows:,}"
    yield "## What the fold is to reach\n"
    yield from goals_table(goals.goals(results))
    yield f"\n## A batch of one per cent into {rows} rows\n"
    yield text["batch"]
    for case, title in (
        ("random", "Random keys, no history"),
        ("history", f"Random keys, {4 * plan.sizes.rows:,} closed versions beside the current rows"),
        ("recent", "Keys among the newest five per cent, no history"),
    ):
        yield f"\n### {title}\n"
        yield from _costs(results, case)
    yield f"\n## Initial load of {rows} rows\n"
    yield text["initial"]
    yield from _costs(results, "initial")
    yield from _small(results, plan, text["small"])
    yield from _long_run(results, text)
    yield from _profile(results, text["profile"])
    yield f"\n{text['method']}"
    yield same(differences(results), "all engines' tables were equal after the same deliveries")


def differences(results: Results) -> list[str]:
    """Where an engine's table does not hold what AVESA's holds after the same deliveries."""
    found = []
    for case in ("initial", "random", "history", "recent", "small"):
        ours = _content(results, case, "avesa")
        for engine in results.engines(case, TITLES):
            theirs = _content(results, case, engine)
            if ours and theirs and ours != theirs:
                found.append(f"{case}: {TITLES[engine]} holds other rows than AVESA")
    return found


def _content(results: Results, case: str, engine: str) -> tuple[int, ...]:
    names = ("rows", "current_rows", "current", "versions")
    rows = [row for row in results.of(case, engine).values() if "versions" in row and "rows" in row]
    return tuple(rows[0][name] for name in names) if rows else ()


def _costs(results: Results, case: str) -> Iterable[str]:
    """A table of a case; nothing where it was not measured."""
    rows = []
    for engine in results.engines(case, TITLES):
        rows.append((TITLES[engine], *_cost(results, case, engine), *_to_ours(results, case, engine)))
        if engine == "avesa":
            work = _medians(results, case, "mapping", ("work_wall_s", "work_cpu_s"))
            rows.append(("of that, the mapping from JSON", "", "", *work, "", "", ""))
            rows.append(
                ("and the fold, the files and the commit", "", "", *_without_mapping(results, case), "", "", "")
            )
    if not rows:
        return ["Not measured."]
    return table(("engine", *_COST, "wall, to AVESA", "CPU, to AVESA"), rows)


_COST = ("wall s", "CPU s", "wall s without start", "CPU s without start", "peak MB")


def _cost(results: Results, case: str, engine: str) -> tuple[str, ...]:
    times = _medians(results, case, engine, ("wall_s", "cpu_s", "work_wall_s", "work_cpu_s"))
    return *times, shown(results.median(case, engine, "peak_mb"), "{:.0f}")


def _medians(results: Results, case: str, engine: str, figures: Sequence[str]) -> tuple[str, ...]:
    return tuple(shown(results.median(case, engine, figure), "{:.2f}") for figure in figures)


def _without_mapping(results: Results, case: str) -> tuple[str, ...]:
    """What AVESA's work costs but for the mapping, which no other engine has to do here."""
    rounds = results.of(case, "avesa"), results.of(case, "mapping")
    both = sorted(rounds[0].keys() & rounds[1].keys())
    return tuple(
        shown(median(rounds[0][turn][figure] - rounds[1][turn][figure] for turn in both) if both else None, "{:.2f}")
        for figure in ("work_wall_s", "work_cpu_s")
    )


def _to_ours(results: Results, case: str, engine: str) -> tuple[str, ...]:
    pair = (case, engine), (case, "avesa")
    return tuple(shown(results.ratio(figure, *pair), "{:.2f}x") for figure in ("wall_s", "cpu_s"))


def _small(results: Results, plan: Plan, prose: str) -> Iterable[str]:
    tables = results.median("small", "avesa", "tables") or plan.tables
    yield f"\n## {tables:.0f} small tables, {plan.small_rows:,} rows and {plan.small_batch} incoming each\n"
    yield prose
    rows = []
    for engine in results.engines("small", TITLES):
        each = [results.median("small", engine, figure) for figure in ("wall_s", "cpu_s", "work_wall_s", "work_cpu_s")]
        rows.append(
            (
                TITLES[engine],
                *(shown(None if value is None else value / tables * 1000, "{:.0f}") for value in each),
                shown(results.median("small", engine, "peak_mb"), "{:.0f}"),
                *_to_ours(results, "small", engine),
            )
        )
    head = ("engine, ms a table", "wall", "CPU", "wall without start", "CPU without start", "peak MB")
    yield from table((*head, "wall, to AVESA", "CPU, to AVESA"), rows)


def _long_run(results: Results, text: Mapping[str, str]) -> Iterable[str]:
    yield "\n## The thousandth sync\n"
    yield text["commits"]
    rows = [
        (name, *(shown(results.median("commits", "avesa", f"{t}_{figure}"), "{:.1f}") for t in ("few", "many")))
        for name, figure in (
            ("whole fold, wall ms", "fold_ms"),
            ("whole fold, CPU ms", "fold_cpu_ms"),
            ("commit alone, wall ms", "commit_ms"),
            ("commit alone, CPU ms", "commit_cpu_ms"),
        )
    ]
    few, many = (results.median("commits", "avesa", name) or 0 for name in ("few", "many"))
    yield from table(("", f"after {few:.0f} commits", f"after {many:,.0f}"), rows)
    yield "\n## Nothing new, and very much at once\n"
    versions = results.median("memory", "avesa", "versions")
    yield from table(
        ("case", *_COST),
        [
            ("a batch of one per cent, all of it known already", *_cost(results, "nothing", "avesa")),
            (f"{versions or 0:,.0f} versions folded from raw at once", *_cost(results, "memory", "avesa")),
        ],
    )


def _profile(results: Results, prose: str) -> Iterable[str]:
    parts = {"avesa": "The batch with history", "small": "All small tables"}
    found = {engine: results.of("profile", engine) for engine in parts}
    if not any(found.values()):
        return
    yield "\n## Where the time goes\n"
    yield prose
    for engine, title in parts.items():
        spent: dict[str, float] = found[engine][0]["seconds"] if found[engine] else {}
        if not spent:
            continue
        whole = max(spent.values())
        yield f"\n### {title}\n"
        yield from table(
            ("function", "s", "share"),
            [(f"`{name}`", f"{seconds:.2f}", f"{seconds / whole:.0%}") for name, seconds in spent.items()],
        )


def bars(results: Results) -> dict[str, dict[str, list[float | None]]]:
    """What is drawn: wall and CPU seconds by panel and engine."""
    return {
        title: {
            TITLES[engine]: [results.median(case, engine, figure) for figure in ("wall_s", "cpu_s")]
            for engine in results.engines(case, TITLES)
        }
        for case, title in (
            ("history", "1 % batch, with history"),
            ("initial", "initial load"),
            ("small", "small tables, all"),
        )
    }
