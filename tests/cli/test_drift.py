"""`avesa drift`: what people and monitors see of a vendor that changes its fields."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from rich.console import Console

from avesa.cli import output
from avesa.sandbox.answer import Answer, Request
from avesa.sandbox.clock import SandboxClock
from avesa.sandbox.server import Sandbox
from avesa.sandbox.world import World
from avesa.shared import layout
from avesa_program import Avesa
from landed_home import LandedHome, changes, contact, listing
from raw_files import Row, at

PRIVATE = "Mia Wallace"


class Renaming(Sandbox):
    """A vendor that gives fields other names, once it is told to: pairs of bytes in its answers."""

    renamed: tuple[tuple[bytes, bytes], ...] = ()

    def answer(self, request: Request) -> Answer:
        answer = super().answer(request)
        for old, new in self.renamed:
            answer = replace(answer, body=answer.body.replace(old, new))
        return answer


@pytest.fixture
def vendor(worlds: dict[str, World]) -> Iterator[Renaming]:
    with Renaming(worlds=worlds, clock=SandboxClock(worlds["acme"].start + timedelta(days=3))) as running:
        yield running


@pytest.fixture
def home(tmp_path: Path) -> LandedHome:
    """40 contacts of which one field is gone, one of another type, one new, one read by no rule."""
    home = LandedHome(tmp_path / "home")

    def rows(minute: int, **fields: object) -> list[Row]:
        return [contact(f"{n:02}", minute, minute, PRIVATE, spare={PRIVATE: 1, "b": 2}, **fields) for n in range(40)]

    home.land(listing(10, *rows(10, title="Owner", zip=1)), listing(20, *rows(20, jobTitle="Owner", zip="1")))
    return home


@pytest.fixture
def landed(home: LandedHome, monkeypatch: pytest.MonkeyPatch) -> Avesa:
    monkeypatch.delenv("AVESA_HOME", raising=False)
    return Avesa(home.folder)


def test_a_vendor_that_renames_a_field_is_noticed_and_a_rule_mends_it(
    avesa: Avesa, vendor: Renaming, tmp_path: Path
) -> None:
    avesa.connect("acme", vendor.settings(tenant="acme"), vendor.secrets(tenant="acme"))
    tables = ("--table", "tickets")
    avesa("sync", "acme", *tables)
    vendor.clock.advance(timedelta(days=2))
    avesa("sync", "acme", *tables)
    assert avesa.json("drift", "acme", "--check") == {"ok": True, "problems": []}

    vendor.renamed = ((b'"summary":', b'"title":'), (b'"actualHours":', b'"hours":'))
    avesa("sync", "acme", *tables, "--full")
    summaries = "SELECT count(summary) AS n, count(*) > 20 AS many FROM tickets WHERE is_current"
    assert avesa.json("query", "acme", summaries) == [{"n": 0, "many": True}]
    told = avesa.json("drift", "acme", "--check", code=1)
    assert told["ok"] is False
    assert {(one["kind"], one["path"], tuple(one["columns"])) for one in told["problems"]} == {
        ("gone", "summary", ("tickets.summary",)),
        ("gone", "actualHours", ("tickets.actual_hours",)),
    }
    assert {one["path"]: one["perhaps"][0] for one in told["problems"]} == {"summary": "title", "actualHours": "hours"}

    place = avesa.home / "data" / layout.tenant_mapping("acme", "tickets")
    place.parent.mkdir(parents=True)
    rules = {"summary": {"first": ["title", "summary"]}, "actual_hours": {"first": ["actualHours", "hours"]}}
    place.write_text(json.dumps({"table": "tickets", "sources": {"connectwise": {"tickets": rules}}}))
    avesa("drift", "acme", "--check")
    avesa("transform", "acme")
    (found,) = avesa.json("query", "acme", summaries)
    assert found["n"] > 20


def test_a_vendor_as_it_is_gives_no_alarm(synced: Avesa) -> None:
    assert synced("drift", "acme", "--check").stdout == "Nothing is gone.\n"


def test_where_nothing_has_landed_nobody_is_told_that_all_is_well(avesa: Avesa) -> None:
    avesa("tenant", "add", "acme")
    for words in ((), ("--check",), ("--unread",)):
        assert avesa("drift", "acme", *words).stdout == "Nothing has landed yet.\n"


def test_people_see_what_changed_with_the_numbers_and_no_value(landed: Avesa) -> None:
    shown = landed("drift", "acme", "--since", "2026-01-01").stdout
    rows = [line.split("  ") for line in shown.splitlines()[2:-1]]
    assert [[part.strip() for part in row if part.strip()] for row in rows] == [
        [
            *("gone", "connectwise/contacts", "title", "40 of 40 text", "0 of 40"),
            *("2026-01-01 00:10:00", "contacts.title", "jobTitle"),
        ],
        [
            *("type", "connectwise/contacts", "zip", "40 of 40 number", "40 of 40 text"),
            *("2026-01-01 00:10:00", "contacts.postal_code"),
        ],
        ["new", "connectwise/contacts", "jobTitle", "40 of 40 text"],
    ]
    assert shown.endswith("3 fields\n")


def test_in_a_narrow_terminal_names_stay_whole_finding_by_finding(
    landed: Avesa, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output, "console", lambda: Console(width=80, force_terminal=True, highlight=False))
    told = landed("drift", "acme", "--check", code=1).stdout
    assert "finding 1" in told and "  raw table       connectwise/contacts\n" in told


def test_a_field_that_is_data_is_no_value_either(landed: Avesa, home: LandedHome) -> None:
    rows = [contact("99", 30, 30, by={"mia@example.com": {"n": 1}, "4711": {"n": 2}})]
    home.land(changes(30, *rows))
    for words in (("drift", "acme", "--since", "2026-01-01"), ("drift", "acme", "--unread")):
        for shown in (landed(*words).stdout, landed(*words, "--json").stdout):
            assert "by.*.n" in shown and "example.com" not in shown and "4711" not in shown and "Owner" not in shown


def test_names_that_would_move_the_cursor_or_are_no_text_are_shown_as_marks(landed: Avesa, home: LandedHome) -> None:
    home.land(changes(30, Row("99", None, at(30), at(30), payload='{"\\ud800": 1, "\\u001b7": 2, "a\\nb\\u202e": 3}')))
    told = landed("drift", "acme", "--unread").stdout
    assert "\x1b" not in told and " a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER} " in told
    assert {"?", "\x1b7"} <= {one["path"] for one in landed.json("drift", "acme", "--unread")}


def test_programs_get_a_list(landed: Avesa) -> None:
    gone, *_ = landed.json("drift", "acme", "--since", "2026-01-01")
    assert gone == {
        "kind": "gone",
        "source_service": "connectwise",
        "source_table": "contacts",
        "path": "title",
        "columns": ["contacts.title"],
        "types": [],
        "records": 0,
        "of": 40,
        "types_before": ["text"],
        "records_before": 40,
        "of_before": 40,
        "last_seen_at": "2026-01-01T00:10:00Z",
        "perhaps": ["jobTitle"],
    }


def test_what_no_rule_reads_is_shown_with_its_share(landed: Avesa, home: LandedHome) -> None:
    home.land(changes(30, contact("00", 30, 30, jobTitle=5)))
    shown = landed("drift", "acme", "--unread", "--service", "connectwise", "--table", "contacts").stdout
    assert [line.split() for line in shown.splitlines()[2:]] == [
        ["connectwise/contacts", "id", "text", "40", "40", "100", "%"],
        ["connectwise/contacts", "jobTitle", "text/number", "40", "40", "100", "%"],
        ["connectwise/contacts", f"spare.{PRIVATE}".split()[0], "Wallace", "number", "39", "40", "98", "%"],
        ["connectwise/contacts", "spare.b", "number", "39", "40", "98", "%"],
        ["4", "fields"],
    ]
    assert {one["kind"] for one in landed.json("drift", "acme", "--unread")} == {"unread"}


def test_a_check_ends_with_1_and_shows_nothing_new(landed: Avesa) -> None:
    shown = landed("drift", "acme", "--check", "--since", "2026-01-01", code=1).stdout
    assert "title" in shown and "2 fields" in shown and "new" not in shown
    told = landed.json("drift", "acme", "--check", code=1)
    assert (told["ok"], [one["kind"] for one in told["problems"]]) == (False, ["gone", "type"])
    assert landed.json("drift", "acme", "--check", "--since", "900000d", code=1) == told


def test_a_check_leaves_out_what_was_looked_at(landed: Avesa) -> None:
    assert landed.json("drift", "acme", "--check", "--since", "2026-01-01T00:25Z") == {"ok": True, "problems": []}
    assert landed("drift", "acme", "--check", "--since", "2d").stdout == "Nothing is gone.\n"
    assert landed("drift", "acme", "--since", "2d").stdout == "Nothing is gone, nothing is new.\n"


def test_a_table_that_cannot_be_looked_through_is_no_good_check(landed: Avesa, home: LandedHome) -> None:
    (home.folder / "data/acme/mappings").mkdir()
    (home.folder / "data/acme/mappings/companies.json").write_text("{")
    told = landed("drift", "acme", "--check", code=1)
    assert "title" in told.stdout and "Error: tenant acme, companies: acme/mappings/companies.json" in told.stderr
    home.raw.joinpath("pull-00020-0.parquet").unlink()
    assert landed.json("drift", "acme", "--check", code=1) == {"ok": False, "problems": []}
    told = landed("drift", "acme", code=1)
    assert told.stdout == "" and "connectwise/contacts: the raw file" in told.stderr and "is missing" in told.stderr


def test_what_was_left_out_is_a_warning(landed: Avesa, home: LandedHome) -> None:
    home.land(changes(30, Row("99", None, at(30), at(30), payload="{")))
    told = landed("drift", "acme", "--json", "--since", "2d")
    assert json.loads(told.stdout) == []
    assert (
        told.stderr
        == "Warning: tenant acme, connectwise/contacts: payloads that are no JSON were left out, 1 of them.\n"
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("nobody",), "nobody"),
        (("acme", "--service", "connectwize"), "Did you mean connectwise?"),
        (("acme", "--table", "contact"), "Did you mean contacts?"),
        (("acme", "--since", "yesterday"), "as 30d"),
        (("acme", "--since", "9999-01-01"), "lies ahead"),
        (("acme", "--since", "d"), "is no time"),
        (("acme", "--since", "1000000000d"), "no span of time"),
        (("acme", "--unread", "--check"), "--unread goes without"),
        (("acme", "--unread", "--since", "1d"), "--unread goes without"),
    ],
)
def test_wrong_usage_is_told(landed: Avesa, words: tuple[str, ...], told: str) -> None:
    assert told in landed("drift", *words, code=2).stderr
