"""The measured costs, one line of JSON each, so that cases can be measured alone and a report can be made again."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any


@dataclass
class Results:
    """Costs by case, engine and round."""

    path: Path

    def add(self, case: str, engine: str, turn: int, figures: dict[str, Any]) -> None:
        with self.path.open("a") as file:
            file.write(json.dumps({"case": case, "engine": engine, "turn": turn, **figures}) + "\n")

    def drop(self, cases: Iterable[str]) -> None:
        dropped = set(cases)
        kept = [row for row in self.all() if row["case"] not in dropped]
        self.path.write_text("".join(json.dumps(row) + "\n" for row in kept))

    def all(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.path.read_text().splitlines()] if self.path.exists() else []

    def of(self, case: str, engine: str) -> dict[int, dict[str, Any]]:
        """By round, the latest of each."""
        return {row["turn"]: row for row in self.all() if (row["case"], row["engine"]) == (case, engine)}

    def values(self, case: str, engine: str, figure: str) -> list[float]:
        return [float(row[figure]) for row in self.of(case, engine).values() if figure in row]

    def median(self, case: str, engine: str, figure: str) -> float | None:
        found = self.values(case, engine, figure)
        return median(found) if found else None

    def ratio(self, figure: str, above: tuple[str, str], below: tuple[str, str]) -> float | None:
        """The median over the rounds of one (case, engine) divided by another in the same round."""
        one, other = self.of(*above), self.of(*below)
        both = [turn for turn in one.keys() & other.keys() if figure in one[turn] and figure in other[turn]]
        found = [one[turn][figure] / other[turn][figure] for turn in both]
        return median(found) if found else None

    def engines(self, case: str, known: Iterable[str]) -> list[str]:
        there = {row["engine"] for row in self.all() if row["case"] == case}
        return [engine for engine in known if engine in there]
