"""Our mappings of Datadog: records become the right rows."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from mapped_rows import mapped_row


def row_of(table: str, endpoint: str, **record: Any) -> dict[str, Any]:
    return mapped_row(table, "datadog", endpoint, record)


def test_a_host_becomes_a_device() -> None:
    meta = {"platform": "linux", "processor": "Intel Xeon", "agent_version": "7.61.0"}
    meta |= {"nixV": ["ubuntu", "24.04", ""], "macV": ["", ["", "", ""], ""], "winV": ["", "", ""]}
    row = row_of(
        "devices",
        "hosts",
        id=7,
        name="web-1",
        host_name="web-1.acme.example",
        up=True,
        last_reported_time=1_777_593_600,
        meta=meta,
        tags_by_source={"Datadog": ["env:prod"], "Users": ["team:web"], "Amazon Web Services": ["region:eu"]},
    )
    assert (row["name"], row["os"], row["os_version"]) == ("web-1", "ubuntu", "24.04")
    assert (row["cpu"], row["agent_version"], row["is_online"]) == ("Intel Xeon", "7.61.0", True)
    assert row["last_seen_at"] == datetime(2026, 5, 1, tzinfo=UTC)
    assert json.loads(row["tags"]) == ["env:prod", "team:web"]


def test_a_host_without_its_system_names_its_platform() -> None:
    meta = {"platform": "win32", "nixV": ["", "", ""], "winV": ["10.0.20348", "", ""]}
    row = row_of("devices", "hosts", id=8, host_name="dc-1", up=False, meta=meta)
    assert (row["name"], row["os"], row["os_version"], row["is_online"]) == ("dc-1", "win32", "10.0.20348", False)


@pytest.mark.parametrize(("disabled", "active"), [(True, False), (False, True), (None, None)])
def test_a_user_is_active_unless_disabled(disabled: bool | None, active: bool | None) -> None:
    told = {"name": None, "handle": "ada", "email": "ada@example.com", "mfa_enabled": True, "disabled": disabled}
    row = row_of("users", "users", id="u1", attributes=told)
    assert (row["name"], row["username"], row["email"]) == ("ada@example.com", "ada", "ada@example.com")
    assert (row["mfa_enabled"], row["is_active"]) == (True, active)


@pytest.mark.parametrize(
    ("state", "category", "closed"),
    [
        ("active", "in_progress", False),
        ("stable", "in_progress", False),
        ("resolved", "resolved", True),
        ("completed", "closed", True),
        ("odd", None, None),
    ],
)
@pytest.mark.parametrize("place", ["attribute", "field"])
def test_the_state_of_an_incident_stands_in_it_or_in_its_fields(
    place: str, state: str, category: str | None, closed: bool | None
) -> None:
    told: dict[str, Any] = {"title": "Down", "public_id": 12, "severity": "SEV-2", "state": state}
    if place == "field":
        fields = {"state": {"type": "dropdown", "value": state}, "severity": {"type": "dropdown", "value": "SEV-2"}}
        told = {"title": "Down", "public_id": 12, "fields": fields}
    row = row_of("tickets", "incidents", id="i1", attributes=told)
    assert (row["ticket_number"], row["summary"], row["type"]) == ("12", "Down", "Incident")
    assert (row["status"], row["status_category"], row["is_closed"]) == (state, category, closed)
    assert (row["severity"], row["priority_level"]) == ("SEV-2", 2)


def test_who_leads_an_incident_owns_it() -> None:
    people = {"commander_user": {"data": {"id": "u7", "type": "users"}}, "created_by_user": {"data": {"id": "u8"}}}
    told = {"title": "Down", "created": "2026-03-01T12:00:00+00:00", "resolved": "2026-03-01T13:00:00+00:00"}
    row = row_of("tickets", "incidents", id="i1", attributes=told, relationships=people)
    assert (row["owner_id"], row["created_by"]) == ("u7", "u8")
    assert (row["created_at"].hour, row["resolved_at"].hour) == (12, 13)
    nobody = row_of("tickets", "incidents", id="i2", attributes=told, relationships={"commander_user": {"data": None}})
    assert nobody["owner_id"] is None


@pytest.mark.parametrize(
    ("status", "category", "closed"),
    [
        ({"status_group": "SG_OPEN", "status": "OPEN"}, "new", False),
        ({"status_group": "SG_IN_PROGRESS", "status": "OPEN"}, "in_progress", False),
        ({"status": "CLOSED"}, "closed", True),
        ({"status": "ODD"}, None, None),
    ],
)
def test_a_case_becomes_a_ticket(status: dict[str, str], category: str | None, closed: bool | None) -> None:
    told = {"key": "OPS-7", "title": "Slow", "priority": "P3", "type": "STANDARD", "status_name": "Triage", **status}
    project = {"project": {"data": {"id": "p1"}}, "assignee": {"data": {"id": "u7"}}}
    row = row_of("tickets", "cases", id="c1", attributes=told, relationships=project)
    assert (row["ticket_number"], row["status"], row["priority_level"]) == ("OPS-7", "Triage", 3)
    assert (row["status_category"], row["is_closed"]) == (category, closed)
    assert (row["board_id"], row["owner_id"]) == ("p1", "u7")


def test_the_cost_of_a_month_becomes_a_bill_that_is_not_final() -> None:
    charges = [{"product_name": "infra_host", "charge_type": "total", "cost": 12.5}]
    told = {"org_name": "Acme", "public_id": "abc123", "date": "2026-03-01T00:00:00Z", "total_cost": 12.5}
    row = row_of("invoices", "estimated_cost", id="e1", attributes={**told, "charges": charges})
    assert (row["type"], row["status_category"], row["company_id"]) == ("bill", "draft", "abc123")
    assert (row["company_name"], row["issued_on"], row["total"]) == ("Acme", date(2026, 3, 1), Decimal("12.5"))
    assert json.loads(row["line_items"]) == charges
