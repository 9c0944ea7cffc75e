"""Our mappings of Addigy: records become the right rows."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from mapped_rows import mapped_row


def row_of(table: str, endpoint: str, **record: Any) -> dict[str, Any]:
    return mapped_row(table, "addigy", endpoint, record)


def fact(value: Any, error: str | None = None) -> dict[str, Any]:
    return {"type": "string", "value": value, "error_msg": error}


FACTS = {
    "device_name": fact("ACME-MBP-7"),
    "os_platform": fact("macOS"),
    "os_version": fact("15.3"),
    "serial_number": fact("C02", ""),
    "policy_id": fact("p1"),
    "total_memory_gb": fact(16),
    "filevault_enabled": fact(True),
    "wifi_mac_address": fact("00:11:22:33:44:55"),
    "ethernet_mac_address": fact("stale", "no such interface"),
    "last_online": fact("2026-02-01T08:00:00Z"),
}


def test_a_devices_facts_become_columns() -> None:
    row = row_of("devices", "devices", agentid="a1", audit_date="2026-02-01T07:00:00Z", facts=FACTS)
    assert (row["name"], row["type_category"], row["company_id"]) == ("ACME-MBP-7", "workstation", "p1")
    assert (row["serial_number"], row["memory_bytes"], row["is_encrypted"]) == ("C02", 16 * 1024**3, True)
    assert row["last_seen_at"] == datetime(2026, 2, 1, 8, tzinfo=UTC)


def test_a_fact_that_could_not_be_told_is_none() -> None:
    facts = {**FACTS, "serial_number": fact("old", "timed out"), "last_online": fact(None, "offline")}
    row = row_of("devices", "devices", agentid="a1", audit_date="2026-02-01T07:00:00Z", facts=facts)
    assert row["serial_number"] is None
    assert json.loads(row["mac_addresses"]) == ["00:11:22:33:44:55"]
    assert row["last_seen_at"] == datetime(2026, 2, 1, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "category", "closed"),
    [
        ("Unattended", "new", False),
        ("Acknowledged", "in_progress", False),
        ("Resolved", "resolved", True),
        ("Snoozed", None, None),
    ],
)
def test_an_alert_becomes_a_ticket(status: str, category: str | None, closed: bool | None) -> None:
    alert = {"id": "x1", "name": "Disk full", "level": "critical", "agent_id": "a1", "orgid": "o1"}
    row = row_of("tickets", "alerts", **alert, status=status, created_date="2026-02-01T08:00:00Z")
    assert (row["summary"], row["status_category"], row["is_closed"]) == ("Disk full", category, closed)
    assert (row["device_id"], row["severity"], row["company_id"]) == ("a1", "critical", "o1")
    assert row["created_at"] == datetime(2026, 2, 1, 8, tzinfo=UTC)


def test_an_alert_of_the_version_before_is_read_too() -> None:
    row = row_of("tickets", "alerts", _id="x1", agentid="a1", created_on=1769932800, name="Disk full")
    assert (row["ticket_number"], row["device_id"]) == ("x1", "a1")
    assert row["created_at"] == datetime(2026, 2, 1, 8, tzinfo=UTC)


def test_organizations_and_policies_become_companies() -> None:
    child = row_of("companies", "child_organizations", organization_id="o2", company_name="Acme", enabled=False)
    assert (child["name"], child["status_category"], child["is_active"]) == ("Acme", "inactive", False)
    policy = row_of("companies", "policies", policyId="p1", name="Acme", parent="p0", creation_time=1769932800)
    assert (policy["name"], policy["parent_company_id"]) == ("Acme", "p0")
    assert policy["created_at"] == datetime(2026, 2, 1, 8, tzinfo=UTC)


def test_users_software_and_invoices_become_rows() -> None:
    user = row_of("users", "users", email="ada@example.com", name="Ada", addigy_role="owner", policies=["p1"])
    assert (user["name"], user["role"], json.loads(user["team_ids"])) == ("Ada", "owner", ["p1"])
    software = row_of("products", "smart_software", instruction_id="i1", name="Firefox", archived=False)
    assert (software["name"], software["is_active"]) == ("Firefox", True)
    invoice = row_of("invoices", "billing_invoices", invoice_id="INV-1", date="2026-02-01", status="odd", balance=12.5)
    assert (invoice["number"], invoice["issued_on"], invoice["balance"]) == ("INV-1", date(2026, 2, 1), Decimal("12.5"))
    assert (invoice["status"], invoice.get("status_category")) == ("odd", None)
