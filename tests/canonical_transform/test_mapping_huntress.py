"""Our mappings of Huntress: records become the right rows."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from mapped_rows import mapped_row


def row_of(table: str, endpoint: str, **record: Any) -> dict[str, Any]:
    return mapped_row(table, "huntress", endpoint, record)


AGENT = {
    "id": 7,
    "organization_id": 3,
    "hostname": "ACME-LT-7",
    "platform": "darwin",
    "os": "macOS Sonoma",
    "ipv4_address": "10.0.0.5",
    "external_ip": "203.0.113.5",
    "mac_addresses": ["00:11:22:33:44:55"],
    "serial_number": "S1",
    "defender_status": "Protected",
    "last_callback_at": "2026-02-01T08:00:00Z",
    "tags": ["vip"],
}


def test_an_agent_becomes_a_device() -> None:
    row = row_of("devices", "agents", **AGENT)
    assert (row["name"], row["company_id"], row["type_category"]) == ("ACME-LT-7", "3", "workstation")
    assert (json.loads(row["ip_addresses"]), json.loads(row["tags"])) == (["10.0.0.5"], ["vip"])
    assert (row["antivirus_status"], row["is_managed"]) == ("Protected", True)
    assert row["last_seen_at"] == datetime(2026, 2, 1, 8, tzinfo=UTC)
    # It may be a server.
    assert row_of("devices", "agents", **{**AGENT, "platform": "windows"})["type_category"] is None


@pytest.mark.parametrize(
    ("status", "category", "closed"),
    [
        ("sent", "new", False),
        ("auto_remediating", "in_progress", False),
        ("closed", "closed", True),
        ("partner_dismissed", "cancelled", True),
        ("deleting", None, None),
    ],
)
def test_an_incident_report_becomes_a_ticket(status: str, category: str | None, closed: bool | None) -> None:
    row = row_of(
        "tickets",
        "incident_reports",
        id=9,
        subject="Footholds found",
        status=status,
        severity="critical",
        indicator_types=["footholds", "ransomware_canaries"],
        organization_id=3,
        agent_id=7,
        sent_at="2026-02-01T08:00:00Z",
    )
    assert (row["summary"], row["status_category"], row["is_closed"]) == ("Footholds found", category, closed)
    assert (row["priority_level"], row["type"], row["device_id"], row["company_id"]) == (1, "footholds", "7", "3")


def test_a_membership_and_an_identity_become_people() -> None:
    member = {"id": 1, "permissions": "Admin", "user": {"id": 5, "name": "Ada Lovelace", "email": "a@b.c"}}
    row = row_of("users", "memberships", **member, created_at="2026-01-01T00:00:00Z")
    assert (row["name"], row["email"], row["is_admin"]) == ("Ada Lovelace", "a@b.c", True)
    identity = row_of(
        "contacts",
        "identities",
        id=2,
        username="joe",
        email="j@x.y",
        enabled=False,
        organization={"id": 3, "name": "A"},
    )
    assert (identity["full_name"], identity["company_id"], identity["is_active"]) == ("joe", "3", False)


def test_an_invoice_is_in_whole_units_of_its_currency() -> None:
    row = row_of(
        "invoices",
        "invoices",
        id=4,
        amount=12345,
        currency_type="usd",
        status="paid",
        created_at="2026-02-01T08:00:00Z",
    )
    assert (row["total"], row["currency"], row["status_category"]) == (Decimal("123.45"), "USD", "paid")
    assert (row["issued_on"], row["type"]) == (date(2026, 2, 1), "invoice")
    assert row_of("invoices", "invoices", status="partial_refund")["status_category"] is None


def test_an_organization_and_a_subscription_become_rows() -> None:
    assert row_of("companies", "organizations", id=3, name="Acme", key="acme")["identifier"] == "acme"
    row = row_of(
        "agreements",
        "reseller_subscriptions",
        id=8,
        product="edr",
        status="accepted",
        auto_renew=True,
        billing_interval="annual",
        minimum_usage=50,
        effective_date="2026-01-01",
        renewal_date="2027-01-01",
        account={"id": 1, "name": "Acme MSP"},
    )
    assert (row["name"], row["status_category"], row["quantity"]) == ("edr", "draft", Decimal(50))
    assert (row["starts_on"], row["ends_on"], row["company_name"]) == (date(2026, 1, 1), date(2027, 1, 1), "Acme MSP")
