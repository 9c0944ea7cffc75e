"""A tenant's own mappings as the command line tells of them: one that is not valid, and what has no effect."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from avesa.canonical_transform.mapping import mapping_names
from avesa_program import Avesa
from landed_home import LandedHome, changes, contact, listing
from raw_files import Row, at, land

INVALID = "acme/mappings/contacts.json: columns.birthday.type: expected one of text"


@pytest.fixture
def home(tmp_path: Path) -> LandedHome:
    """A contact, and a company with a word that has no place; nothing is folded."""
    home = LandedHome(tmp_path / "home")
    home.land(listing(10, contact("00", 1, 10)))
    home.land(
        listing(10, Row("1", {"id": "1", "status": {"name": "On a whim"}}, at(1), at(10))),
        table="companies",
    )
    return home


@pytest.fixture
def avesa(home: LandedHome, monkeypatch: pytest.MonkeyPatch) -> Avesa:
    monkeypatch.delenv("AVESA_HOME", raising=False)
    return Avesa(home.folder)


def put(home: LandedHome, name: str, content: object) -> Path:
    place = home.folder / "data/acme/mappings" / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(content if isinstance(content, str) else json.dumps(content))
    return place


def with_birthday(type_: str = "date") -> dict[str, Any]:
    return {
        "table": "contacts",
        "scd2": {"untracked": ["birthday"]},
        "columns": {"birthday": {"type": type_, "description": "The day of birth."}},
        "sources": {"connectwise": {"contacts": {"birthday": "birthDay"}}},
    }


def table_of(avesa: Avesa, name: str) -> dict[str, Any]:
    (status,) = avesa.json("status", "acme")
    (found,) = (one for one in status["canonical"] if one["table"] == name)
    return dict(found)


def warnings(avesa: Avesa) -> list[tuple[str, str | None, str | None]]:
    """What a fold tells to programs, after it was told to people."""
    told = avesa("transform", "acme").stderr
    (run,) = avesa.json("transform", "acme")["tenants"]
    for one in run["warnings"]:
        assert f"Warning: tenant acme: {one['message']}" in told and (one["hint"] or "") in told
    assert told.count("Warning") == len(run["warnings"])
    (status,) = avesa.json("status", "acme")
    assert [one for one in status["mappings"] if one["level"] == "warning"] == run["warnings"]
    assert all(one["message"] in avesa("status", "acme").stdout for one in status["mappings"])
    return [(one["message"].partition(": ")[2], one["table"], one["hint"]) for one in run["warnings"]]


# A mapping that is not valid


def test_an_invalid_mapping_stands_in_the_status_until_it_is_mended_and_folded(avesa: Avesa, home: LandedHome) -> None:
    avesa("transform", "acme")
    before = table_of(avesa, "contacts")
    put(home, "contacts.json", with_birthday("number"))
    assert INVALID in avesa("transform", "acme", code=1).stderr
    failed = table_of(avesa, "contacts")
    assert failed["status"] == "failed" and failed["error"].startswith(INVALID)
    assert (failed["current"], failed["folded_at"]) == (1, before["folded_at"])
    assert table_of(avesa, "companies")["status"] == "ok"
    put(home, "contacts.json", with_birthday())
    assert table_of(avesa, "contacts")["status"] == "failed"
    avesa("transform", "acme")
    assert (table_of(avesa, "contacts")["status"], table_of(avesa, "contacts")["error"]) == ("ok", None)
    assert INVALID not in avesa("status", "acme").stdout


def test_the_status_tells_of_an_invalid_mapping_before_any_fold_does(avesa: Avesa, home: LandedHome) -> None:
    avesa("transform", "acme")
    put(home, "contacts.json", with_birthday("number"))
    (status,) = avesa.json("status", "acme")
    assert [(one["level"], one["table"]) for one in status["mappings"]] == [("error", "contacts")]
    assert f"error: {INVALID}" in avesa("status", "acme").stdout


def test_a_mended_mapping_of_a_table_that_nothing_feeds_is_told_as_good_again(avesa: Avesa, home: LandedHome) -> None:
    place = put(home, "tasks.json", "{")
    avesa("transform", "acme", code=1)
    assert table_of(avesa, "tasks")["status"] == "failed"
    place.unlink()
    avesa("transform", "acme")
    assert (table_of(avesa, "tasks")["status"], table_of(avesa, "tasks")["current"]) == ("ok", 0)


def test_the_history_of_a_record_is_told_whatever_the_mapping_is(avesa: Avesa, home: LandedHome) -> None:
    home.land(changes(20, contact("00", 15, 20, "Bea")))
    avesa("transform", "acme")
    shown = avesa("history", "acme", "contacts", "00").stdout
    put(home, "contacts.json", with_birthday("number"))
    told = avesa("history", "acme", "contacts", "00")
    assert told.stdout == shown and f"Warning: tenant acme, contacts: {INVALID}" in told.stderr
    assert len(avesa.json("history", "acme", "contacts", "00")) == 2


def test_words_of_the_other_tables_are_told_and_the_broken_one_is_named(avesa: Avesa, home: LandedHome) -> None:
    avesa("transform", "acme")
    put(home, "contacts.json", with_birthday("number"))
    told = avesa("unmapped", "acme", code=1)
    assert "On a whim" in told.stdout and f"Error: tenant acme, contacts: {INVALID}" in told.stderr
    assert [one["word"] for one in avesa.json("unmapped", "acme", code=1)] == ["On a whim"]
    assert "Every word" not in avesa("unmapped", "acme", "contacts", code=1).stdout
    avesa("unmapped", "acme", "companies")


def test_words_are_told_while_a_mapping_has_columns_that_are_not_folded_yet(avesa: Avesa, home: LandedHome) -> None:
    avesa("transform", "acme")
    columns = {
        "mood": {"type": "text", "description": "Its mood."},
        "mood_category": {"type": "text", "values": ["good"], "description": "What it means."},
    }
    put(home, "companies.json", {"table": "companies", "columns": columns})
    assert [one["word"] for one in avesa.json("unmapped", "acme")] == ["On a whim"]


# What has no effect


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("companys.json", "Did you mean companies.json?"),
        ("Companies.json", "Did you mean companies.json?"),
        ("gadgets.json", f"There are {', '.join(mapping_names())}."),
        ("old/companies.json", "Did you mean companies.json?"),
    ],
)
def test_a_file_of_no_canonical_table_is_told(avesa: Avesa, home: LandedHome, name: str, hint: str) -> None:
    put(home, name, {"table": "companies"})
    table = name.removesuffix(".json")
    assert warnings(avesa) == [(f"there is no canonical table {table!r}, so this file has no effect.", None, hint)]


@pytest.mark.parametrize("name", ["README.md", "companies.json.bak", "mapping.schema.json"])
def test_what_is_no_mapping_may_lie_beside_them(avesa: Avesa, home: LandedHome, name: str) -> None:
    put(home, name, "As agreed with the customer.")
    assert warnings(avesa) == []


@pytest.mark.parametrize(
    ("service", "table", "what", "hint"),
    [
        (
            "connectwise",
            "compnies",
            "ConnectWise PSA has no table 'compnies', and no raw files are of one",
            "Did you mean companies?",
        ),
        (
            "conectwise",
            "companies",
            "there is no service 'conectwise', and no raw files are of one",
            "Did you mean connectwise?",
        ),
        ("odwerk", "orgs", "there is no service 'odwerk', and no raw files are of one", "Did you mean oddwerk?"),
        ("oddwerk", "orgz", "there are no raw files of oddwerk/orgz", "Did you mean orgs?"),
        ("oddwerk", "x", "there are no raw files of oddwerk/x", "There are of orgs."),
    ],
)
def test_a_source_that_nothing_answers_to_is_told(
    avesa: Avesa, home: LandedHome, service: str, table: str, what: str, hint: str
) -> None:
    with home.ports() as ports:
        land(ports.objects, "acme", "oddwerk", "orgs", listing(10))
    put(home, "companies.json", {"table": "companies", "sources": {service: {table: {"name": "name"}}}})
    told = f"sources.{service}.{table}: {what}, so this has no effect."
    assert warnings(avesa) == [(told, "companies", hint)]


@pytest.mark.parametrize(("service", "table"), [("oddwerk", "orgs"), ("connectwise", "own_list"), ("xero", "orgs")])
def test_a_source_is_no_mistake_where_somebody_writes_its_raw_files(
    avesa: Avesa, home: LandedHome, service: str, table: str
) -> None:
    with home.ports() as ports:
        land(ports.objects, "acme", service, table, listing(10))
    put(home, "companies.json", {"table": "companies", "sources": {service: {table: {"name": "name"}}}})
    assert warnings(avesa) == []
    assert avesa.json("status", "acme")[0]["mappings"] == []


def test_a_mapping_may_be_ready_before_the_service_is_connected(avesa: Avesa, home: LandedHome) -> None:
    rules = {"xero": {"contacts": {"name": "Name"}, "invoices": {"name": "Name"}}}
    put(home, "companies.json", {"table": "companies", "sources": rules})
    assert warnings(avesa) == []
    (note,) = avesa.json("status", "acme")[0]["mappings"]
    assert (note["level"], note["table"]) == ("note", "companies")
    assert note["message"] == "acme/mappings/companies.json: sources.xero: this tenant is not connected to xero."
