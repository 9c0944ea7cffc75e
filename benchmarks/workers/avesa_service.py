"""AVESA: loads one service as the function that ingests it does, behind what it needs for any.

python -m benchmarks.workers.avesa_service SERVICE
"""

from __future__ import annotations

import importlib
import sys

from benchmarks.cost import Figures, cpu_seconds, peak_mb, tell


def main(name: str) -> None:
    cpu, memory = cpu_seconds(), peak_mb()
    kit = importlib.import_module("avesa.pipeline.ingest")
    cost = {"kit_cpu_s": cpu_seconds() - cpu, "kit_mb": peak_mb() - memory}
    before = peak_mb()

    def load() -> Figures:
        kit.load_service(name)
        return {**cost, "more_mb": peak_mb() - before}

    tell(load)


if __name__ == "__main__":
    main(sys.argv[1])
