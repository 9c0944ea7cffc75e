"""What the compiled query makes of payloads: typed columns, nulls, and the list of what could not be cast."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avesa.canonical_transform.mapping import Mapping, parse_mapping
from avesa.canonical_transform.mapping_sql import CARRIED, source_query

RAW = """CREATE TABLE raw (record_id VARCHAR, parent_id VARCHAR, payload VARCHAR, updated_at TIMESTAMPTZ,
    is_deleted BOOLEAN, is_partial BOOLEAN, extracted_at TIMESTAMPTZ, run_id VARCHAR, page INTEGER, problem VARCHAR,
    file VARCHAR, file_row_number BIGINT)"""

TYPES = {
    "text": "VARCHAR",
    "decimal": "DECIMAL(18,4)",
    "integer": "BIGINT",
    "boolean": "BOOLEAN",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
    "date": "DATE",
    "json": "VARCHAR",
}

MINOR = {"path": "a", "unit": "minor_units", "currency": "c"}
BETWEEN = {"hours_between": ["a", {"path": "b", "format": "epoch_seconds"}]}
HOURS = {"sum": ["h", {"path": "m", "unit": "minutes_to_hours"}]}
MICROSOFT = {"path": "a", "format": "microsoft_date"}

NOT_CAST = object()
"""Stands in a test for: null, and told as uncastable."""


@pytest.fixture(scope="module", name="con")
def _con() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(config={"threads": 1})
    con.execute(RAW)
    return con


def mapping_of(columns: dict[str, tuple[str, Any]]) -> Mapping:
    """From column to type and rule; no rule where it is None."""
    whole = {
        "table": "jobs",
        "description": "One job.",
        "scd2": {"type": 2},
        "columns": {name: {"type": type_, "description": "x"} for name, (type_, _) in columns.items()},
        "sources": {"acme": {"jobs": {name: rule for name, (_, rule) in columns.items() if rule is not None}}},
    }
    return parse_mapping(json.dumps(whole).encode(), "jobs", "jobs.json")


def rows(con: duckdb.DuckDBPyConnection, mapping: Mapping, *payloads: str | None) -> list[dict[str, Any]]:
    con.execute("DELETE FROM raw")
    for number, payload in enumerate(payloads):
        con.execute(
            "INSERT INTO raw VALUES (?, NULL, ?, NULL, false, false, now(), 'run', 1, NULL, 'f.parquet', ?)",
            [str(number), payload, number],
        )
    query = source_query(mapping, "acme", "jobs", "raw")
    con.execute("SET TimeZone = 'America/New_York'")  # the answers must not depend on it
    con.execute(f"CREATE OR REPLACE TEMP TABLE answers AS {query}")
    con.execute("SET TimeZone = 'UTC'")
    found = con.execute("FROM answers ORDER BY file_row_number")
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def value(con: duckdb.DuckDBPyConnection, type_: str, rule: Any, record: Any) -> Any:
    """What one column becomes for one record; NOT_CAST where it was told as uncastable."""
    payload = record if isinstance(record, str) else json.dumps(record)
    [row] = rows(con, mapping_of({"it": (type_, rule)}), payload)
    if row["uncastable"]:
        assert row["it"] is None
        assert [entry["column_name"] for entry in row["uncastable"]] == ["it"]
        return NOT_CAST
    return row["it"]


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


# The shape of the answer


def test_all_columns_come_in_order_and_typed_with_or_without_a_rule(con: duckdb.DuckDBPyConnection) -> None:
    columns = {f"a_{type_}": (type_, "x") for type_ in TYPES} | {f"b_{type_}": (type_, None) for type_ in TYPES}
    query = source_query(mapping_of(columns), "acme", "jobs", "raw")
    described = con.execute(f"DESCRIBE {query}").fetchall()
    assert [name for name, *_ in described] == [*CARRIED, *columns, "uncastable"]
    assert [type_ for _, type_, *_ in described[len(CARRIED) : -1]] == [*TYPES.values(), *TYPES.values()]
    assert described[-1][1] == 'STRUCT(column_name VARCHAR, "value" VARCHAR)[]'


def test_the_raw_rows_own_columns_go_through_as_they_are(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("DELETE FROM raw")
    con.execute("""INSERT INTO raw VALUES ('7', 'p', '{"updated_at": "x"}', '2024-01-31 10:00:00+00', true, true,
        '2024-02-01 10:00:00+00', 'run', 3, NULL, 'f.parquet', 12)""")
    mapping = mapping_of({"updated_at": ("timestamp", None), "name": ("text", "name")})
    [row] = con.execute(source_query(mapping, "acme", "jobs", "raw")).fetchall()
    assert row == (
        *("7", "p", utc(2024, 1, 31, 10), True, True, utc(2024, 2, 1, 10), "run", 3, "f.parquet", 12),
        *(None, []),
    )


def test_the_payload_is_taken_apart_once() -> None:
    names = [f"c{number}" for number in range(20)]
    query = source_query(mapping_of({n: ("text", f"deep.{n}") for n in names}), "acme", "jobs", "raw")
    assert query.count("json_extract_string(") == 1
    assert all(f"'/deep/{name}'" in query for name in names)


def test_a_mapping_of_constants_alone_or_of_nothing_runs(con: duckdb.DuckDBPyConnection) -> None:
    [row] = rows(con, mapping_of({"a": ("text", {"constant": "x"}), "b": ("integer", None)}), "{}")
    assert (row["a"], row["b"], row["uncastable"]) == ("x", None, [])
    [row] = rows(con, mapping_of({"b": ("integer", None)}), "{}")
    assert (row["b"], row["uncastable"]) == (None, [])


# Types


@pytest.mark.parametrize(
    ("type_", "sent", "expected"),
    [
        ("text", "a", "a"),
        ("text", "", ""),
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
        ("boolean", {"constant": False}, {}, False),
        ("timestamp", {"constant": "2024-01-31T10:00:00+02:00"}, {}, utc(2024, 1, 31, 8)),
        ("date", {"constant": "2024-01-31"}, {}, date(2024, 1, 31)),
        ("json", {"constant": "x"}, {}, '"x"'),
        ("text", {"first": ["a", "b"]}, {"a": None, "b": "x"}, "x"),
        ("text", {"first": ["a", "b"]}, {"a": "y", "b": "x"}, "y"),
        ("text", {"first": ["a", "b"]}, {"a": "", "b": "x"}, "x"),
        ("text", {"first": ["a", "b"]}, {"a": "", "b": ""}, None),
        ("text", {"first": ["a", {"constant": "z"}]}, {}, "z"),
        ("integer", {"first": ["a", "b"]}, {"a": "", "b": 2}, 2),
        ("integer", {"first": ["a", "b"]}, {"a": 1, "b": "x"}, 1),
        ("integer", {"first": ["a", "b"]}, {"b": "x"}, NOT_CAST),
        ("text", {"join": ["a", "b"], "with": " "}, {"a": "x", "b": "y"}, "x y"),
        ("text", {"join": ["a", "b", "c"], "with": ", "}, {"a": None, "b": "", "c": "y"}, "y"),
        ("text", {"join": ["a", "b"], "with": " "}, {"b": None}, None),
        ("text", {"path": "a", "map": {"Neu": "new"}}, {"a": "NEU "}, "new"),
        ("text", {"path": "a", "map": {"ÉTÉ": "summer"}}, {"a": "été"}, "summer"),
        ("text", {"path": "a", "map": {"x": "y"}}, {"a": "z"}, None),
        ("text", {"path": "a", "map": {"x": "y"}, "default": "d"}, {"a": "z"}, "d"),
        ("text", {"path": "a", "map": {"x": "y"}, "default": "d"}, {}, None),
        ("integer", {"path": "a", "map": {"1 - High": 1}, "default": 9}, {"a": "1 - high"}, 1),
        ("decimal", {"path": "a", "map": {"half": 0.5}}, {"a": "Half"}, Decimal("0.5")),
        ("boolean", {"path": "a", "map": {"0": False}, "default": True}, {"a": 0}, False),
        ("boolean", {"path": "a", "map": {"true": False, "false": True}}, {"a": False}, True),
        ("decimal", {"path": "a", "unit": "minutes_to_hours"}, {"a": 90}, Decimal("1.5")),
        ("decimal", {"path": "a", "unit": "seconds_to_hours"}, {"a": "5400"}, Decimal("1.5")),
        ("decimal", {"path": "a", "unit": "milliseconds_to_hours"}, {"a": 5_400_000}, Decimal("1.5")),
        ("decimal", {"path": "a", "unit": "days_to_hours"}, {"a": 0.5}, Decimal(12)),
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


# Payloads that are odd as a whole


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (r'{"a": "x\ud83dy"}', "x\ufffdy"),
        (r'{"a": "\ude00\ud83d"}', "\ufffd\ufffd"),
        (r'{"a": "\ud83d\ud83d\ude00"}', "\ufffd😀"),
        (r'{"a": "\\ud83d\ud83d"}', "\\ud83d\ufffd"),
        (r'{"a": "\\\ud83d"}', "\\\ufffd"),
        (r'{"b": "\uD83D", "a": "é\n\"\u00e9"}', 'é\n"é'),
    ],
)
def test_lone_surrogates_are_replaced_and_the_rest_is_kept(
    con: duckdb.DuckDBPyConnection, payload: str, expected: str
) -> None:
    assert value(con, "text", "a", payload) == expected


@pytest.mark.parametrize(
    "payload", ["", "{", '{"a": 1} x', "{'a': 1}", '{"a": "x\ny"}', '{"a": 1}\\', r'{"a": "\x", "b": "\ud83d"}']
)
def test_a_payload_that_is_no_json_gives_nulls_and_says_so_without_a_sample(
    con: duckdb.DuckDBPyConnection, payload: str
) -> None:
    mapping = mapping_of({"a": ("integer", "a"), "b": ("text", {"constant": "x"}), "c": ("json", "a[].b")})
    before, row, after = rows(con, mapping, '{"a": 1}', payload, '{"a": 2}')
    assert (row["a"], row["b"], row["c"]) == (None, None, None)
    assert row["uncastable"] == [{"column_name": "payload", "value": None}]
    assert (before["a"], after["a"]) == (1, 2)


def test_a_row_without_a_payload_gives_nulls_and_no_complaint(con: duckdb.DuckDBPyConnection) -> None:
    [row] = rows(con, mapping_of({"a": ("integer", "a"), "b": ("text", {"constant": "x"})}), None)
    assert (row["a"], row["b"], row["uncastable"]) == (None, None, [])


@pytest.mark.parametrize("payload", ['"text"', "5", "null", "true", "[1, 2]", "[]", "{}", '{"": 1}'])
def test_a_payload_of_any_json_shape_is_read(con: duckdb.DuckDBPyConnection, payload: str) -> None:
    mapping = mapping_of({"a": ("integer", "a.b"), "b": ("json", "c[].d"), "c": ("text", "l[k=v].w")})
    [row] = rows(con, mapping, payload)
    assert (row["a"], row["b"], row["c"], row["uncastable"]) == (None, None, None, [])


def test_an_array_as_payload_is_read_by_places(con: duckdb.DuckDBPyConnection) -> None:
    assert value(con, "text", "1", '["a", "b"]') == "b"


@pytest.mark.parametrize(
    ("drift", "expected"),
    [
        ("an integer becomes text", [(1, []), (None, ["one"])]),
        ("text becomes an integer", [(1, []), (2, [])]),
        ("a field appears later", [(None, []), (5, [])]),
        ("only nulls", [(None, []), (None, [])]),
        ("a list of mixed things", [(None, ['[1,"a",null]']), (3, [])]),
        ("an empty object", [(None, ["{}"]), (3, [])]),
        ("an integer above 64 bits", [(None, ["18446744073709551616"]), (3, [])]),
        ("an object becomes a text", [(None, ['{"a":1}']), (None, ["x"])]),
    ],
)
def test_a_vendors_drift_never_stops_the_query(
    con: duckdb.DuckDBPyConnection, drift: str, expected: list[tuple[int | None, list[str]]]
) -> None:
    sent: dict[str, tuple[Any, Any]] = {
        "an integer becomes text": ({"x": 1}, {"x": "one"}),
        "text becomes an integer": ({"x": "1"}, {"x": 2}),
        "a field appears later": ({}, {"x": 5, "y": {"z": 1}}),
        "only nulls": ({"x": None}, {"x": None}),
        "a list of mixed things": ({"x": [1, "a", None]}, {"x": 3}),
        "an empty object": ({"x": {}}, {"x": 3}),
        "an integer above 64 bits": ({"x": 2**64}, {"x": 3}),
        "an object becomes a text": ({"x": {"a": 1}}, {"x": "x"}),
    }
    found = rows(con, mapping_of({"it": ("integer", "x")}), *map(json.dumps, sent[drift]))
    assert [(row["it"], [entry["value"] for entry in row["uncastable"]]) for row in found] == expected


# Hostile text is only ever data

HOSTILE = st.text(
    st.one_of(
        st.sampled_from("'\"\\;$*?~/.[]{}()-=,%_ \n\t\u00a0\u2028é😀0aA"), st.characters(exclude_categories=["Cs"])
    ),
    min_size=1,
    max_size=12,
).filter(lambda text: "\0" not in text)


@settings(max_examples=60, deadline=None)
@given(names=st.lists(HOSTILE, min_size=1, max_size=3), found=HOSTILE, other=HOSTILE)
def test_names_constants_and_maps_are_data_whatever_they_hold(
    con: duckdb.DuckDBPyConnection, names: list[str], found: str, other: str
) -> None:
    record: Any = found
    for name in reversed(names):
        record = {name: record}
    mapping = mapping_of(
        {
            "a": ("text", {"path": names}),
            "b": ("text", {"constant": other}),
            "c": ("text", {"path": names, "map": {found: other}, "default": "unknown"}),
            "d": ("text", {"join": [{"path": names}, {"constant": found}], "with": other}),
            "e": ("text", {"path": ["list", {"where": {other: found}}, *names]}),
            "f": ("json", {"constant": other}),
            "g": ("integer", {"path": names}),
            "h": ("text", {"path": names, "when": {"mark": [found, other + "?"]}}),
        }
    )
    payload = {**record, "mark": found, "list": [{other: 1}, {**record, other: found}]}
    [row] = rows(con, mapping, json.dumps(payload))
    expected_element: Any = {**record, other: found}
    expected_root: Any = payload
    for name in names:
        expected_root = expected_root[name] if isinstance(expected_root, dict) else None
        expected_element = expected_element.get(name) if isinstance(expected_element, dict) else None
    if isinstance(expected_root, str):
        assert row["a"] == found
        assert row["d"] == found + other + found
        assert row["c"] == other or not found.strip()
        assert row["h"] == found
    if isinstance(expected_element, str) and names[0] != "list":
        assert row["e"] == expected_element
    assert row["b"] == other
    assert json.loads(row["f"]) is not None


@settings(max_examples=60, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abk"), inner, max_size=3),
        max_leaves=8,
    )
)
def test_no_payload_breaks_the_query(con: duckdb.DuckDBPyConnection, record: Any) -> None:
    mapping = mapping_of(
        {f"c_{type_}": (type_, {"first": ["a.b", "a", "a.0"]}) for type_ in TYPES}
        | {
            "s": ("text", "a[k=b].b"),
            "e": ("json", "a[].b"),
            "t": ("timestamp", {"path": "a", "format": "epoch_seconds"}),
            "l": ("json", {"list": ["a", "b", "a[].b"]}),
            "w": ("text", {"path": "a", "when": {"b": ["1", "true"], "a[k=b].b": "x"}}),
        }
    )
    [row] = rows(con, mapping, json.dumps(record))
    for name in ("c_json", "l"):
        if row[name] is not None:
            json.loads(row[name])
