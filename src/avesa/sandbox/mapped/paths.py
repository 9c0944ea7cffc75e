"""Paths of the mapping files: names down to a value, with at most one choice among the elements of a list."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

_SELECTOR = re.compile(r"\[(.*)\]")

Where = tuple[tuple[tuple[str, ...], str], ...]


@dataclass(frozen=True)
class Path:
    """`steps` lead to a value; of a list `where` chooses the first element with these texts, `each` takes all, and
    `within` goes on inside of an element.
    """

    steps: tuple[str, ...]
    where: Where = ()
    each: bool = False
    within: tuple[str, ...] = ()

    @property
    def is_plain(self) -> bool:
        return not self.where and not self.each

    def touches(self, other: Path) -> bool:
        """Whether one of them lies in, or is, the other. Two elements of a list with other texts do not touch."""
        if self.steps == other.steps and self.where and other.where:
            return self.where == other.where and _is_prefix(self.within, other.within)
        return _is_prefix(self.steps, other.steps)


def _is_prefix(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


def parse_path(document: str | list[Any]) -> Path:
    if isinstance(document, str):
        return _dotted(document)
    steps: list[str] = []
    within: list[str] = []
    where: Where | None = None
    for step in document:
        if isinstance(step, dict):
            where = tuple(((name,), value) for name, value in sorted(step["where"].items()))
        else:
            (steps if where is None else within).append(str(step))
    return Path(tuple(steps), where or (), False, tuple(within))


def _dotted(text: str) -> Path:
    found = _SELECTOR.search(text)
    if found is None:
        return Path(tuple(text.split(".")))
    steps = tuple(text[: found.start()].split("."))
    after = text[found.end() :].removeprefix(".")
    within = tuple(after.split(".")) if after else ()
    if not found[1]:
        return Path(steps, (), True, within)
    pairs = sorted(pair.split("=", 1) for pair in found[1].split(","))
    return Path(steps, tuple((tuple(name.split(".")), value) for name, value in pairs), False, within)


def below(value: Any, steps: tuple[str, ...]) -> Any:
    """What lies at names and places in lists, None where nothing does."""
    for step in steps:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def taken(record: Any, path: Path) -> Any:
    """The value at a path, None where there is none; with `each` a list, which lacks what is null."""
    value = below(record, path.steps)
    if path.is_plain:
        return value
    if not isinstance(value, list):
        return None
    if path.each:
        found = [below(element, path.within) for element in value]
        return [one for one in found if one is not None] or None
    chosen = (one for one in value if all(_text(below(one, name)) == text for name, text in path.where))
    return below(next(chosen, None), path.within)


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value)
