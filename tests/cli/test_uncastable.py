"""`avesa uncastable`, and what `avesa status` counts: values that do not fit their column's type."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from avesa_program import Avesa
from landed_home import LandedHome, changes, contact, listing
from raw_files import Row, at

GERMAN = "31.12.1999"


@pytest.fixture
def home(tmp_path: Path) -> LandedHome:
    """Contacts with a day of birth, which the tenant's mapping reads as ISO 8601."""
    home = LandedHome(tmp_path / "home")
    put(home, "birthDay")
    return home


@pytest.fixture
def avesa(home: LandedHome, monkeypatch: pytest.MonkeyPatch) -> Avesa:
    monkeypatch.delenv("AVESA_HOME", raising=False)
    return Avesa(home.folder)


def put(home: LandedHome, rule: object, name: str = "birthday") -> None:
    own = {
        "table": "contacts",
        "columns": {name: {"type": "date", "description": "The day of birth."}},
        "sources": {"connectwise": {"contacts": {name: rule}}},
    }
    place = home.folder / "data/acme/mappings/contacts.json"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps(own))


def counted(avesa: Avesa) -> int:
    (status,) = avesa.json("status", "acme")
    return sum(one["uncastable"] for one in status["canonical"])


def told(avesa: Avesa, *more: str) -> list[tuple[str, int, list[tuple[str, str | None]]]]:
    return [
        (one["column"], one["records"], [(sample["source_id"], sample["value"]) for sample in one["samples"]])
        for one in avesa.json("uncastable", "acme", *more)
    ]


@pytest.mark.parametrize("updated", [1, None])
def test_a_value_counts_once_however_often_it_is_delivered(
    avesa: Avesa, home: LandedHome, updated: float | None
) -> None:
    for number in range(10, 60, 10):
        home.land(listing(number, contact("00", updated, number, birthDay=GERMAN)))
        avesa("transform", "acme")
    assert counted(avesa) == 1
    avesa("rebuild", "acme")
    assert counted(avesa) == 1
    assert told(avesa) == [("birthday", 1, [("00", GERMAN)])]


def test_each_column_is_told_with_samples_of_its_records(avesa: Avesa, home: LandedHome) -> None:
    rows = [contact(f"{number:02}", 1, 10, birthDay=f"{number}.1.1999") for number in range(1, 6)]
    home.land(listing(10, contact("00", 1, 10, birthDay="1999-12-31"), *rows))
    avesa("transform", "acme")
    three = [("01", "1.1.1999"), ("02", "2.1.1999"), ("03", "3.1.1999")]
    assert told(avesa) == [("birthday", 5, three)]
    assert told(avesa, "contacts", "--samples", "1") == [("birthday", 5, three[:1])]
    (one,) = avesa.json("uncastable", "acme")
    assert (one["canonical_table"], one["type"], one["source_service"], one["source_table"]) == (
        *("contacts", "date", "connectwise", "contacts"),
    )
    shown = avesa("uncastable", "acme").stdout
    assert "connectwise/contacts" in shown and "3.1.1999" in shown and "5 values" in shown
    assert "Every value fits" in avesa("uncastable", "acme", "tickets").stdout


def test_what_a_record_no_longer_says_is_not_told(avesa: Avesa, home: LandedHome) -> None:
    before = [contact(id_, 1, 10, birthDay=GERMAN) for id_ in ("corrected", "emptied", "deleted", "absent", "stays")]
    home.land(listing(10, *before, contact("worse", 1, 10, birthDay="1999-12-31")))
    avesa("transform", "acme")
    home.land(
        changes(
            20,
            contact("corrected", 15, 20, birthDay="1999-12-31"),
            contact("emptied", 15, 20),
            contact("worse", 15, 20, birthDay="unknown"),
            Row("deleted", None, at(15), at(20), is_deleted=True),
        ),
        listing(
            30,
            *(contact(id_, 15, 30, birthDay="1999-12-31") for id_ in ("corrected",)),
            *(contact(id_, 15, 30) for id_ in ("emptied",)),
            contact("worse", 15, 30, birthDay="unknown"),
            contact("stays", 1, 30, birthDay=GERMAN),
        ),
    )
    avesa("transform", "acme")
    assert told(avesa) == [("birthday", 2, [("stays", GERMAN), ("worse", "unknown")])]


def test_a_partial_record_has_what_was_said_before(avesa: Avesa, home: LandedHome) -> None:
    home.land(listing(10, contact("00", 1, 10, birthDay=GERMAN), contact("01", 1, 10, birthDay=GERMAN)))
    more = [
        Row("00", {"firstName": "Bea"}, at(15), at(20), is_partial=True),
        Row("01", {"birthDay": "1999-12-31"}, at(15), at(20), is_partial=True),
    ]
    home.land(changes(20, *more))
    avesa("transform", "acme")
    assert told(avesa) == [("birthday", 1, [("00", GERMAN)])]


def test_a_record_that_came_back_as_it_was_is_told(avesa: Avesa, home: LandedHome) -> None:
    here, back = (contact("00", 1, minute, birthDay=GERMAN) for minute in (10, 30))
    other = [contact("01", 1, minute) for minute in (10, 20, 30)]
    home.land(listing(10, here, other[0]), listing(20, other[1]))
    avesa("transform", "acme")
    assert told(avesa) == []
    home.land(listing(30, back, other[2]))
    avesa("transform", "acme")
    assert told(avesa) == [("birthday", 1, [("00", GERMAN)])]


def test_a_record_that_is_no_json_is_told_as_a_whole(avesa: Avesa, home: LandedHome) -> None:
    home.land(listing(10, Row("00", None, at(1), at(10), payload='{"id": ')))
    avesa("transform", "acme")
    assert told(avesa) == [("payload", 1, [("00", None)])]


def test_a_rule_that_reads_it_mends_it(avesa: Avesa, home: LandedHome) -> None:
    home.land(listing(10, contact("00", 1, 10, birthDay=GERMAN)))
    avesa("transform", "acme")
    put(home, {"path": "birthDay", "format": "%d.%m.%Y"})
    assert told(avesa) == []
    avesa("transform", "acme")
    assert (told(avesa), counted(avesa)) == ([], 0)


def test_a_column_that_is_not_folded_yet_is_left_out(avesa: Avesa, home: LandedHome) -> None:
    home.land(listing(10, contact("00", 1, 10, birthDay=GERMAN)))
    assert told(avesa) == []
    avesa("transform", "acme")
    put(home, "birthDay", name="born_on")
    assert told(avesa) == []


def test_a_table_that_cannot_be_looked_through_is_named_and_the_others_are_told(avesa: Avesa, home: LandedHome) -> None:
    home.land(listing(10, contact("00", 1, 10, birthDay=GERMAN)))
    avesa("transform", "acme")
    (home.folder / "data/acme/mappings/companies.json").write_text("{")
    result = avesa("uncastable", "acme", code=1)
    assert GERMAN in result.stdout and "Error: tenant acme, companies: acme/mappings/companies.json" in result.stderr
    assert "nobody" in avesa("uncastable", "nobody", code=2).stderr
    assert "Did you mean contacts" in avesa("uncastable", "acme", "contact", code=2).stderr


def test_what_it_says_is_null_in_the_table_and_nothing_else_is_left_out(avesa: Avesa, home: LandedHome) -> None:
    days: list[Any] = ["1999-12-31", GERMAN, "", None, 5, "1999-02-30", "2000-01-01T00:00:00Z", "n/a"]
    home.land(listing(10, *(contact(f"{place}", 1, 10, birthDay=day) for place, day in enumerate(days))))
    avesa("transform", "acme")
    null = avesa.json("query", "acme", "SELECT source_id FROM contacts WHERE birthday IS NULL ORDER BY ALL")
    ((_, records, samples),) = told(avesa, "--samples", "100")
    assert records == len(samples) == counted(avesa)
    assert [id_ for id_, _ in samples] == [row["source_id"] for row in null if days[int(row["source_id"])]]
