"""What the work of a step costs, without the start of its process: wall and CPU time, and the peak of memory.

The engine is imported before the clock starts, for all engines alike. The whole process is measured from outside.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

Figures = Mapping[str, float | int | str]


def tell(work: Callable[[], Figures | None]) -> None:
    """Do the work and print one line of JSON: work_wall_s, work_cpu_s (user and system), peak_mb, and its own."""
    wall, cpu = time.perf_counter(), cpu_seconds()
    own = work() or {}
    cost = {"work_wall_s": time.perf_counter() - wall, "work_cpu_s": cpu_seconds() - cpu, "peak_mb": peak_mb()}
    sys.stdout.write(json.dumps({**cost, **own}) + "\n")


def cpu_seconds() -> float:
    """User and system time of this process and its finished children."""
    both = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def peak_mb() -> float:
    """Peak resident memory of this process in MB (10^6 bytes).

    On Linux from VmHWM, since ru_maxrss of a child begins with the size of the process that started it.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
