"""What a filter asks for, whatever language the vendor wants it in: terms joined by "all" and "any", and an order."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from avesa.sandbox.vendor.contract import get
from avesa.sandbox.vendor.times import read_time


class NotUnderstood(ValueError):
    """The vendor would refuse this filter; the message says why."""


class BareTime(str):
    """A moment that stood in a filter without quotation marks."""

    __slots__ = ()


@dataclass(frozen=True)
class Term:
    field: str
    operator: str
    """One of = != < <= > >= in like present absent."""
    value: Any = None


@dataclass(frozen=True)
class Group:
    """`every`: all parts hold; otherwise at least one."""

    every: bool
    parts: tuple[Term | Group, ...]


Condition = Term | Group
ALWAYS = Group(True, ())


@dataclass(frozen=True)
class Query:
    """A filter in full. `order` holds fields with whether they descend; `select` is None where the language names no
    fields; `start` counts from 1.
    """

    condition: Condition = ALWAYS
    order: tuple[tuple[str, bool], ...] = ()
    select: tuple[str, ...] | None = None
    entity: str | None = None
    start: int | None = None
    size: int | None = None
    forms: tuple[str, ...] = field(default=("iso_zone",))
    """The forms in which this language writes a moment."""
    bare_times: bool = False
    """Moments stand without quotation marks; a quoted one is a text."""


def fields_of(condition: Condition) -> list[str]:
    if isinstance(condition, Term):
        return [condition.field]
    return [name for part in condition.parts for name in fields_of(part)]


def terms_of(condition: Condition) -> list[Term]:
    if isinstance(condition, Term):
        return [condition]
    return [term for part in condition.parts for term in terms_of(part)]


def renamed(condition: Condition, names: Callable[[str], str]) -> Condition:
    """The same condition on the fields as records have them."""
    if isinstance(condition, Term):
        return Term(names(condition.field), condition.operator, condition.value)
    return Group(condition.every, tuple(renamed(part, names) for part in condition.parts))


def holds(condition: Condition, record: Any, *, forms: tuple[str, ...], form: str | None) -> bool:
    """Whether a record fits; `forms` are how the condition writes a moment, `form` how the record does."""
    if isinstance(condition, Group):
        found = (holds(part, record, forms=forms, form=form) for part in condition.parts)
        return all(found) if condition.every else any(found)
    return _term_holds(condition, get(record, condition.field), forms, form)


_COMPARE = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def _term_holds(term: Term, held: Any, forms: tuple[str, ...], form: str | None) -> bool:
    if term.operator in ("present", "absent"):
        return (held not in (None, "")) == (term.operator == "present")
    if term.operator == "in":
        return any(_term_holds(Term(term.field, "=", value), held, forms, form) for value in term.value)
    if term.operator == "like":
        return isinstance(held, str) and str(term.value).strip("%*") in held
    if held is None or term.value is None:
        return (held is term.value) == (term.operator == "=") and term.operator in ("=", "!=")
    left, right = _comparable(held, term.value, forms, form)
    return bool(_COMPARE[term.operator](left, right))


def _comparable(held: Any, asked: Any, forms: tuple[str, ...], form: str | None) -> tuple[Any, Any]:
    """Both sides as moments, else as numbers, else as texts."""
    moment = moment_in(asked, forms)
    if moment is not None and form is not None:
        for own in (form, "iso_any", "date"):
            try:
                return read_time(held, own), moment
            except ValueError:
                continue
    if isinstance(held, bool) or isinstance(asked, bool):
        return str(held).lower(), str(asked).lower()
    try:
        return float(held), float(asked)
    except (TypeError, ValueError):
        return str(held), str(asked)


def moment_in(value: Any, forms: tuple[str, ...]) -> datetime | None:
    """The moment that a literal means in one of these forms, None if in none of them."""
    for form in forms:
        try:
            return read_time(value, form)
        except ValueError:
            continue
    return None


def in_order(records: list[Any], order: tuple[tuple[str, bool], ...]) -> list[Any]:
    """Sorted as asked; records without the field come first, as the least."""
    for name, descends in reversed(order):

        def rank(record: Any, name: str = name) -> tuple[int, float, str]:
            value = get(record, name)
            if value is None:
                return 0, 0.0, ""
            if isinstance(value, int | float):
                return 1, float(value), ""
            return (1, float(value), "") if str(value).isdigit() else (2, 0.0, str(value))

        records = sorted(records, key=rank, reverse=descends)
    return records
