"""Writes canonical values into a vendor's record, through the mapping turned round."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from avesa.sandbox.mapped.draft import Draft
from avesa.sandbox.mapped.paths import Path
from avesa.sandbox.mapped.reading import Column, Constant, Leaf, Mapped, OfParent, Several, leaves, read
from avesa.sandbox.mapped.rules import blanks, ways

_PLACES = Decimal("0.0001")


def write(draft: Draft, mapped: Mapped, wanted: Mapping[str, Any], parent: str | None = None) -> None:
    """Make the mapping read `wanted` out of the draft's record, column by column, as far as it goes.

    Columns of which nothing is known, and those that cannot be written, read nothing afterwards, where their fields
    can be missing.
    """
    _agree(draft, mapped.columns, wanted)
    for column in sorted(mapped.columns, key=_rank):
        value = wanted.get(column.name)
        if value is None:
            continue
        if reads(column, draft.record, value, parent) and all(draft.is_held(leaf.path) for leaf in leaves(column.rule)):
            continue
        any(draft.put(way) for way in ways(column.rule, column.type, value, draft))
    for column in mapped.columns:
        value = wanted.get(column.name)
        if value is None or not reads(column, draft.record, value, parent):
            for path, _ in blanks((column.rule,)):
                draft.clear(path)


def reads(column: Column, record: Any, wanted: Any, parent: str | None) -> bool:
    """Whether a record's mapping has the wanted value in a column."""
    return alike(read(column.rule, column.type, record, parent), wanted, column.type)


def alike(value: Any, wanted: Any, type_: str) -> bool:
    """Whether two values are the same one in a column of this type."""
    if value is None or wanted is None:
        return value is wanted
    if type_ == "decimal":
        return Decimal(str(value)).quantize(_PLACES) == Decimal(str(wanted)).quantize(_PLACES)
    return bool(value == wanted)


def _rank(column: Column) -> int:
    """What has one place only goes before what can go elsewhere."""
    match column.rule:
        case Constant() | OfParent():
            return 0
        case Leaf(values=values):
            return 1 if values else 2
        case Several("first"):
            return 3
        case _:
            return 4


def _agree(draft: Draft, columns: Iterable[Column], wanted: Mapping[str, Any]) -> None:
    """Where several columns are read out of one field by value maps, put the word there that most of them want."""
    by_path: dict[Path, list[tuple[Column, Leaf]]] = {}
    for column in columns:
        for leaf in leaves(column.rule):
            if wanted.get(column.name) is not None and leaf.path.is_plain and not leaf.when and not leaf.unless:
                by_path.setdefault(leaf.path, []).append((column, leaf))
    for path, readers in by_path.items():
        if sum(bool(leaf.values) for _, leaf in readers) == 0 or draft.touched(path):
            continue
        own = [str(wanted[column.name]) for column, leaf in readers if not leaf.values and column.type == "text"]
        words = [*own, *(theirs for _, leaf in readers for theirs, _ in leaf.values)]
        record: dict[str, Any] = {}

        def agreeing(word: str, path: Path = path, readers: list[tuple[Column, Leaf]] = readers) -> int:
            inner: Any = word
            for step in reversed(path.steps):
                inner = {step: inner}
            return sum(
                (2 if leaf.values else 1) * alike(read(leaf, column.type, inner), wanted[column.name], column.type)
                for column, leaf in readers
            )

        record.clear()
        best = sorted(dict.fromkeys(words), key=agreeing, reverse=True)
        fitting = (word for word in best if agreeing(word) >= 2)
        any(draft.put([(path, word)]) for word in fitting)
