"""What is special about Atera: tickets without a time of change, comments without an id, secrets of devices."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from avesa.integrations.atera import SERVICE
from strict_tenant import Tenant, check, strict_tenant

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def tenant(tmp_path: Path) -> Iterator[Tenant]:
    with strict_tenant(tmp_path, "atera") as tenant:
        yield tenant


def test_changed_tickets_are_asked_for_in_a_list_of_their_own_and_a_day_back(tenant: Tenant) -> None:
    tenant.pull("tickets")
    tenant.clock.now += 30 * HOUR
    changed = tenant.vendor.change("tickets", 3)
    tenant.pull("tickets", full=True)
    tenant.clock.now += 2 * HOUR
    again = tenant.vendor.change("tickets", 4, TicketTitle="No mail")
    assert tenant.pull("tickets").kind == "changes"
    served = tenant.vendor.served[-1]
    assert served.path == "/api/v3/tickets/lastmodified"
    assert dict(served.query) == {
        "date": "2026-03-01T18:00:00Z",
        "includeRelations": "true",
        "page": "1",
        "itemsInPage": "3",
    }
    later = [row["record_id"] for row in tenant.rows("tickets")][14:]
    assert later == [str(changed["TicketID"]), str(again["TicketID"])]
    check(tenant, "tickets")


def test_a_ticket_that_is_missing_from_the_list_of_new_statuses_was_not_deleted(tenant: Tenant) -> None:
    tenant.pull("tickets_statusmodified")
    tenant.clock.now += 2 * DAY
    tenant.vendor.delete("tickets_statusmodified", 1)
    assert tenant.pull("tickets_statusmodified").kind == "changes"
    assert not any(row["is_deleted"] for row in tenant.rows("tickets_statusmodified"))
    assert tenant.receipt("tickets_statusmodified").kind == "changes"


@pytest.mark.parametrize("table", ["customers", "contacts"])
def test_a_day_is_asked_for_again_since_the_zone_of_times_is_not_known(tenant: Tenant, table: str) -> None:
    tenant.pull(table)
    assert tenant.asked(table)[0] == {"SortBy": "Creation", "page": "1", "itemsInPage": "3"}
    tenant.clock.now += HOUR
    tenant.vendor.change(table, 1)
    tenant.pull(table)
    assert tenant.asked(table)[-1]["FromLastModifiedDate"] == "2026-02-26T12:49:00Z"
    check(tenant, table)


@pytest.mark.parametrize(
    ("table", "param", "first", "later"),
    [
        ("workhours", "startWorkhour", "2000-01-01T00:00:00Z", "2025-12-31T12:00:00Z"),
        ("invoices", "invoiceDateFrom", "2000-01-01", "2025-12-31"),
    ],
)
def test_all_time_is_asked_for_at_first_and_then_two_months(
    tenant: Tenant, table: str, param: str, first: str, later: str
) -> None:
    tenant.pull(table)
    tenant.clock.now += HOUR
    tenant.pull(table)
    assert [query[param] for query in (tenant.asked(table)[0], tenant.asked(table)[-1])] == [first, later]


def test_a_comment_is_known_by_its_content(tenant: Tenant) -> None:
    tenant.pull("tickets")
    ticket = str(tenant.vendor.records("tickets")[0]["TicketID"])
    tenant.vendor.rows.of(tenant.vendor.contract.tables["ticket_comments"], (ticket,))
    for at in (0, 1):
        tenant.vendor.change(
            "ticket_comments", at, (ticket,), EndUserID=None, TechnicianContactID=None, Comment=f"{at}"
        )
    tenant.pull("ticket_comments")
    rows = tenant.rows("ticket_comments")
    assert len({row["record_id"] for row in rows}) == len(rows) == 14
    assert all(row["problem"] is None for row in rows)


def test_alerts_of_every_status_are_asked_for(tenant: Tenant) -> None:
    tenant.pull("alerts")
    assert list(dict.fromkeys(query["alertStatus"] for query in tenant.asked("alerts"))) == [
        "Open",
        "Snoozed",
        "Resolved",
    ]
    check(tenant, "alerts")


@pytest.mark.parametrize(
    ("table", "fields"),
    [
        ("snmp_devices", ("Community", "Authentication", "Privacy")),
        ("agents", ("WindowsSerialNumber", "OfficeSerialNumber")),
    ],
)
def test_what_opens_a_device_or_a_licence_never_lands(tenant: Tenant, table: str, fields: tuple[str, ...]) -> None:
    secret: dict[str, Any] = dict.fromkeys(fields, "s3cr3t")
    for at in range(7):
        tenant.vendor.change(table, at, **secret)
    tenant.pull(table)
    payloads = [row["payload"] for row in tenant.rows(table)]
    assert len(payloads) == 7 and not any("s3cr3t" in payload for payload in payloads)
    assert all(payload.count('"***"') == len(fields) for payload in payloads)


def test_fields_of_one_name_are_told_apart_by_what_they_belong_to(tenant: Tenant) -> None:
    for at, target in enumerate(("Customer", "Ticket")):
        tenant.vendor.change("custom_fields", at, Name="Location", Target=target)
    tenant.pull("custom_fields")
    ids = [row["record_id"] for row in tenant.rows("custom_fields")]
    assert '["Customer","Location"]' in ids and '["Ticket","Location"]' in ids


def test_every_ticket_is_asked_about_once_a_week() -> None:
    below = [endpoint for endpoint in SERVICE.endpoints if endpoint.parent]
    assert {(endpoint.name, endpoint.every) for endpoint in below} == {
        ("ticket_workhours", timedelta(days=7)),
        ("ticket_comments", timedelta(days=7)),
    }
