"""Where the time of AVESA's fold goes, by function: wall seconds including what each calls, the longest first.

python -m benchmarks.workers.avesa_profile HOME
"""

from __future__ import annotations

import cProfile
import json
import pstats
import sys
from pathlib import Path

from benchmarks.workers.avesa_fold import fold_all

MOST = 18


def profiled(folder: Path) -> dict[str, float]:
    with cProfile.Profile() as profile:
        fold_all(folder)
    spent: dict[str, float] = {}
    for (file, _, function), (_, _, _, cumulative, _) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        path = Path(file)
        if "avesa" in path.parts and not function.startswith("<"):
            spent[f"{path.stem}.{function}"] = cumulative
    return dict(sorted(spent.items(), key=lambda item: -item[1])[:MOST])


if __name__ == "__main__":
    sys.stdout.write(json.dumps({"seconds": profiled(Path(sys.argv[1]))}) + "\n")
