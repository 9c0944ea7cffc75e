"""The closed vocabulary of rules: what may stand behind a column in a mapping, as frozen data.

A rule is read once from its JSON and checked against the type of its column; nothing in it is ever executed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, get_args

from avesa.canonical_transform.mapping_schema import mapping_fault

ColumnType = Literal["text", "decimal", "integer", "boolean", "timestamp", "date", "json"]
Scalar = str | int | float | bool

COLUMN_TYPES: tuple[ColumnType, ...] = get_args(ColumnType)

MINOR_UNITS = "minor_units"
"""The unit of an amount that is counted in the smallest unit of its currency."""

_SELECTOR = re.compile(r"\[(.*)\]")
_NUMBER = re.compile(r"-?[0-9]{1,14}(\.[0-9]+)?")
_CONSTANT_OF = {
    "text": "a text",
    "json": "a text",
    "decimal": "a number of at most 14 digits before the point",
    "integer": "a whole number of 64 bits",
    "boolean": "true or false",
    "timestamp": "an ISO 8601 time with a zone",
    "date": "an ISO 8601 date",
}


@dataclass(frozen=True)
class Each:
    """`[]`: all elements of a list."""


@dataclass(frozen=True)
class Where:
    """`[name=value,…]`: the first element of a list whose fields have these texts."""

    fields: tuple[tuple[tuple[str, ...], str], ...]


@dataclass(frozen=True)
class JsonPath:
    """Names (or places in lists, as digits) down to a value; after a selector, within the chosen element."""

    steps: tuple[str, ...]
    selector: Each | Where | None = None
    within: tuple[str, ...] = ()


Conditions = tuple[tuple[JsonPath, tuple[str | float | None, ...]], ...]
"""Paths and what may stand there: a text, whatever its case, a number, however it is written, None for nothing."""


@dataclass(frozen=True)
class FromPath:
    """The value at a path, as the column's type. At most one of `format`, `unit`, `values` and `case` is set.

    Where the record does not hold what `when` asks for, or holds what `unless` names, the value counts as missing. With
    `names` the value is of an object those fields whose names fit, with one `*` at its beginning or end.
    """

    path: JsonPath
    format: str | None = None
    unit: str | None = None
    values: tuple[tuple[str, Scalar], ...] = ()
    """The vendor's value and ours, sorted; the vendor's is compared whatever its case."""
    default: Scalar | None = None
    case: Literal["upper", "lower"] | None = None
    """In which letters a text is put."""
    when: Conditions = ()
    """All of them have to hold."""
    currency: JsonPath | None = None
    """Of an amount in `minor_units`: where its currency's code is."""
    digits: tuple[tuple[str, int], ...] = ()
    """Currencies whose minor unit is another one for this vendor than by ISO 4217: code and digits, sorted."""
    unless: Conditions = ()
    """As `when`: none of them may hold."""
    names: str | None = None
    compare: Literal["number"] | None = None
    """How the vendor's values of a map are compared, if not as texts: as decimals."""


@dataclass(frozen=True)
class Constant:
    value: Scalar


@dataclass(frozen=True)
class First:
    """The first of several rules that gives a value."""

    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class Join:
    """Several texts put together; null and empty ones are skipped."""

    rules: tuple[Rule, ...]
    separator: str


@dataclass(frozen=True)
class Collect:
    """A JSON array of what several rules give; null and empty ones are skipped, and a list gives its elements."""

    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class OfParent:
    """The record id of the parent that the record was asked for under."""


@dataclass(frozen=True)
class Sum:
    """Several numbers added up, and all elements of a list; what is missing counts as nothing."""

    rules: tuple[FromPath, ...]


@dataclass(frozen=True)
class Between:
    """The hours from one time to another; null where one is missing, or the end lies before the beginning."""

    rules: tuple[FromPath, FromPath]


Rule = FromPath | Constant | First | Join | Collect | Sum | Between | OfParent


def leaves(rule: Rule) -> Iterator[FromPath]:
    """Every path rule within a rule; the path of a currency counts as one."""
    match rule:
        case FromPath():
            yield rule
            if rule.currency is not None:
                yield FromPath(rule.currency)
        case First(rules) | Join(rules) | Collect(rules) | Sum(rules) | Between(rules):
            for inner in rules:
                yield from leaves(inner)
        case Constant() | OfParent():
            pass


def open_value(rule: Rule, closed: tuple[Scalar, ...]) -> str | None:
    """What a rule could give that is not in a closed list, in words; None if it gives only what is."""
    match rule:
        case Constant(value):
            return None if value in closed else str(value)
        case FromPath(values=values, default=default) if values:
            given = [ours for _, ours in values] + ([] if default is None else [default])
            return next((str(value) for value in given if value not in closed), None)
        case First(rules):
            return next((odd for inner in rules if (odd := open_value(inner, closed)) is not None), None)
        case FromPath() | Join() | Collect() | Sum() | Between() | OfParent():
            return "a rule without a map"


def parse_rule(document: Any, type_: ColumnType, file: str, at: tuple[str | int, ...]) -> Rule:
    """The rule of a JSON value that fits the schema. Raises MappingError where it does not fit the column."""
    match {"path": document} if isinstance(document, str) else document:
        case {"constant": value}:
            _check_scalar(value, type_, file, (*at, "constant"))
            return Constant(value)
        case {"parent": True}:
            if type_ != "text":
                mapping_fault(file, (*at, "parent"), f"expected no parent, since the column is of type {type_}")
            return OfParent()
        case {"first": list(rules)}:
            parts = [parse_rule(r, type_, file, (*at, "first", i)) for i, r in enumerate(rules)]
            # One level is enough, and nesting would make the query grow with every level.
            flat = (inner for part in parts for inner in (part.rules if isinstance(part, First) else (part,)))
            return First(tuple(flat))
        case {"join": _} | {"list": _} | {"sum": _} | {"hours_between": _}:
            return _together(document, type_, file, at)
        case path_rule:
            return _from_path(path_rule, type_, file, at)


def _together(document: dict[str, Any], type_: ColumnType, file: str, at: tuple[str | int, ...]) -> Rule:
    """What puts several values into one."""
    kind = next(name for name in _TAKEN_BY if name in document)
    if type_ not in _TAKEN_BY[kind]:
        mapping_fault(file, (*at, kind), f"expected no {kind}, since the column is of type {type_}")
    parts = [(rule, (*at, kind, place)) for place, rule in enumerate(document[kind])]
    if kind == "join":
        return Join(tuple(parse_rule(rule, "text", file, place) for rule, place in parts), document["with"])
    if kind == "list":
        return Collect(tuple(parse_rule(rule, "json", file, place) for rule, place in parts))
    paths = [({"path": rule} if isinstance(rule, str) else rule, place) for rule, place in parts]
    if kind == "hours_between":
        begin, end = (_from_path(path, "timestamp", file, place) for path, place in paths)
        return Between((begin, end))
    return Sum(tuple(_from_path(path, type_, file, place, added=True) for path, place in paths))


_TAKEN_BY: dict[str, tuple[ColumnType, ...]] = {
    "join": ("text",),
    "list": ("json",),
    "sum": ("decimal", "integer"),
    "hours_between": ("decimal",),
}
"""Rules that put several values into one, and the types of the columns that take what they give."""


def _check_names(
    names: bool, path: JsonPath, type_: ColumnType, beside: bool, file: str, at: tuple[str | int, ...]
) -> None:
    if not names:
        if not path.steps:
            mapping_fault(file, (*at, "path"), "expected something that is not empty, or names beside it")
        return
    if type_ != "json" or beside:
        mapping_fault(file, (*at, "names"), "expected no names but alone for a column of type json")
    if path.selector is not None:
        mapping_fault(file, (*at, "path"), "expected a plain path beside names")


def _from_path(
    document: dict[str, Any], type_: ColumnType, file: str, at: tuple[str | int, ...], *, added: bool = False
) -> FromPath:
    """`added` says that the elements of a list may become one number."""
    chosen = [key for key in ("format", "unit", "map", "case") if key in document]
    if len(chosen) > 1:
        mapping_fault(file, at, f"expected only one of {', '.join(chosen)} in a rule")
    if "format" in document and type_ not in ("timestamp", "date"):
        mapping_fault(file, (*at, "format"), f"expected no format, since the column is of type {type_}")
    if "unit" in document and type_ not in ("decimal", "integer"):
        mapping_fault(file, (*at, "unit"), f"expected no unit, since the column is of type {type_}")
    if ("currency" in document) != (document.get("unit") == MINOR_UNITS):
        mapping_fault(file, at, f"expected a currency beside the unit {MINOR_UNITS}, and beside no other")
    if "currency" in document and type_ != "decimal":
        mapping_fault(file, (*at, "unit"), f"expected a column of type decimal for {MINOR_UNITS}, found {type_}")
    if "digits" in document and "currency" not in document:
        mapping_fault(file, (*at, "digits"), "expected a currency beside the digits")
    if "case" in document and type_ != "text":
        mapping_fault(file, (*at, "case"), f"expected no case, since the column is of type {type_}")
    for key in ("default", "compare"):
        if key in document and "map" not in document:
            mapping_fault(file, (*at, key), f"expected a map beside {key}")
    if "map" in document and type_ not in ("text", "decimal", "integer", "boolean"):
        mapping_fault(file, (*at, "map"), f"expected no map, since the column is of type {type_}")
    path = _parse_path(document["path"], file, (*at, "path"))
    _check_names("names" in document, path, type_, bool(chosen), file, at)
    if isinstance(path.selector, Each) and type_ not in ("text", "json") and not (added and "map" not in document):
        mapping_fault(file, (*at, "path"), f"expected no [], since the column is of type {type_}")
    if "default" in document:
        _check_scalar(document["default"], type_, file, (*at, "default"))
    return FromPath(
        path,
        format=document.get("format"),
        unit=document.get("unit"),
        values=_values(document, type_, file, (*at, "map")),
        default=document.get("default"),
        case=document.get("case"),
        when=_conditions(document.get("when", {}), file, (*at, "when")),
        currency=_parse_plain(document["currency"], file, (*at, "currency")) if "currency" in document else None,
        digits=tuple(sorted(document.get("digits", {}).items())),
        unless=_conditions(document.get("unless", {}), file, (*at, "unless")),
        names=document.get("names"),
        compare=document.get("compare"),
    )


def _conditions(wanted: dict[str, Any], file: str, at: tuple[str | int, ...]) -> Conditions:
    listed = {path: found if isinstance(found, list) else [found] for path, found in wanted.items()}
    for path, found in listed.items():
        for one in found:
            if isinstance(one, int | float):
                _check_scalar(one, "decimal", file, (*at, path))
    in_order = {path: sorted(found, key=lambda one: (type(one).__name__, str(one))) for path, found in listed.items()}
    return tuple((_parse_dotted(path), tuple(in_order[path])) for path in sorted(in_order))


def _parse_plain(document: str | list[Any], file: str, at: tuple[str | int, ...]) -> JsonPath:
    path = _parse_path(document, file, at)
    if isinstance(path.selector, Each):
        mapping_fault(file, at, "expected no [], since one value is needed")
    return path


def _values(
    document: dict[str, Any], type_: ColumnType, file: str, at: tuple[str | int, ...]
) -> tuple[tuple[str, Scalar], ...]:
    listed: dict[str, Scalar] = document.get("map", {})
    as_numbers = "compare" in document
    values: dict[str | Decimal, tuple[str, Scalar]] = {}
    for theirs, ours in sorted(listed.items()):
        _check_scalar(ours, type_, file, (*at, theirs))
        known = _number(theirs, file, (*at, theirs)) if as_numbers else theirs.lower()
        if values.setdefault(known, (theirs, ours))[1] != ours:
            how = "write one number" if as_numbers else "differ only in case"
            mapping_fault(file, (*at, theirs), f"expected one value for all spellings that {how}")
    return tuple(values.values())


def _number(text: str, file: str, at: tuple[str | int, ...]) -> Decimal:
    if not _NUMBER.fullmatch(text):
        mapping_fault(file, at, f"expected numbers, of at most 14 digits before the point, found {text[:80]!r}")
    return Decimal(text)


def _check_scalar(value: Scalar, type_: ColumnType, file: str, at: tuple[str | int, ...]) -> None:
    if not _fits(value, type_):
        mapping_fault(file, at, f"expected {_CONSTANT_OF[type_]}, since the column is of type {type_}")


def _fits(value: Scalar, type_: ColumnType) -> bool:
    match type_:
        case "text" | "json":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63
        case "decimal":
            return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 10**14
        case "date" | "timestamp":
            return isinstance(value, str) and _is_moment(value, type_)


def _is_moment(text: str, type_: Literal["date", "timestamp"]) -> bool:
    try:
        if type_ == "date":
            return date.fromisoformat(text).isoformat() == text
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _parse_path(document: str | list[Any], file: str, at: tuple[str | int, ...]) -> JsonPath:
    if isinstance(document, str):
        return _parse_dotted(document)
    steps: list[str] = []
    within: list[str] = []
    selector: Where | None = None
    for place, step in enumerate(document):
        if isinstance(step, dict):
            if selector is not None or place == 0:
                mapping_fault(file, (*at, place), "expected at most one where, after the name of a list")
            selector = Where(tuple(((name,), value) for name, value in sorted(step["where"].items())))
        else:
            (steps if selector is None else within).append(str(step))
    return JsonPath(tuple(steps), selector, tuple(within))


def _parse_dotted(text: str) -> JsonPath:
    found = _SELECTOR.search(text)
    if found is None:
        return JsonPath(tuple(text.split(".")))
    after = text[found.end() :].removeprefix(".")
    return JsonPath(
        tuple(text[: found.start()].split(".")),
        _parse_selector(found[1]),
        tuple(after.split(".")) if after else (),
    )


def _parse_selector(text: str) -> Each | Where:
    if not text:
        return Each()
    pairs = sorted(pair.split("=", 1) for pair in text.split(","))
    return Where(tuple((tuple(name.split(".")), value) for name, value in pairs))
