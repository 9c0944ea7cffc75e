"""What each rule of a mapping gives for a record."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from avesa.canonical_transform.mapping_sql import source_query
from mapping_query import NOT_CAST, RAW, mapping_of, rows, utc, value


@pytest.fixture(scope="module", name="con")
def _con() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(config={"threads": 1})
    con.execute(RAW)
    return con


MINOR = {"path": "a", "unit": "minor_units", "currency": "c"}
BETWEEN = {"hours_between": ["a", {"path": "b", "format": "epoch_seconds"}]}
HOURS = {"sum": ["h", {"path": "m", "unit": "minutes_to_hours"}]}
ZERO = {"path": "a", "map": {"0": "paid"}, "compare": "number", "default": "open"}
MICROSOFT = {"path": "a", "format": "microsoft_date"}


# Rules


@pytest.mark.parametrize(
    ("type_", "rule", "record", "expected"),
    [
        ("text", "a.b", {"a": {"b": "x"}}, "x"),
        ("text", "a.b", {"a": "x"}, None),
        ("text", "a.b", {"a": None}, None),
        ("text", "a.1.b", {"a": [{"b": "x"}, {"b": "y"}]}, "y"),
        ("text", "a.1.b", {"a": {"1": {"b": "y"}}}, "y"),
        ("text", "Name", {"name": "x"}, None),
        ("text", {"path": ["a.b", "c/d~e", 0]}, {"a.b": {"c/d~e": ["x"]}}, "x"),
        ("text", {"constant": "x"}, {}, "x"),
        ("integer", {"constant": -5}, {}, -5),
        ("decimal", {"constant": 1.5}, {}, Decimal("1.5")),
        ("decimal", {"constant": 5e-10}, {}, Decimal(0)),
        ("boolean", {"constant": False}, {}, False),
        ("timestamp", {"constant": "2024-01-31T10:00:00+02:00"}, {}, utc(2024, 1, 31, 8)),
        ("date", {"constant": "2024-01-31"}, {}, date(2024, 1, 31)),
        ("json", {"constant": "x"}, {}, '"x"'),
        ("text", {"first": ["a", "b"]}, {"a": None, "b": "x"}, "x"),
        ("text", {"first": ["a", "b"]}, {"a": "y", "b": "x"}, "y"),
        ("text", {"first": ["a", "b"]}, {"a": "", "b": "x"}, "x"),
        ("text", {"first": ["a", "b"]}, {"a": "", "b": ""}, None),
        ("text", {"first": ["a", {"constant": "z"}]}, {}, "z"),
        ("text", {"first": [{"constant": ""}, "a"]}, {"a": "x"}, "x"),
        ("text", {"constant": ""}, {}, None),
        ("integer", {"first": ["a", "b"]}, {"a": "", "b": 2}, 2),
        ("integer", {"first": ["a", "b"]}, {"a": 1, "b": "x"}, 1),
        ("integer", {"first": ["a", "b"]}, {"b": "x"}, NOT_CAST),
        ("text", {"join": ["a", "b"], "with": " "}, {"a": "x", "b": "y"}, "x y"),
        ("text", {"join": ["a", "b", "c"], "with": ", "}, {"a": None, "b": "", "c": "y"}, "y"),
        ("text", {"join": ["a", "b"], "with": " "}, {"b": None}, None),
        ("text", {"path": "a", "map": {"Neu": "new"}}, {"a": "NEU "}, "new"),
        ("text", {"path": "a", "map": {"ÉTÉ": "summer"}}, {"a": "été"}, "summer"),
        ("text", {"path": "a", "map": {"x": "y"}}, {"a": "z"}, None),
        ("text", {"path": "a", "map": {"none": ""}, "default": "d"}, {"a": "None"}, None),
        ("text", {"join": [{"path": "a", "map": {"x": ""}}, "b"], "with": "-"}, {"a": "x", "b": "y"}, "y"),
        ("text", {"path": "a", "map": {"x": "y"}, "default": "d"}, {"a": "z"}, "d"),
        ("text", {"path": "a", "map": {"x": "y"}, "default": "d"}, {}, None),
        ("integer", {"path": "a", "map": {"1 - High": 1}, "default": 9}, {"a": "1 - high"}, 1),
        ("decimal", {"path": "a", "map": {"half": 0.5}}, {"a": "Half"}, Decimal("0.5")),
        ("boolean", {"path": "a", "map": {"0": False}, "default": True}, {"a": 0}, False),
        ("boolean", {"path": "a", "map": {"true": False, "false": True}}, {"a": False}, True),
        *[("text", ZERO, {"a": zero}, "paid") for zero in (0, "0", "0.00", -0.0, " 0 ", 7.1e-15, "-7.1E-15", "0e9")],
        *[("text", ZERO, {"a": other}, "open") for other in (0.01, "-5", "1e9", "none", 1e300, True, [0])],
        ("text", ZERO, {"a": None}, None),
        ("text", ZERO, {"a": ""}, None),
        ("integer", {"path": "a", "map": {"1.5": 1, "1.50": 1, "-2": 2}, "compare": "number"}, {"a": "15e-1"}, 1),
        ("integer", {"path": "a", "map": {"1.5": 1, "1.50": 1, "-2": 2}, "compare": "number"}, {"a": "-2.0"}, 2),
        ("integer", {"path": "a", "map": {"1.5": 1}, "compare": "number"}, {"a": "x"}, None),
        ("decimal", {"path": "a", "unit": "minutes_to_hours"}, {"a": 90}, Decimal("1.5")),
        ("decimal", {"path": "a", "unit": "seconds_to_hours"}, {"a": "5400"}, Decimal("1.5")),
        ("decimal", {"path": "a", "unit": "milliseconds_to_hours"}, {"a": 5_400_000}, Decimal("1.5")),
        ("decimal", {"path": "a", "unit": "days_to_hours"}, {"a": 0.5}, Decimal(12)),
        ("decimal", {"path": "a", "unit": "since_1970_to_hours"}, {"a": "1970-01-02 01:30:00"}, Decimal("25.5")),
        ("decimal", {"path": "a", "unit": "since_1970_to_hours"}, {"a": "1970-01-01 00:00:00"}, Decimal(0)),
        ("decimal", {"path": "a", "unit": "since_1970_to_hours"}, {"a": "1969-12-31T23:00:00Z"}, Decimal(-1)),
        ("decimal", {"path": "a", "unit": "since_1970_to_hours"}, {"a": ""}, None),
        ("decimal", {"path": "a", "unit": "since_1970_to_hours"}, {"a": "90 minutes"}, NOT_CAST),
        ("integer", {"path": "a", "unit": "since_1970_to_hours"}, {"a": "1970-01-04 00:29:00"}, 72),
        ("decimal", {"path": "a", "unit": "clock_to_hours"}, {"a": "01:30"}, Decimal("1.5")),
        ("decimal", {"path": "a", "unit": "clock_to_hours"}, {"a": "120:20:24"}, Decimal("120.34")),
        ("decimal", {"path": "a", "unit": "clock_to_hours"}, {"a": "1:75"}, NOT_CAST),
        ("decimal", {"path": "a", "unit": "clock_to_hours"}, {"a": 90}, NOT_CAST),
        ("decimal", {"path": "a", "unit": "cents"}, {"a": 2999}, Decimal("29.99")),
        ("decimal", {"path": "a", "unit": "fraction_to_percent"}, {"a": 0.07}, Decimal(7)),
        ("integer", {"path": "a", "unit": "kilobytes_to_bytes"}, {"a": 3}, 3072),
        ("integer", {"path": "a", "unit": "megabytes_to_bytes"}, {"a": "1.5"}, 1_572_864),
        ("integer", {"path": "a", "unit": "gigabytes_to_bytes"}, {"a": 16}, 16 * 1024**3),
        ("integer", {"path": "a", "unit": "gigabytes_to_bytes"}, {"a": 1e300}, NOT_CAST),
        ("decimal", {"path": "a", "unit": "cents"}, {"a": "x"}, NOT_CAST),
        ("decimal", BETWEEN, {"a": "2024-01-01T09:00:00Z", "b": 1704106800}, Decimal(2)),
        ("decimal", BETWEEN, {"a": "2024-01-01T09:00:00+01:00", "b": 1704101400}, Decimal("1.5")),
        ("decimal", BETWEEN, {"a": "2024-01-01T09:00:00Z", "b": 1704000000}, None),
        ("decimal", BETWEEN, {"a": "2024-01-01T09:00:00Z", "b": None}, None),
        ("decimal", BETWEEN, {"a": "nine", "b": 1704106800}, NOT_CAST),
        ("decimal", HOURS, {"h": 1, "m": 30}, Decimal("1.5")),
        ("decimal", HOURS, {"h": None, "m": "30"}, Decimal("0.5")),
        ("decimal", HOURS, {"h": 0}, Decimal(0)),
        ("decimal", HOURS, {"h": "", "m": None}, None),
        ("decimal", HOURS, {}, None),
        ("decimal", HOURS, {"h": 1, "m": "x"}, NOT_CAST),
        ("decimal", HOURS, {"h": 9e13, "m": 6e14}, None),
        ("integer", {"sum": ["h", "m"]}, {"h": 2**63 - 1, "m": 1}, None),
        ("integer", {"sum": ["h", "m"]}, {"h": 2, "m": "3"}, 5),
        ("decimal", {"sum": ["l[].a"]}, {"l": [{"a": 1.5}, {"a": None}, {}, {"a": "2"}]}, Decimal("3.5")),
        ("decimal", {"sum": ["l[].a"]}, {"l": [{"a": 1}, {"a": "x"}]}, NOT_CAST),
        *[("decimal", {"sum": ["l[]"]}, {"l": [1.5, none, "2"]}, Decimal("3.5")) for none in ("", " ", None)],
        ("decimal", {"sum": ["l[]"]}, {"l": ["", " "]}, None),
        ("decimal", {"sum": ["l[]"]}, {"l": ["", "x"]}, NOT_CAST),
        ("integer", {"sum": ["l[].a"]}, {"l": [{"a": 1}, {"a": ""}]}, 1),
        ("decimal", {"sum": ["l[].a", "h"]}, {"l": [], "h": 2}, Decimal(2)),
        ("decimal", {"sum": ["l[].a"]}, {"l": []}, None),
        ("decimal", {"sum": ["l[].a"]}, {"l": "x"}, None),
        ("decimal", {"sum": [{**MINOR, "path": "l[].a"}]}, {"l": [{"a": 150}, {"a": 50}], "c": "eur"}, Decimal(2)),
        ("decimal", {"sum": [{**MINOR, "path": "l[].a"}]}, {"l": [{"a": 150}, {"a": 50}], "c": "jpy"}, Decimal(200)),
        ("text", {"path": "a", "case": "upper"}, {"a": "usd"}, "USD"),
        ("text", {"path": "a", "case": "lower"}, {"a": "ÉTÉ"}, "été"),
        ("text", {"path": "a", "case": "upper"}, {"a": None}, None),
        ("decimal", MINOR, {"a": 2999, "c": "eur"}, Decimal("29.99")),
        ("decimal", MINOR, {"a": "-2999", "c": "EUR"}, Decimal("-29.99")),
        ("decimal", MINOR, {"a": 2999, "c": "jpy"}, Decimal(2999)),
        ("decimal", MINOR, {"a": 2999, "c": "KWD"}, Decimal("2.999")),
        ("decimal", MINOR, {"a": 2999, "c": "clf"}, Decimal("0.2999")),
        ("decimal", MINOR, {"a": 0.5, "c": "usd"}, Decimal("0.005")),
        ("decimal", MINOR, {"a": 2999, "c": "UGX"}, Decimal(2999)),
        ("decimal", {**MINOR, "digits": {"UGX": 2, "USD": 0}}, {"a": 2999, "c": "ugx"}, Decimal("29.99")),
        ("decimal", {**MINOR, "digits": {"UGX": 2, "USD": 0}}, {"a": 2999, "c": "usd"}, Decimal(2999)),
        ("decimal", MINOR, {"a": None, "c": "usd"}, None),
        ("decimal", MINOR, {"a": 2999, "c": " "}, NOT_CAST),
        ("decimal", MINOR, {"a": 2999}, NOT_CAST),
        ("decimal", MINOR, {"a": "x", "c": "usd"}, NOT_CAST),
        ("decimal", {"first": [{**MINOR, "path": "b"}, MINOR]}, {"a": 100, "c": "jpy"}, Decimal(100)),
        ("timestamp", {"path": "a", "format": "iso"}, {"a": "2024-01-31T10:00:00Z"}, utc(2024, 1, 31, 10)),
        ("timestamp", {"path": "a", "format": "epoch_seconds"}, {"a": 1706709909}, utc(2024, 1, 31, 14, 5, 9)),
        ("timestamp", {"path": "a", "format": "epoch_seconds"}, {"a": "0.5"}, utc(1970, 1, 1, 0, 0, 0, 500000)),
        ("timestamp", {"path": "a", "format": "epoch_seconds"}, {"a": 1e15}, NOT_CAST),
        (
            "timestamp",
            {"path": "a", "format": "epoch_milliseconds"},
            {"a": 1706709909123},
            utc(2024, 1, 31, 14, 5, 9, 123000),
        ),
        ("timestamp", {"path": "a", "format": "epoch_milliseconds"}, {"a": "2024-01-31"}, NOT_CAST),
        ("timestamp", MICROSOFT, {"a": "/Date(1706709909123)/"}, utc(2024, 1, 31, 14, 5, 9, 123000)),
        ("timestamp", MICROSOFT, {"a": "/Date(1706709909123+1300)/"}, utc(2024, 1, 31, 14, 5, 9, 123000)),
        ("timestamp", MICROSOFT, {"a": "/Date(-1)/"}, utc(1969, 12, 31, 23, 59, 59, 999000)),
        ("timestamp", MICROSOFT, {"a": "1706709909123"}, NOT_CAST),
        ("timestamp", MICROSOFT, {"a": "2024-01-31"}, NOT_CAST),
        ("timestamp", MICROSOFT, {"a": "/Date(99999999999999999)/"}, NOT_CAST),
        ("date", MICROSOFT, {"a": "/Date(1706659200000+0000)/"}, date(2024, 1, 31)),
        (
            "timestamp",
            {"path": "a", "format": "%m/%d/%Y %I:%M %p"},
            {"a": "01/31/2024 2:05 PM"},
            utc(2024, 1, 31, 14, 5),
        ),
        (
            "timestamp",
            {"path": "a", "format": "%d.%m.%Y %H:%M %z"},
            {"a": "31.01.2024 10:00 +0200"},
            utc(2024, 1, 31, 8),
        ),
        ("timestamp", {"path": "a", "format": "%d.%m.%Y"}, {"a": "1/2/2024"}, NOT_CAST),
        ("date", {"path": "a", "format": "%d.%m.%Y"}, {"a": "31.01.2024"}, date(2024, 1, 31)),
        ("date", {"path": "a", "format": "epoch_seconds"}, {"a": 1706709909}, date(2024, 1, 31)),
        ("text", "l[k=b].v", {"l": [{"k": "a", "v": 1}, {"k": "b", "v": 2}, {"k": "b", "v": 3}]}, "2"),
        ("text", "l[k=b,m=true].v", {"l": [{"k": "b", "m": False, "v": 1}, {"k": "b", "m": True, "v": 2}]}, "2"),
        ("text", "l[k.n=b].v", {"l": [{"k": {"n": "b"}, "v": "x"}]}, "x"),
        ("text", "l[k=c].v", {"l": [{"k": "b", "v": 2}]}, None),
        ("text", "l[k=b].v", {"l": [{"k": "b", "v": ""}]}, None),
        ("text", "l[k=b]", {"l": [{"k": "b"}]}, '{"k":"b"}'),
        ("integer", "l[k=b].v", {"l": [None, 5, "t", {"k": "b", "v": "x"}]}, NOT_CAST),
        ("text", "l[k=b].v", {"l": {"k": "b", "v": 2}}, None),
        ("text", "l[k=b].v", {"l": "[oops"}, None),
        ("text", "l[k=b].v", {}, None),
        ("json", "l[].n", {"l": [{"n": "a"}, {"n": None}, {}, {"n": 2}]}, '["a",2]'),
        ("json", "l[].n.m", {"l": [{"n": {"m": "a"}}]}, '["a"]'),
        ("json", "l[].n", {"l": []}, "[]"),
        ("json", "l[].n", {"l": "x"}, None),
        ("json", "l[].n", {}, None),
        ("json", {"list": ["a", "b", "l[].n"]}, {"a": "x", "b": "", "l": [{"n": "y"}, {"n": None}]}, '["x","y"]'),
        ("json", {"list": ["a", {"constant": "c"}]}, {"a": ["x", None, "", 3, {"k": 1}]}, '["x",3,{"k":1},"c"]'),
        ("json", {"list": ["a", {"first": ["b", "c"]}]}, {"a": "10.0.0.1", "c": "fe80::1"}, '["10.0.0.1","fe80::1"]'),
        ("json", {"list": ["a"]}, {"a": {"k": 1}}, '[{"k":1}]'),
        ("json", {"list": ["a"]}, {"a": "[oops"}, '["[oops"]'),
        ("json", {"list": ["a"]}, {"a": []}, None),
        ("json", {"list": ["a", "b"]}, {"a": None}, None),
        ("text", {"path": "a", "when": {"k": "Yes"}}, {"a": "x", "k": "yes "}, "x"),
        ("text", {"path": "a", "when": {"k": ["no", "true"]}}, {"a": "x", "k": True}, "x"),
        ("text", {"path": "a", "when": {"k": "Yes"}}, {"a": "x", "k": "maybe"}, None),
        ("text", {"path": "a", "when": {"k": "Yes"}}, {"a": "x"}, None),
        ("text", {"path": "a", "when": {"k": "1", "l.m": "2"}}, {"a": "x", "k": 1, "l": {"m": 2}}, "x"),
        ("text", {"path": "a", "when": {"k": "1", "l.m": "2"}}, {"a": "x", "k": 1, "l": {"m": 3}}, None),
        ("text", {"first": [{"path": "a", "when": {"k": "1"}}, "b"]}, {"a": "x", "b": "y", "k": 2}, "y"),
        *[
            ("text", {"path": "a", "when": {"k": ["0", None]}}, {"a": "x", **k}, "x")
            for k in ({}, {"k": None}, {"k": 0})
        ],
        *[("text", {"path": "a", "when": {"k": [None]}}, {"a": "x", "k": k}, "x") for k in ("", " ")],
        ("text", {"path": "a", "when": {"k": ["0", None]}}, {"a": "x", "k": 7}, None),
        ("text", {"path": "a", "when": {"k": ["", None], "l": "1"}}, {"a": "x", "l": 2}, None),
        *[("text", {"path": "a", "when": {"k": 0}}, {"a": "x", "k": k}, "x") for k in (0, "0.00", 1e-12)],
        *[("text", {"path": "a", "when": {"k": 0}}, {"a": "x", "k": k}, None) for k in (1, "", None, "none", 0.5)],
        *[
            ("text", {"path": "a", "when": {"k": [2.5, "n/a", None]}}, {"a": "x", "k": k}, "x")
            for k in ("2.50", "N/A", "")
        ],
        ("text", {"path": "a", "unless": {"k": [0, 3]}}, {"a": "x", "k": "3.0"}, None),
        *[("text", {"path": "a", "unless": {"k": [0, 3]}}, {"a": "x", "k": k}, "x") for k in (4, "none", None)],
        ("text", {"path": "a", "unless": {"k": [None]}}, {"a": "x"}, None),
        ("text", {"path": "a", "unless": {"k": ["0", None]}}, {"a": "x", "k": 0}, None),
        ("text", {"path": "a", "unless": {"k": ["0", None]}}, {"a": "x", "k": 7}, "x"),
        ("integer", {"path": "a", "when": {"l[n=q].v": "1"}}, {"a": 5, "l": [{"n": "q", "v": 1}]}, 5),
        ("decimal", {"path": "a", "unit": "cents", "when": {"k": "1"}}, {"a": 50, "k": 1}, Decimal("0.5")),
        ("boolean", {"path": "a", "map": {"x": True}, "when": {"k": "1"}}, {"a": "x", "k": "1"}, True),
        ("integer", {"path": "a", "when": {"k": "1"}}, {"a": "x", "k": "1"}, NOT_CAST),
        ("integer", {"path": "a", "when": {"k": "1"}}, {"a": "x", "k": "2"}, None),
    ],
)
def test_a_rule_gives_its_value(
    con: duckdb.DuckDBPyConnection, type_: str, rule: Any, record: Any, expected: Any
) -> None:
    assert value(con, type_, rule, record) == expected


def test_the_parent_comes_from_the_raw_row(con: duckdb.DuckDBPyConnection) -> None:
    mapping = mapping_of({"it": ("text", {"parent": True}), "or": ("text", {"first": ["a", {"parent": True}]})})
    con.execute("DELETE FROM raw")
    for id_, parent in (("1", "p1"), ("2", None)):
        con.execute(
            "INSERT INTO raw VALUES (?, ?, '{\"b\": 1}', NULL, false, false, now(), 'run', 1, NULL, 'f.parquet', 0)",
            [id_, parent],
        )
    # Neither carried along nor missed: where it is needed it is taken.
    query = source_query(mapping, "acme", "jobs", "raw", ("record_id",))
    assert sorted(con.execute(query).fetchall()) == [("1", "p1", "p1", []), ("2", None, None, [])]


def test_a_first_tells_what_failed_before_the_value_that_it_took(con: duckdb.DuckDBPyConnection) -> None:
    [row] = rows(con, mapping_of({"it": ("integer", {"first": ["a", "b"]})}), '{"a": "x", "b": 2}')
    assert row["it"] == 2
    assert row["uncastable"] == [{"column_name": "it", "value": "x"}]


@pytest.mark.parametrize(
    ("value", "became", "told"),
    [
        (1721131200000, datetime(2024, 7, 16, 12, tzinfo=UTC), []),
        ("2024-07-16T12:00:00Z", datetime(2024, 7, 16, 12, tzinfo=UTC), []),
        ("soon", None, ["soon"]),
    ],
)
def test_a_value_that_comes_in_one_of_two_forms_failed_only_if_it_is_in_neither(
    con: duckdb.DuckDBPyConnection, value: Any, became: datetime | None, told: list[str]
) -> None:
    rule = {"first": ["at", {"path": "at", "format": "epoch_milliseconds"}]}
    [row] = rows(con, mapping_of({"it": ("timestamp", rule)}), json.dumps({"at": value}))
    assert (row["it"], [entry["value"] for entry in row["uncastable"]]) == (became, told)
