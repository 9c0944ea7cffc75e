"""How vendors write moments: read exactly (never through a float) and written so that nothing is asked too late.

A form that is coarser than a moment, or an hour that a clock shows twice, makes the vendor asked for a little more
than needed and never for less.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import ROUND_FLOOR, Decimal
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

from avesa.connector.template import fill
from avesa.shared.errors import ConfigurationError

_START = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_NUMBER = re.compile(r"[+-]?\d{1,25}(\.\d{1,25})?(e[+-]?\d{1,2})?", re.IGNORECASE)
_MICROSOFT = re.compile(r"/Date\((-?\d{1,25})([+-]\d{4})?\)/")

Never = tuple[str | int, ...]
"""What a vendor writes where there is no moment: compared as it is written, and as the moment that it would mean."""


@dataclass(frozen=True)
class Iso:
    """ISO 8601, as text, with or without a zone: `Z`, `+02:00` and `+0200` alike. Where none is written it is `zone`,
    a name of the time zone database or a template over the tenant's settings. A date alone is its midnight there.

    An hour that a clock shows twice is read as the first one. Digits beyond microseconds are cut off.
    """

    zone: str = "UTC"
    never: Never = ()

    def read(self, value: object) -> datetime | None:
        """The aware UTC moment, None for null and never. Raises ValueError for anything else."""
        if value is None or value in self.never:
            return None
        if not isinstance(value, str):
            raise ValueError("not a text")
        moment = datetime.fromisoformat(value.strip())
        if moment.tzinfo is UTC and not self.never:  # as nearly all are
            return moment
        return _unless_never(self, _in_utc(moment, self.zone))


@dataclass(frozen=True)
class Epoch:
    """Time since 1970, as a number or a text, with or without a fraction: `per_second` is 1 for seconds, 1000 for
    milliseconds, 10_000_000 for ticks of 100 ns. Written with `digits` behind the point. Exact to the microsecond.
    """

    per_second: int = 1
    digits: int = 0
    never: Never = ()

    def read(self, value: object) -> datetime | None:
        """The aware UTC moment, None for null and never. Raises ValueError for anything else."""
        if value is None or (value in self.never and not isinstance(value, bool)):
            return None
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ValueError("not a number")
        # A float's shortest text is the number that the vendor wrote; the float itself is only near it.
        text = value.strip() if isinstance(value, str) else repr(value)
        if not _NUMBER.fullmatch(text):
            raise ValueError("not a number")
        microseconds = (Decimal(text) * 1_000_000 / self.per_second).to_integral_value(ROUND_FLOOR)
        try:
            return _unless_never(self, _START + int(microseconds) * _MICROSECOND)
        except OverflowError:
            raise ValueError("out of range") from None

    def write(self, moment: datetime) -> str:
        """The text that stands for `moment`, rounded down to what `digits` can tell."""
        scaled = (moment - _START) // _MICROSECOND * self.per_second * 10**self.digits // 1_000_000
        if not self.digits:
            return str(scaled)
        whole, rest = divmod(scaled, 10**self.digits)
        return f"{whole}.{rest:0{self.digits}}"

    def earliest(self, text: str) -> datetime:
        """The earliest moment that the vendor may take `text` for."""
        moment = replace(self, never=()).read(text)
        assert moment is not None
        return moment


@dataclass(frozen=True)
class MicrosoftDate:
    """`/Date(1573755038314)/` or `/Date(1573755038314+0000)/`: milliseconds since 1970, UTC. An offset only says where
    the vendor would show it; the moment is the same.
    """

    never: Never = ()

    def read(self, value: object) -> datetime | None:
        """The aware UTC moment, None for null and never. Raises ValueError for anything else."""
        if value is None or value in self.never:
            return None
        found = _MICROSOFT.fullmatch(value.strip()) if isinstance(value, str) else None
        if found is None:
            raise ValueError("not a Microsoft date")
        moment = Epoch(1000).read(found[1])
        return None if moment is None else _unless_never(self, moment)


@dataclass(frozen=True)
class Written:
    """A text in the form of `strftime`, in a zone: a name of the time zone database or a template over the tenant's
    settings (`{timezone}`). Raises ValueError for a form that cannot be read back.
    """

    form: str
    zone: str = "UTC"
    never: Never = ()

    def __post_init__(self) -> None:
        sample = datetime(2026, 11, 22, 20, 15, 30, tzinfo=UTC)
        datetime.strptime(sample.strftime(self.form), self.form)  # noqa: DTZ007 - only whether it can be read

    def read(self, value: object) -> datetime | None:
        """The aware UTC moment, None for null and never. Raises ValueError for anything else."""
        if value is None or value in self.never:
            return None
        if not isinstance(value, str):
            raise ValueError("not a text")
        return _unless_never(self, min(self._readings(value.strip())))

    def write(self, moment: datetime) -> str:
        """A text that the vendor takes for `moment` or for one before it, whichever way it reads an hour that the
        clock shows twice.
        """
        zone, at = _tzinfo(self.zone), moment
        while True:
            text = at.astimezone(zone).strftime(self.form)
            if max(self._readings(text)) <= moment:
                return text
            at -= timedelta(minutes=30)

    def earliest(self, text: str) -> datetime:
        """The earliest moment that the vendor may take `text` for."""
        return min(self._readings(text))

    def _readings(self, text: str) -> list[datetime]:
        moment = datetime.strptime(text, self.form)  # noqa: DTZ007 - the zone is put on below
        return [_in_utc(moment.replace(fold=fold), self.zone) for fold in (0, 1)]


@dataclass(frozen=True)
class FirstOf:
    """Where a vendor is not of one mind: the first of these that can read it."""

    some: tuple[Iso | Epoch | MicrosoftDate | Written, ...]

    def read(self, value: object) -> datetime | None:
        """The aware UTC moment, None for null and never. Raises ValueError where none can read it."""
        for times in self.some:
            try:
                return times.read(value)
            except ValueError:
                continue
        raise ValueError("in no known form")


_One = Iso | Epoch | MicrosoftDate | Written
Times = _One | FirstOf
Form = Epoch | Written

SECONDS = Epoch()
MILLISECONDS = Epoch(1000)
TICKS = Epoch(10_000_000)
"""Ticks of 100 nanoseconds since 1970."""


def read_time(value: object) -> datetime | None:
    """The aware UTC moment that an ISO 8601 text means; a time without a zone is UTC. None for null.

    Raises ValueError for anything else.
    """
    return Iso().read(value)


def read_http_date(text: str | None) -> datetime | None:
    """The aware UTC moment of a header such as Date (RFC 9110, section 5.6.7); None where it cannot be read."""
    try:
        moment = parsedate_to_datetime(text) if text else None
        return None if moment is None else moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None


def zones(times: Times | Form) -> tuple[str, ...]:
    """The zones, or the templates of such, that stand in it."""
    if isinstance(times, FirstOf):
        return tuple(zone for one in times.some for zone in zones(one))
    return (times.zone,) if isinstance(times, Iso | Written) else ()


def zoned(times: Times, settings: Mapping[str, str]) -> Times:
    """The same with the tenant's own zone filled in. Raises ConfigurationError for a zone that nobody knows."""
    if isinstance(times, FirstOf):
        return FirstOf(tuple(_zoned(one, settings) for one in times.some))
    return _zoned(times, settings)


def zoned_form(form: Form, settings: Mapping[str, str]) -> Form:
    """As `zoned`, for what is written."""
    return replace(form, zone=zone_of(form.zone, settings)) if isinstance(form, Written) else form


def _zoned(times: _One, settings: Mapping[str, str]) -> _One:
    return replace(times, zone=zone_of(times.zone, settings)) if isinstance(times, Iso | Written) else times


def zone_of(template: str, settings: Mapping[str, str]) -> str:
    """The name of the zone. Raises ConfigurationError for one that nobody knows."""
    name = fill(template, settings)
    try:
        _tzinfo(name)
    except (KeyError, ValueError, OSError):
        raise ConfigurationError(
            f"{name!r} is not the name of a time zone.", hint="Such names are Europe/Berlin, America/New_York and UTC."
        ) from None
    return name


def _tzinfo(zone: str) -> tzinfo:
    """UTC needs no time zone database, which not every system has."""
    return UTC if zone == "UTC" else ZoneInfo(zone)


def _in_utc(moment: datetime, zone: str) -> datetime:
    if moment.tzinfo is UTC:
        return moment
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=_tzinfo(zone))).astimezone(UTC)
    except OverflowError:
        raise ValueError("out of range") from None


def _unless_never(times: _One, moment: datetime) -> datetime | None:
    if times.never:
        plain = replace(times, never=())
        for value in times.never:
            try:
                if plain.read(value) == moment:
                    return None
            except ValueError:
                continue
    return moment
