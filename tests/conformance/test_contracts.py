"""The contracts hold facts and no prose, are sorted, and have every table that the vendor publishes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from avesa.sandbox.vendor.contract import FOLDER, Contract, service_names
from avesa.sandbox.vendor.languages import LANGUAGES
from avesa.sandbox.vendor.times import SHAPES

TABLES = {
    "addigy": 12,
    "asana": 19,
    "atera": 20,
    "autotask": 20,
    "auvik": 16,
    "bamboohr": 20,
    "chargebee": 16,
    "clickup": 19,
    "cloudflare": 19,
    "connectwise": 20,
    "crowdstrike": 18,
    "datadog": 20,
    "datto_rmm": 16,
    "duo": 20,
    "dynamics365": 17,
    "freshdesk": 15,
    "freshservice": 20,
    "github": 20,
    "gitlab": 20,
    "google_workspace": 20,
    "halopsa": 20,
    "harvest": 17,
    "hubspot": 16,
    "hudu": 17,
    "huntress": 17,
    "itglue": 20,
    "intercom": 19,
    "jamf": 19,
    "jira": 21,
    "kaseya_bms": 19,
    "jumpcloud": 20,
    "knowbe4": 14,
    "meraki": 19,
    "microsoft365": 20,
    "monday": 15,
    "n_central": 19,
    "ninjaone": 20,
    "okta": 20,
    "pagerduty": 18,
    "pax8": 13,
    "pipedrive": 13,
    "quickbooks": 20,
    "salesforce": 18,
    "sentinelone": 19,
    "servicenow": 20,
    "shopify": 18,
    "slack": 15,
    "stripe": 17,
    "superops": 14,
    "syncro": 20,
    "xero": 20,
    "zendesk": 20,
    "zoho_crm": 16,
    "zoom": 20,
}
"""How many tables each vendor's document has: those with a name of their own."""
_RULES = """
aliases all_under apart asked_by auth beats changes comes credentials deletes drops empty envelope errors everyone feed
fields filters fixed_cursor graphql headers headers_status helpers helps id in_turn journal keeps key keyed names
needs_both needs_one order paging parent path published rate reads select stamps tables time under under_each
"""
WORDS = set(_RULES.split())
QUERIES = {"query", "soql"}


def texts(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from texts(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner, name)
    elif isinstance(value, str):
        yield name, value


def test_every_contract_has_rules_and_every_rule_a_contract() -> None:
    assert service_names() == sorted(path.stem for path in FOLDER.glob("*.json")) == sorted(TABLES)


@pytest.mark.parametrize("service", sorted(TABLES))
def test_a_contract_is_facts_alone_sorted_and_small(service: str) -> None:
    path = FOLDER / f"{service}.json"
    text = path.read_text(encoding="utf-8")
    facts = json.loads(text)
    assert [found for name, found in texts(facts) if len(found) > 80 and " " in found and name not in QUERIES] == []
    assert text == json.dumps(facts, ensure_ascii=False, separators=(",", ":"), sort_keys=True) + "\n"
    assert path.stat().st_size < 120_000


@pytest.mark.parametrize("service", sorted(TABLES))
def test_every_table_is_there_with_a_type_for_its_records(service: str) -> None:
    contract = Contract(service)
    assert len(contract.tables) == TABLES[service]
    for table in contract.tables.values():
        assert table.record or table.rules.get("feed"), table.name
        for path in [*table.key, *([table.cursor] if table.cursor else [])]:
            known = contract.field(table.record, path) is not None
            assert known or table.facts.get("format") == "csv", f"{table.name} has no field {path}"


@pytest.mark.parametrize("service", sorted(TABLES))
def test_rules_are_written_in_the_words_of_the_vocabulary(service: str) -> None:
    contract = Contract(service)
    assert set(contract.rules) <= WORDS
    assert [name for name, found in texts(contract.rules) if len(found) > 160] == []
    for table in contract.tables.values():
        assert set(table.rules) <= WORDS
        assert table.cursor is None or table.rules["time"].removesuffix("_text") in SHAPES
        for change in table.rules.get("changes") or []:
            assert change.get("language", "aip") in LANGUAGES
            assert change.get("form", "iso_z") in SHAPES
    assert set(contract.rules.get("tables", {})) <= set(contract.tables)


VENDORS_OWN = {
    *("aliases", "body", "changed", "codes", "credentials", "envelope", "fields", "gone", "headers", "in_turn"),
    *("made", "names", "path", "proves", "refusal", "answer", "stamps", "statuses", "types", "under", "all_under"),
    "values",
}
"""Words under which the names are not ours."""


def words_of(rules: Any, name: str = "") -> Iterator[str]:
    """All of our words that stand in rules."""
    if isinstance(rules, list):
        for inner in rules:
            yield from words_of(inner, name)
    elif isinstance(rules, dict):
        for key, inner in rules.items():
            if name in ("filters", "tables"):
                yield from words_of(inner)
            elif name not in VENDORS_OWN:
                yield key
                yield from words_of(inner, key)


def test_the_words_are_explained_and_each_is_used() -> None:
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    used = {word for service in TABLES for word in words_of(Contract(service).rules)}
    assert [word for word in sorted(used - {"helpers", "tables"}) if f"`{word}" not in page] == []
    assert sorted(WORDS - used) == []
    assert [language for language in LANGUAGES if f"`{language}`" not in page] == []


def test_no_contract_refers_to_where_it_came_from() -> None:
    for path in Path(FOLDER).rglob("*.json"):
        assert "openapi" not in path.read_text(encoding="utf-8").lower(), path.name
