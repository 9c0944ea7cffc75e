"""Our mappings of Zendesk: records become the right rows, and a status that nobody knows has no category."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from mapped_rows import mapped_row


def row_of(table: str, endpoint: str, record: dict[str, Any]) -> dict[str, Any]:
    return mapped_row(table, "zendesk", endpoint, record)


def test_a_ticket_becomes_a_row() -> None:
    ids = {"id": 35436, "organization_id": 509974, "requester_id": 20978392, "group_id": 98738, "assignee_id": 235323}
    words = {"subject": "Help, my printer is on fire!", "description": "The fire is very colorful.", "type": "incident"}
    more = {
        "via": {"channel": "web", "source": {}},
        "problem_id": 9873764,
        "due_at": None,
        "tags": ["enterprise", "other_tag"],
        "custom_fields": [{"id": 27642, "value": "745"}],
        "satisfaction_rating": {"id": 1234, "score": "good", "comment": "Great support!"},
        "created_at": "2024-07-20T22:55:29Z",
    }
    row = row_of("tickets", "tickets", {**ids, **words, **more, "status": "hold", "priority": "urgent"})
    assert (row["ticket_number"], row["summary"]) == ("35436", "Help, my printer is on fire!")
    assert (row["status"], row["status_category"], row["is_closed"]) == ("hold", "waiting", False)
    assert (row["priority"], row["priority_level"], row["channel"]) == ("urgent", 1, "web")
    assert (row["company_id"], row["contact_id"], row["team_id"], row["owner_id"], row["parent_ticket_id"]) == (
        "509974",
        "20978392",
        "98738",
        "235323",
        "9873764",
    )
    assert row["created_at"] == datetime(2024, 7, 20, 22, 55, 29, tzinfo=UTC)
    assert row["satisfaction"] == "good"
    assert json.loads(row["tags"]) == ["enterprise", "other_tag"]
    assert json.loads(row["custom_fields"]) == [{"id": 27642, "value": "745"}]


@pytest.mark.parametrize(
    ("status", "category", "closed"),
    [
        ("new", "new", False),
        ("open", "in_progress", False),
        ("pending", "waiting", False),
        ("solved", "resolved", False),
        ("closed", "closed", True),
        ("deleted", None, None),
        ("archived-by-us", None, None),
    ],
)
def test_a_status_has_a_category_where_it_is_known(status: str, category: str | None, closed: bool | None) -> None:
    row = row_of("tickets", "tickets", {"id": 1, "status": status, "priority": None})
    assert (row["status"], row["status_category"], row["is_closed"], row["priority_level"]) == (
        status,
        category,
        closed,
        None,
    )


@pytest.mark.parametrize(("suspended", "active", "is_active"), [(False, True, True), (True, True, False)])
def test_people_are_contacts_and_agents_users(suspended: bool, active: bool, is_active: bool) -> None:
    person = {"id": 7, "name": "Johnny Agent", "email": "johnny@acme.example", "phone": "+15551234567"}
    more = {"suspended": suspended, "active": active, "organization_id": 3, "time_zone": "Copenhagen"}
    login = {"last_login_at": "2024-05-05T10:38:52Z", "created_at": "2023-05-05T10:38:52Z"}
    contact = row_of("contacts", "users", {**person, **more, **login, "role": "end-user", "user_fields": {"x": 1}})
    assert (contact["full_name"], contact["company_id"], contact["type"]) == ("Johnny Agent", "3", "end-user")
    assert contact["is_active"] is is_active
    assert contact["last_activity_at"] == datetime(2024, 5, 5, 10, 38, 52, tzinfo=UTC)
    admin = {"role": "admin", "two_factor_auth_enabled": True, "iana_time_zone": "Europe/Copenhagen"}
    user = row_of("users", "agents", {**person, **more, **login, **admin})
    assert (user["name"], user["username"], user["role"], user["is_admin"]) == (
        "Johnny Agent",
        "johnny@acme.example",
        "admin",
        True,
    )
    assert (user["is_active"], user["mfa_enabled"], user["time_zone"]) == (is_active, True, "Europe/Copenhagen")


def test_an_organization_is_a_company_and_a_policy_an_agreement() -> None:
    record = {"id": 3, "name": "Acme", "external_id": "A-1", "domain_names": ["acme.example", "acme.test"]}
    row = row_of("companies", "organizations", {**record, "organization_fields": {"tier": "gold"}})
    assert (row["name"], row["identifier"], row["website"]) == ("Acme", "A-1", "acme.example")
    assert (row["status_category"], row["is_customer"], json.loads(row["custom_fields"])) == (
        None,
        None,
        {"tier": "gold"},
    )
    policy = row_of("agreements", "sla_policies", {"id": 9, "title": "Incidents", "created_at": "2024-01-01T00:00:00Z"})
    assert (policy["name"], policy["type"], policy["status_category"]) == ("Incidents", "SLA policy", None)
