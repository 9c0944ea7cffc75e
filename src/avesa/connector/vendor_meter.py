"""Reads what a vendor's answer tells of its limits: what is left, and until when. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from math import floor, isfinite

from avesa.connector.json_paths import found_at
from avesa.connector.limits import LONGEST_REST, ResetForm, Told, part_of
from avesa.connector.request import Response
from avesa.connector.times import read_http_date

_USED_OF = re.compile(r"(?<!\d)(\d{1,15})\s*/\s*(\d{1,15})(?!\d)")
_MOST = 10**15
"""More than any vendor allows."""


@dataclass(frozen=True)
class Reading:
    """`left` for AVESA (below 1 it must wait), and for how many seconds that holds."""

    left: int
    seconds: float


def read_meter(told: Told, response: Response, *, share: float, now: datetime, limited: bool = False) -> Reading | None:
    """What the answer tells, or None if it says nothing that can be understood.

    Where it was `limited` (refused as one too many) and tells when it begins anew, nothing is left. A moment is taken
    by the vendor's own clock (its Date header) where it has one.
    """
    values = _body_values(told, response) if told.in_body else response.headers
    seconds = _seconds(told.reset_as, _text(values, told.reset), response, now)
    remaining, limit = _number(values, told.remaining), _number(values, told.limit)
    if told.used_of is not None and (found := _USED_OF.search(_text(values, told.used_of) or "")):
        limit = float(found[2])
        remaining = limit - float(found[1])
    if limit == 0:
        # Okta says so of a limit of requests at once, which is no budget.
        return None
    if limited and seconds is not None:
        remaining = 0.0
    if remaining is None:
        return None
    others = floor(limit) - part_of(floor(limit), share) if limit else 0
    return Reading(floor(remaining) - others, told.per.total_seconds() if seconds is None else seconds)


def _seconds(form: ResetForm, text: str | None, response: Response, now: datetime) -> float | None:
    """Seconds from now until it begins anew, never negative and never more than `LONGEST_REST`."""
    if text is None:
        return None
    try:
        if form in ("seconds", "milliseconds"):
            seconds = float(text) / (1000 if form == "milliseconds" else 1)
        else:
            date = read_http_date(response.headers.get("date"))
            moment = _moment(form, text)
            if moment is None:
                return None
            seconds = (moment - (date or now)).total_seconds()
    except (ValueError, TypeError, OverflowError, OSError):
        return None
    return min(max(0.0, seconds), LONGEST_REST) if isfinite(seconds) else None


def _moment(form: ResetForm, text: str) -> datetime | None:
    if form == "http_date":
        return read_http_date(text)
    if form == "iso":
        moment = datetime.fromisoformat(text.strip())
    else:
        return datetime.fromtimestamp(float(text) / (1000 if form == "epoch_milliseconds" else 1), UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _text(values: Mapping[str, str], name: str | None) -> str | None:
    return None if name is None else values.get(name.lower())


def _number(values: Mapping[str, str], name: str | None) -> float | None:
    try:
        number = float(_text(values, name) or "")
    except ValueError:
        return None
    return max(-_MOST, min(number, _MOST)) if isfinite(number) else None


def _body_values(told: Told, response: Response) -> dict[str, str]:
    """The numbers at the paths that are told, under the paths as names."""
    found = {}
    for path in (told.remaining, told.limit, told.reset):
        value = found_at(response.body, path) if path else None
        if path and isinstance(value, int | float | str) and not isinstance(value, bool):
            found[path.lower()] = str(value)
    return found
