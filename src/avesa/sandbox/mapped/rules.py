"""The inverse of each rule: what has to stand in a record for the rule to read the wanted value.

A rule gives several ways, the best first; the writer takes the first that has a place. Where there is none, the
column cannot be written.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from avesa.sandbox.mapped.draft import Draft, Put
from avesa.sandbox.mapped.paths import Path, taken
from avesa.sandbox.mapped.reading import (
    Conditions,
    Constant,
    Leaf,
    Listed,
    OfParent,
    Rule,
    Several,
    is_listed,
    leaves,
    minor_digits,
    read,
    text_of,
)
from avesa.sandbox.mapped.units import in_theirs

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CURRENCY = "USD"
"""What amounts are in where no currency is told yet."""

_OTHER = "other"
"""A word that no list has."""


def ways(rule: Rule, type_: str, wanted: Any, draft: Draft) -> Iterator[list[Put]]:
    """The ways to make a rule read `wanted`, which is not None."""
    match rule:
        case Leaf():
            yield from _of_leaf(rule, type_, wanted, draft)
        case Constant() | OfParent():
            yield []
        case Several("join", rules, separator):
            texts = wanted.split(separator, len(rules) - 1) if isinstance(wanted, str) and separator else [wanted]
            if len(texts) == len(rules):
                yield from _together(rules, texts, "text", draft)
            yield from _one_of(rules, "text", wanted, draft)
        case Several("list", rules):
            yield from _one_of(rules, "json", wanted, draft)
        case Several("hours_between", (start, end)):
            # Where the beginning is told, the end follows from it.
            began = read(start, "timestamp", draft.record)
            if began is not None and all(draft.is_held(leaf.path) for leaf in leaves(start)):
                yield from ways(end, "timestamp", began + timedelta(hours=float(wanted)), draft)
        case Several("sum", rules):
            yield from _one_of(rules, type_, wanted, draft)
        case Several(_, rules):
            for at, inner in enumerate(rules):
                before = blanks(rules[:at])
                for way in ways(inner, type_, wanted, draft):
                    # What the way needs is not to be emptied before it.
                    needed = {path for path, _ in way}
                    yield [*(put for put in before if put[0] not in needed), *way]


def blanks(rules: tuple[Rule, ...]) -> list[Put]:
    """What makes rules read nothing."""
    return [(leaf.path, None) for rule in rules for leaf in leaves(rule)]


def _together(rules: tuple[Rule, ...], parts: list[Any], type_: str, draft: Draft) -> Iterator[list[Put]]:
    """Each rule reads its part."""
    whole: list[Put] = []
    for rule, part in zip(rules, parts, strict=True):
        way = next(ways(rule, type_, part, draft), None)
        if way is None:
            return
        whole += way
    yield whole


def _one_of(rules: tuple[Rule, ...], type_: str, wanted: Any, draft: Draft) -> Iterator[list[Put]]:
    """One rule reads it all, and the others nothing. Of a list with one element that element will do."""
    for at, rule in enumerate(rules):
        others = blanks((*rules[:at], *rules[at + 1 :]))
        values = [wanted]
        if type_ == "json" and isinstance(wanted, list) and len(wanted) == 1:
            values.append(wanted[0])
        for value in values:
            for way in ways(rule, type_, value, draft):
                needed = {path for path, _ in way}
                yield [*way, *(put for put in others if put[0] not in needed)]


def _of_leaf(leaf: Leaf, type_: str, wanted: Any, draft: Draft) -> Iterator[list[Put]]:
    if leaf.names is not None:
        return
    conditions = _conditions(leaf, draft)
    if conditions is None:
        return
    extra: list[Put] = list(conditions)
    if leaf.currency is not None:
        code = text_of(taken(draft.record, leaf.currency)) if draft.is_held(leaf.currency) else CURRENCY
        if not code:
            return
        extra.append((leaf.currency, code))
    else:
        code = ""
    if leaf.path.each and type_ in ("decimal", "integer"):
        # The elements are added up, so one of them is enough.
        values: Iterator[Any] = ([value] for value in _values(leaf, type_, wanted, code))
    else:
        values = _values(leaf, type_, wanted, code)
    for value in values:
        if all(path != leaf.path or not _holds(value, texts) for path, texts in leaf.unless):
            yield [(leaf.path, value), *(put for put in extra if put[0] != leaf.path)]


def _conditions(leaf: Leaf, draft: Draft) -> list[Put] | None:
    """What makes `when` hold and `unless` not; None where the record says otherwise already."""
    puts: list[Put] = []
    for path, texts in leaf.when:
        if draft.is_held(path):
            if not _holds(taken(draft.record, path), texts):
                return None
        else:
            puts.append((path, next((text for text in texts if text is not None), None)))
    for path, texts in _others(leaf.unless, leaf.path):
        if draft.is_held(path):
            if _holds(taken(draft.record, path), texts):
                return None
        else:
            puts.append((path, None if None not in texts else _OTHER))
    return puts


def _others(conditions: Conditions, own: Path) -> Conditions:
    return tuple((path, texts) for path, texts in conditions if path != own)


def _holds(value: Any, listed: Listed) -> bool:
    return is_listed(str(value) if isinstance(value, date | Decimal) else text_of(value), listed)


def _values(leaf: Leaf, type_: str, wanted: Any, currency: str) -> Iterator[Any]:
    """The vendor's values that stand for ours."""
    if currency:
        yield Decimal(str(wanted)) * 10 ** minor_digits(leaf, currency)
    elif leaf.values:
        yield from (theirs for theirs, ours in leaf.values if same(ours, wanted))
        if leaf.default is not None and same(leaf.default, wanted):
            yield _OTHER
    elif leaf.case is not None:
        yield wanted.upper() if leaf.case == "upper" else wanted.lower()
    elif leaf.unit is not None:
        yield in_theirs(wanted, leaf.unit)
    elif leaf.format is not None and isinstance(wanted, date):
        yield _written(wanted, leaf.format)
    elif leaf.path.each and type_ == "text":
        return
    else:
        yield wanted


def same(ours: Any, wanted: Any) -> bool:
    """Whether a map's value is the wanted one; true is not 1."""
    if isinstance(ours, bool) or isinstance(wanted, bool):
        return ours is wanted
    if isinstance(ours, int | float) and isinstance(wanted, int | float | Decimal):
        return Decimal(str(ours)) == Decimal(str(wanted))
    return bool(ours == wanted)


def _written(moment: date, format_: str) -> Any:
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    since = moment - _EPOCH
    match format_:
        case "epoch_seconds":
            return since // timedelta(seconds=1)
        case "epoch_milliseconds":
            return since // timedelta(milliseconds=1)
        case "microsoft_date":
            return f"/Date({since // timedelta(milliseconds=1)}+0000)/"
        case "iso":
            return moment
        case pattern:
            return moment.strftime(pattern)
