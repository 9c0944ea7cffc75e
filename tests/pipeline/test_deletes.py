"""A listing that lacks too much waits; a person can say what becomes of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from avesa.pipeline.deletes import decide, held_listings
from avesa.pipeline.quarantined import quarantined_rows
from avesa.pipeline.sync import sync_tenant
from avesa.pipeline.transform import transform_tenant
from avesa.pipeline.verify import verify_tenant
from avesa.shared.errors import UsageError
from msp_days import Days, msp_days


@pytest.fixture
def days(tmp_path: Path) -> Iterator[Days]:
    """Synced once, then a listing that came back with nothing in it, and was believed."""
    with msp_days(tmp_path / "home", tenants=("acme",)) as days:
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
