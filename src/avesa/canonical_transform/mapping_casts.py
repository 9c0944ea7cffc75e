"""How a vendor's text becomes a typed value, as DuckDB expressions. What is not plainly of the type becomes null.

DuckDB's own casts are more generous than a vendor's JSON should be: they round 3.7 to an integer, read `0x10`,
`1_000`, `infinity` and `epoch`, and take the session's zone for a time without one. So each cast is guarded
by the forms that it takes. Blanks around a value do not count, and hardly any value has them: only where a cast
refuses them are they taken away, since that costs as much as the cast.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from avesa.canonical_transform.mapping_numbers import NumberType, divided, matches, number, times, whole
from avesa.canonical_transform.mapping_rules import ColumnType, Scalar
from avesa.canonical_transform.sql_text import SQL_TYPES, literal

_YEAR = r"(\d{3}[1-9]|\d\d[1-9]\d|\d[1-9]\d\d|[1-9]\d{3})"
"""Not 0000, which DuckDB takes for a year."""
_DAY = rf"{_YEAR}-\d\d-\d\d"
_TIME = r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d*)?)?"
_OFFSET = r"[+-](0\d|1[0-4])(:?[0-5]\d)?"

_TRUE = ["true", "1", "yes", "y", "t", "on"]
_FALSE = ["false", "0", "no", "n", "f", "off"]

_UNITS: dict[str, tuple[int, int]] = {
    "minutes_to_hours": (1, 60),
    "seconds_to_hours": (1, 3600),
    "milliseconds_to_hours": (1, 3_600_000),
    "days_to_hours": (24, 1),
    "cents": (1, 100),
    "fraction_to_percent": (100, 1),
    "kilobytes_to_bytes": (1024, 1),
    "megabytes_to_bytes": (1024**2, 1),
    "gigabytes_to_bytes": (1024**3, 1),
}
"""Multiplied by the first, divided by the second."""

_CLOCK = r"\d{1,9}:[0-5]\d(:[0-5]\d)?"
"""Hours and minutes, and maybe seconds: not a time of day, so there may be more than 24 hours."""

_HOUR = 3_600_000_000
"""Microseconds."""

_EPOCHS = {"epoch_seconds": 1_000_000, "epoch_milliseconds": 1_000, "microsoft_date": 1_000}
"""Microseconds in one."""

_MICROSOFT_DATE = r"^/Date\((-?\d{1,17})([+-]\d{4})?\)/$"
"""Milliseconds since 1970, UTC; the offset only says where the vendor would show it."""

_FIRST_MICROSECOND = -62_135_596_800_000_000
_LAST_MICROSECOND = 253_402_300_799_999_999
"""The years 1 to 9999, which all readers of the tables can show."""


def value_literal(value: Scalar, type_: ColumnType) -> str:
    """A mapping's own value, checked before to fit its type, as an SQL literal of that type; of an empty text null."""
    match type_:
        case "text":
            return literal(str(value)) if value != "" else "CAST(NULL AS VARCHAR)"
        case "json":
            return f"CAST(to_json({literal(str(value))}) AS VARCHAR)"
        case "boolean" | "integer":
            return str(value).lower()
        case "timestamp":
            moment = datetime.fromisoformat(str(value)).astimezone(UTC)
            return f"TIMESTAMPTZ '{moment:%Y-%m-%d %H:%M:%S.%f}+00'"
        case "decimal":
            return number_literal(value)
        case "date":
            return f"CAST({literal(str(value))} AS {SQL_TYPES[type_]})"


def number_literal(value: Scalar) -> str:
    """A number as an SQL literal of a decimal column's type."""
    return f"CAST('{Decimal(str(value)):f}' AS {SQL_TYPES['decimal']})"


def cast(text: str, type_: ColumnType, format_: str | None = None, unit: str | None = None) -> str:
    """The typed value of an expression that gives text or null, for "json" JSON text."""
    match type_:
        case "text" | "json":
            return text
        case "boolean":
            # What JSON's own booleans become goes first, since it is what nearly all vendors send.
            return f"""CASE WHEN {text} = 'true' THEN true WHEN {text} = 'false' THEN false
        WHEN list_contains({_TRUE}, lower(trim({text}))) THEN true
        WHEN list_contains({_FALSE}, lower(trim({text}))) THEN false
        END"""
        case "integer" | "decimal":
            return _number(text, type_, unit)
        case "timestamp":
            return _moment(text, format_)
        case "date":
            return _day(text, format_)


def hours_of(microseconds: str, type_: NumberType = "decimal") -> str:
    """A span of time as a number of hours."""
    return divided(microseconds, _HOUR, type_)


def _number(text: str, type_: NumberType, unit: str | None) -> str:
    match unit:
        case None:
            return whole(text) if type_ == "integer" else number(text)
        case "since_1970_to_hours":
            return hours_of(f"epoch_us({_moment(text, None)})", type_)
        case "clock_to_hours":
            hours = divided(_seconds(text), 3600, type_)
            return f"CASE WHEN {matches(text, _CLOCK)} THEN {hours} END"
        case _:
            return times(text, *_UNITS[unit], type_)


def _seconds(text: str) -> str:
    hours, minutes, seconds = (f"TRY_CAST(split_part(trim({text}), ':', {at}) AS BIGINT)" for at in (1, 2, 3))
    return f"{hours} * 3600 + {minutes} * 60 + coalesce({seconds}, 0)"


def _moment(text: str, format_: str | None) -> str:
    if format_ in _EPOCHS:
        return _within_years(f"TRY_CAST({_microseconds(text, format_)} AS BIGINT)")
    if format_ not in (None, "iso"):
        return _within_years(f"epoch_us({_parsed(text, format_)})")
    # A cast to TIMESTAMP takes the time as it is written, one to TIMESTAMPTZ heeds the offset.
    # The zone Z is one that TIMESTAMP takes only behind seconds.
    written = f"coalesce(TRY_CAST({text} AS TIMESTAMP), TRY_CAST(rtrim(trim({text}), 'Z') AS TIMESTAMP))"
    trimmed = f"trim({text})"
    shifted = f"TRY_CAST({trimmed}[:10] || 'T' || replace({trimmed}[12:], ' ', '') AS TIMESTAMPTZ)"
    return f"""CASE
        WHEN {matches(text, f"{_DAY}([T ]{_TIME}Z?)?")} THEN make_timestamptz(epoch_us({written}))
        WHEN {matches(text, f"{_DAY}[T ]{_TIME} ?{_OFFSET}")} AND {trimmed} BETWEEN '0001-01-02' AND '9999-12-31'
            THEN {shifted}
        END"""


def _day(text: str, format_: str | None) -> str:
    if format_ in _EPOCHS or format_ not in (None, "iso"):
        return f"CAST(timezone('UTC', {_moment(text, format_)}) AS DATE)"
    shape = f"{_DAY}([T ]{_TIME}.*)?"
    return f"CASE WHEN {matches(text, shape)} THEN TRY_CAST(trim({text})[:10] AS DATE) END"


def _microseconds(text: str, format_: str) -> str:
    if format_ == "microsoft_date":
        text = f"nullif(regexp_extract(trim({text}), '{_MICROSOFT_DATE}', 1), '')"
    return f"({number(text, digits=24, behind=6)}) * {_EPOCHS[format_]}"


def _parsed(text: str, format_: str) -> str:
    return f"try_strptime(trim({text}), {literal(format_)})"


def _within_years(microseconds: str) -> str:
    bounds = f"BETWEEN {_FIRST_MICROSECOND} AND {_LAST_MICROSECOND}"
    return f"CASE WHEN {microseconds} {bounds} THEN make_timestamptz({microseconds}) END"
