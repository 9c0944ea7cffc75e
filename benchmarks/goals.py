"""What the fold is to reach, each a ratio or a bound measured in one run, and whether it did."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from benchmarks.results import Results


@dataclass(frozen=True)
class Goal:
    """`found` is that of whole processes, `work` that without their start; None where it was not measured."""

    what: str
    found: float | None
    bound: float
    unit: Literal["x", "MB", "ms", "/s", ""]
    at_least: bool = False
    work: float | None = None

    @property
    def is_reached(self) -> bool | None:
        if self.found is None:
            return None
        return self.found >= self.bound if self.at_least else self.found <= self.bound

    @property
    def wanted(self) -> str:
        return f"at {'least' if self.at_least else 'most'} {_figure(self.bound, self.unit)}"

    @property
    def measured(self) -> str:
        return "not measured" if self.found is None else _figure(self.found, self.unit)

    @property
    def measured_work(self) -> str:
        return "" if self.work is None else _figure(self.work, self.unit)


def goals(results: Results) -> Iterator[Goal]:
    """All of them, in the order in which the report tells them."""
    ours = ("history", "avesa")
    yield _ratio(results, "Random batch with history: wall, to the stream copy", "wall_s", ours, _of("copy"), 1.5)
    for peer, bound in (("dlt", 3.0), ("dbt_check", 3.0), ("dbt_timestamp", 3.0), ("delta", 1.0)):
        what = f"Random batch with history: CPU of {_NAMES[peer]}, to ours"
        yield _ratio(results, what, "cpu_s", _of(peer), ours, bound, at_least=True)
    yield Goal("Random batch with history: peak memory", results.median(*ours, "peak_mb"), 450, "MB")
    yield _ratio(results, "CPU with history, to the same batch without", "cpu_s", ours, ("random", "avesa"), 1.05)
    recent, copy = ("recent", "avesa"), ("recent", "copy")
    yield _ratio(results, "Batch of recent keys: wall, to the stream copy", "wall_s", recent, copy, 0.85)
    yield Goal("Batch with nothing new: files and commits", _left_by_nothing(results), 0, "")
    yield from _small(results)
    for peer, bound in (("delta", 2.0), ("dbt_check", 4.0), ("dlt", 7.0)):
        what = f"Initial load: wall of {_NAMES[peer]}, to ours"
        yield _ratio(results, what, "wall_s", ("initial", peer), ("initial", "avesa"), bound, at_least=True)
    for name, figure in (("Commit", "commit_ms"), ("Whole fold", "fold_ms")):
        few = results.median("commits", "avesa", f"few_{figure}")
        many = results.median("commits", "avesa", f"many_{figure}")
        yield Goal(f"{name} after many commits, to that after few", many / few if many and few else None, 1.5, "x")
    yield Goal("Many versions folded at once: peak memory", results.median("memory", "avesa", "peak_mb"), 1000, "MB")


_NAMES = {"dlt": "dlt", "dbt_check": "dbt (check)", "dbt_timestamp": "dbt (timestamp)", "delta": "delta-rs"}


def _of(engine: str) -> tuple[str, str]:
    return ("history", engine)


def _ratio(
    results: Results,
    what: str,
    figure: str,
    above: tuple[str, str],
    below: tuple[str, str],
    bound: float,
    *,
    at_least: bool = False,
) -> Goal:
    found, work = (results.ratio(name, above, below) for name in (figure, f"work_{figure}"))
    return Goal(what, found, bound, "x", at_least, work)


def _left_by_nothing(results: Results) -> float | None:
    left = [row["files"] + row["commits"] for row in results.of("nothing", "avesa").values()]
    return max(left) if left else None


def _small(results: Results) -> Iterator[Goal]:
    ours = ("small", "avesa")
    tables = results.median(*ours, "tables") or 1
    cpu, work = (
        None if total is None else total / tables * 1000
        for total in (results.median(*ours, figure) for figure in ("cpu_s", "work_cpu_s"))
    )
    yield Goal("Small tables: CPU of each", cpu, 25, "ms", work=work)
    for peer, bound in (("dlt", 3.0), ("dbt_check", 6.0)):
        what = f"Small tables: CPU of {_NAMES[peer]}, to ours"
        yield _ratio(results, what, "cpu_s", ("small", peer), ours, bound, at_least=True)


def _figure(value: float, unit: str) -> str:
    if unit == "x":
        return f"{value:.2f}x"
    if unit == "/s":
        return f"{value:,.0f}"
    return f"{value:.0f} {unit}".strip()
