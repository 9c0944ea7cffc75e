"""The fields that records have, found by walking through them: names and JSON types, counted, and never a value.

Names can be data: of an object whose keys are ids or addresses there is one field, `*`. Memory is bounded whatever
records hold: so many fields, so deep, and what is beyond that is left out and told.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat
from typing import Any

from avesa.pipeline.drift.names import ANY, EACH, is_data
from avesa.pipeline.drift.types import LIST, NOTHING, SCALARS, type_of

MOST_FIELDS = 20_000
MOST_NAMES = 2_000
"""Of one object; with more, names are taken for data that only one in _SELDOM of the objects has."""
_SELDOM = 20
DEEPEST = 24
_MANY_NAMES = 100
"""Where there are too many fields in all, an object with more names than that gives up its own."""
_TYPES, _BEFORE, _NOW = 31, 32, 64


class _Node:
    """One field. `counts` has how many records had it, by the bits of its type and of when they were seen; of a record
    in which it stands several times, in a list, the first counts, and the bits of the others are in `more`.
    """

    __slots__ = ("below", "counts", "first", "last", "more", "spread")

    def __init__(self) -> None:
        self.counts: defaultdict[int, int] = defaultdict(int)
        self.more: set[int] = set()
        self.first = sys.maxsize
        """The pull that showed it first, if with nothing in it."""
        self.last = -1
        """The record that was the last to have it."""
        self.below: dict[str, _Node] = {}
        self.spread = False
        """Whether other names than those below are one field."""

    def take(self, bits: int, number: int) -> None:
        """Once more; the first time in a record counts."""
        if self.last != number:
            self.last = number
            self.counts[bits] += 1
        elif bits not in self.counts:
            self.more.add(bits)

    def types(self, when: int) -> int:
        """The bits of all types that it had then."""
        found = NOTHING
        for bits in (*self.counts, *self.more):
            if bits & when:
                found |= bits & _TYPES
        return found

    @property
    def hits(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True)
class Field:
    """Something that can be mapped: a value, or a list or an object in which there is nothing. `records` of the newest
    have it, `fresh` of them in a type that it did not have before. `first` is the pull that showed it first, and
    `is_known` says that it was there before, or what it stands in was and had nothing in it.
    """

    steps: tuple[str, ...]
    before: int
    now: int
    records: int
    fresh: int
    first: int
    is_known: bool


class Fields:
    """Takes records one by one. Of each record the newest state counts; those before only say what was there. What
    pulls before number `boundary` showed was there before.
    """

    def __init__(self, boundary: int, *, most: int = MOST_FIELDS, deepest: int = DEEPEST) -> None:
        self._boundary = boundary
        self._root = _Node()
        self._most, self._deepest = most, deepest
        self._nodes = 1
        self._number = self._pull = 0
        self._is_full = False
        self.cut = False
        """Whether there was more than is told of."""

    def add(self, record: Any, *, pull: int, now: bool) -> None:
        """`pull` showed it first; `now` says that the record was so when it was seen last."""
        self._number += 1
        self._pull = pull
        bits = type_of(record)
        when = (pull < self._boundary) * _BEFORE | now * _NOW
        self._root.take(bits | when, self._number)
        if bits >= LIST:
            self._walk(record, self._root, self._deepest, when)

    def found(self) -> Iterator[Field]:
        """In the order of their names."""
        yield from _found((), self._root, self._boundary, is_known=False)

    def _walk(self, value: dict[str, Any] | list[Any], node: _Node, deepest: int, when: int) -> None:
        """The most of the time goes here, so what one call could do for each field stands in the loop."""
        if not deepest:
            self.cut = self.cut or any(map(type_of, value.values() if isinstance(value, dict) else value))
            return
        number, pull = self._number, self._pull
        for name, inner in value.items() if isinstance(value, dict) else zip(repeat(EACH), value, strict=False):
            bits = type_of(inner)
            found = node.below.get(name) or self._below(node, name)
            if found is None:
                continue
            if pull < found.first:  # noqa: PLR1730 — a call for each field would be felt
                found.first = pull
            if not bits:
                continue
            if found.last != number:
                found.last = number
                found.counts[bits | when] += 1
            else:
                found.take(bits | when, number)
            if bits >= LIST and inner:
                self._walk(inner, found, deepest - 1, when)

    def _below(self, node: _Node, name: str) -> _Node | None:
        """The field for a name that the object did not have yet; None where there are too many of them."""
        if name == EACH:
            return self._made(node, EACH)
        if node.spread or is_data(name):
            return node.below.get(ANY) or self._made(node, ANY)
        if len(node.below) >= MOST_NAMES:
            self._spread(node)
            return node.below.get(ANY)
        return self._made(node, name)

    def _made(self, node: _Node, name: str) -> _Node | None:
        if self._nodes >= self._most and not self._is_full:
            widest = _widest(self._root)
            if len(widest.below) > _MANY_NAMES and not widest.spread:
                self._spread(widest)
            self._is_full = self._nodes >= self._most
            return node.below.get(name) or self._below(node, name)
        if self._is_full:
            self.cut = True
            return None
        self._nodes += 1
        made = node.below[name] = _Node()
        return made

    def _spread(self, node: _Node) -> None:
        """Make one field of all names but those that many of the objects have. From now on it takes new ones too."""
        into = node.below.pop(ANY, None) or _Node()
        often = max(2, node.hits // _SELDOM)
        kept = {name: one for name, one in node.below.items() if name == EACH or one.hits >= often}
        if len(kept) > MOST_NAMES // 2:
            kept = {name: kept[name] for name in kept if name == EACH}
        merged = [one for name, one in node.below.items() if name not in kept]
        # A record that has several of the names counts once. How many have any is not known, but so many have.
        least = max(len({one.last for one in merged}), *(one.hits for one in (into, *merged)))
        for one in merged:
            _merge(one, into)
        _limit(into, least)
        node.below = {**kept, ANY: into}
        node.spread = True
        self._nodes = _count(self._root)


def _widest(node: _Node) -> _Node:
    """The object below which the most names stand, of those that can still give them up."""
    return max((node, *map(_widest, node.below.values())), key=lambda one: -1 if one.spread else len(one.below))


def _merge(one: _Node, into: _Node) -> None:
    into.more |= one.more
    into.first = min(into.first, one.first)
    into.last = max(into.last, one.last)
    into.spread |= one.spread
    for bits, count in one.counts.items():
        into.counts[bits] += count
    for name, below in one.below.items():
        _merge(below, into.below.setdefault(name, _Node()))


def _limit(node: _Node, most: int) -> None:
    hits = node.hits
    if hits > most:
        for bits, count in node.counts.items():
            node.counts[bits] = max(1, count * most // hits)
    for below in node.below.values():
        _limit(below, most)


def _count(node: _Node) -> int:
    return 1 + sum(map(_count, node.below.values()))


def _found(steps: tuple[str, ...], node: _Node, boundary: int, *, is_known: bool) -> Iterator[Field]:
    before, now = node.types(_BEFORE), node.types(_NOW)
    is_known = is_known or node.first < boundary
    if steps and (before | now) and ((before | now) & SCALARS or not _has_any(node)):
        newest = {bits & _TYPES: 0 for bits in node.counts}
        for bits, count in node.counts.items():
            newest[bits & _TYPES] += count if bits & _NOW else 0
        fresh = sum(count for bits, count in newest.items() if bits & ~before)
        # In a list the fresh ones may all come behind others.
        fresh = max(fresh, 1) if now & ~before else 0
        yield Field(steps, before, now, sum(newest.values()), fresh, node.first, is_known)
    was_empty = is_known and not before & SCALARS and all(one.first >= boundary for one in node.below.values())
    for name in sorted(node.below):
        yield from _found((*steps, name), node.below[name], boundary, is_known=was_empty)


def _has_any(node: _Node) -> bool:
    """Whether something ever stood below it."""
    return any(one.counts for one in node.below.values())
