"""AVESA after few commits and after many: the same small fold on two tables of one size, in turn.

Prints, beside the usual, medians in ms for both tables: `few_fold_ms`, `many_fold_ms` (the whole fold), and
`few_commit_ms`, `many_commit_ms` (the commit in it); the same with `_cpu_ms`.

    python -m benchmarks.workers.avesa_commits HOME INPUTS FEW MANY TURNS

HOME holds a data folder where the first delivery has landed for the tenants `few` and `many`; INPUTS the raw files of
the later ones, by name. FEW and MANY are the numbers of commits after which the measuring begins.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from statistics import median

from avesa.canonical_transform.engine import engine
from benchmarks.cost import Figures, cpu_seconds, tell
from benchmarks.inputs import land
from benchmarks.workers.avesa_fold import Home, scratch_of


def one_more(home: Home, tenant: str, raw: Path, day: int) -> dict[str, float]:
    """Land one delivery and fold it; what that cost, in ms."""
    land(home.folder, tenant, raw, day)
    table = home.table(tenant)
    wall, cpu = time.perf_counter(), cpu_seconds()
    report = home.fold(tenant, table)
    fold_ms, fold_cpu_ms = (time.perf_counter() - wall) * 1000, (cpu_seconds() - cpu) * 1000
    assert report.commits == 1, "each delivery changes something"
    return {
        "fold_ms": fold_ms,
        "fold_cpu_ms": fold_cpu_ms,
        "commit_ms": table.commit_ms,
        "commit_cpu_ms": table.commit_cpu_ms,
    }


def compare(home: Home, deliveries: list[Path], few: int, many: int, turns: int) -> Figures:
    home.fold("few", home.table("few"))
    home.fold("many", home.table("many"))
    for day in range(1, many):
        if day < few:
            one_more(home, "few", deliveries[day], day)
        one_more(home, "many", deliveries[day], day)
    costs: dict[str, list[dict[str, float]]] = {"few": [], "many": []}
    for turn in range(turns):
        for tenant, done in (("few", few), ("many", many)):
            costs[tenant].append(one_more(home, tenant, deliveries[done + turn], done + turn))
    return {
        f"{tenant}_{name}": median(cost[name] for cost in turns_of)
        for tenant, turns_of in costs.items()
        for name in turns_of[0]
    }


if __name__ == "__main__":
    files = sorted(Path(sys.argv[2]).glob("*.raw.parquet"))
    folder = Path(sys.argv[1])
    with engine(scratch_of(folder)) as database:
        home = Home(folder, database)
        tell(lambda: compare(home, files, *(int(number) for number in sys.argv[3:6])))
