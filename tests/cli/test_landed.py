"""`avesa deletes`, `quarantine`, `rebuild`, `verify` and queries of another time, over raw files that another program
landed."""

from __future__ import annotations

import importlib
import json
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from avesa_program import Avesa
from landed_home import LandedHome, changes, contact, listing, rewrite
from raw_files import Row, at

CONTACTS = "SELECT source_id, first_name FROM contacts ORDER BY ALL"


@pytest.fixture
def home(tmp_path: Path) -> LandedHome:
    """60 contacts, then a listing that lacks half of them."""
    home = LandedHome(tmp_path / "home")
    home.land(
        listing(10, *(contact(f"{number:02}", 1, 10) for number in range(60))),
        listing(20, *(contact(f"{number:02}", 1, 20) for number in range(30))),
    )
    return home


@pytest.fixture
def avesa(home: LandedHome, monkeypatch: pytest.MonkeyPatch) -> Avesa:
    monkeypatch.delenv("AVESA_HOME", raising=False)
    return Avesa(home.folder)


def count(avesa: Avesa, condition: str, *more: str) -> int:
    (row,) = avesa.json("query", "acme", f"SELECT count(*) AS n FROM contacts WHERE {condition}", *more)
    return int(row["n"])


@pytest.mark.parametrize(("decision", "deleted"), [("approve", 30), ("reject", 0)])
def test_a_listing_that_waits_is_shown_and_what_a_person_says_is_done(
    avesa: Avesa, decision: str, deleted: int
) -> None:
    avesa("transform", "acme")
    shown = avesa("deletes", "list").stdout
    assert "connectwise/contacts" in shown and "60" in shown and "30" in shown
    assert count(avesa, "is_deleted") == 0
    (held,) = avesa.json("deletes", "list", "acme")
    assert (held["known"], held["lost"], held["listed"], held["some_lost"][0]) == (60, 30, 30, "30")
    shown = avesa("deletes", decision, "acme", "connectwise/contacts").stdout
    assert "30 records" in shown
    assert count(avesa, "is_deleted AND valid_to = '2026-01-01 00:20'") == deleted
    assert count(avesa, "is_deleted") == deleted
    assert "No listing waits" in avesa("deletes", "list").stdout
    avesa("verify", "acme")


def test_a_user_without_a_name_can_decide_too(avesa: Avesa, home: LandedHome, monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found: 10001")

    monkeypatch.setattr("getpass.getuser", nameless)
    avesa("transform", "acme")
    avesa("deletes", "reject", "acme", "connectwise/contacts")
    (decision,) = home.raw.glob("*.decision.json")
    assert json.loads(decision.read_text())["decided_by"] is None


def test_deletes_of_what_does_not_wait_are_wrong_usage(avesa: Avesa) -> None:
    avesa("transform", "acme")
    assert "connectwise/contacts" in avesa("deletes", "approve", "acme", "connectwise/tickets", code=2).stderr
    assert "nobody" in avesa("deletes", "list", "nobody", code=2).stderr


@pytest.mark.parametrize("command", ["transform", "rebuild"])
def test_ctrl_c_while_folding_tells_what_is_waited_for(
    avesa: Avesa, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], command: str
) -> None:
    module = importlib.import_module("avesa.cli.transform")
    fold = module.transform_tenant

    def interrupted(*args: Any, **settings: Any) -> Any:
        signal.raise_signal(signal.SIGINT)
        return fold(*args, **settings)

    monkeypatch.setattr(module, "transform_tenant", interrupted)
    avesa(command, "acme")
    assert "Stopping after the tenant under way" in capfd.readouterr().err


def test_verify_tells_each_comparison_with_its_extent(avesa: Avesa) -> None:
    avesa("transform", "acme")
    *lines, last = avesa("verify", "acme", "contacts", "-v").stdout.splitlines()
    assert [line.split("  ")[0] for line in lines] == ["ok"] * 5
    assert [line[line.index("(") :] for line in lines] == [
        "(2 receipts)",
        "(2 receipts)",
        "(1 file)",
        "(60 versions)",
        "(60 versions from 90 raw rows)",
    ]
    assert last == "1 table is what the raw files say."


def test_verify_tells_a_table_in_a_line_and_what_to_do_about_one_that_differs(avesa: Avesa, home: LandedHome) -> None:
    avesa("transform", "acme")
    (home.raw / "of-a-killed-pull.parquet").write_bytes(b"PAR1")
    told = "ok      contacts       60 versions from 90 raw rows of 2 receipts, in 1 file"
    aside = "; files that no receipt names are left aside (1)"
    assert avesa("verify", "acme").stdout.splitlines()[0] == told + aside
    home.land(listing(30, contact("00", 1, 30)))
    assert "Fold what has landed: avesa transform acme" in avesa("verify", "acme", code=1).stdout
    avesa("transform", "acme")
    (file, *_) = home.canonical.glob("*.parquet")
    file.unlink()
    assert "Make it anew from raw: avesa rebuild acme contacts" in avesa("verify", "acme", code=1).stdout
    rebuilt = avesa.json("rebuild", "acme", "contacts", "companies")["tenants"][0]["canonical"]
    assert [one["table"] for one in rebuilt] == ["contacts"], "no company was ever seen"
    avesa("verify", "acme", "contacts", "companies")


def test_verify_names_what_is_wrong_to_people_and_programs_and_ends_with_1(avesa: Avesa, home: LandedHome) -> None:
    avesa("transform", "acme")
    (file,) = home.canonical.glob("*.parquet")
    rewrite(file, "FROM '{file}' WHERE source_id >= '15'")
    (home.raw / "pull-00020-0.parquet").unlink()
    shown = avesa("verify", "acme", code=1).stdout
    assert shown.count("WRONG") == 3
    assert file.name in shown and "pull-00020-0.parquet is missing" in shown
    checks = avesa.json("verify", "acme", "contacts", code=1)
    assert [check["what"] for check in checks if not check["ok"]] == [
        "receipts fit their files",
        "the log and its files agree",
        "a rebuild from raw gives the same rows",
    ]


def naming(file: str, receipt: bytes) -> bytes:
    return json.dumps({**json.loads(receipt), "files": [file]}).encode()


NO_RECEIPTS: dict[str, Callable[[bytes], bytes]] = {
    "not UTF-8": lambda text: text.replace(b'"run"', b'"r\xffn"'),
    "nested too deeply": lambda text: text.replace(b"{", b'{"more": ' + b"[" * 100_000 + b"]" * 100_000 + b",", 1),
    "a time without a zone": lambda text: text.replace(b"00:10:00Z", b"00:10:00"),
    "a time before the first": lambda text: text.replace(b"2026-01-01T00:10:00Z", b"0001-01-01T00:00:00+05:00"),
    "a time after the last": lambda text: text.replace(b"2026-01-01T00:10:00Z", b"9999-12-31T23:59:59-05:00"),
    **{f"the file {file!r}": partial(naming, file) for file in ("", ".", "..", "a/b", "a\\b", "a\0b")},
}


@pytest.mark.parametrize("wrong", NO_RECEIPTS)
def test_what_is_no_receipt_is_told_by_name_and_stops_its_table_alone(
    avesa: Avesa, home: LandedHome, wrong: str
) -> None:
    home.land(listing(10, contact("1", 1, 10)), table="companies")
    receipt = home.raw / "pull-00010.receipt.json"
    receipt.write_bytes(NO_RECEIPTS[wrong](whole := receipt.read_bytes()))
    assert receipt.read_bytes() != whole
    told = avesa("transform", "acme", code=1).stderr
    assert told.startswith("Error: tenant acme, connectwise/contacts: acme/raw/connectwise/contacts/pull-00010.receipt")
    assert " is not a receipt: " in told
    assert avesa.json("query", "acme", "SELECT count(*) AS n FROM companies") == [{"n": 1}]
    checks = avesa.json("verify", "acme", code=1)
    assert {check["table"] for check in checks if not check["ok"]} == {"contacts"}
    (unreadable,) = next(check["wrong"] for check in checks if check["what"] == "all of it can be read")
    assert "pull-00010.receipt.json is not a receipt: " in unreadable
    assert sum(check["table"] == "companies" for check in checks) == 5


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ("* EXCLUDE (parent_id)", "column parent_id is missing"),
        ("* EXCLUDE (problem, page)", "columns page, problem are missing"),
        ("* EXCLUDE (record_id)", "column record_id is missing"),
        ("*, 'x' AS Filename", "column filename is there, a name that reading gives to the place of a row"),
        ("*, 1 AS file_row_number", "column file_row_number is there"),
    ],
)
def test_columns_of_a_raw_file_that_are_not_as_its_format_says_are_told(
    avesa: Avesa, home: LandedHome, columns: str, told: str
) -> None:
    rewrite(home.raw / "pull-00010-0.parquet", f"SELECT {columns} FROM '{{file}}'")
    (home.raw / "pull-00020.receipt.json").unlink()
    said = avesa("transform", "acme", code=1).stderr
    place = "acme/raw/connectwise/contacts/pull-00010-0.parquet"
    assert said.startswith(f"Error: tenant acme, connectwise/contacts: in the raw file {place} {told}")
    assert told in avesa("rebuild", "acme", "contacts", code=1).stderr
    assert f"pull-00010.receipt.json does not fit its files: in pull-00010-0.parquet {told}" in (
        avesa("verify", "acme", code=1).stdout
    )


def test_a_column_that_but_one_of_many_files_lacks_is_found(avesa: Avesa, home: LandedHome) -> None:
    """Folded together with others it counts as null."""
    rewrite(home.raw / "pull-00010-0.parquet", "SELECT * EXCLUDE (parent_id) FROM '{file}'")
    assert "in pull-00010-0.parquet column parent_id is missing" in avesa("verify", "acme", code=1).stdout


@pytest.mark.parametrize(
    "decision", ["{", "[" * 100_000, '{"decision": "approve", "decided_at": "2026-01-01T00:00:00"}']
)
def test_what_is_no_decision_is_told_by_name(avesa: Avesa, home: LandedHome, decision: str) -> None:
    (home.raw / "pull-00020.decision.json").write_text(decision)
    told = avesa("transform", "acme", code=1).stderr
    assert "acme/raw/connectwise/contacts/pull-00020.decision.json is not a decision: " in told


@pytest.mark.parametrize("more", ["'x' AS note", "1 AS file", "now() AS listed_at", "2026 AS year"])
def test_a_column_more_in_a_raw_file_does_no_harm(avesa: Avesa, home: LandedHome, more: str) -> None:
    rewrite(home.raw / "pull-00010-0.parquet", f"SELECT *, {more} FROM '{{file}}'")
    avesa("transform", "acme")
    avesa("verify", "acme")
    assert count(avesa, "true") == 60


def test_verify_names_ten_of_the_records_that_differ_and_counts_the_rest(avesa: Avesa, home: LandedHome) -> None:
    avesa("transform", "acme")
    (file,) = home.canonical.glob("*.parquet")
    rewrite(file, "FROM '{file}' WHERE source_id >= '15'")
    shown = avesa("verify", "acme", "contacts", code=1).stdout
    assert "connectwise/contacts 00" in shown and "connectwise/contacts 09" in shown
    assert "connectwise/contacts 10" not in shown and "and 5 more" in shown


def test_a_mended_mapping_and_a_rebuild_make_values_of_what_could_not_be_cast(avesa: Avesa, home: LandedHome) -> None:
    home.land(changes(30, contact("00", 25, 30, birthDay="31.12.1999"), contact(None, 25, 30)))
    own = {
        "table": "contacts",
        "columns": {"birthday": {"type": "date", "description": "The day of birth."}},
        "sources": {"connectwise": {"contacts": {"birthday": "birthDay"}}},
    }
    place = home.folder / "data/acme/mappings/contacts.json"
    place.parent.mkdir(parents=True)
    place.write_text(json.dumps(own))
    avesa("transform", "acme")
    assert count(avesa, "birthday IS NOT NULL") == 0
    (status,) = avesa.json("status", "acme")
    assert [(one["table"], one["uncastable"], one["quarantined"]) for one in status["canonical"]] == [
        ("contacts", 1, 1)
    ]
    (row,) = avesa.json("quarantine", "acme")
    assert (row["file"], row["row"], row["record_id"]) == ("pull-00030-0.parquet", 1, None)
    own["sources"] = {"connectwise": {"contacts": {"birthday": {"path": "birthDay", "format": "%d.%m.%Y"}}}}
    place.write_text(json.dumps(own))
    avesa("rebuild", "acme", "contacts")
    assert count(avesa, "birthday = '1999-12-31' AND source_id = '00'") == 1
    rewrite(
        home.raw / "pull-00030-0.parquet",
        "SELECT * REPLACE (coalesce(record_id, '99') AS record_id, NULL AS problem) FROM '{file}'",
    )
    avesa("rebuild", "acme", "contacts")
    assert avesa.json("quarantine", "acme") == []
    assert count(avesa, "source_id = '99'") == 1


def test_words_without_a_place_among_the_shared_ones_are_counted(avesa: Avesa, home: LandedHome) -> None:
    words = {"1": "Active", "2": "On a whim", "3": "On a whim", "4": "Zugesagt", "5": None}
    rows = [Row(id_, {"id": id_, "status": {"name": word}}, at(1), at(10)) for id_, word in words.items()]
    home.land(listing(10, *rows), table="companies")
    avesa("transform", "acme")
    told = {
        "canonical_table": "companies",
        "column": "status_category",
        "source_service": "connectwise",
        "source_table": "companies",
    }
    assert avesa.json("unmapped", "acme") == [
        {**told, "word": "On a whim", "rows": 2},
        {**told, "word": "Zugesagt", "rows": 1},
    ]
    shown = avesa("unmapped", "acme", "companies").stdout
    assert "On a whim" in shown and "2 words" in shown and "Active" not in shown
    assert "Every word has its place" in avesa("unmapped", "acme", "contacts").stdout
    assert "nobody" in avesa("unmapped", "nobody", code=2).stderr
    own = {
        "table": "companies",
        "sources": {
            "connectwise": {"companies": {"status_category": {"path": "status.name", "map": {"On a whim": "prospect"}}}}
        },
    }
    place = home.folder / "data/acme/mappings/companies.json"
    place.parent.mkdir(parents=True)
    place.write_text(json.dumps(own))
    avesa("rebuild", "acme", "companies")
    assert "On a whim" not in {row["word"] for row in avesa.json("unmapped", "acme")}


def test_a_query_of_what_was_valid_and_of_what_was_known(avesa: Avesa, home: LandedHome) -> None:
    home.land(changes(30, contact("00", 5, 30, "Bea")))
    avesa("transform", "acme")
    first = "SELECT first_name FROM contacts WHERE source_id = '00'"
    minute = "2026-01-01T00:{:02}:00Z".format
    assert avesa.json("query", "acme", first, "--as-of", minute(4)) == [{"first_name": "Mia"}]
    assert avesa.json("query", "acme", first, "--as-of", minute(5)) == [{"first_name": "Bea"}]
    assert avesa.json("query", "acme", first, "--known-at", minute(25)) == [{"first_name": "Mia"}]
    assert avesa.json("query", "acme", first, "--as-of", minute(5), "--known-at", minute(25)) == [{"first_name": "Mia"}]
    assert avesa.json("query", "acme", first, "--as-of", "2026-01-01T01:05:00+01:00") == [{"first_name": "Bea"}]
    assert avesa.json("query", "acme", first, "--as-of", "2026-01-01T00:00:59") == []
