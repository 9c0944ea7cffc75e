"""Every rule turned round: what is written into a record is read again, by the real mapping's query as by our own."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from avesa.canonical_transform.mapping import parse_mapping
from avesa.canonical_transform.mapping_sql import source_query
from avesa.sandbox.mapped.draft import Draft
from avesa.sandbox.mapped.paths import parse_path
from avesa.sandbox.mapped.reading import Column, Mapped, parse_rule, read
from avesa.sandbox.mapped.units import UNITS
from avesa.sandbox.mapped.writing import alike, write
from avesa.sandbox.vendor.contract import Contract
from avesa.shared.shipped import shipped
from mapped_rows import queried

NOON = datetime(2026, 3, 2, 12, 30, 15, tzinfo=UTC)
DAY = date(2026, 3, 2)
PEOPLE = {"people": {"[]": {"kind": "string?", "main": "boolean", "name": "string", "hours": "number"}}}
HOURS = {"sum": ["hours", {"path": "minutes", "unit": "minutes_to_hours"}]}
CHARGED = {"path": "chargeId", "when": {"chargeType": ["Ticket", "ServiceTicket"]}}
STATUS = {"path": "status.name", "map": {"Opened": "open", "Re-opened": "open", "Done": "closed"}}

RULES: list[tuple[str, Any, Any]] = [
    ("text", "status.name", "New"),
    ("text", {"path": ["custom fields", "a.b"]}, "x"),
    ("text", "types.0.name", "Client"),
    ("text", "people[kind=Email,main=true].name", "Zoë"),
    ("json", "people[].name", ["Ada", "Zoë"]),
    ("json", "labels", ["vip", "east"]),
    ("text", {"first": ["nick", "name"]}, "Ada"),
    ("text", {"first": [{"path": "name", "when": {"kind": "person"}}, "title"]}, "Ada"),
    ("text", {"join": ["first", "last"], "with": " "}, "Ada Lovelace"),
    ("text", {"join": ["first", "last"], "with": " "}, "Ada"),
    ("json", {"list": ["mac", "people[].name"]}, ["00:11"]),
    ("decimal", HOURS, Decimal("2.25")),
    ("decimal", {"sum": ["people[].hours"]}, Decimal("7.5")),
    ("text", STATUS, "open"),
    ("text", {**STATUS, "default": "other"}, "other"),
    ("text", {"path": "due", "map": {"0": "paid"}, "compare": "number", "default": "open"}, "paid"),
    ("text", {"path": "due", "map": {"0": "paid"}, "compare": "number", "default": "open"}, "open"),
    ("text", {"path": "name", "when": {"total": 0}}, "Ada"),
    ("text", {"path": "name", "unless": {"total": [0, 0.1]}}, "Ada"),
    ("boolean", {"path": "billing", "map": {"Billable": True, "NoCharge": False}}, False),
    ("integer", {"path": "level", "map": {"P1": 1, "P2": 2}}, 2),
    ("text", {"path": "currency", "case": "upper"}, "USD"),
    ("text", {"path": "currency", "case": "lower"}, "usd"),
    ("timestamp", "at", NOON),
    ("timestamp", {"path": "at", "format": "epoch_seconds"}, NOON),
    ("timestamp", {"path": "at", "format": "epoch_milliseconds"}, NOON),
    ("timestamp", {"path": "at", "format": "microsoft_date"}, NOON),
    ("timestamp", {"path": "at", "format": "%d/%m/%Y %H:%M:%S"}, NOON),
    ("date", "on", DAY),
    ("date", {"path": "on", "format": "%d.%m.%Y"}, DAY),
    ("date", {"path": "on", "format": "epoch_seconds"}, DAY),
    ("date", {"path": "on", "format": "microsoft_date"}, DAY),
    ("decimal", {"path": "minutes", "unit": "minutes_to_hours"}, Decimal("1.25")),
    ("decimal", {"path": "seconds", "unit": "seconds_to_hours"}, Decimal("0.5")),
    ("decimal", {"path": "share", "unit": "fraction_to_percent"}, Decimal(35)),
    ("integer", {"path": "memory", "unit": "gigabytes_to_bytes"}, 16 * 1024**3),
    ("decimal", {"path": "spent", "unit": "clock_to_hours"}, Decimal("26.5")),
    ("decimal", {"path": "spent", "unit": "since_1970_to_hours"}, Decimal("26.5")),
    ("decimal", {"path": "hours", "when": {"number": ["0", None]}}, Decimal("1.5")),
    ("text", {"path": "name", "unless": {"state": ["gone", None]}}, "Ada"),
    ("decimal", {"path": "amount", "unit": "cents"}, Decimal("12.34")),
    ("decimal", {"path": "amount", "unit": "minor_units", "currency": "money"}, Decimal("12.34")),
    ("text", CHARGED, "77"),
    ("timestamp", {"path": "seen", "format": "epoch_seconds", "unless": {"seen": "0"}}, NOON),
    ("text", {"path": "name", "unless": {"state": ["gone", "deleted"]}}, "Ada"),
    ("boolean", "flag", False),
    ("integer", "count", 12),
    ("text", {"constant": "invoice"}, "invoice"),
    ("text", {"parent": True}, "p1"),
]


def test_all_words_of_the_mapping_files_are_known() -> None:
    schema = json.loads((shipped("mappings") / "mapping.schema.json").read_text(encoding="utf-8"))["$defs"]
    assert {*UNITS, "minor_units"} == set(schema["path_rule"]["properties"]["unit"]["enum"])
    known = {
        "path",
        "format",
        "unit",
        "currency",
        "digits",
        "map",
        "compare",
        "case",
        "default",
        "when",
        "unless",
        "names",
    }
    assert set(schema["path_rule"]["properties"]) == known
    assert {name for name in schema if name.endswith("_rule")} == {
        f"{kind}_rule" for kind in ("path", "between", "constant", "first", "join", "list", "parent", "sum")
    }


@pytest.fixture(scope="module")
def contract() -> Contract:
    return Contract("slack")


def written(contract: Contract, columns: dict[str, tuple[str, Any]], wanted: dict[str, Any], type_: Any = "any") -> Any:
    record: dict[str, Any] = {"kept": "as it was"}
    mapped = Mapped("things", tuple(Column(name, kind, parse_rule(rule)) for name, (kind, rule) in columns.items()))
    write(Draft(contract, type_, record, times="iso_z"), mapped, wanted, "p1")
    return record


def by_the_transform(columns: dict[str, tuple[str, Any]], record: Any) -> dict[str, Any]:
    """The row that the canonical transform makes of a record."""
    document = {
        "table": "things",
        "description": "Things.",
        "scd2": {"type": 2},
        "columns": {name: {"type": kind, "description": "One."} for name, (kind, _) in columns.items()},
        "sources": {"slack": {"users": {name: rule for name, (_, rule) in columns.items()}}},
    }
    mapping = parse_mapping(json.dumps(document).encode(), "things", "things.json")
    [row] = queried(source_query(mapping, "slack", "users", "raw"), {"1": record}, "p1")
    return row


@pytest.mark.parametrize(("kind", "rule", "wanted"), RULES, ids=lambda value: json.dumps(value, default=str)[:60])
def test_what_a_rule_turned_round_writes_is_what_it_reads(
    contract: Contract, kind: str, rule: Any, wanted: Any
) -> None:
    needs_lists = "people" in json.dumps(rule)
    type_ = {"*": "any", **PEOPLE} if needs_lists else "any"
    record = written(contract, {"c": (kind, rule)}, {"c": wanted}, type_)
    assert alike(read(parse_rule(rule), kind, record, "p1"), wanted, kind)
    row = by_the_transform({"c": (kind, rule)}, record)
    found = json.loads(row["c"]) if kind == "json" else row["c"]
    assert alike(found, wanted, kind) and row["uncastable"] == []
    assert record["kept"] == "as it was"


def test_a_place_in_a_list_makes_the_list(contract: Contract) -> None:
    type_ = {"types": {"[]": {"name": "string"}}, "ids": "[integer]?", "kept": "string"}
    columns = {"type": ("text", "types.0.name"), "first": ("text", "ids.0")}
    record = written(contract, columns, {"type": "Client", "first": "7"}, type_)
    assert record == {"types": [{"name": "Client"}], "ids": [7], "kept": "as it was"}
    assert by_the_transform(columns, record)["first"] == "7"


def test_hours_between_two_times_follow_from_the_first(contract: Contract) -> None:
    columns = {"started_at": ("timestamp", "from"), "hours": ("decimal", {"hours_between": ["from", "to"]})}
    record = written(contract, columns, {"started_at": NOON, "hours": Decimal("1.5")})
    assert record["to"] == "2026-03-02T14:00:15Z"
    assert by_the_transform(columns, record)["hours"] == Decimal("1.5")


def test_columns_of_one_field_agree_on_a_word_that_says_it_all(contract: Contract) -> None:
    closed = {"path": "state", "map": {"Solved": True, "Done": True, "Opened": False}}
    category = {"path": "state", "map": {"Done": "closed", "Opened": "open", "Waiting": "open"}}
    columns = {"is_closed": ("boolean", closed), "category": ("text", category), "status": ("text", "state")}
    record = written(contract, columns, {"is_closed": True, "category": "closed", "status": "Closed"})
    assert record["state"] == "done"
    record = written(contract, columns, {"is_closed": False, "category": "open", "status": "Opened"})
    assert record["state"] == "Opened"


def test_a_value_that_has_no_place_is_left_out_and_hurts_no_other(contract: Contract) -> None:
    columns = {"name": ("text", "name"), "nick": ("text", "name"), "age": ("integer", "age")}
    type_ = {"name": "string", "age": "string(date)", "kept": "string"}
    record = written(contract, columns, {"name": "Ada", "nick": "Countess", "age": 36}, type_)
    assert record == {"name": "Ada", "kept": "as it was"}


def test_what_is_held_is_never_written_over(contract: Contract) -> None:
    record = {"id": 7, "at": "2026-01-01T00:00:00Z"}
    draft = Draft(contract, {"id": "integer", "at": "string(date-time)"}, record, times="iso_z")
    for path in ("id", "at"):
        draft.hold(parse_path(path))
    columns = (Column("number", "text", parse_rule("id")), Column("seen_at", "timestamp", parse_rule("at")))
    write(draft, Mapped("things", columns), {"number": "99", "seen_at": NOON})
    assert record == {"id": 7, "at": "2026-01-01T00:00:00Z"}


def test_a_column_of_which_nothing_is_known_reads_nothing(contract: Contract) -> None:
    record = {"status": "invented", "since": "invented", "id": 1}
    draft = Draft(contract, "any", record, kept={"id"}, times="iso_z")
    columns = [Column(name, "text", parse_rule(name)) for name in ("status", "since", "id")]
    write(draft, Mapped("things", tuple(columns)), {"status": None})
    assert record == {"id": 1}


@pytest.mark.parametrize(
    ("type_", "value", "fitted"),
    [
        ("string", True, "true"),
        ("string", Decimal("12.50"), "12.5"),
        ("string(date)", NOON, "2026-03-02"),
        ("string(date-time)", DAY, "2026-03-02T00:00:00Z"),
        ("string(uuid)", "no uuid", None),
        ("integer(int64)?", "12", 12),
        ("integer", "12.5", None),
        ("number", Decimal("1.5"), 1.5),
        ("boolean", "TRUE", True),
        ("boolean", "maybe", None),
        ("[string]", ["a", 1], ["a", "1"]),
        ({"oneOf": ["integer", "string"]}, "x", "x"),
        ({"a": "string"}, "x", None),
    ],
)
def test_a_value_takes_the_type_of_its_field(contract: Contract, type_: Any, value: Any, fitted: Any) -> None:
    found = Draft(contract, "any", {}, times="iso_z").fit(value, type_)
    assert found == fitted and type(found) is type(fitted)
