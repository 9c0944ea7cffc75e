"""Draws wall and CPU time of each engine as bars. Reads {panel: {engine: [wall s, CPU s]}} as JSON.

python -m benchmarks.plot OUTPUT.svg < bars.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import matplotlib as mpl

mpl.use("svg")
mpl.rcParams["svg.hashsalt"] = "avesa"
from matplotlib import pyplot as plt  # noqa: E402

OURS, OTHERS = ("#0b6e4f", "#7cc6a9"), ("#54606c", "#b4bec8")


def draw(bars: dict[str, dict[str, list[float]]], path: Path) -> None:
    shown = {panel: engines for panel, engines in bars.items() if engines}
    figure, axes = plt.subplots(1, len(shown), figsize=(4.6 * len(shown), 3.4), squeeze=False)
    for axis, (panel, engines) in zip(axes[0], shown.items(), strict=True):
        for place, (engine, costs) in enumerate(engines.items()):
            colours = OURS if engine == "AVESA" else OTHERS
            for shift, value, colour in zip((-0.2, 0.2), costs, colours, strict=True):
                axis.barh(place + shift, value, 0.38, color=colour)
                axis.text(value, place + shift, f" {value:.1f}", va="center", fontsize=7)
        axis.set_yticks(range(len(engines)), [engine.replace(", DuckDB", "") for engine in engines], fontsize=8)
        axis.invert_yaxis()
        axis.set_title(panel, fontsize=10)
        axis.set_xlabel("seconds: dark wall, light CPU", fontsize=8)
        axis.margins(x=0.15)
        axis.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    draw(json.load(sys.stdin), Path(sys.argv[1]))
