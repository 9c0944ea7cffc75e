"""A listing that lacks too much waits; a person can say what becomes of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from avesa.pipeline.deletes import decide, held_listings
from avesa.pipeline.quarantined import quarantined_rows
from avesa.pipeline.query import query
from avesa.pipeline.sync import sync_tenant
from avesa.pipeline.transform import transform_tenant
from avesa.pipeline.verify import verify_tenant
from avesa.shared.errors import UsageError
from avesa.shared.receipt import ListingDecision, decode_decision
from avesa.shared.tenants import TenantService
from landed_home import LandedHome, changes, contact, listing
from msp_days import Days, msp_days
from raw_files import Row, at


@pytest.fixture
def days(tmp_path: Path) -> Iterator[Days]:
    """Synced once, then a listing that came back with nothing in it, and was believed."""
    with msp_days(tmp_path / "home", tenants=("acme",), tables=("companies", "contacts", "tickets")) as days:
        days.next_day()
        days.sync()
        days.sandbox.faults.push("empty", "contacts", times=None)
        days.next_day()
        with days.ports() as ports:
            sync_tenant(ports, "acme", table="contacts", full=True, allow_empty=True)
        yield days


def gone(days: Days) -> int:
    return sum(row["is_deleted"] for row in days.table("acme", "contacts"))


def test_a_held_listing_is_told_with_what_it_lacks(days: Days) -> None:
    with days.ports() as ports:
        (held,) = held_listings(ports, "acme")
    assert (held.service, held.table, held.listed) == ("connectwise", "contacts", 0)
    assert held.lost == held.known == len(days.table("acme", "contacts"))
    assert len(held.some_lost) == 10
    assert held.canonical_tables == ("contacts",)
    assert gone(days) == 0


def test_approved_it_deletes_from_its_own_time_and_a_rebuild_agrees(days: Days) -> None:
    with days.ports() as ports:
        held = decide(ports, "acme", "connectwise/contacts", "approve", decided_by="a person")
        transform_tenant(ports, "acme", run_id="after")
        assert held_listings(ports, "acme") == []
        rows = days.table("acme", "contacts")
        assert {row["valid_to"] for row in rows} == {held.started_at}
        assert all(check.ok for check in verify_tenant(ports, "acme", ["contacts"]))


def test_rejected_it_deletes_nothing(days: Days) -> None:
    with days.ports() as ports:
        decide(ports, "acme", "connectwise/contacts", "reject", decided_by=None)
        transform_tenant(ports, "acme", run_id="after")
        assert held_listings(ports, "acme") == []
        assert gone(days) == 0
        assert all(check.ok for check in verify_tenant(ports, "acme", ["contacts"]))


def test_a_decision_about_nothing_is_refused(days: Days) -> None:
    with days.ports() as ports, pytest.raises(UsageError, match="connectwise/contacts"):
        decide(ports, "acme", "connectwise/tickets", "approve", decided_by=None)


def test_the_quarantine_tells_what_and_why(days: Days) -> None:
    days.sandbox.faults.clear()
    days.sandbox.faults.push("no_id", "companies", times=None)
    days.next_day()
    with days.ports() as ports:
        sync_tenant(ports, "acme", table="companies", full=True)
        (row,) = quarantined_rows(ports, "acme", ["companies"])
        assert row["source_table"] == "companies"
        assert "key" in row["reason"]
        assert "payload" not in row
        assert quarantined_rows(ports, "acme", ["companies"], payload=True)[0]["payload"].startswith("{")
        assert quarantined_rows(ports, "acme", ["tickets"]) == []


def many(count: int, minute: int) -> list[Row]:
    return [contact(f"{number:04}", 1, minute) for number in range(count)]


@pytest.mark.parametrize(
    ("settings", "known", "lost", "held"),
    [
        ({}, 40, 20, False),
        ({}, 40, 21, True),
        ({}, 420, 21, False),
        ({}, 420, 22, True),
        ({"deletes_records": "5", "deletes_share": "0.1"}, 60, 6, False),
        ({"deletes_records": "5", "deletes_share": "0.1"}, 60, 7, True),
        ({"deletes_records": "5", "deletes_records.contacts": "30"}, 60, 30, False),
        ({"deletes_records": "5", "deletes_records.contacts": "30"}, 60, 31, True),
        ({"deletes_share.tickets": "0", "deletes_records.tickets": "0"}, 40, 20, False),
        ({"deletes_share.contacts": "0", "deletes_records.contacts": "0"}, 40, 1, True),
    ],
)
def test_the_guard_is_as_the_settings_of_the_table_say_to_the_record(
    tmp_path: Path, settings: dict[str, str], known: int, lost: int, held: bool
) -> None:
    home = LandedHome(tmp_path / "home", tuple(settings.items()))
    home.land(listing(10, *many(known, 10)), listing(20, *many(known - lost, 20)))
    home.transform()
    with home.ports() as ports:
        waiting = held_listings(ports, "acme")
        (deleted,) = query(ports, "acme", "SELECT count(*) FROM contacts WHERE is_deleted").rows[0]
    assert [(one.known, one.lost, one.listed) for one in waiting] == ([(known, lost, known - lost)] if held else [])
    assert deleted == (0 if held else lost)


@pytest.fixture
def shrunken(tmp_path: Path) -> LandedHome:
    """60 contacts, then a listing that lacks half of them."""
    home = LandedHome(tmp_path / "home")
    home.land(listing(10, *many(60, 10)), listing(20, *many(30, 20)))
    home.transform()
    return home


def valid_to(home: LandedHome) -> Counter[object]:
    with home.ports() as ports:
        return Counter(row[0] for row in query(ports, "acme", "SELECT valid_to FROM contacts").rows)


def test_what_waits_is_reported_by_every_fold_until_it_is_settled(shrunken: LandedHome) -> None:
    shrunken.land(changes(30, contact("0001", 25, 30, "Bea")))
    report = shrunken.transform().report
    assert report.figures()["held"] == ["pull-00020.receipt.json"]
    with shrunken.ports() as ports:
        assert [one.receipt for one in held_listings(ports, "acme")] == ["pull-00020.receipt.json"]
        (entry,) = [entry for entry in ports.run_log.latest("acme") if entry.table == "canonical/contacts"]
    assert entry.figures["held"] == ["pull-00020.receipt.json"]


def test_a_second_listing_that_agrees_settles_it_without_anybody(shrunken: LandedHome) -> None:
    shrunken.land(listing(30, *many(30, 30)))
    shrunken.transform()
    assert valid_to(shrunken) == {None: 30, at(20): 30}
    with shrunken.ports() as ports:
        assert held_listings(ports, "acme") == []
    assert shrunken.failed() == {}


def test_a_decision_that_comes_after_the_second_listing_landed_still_counts(shrunken: LandedHome) -> None:
    """The person says that the first listing was wrong; the second one, which agrees with it, then waits itself."""
    shrunken.land(listing(30, *many(30, 30)))
    with shrunken.ports() as ports:
        decide(ports, "acme", "connectwise/contacts", "reject", decided_by="a person")
    shrunken.transform()
    assert valid_to(shrunken) == {None: 60}
    with shrunken.ports() as ports:
        assert [one.receipt for one in held_listings(ports, "acme")] == ["pull-00030.receipt.json"]
    assert shrunken.failed() == {}


def test_a_listing_that_waits_can_be_decided_about_once(shrunken: LandedHome) -> None:
    with shrunken.ports() as ports:
        decide(ports, "acme", "connectwise/contacts", "approve", decided_by="a person")
        transform_tenant(ports, "acme", run_id="after")
        with pytest.raises(UsageError, match="waits for a decision"):
            decide(ports, "acme", "connectwise/contacts", "reject", decided_by="a person")
    assert valid_to(shrunken) == {None: 30, at(20): 30}


def test_a_listing_that_was_decided_about_and_not_folded_since_waits_no_more(shrunken: LandedHome) -> None:
    with shrunken.ports() as ports:
        decide(ports, "acme", "connectwise/contacts", "reject", decided_by="a person")
        assert held_listings(ports, "acme") == []
        with pytest.raises(UsageError, match="waits for a decision"):
            decide(ports, "acme", "connectwise/contacts", "approve", decided_by="another person")
    shrunken.transform()
    assert valid_to(shrunken) == {None: 60}


def test_a_listing_whose_receipt_is_gone_waits_no_more(shrunken: LandedHome) -> None:
    (shrunken.raw / "pull-00020.receipt.json").unlink()
    with shrunken.ports() as ports:
        assert held_listings(ports, "acme") == []
        with pytest.raises(UsageError, match="waits for a decision"):
            decide(ports, "acme", "connectwise/contacts", "approve", decided_by=None)
    shrunken.transform()
    assert valid_to(shrunken) == {None: 60}


def test_a_listing_that_other_limits_let_pass_waits_no_more(shrunken: LandedHome) -> None:
    with shrunken.ports() as ports:
        ports.tenants.put(TenantService("acme", "connectwise", settings={"deletes_share": "0.5"}))
        assert held_listings(ports, "acme") == []
    shrunken.transform()
    assert valid_to(shrunken) == {None: 30, at(20): 30}


def test_what_waits_is_told_whatever_the_mapping_is(shrunken: LandedHome) -> None:
    with shrunken.ports() as ports:
        ports.objects.write("acme/mappings/contacts.json", b"{")
        assert [one.lost for one in held_listings(ports, "acme")] == [30]


def test_the_decision_lies_beside_the_receipt_and_says_who_and_when(shrunken: LandedHome) -> None:
    with shrunken.ports() as ports:
        decide(ports, "acme", "connectwise/contacts", "approve", decided_by="a person")
        told = ports.objects.read("acme/raw/connectwise/contacts/pull-00020.decision.json")
    assert decode_decision(told) == ListingDecision(decision="approve", decided_at=at(10_000), decided_by="a person")
