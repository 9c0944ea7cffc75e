"""The case of services: what a process that needs one pays for it, over what every ingestion needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from statistics import median

from avesa.integrations import service_names
from benchmarks.cases import Plan, say
from benchmarks.engines import Bench, run_worker
from benchmarks.goals import Goal
from benchmarks.results import Results

MOST_MS = 50


def services(bench: Bench, plan: Plan, results: Results) -> None:
    """Load each service alone, in a process that has the kit already."""
    names = service_names()[:: plan.each_service]
    for turn in range(plan.loads):
        for name in names:
            results.add("services", name, turn, run_worker(bench, bench.ours, "avesa_service", [name]))
    name, cost = costs(results, "work_cpu_s")[0]
    say(f"  services: {len(names)}, the dearest is {name} with {cost * 1000:.1f} ms of CPU")


CASES: dict[str, Callable[[Bench, Plan, Results], None]] = {"services": services}


def costs(results: Results, figure: str) -> list[tuple[str, float]]:
    """Each service with its median of a figure, the dearest first."""
    found = [(name, results.median("services", name, figure)) for name in service_names()]
    return sorted(((name, cost) for name, cost in found if cost is not None), key=lambda one: -one[1])


def of_kit(results: Results, figure: str) -> float | None:
    """The median over all processes, which all load the same kit."""
    found = [value for name in service_names() for value in results.values("services", name, figure)]
    return median(found) if found else None


def goals(results: Results) -> Iterator[Goal]:
    """All of them, in the order in which the report tells them."""
    dearest = [cost * 1000 for _, cost in costs(results, "work_cpu_s")[:1]]
    yield Goal("Loading the dearest service, over the kit: CPU", dearest[0] if dearest else None, MOST_MS, "ms")
