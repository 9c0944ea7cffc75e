"""The vendors' filter languages, forms of time and types, without a server."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from avesa.sandbox.vendor.conditions import NotUnderstood, Query, holds, in_order
from avesa.sandbox.vendor.contract import Contract, service_names
from avesa.sandbox.vendor.graphql import parse
from avesa.sandbox.vendor.languages import LANGUAGES
from avesa.sandbox.vendor.shapes import Inventor, misfit
from avesa.sandbox.vendor.times import SHAPES, read_time, write_time

NOON = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)
EARLY = datetime(2026, 3, 1, 11, tzinfo=UTC)
SINCE = "2026-03-01T11:30:00Z"

CASES: dict[str, tuple[Any, str, str]] = {
    "aip": (f'createTime >= "{SINCE}"', "createTime", "iso_ms_z"),
    "colons": (f"endedAt:ge:{SINCE}", "endedAt", "iso_ms_z"),
    "conditions": (f"_info.lastUpdated>=[{SINCE}] and (id > 0 or id = -1)", "_info.lastUpdated", "iso_z"),
    "date_range": (f"{SINCE},2026-03-02", "range", "iso_ms_z"),
    "encoded_query": (
        "sys_updated_on>=2026-03-01 11:30:00^active=true^ORactive=^ORDERBYsys_id",
        "sys_updated_on",
        "sql",
    ),
    "filter_groups": (
        [{"filters": [{"propertyName": "updatedAt", "operator": "GTE", "value": "1772364600000"}]}],
        "updatedAt",
        "iso_ms_z",
    ),
    "fql": (f"modified_timestamp:>='{SINCE}'", "modified_timestamp", "iso_z"),
    "item_filter": ([{"op": "gte", "field": "lastActivityDate", "value": SINCE}], "lastActivityDate", "iso_ms_z"),
    "jql": (
        'fields.updated >= "2026-03-01 11:30" ORDER BY fields.updated ASC, key DESC',
        "fields.updated",
        "iso_ms_offset",
    ),
    "odata": (f"createdDateTime ge {SINCE} and id ne 'x'", "createdDateTime", "iso_z"),
    "rsql": (f'a.updated>="{SINCE}";id!=x', "a.updated", "iso_ms_z"),
    "scim": ('lastUpdated ge "2026-03-01T11:30:00.000Z"', "lastUpdated", "iso_ms_z"),
    "search_range": (f"created:>={SINCE}", "created", "iso_ms_z"),
    "soql": (f"SELECT Id FROM Account WHERE SystemModstamp >= {SINCE}", "SystemModstamp", "iso_ms_offset"),
    "sql": (
        f"select * from Bill where MetaData.LastUpdatedTime >= '{SINCE}'",
        "MetaData.LastUpdatedTime",
        "iso_offset",
    ),
    "week_range": (f"{SINCE}, *", "range", "iso_ms_z"),
    "sync_range": ("sync:2026-03-01..", "lastSync", "iso_ms_z"),
}


def record(path: str, value: Any) -> dict[str, Any]:
    found: Any = value
    for name in reversed(path.split(".")):
        found = {name: found}
    return {"id": 1, "active": "true", **found}


def fits(query: Query, found: dict[str, Any], form: str) -> bool:
    return holds(query.condition, found, forms=query.forms, form=form)


def test_there_is_a_case_for_every_language() -> None:
    assert sorted(CASES) == sorted(LANGUAGES)


@pytest.mark.parametrize("language", sorted(CASES))
def test_a_filter_holds_for_what_is_newer_whatever_the_form_of_either_side(language: str) -> None:
    text, path, form = CASES[language]
    query = LANGUAGES[language](text)
    early = EARLY - timedelta(days=1) if language == "sync_range" else EARLY
    assert fits(query, record(path, write_time(NOON, form)), form)
    assert not fits(query, record(path, write_time(early, form)), form)
    assert not fits(query, record(path, None), form)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("colons", f"endedAt:gte:{SINCE}"),
        ("conditions", "lastUpdated>='2026-03-01T11:30:00Z'"),
        ("conditions", "lastUpdated>=2026-03-01T11:30:00Z"),
        ("conditions", "lastUpdated ge [2026-03-01T11:30:00Z]"),
        ("conditions", "lastUpdated>=[2026-03-01T11:30:00Z] and"),
        ("date_range", "2026-03-01T11:30:00Z"),
        ("week_range", "*, *"),
        ("date_range", "2026-03-01,"),
        ("date_range", "yesterday,today"),
        ("week_range", "2026-03-01T00:00:00Z, 2026-03-08T00:00:01Z"),
        ("encoded_query", "sys_updated_on>=javascript:gs.daysAgo(1)"),
        ("encoded_query", "ORactive=true"),
        ("filter_groups", [{"filters": [{"propertyName": "a", "operator": "AFTER", "value": "1"}]}]),
        ("filter_groups", [{"filters": [{"propertyName": "a", "operator": "GTE", "value": 1}]}]),
        ("filter_groups", [{"filters": []}] * 6),
        ("fql", "modified_timestamp>='2026-03-01T11:30:00Z'"),
        ("fql", "a:'1'+"),
        ("item_filter", []),
        ("item_filter", [{"op": ">=", "field": "id", "value": 0}]),
        ("jql", "ORDER BY updated"),
        ("jql", "updated >= '2026-03-01 11:30'"),
        ("odata", "createdDateTime >= 2026-03-01T11:30:00Z"),
        ("scim", "lastUpdated gt '2026-03-01T11:30:00.000Z'"),
        ("scim", "lastUpdated > 1"),
        ("soql", "SELECT * FROM Account"),
        ("soql", "SELECT Id FROM Account LIMIT many"),
        ("sql", "select Id from Bill"),
        ("sql", "select * from Bill MAXRESULTS 10 STARTPOSITION 1"),
        ("sync_range", "sync:2026-03-01T00:00:00Z.."),
    ],
)
def test_what_the_vendors_page_does_not_show_is_refused(language: str, text: Any) -> None:
    with pytest.raises(NotUnderstood):
        LANGUAGES[language](text)


def test_clauses_of_the_query_languages_are_read() -> None:
    found = LANGUAGES["sql"](
        "select * from Bill where Active IN (true, false) orderby Id STARTPOSITION 11 MAXRESULTS 5"
    )
    assert (found.entity, found.start, found.size, found.order) == ("Bill", 11, 5, (("Id", False),))
    found = LANGUAGES["soql"](
        "SELECT Id, Owner.Name FROM Case WHERE (A = 'it''s' OR B != null) ORDER BY A DESC, Id LIMIT 9"
    )
    assert found.select == ("Id", "Owner.Name") and found.order == (("A", True), ("Id", False)) and found.size == 9


def test_rows_are_sorted_by_numbers_as_numbers_and_by_several_fields() -> None:
    rows = [{"a": 10, "b": "x"}, {"a": 9, "b": "y"}, {"a": 9, "b": "x"}, {"b": "z"}]
    assert in_order(rows, (("a", False), ("b", True))) == [rows[3], rows[1], rows[2], rows[0]]


@pytest.mark.parametrize("form", [form for form in SHAPES if form not in ("date", "minute")])
def test_a_moment_comes_back_from_its_form_to_the_precision_of_it(form: str) -> None:
    written = write_time(NOON, form)
    fraction = "ms" in form or "us" in form or "micro" in form or "ticks" in form or form == "iso_zone"
    assert read_time(written, form) == (NOON if fraction else NOON.replace(microsecond=0))


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ("2026-03-01T12:00:00", "iso_z"),
        ("2026-03-01 12:00:00", "iso_any"),
        ("2026-03-01T12:00:00Z", "sql"),
        (1772366400, "epoch_ms"),
        (1772366400000, "epoch_s"),
        (True, "epoch_s"),
        ("2026-13-01T12:00:00Z", "iso_z"),
        (None, "iso_z"),
    ],
)
def test_a_moment_in_another_form_is_refused(value: Any, form: str) -> None:
    with pytest.raises(ValueError):
        read_time(value, form)


@pytest.mark.parametrize("service", service_names())
def test_invented_records_have_the_types_of_the_contract_and_the_surprises_of_a_vendor(service: str) -> None:
    contract = Contract(service)
    absent = nulls = foreign = 0
    for table in contract.tables.values():
        for number in range(4):
            made = Inventor(contract, f"{table.name}/{number}", NOON).record(table.record, set())
            if not isinstance(made, dict):
                continue
            foreign += made.pop("unannounced", None) is not None
            type_ = contract.resolve(table.record)
            assert misfit(contract, made, type_, table.name) is None
            absent += len(set(type_) - set(made))
            nulls += json.dumps(made).count(": null")
    assert absent and foreign
    assert nulls or not any("?" in str(shape) for shape in contract.schemas.values())


@pytest.mark.parametrize(
    ("value", "type_", "fit"),
    [
        (1, "integer", True),
        (True, "integer", False),
        (1.5, "integer", False),
        (1, "number", True),
        (None, "string?", True),
        (None, "string", False),
        ("1", "integer(int32)", False),
        (["a", 1], "[string]", False),
        ({"k": "v"}, "{string}", True),
        ({"k": 1}, "{string}", False),
        ({"a": 1, "b": 2}, {"a": "integer"}, False),
        ({"a": 1, "b": 2}, {"a": "integer", "*": "any"}, True),
        ("2026-03-01", "string(date)", True),
        ("01.03.2026", "string(date)", False),
        ([{"a": 1}], {"[]": {"a": "integer"}}, True),
        ("x", {"oneOf": ["integer", "string"]}, True),
        ([], {"oneOf": ["integer", "string"]}, False),
    ],
)
def test_a_value_is_held_to_its_type(value: Any, type_: Any, fit: bool) -> None:
    assert (misfit(Contract("duo"), value, type_, "it") is None) == fit


def test_every_query_that_the_vendors_publish_is_understood() -> None:
    for table in Contract("salesforce").tables.values():
        if "soql" in table.facts:
            found = LANGUAGES["soql"](table.facts["soql"])
            assert found.entity == table.facts["sobject"]
            unknown = [
                n for n in found.select or () if Contract("salesforce").field(table.record, n, declared=True) is None
            ]
            assert unknown == [], table.name
    for table in Contract("monday").tables.values():
        document = parse(table.facts["query"])
        selection = document.root.at([step for step in table.records.split(".")[1:] if step != "*"])
        assert selection is not None, table.name
        assert all(Contract("monday").field(table.record, inner.name) is not None for inner in selection.fields)
