"""What the rules of mappings read of one raw table's records, and what stands at each of these places in a record.

A place is read exactly as its rule reads it: in a list the first element that the rule chooses, and no other. So a
custom field that got another caption is as gone as a field that got another name.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass, field
from typing import Any

from avesa.canonical_transform.mapping_rules import (
    Between,
    Collect,
    Constant,
    Each,
    First,
    FromPath,
    Join,
    JsonPath,
    OfParent,
    Rule,
    Sum,
    Where,
)
from avesa.connector.record import value_in
from avesa.pipeline.drift.names import ANY, EACH, field_name, is_data, is_odd, piece_by_piece
from avesa.pipeline.drift.types import NOTHING, OBJECT, type_of

_ENDS = frozenset("],")
"""Signs in a value that a selector would end at."""


@dataclass(frozen=True)
class Place:
    """Where a rule reads: a path, and with `names` the fields of the object there whose names fit."""

    path: JsonPath
    names: str | None = None


@dataclass(frozen=True)
class Read:
    """A place with what it is read for: columns as `table.column`. `others` are, of a column that takes the first of
    several, the other places that it may come from; none where the column has no other.
    """

    place: Place
    others: ReadOnly[str, frozenset[Place]]

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(sorted(self.others))


def reads_of(rules: Iterable[tuple[str, Rule]]) -> list[Read]:
    """All places that rules read, each once, in the order of their paths. The pairs are of a column and its rule."""
    found: dict[Place, dict[str, frozenset[Place]]] = {}
    for column, rule in rules:
        for place, others in _places(rule, frozenset()):
            known = found.setdefault(place, {})
            # Read once with another place to fall back on and once without: without.
            known[column] = known[column] & others if column in known else others
    return sorted((Read(place, others) for place, others in found.items()), key=lambda read: written(read.place))


def _places(rule: Rule, others: frozenset[Place]) -> Iterator[tuple[Place, frozenset[Place]]]:
    match rule:
        case FromPath():
            yield Place(rule.path, rule.names), others
            if rule.currency is not None:
                yield Place(rule.currency), others
            for path, _ in (*rule.when, *rule.unless):
                yield Place(path), others
        case First(rules):
            each = [frozenset(place for place, _ in _places(one, frozenset())) for one in rules]
            for at, one in enumerate(rules):
                beside = frozenset[Place]().union(*(places for number, places in enumerate(each) if number != at))
                yield from _places(one, others | (beside - each[at]))
        case Join(rules) | Collect(rules) | Sum(rules) | Between(rules):
            for one in rules:
                yield from _places(one, others)
        case Constant() | OfParent():
            pass


def written(place: Place) -> str:
    """A place as a mapping says it."""
    path = place.path
    match path.selector:
        case Where(fields):
            names = [part for name, _ in fields for part in name]
            if any(map(is_odd, (*path.steps, *path.within, *names))) or any(_ENDS & set(value) for _, value in fields):
                where = {".".join(name): value for name, value in fields}
                return piece_by_piece([*path.steps, {"where": where}, *path.within])
            chosen = ",".join(f"{'.'.join(name)}={value}" for name, value in fields)
            return ".".join([f"{'.'.join(path.steps)}[{chosen}]", *path.within])
        case Each():
            steps: tuple[str, ...] = (*path.steps, EACH, *path.within)
        case None:
            steps = path.steps
    return field_name(steps) if place.names is None else ".".join([*steps, place.names])


def covers(place: Place, steps: tuple[str, ...]) -> bool:
    """Whether a rule that reads there takes what stands at the steps of a field, or chooses an element by it."""
    path = place.path
    match path.selector:
        case Where(fields):
            wanted = [(*path.steps, EACH, *more) for more in (path.within, *(name for name, _ in fields))]
        case Each():
            wanted = [(*path.steps, EACH, *path.within)]
        case None:
            wanted = [path.steps]
    if place.names is not None:
        at = len(path.steps)
        return len(steps) > at and fits(steps[at], place.names) and _begins(steps, path.steps)
    return any(_begins(steps, one) for one in wanted)


def _begins(steps: tuple[str, ...], with_: tuple[str, ...]) -> bool:
    return len(steps) >= len(with_) and all(
        step == name or (step == EACH and name.isdecimal()) or (step == ANY and is_data(name))
        for step, name in zip(steps, with_, strict=False)
    )


@dataclass
class _Branch:
    """The places below one step, by their numbers."""

    here: list[int] = field(default_factory=list[int])
    named: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    chosen: list[tuple[int, Each | Where, tuple[str, ...]]] = field(
        default_factory=list[tuple[int, Each | Where, tuple[str, ...]]]
    )
    below: dict[str, _Branch] = field(default_factory=dict[str, "_Branch"])


class Reader:
    """Tells of which types there is something at each place, in one walk along the places of a record."""

    def __init__(self, places: Iterable[Place]) -> None:
        self._root = _Branch()
        self._count = 0
        for number, place in enumerate(places):
            self._count += 1
            branch = self._root
            for step in place.path.steps:
                branch = branch.below.setdefault(step, _Branch())
            if place.path.selector is not None:
                branch.chosen.append((number, place.path.selector, place.path.within))
            elif place.names is not None:
                branch.named.append((number, place.names))
            else:
                branch.here.append(number)

    def types(self, record: Any) -> bytearray:
        """The bits of what stands at each place, in the order of the places."""
        found = bytearray(self._count)
        _read(record, self._root, found)
        return found


def _read(value: Any, branch: _Branch, found: bytearray) -> None:
    for number in branch.here:
        found[number] = type_of(value)
    for number, names in branch.named:
        found[number] = _of_fields(value, names)
    if isinstance(value, dict):
        for name, below in branch.below.items():
            inner = value.get(name)
            if inner is not None:
                _read(inner, below, found)
    elif isinstance(value, list):
        for number, selector, within in branch.chosen:
            found[number] = _of_elements(value, selector, within)
        for name, below in branch.below.items():
            if name.isdecimal() and int(name) < len(value):
                _read(value[int(name)], below, found)


def _of_fields(value: Any, names: str) -> int:
    if not isinstance(value, dict):
        return NOTHING
    return OBJECT if any(fits(name, names) and inner is not None for name, inner in value.items()) else NOTHING


def fits(name: str, names: str) -> bool:
    """Whether a name is one of those that `names` stands for."""
    return name.startswith(names[:-1]) if names.endswith("*") else name.endswith(names[1:])


def _of_elements(elements: list[Any], selector: Each | Where, within: tuple[str, ...]) -> int:
    if isinstance(selector, Each):
        bits = NOTHING
        for element in elements:
            bits |= type_of(value_in(element, within))
        return bits
    wanted = selector.fields
    chosen = (one for one in elements if all(_text(value_in(one, name)) == value for name, value in wanted))
    return type_of(value_in(next(chosen, None), within))


def _text(value: Any) -> str | None:
    """A scalar as a rule compares it; None for what is none."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, dict | list):
        return None
    return json.dumps(value)
