"""`as_of` gives what was valid at an instant and `known_at` what was known at one, for whatever was landed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest

from avesa.pipeline.deletes import decide
from avesa.pipeline.query import query, tenant_tables
from avesa.shared.errors import MappingError
from landed_home import LandedHome, changes, contact, ended, listing
from raw_files import PullOf, Row, at
from scd2_oracle import Version, history

EVERYTHING = "FROM contacts ORDER BY ALL"
A_MICROSECOND = timedelta(microseconds=1)


@pytest.fixture
def home(tmp_path: Path) -> LandedHome:
    return LandedHome(tmp_path / "home")


def asked(home: LandedHome, **times: Any) -> list[dict[str, Any]]:
    with home.ports() as ports:
        return query(ports, "acme", EVERYTHING, **times).dicts()


def names(home: LandedHome, **times: Any) -> list[str]:
    return [row["first_name"] for row in asked(home, **times)]


def test_a_version_is_valid_from_its_first_instant_until_just_before_its_last(home: LandedHome) -> None:
    home.land(
        listing(10, contact("1", 1, 10), contact("2", 1, 10, "Zoe")),
        changes(20, contact("1", 15, 20, "Bea")),
        listing(30, contact("2", 1, 30, "Zoe")),
        listing(40, contact("1", 35, 40, "Ida"), contact("2", 1, 40, "Zoe")),
    )
    home.transform()
    valid = {
        at(1) - A_MICROSECOND: [],
        at(1): ["Mia", "Zoe"],
        at(15) - A_MICROSECOND: ["Mia", "Zoe"],
        at(15): ["Bea", "Zoe"],
        at(30) - A_MICROSECOND: ["Bea", "Zoe"],
        at(30): ["Zoe"],
        at(35) - A_MICROSECOND: ["Zoe"],
        at(35): ["Ida", "Zoe"],
        at(10**6): ["Ida", "Zoe"],
    }
    assert {moment: sorted(names(home, as_of=moment)) for moment in valid} == valid


def test_a_pull_is_known_from_the_instant_at_which_it_ended(home: LandedHome) -> None:
    first, late = changes(10, contact("1", 5, 10)), changes(20, contact("1", 2, 20, "Bea"))
    home.land(first, late)
    home.transform()
    assert names(home, known_at=ended(first) - A_MICROSECOND) == []
    assert names(home, known_at=ended(first)) == ["Mia"]
    assert names(home, known_at=ended(late) - A_MICROSECOND) == ["Mia"]
    assert names(home, known_at=ended(late)) == ["Bea", "Mia"]
    assert names(home, as_of=at(3), known_at=ended(first)) == []
    assert names(home, as_of=at(3), known_at=ended(late)) == ["Bea"]


def test_a_decision_is_known_from_when_it_was_made(home: LandedHome) -> None:
    home.land(
        listing(10, *(contact(f"{number:02}", 1, 10) for number in range(60))),
        listing(20, *(contact(f"{number:02}", 1, 20) for number in range(30))),
    )
    home.transform()
    with home.ports() as ports:
        decide(ports, "acme", "connectwise/contacts", "approve", decided_by=None)
        decided = ports.clock()
    home.transform()
    assert sum(row["is_deleted"] for row in asked(home, known_at=decided - A_MICROSECOND)) == 0
    assert sum(row["is_deleted"] for row in asked(home, known_at=decided)) == 30


def test_what_lies_in_raw_is_known_whether_it_is_folded_or_not(home: LandedHome) -> None:
    home.land(changes(10, contact("1", 5, 10)))
    assert asked(home) == []
    assert names(home, known_at=at(11)) == ["Mia"]


ASKING_CONTACTS = [
    "FROM contacts",
    'SELECT first_name AS companies FROM "Contacts"',
    "WITH those AS (FROM main.contacts) SELECT count(*) FROM range(3) WHERE EXISTS (FROM those)",
    "FROM query_table('contacts')",
    "PIVOT contacts ON first_name USING count(*)",
    "EXPLAIN FROM contacts",
    "SUMMARIZE contacts",
]


@pytest.mark.parametrize("sql", ASKING_CONTACTS)
def test_what_was_known_is_asked_of_the_tables_that_a_query_names_and_no_other_mapping_stops_it(
    home: LandedHome, sql: str
) -> None:
    home.land(changes(10, contact("1", 5, 10)))
    mappings = home.folder / "data/acme/mappings"
    mappings.mkdir()
    (mappings / "companies.json").write_text("not JSON")
    with home.ports() as ports:
        assert query(ports, "acme", sql, known_at=at(11)).rows
        assert query(ports, "acme", "SHOW TABLES", known_at=at(11)).rows == query(ports, "acme", "SHOW TABLES").rows
        with pytest.raises(MappingError, match=r"acme/mappings/companies\.json") as caught:
            query(ports, "acme", sql.replace("contacts", "companies").replace("Contacts", "Companies"), known_at=at(11))
        assert str(caught.value.where) == "tenant acme, companies"


@pytest.mark.parametrize("asked", ["FROM contacts", "SELECT count(*) FROM contacts", "FROM contacts WHERE is_current"])
@pytest.mark.parametrize("as_of", [None, at(11)])
def test_a_table_that_was_not_folded_never_seems_to_be_empty(home: LandedHome, asked: str, as_of: Any) -> None:
    home.land(changes(10, contact("1", 5, 10)))
    with home.ports() as ports, tenant_tables(ports, "acme", as_of=as_of, known_at=at(11), read=()) as con:
        with pytest.raises(duckdb.Error, match="contacts was not folded"):
            con.execute(asked).fetchall()
        columns = con.execute("DESCRIBE contacts").fetchall()
    with home.ports() as ports, tenant_tables(ports, "acme") as con:
        assert con.execute("DESCRIBE contacts").fetchall() == columns


def contacts_of_a_vendor(seed: int) -> list[PullOf]:
    """Pulls of three contacts, some slow and some late, one in three a listing."""
    chance = Random(seed)
    pulls = []
    for number in range(10, 90, 10):
        kind = chance.choice(["changes", "changes", "listing"])
        rows: list[Row] = []
        for id_ in "123":
            if chance.random() < 0.7:
                slow = chance.choice([0, 0, 0, 12])
                row = contact(id_, number - chance.choice([0, 3, 5, 15]), number + slow, chance.choice(["Mia", "Bea"]))
                rows.append(row)
        pulls.append(changes(number, *rows, kind=kind, complete=chance.random() < 0.8))
    return pulls


def first_name(fields: dict[str, Any]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    return (fields.get("firstName"),), ()


def is_valid(version: Version, moment: Any) -> bool:
    return version.valid_from <= moment and (version.valid_to is None or moment < version.valid_to)


@pytest.mark.parametrize("seed", range(2))
def test_at_every_instant_the_versions_are_those_of_the_history_as_it_was_known(home: LandedHome, seed: int) -> None:
    pulls = contacts_of_a_vendor(seed)
    home.land(*pulls)
    home.transform()
    for known_at in sorted({ended(pull) for pull in pulls}):
        known = history([pull for pull in pulls if ended(pull) <= known_at], first_name)
        told = asked(home, known_at=known_at)
        assert {(row["source_id"], row["first_name"], row["valid_from"], row["valid_to"]) for row in told} == {
            (version.id, *version.values, version.valid_from, version.valid_to) for version in known
        }
    everything = history(pulls, first_name)
    for moment in sorted({v.valid_from for v in everything} | {v.valid_to for v in everything if v.valid_to}):
        for instant in (moment - A_MICROSECOND, moment):
            told = asked(home, as_of=instant)
            assert {(row["source_id"], row["first_name"], row["valid_from"]) for row in told} == {
                (v.id, *v.values, v.valid_from) for v in everything if is_valid(v, instant)
            }
            assert len({row["source_id"] for row in told}) == len(told)


def test_known_at_each_end_of_a_pull_is_to_the_letter_what_a_home_with_those_pulls_alone_has(
    home: LandedHome, tmp_path: Path
) -> None:
    pulls = contacts_of_a_vendor(7)
    home.land(*pulls)
    home.transform()
    for number, known_at in enumerate(sorted({ended(pull) for pull in pulls})):
        then = LandedHome(tmp_path / f"then-{number}")
        then.land(*(pull for pull in pulls if ended(pull) <= known_at))
        then.transform()
        assert asked(home, known_at=known_at) == asked(then)
