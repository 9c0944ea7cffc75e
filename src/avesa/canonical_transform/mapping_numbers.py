"""How a vendor's text becomes a number, as DuckDB expressions: by its decimal digits alone, as one would on paper.

DuckDB's cast of a text without an exponent is exact and rounds half away from zero. With a negative exponent the last
place may be one off, so such a text is cast to far more digits before. DuckDB's division is one of binary fractions, so
what is divided are whole numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import gcd
from typing import Literal

from avesa.canonical_transform.currencies import MINOR_DIGITS, USUAL_DIGITS
from avesa.canonical_transform.sql_text import SQL_TYPES, literal

NumberType = Literal["integer", "decimal"]

_PLAIN = r"[+-]?(\d+\.?\d*|\.\d+)"
_SCIENTIFIC = rf"[+-]?(\d+\.?\d{{0,24}}|\.\d{{1,24}})[eE]\+?\d+|{_PLAIN}[eE]-\d+"
"""With as many digits behind the point as are read before it is moved."""
_WHOLE = r"[+-]?\d+(\.0*)?"

_BLANKS = r"\p{Zs}*"
"""What trim() takes away."""

_DIGITS = 38
"""That DuckDB's widest decimal has."""
_SMALL = 17
"""Digits that it reckons with in 64 bits, though one is added."""

_PARTS: dict[NumberType, int] = {"integer": 1, "decimal": 10_000}
"""What a type counts: ones, or the last place of a decimal."""

_LIMIT: dict[NumberType, int] = {"integer": 2**63, "decimal": 10**14}
"""Below which all values of a type lie."""


def matches(text: str, pattern: str) -> str:
    """Whether a text is of a form, but for the blanks around it."""
    return f"regexp_full_match({text}, '{_BLANKS}({pattern}){_BLANKS}')"


def whole(text: str) -> str:
    """A number of 64 bits without a fraction."""
    return f"CASE WHEN {matches(text, _WHOLE)} THEN {_try_cast(text, SQL_TYPES['integer'])} END"


def number(text: str, digits: int = 18, behind: int = 4) -> str:
    """The decimal that is nearest to a number; of two the one that is farther from zero.

    With an exponent a number is read to 24 digits behind the point, or 18 where it has more than 14 before it.
    """
    sql_type = f"DECIMAL({digits},{behind})"
    # Nearly all that vendors write with an exponent is the residue of a sum, and the wide casts are slow.
    is_nothing = f"abs(TRY_CAST(trim({text}) AS DOUBLE)) < 4e-{behind + 1}"
    wide = (f"TRY_CAST(TRY_CAST(trim({text}) AS DECIMAL({_DIGITS},{room})) AS {sql_type})" for room in (24, 18))
    return f"""CASE WHEN {matches(text, _PLAIN)} THEN {_try_cast(text, sql_type)}
        WHEN {matches(text, _SCIENTIFIC)}
        THEN coalesce(CASE WHEN {is_nothing} THEN CAST(0 AS {sql_type}) END, {", ".join(wide)})
        END"""


def times(text: str, factor: int, divisor: int, type_: NumberType) -> str:
    """A number multiplied and divided, rounded once; it is read to 15 digits behind the point or more."""
    common = gcd(factor * _PARTS[type_], divisor)
    factor, divisor = factor * _PARTS[type_] // common, divisor // common
    twice = len(str(2 * factor))
    before = len(str(_LIMIT[type_] * _PARTS[type_] * divisor // factor))
    half = f"CASE WHEN starts_with(ltrim({text}), '-') THEN -{divisor} ELSE {divisor} END"

    def converted(read: str, whole_type: str) -> str:
        if divisor == 1:
            return _of_parts(f"{read} * CAST({factor} AS DECIMAL({twice},0))", type_)
        doubled = f"{read} * CAST({2 * factor} AS DECIMAL({twice},0))"
        halves = f"CAST({half} AS DECIMAL({len(str(divisor))},0))"
        return _of_parts(f"CAST(trunc({doubled} + {halves}) AS {whole_type}) // {2 * divisor}", type_)

    large = _read(text, _DIGITS - twice, _DIGITS - twice - before)
    return _small_or_large(text, _SMALL - twice, converted, large)


def divided(count: str, divisor: int, type_: NumberType) -> str:
    """A whole number of 64 bits divided, rounded once."""
    common = gcd(_PARTS[type_], divisor)
    factor, divisor = _PARTS[type_] // common, divisor // common
    doubled = f"CAST({count} AS HUGEINT) * {2 * factor}"
    return _of_parts(f"({doubled} + sign({count}) * {divisor}) // {2 * divisor}", type_)


def minor_units(text: str, parts: str) -> str:
    """An amount in the smallest unit of its currency as a decimal in the currency itself.

    `parts` is an expression too: what `minor_parts` gives for the currency.
    """

    def converted(read: str, _: str) -> str:
        return _of_parts(f"{read} * CAST({parts} AS DECIMAL(5,0))", "decimal")

    return _small_or_large(text, _SMALL - 5, converted, _read(text, 33, 15))


def minor_parts(currency: str, digits: Mapping[str, int]) -> str:
    """How many of a decimal's last place the smallest unit of a currency is; null without a currency.

    `currency` is an expression; `digits` go before those of ISO 4217.
    """
    by: dict[int, list[str]] = {}
    for code, behind_the_point in sorted({**MINOR_DIGITS, **digits}.items()):
        by.setdefault(behind_the_point, []).append(code)
    cases = "".join(
        f"\n        WHEN list_contains([{', '.join(map(literal, codes))}], upper({currency})) THEN {_minor(count)}"
        for count, codes in by.items()
        if count != USUAL_DIGITS
    )
    return f"CASE{cases}\n        WHEN {currency} IS NOT NULL THEN {_minor(USUAL_DIGITS)} END"


def _small_or_large(text: str, digits: int, converted: Callable[[str, str], str], large: str) -> str:
    """A conversion of what is read of a text; in 64 bits where it has so few digits, which costs far less."""
    behind = (digits + 1) // 3
    form = rf"-?\d{{1,{digits - behind}}}(\.\d{{0,{behind}}})?"
    small = converted(f"TRY_CAST({text} AS DECIMAL({digits},{behind}))", "BIGINT")
    return f"CASE WHEN regexp_full_match({text}, '{form}') THEN {small} ELSE {converted(large, 'HUGEINT')} END"


def _read(text: str, digits: int, behind: int) -> str:
    sql_type = f"DECIMAL({digits},{behind})"
    # With an exponent DuckDB takes some numbers only where there is more room.
    wide = f"TRY_CAST(TRY_CAST(trim({text}) AS DECIMAL({_DIGITS},18)) AS {sql_type})"
    cast = f"coalesce(TRY_CAST({text} AS {sql_type}), {wide})"
    return f"CASE WHEN {matches(text, f'{_PLAIN}|{_SCIENTIFIC}')} THEN {cast} END"


def _minor(digits: int) -> int:
    return int(_PARTS["decimal"] // 10**digits)


def _of_parts(count: str, type_: NumberType) -> str:
    """A number of a type from how many of its parts it has, rounded to whole ones."""
    if type_ == "integer":
        return f"TRY_CAST({count} AS {SQL_TYPES['integer']})"
    return f"TRY_CAST({count} AS DECIMAL(18,0)) * CAST(0.0001 AS DECIMAL(4,4))"


def _try_cast(text: str, sql_type: str) -> str:
    # DuckDB passes over blanks, but not over all that trim() takes away.
    return f"coalesce(TRY_CAST({text} AS {sql_type}), TRY_CAST(trim({text}) AS {sql_type}))"
