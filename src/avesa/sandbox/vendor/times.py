"""The forms in which vendors write and read a moment. A text in another form than the one asked for is refused.

Where a form shows no zone, it is UTC, or the one that is named behind the form: `sql in Europe/Berlin`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_REGION = timezone(timedelta(hours=-7))
_DAY = r"\d{4}-\d\d-\d\d"
_CLOCK = r"\d\d:\d\d:\d\d"
_ZONE = r"(Z|[+-]\d\d:?\d\d)"

SHAPES = {
    "iso_z": rf"{_DAY}T{_CLOCK}Z",
    "iso_ms_z": rf"{_DAY}T{_CLOCK}\.\d{{3}}Z",
    "iso_us_z": rf"{_DAY}T{_CLOCK}\.\d{{6}}Z",
    "iso_ms_offset": rf"{_DAY}T{_CLOCK}\.\d{{3}}[+-]\d{{4}}",
    "iso_ms_naive": rf"{_DAY}T{_CLOCK}(\.\d{{1,7}})?",
    "iso_offset": rf"{_DAY}T{_CLOCK}[+-]\d\d:\d\d",
    "iso_zone": rf"{_DAY}T{_CLOCK}(\.\d{{1,7}})?{_ZONE}",
    "iso_any": rf"{_DAY}T{_CLOCK}(\.\d{{1,7}})?{_ZONE}?",
    "sql": rf"{_DAY} {_CLOCK}",
    "minute": rf"{_DAY} \d\d:\d\d",
    "date": _DAY,
    "ms_date": r"/Date\(-?\d+(\+0000)?\)/",
    "epoch_s": r"\d{9,10}",
    "epoch_ms": r"\d{12,13}",
    "epoch_s_micro": r"\d{9,10}\.\d{6}",
    "ticks_100ns": r"\d{17}",
}
NUMBERS = ("epoch_s", "epoch_ms")
"""Forms that stand as numbers in JSON; `_text` behind the name makes texts of them."""


def form_and_zone(form: str) -> tuple[str, tzinfo]:
    """Raises KeyError for a zone that nobody knows."""
    name, _, zone = form.partition(" in ")
    return name, ZoneInfo(zone) if zone else UTC


def write_time(moment: datetime, form: str) -> Any:
    """The moment as the vendor writes it. Raises KeyError for an unknown form."""
    form, zone = form_and_zone(form)
    if form.endswith("_text"):
        return str(write_time(moment, form.removesuffix("_text")))
    since = moment - EPOCH
    micros = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    millis = f"{moment.microsecond // 1000:03d}"
    whole = moment.strftime("%Y-%m-%dT%H:%M:%S")
    local = moment.astimezone(zone)
    return {
        "iso_z": f"{whole}Z",
        "iso_zone": f"{whole}.{millis}Z",
        "iso_ms_z": f"{whole}.{millis}Z",
        "iso_us_z": f"{whole}.{moment.microsecond:06d}Z",
        "iso_ms_offset": f"{whole}.{millis}+0000",
        "iso_ms_naive": f"{local:%Y-%m-%dT%H:%M:%S}.{millis}",
        "iso_any": f"{whole}Z",
        "iso_offset": moment.astimezone(_REGION).isoformat(timespec="seconds"),
        "sql": local.strftime("%Y-%m-%d %H:%M:%S"),
        "minute": local.strftime("%Y-%m-%d %H:%M"),
        "date": local.strftime("%Y-%m-%d"),
        "ms_date": f"/Date({micros // 1000}+0000)/",
        "epoch_s": micros // 1_000_000,
        "epoch_ms": micros // 1000,
        "epoch_s_micro": f"{micros // 1_000_000}.{micros % 1_000_000:06d}",
        "ticks_100ns": str(micros * 10),
    }[form]


def read_time(value: Any, form: str) -> datetime:
    """The moment that a value in this form means. Raises ValueError for any other form."""
    text = str(value)
    form, zone = form_and_zone(form)
    form = form.removesuffix("_text")
    if isinstance(value, bool) or not re.fullmatch(SHAPES[form], text):
        raise ValueError(f"{text!r} is not a time in the form {form}")
    if form == "ms_date":
        return EPOCH + timedelta(milliseconds=int(re.findall(r"-?\d+", text)[0]))
    if form.startswith(("epoch", "ticks")):
        whole, _, rest = text.partition(".")
        unit = {"epoch_s": 1_000_000, "epoch_s_micro": 1_000_000, "epoch_ms": 1000}.get(form)
        micros = int(whole) * unit + int(rest or 0) if unit else int(whole) // 10
        return EPOCH + timedelta(microseconds=micros)
    moment = datetime.fromisoformat(text)
    return (moment.replace(tzinfo=zone) if moment.tzinfo is None else moment).astimezone(UTC)
