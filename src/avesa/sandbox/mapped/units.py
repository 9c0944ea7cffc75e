"""The units of the mapping files: a vendor's number or text as ours, and ours as the vendor's."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

FACTORS = {
    "minutes_to_hours": Decimal(1) / 60,
    "seconds_to_hours": Decimal(1) / 3600,
    "milliseconds_to_hours": Decimal(1) / 3_600_000,
    "days_to_hours": Decimal(24),
    "cents": Decimal("0.01"),
    "fraction_to_percent": Decimal(100),
    "kilobytes_to_bytes": Decimal(1024),
    "megabytes_to_bytes": Decimal(1024**2),
    "gigabytes_to_bytes": Decimal(1024**3),
}
"""What one of the vendor's units is in ours."""

SPAN, CLOCK = "since_1970_to_hours", "clock_to_hours"
UNITS = (*FACTORS, SPAN, CLOCK)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR = Decimal(3600)


def in_ours(text: str, unit: str) -> Decimal | None:
    """What a vendor's text comes to, None where it is no such value."""
    if unit == CLOCK:
        found = re.fullmatch(r"(\d{1,9}):([0-5]\d)(?::([0-5]\d))?", text.strip())
        return None if found is None else (int(found[1]) * 3600 + int(found[2]) * 60 + int(found[3] or 0)) / _HOUR
    if unit == SPAN:
        try:
            moment = datetime.fromisoformat(text.strip())
        except ValueError:
            return None
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
        return Decimal((moment - _EPOCH) // timedelta(seconds=1)) / _HOUR
    try:
        return Decimal(text) * FACTORS[unit]
    except InvalidOperation:
        return None


def in_theirs(wanted: Any, unit: str) -> Any:
    """The vendor's value that comes to the wanted one."""
    if unit not in (CLOCK, SPAN):
        return round(Decimal(str(wanted)) / FACTORS[unit], 6).normalize()
    seconds = round(Decimal(str(wanted)) * _HOUR)
    if unit == SPAN:
        return (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%d %H:%M:%S")
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
