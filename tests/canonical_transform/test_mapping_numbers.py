"""Numbers, held against the decimal arithmetic of Python: which are exact, and how all others are rounded."""

import json
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from typing import Any

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mapping_query import RAW, mapping_of, rows

PLACES = {"decimal": 4, "integer": 0}
LIMIT = {"decimal": 10**14, "integer": 2**63}
UNITS = {
    "minutes_to_hours": Fraction(1, 60),
    "seconds_to_hours": Fraction(1, 3600),
    "milliseconds_to_hours": Fraction(1, 3_600_000),
    "days_to_hours": Fraction(24),
    "cents": Fraction(1, 100),
    "fraction_to_percent": Fraction(100),
    "kilobytes_to_bytes": Fraction(1024),
    "megabytes_to_bytes": Fraction(1024**2),
    "gigabytes_to_bytes": Fraction(1024**3),
}
CURRENCIES = {"EUR": 2, "jpy": 0, "KWD": 3, "CLF": 4}
WIDE = Context(prec=2000, Emax=10**17, Emin=-(10**17))


@pytest.fixture(scope="module", name="con")
def _con() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(config={"threads": 1})
    con.execute(RAW)
    return con


def rounded(exact: Fraction, type_: str) -> Decimal | int | None:
    """The nearest value of a type, of two the one farther from zero; None where it has none that is so large."""
    parts = 10 ** PLACES[type_]
    count = (abs(exact) * parts * 2 + 1) // 2 * (1 if exact > 0 else -1)
    if not -LIMIT[type_] * parts <= count < LIMIT[type_] * parts or (type_ == "decimal" and abs(count) >= 10**18):
        return None
    return count if type_ == "integer" else Decimal(count).scaleb(-4)


def texts(digits: int) -> st.SearchStrategy[str]:
    """Numbers as texts, with so many digits behind the point: in all forms, many at a tie or next to one."""
    whole = st.integers(0, 10**21).map(str) | st.integers(0, 10**5).map(str) | st.just("")
    behind = st.text("0459", max_size=digits) | st.text("0123456789", max_size=digits)
    ties = st.builds(lambda zeros, end: "0" * zeros + end, st.integers(0, 4), st.sampled_from(["5", "49", "51", "25"]))
    mantissa = st.builds(lambda whole, part: f"{whole}.{part}" if part else whole or "0", whole, behind | ties)
    return st.builds(lambda sign, number: sign + number, st.sampled_from(["", "-", "+"]), mantissa)


def scientific(digits: int) -> st.SearchStrategy[str]:
    exponents = st.integers(-digits, 12) | st.integers(-400, 400)
    return st.builds(
        lambda mantissa, e, exponent, form: mantissa + e + format(exponent, form),
        *(texts(digits), st.sampled_from("eE"), exponents, st.sampled_from(["", "+", "03"])),
    )


def one_row(con: duckdb.DuckDBPyConnection, columns: dict[str, tuple[str, Any]], record: Any) -> dict[str, Any]:
    payload = record if isinstance(record, str) else json.dumps(record)
    [row] = rows(con, mapping_of(columns), payload)
    return row


@settings(max_examples=150, deadline=None)
@given(texts(30) | scientific(30))
@example("7.105427357601002e-15")
@example("5e-10")
@example("924e-12")
@example("9.9e-6")
@example("4.9999999999999999999e-5")
@example("5e-5")
@example("12345678901234567890e-18")
@example("99999999999999.99995")
@example("999999999999999999995e-7")
def test_a_decimal_is_the_nearest_with_four_digits_behind_the_point(con: duckdb.DuckDBPyConnection, text: str) -> None:
    number = WIDE.create_decimal(text)
    nearest = None
    if not number or number.adjusted() < 20:
        nearest = number.quantize(Decimal("0.0001"), ROUND_HALF_UP, WIDE)
        nearest = nearest if abs(nearest) < 10**14 else None
    columns = {"one": ("decimal", "a"), "added": ("decimal", {"sum": ["a"]}), "listed": ("decimal", {"sum": ["l[]"]})}
    row = one_row(con, columns, {"a": text, "l": [text]})
    assert row["one"] == row["added"] == row["listed"]
    assert bool(row["uncastable"]) == (row["one"] is None)
    if is_exact(text, number):
        assert row["one"] == nearest
    else:
        assert row["one"] is None or abs(number - row["one"]) <= Decimal("0.00005") + Decimal("1e-18")


def is_exact(text: str, number: Decimal) -> bool:
    """Whether all digits of a text are read: without an exponent as many as there are."""
    mantissa, exponent, _ = text.lower().partition("e")
    before, _, behind = mantissa.strip("+-").partition(".")
    digits = max(len(behind), -int(number.as_tuple().exponent))
    return not exponent or (len(before) <= 14 and digits <= 24) or (len(before) <= 20 and digits <= 18)


@settings(max_examples=80, deadline=None)
@given(st.data(), st.sampled_from(list(UNITS)), st.sampled_from(["decimal", "integer"]))
def test_a_unit_is_converted_exactly_and_rounded_once(
    con: duckdb.DuckDBPyConnection, data: st.DataObject, unit: str, type_: str
) -> None:
    text = data.draw(texts(15) | st.integers(-(2**70), 2**70).map(str))
    row = one_row(con, {"it": (type_, {"path": "a", "unit": unit})}, {"a": text})
    assert row["it"] == rounded(Fraction(text if text[-1] != "." else text[:-1]) * UNITS[unit], type_)


@settings(max_examples=80, deadline=None)
@given(scientific(12), st.sampled_from(list(UNITS)))
def test_a_number_with_an_exponent_is_converted_as_one_without(
    con: duckdb.DuckDBPyConnection, text: str, unit: str
) -> None:
    plain = f"{WIDE.create_decimal(text):f}"
    rule = {"unit": unit}
    row = one_row(
        con, {"a": ("decimal", {"path": "a", **rule}), "b": ("decimal", {"path": "b", **rule})}, {"a": text, "b": plain}
    )
    before = text.lower().partition("e")[0].strip("+-").partition(".")[0]
    assert row["a"] == row["b"] or (len(before) > 20 and row["a"] is None and row["uncastable"])


@settings(max_examples=80, deadline=None)
@given(texts(15), st.sampled_from(list(CURRENCIES)))
@example("9007199254740993", "EUR")
@example("-0.005", "EUR")
def test_an_amount_in_the_smallest_unit_of_its_currency_is_converted_exactly(
    con: duckdb.DuckDBPyConnection, text: str, currency: str
) -> None:
    rule = {"path": "a", "unit": "minor_units", "currency": "c"}
    row = one_row(con, {"it": ("decimal", rule)}, {"a": text, "c": currency})
    assert row["it"] == rounded(Fraction(text) / 10 ** CURRENCIES[currency], "decimal")


@settings(max_examples=80, deadline=None)
@given(st.integers(-6 * 10**16, 2 * 10**17), st.sampled_from(["decimal", "integer"]))
@example(1_800_000_000, "integer")
@example(-1_800_000_000, "integer")
@example(180_000, "decimal")
@example(-180_000, "decimal")
def test_a_span_is_converted_exactly_and_rounded_once(
    con: duckdb.DuckDBPyConnection, microseconds: int, type_: str
) -> None:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    begin, end = epoch, epoch + timedelta(microseconds=microseconds)
    record = {"begin": begin.isoformat(), "end": end.isoformat()}
    between: dict[str, tuple[str, Any]] = {"between": ("decimal", {"hours_between": ["begin", "end"]})}
    row = one_row(con, {**between, "so_far": (type_, {"path": "end", "unit": "since_1970_to_hours"})}, record)
    hours = Fraction(microseconds, 3_600_000_000)
    assert row["so_far"] == rounded(hours, type_)
    assert row["between"] == (rounded(hours, "decimal") if microseconds >= 0 else None)


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 999_999_999), st.integers(0, 59), st.integers(0, 59), st.sampled_from(["decimal", "integer"]))
def test_a_clock_is_converted_exactly_and_rounded_once(
    con: duckdb.DuckDBPyConnection, hours: int, minutes: int, seconds: int, type_: str
) -> None:
    rule = {"path": "a", "unit": "clock_to_hours"}
    row = one_row(con, {"it": (type_, rule)}, {"a": f"{hours}:{minutes:02}:{seconds:02}"})
    assert row["it"] == rounded(Fraction(hours * 3600 + minutes * 60 + seconds, 3600), type_)


@pytest.mark.parametrize("unit", list(UNITS))
@pytest.mark.parametrize("type_", ["decimal", "integer"])
def test_the_largest_that_fits_is_converted_and_the_next_is_not(
    con: duckdb.DuckDBPyConnection, unit: str, type_: str
) -> None:
    most = Fraction(LIMIT[type_] - Fraction(1, 10 ** PLACES[type_])) / UNITS[unit]
    fits = f"{WIDE.divide(Decimal(most.numerator), Decimal(most.denominator)):.15f}"
    for text in (fits, "-" + fits, str(int(most) * 2 + 2), "1e300", "9" * 400):
        row = one_row(con, {"it": (type_, {"path": "a", "unit": unit})}, {"a": text})
        assert row["it"] == rounded(Fraction(text) * UNITS[unit], type_)
        assert bool(row["uncastable"]) == (row["it"] is None)


# Numbers that are JSON numbers, not texts


@settings(max_examples=80, deadline=None)
@given(st.integers(-(10**15) + 1, 10**15 - 1), st.integers(1, 4))
def test_a_json_number_with_up_to_fifteen_digits_is_exact(
    con: duckdb.DuckDBPyConnection, digits: int, behind: int
) -> None:
    number = Decimal(digits).scaleb(-behind)
    row = one_row(con, {"it": ("decimal", "a")}, f'{{"a": {number:f}}}')
    assert row["it"] == number


@settings(max_examples=80, deadline=None)
@given(st.integers())
def test_a_json_number_without_a_point_keeps_all_its_digits(con: duckdb.DuckDBPyConnection, number: int) -> None:
    columns = {"text": ("text", "a"), "json": ("json", "l"), "integer": ("integer", "a"), "decimal": ("decimal", "a")}
    row = one_row(con, columns, f'{{"a": {number}, "l": [{number}]}}')
    assert (row["text"], row["json"]) == (str(number), f"[{number}]")
    assert row["integer"] == (number if -(2**63) <= number < 2**63 else None)
    assert row["decimal"] == (number if abs(number) < 10**14 else None)


@pytest.mark.parametrize(
    ("sent", "text", "decimal"),
    [
        ("1.10", "1.1", "1.1"),
        ("1.5e3", "1500.0", "1500"),
        ("1E-7", "1e-7", "0"),
        ("12345678901234.5678", "12345678901234.568", "12345678901234.568"),
        ('"1.10"', "1.10", "1.1"),
        ('"1.5e3"', "1.5e3", "1500"),
        ('"12345678901234.5678"', "12345678901234.5678", "12345678901234.5678"),
    ],
)
def test_a_json_number_with_a_point_or_an_exponent_is_read_as_a_binary_fraction_and_a_text_is_not(
    con: duckdb.DuckDBPyConnection, sent: str, text: str, decimal: str
) -> None:
    columns = {"text": ("text", "a"), "decimal": ("decimal", "a"), "json": ("json", "l")}
    row = one_row(con, columns, f'{{"a": {sent}, "l": [{sent}]}}')
    assert (row["text"], row["decimal"]) == (text, Decimal(decimal))
    assert row["json"] == (f'["{text}"]' if sent.startswith('"') else f"[{text}]")


@settings(max_examples=80, deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_json_number_with_a_point_is_told_from_every_other_of_seventeen_digits(
    con: duckdb.DuckDBPyConnection, number: float
) -> None:
    row = one_row(con, {"it": ("text", "a")}, {"a": number})
    assert float(row["it"]) == number
