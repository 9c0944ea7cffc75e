"""What is special about Syncro: pairs and wrapped records, lists that tell no end, rights to each module by itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from avesa.integrations.syncro import SERVICE
from avesa.shared.errors import ServiceFailed
from strict_tenant import Tenant, check, strict_tenant

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WITHOUT_META = ("assets", "products", "schedules", "appointments", "purchase_orders", "vendors")


@pytest.fixture
def tenant(tmp_path: Path) -> Iterator[Tenant]:
    with strict_tenant(tmp_path, "syncro") as tenant:
        yield tenant


def test_users_are_pairs_and_their_details_are_asked_for_one_by_one(tenant: Tenant) -> None:
    tenant.pull("users")
    assert [(row["record_id"], row["record"]) for row in tenant.rows("users")][:2] == [
        ("1", [1, "Number 1"]),
        ("2", [2, "Number 2"]),
    ]
    tenant.pull("user_details")
    asked = [served.path for served in tenant.vendor.served if served.table == "user_details"]
    assert sorted(asked) == [f"/api/v1/users/{number}" for number in range(1, 8)]


@pytest.mark.parametrize("table", WITHOUT_META)
def test_a_list_that_does_not_say_how_long_it_is_goes_on_until_a_page_is_empty(tenant: Tenant, table: str) -> None:
    tenant.pull(table)
    assert [query["page"] for query in tenant.asked(table)] == ["1", "2", "3", "4"]
    check(tenant, table)


def test_a_list_that_says_how_many_pages_there_are_ends_there(tenant: Tenant) -> None:
    tenant.pull("contacts")
    assert sorted(query["page"] for query in tenant.asked("contacts")) == ["1", "2", "3"]


def test_appointments_are_known_by_what_is_in_their_wrapper_and_of_all_time(tenant: Tenant) -> None:
    tenant.pull("appointments")
    assert tenant.asked("appointments")[0] == {"date_from": "2000-01-01", "date_to": "2100-01-01", "page": "1"}
    for row in tenant.rows("appointments"):
        assert row["record_id"] == str(row["record"]["appointment"]["id"]) and row["updated_at"] is not None


@pytest.mark.parametrize(("table", "param"), [("customers", "include_disabled"), ("rmm_alerts", "status")])
def test_what_is_disabled_or_resolved_stays_what_it_is(tenant: Tenant, table: str, param: str) -> None:
    tenant.pull(table)
    tenant.clock.now += HOUR
    changed = tenant.vendor.delete(table, 1)
    tenant.pull(table)
    assert {query[param] for query in tenant.asked(table)} == {"all" if param == "status" else "true"}
    newest = tenant.newest(table)[None, str(changed["id"])]
    assert newest is not None and newest["disabled" if table == "customers" else "resolved"] is True


def test_a_timer_that_was_edited_late_comes_with_the_daily_listing(tenant: Tenant) -> None:
    tenant.vendor.change("ticket_timers", 1, created_at="2025-06-01T10:00:00.000Z")
    tenant.pull("ticket_timers")
    tenant.clock.now += HOUR
    tenant.vendor.change("ticket_timers", 1, notes="late")
    tenant.vendor.change("ticket_timers", 2, notes="in time")
    assert tenant.pull("ticket_timers").kind == "changes"
    assert tenant.asked("ticket_timers")[-1]["created_at_gt"] == "2026-01-30T12:00:00Z"
    notes = {row["record"].get("notes") for row in tenant.rows("ticket_timers")}
    assert "in time" in notes and "late" not in notes
    tenant.clock.now += DAY
    assert tenant.pull("ticket_timers").kind == "listing"
    check(tenant, "ticket_timers")


def test_a_module_that_the_token_has_no_right_to_fails_alone(tenant: Tenant) -> None:
    for table in ("line_items", "appointments"):
        tenant.vendor.fail("status", 401, table=table, times=None)
    outcome = tenant.ingest()
    assert outcome.problem is None
    failed = {table.table: str(table.error) for table in outcome.tables if table.status == "failed"}
    assert set(failed) == {"line_items", "appointments"}
    assert all("lack the right" in error for error in failed.values())


def test_a_token_that_is_no_good_at_all_is_told_by_the_tickets(tenant: Tenant) -> None:
    assert [endpoint.name for endpoint in SERVICE.endpoints if not endpoint.refused_alone] == ["tickets"]
    tenant.vendor.fail("status", 401, times=None)
    with pytest.raises(ServiceFailed):
        tenant.pull("tickets")


def test_the_address_is_what_is_counted_whoever_the_tenant_is() -> None:
    assert SERVICE.account is None


def test_what_a_processor_of_payments_answered_never_lands(tenant: Tenant) -> None:
    for at in range(7):
        tenant.vendor.change("payments", at, transaction_response="card 4111 s3cr3t")
    tenant.pull("payments")
    landed = [row["payload"] for row in tenant.rows("payments")]
    assert len(landed) == 7 and not any("s3cr3t" in payload for payload in landed)
