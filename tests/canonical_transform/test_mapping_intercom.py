"""Our mappings of Intercom: conversations and tickets are both requests for service, and 0 is nobody."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from mapped_rows import mapped_row

NOON = int(datetime(2024, 1, 2, 12, tzinfo=UTC).timestamp())


def row_of(table: str, endpoint: str, record: dict[str, Any]) -> dict[str, Any]:
    return mapped_row(table, "intercom", endpoint, record)


@pytest.mark.parametrize(
    ("state", "category", "closed"),
    [("open", "in_progress", False), ("snoozed", "waiting", False), ("closed", "closed", True), ("other", None, None)],
)
def test_a_conversation_becomes_a_ticket(state: str, category: str | None, closed: bool | None) -> None:
    source = {"type": "email", "subject": "No mail", "body": "<p>Help</p>", "author": {"name": "Ann"}}
    people = {"contacts": {"contacts": [{"id": "c1"}]}, "admin_assignee_id": 0, "team_assignee_id": 6}
    times = {"last_close_at": NOON, "first_admin_reply_at": NOON, "last_closed_by_id": "9"}
    more = {"tags": {"tags": [{"id": "1", "name": "vip"}]}, "conversation_rating": {"rating": 5}, "title": None}
    record = {"id": "1", "state": state, "source": source, "statistics": times, "created_at": NOON, **people, **more}
    row = row_of("tickets", "conversations", {**record, "priority": "priority", "custom_attributes": {"Copilot": "x"}})
    assert (row["ticket_number"], row["summary"], row["description"], row["channel"]) == (
        "1",
        "No mail",
        "<p>Help</p>",
        "email",
    )
    assert (row["status"], row["status_category"], row["is_closed"]) == (state, category, closed)
    assert (row["contact_id"], row["contact_name"], row["owner_id"], row["team_id"]) == ("c1", "Ann", None, "6")
    noon = datetime(2024, 1, 2, 12, tzinfo=UTC)
    assert (row["created_at"], row["responded_at"]) == (noon, noon)
    # One that was closed once and is open again has no end.
    assert (row["closed_at"], row["closed_by"]) == ((noon, "9") if state == "closed" else (None, None))
    # Flagged or not: that says nothing of a level.
    assert (row["priority"], row["priority_level"], row["satisfaction"]) == ("priority", None, "5")
    assert json.loads(row["tags"]) == ["vip"]


@pytest.mark.parametrize(
    ("state", "category"),
    [
        ("submitted", "new"),
        ("in_progress", "in_progress"),
        ("waiting_on_customer", "waiting"),
        ("resolved", "resolved"),
        ("unheard", None),
    ],
)
def test_a_ticket_has_the_label_of_the_account_and_the_category_of_the_vendor(state: str, category: str | None) -> None:
    fields = {"_default_title_": "No mail", "_default_description_": "Help", "Floor": 3}
    record = {"id": "1", "ticket_id": "42", "ticket_attributes": fields, "open": True, "created_at": NOON}
    told = {"ticket_state": {"category": state, "internal_label": "At the bench"}, "ticket_type": {"name": "Bug"}}
    row = row_of("tickets", "tickets", {**record, **told, "category": "Customer", "admin_assignee_id": "7"})
    assert (row["ticket_number"], row["summary"], row["description"]) == ("42", "No mail", "Help")
    assert (row["status"], row["status_category"], row["is_closed"]) == ("At the bench", category, False)
    assert (row["type"], row["subtype"], row["owner_id"]) == ("Bug", "Customer", "7")
    assert json.loads(row["custom_fields"]) == fields


def test_people_and_companies_become_rows() -> None:
    contact = {"id": "c1", "name": "Ann", "role": "user", "companies": {"data": [{"id": "k1"}]}, "owner_id": 7}
    row = row_of("contacts", "contacts", {**contact, "location": {"city": "Bonn"}, "last_seen_at": NOON})
    assert (row["full_name"], row["company_id"], row["type"], row["owner_id"], row["city"]) == (
        "Ann",
        "k1",
        "user",
        "7",
        "Bonn",
    )
    assert row["last_activity_at"] == datetime(2024, 1, 2, 12, tzinfo=UTC)
    company = {
        "id": "k1",
        "name": "Acme",
        "company_id": "A-1",
        "size": 85,
        "plan": {"name": "Pro"},
        "remote_created_at": NOON,
    }
    row = row_of("companies", "companies", company)
    assert (row["name"], row["identifier"], row["employee_count"], row["type"]) == ("Acme", "A-1", 85, "Pro")
    admin = {"id": "7", "name": "Bob", "email": "bob@acme.example", "has_inbox_seat": True, "team_ids": [6]}
    row = row_of("users", "admins", admin)
    assert (row["name"], row["license_class"], row["is_active"], json.loads(row["team_ids"])) == (
        "Bob",
        "inbox seat",
        None,
        [6],
    )
