"""Our mappings of PagerDuty: records become the right rows."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from mapped_rows import mapped_row


def row_of(table: str, endpoint: str, **record: Any) -> dict[str, Any]:
    return mapped_row(table, "pagerduty", endpoint, record)


INCIDENT = {
    "id": "Q1",
    "incident_number": 1234,
    "title": "Disk full on DC01",
    "status": "acknowledged",
    "urgency": "high",
    "priority": {"id": "P1", "summary": "P2", "name": "P2"},
    "service": {"id": "S1", "summary": "Acme servers"},
    "teams": [{"id": "T1", "summary": "Night shift"}],
    "assignments": [{"at": "2026-02-01T08:01:00Z", "assignee": {"id": "U1", "summary": "Ada Lovelace"}}],
    "created_at": "2026-02-01T08:00:00Z",
    "resolved_at": None,
    "html_url": "https://acme.pagerduty.com/incidents/Q1",
}


def test_an_incident_becomes_a_ticket() -> None:
    row = row_of("tickets", "incidents", **INCIDENT)
    assert (row["ticket_number"], row["summary"], row["item"]) == ("1234", "Disk full on DC01", "Acme servers")
    assert (row["status_category"], row["is_closed"], row["priority_level"]) == ("in_progress", False, 2)
    assert (row["team_name"], row["owner_id"], row["owner_name"]) == ("Night shift", "U1", "Ada Lovelace")
    assert (row["created_at"], row["resolved_at"]) == (datetime(2026, 2, 1, 8, tzinfo=UTC), None)


@pytest.mark.parametrize(
    ("status", "category", "closed"),
    [("triggered", "new", False), ("resolved", "resolved", True), ("odd", None, None)],
)
def test_a_status_is_not_guessed(status: str, category: str | None, closed: bool | None) -> None:
    row = row_of("tickets", "incidents", **{**INCIDENT, "status": status, "priority": {"summary": "Urgent"}})
    assert (row["status_category"], row["is_closed"]) == (category, closed)
    assert (row["priority"], row["priority_level"]) == ("Urgent", None)


def test_a_user_becomes_a_row() -> None:
    row = row_of(
        "users",
        "users",
        id="U1",
        name="Ada Lovelace",
        email="ada@acme.example",
        job_title="Engineer",
        role="admin",
        time_zone="Europe/Berlin",
        teams=[{"id": "T1"}, {"id": "T2"}],
    )
    assert (row["name"], row["title"], row["is_admin"]) == ("Ada Lovelace", "Engineer", True)
    assert (row["time_zone"], json.loads(row["team_ids"])) == ("Europe/Berlin", ["T1", "T2"])
    assert row_of("users", "users", name="x", role="new_role")["is_admin"] is None


def test_services_become_products_and_companies() -> None:
    service = row_of("products", "services", id="S1", name="Acme servers", status="disabled", summary="x")
    assert (service["name"], service["is_active"]) == ("Acme servers", False)
    business = row_of("companies", "business_services", id="B1", name="Acme", html_url="https://x")
    assert (business["name"], business["type"]) == ("Acme", "Business service")
