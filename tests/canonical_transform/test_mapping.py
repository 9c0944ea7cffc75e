"""What a mapping file may say, and how a mistake is told."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from avesa.canonical_transform.change_file import GONE
from avesa.canonical_transform.mapping import (
    RESERVED_COLUMNS,
    Mapping,
    canonical_tables_of,
    load_mapping,
    mapping_names,
    parse_mapping,
)
from avesa.canonical_transform.mapping_rules import (
    Collect,
    Constant,
    Each,
    First,
    FromPath,
    Join,
    JsonPath,
    OfParent,
    Where,
)
from avesa.canonical_transform.mapping_schema import SCHEMA_FILE, mappings_folder, rule_kinds
from avesa.shared.errors import MappingError
from avesa.warehouse.port import LOADS, VERSION

TABLES = [
    *("agreements", "companies", "contacts", "devices", "invoices", "opportunities"),
    *("products", "projects", "tasks", "tickets", "time_entries", "users"),
]
COMMON = {
    *("source_url", "created_at", "created_by", "updated_at", "updated_by", "tags", "custom_fields"),
}

BESIDE_ANOTHER = ("jobs_current", "jobs_as_of", "jobs_rows", "avesa_loads", "j" * 56, "jobs\n")
"""What a warehouse calls something that lies beside a table, or would cut until it is called so."""

MINOR = {"path": "x", "unit": "minor_units", "currency": "c"}


def document(**changes: Any) -> dict[str, Any]:
    whole: dict[str, Any] = {
        "table": "jobs",
        "description": "One job.",
        "scd2": {"type": 2, "untracked": ["seen_at"]},
        "columns": {
            "name": {"type": "text", "description": "Its name."},
            "hours": {"type": "decimal", "description": "Hours worked."},
            "count": {"type": "integer", "description": "How many."},
            "done": {"type": "boolean", "description": "Whether it is done."},
            "seen_at": {"type": "timestamp", "description": "When it was seen."},
            "day": {"type": "date", "description": "Its day."},
            "labels": {"type": "json", "description": "Labels."},
        },
        "sources": {"acme": {"jobs": {"name": "name"}}},
    }
    return {**whole, **changes}


def parsed(whole: dict[str, Any]) -> Mapping:
    return parse_mapping(json.dumps(whole).encode(), "jobs", "mappings/jobs.json")


def with_rule(column: str, rule: Any) -> dict[str, Any]:
    return document(sources={"acme": {"jobs": {column: rule}}})


def rule_of(column: str, rule: Any) -> Any:
    return parsed(with_rule(column, rule)).sources["acme", "jobs"][column]


def complaint(whole: dict[str, Any]) -> str:
    with pytest.raises(MappingError) as caught:
        parsed(whole)
    return str(caught.value)


# Our own mappings


@pytest.mark.parametrize("table", mapping_names())
def test_each_of_our_mappings_is_valid_and_has_the_common_columns(table: str) -> None:
    mapping = load_mapping(table)
    names = {column.name for column in mapping.columns}
    assert names >= COMMON
    assert {"updated_at", "updated_by"} <= mapping.untracked <= names
    assert all(column.description.endswith(".") for column in mapping.columns)


def test_there_are_twelve_tables_and_connectwise_feeds_them_all() -> None:
    assert mapping_names() == TABLES
    for table in TABLES:
        assert "connectwise" in {service for service, _ in load_mapping(table).sources}


def test_the_schema_is_one_that_an_editor_can_use() -> None:
    schema = json.loads((mappings_folder() / SCHEMA_FILE).read_bytes())
    Draft202012Validator.check_schema(schema)
    for table in mapping_names():
        named = json.loads((mappings_folder() / f"{table}.json").read_bytes())["$schema"]
        assert (mappings_folder() / named).resolve() == mappings_folder() / SCHEMA_FILE


def test_an_endpoint_tells_which_tables_it_fills() -> None:
    assert canonical_tables_of("connectwise", "tickets") == ["tickets"]
    assert canonical_tables_of("connectwise", "no_such_thing") == []


def test_an_unknown_table_is_told_with_the_known_ones() -> None:
    with pytest.raises(MappingError, match=r"no mapping named 'tikets'; there are .*tickets"):
        load_mapping("tikets")


def test_a_tables_name_is_never_a_path() -> None:
    for name in ("../mappings/tickets", "mapping.schema", "", "/etc/passwd"):
        with pytest.raises(MappingError, match="no mapping named"):
            load_mapping(name)


# Rules as they are read


def test_a_text_is_a_dotted_path() -> None:
    assert rule_of("name", "status.name") == FromPath(JsonPath(("status", "name")))
    assert rule_of("name", "types.0.name") == FromPath(JsonPath(("types", "0", "name")))


def test_a_path_may_choose_an_element_of_a_list_by_its_fields() -> None:
    chosen = Where(((("kind", "name"), "Mail"), (("main",), "true")))
    assert rule_of("name", "ways[main=true,kind.name=Mail].value") == FromPath(JsonPath(("ways",), chosen, ("value",)))


def test_a_path_may_name_a_field_of_each_element() -> None:
    assert rule_of("labels", "types[].name") == FromPath(JsonPath(("types",), Each(), ("name",)))


def test_a_path_in_pieces_takes_any_name() -> None:
    assert rule_of("name", {"path": ["a.b", 0, "c[]"]}) == FromPath(JsonPath(("a.b", "0", "c[]")))
    assert rule_of("name", {"path": ["own", {"where": {"a.b": "x,y]"}}, "value"]}) == FromPath(
        JsonPath(("own",), Where(((("a.b",), "x,y]"),)), ("value",))
    )


def test_the_other_rules_are_constant_first_and_join() -> None:
    assert rule_of("count", {"constant": 5}) == Constant(5)
    assert rule_of("name", {"first": ["a", {"constant": "b"}]}) == First((FromPath(JsonPath(("a",))), Constant("b")))
    assert rule_of("name", {"join": ["a", "b"], "with": ", "}) == Join(
        (FromPath(JsonPath(("a",))), FromPath(JsonPath(("b",)))), ", "
    )


def test_a_parent_may_stand_alone_or_with_others() -> None:
    assert rule_of("name", {"parent": True}) == OfParent()
    assert rule_of("name", {"first": ["a", {"parent": True}]}) == First((FromPath(JsonPath(("a",))), OfParent()))


def test_a_list_takes_any_rule_for_its_items() -> None:
    assert rule_of("labels", {"list": ["a", {"constant": "b"}]}) == Collect((FromPath(JsonPath(("a",))), Constant("b")))


def test_a_path_may_ask_what_else_the_record_says() -> None:
    rule = {"path": "id", "when": {"kind.name": "Ticket", "kinds[main=true].name": ["B", "A"]}}
    assert rule_of("name", rule) == FromPath(
        JsonPath(("id",)),
        when=(
            (JsonPath(("kind", "name")), ("Ticket",)),
            (JsonPath(("kinds",), Where(((("main",), "true"),)), ("name",)), ("A", "B")),
        ),
    )


# Closed lists


def with_closed_list(rule: Any, *values: str | int, type_: str = "text") -> dict[str, Any]:
    columns = {"state": {"type": type_, "values": list(values), "description": "Its state."}}
    return document(columns=columns, scd2={"type": 2}, sources={"acme": {"jobs": {"state": rule}}})


@pytest.mark.parametrize(
    "rule",
    [
        {"constant": "open"},
        {"path": "s", "map": {"Neu": "open"}},
        {"path": "s", "map": {"Neu": "open"}, "default": "done"},
        {"first": [{"path": "closed", "map": {"true": "done"}}, {"constant": "open"}]},
    ],
)
def test_a_column_with_a_closed_list_takes_values_of_the_list(rule: Any) -> None:
    [column] = parsed(with_closed_list(rule, "open", "done")).columns
    assert column.values == ("open", "done")


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ({"constant": "closed"}, "closed"),
        ({"path": "s", "map": {"Neu": "open", "Alt": "old"}}, "old"),
        ({"path": "s", "map": {"Neu": "open"}, "default": "Open"}, "Open"),
        ({"first": [{"constant": "open"}, {"constant": "closed"}]}, "closed"),
        ("s", "a rule without a map"),
        ({"join": ["s"], "with": ""}, "a rule without a map"),
        ({"first": [{"path": "s", "map": {"Neu": "open"}}, "s"]}, "a rule without a map"),
    ],
)
def test_a_column_with_a_closed_list_takes_nothing_else(rule: Any, found: str) -> None:
    told = complaint(with_closed_list(rule, "open", "done"))
    place = "mappings/jobs.json: sources.acme.jobs.state"
    assert told == f"{place}: expected one of open, done for every value, found {found}."


def test_a_closed_list_is_of_the_columns_type() -> None:
    [column] = parsed(with_closed_list({"path": "p", "map": {"High": 2}}, 1, 2, type_="integer")).columns
    assert column.values == (1, 2)
    told = complaint(with_closed_list({"constant": "1"}, "1", 2))
    assert "columns.state.values[1]: expected a value of type text" in told
    told = complaint(with_closed_list({"constant": 1}, 1, "2", type_="integer"))
    assert "columns.state.values[1]: expected a value of type integer" in told
    told = complaint(with_closed_list({"constant": True}, 1, type_="boolean"))
    assert "columns.state.values: expected no values, since the column is of type boolean" in told
    assert "values: expected something that is not empty" in complaint(with_closed_list({"constant": "a"}))
    assert "values[0]: expected a text or a whole number" in complaint(with_closed_list({"constant": "a"}, True))


def test_a_first_within_a_first_is_the_same_as_one() -> None:
    nested: Any = "z"
    for name in "cba":
        nested = {"first": [name, nested]}
    assert rule_of("hours", nested) == rule_of("hours", {"first": ["a", "b", "c", "z"]})


# Mistakes: file, place, and what was expected


@pytest.mark.parametrize(
    ("whole", "place", "expected"),
    [
        (document(columns={"hours": {"type": "number", "description": "x"}}), "columns.hours.type", "one of text"),
        (document(columns={"hours": {"type": "text"}}), "columns.hours", "key description, which is missing"),
        (document(columns={"Hours": {"type": "text", "description": "x"}}), "columns", "a column name"),
        (document(columns={"a\n": {"type": "text", "description": "x"}}), "columns", "a column name"),
        (document(table="Jobs"), "table", "a table name: a small letter"),
        (document(extra=1), "mappings/jobs.json", "only the keys $schema, table"),
        (document(scd2={"type": 3}), "scd2.type", "one of 1, 2, found 3"),
        (document(scd2={"untracked": []}), "scd2", "key type, which is missing"),
        (document(scd2={"type": 2, "untracked": ["nope"]}), "scd2.untracked[0]", "declared column, found nope"),
        (document(table="tasks"), "table", "expected jobs, the file's name, found tasks"),
        *((document(table=name), "table", "expected a table name: a small letter") for name in BESIDE_ANOTHER),
        (with_rule("nope", "x"), "sources.acme.jobs.nope", "a column that is declared"),
        (with_rule("updated_at", "x"), "sources.acme.jobs.updated_at", "no rule"),
        (
            with_rule("name", 5),
            "sources.acme.jobs.name",
            "exactly one of path, constant, first, join, list, parent, sum, hours_between, found 5",
        ),
        (
            with_rule("name", {}),
            "sources.acme.jobs.name",
            "exactly one of path, constant, first, join, list, parent, sum, hours_between",
        ),
        (
            with_rule("name", {"pth": "x"}),
            "sources.acme.jobs.name",
            "exactly one of path, constant, first, join, list, parent, sum, hours_between",
        ),
        (with_rule("name", {"parent": False}), "sources.acme.jobs.name.parent", "expected true, found false"),
        (with_rule("hours", {"sum": ["a"], "hours_between": ["a", "b"]}), "acme.jobs.hours", "exactly one of"),
        (with_rule("hours", {"hours_between": ["a", "b", "c"]}), "hours.hours_between", "a list of two paths"),
        (with_rule("hours", {"hours_between": ["a"]}), "hours.hours_between", "a list of two paths"),
        (with_rule("hours", {"hours_between": "a"}), "hours.hours_between", "a list of two paths"),
        (
            with_rule("hours", {"hours_between": ["a", "b"], "unit": "cents"}),
            "jobs.hours",
            "only the key hours_between",
        ),
        (with_rule("name", {"path": ["a", 1.5]}), "name.path[1]", "a name, the number of a place in a list, or {"),
        (
            with_rule("name", {"path": ["a", {"wher": {"b": "c"}}]}),
            "name.path[1]",
            'or {"where": {name: value}}, found',
        ),
        (with_rule("name", {"path": ["a", -1]}), "name.path[1]", "expected 0 or more, found -1"),
        (with_rule("count", {"parent": True}), "count.parent", "no parent, since the column is of type integer"),
        (with_rule("name", {"path": "x", "constant": 1}), "sources.acme.jobs.name", "exactly one of"),
        (with_rule("name", {"path": "x", "sql": "1"}), "sources.acme.jobs.name", "only the keys path, format"),
        (with_rule("name", ""), "sources.acme.jobs.name", "a path: names joined by dots"),
        (with_rule("name", "a..b"), "sources.acme.jobs.name", "a path: names joined by dots"),
        (with_rule("name", "a[b].c"), "sources.acme.jobs.name", "a path: names joined by dots"),
        (with_rule("name", {"path": "a[].b[].c"}), "sources.acme.jobs.name.path", "a path: names joined by dots"),
        (with_rule("name", {"path": []}), "sources.acme.jobs.name.path", "something that is not empty"),
        (with_rule("name", {"path": ["a", {"where": {"b": "c"}}, {"where": {"b": "c"}}]}), "path[2]", "at most one"),
        (with_rule("name", {"first": []}), "sources.acme.jobs.name.first", "not empty"),
        (with_rule("name", {"first": ["a", {"path": 1}]}), "sources.acme.jobs.name.first[1].path", "a path as text"),
        (with_rule("name", {"join": ["a"]}), "sources.acme.jobs.name", "key with, which is missing"),
        (with_rule("hours", {"path": "x", "unit": "furlongs"}), "hours.unit", "one of minutes_to_hours"),
        (with_rule("seen_at", {"path": "x", "format": "%Q"}), "seen_at.format", "a pattern of %Y"),
        (with_rule("seen_at", {"path": "x", "format": "%m'; DROP"}), "seen_at.format", "a pattern of %Y"),
        (with_rule("seen_at", {"constant": "tomorrow"}), "seen_at.constant", "an ISO 8601 time with a zone"),
        (with_rule("day", {"constant": "2024-02-30"}), "day.constant", "an ISO 8601 date"),
        (with_rule("count", {"constant": 1.5}), "count.constant", "a whole number"),
        (with_rule("count", {"constant": 2**63}), "count.constant", "a whole number of 64 bits"),
        (with_rule("hours", {"constant": True}), "hours.constant", "a number"),
        (with_rule("hours", {"constant": 10**14}), "hours.constant", "at most 14 digits"),
        (with_rule("done", {"constant": "yes"}), "done.constant", "true or false"),
        (with_rule("done", {"path": "x", "map": {"a": "yes"}}), "done.map.a", "true or false"),
        (with_rule("name", {"path": "x", "map": {}}), "name.map", "not empty"),
        (with_rule("name", {"path": "x", "map": {"A": "b", "a": "c"}}), "name.map.a", "differ only in case"),
        (with_rule("name", {"path": "x", "default": "y"}), "name.default", "a map beside default"),
        (with_rule("name", {"path": "x", "compare": "number"}), "name.compare", "a map beside compare"),
        (with_rule("name", {"path": "x", "compare": "text", "map": {"0": "a"}}), "name.compare", "expected number"),
        (with_rule("name", {"path": "x", "compare": "number", "map": {"none": "a"}}), "name.map.none", "numbers"),
        (
            with_rule("name", {"path": "x", "compare": "number", "map": {"0": "a", "0.0": "b"}}),
            "name.map.0.0",
            "one value for all spellings that write one number",
        ),
        (with_rule("seen_at", {"path": "x", "map": {"a": "b"}}), "seen_at.map", "no map"),
        (with_rule("name", {"path": "x", "unit": "cents"}), "name.unit", "no unit, since the column is of type text"),
        (with_rule("name", {"path": "x", "format": "iso"}), "name.format", "no format"),
        (with_rule("hours", {"path": "x", "unit": "cents", "map": {"a": 1}}), "hours", "only one of unit, map"),
        (with_rule("name", {"sum": ["a"]}), "name.sum", "no sum, since the column is of type text"),
        (with_rule("hours", {"sum": []}), "hours.sum", "not empty"),
        (with_rule("hours", {"sum": [{"constant": 1}]}), "hours.sum[0]", "a path, or an object with one"),
        (with_rule("hours", {"sum": [{"path": "a[].b", "map": {"x": 1}}]}), "hours.sum[0].path", "no []"),
        (with_rule("hours", {"path": "x", "case": "upper"}), "hours.case", "no case"),
        (with_rule("name", {"path": "x", "case": "title"}), "name.case", "one of upper, lower"),
        (with_rule("name", {"path": "x", "case": "upper", "map": {"a": "b"}}), "name", "only one of map, case"),
        (with_rule("hours", {"path": "x", "unit": "minor_units"}), "hours", "a currency beside the unit minor_units"),
        (with_rule("hours", {"path": "x", "unit": "cents", "currency": "c"}), "hours", "and beside no other"),
        (with_rule("hours", {"path": "x", "digits": {"UGX": 2}}), "hours.digits", "a currency beside the digits"),
        (with_rule("hours", {**MINOR, "currency": "a[].b"}), "hours.currency", "no []"),
        (with_rule("hours", {**MINOR, "digits": {"ugx": 2}}), "hours.digits", "three capital letters"),
        (with_rule("hours", {**MINOR, "digits": {"UGX": 9}}), "hours.digits.UGX", "one of 0, 1"),
        (with_rule("count", MINOR), "count.unit", "a column of type decimal"),
        (with_rule("hours", {"join": ["a"], "with": ""}), "hours.join", "no join"),
        (with_rule("name", {"list": ["a"]}), "name.list", "no list, since the column is of type text"),
        (with_rule("labels", {"list": ["a", {"path": "b", "map": {"c": "d"}}]}), "labels.list[1].map", "no map"),
        (with_rule("labels", {"list": []}), "labels.list", "not empty"),
        (with_rule("name", {"path": "a", "when": {}}), "name.when", "not empty"),
        (with_rule("name", {"path": "a", "when": {"b": True}}), "name.when.b", "a text, a number, or a list of these"),
        (with_rule("name", {"path": "a", "unless": {"b": [1e14]}}), "name.unless.b", "a number of at most 14 digits"),
        (with_rule("name", {"path": "a", "when": {"b": []}}), "name.when.b", "something that is not empty"),
        (with_rule("name", {"path": "a", "when": {"b..c": "x"}}), "name.when", "a path: names joined by dots"),
        (with_rule("name", {"constant": "a", "when": {"b": "c"}}), "name", "only the key constant"),
        (with_rule("count", "types[].id"), "count.path", "no []"),
        (with_rule("labels", {"path": []}), "labels.path", "or names beside it"),
        (with_rule("name", {"constant": "a\0b"}), "name.constant", "without NUL"),
        (with_rule("name", {"constant": "a\ud83d"}), "name.constant", "without NUL characters and lone surrogates"),
    ],
)
def test_a_mistake_is_told_with_file_place_and_what_was_expected(
    whole: dict[str, Any], place: str, expected: str
) -> None:
    told = complaint(whole)
    assert told.startswith("mappings/jobs.json")
    assert place in told.split(": expected")[0]
    assert expected in told


def schemas_in(part: Any) -> Iterator[dict[str, Any]]:
    """The schema and all within it."""
    yield part
    for key, value in part.items():
        if key in ("$defs", "properties"):
            inner = list(value.values())
        elif key in ("allOf", "anyOf"):
            inner = value
        else:
            inner = [value] if key in ("items", "propertyNames", "additionalProperties") and value else []
        for one in inner:
            yield from schemas_in(one)


def test_what_a_schema_asks_for_is_plain_or_has_a_title_that_says_it() -> None:
    plain = {"type", "enum", "required", "uniqueItems", "minimum", "additionalProperties"}
    of_others = {"$ref", "$defs", "$schema", "$id", "description", "properties", "items", "propertyNames", "allOf"}
    for one in schemas_in(json.loads((mappings_folder() / SCHEMA_FILE).read_bytes())):
        not_empty = {key for key in ("minLength", "minItems", "minProperties") if one.get(key) == 1}
        assert "title" in one or not set(one) - plain - of_others - not_empty, one


def test_the_schema_names_all_kinds_of_rules_to_editors() -> None:
    schema = json.loads((mappings_folder() / SCHEMA_FILE).read_bytes())
    assert schema["$defs"]["rule"]["title"].endswith(f"exactly one of {', '.join(rule_kinds())}")
    assert {"path", "sum", "hours_between"} < set(rule_kinds())


@pytest.mark.parametrize("name", [*sorted(RESERVED_COLUMNS - {"updated_at"}), GONE, VERSION, LOADS])
def test_names_that_avesa_or_an_engine_uses_cannot_be_declared(name: str) -> None:
    told = complaint(document(columns={name: {"type": "text", "description": "x"}}, sources={}, scd2={"type": 2}))
    assert f"columns.{name}: expected another name" in told


def test_updated_at_may_be_declared_as_a_timestamp_only() -> None:
    columns = {"updated_at": {"type": "text", "description": "x"}}
    assert "columns.updated_at.type: expected timestamp" in complaint(
        document(columns=columns, sources={}, scd2={"type": 2})
    )


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"{", "expected JSON, and it stops being so at line 1"),
        (b"\xff{}", "expected JSON in UTF-8"),
        (b'{"table": "jobs", "table": "jobs"}', "found 'table' twice"),
        (b'{"table": NaN}', "numbers of a usual size"),
        (b'{"table": 1e999}', "numbers of a usual size"),
        (b'{"table": ' + b"9" * 5000 + b"}", "numbers of a usual size"),
        (b"[" * 100_000, "expected JSON"),
        (b"[]", "expected an object"),
    ],
)
def test_what_is_no_mapping_at_all_is_told_too(data: bytes, expected: str) -> None:
    with pytest.raises(MappingError, match=expected):
        parse_mapping(data, "jobs", "mappings/jobs.json")


# The fingerprint


def test_the_fingerprint_ignores_order_and_descriptions() -> None:
    whole = document()
    turned = {key: whole[key] for key in reversed(whole)}
    turned["columns"] = {
        name: {"description": "Said otherwise.", "type": whole["columns"][name]["type"]}
        for name in reversed(whole["columns"])
    }
    turned["description"] = "Said otherwise."
    assert parsed(turned).fingerprint == parsed(whole).fingerprint


@pytest.mark.parametrize(
    "changed",
    [
        document(scd2={"type": 1, "untracked": ["seen_at"]}),
        document(scd2={"type": 2, "untracked": []}),
        document(columns={**document()["columns"], "day": {"type": "text", "description": "x"}}),
        document(sources={"acme": {"jobs": {"name": "title"}}}),
        document(sources={"acme": {"tasks": {"name": "name"}}}),
        document(sources={"acme": {"jobs": {"name": {"first": ["name"]}}}}),
        document(sources={"acme": {"jobs": {"name": {"constant": "name"}}}}),
        document(sources={"acme": {"jobs": {"name": {"path": "name", "when": {"a": "b"}}}}}),
    ],
)
def test_the_fingerprint_changes_with_all_that_affects_the_rows(changed: dict[str, Any]) -> None:
    assert parsed(changed).fingerprint != parsed(document()).fingerprint
