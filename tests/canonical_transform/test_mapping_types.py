"""How a vendor's value becomes one of a column's type, or is told as uncastable."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from mapping_query import NOT_CAST, RAW, mapping_of, rows, utc, value


@pytest.fixture(scope="module", name="con")
def _con() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(config={"threads": 1})
    con.execute(RAW)
    return con


# Types


@pytest.mark.parametrize(
    ("type_", "sent", "expected"),
    [
        ("text", "a", "a"),
        ("text", "", None),
        ("text", " ", " "),
        ("text", " a ", " a "),
        ("text", 5, "5"),
        ("text", True, "true"),
        ("text", None, None),
        ("text", 12345678901234567890123, "12345678901234567890123"),
        ("text", {"a": [1]}, '{"a":[1]}'),
        ("integer", 3, 3),
        ("integer", "3", 3),
        ("integer", " -3 ", -3),
        ("integer", "3.0", 3),
        ("integer", 3.0, 3),
        ("integer", 2**63 - 1, 2**63 - 1),
        ("integer", "", None),
        ("integer", " ", None),
        ("integer", None, None),
        ("integer", "3.7", NOT_CAST),
        ("integer", 3.7, NOT_CAST),
        ("integer", 2**63, NOT_CAST),
        ("integer", "0x10", NOT_CAST),
        ("integer", "1_000", NOT_CAST),
        ("integer", True, NOT_CAST),
        ("integer", {"a": 1}, NOT_CAST),
        ("integer", [1], NOT_CAST),
        ("decimal", 1.5, Decimal("1.5000")),
        ("decimal", "1.23456", Decimal("1.2346")),
        ("decimal", ".5", Decimal("0.5000")),
        ("decimal", 1e-7, Decimal("0.0000")),
        ("decimal", "1e2", Decimal("100.0000")),
        ("decimal", "", None),
        ("decimal", "99999999999999.9999", Decimal("99999999999999.9999")),
        ("decimal", 10**14, NOT_CAST),
        ("decimal", "1e400", NOT_CAST),
        ("decimal", "NaN", NOT_CAST),
        ("decimal", "Infinity", NOT_CAST),
        ("decimal", "1,234.50", NOT_CAST),
        ("decimal", "$5", NOT_CAST),
        ("decimal", False, NOT_CAST),
        *[("boolean", sent, True) for sent in (True, 1, "1", "true", "TRUE", "yes", "Y", "on", " t ")],
        *[("boolean", sent, False) for sent in (False, 0, "0", "false", "no", "N", "Off", "f")],
        ("boolean", "", None),
        ("boolean", 2, NOT_CAST),
        ("boolean", "maybe", NOT_CAST),
        ("timestamp", "2024-01-31T14:05:09Z", utc(2024, 1, 31, 14, 5, 9)),
        ("timestamp", "2024-01-31 14:05:09.1234567Z", utc(2024, 1, 31, 14, 5, 9, 123456)),
        ("timestamp", "2024-01-31T14:05:09+02:00", utc(2024, 1, 31, 12, 5, 9)),
        ("timestamp", "2024-01-31T14:05:09-0530", utc(2024, 1, 31, 19, 35, 9)),
        ("timestamp", "2024-01-31 14:05:09 +02", utc(2024, 1, 31, 12, 5, 9)),
        ("timestamp", "2024-01-31T14:05:09", utc(2024, 1, 31, 14, 5, 9)),
        ("timestamp", "2024-03-10T02:30:00", utc(2024, 3, 10, 2, 30)),
        ("timestamp", "2024-01-31T14:05", utc(2024, 1, 31, 14, 5)),
        ("timestamp", "2024-01-31T14:05Z", utc(2024, 1, 31, 14, 5)),
        ("timestamp", "2024-01-31", utc(2024, 1, 31)),
        ("timestamp", "0001-01-01T00:00:00Z", utc(1, 1, 1)),
        ("timestamp", "9999-12-31T23:59:59.999999Z", utc(9999, 12, 31, 23, 59, 59, 999999)),
        ("timestamp", "", None),
        ("timestamp", "2024-02-30T10:00:00Z", NOT_CAST),
        ("timestamp", "2024-01-31T25:00:00Z", NOT_CAST),
        ("timestamp", "2024-01-31T10:00:00+25:00", NOT_CAST),
        ("timestamp", "9999-12-31T23:59:59-10:00", NOT_CAST),
        ("timestamp", "0000-00-00 00:00:00", NOT_CAST),
        ("timestamp", "infinity", NOT_CAST),
        ("timestamp", "epoch", NOT_CAST),
        ("timestamp", "31/01/2024", NOT_CAST),
        ("timestamp", 1706709909, NOT_CAST),
        ("date", "2024-01-31", date(2024, 1, 31)),
        ("date", "2024-01-31T23:30:00-08:00", date(2024, 1, 31)),
        ("date", "", None),
        ("date", "2023-02-29", NOT_CAST),
        ("date", "0000-01-01", NOT_CAST),
        ("date", "infinity", NOT_CAST),
        ("date", 20240131, NOT_CAST),
        ("json", [1, {"a": None}], '[1,{"a":null}]'),
        ("json", {"a": "é"}, '{"a":"é"}'),
        ("json", 5, "5"),
        ("json", "plain", '"plain"'),
        ("json", '[not "json', '"[not \\"json"'),
        ("json", "", None),
        ("json", None, None),
    ],
)
def test_a_value_becomes_the_columns_type_or_is_told_as_uncastable(
    con: duckdb.DuckDBPyConnection, type_: str, sent: Any, expected: Any
) -> None:
    assert value(con, type_, "x", {"x": sent}) == expected


def test_uncastable_values_are_told_by_column_and_cut_short(con: duckdb.DuckDBPyConnection) -> None:
    mapping = mapping_of({"a": ("integer", "a"), "b": ("date", "b"), "c": ("text", "c"), "d": ("integer", "d")})
    first, second = rows(con, mapping, json.dumps({"a": "x" * 200, "b": "soon", "c": 1, "d": 1}), "{}")
    assert first["uncastable"] == [
        {"column_name": "a", "value": "x" * 80},
        {"column_name": "b", "value": "soon"},
    ]
    assert (first["c"], first["d"]) == ("1", 1)
    assert second["uncastable"] == []


@pytest.mark.parametrize(
    ("type_", "rule", "sent"),
    [
        ("integer", "x", "-3"),
        ("integer", "x", "3.7"),
        ("decimal", "x", "1.5"),
        ("decimal", {"path": "x", "unit": "minutes_to_hours"}, "90"),
        ("decimal", {"path": "x", "unit": "clock_to_hours"}, "1:30"),
        ("boolean", "x", "true"),
        ("timestamp", "x", "2024-01-31T14:05Z"),
        ("timestamp", "x", "2024-01-31T14:05:09Z"),
        ("timestamp", "x", "2024-01-31T14:05:09+02:00"),
        ("timestamp", "x", "0000-01-31T14:05:09Z"),
        ("timestamp", {"path": "x", "format": "epoch_seconds"}, "1706709909"),
        ("timestamp", {"path": "x", "format": "microsoft_date"}, "/Date(1706709909000)/"),
        ("date", "x", "2024-01-31"),
    ],
)
def test_blanks_around_a_value_change_nothing_and_other_characters_make_it_uncastable(
    con: duckdb.DuckDBPyConnection, type_: str, rule: Any, sent: str
) -> None:
    mapping = mapping_of({"it": (type_, rule)})
    bare = value(con, type_, rule, {"x": sent})
    blanks = [" ", "  ", "\u00a0", "\u2003", "\u3000"]
    around = [text for blank in blanks for text in (blank + sent, sent + blank, blank + sent + blank)]
    for row in rows(con, mapping, *(json.dumps({"x": text}) for text in around)):
        assert row["it"] == (None if bare is NOT_CAST else bare)
        assert [entry["value"] for entry in row["uncastable"]] == ([sent] if bare is NOT_CAST else [])
    others = [json.dumps({"x": text}) for other in ("\t", "\n", "\u200b") for text in (other + sent, sent + other)]
    for row in rows(con, mapping, *others):
        assert (row["it"], len(row["uncastable"])) == (None, 1)
    for row in rows(con, mapping, *(json.dumps({"x": blank}) for blank in blanks)):
        assert (row["it"], row["uncastable"]) == (None, [])
