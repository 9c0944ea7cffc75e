"""Filters that are no more than a span of time: one field, a beginning, an end."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime, timedelta

from avesa.sandbox.vendor.conditions import Group, NotUnderstood, Query, Term
from avesa.sandbox.vendor.infix import WORDS
from avesa.sandbox.vendor.times import read_time


def sync_range(text: str) -> Query:
    """Google's device lists: `sync:2024-01-01..` on the day of the last synchronisation."""
    found = re.fullmatch(r"sync:(\d{4}-\d\d-\d\d)?(\.\.)?(\d{4}-\d\d-\d\d)?", text)
    if found is None or not (found[1] or found[3]):
        raise NotUnderstood("expected sync:DATE, sync:DATE.., sync:..DATE or sync:DATE..DATE")
    low, range_, high = found.groups()
    terms = [Term("lastSync", ">=", low)] if low else []
    terms += [Term("lastSync", "<=", f"{high or low}")] if high or not range_ else []
    return Query(Group(True, tuple(terms)), forms=("date",))


def colons(text: str) -> Query:
    """JumpCloud: `endedAt:ge:2026-01-01T00:00:00Z`, one field, one comparison, one value."""
    found = re.fullmatch(r"(\w+):(eq|ne|gt|ge|lt|le):(.+)", text)
    if found is None:
        raise NotUnderstood("expected field:comparison:value")
    return Query(Term(found[1], WORDS[found[2]], found[3]))


def date_range(text: str) -> Query:
    """Hudu: `2026-01-01T00:00:00Z,2026-02-01T00:00:00Z` or two days, on the field `range`."""
    low, high = _ends(text, ",")
    if low == high:
        raise NotUnderstood("expected start,end")
    return _between(low, high)


def week_range(text: str) -> Query:
    """IT Glue: `2026-01-01T00:00:00Z, *` on the field `range`; an end that is open is a star, the longest is a week."""
    low, high = (None if end == "*" else end for end in _ends(text, ", "))
    if low is None and high is None:
        raise NotUnderstood("expected start, end")
    if low and high and _moment(high) - _moment(low) > timedelta(days=7):
        raise NotUnderstood("the range is longer than a week")
    return _between(low, high)


def _ends(text: str, separator: str) -> tuple[str, str]:
    low, found, high = text.partition(separator)
    if not (low and found and high):
        raise NotUnderstood(f"expected start{separator}end")
    return low, high


def _between(low: str | None, high: str | None) -> Query:
    ends = [(sign, end) for sign, end in ((">=", low), ("<=", high)) if end is not None]
    for _, end in ends:
        _moment(end)
    return Query(Group(True, tuple(Term("range", sign, end) for sign, end in ends)), forms=("iso_zone", "date"))


def _moment(text: str) -> datetime:
    for form in ("iso_zone", "date"):
        with suppress(ValueError):
            return read_time(text, form)
    raise NotUnderstood(f"{text!r} is no moment")


def search_range(text: str) -> Query:
    """GitHub's searches: `created:>=2026-01-01T00:00:00Z`, or `A..B`, with both ends in it."""
    said = text.removeprefix("created:")
    low, range_, high = said.partition("..")
    ends = [(">=", low), ("<=", high)] if range_ else [(sign, said.removeprefix(sign)) for sign in (">=", "<=")]
    ends = [(sign, end) for sign, end in ends if end and (range_ or said.startswith(sign))]
    if not ends:
        raise NotUnderstood("expected >=TIME, <=TIME or TIME..TIME")
    for _, end in ends:
        _moment(end)
    return Query(Group(True, tuple(Term("created", sign, end) for sign, end in ends)), forms=("iso_zone", "date"))
