"""Our mappings of Freshdesk: its numbers have names, and those of the account's own have none."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from mapped_rows import mapped_row


def row_of(table: str, endpoint: str, record: dict[str, Any]) -> dict[str, Any]:
    return mapped_row(table, "freshdesk", endpoint, record)


@pytest.mark.parametrize(
    ("status", "name", "category", "closed"),
    [
        (2, "Open", "in_progress", False),
        (3, "Pending", "waiting", False),
        (4, "Resolved", "resolved", False),
        (5, "Closed", "closed", True),
        (7, "7", None, None),
    ],
)
def test_a_ticket_becomes_a_row(status: int, name: str, category: str | None, closed: bool | None) -> None:
    ids = {"id": 42, "company_id": 3, "requester_id": 4, "responder_id": 5, "group_id": 6}
    stats = {"first_responded_at": "2024-01-02T10:00:00Z", "resolved_at": None, "closed_at": None}
    more = {"subject": "No mail", "description": "<b>Help</b>", "description_text": "Help", "stats": stats}
    people = {"requester": {"id": 4, "name": "Ann"}, "fr_due_by": "2024-01-02T12:00:00Z", "is_escalated": False}
    row = row_of("tickets", "tickets", {**ids, **more, **people, "status": status, "priority": 4, "source": 3})
    assert (row["ticket_number"], row["summary"], row["description"]) == ("42", "No mail", "Help")
    assert (row["status"], row["status_category"], row["is_closed"]) == (name, category, closed)
    assert (row["priority"], row["priority_level"], row["channel"]) == ("Urgent", 1, "Phone")
    assert (row["company_id"], row["contact_id"], row["contact_name"]) == ("3", "4", "Ann")
    assert (row["owner_id"], row["team_id"], row["is_escalated"]) == ("5", "6", False)
    assert row["responded_at"] == datetime(2024, 1, 2, 10, tzinfo=UTC)


def test_a_source_and_a_priority_that_nobody_knows_stay_numbers() -> None:
    row = row_of("tickets", "tickets", {"id": 1, "status": 2, "priority": 9, "source": 99})
    assert (row["priority"], row["priority_level"], row["channel"]) == ("9", None, "99")


@pytest.mark.parametrize(("spent", "hours"), [("01:30", Decimal("1.5")), ("00:20", Decimal("0.3333")), (None, None)])
def test_hours_and_minutes_become_hours(spent: str | None, hours: Decimal | None) -> None:
    record = {"id": 1, "ticket_id": 42, "agent_id": 5, "billable": True, "time_spent": spent, "note": "On site"}
    row = row_of("time_entries", "time_entries", {**record, "executed_at": "2024-01-02T09:00:00Z"})
    assert (row["hours"], row["ticket_id"], row["user_id"], row["is_billable"]) == (hours, "42", "5", True)
    assert (row["work_date"], row["notes"]) == (date(2024, 1, 2), "On site")


def test_people_companies_and_products_become_rows() -> None:
    contact = row_of("contacts", "contacts", {"id": 4, "name": "Ann", "company_id": 3, "active": True, "mobile": "1"})
    assert (contact["full_name"], contact["company_id"], contact["is_active"], contact["mobile"]) == (
        "Ann",
        "3",
        True,
        "1",
    )
    inside = {"name": "Bob", "email": "bob@acme.example", "time_zone": "Berlin", "last_login_at": None}
    agent = {"id": 5, "contact": inside, "deactivated": True, "occasional": True, "group_ids": [6], "role_ids": [1, 2]}
    user = row_of("users", "agents", agent)
    assert (user["name"], user["is_active"], user["license_class"], user["role"]) == ("Bob", False, "occasional", "1")
    company = row_of("companies", "companies", {"id": 3, "name": "Acme", "domains": ["acme.example"], "industry": "IT"})
    assert (company["name"], company["website"], company["industry"]) == ("Acme", "acme.example", "IT")
    assert row_of("products", "products", {"id": 8, "name": "Router"})["name"] == "Router"
