"""The contracts hold facts and no prose, are sorted, and have every table that the vendor publishes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from avesa import sandbox
from avesa.sandbox.vendor.contract import FOLDER, Contract, service_names
from avesa.sandbox.vendor.languages import LANGUAGES
from avesa.sandbox.vendor.times import SHAPES, form_and_zone

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
_WITH_WORDS = {"asked_by", "changes", "deletes", "feed", "journal", "order", "paging", "select", "under_each"}
"""Rules that have words of their own in them, which are the same for all services."""
QUERIES = {"query", "soql"}

_PAGE = (FOLDER / "README.md").read_text(encoding="utf-8")
EXPLAINED = {word for span in re.findall(r"`([^`]+)`", _PAGE) for word in re.findall(r"[\w.]+", span)}
_CODE = "".join(path.read_text(encoding="utf-8") for path in Path(sandbox.__path__[0]).rglob("*.py"))
QUOTED = set(re.findall(r"""["'](\w+)["']""", _CODE))
READ = set(re.findall(r'rules(?:\.get\(|\[)"(\w+)"', _CODE))


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
        assert table.cursor is None or form_and_zone(table.rules["time"])[0].removesuffix("_text") in SHAPES
        for change in table.rules.get("changes") or []:
            assert change.get("language", "aip") in LANGUAGES
            assert form_and_zone(change.get("form", "iso_z"))[0] in SHAPES
    assert set(contract.rules.get("tables", {})) <= set(contract.tables)


def test_the_words_are_explained() -> None:
    assert [word for word in sorted(WORDS - {"helpers", "tables"}) if word not in EXPLAINED] == []
    assert [language for language in LANGUAGES if language not in EXPLAINED] == []


def test_each_word_is_written_by_some_contract_and_read_by_the_vendor() -> None:
    written = {word for rules in all_rules() for word in rules}
    assert sorted(WORDS - written - {"tables", "helpers"}) == []
    # What a reader takes otherwise is for those who compare a service with its contract.
    assert sorted(word for word in WORDS - {"reads"} if word not in QUOTED) == []
    assert sorted(READ - WORDS) == []


def test_what_stands_inside_a_rule_is_explained_and_read() -> None:
    inner = {word for rules in all_rules() for name in _WITH_WORDS & set(rules) for word in inner_words(rules[name])}
    assert sorted(inner - EXPLAINED) == []
    assert sorted(inner - QUOTED) == []


def all_rules() -> Iterator[dict[str, Any]]:
    """Those of each service, of its tables, and of the operations that help to read them."""
    for service in TABLES:
        rules = Contract(service).rules
        yield {word: rule for word, rule in rules.items() if word not in {"tables", "helpers"}}
        yield from rules.get("tables", {}).values()
        for helper in rules.get("helpers", []):
            assert set(helper) <= {"method", "ends", "of", "rules"}
            yield helper.get("rules", {})


def inner_words(rule: Any) -> Iterator[str]:
    """The words of a rule, and of what it says of sizes, conditions and answers. The rest are a vendor's own names."""
    for one in rule if isinstance(rule, list) else [rule]:
        if isinstance(one, dict):
            yield from one
            for name in ("size", "when", "tells"):
                yield from inner_words(one.get(name))


def test_no_contract_refers_to_where_it_came_from() -> None:
    for path in Path(FOLDER).rglob("*.json"):
        assert "openapi" not in path.read_text(encoding="utf-8").lower(), path.name
