"""The mapping files as plain data, read anew: rules, and what a rule reads out of a record.

It shares no code with the canonical transform, so that one can be held against the other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any

from avesa.sandbox.mapped.paths import Path, parse_path, taken
from avesa.sandbox.mapped.units import in_ours
from avesa.shared.shipped import shipped

Listed = tuple[str | float | None, ...]
"""Texts whatever their case, numbers however they are written, and None for nothing."""
Conditions = tuple[tuple[Path, Listed], ...]
"""Paths, and what may stand there."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PLACES = Decimal("0.0001")
_DIGITS = {"JPY": 0, "KRW": 0, "KWD": 3, "BHD": 3}
_YES, _NO = ("true", "1", "yes", "y", "t", "on"), ("false", "0", "no", "n", "f", "off")


@dataclass(frozen=True)
class Leaf:
    """A value at a path. `values` are pairs of the vendor's word, in small letters, and ours."""

    path: Path
    format: str | None = None
    unit: str | None = None
    values: tuple[tuple[str, Any], ...] = ()
    default: Any = None
    case: str | None = None
    when: Conditions = ()
    unless: Conditions = ()
    currency: Path | None = None
    digits: tuple[tuple[str, int], ...] = ()
    names: str | None = None
    compare: str | None = None


@dataclass(frozen=True)
class Constant:
    value: Any


@dataclass(frozen=True)
class Several:
    """`first`, `join`, `list`, `sum` or `hours_between` of other rules."""

    kind: str
    rules: tuple[Rule, ...]
    separator: str = ""


@dataclass(frozen=True)
class OfParent:
    """The id of the parent that the record was asked for under."""


Rule = Leaf | Constant | Several | OfParent


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    rule: Rule


@dataclass(frozen=True)
class Mapped:
    """How a raw table becomes rows of a canonical one: the columns that have a rule."""

    canonical: str
    columns: tuple[Column, ...]


@cache
def mappings_of(service: str) -> Mapping[str, Mapped]:
    """By raw table, for all that the mapping files have of a service."""
    found: dict[str, Mapped] = {}
    for file in sorted(shipped("mappings").glob("*.json")):
        document = json.loads(file.read_text(encoding="utf-8"))
        if "table" not in document:
            continue
        types = {name: column["type"] for name, column in document["columns"].items()}
        for table, rules in document["sources"].get(service, {}).items():
            columns = (Column(name, types[name], parse_rule(rule)) for name, rule in rules.items())
            found[table] = Mapped(document["table"], tuple(columns))
    return found


def parse_rule(document: Any) -> Rule:
    """The rule of a mapping's JSON, which the canonical transform has checked."""
    if isinstance(document, str):
        return _leaf({"path": document})
    for kind in ("first", "join", "list", "sum", "hours_between"):
        if kind in document:
            return Several(kind, tuple(map(parse_rule, document[kind])), document.get("with", ""))
    if "constant" in document:
        return Constant(document["constant"])
    return OfParent() if "parent" in document else _leaf(document)


def _leaf(document: Mapping[str, Any]) -> Leaf:
    return Leaf(
        parse_path(document["path"]),
        document.get("format"),
        document.get("unit"),
        tuple((theirs.strip().lower(), ours) for theirs, ours in document.get("map", {}).items()),
        document.get("default"),
        document.get("case"),
        _conditions(document.get("when", {})),
        _conditions(document.get("unless", {})),
        parse_path(document["currency"]) if "currency" in document else None,
        tuple(document.get("digits", {}).items()),
        document.get("names"),
        document.get("compare"),
    )


def _conditions(document: Mapping[str, Any]) -> Conditions:
    return tuple(
        (parse_path(path), tuple(listed) if isinstance(listed, list) else (listed,))
        for path, listed in document.items()
    )


def leaves(rule: Rule) -> Iterator[Leaf]:
    match rule:
        case Leaf():
            yield rule
        case Several(rules=rules):
            for inner in rules:
                yield from leaves(inner)
        case Constant() | OfParent():
            pass


def read(rule: Rule, type_: str, record: Any, parent: str | None = None) -> Any:
    """What the rule makes of a record, None where nothing: a text, Decimal, int, bool, datetime, date or JSON value."""
    match rule:
        case Constant(value):
            return typed(text_of(value), type_)
        case OfParent():
            return parent
        case Leaf():
            return _read_leaf(rule, type_, record)
        case Several():
            inside = {"join": "text", "list": "json", "hours_between": "timestamp"}.get(rule.kind, type_)
            return _put_together(rule, [read(inner, inside, record, parent) for inner in rule.rules])


def _put_together(rule: Several, parts: list[Any]) -> Any:
    match rule.kind:
        case "join":
            return rule.separator.join(part for part in parts if part) or None
        case "list":
            return _collected(parts) or None
        case "sum":
            there = [part for part in parts if part is not None]
            return sum(there) if there else None
        case "hours_between":
            start, end = parts
            span = None if start is None or end is None else (end - start) // timedelta(microseconds=1)
            return None if span is None or span < 0 else (Decimal(span) / 3_600_000_000).quantize(_PLACES)
        case _:
            return next((part for part in parts if part not in (None, "")), None)


def _collected(parts: list[Any]) -> list[Any]:
    flat = [one for part in parts for one in (part if isinstance(part, list) else [part])]
    return [one for one in flat if one not in (None, "")]


def _read_leaf(leaf: Leaf, type_: str, record: Any) -> Any:
    if not all(_is_one_of(record, path, texts) for path, texts in leaf.when):
        return None
    if any(_is_one_of(record, path, texts) for path, texts in leaf.unless):
        return None
    value = taken(record, leaf.path)
    if type_ == "json":
        return value if leaf.names is None else _named(value, leaf.names)
    currency = None if leaf.currency is None else text_of(taken(record, leaf.currency))
    if type_ in ("decimal", "integer") and leaf.path.each:
        return sum((_one(leaf, text_of(one), type_, currency) or 0 for one in value), Decimal(0)) if value else None
    return _one(leaf, text_of(value), type_, currency)


def _one(leaf: Leaf, text: str | None, type_: str, currency: str | None) -> Any:
    """What a leaf makes of one text."""
    found: Any = None
    if not text or (type_ != "text" and not text.strip()):
        return None
    if leaf.values:
        found = _mapped(leaf, text, type_)
    elif leaf.case is not None:
        found = text.upper() if leaf.case == "upper" else text.lower()
    elif leaf.currency is not None:
        found = _major(leaf, text, currency)
    elif leaf.unit is not None:
        number = in_ours(text, leaf.unit)
        found = None if number is None else typed(str(number), type_)
    else:
        found = typed(text, type_, leaf.format)
    return found


def _is_one_of(record: Any, path: Path, listed: Listed) -> bool:
    return is_listed(text_of(taken(record, path)), listed)


def is_listed(text: str | None, listed: Listed) -> bool:
    """Whether a text is one of those; nothing and an empty one are None."""
    found = (text or "").strip().lower() or None
    number = typed(found, "decimal")
    return any(
        found == one.strip().lower() if isinstance(one, str) else found is None if one is None else _same(one, number)
        for one in listed
    )


def _same(one: float, number: Decimal | None) -> bool:
    return number is not None and Decimal(str(one)) == number


def _mapped(leaf: Leaf, text: str, type_: str) -> Any:
    if leaf.compare is None:
        ours = dict(leaf.values).get(text.strip().lower(), leaf.default if text.strip() else None)
    else:
        numbers = {Decimal(theirs): ours for theirs, ours in leaf.values}
        ours = numbers.get(typed(text.strip(), "decimal"), leaf.default if text.strip() else None)
    return None if ours is None else typed(text_of(ours), type_)


def _named(value: Any, names: str) -> Any:
    if not isinstance(value, dict):
        return None
    fits = str.startswith if names.endswith("*") else str.endswith
    return {name: one for name, one in value.items() if one is not None and fits(name, names.strip("*"))} or None


def minor_digits(leaf: Leaf, currency: str) -> int:
    """How many digits behind the point the smallest unit of a currency stands for."""
    return dict(leaf.digits).get(currency.upper(), _DIGITS.get(currency.upper(), 2))


def _major(leaf: Leaf, text: str, currency: str | None) -> Decimal | None:
    number: Decimal | None = typed(text, "decimal", exact=True)
    if number is None or not currency:
        return None
    return (number / Decimal(10) ** minor_digits(leaf, currency.strip())).quantize(_PLACES)


def text_of(value: Any) -> str | None:
    """A JSON value as text; None for null."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def typed(text: str | None, type_: str, format_: str | None = None, *, exact: bool = False) -> Any:
    """A text as a value of a column's type, None where it is none."""
    if text is None:
        return None
    try:
        return _TYPED[type_](text, format_, exact)
    except (ValueError, InvalidOperation, OverflowError):
        return None


def _integer(text: str) -> int | None:
    number = Decimal(text)
    return int(number) if number == int(number) else None


def _boolean(text: str) -> bool | None:
    word = text.strip().lower()
    return True if word in _YES else False if word in _NO else None


def _moment(text: str, format_: str | None, *, written: bool = False) -> datetime:
    """With `written`, as the vendor wrote it, whatever the zone."""
    match format_:
        case None | "iso":
            moment = datetime.fromisoformat(text)
        case "epoch_seconds":
            return _EPOCH + timedelta(seconds=float(text))
        case "epoch_milliseconds":
            return _EPOCH + timedelta(milliseconds=float(text))
        case "microsoft_date":
            found = re.fullmatch(r"/Date\((-?\d+)([+-]\d{4})?\)/", text)
            if found is None:
                raise ValueError(f"{text!r} is no such date")
            return _EPOCH + timedelta(milliseconds=int(found[1]))
        case pattern:
            moment = datetime.strptime(text, pattern)  # noqa: DTZ007 - a zone is added below
    if moment.tzinfo is None or written:
        return moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC)


_TYPED: Mapping[str, Callable[[str, str | None, bool], Any]] = {
    "text": lambda text, _, __: text,
    "decimal": lambda text, _, exact: Decimal(text) if exact else Decimal(text).quantize(_PLACES),
    "integer": lambda text, _, __: _integer(text),
    "boolean": lambda text, _, __: _boolean(text),
    "timestamp": lambda text, format_, _: _moment(text.strip(), format_),
    "date": lambda text, format_, _: _moment(text.strip(), format_, written=True).date(),
    "json": lambda text, _, __: json.loads(text),
}
