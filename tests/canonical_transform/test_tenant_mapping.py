"""What a tenant's own mapping file may change in ours, and how a mistake in it is told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from avesa.canonical_transform.mapping import Mapping, load_mapping, parse_mapping
from avesa.canonical_transform.mapping_rules import FromPath, JsonPath
from avesa.shared.errors import MappingError


def complaint_over_tickets(overlay: dict[str, Any] | bytes) -> str:
    data = overlay if isinstance(overlay, bytes) else json.dumps(overlay).encode()
    with pytest.raises(MappingError) as caught:
        load_mapping("tickets", data, "blue/mappings/tickets.json")
    return str(caught.value)


def over_tickets(**parts: Any) -> Mapping:
    return load_mapping("tickets", json.dumps({"table": "tickets", **parts}).encode(), "blue/mappings/tickets.json")


def test_a_tenant_adds_columns_sources_and_rules_and_replaces_rules() -> None:
    ours = load_mapping("tickets")
    mapping = over_tickets(
        scd2={"untracked": ["rating", "budget_hours"]},
        columns={"rating": {"type": "integer", "description": "Stars."}},
        sources={
            "connectwise": {"tickets": {"rating": "customFields[caption=Rating].value", "owner_name": "resources"}},
            "inhouse": {"requests": {"summary": "title"}},
        },
    )
    assert [c.name for c in mapping.columns] == [*(c.name for c in ours.columns), "rating"]
    assert mapping.untracked == ours.untracked | {"rating", "budget_hours"}
    rules = mapping.sources["connectwise", "tickets"]
    assert rules["owner_name"] == FromPath(JsonPath(("resources",)))
    assert rules["summary"] == ours.sources["connectwise", "tickets"]["summary"]
    assert list(mapping.sources["inhouse", "requests"]) == ["summary"]


def test_a_tenant_keeps_columns_empty_whoever_would_fill_them() -> None:
    ours = load_mapping("contacts")
    document = {"table": "contacts", "empty": ["email", "phone"]}
    mapping = load_mapping("contacts", json.dumps(document).encode(), "blue/mappings/contacts.json")
    assert mapping.columns == ours.columns and mapping.sources.keys() == ours.sources.keys()
    for source, rules in mapping.sources.items():
        assert ours.sources[source].keys() - rules.keys() <= {"email", "phone"}
        assert not rules.keys() & {"email", "phone"}
    assert mapping.fingerprint != ours.fingerprint


def test_what_is_to_stay_empty_is_a_column_that_could_be_filled() -> None:
    for name in ("emale", "updated_at"):
        assert f"found {name}" in complaint_over_tickets({"table": "tickets", "empty": [name]})


def test_our_own_files_keep_nothing_empty() -> None:
    document = {
        "table": "things",
        "description": "A thing.",
        "scd2": {"type": 2},
        "columns": {"name": {"type": "text", "description": "Its name."}},
        "sources": {},
        "empty": ["name"],
    }
    with pytest.raises(MappingError, match=r"things\.json: empty: expected"):
        parse_mapping(json.dumps(document).encode(), "things", "things.json")


def test_a_tenants_file_leaves_ours_as_it_is() -> None:
    before = load_mapping("tickets").fingerprint
    over_tickets(sources={"connectwise": {"tickets": {"summary": "x"}}})
    assert load_mapping("tickets").fingerprint == before


def test_an_empty_tenants_file_changes_nothing() -> None:
    assert over_tickets() == load_mapping("tickets")


def test_a_tenant_may_repeat_ours_but_not_change_it() -> None:
    ours = load_mapping("tickets")
    summary = next(column for column in ours.columns if column.name == "summary")
    same = {"type": summary.type, "description": summary.description}
    assert over_tickets(description=ours.description, scd2={"type": 2}, columns={"summary": same}) == ours
    file = "blue/mappings/tickets.json"
    assert complaint_over_tickets({"table": "tickets", "columns": {"summary": {**same, "type": "json"}}}).startswith(
        f'{file}: columns.summary.type: expected "text"'
    )
    assert "columns.summary.description" in complaint_over_tickets(
        {"table": "tickets", "columns": {"summary": {**same, "description": "Mine."}}}
    )
    assert f"{file}: scd2.type: expected none or 2" in complaint_over_tickets({"table": "tickets", "scd2": {"type": 1}})
    assert f"{file}: description: expected none or ours" in complaint_over_tickets(
        {"table": "tickets", "description": "Mine."}
    )


def test_a_tenants_mistakes_are_told_with_the_tenants_file() -> None:
    assert complaint_over_tickets({}).startswith("blue/mappings/tickets.json: expected the key table")
    assert "table: expected tickets" in complaint_over_tickets({"table": "tasks"})
    assert "sources.connectwise.tickets.nope: expected a column" in complaint_over_tickets(
        {"table": "tickets", "sources": {"connectwise": {"tickets": {"nope": "x"}}}}
    )
    assert "expected JSON" in complaint_over_tickets(b"summary: x")


def test_a_tenants_rules_keep_to_our_closed_lists() -> None:
    rules = {"priority_level": {"path": "priority.name", "map": {"P1": 0}}}
    told = complaint_over_tickets({"table": "tickets", "sources": {"connectwise": {"tickets": rules}}})
    assert "sources.connectwise.tickets.priority_level: expected one of 1, 2, 3, 4, 5" in told
    own = {"type": "text", "values": ["a"], "description": "The vendor's status."}
    told = complaint_over_tickets({"table": "tickets", "columns": {"status": own}})
    assert "columns.status.values: expected [], since a tenant's file cannot change our columns" in told
