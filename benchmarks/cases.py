"""The cases. In each round every engine takes the same delivery once, one after the other, from the same state."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from avesa.canonical_transform.canonical_table import FILE_FORMAT
from benchmarks import engines, inputs
from benchmarks.engines import PEERS, Bench
from benchmarks.inputs import Delivery, Sizes
from benchmarks.names import TENANT
from benchmarks.results import Results

HISTORY = 4
"""So many closed versions of each row, where there is history. The current rows are of this generation."""
NEWEST = 0.05


@dataclass(frozen=True)
class Plan:
    """How much is measured. `peers` are the engines beside AVESA and the stream copy."""

    sizes: Sizes
    pairs: int = 5
    small_rows: int = 2000
    small_batch: int = 50
    tables: int = 200
    few: int = 10
    many: int = 1000
    turns: int = 20
    generations: int = 10
    """Of all rows, for the case of memory: ten times the rows is how many versions are folded."""
    peers: tuple[str, ...] = PEERS
    pipelines: tuple[str, ...] = ()
    """Those beside AVESA in the cases of ingestion."""
    records: int = 200_000
    many_records: int = 1_000_000
    slow_pages: int = 400
    pulls: int = 3
    """Rounds of the cases of ingestion, where the slowest take a minute each."""
    loads: int = 3
    each_service: int = 1
    """Of the services, whose names are sorted, one in so many is loaded."""

    @property
    def current(self) -> Delivery:
        return inputs.generation(self.sizes, HISTORY)

    @property
    def past(self) -> list[Delivery]:
        return [inputs.generation(self.sizes, g) for g in range(HISTORY)]


def say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def initial(bench: Bench, plan: Plan, results: Results) -> None:
    """Load all rows into an empty table."""
    inputs.make(bench.inputs, [plan.current])
    for turn in range(plan.pairs):
        for engine in ("avesa", *plan.peers):
            folder = _empty(bench.work / "run")
            results.add("initial", engine, turn, _told(bench, engine, folder, plan.current, first=True, once=turn == 0))
            _keep_as_base(folder, _base(bench, engine, plan, history=False))
        results.add("initial", "mapping", turn, engines.run_mapping(bench, plan.current))


def random(bench: Bench, plan: Plan, results: Results) -> None:
    """A batch with random keys, where no row has a history."""
    _batch(bench, plan, results, "random", inputs.batch(plan.sizes, HISTORY), plan.peers, history=False)


def history(bench: Bench, plan: Plan, results: Results) -> None:
    """The same batch, where every row has four closed versions."""
    _batch(bench, plan, results, "history", inputs.batch(plan.sizes, HISTORY), plan.peers, history=True)


def recent(bench: Bench, plan: Plan, results: Results) -> None:
    """A batch of keys among the newest five per cent."""
    delivery = inputs.batch(plan.sizes, HISTORY, newest=NEWEST)
    peers = tuple(peer for peer in plan.peers if peer == "delta")
    _batch(bench, plan, results, "recent", delivery, peers, history=False)


def nothing(bench: Bench, plan: Plan, results: Results) -> None:
    """A batch that repeats what is known: it must leave no file and no commit."""
    delivery = inputs.nothing_new(plan.sizes, HISTORY)
    inputs.make(bench.inputs, [plan.current, delivery])
    base = _ready_base(bench, "avesa", plan, history=False)
    for turn in range(plan.pairs):
        folder = bench.work / "run"
        engines.copy_folder(base, folder)
        before = _canonical(folder)
        cost = engines.run_step(bench, "avesa", folder, delivery, first=False)
        results.add("nothing", "avesa", turn, {**cost, "files": len(_canonical(folder) - before)})


def small(bench: Bench, plan: Plan, results: Results) -> None:
    """Many small tables in one process, each with a small batch."""
    sizes = Sizes(plan.small_rows)
    first = inputs.generation(sizes, HISTORY)
    delivery = inputs.few(plan.small_rows, plan.small_batch, HISTORY + 1)
    inputs.make(bench.inputs, [first, delivery])
    chosen = ("avesa", *(peer for peer in plan.peers if peer != "dbt_timestamp"))
    bases = {}
    for engine in chosen:
        say(f"  small tables for {engine}")
        bases[engine] = _empty(bench.work / f"small-{engine}")
        engines.run_step(bench, engine, bases[engine], first, first=True, tables=plan.tables)
    for turn in range(plan.pairs):
        for engine in chosen:
            folder = bench.work / "run"
            engines.copy_folder(bases[engine], folder)
            cost = engines.run_step(bench, engine, folder, delivery, first=False, tables=plan.tables)
            found = engines.digest(bench, engine, folder) if turn == 0 else {}
            results.add("small", engine, turn, {**cost, **found, "tables": plan.tables})
            say(f"  small {engine}: {cost['cpu_s'] / plan.tables * 1000:.0f} ms of CPU a table")


def commits(bench: Bench, plan: Plan, results: Results) -> None:
    """A small table after few and after many commits."""
    sizes = Sizes(plan.small_rows)
    deliveries = [inputs.few(plan.small_rows, plan.small_batch, g) for g in range(1, plan.many + plan.turns)]
    folder = bench.work / "commits-inputs"
    # The files are taken in the order of their names; each is the delivery of the day of its place.
    named = [Delivery(f"{delivery.day:06}", delivery.rows, delivery.day) for delivery in deliveries]
    first = Delivery("000000", inputs.generation(sizes, 0).rows, 0)
    inputs.make(folder, [first, *named], typed=False)
    home = _empty(bench.work / "run")
    for tenant in ("few", "many"):
        inputs.land(home, tenant, inputs.raw_file(folder, first), 0)
    cost = engines.run_commits(bench, home, folder, plan.few, plan.many, plan.turns)
    results.add("commits", "avesa", 0, {**cost, "few": plan.few, "many": plan.many})


def profile(bench: Bench, plan: Plan, results: Results) -> None:
    """Where AVESA's time goes, for the batch with history and for small tables."""
    delivery = inputs.batch(plan.sizes, HISTORY)
    inputs.make(bench.inputs, [*plan.past, plan.current, delivery])
    folder = bench.work / "run"
    engines.copy_folder(_ready_base(bench, "avesa", plan, history=True), folder)
    results.add("profile", "avesa", 0, {"seconds": engines.run_profile(bench, folder, delivery)})
    first = inputs.generation(Sizes(plan.small_rows), HISTORY)
    delivery = inputs.few(plan.small_rows, plan.small_batch, HISTORY + 1)
    inputs.make(bench.inputs, [first, delivery])
    engines.run_step(bench, "avesa", _empty(folder), first, first=True, tables=plan.tables)
    results.add("profile", "small", 0, {"seconds": engines.run_profile(bench, folder, delivery, plan.tables)})


def memory(bench: Bench, plan: Plan, results: Results) -> None:
    """All generations of all rows folded at once."""
    deliveries = [inputs.generation(plan.sizes, g) for g in range(plan.generations)]
    inputs.make(bench.inputs, deliveries, typed=False)
    folder = _empty(bench.work / "run")
    cost = engines.run_avesa(bench, folder, deliveries)
    results.add("memory", "avesa", 0, {**cost, "versions": plan.sizes.rows * plan.generations})
    say(f"  memory: peak {cost['peak_mb']:.0f} MB, {cost['wall_s']:.0f} s")


CASES: dict[str, Callable[[Bench, Plan, Results], None]] = {
    "initial": initial,
    "random": random,
    "history": history,
    "recent": recent,
    "nothing": nothing,
    "small": small,
    "commits": commits,
    "profile": profile,
    "memory": memory,
}


def forget(bench: Bench, results: Results, cases: Sequence[str], *, everything: bool = False) -> None:
    """Before cases are measured again: drop their results, and AVESA's tables, since its code may have changed.

    With `everything` the data and the peers' tables are made anew as well, and no result stays.
    """
    results.drop(CASES if everything else cases)
    folders = ("inputs", "commits-inputs", "run", "base-*", "small-*") if everything else ("base-*-avesa",)
    for pattern in folders:
        for folder in bench.work.glob(pattern):
            shutil.rmtree(folder)


def _batch(
    bench: Bench,
    plan: Plan,
    results: Results,
    case: str,
    delivery: Delivery,
    peers: Sequence[str],
    *,
    history: bool,
) -> None:
    inputs.make(bench.inputs, [plan.current, delivery, *(plan.past if history else [])])
    bases = {engine: _ready_base(bench, engine, plan, history=history) for engine in ("avesa", *peers)}
    current = engines.current_files(_ready_base(bench, "avesa", plan, history=False))
    for turn in range(plan.pairs):
        results.add(case, "copy", turn, engines.run_copy(bench, current, "FORMAT parquet, COMPRESSION zstd"))
        results.add(case, "copy_ours", turn, engines.run_copy(bench, current, FILE_FORMAT))
        for engine in ("avesa", *peers):
            folder = bench.work / "run"
            engines.copy_folder(bases[engine], folder)
            told = _told(bench, engine, folder, delivery, first=False, once=turn == 0)
            results.add(case, engine, turn, told)
            say(f"  {case} {engine}: wall {told['wall_s']:.2f} s, CPU {told['cpu_s']:.2f} s")
        results.add(case, "mapping", turn, engines.run_mapping(bench, delivery))


def _told(
    bench: Bench, engine: str, folder: Path, delivery: Delivery, *, first: bool, once: bool
) -> dict[str, float | int]:
    cost = engines.run_step(bench, engine, folder, delivery, first=first)
    return {**cost, **(engines.digest(bench, engine, folder) if once else {})}


def _base(bench: Bench, engine: str, plan: Plan, *, history: bool) -> Path:
    return bench.work / f"base-{plan.sizes.rows}-{'history' if history else 'plain'}-{engine}"


def _ready_base(bench: Bench, engine: str, plan: Plan, *, history: bool) -> Path:
    """The state before a batch, made once."""
    base = _base(bench, engine, plan, history=history)
    if base.exists():
        return base
    say(f"  making {base.name}")
    folder = _empty(bench.work / "run")
    if engine == "avesa":
        engines.run_avesa(bench, folder, [*plan.past, plan.current] if history else [plan.current])
    else:
        engines.run_step(bench, engine, folder, plan.current, first=True)
        if history:
            engines.add_history(bench, engine, folder, plan.past)
    _keep_as_base(folder, base)
    return base


def _keep_as_base(folder: Path, base: Path) -> None:
    if not base.exists():
        engines.copy_folder(folder, base)


def _canonical(folder: Path) -> set[Path]:
    return set((folder / "data" / TENANT / "canonical").rglob("*"))


def _empty(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
