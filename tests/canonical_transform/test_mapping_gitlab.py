"""Our mappings of GitLab: records become the right rows."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from mapped_rows import mapped_row

ADA = {"id": 8, "name": "Ada Doe", "username": "ada"}
ISSUE = {
    "id": 76,
    "iid": 6,
    "project_id": 8,
    "title": "Printer on fire",
    "description": "Smoke.",
    "state": "opened",
    "type": "ISSUE",
    "author": {"id": 7, "name": "Bob", "username": "bob"},
    "assignees": [ADA],
    "assignee": {"id": 1, "name": "Old"},
    "labels": ["bug", "urgent"],
    "due_date": "2024-03-01",
    "time_stats": {"time_estimate": 0, "total_time_spent": 5400},
    "web_url": "https://gitlab.com/acme/desk/-/issues/6",
}


@pytest.mark.parametrize("table", ["issues", "group_issues", "project_issues"])
def test_an_issue_becomes_a_ticket_wherever_it_is_listed(table: str) -> None:
    row = mapped_row("tickets", "gitlab", table, ISSUE)
    assert (row["ticket_number"], row["summary"], row["status_category"]) == ("6", "Printer on fire", "in_progress")
    assert (row["owner_id"], row["owner_name"], row["contact_name"]) == ("8", "Ada Doe", "Bob")
    assert (row["project_id"], row["is_closed"], json.loads(row["tags"])) == ("8", False, ["bug", "urgent"])
    assert row["due_at"] == datetime(2024, 3, 1, tzinfo=UTC)
    assert (row["budget_hours"], row["actual_hours"]) == (None, Decimal("1.5"))


@pytest.mark.parametrize(("state", "category"), [("opened", "in_progress"), ("closed", "closed"), ("odd", None)])
def test_a_state_becomes_a_category(state: str, category: str | None) -> None:
    row = mapped_row("tickets", "gitlab", "issues", {**ISSUE, "state": state})
    assert (row["status"], row["status_category"]) == (state, category)


@pytest.mark.parametrize("table", ["merge_requests", "group_merge_requests"])
@pytest.mark.parametrize(
    ("state", "category"),
    [("opened", "in_progress"), ("locked", "in_progress"), ("merged", "done"), ("closed", "cancelled"), ("odd", None)],
)
def test_a_merge_request_becomes_a_task(table: str, state: str, category: str | None) -> None:
    times = {"merged_at": "2024-02-01T00:00:00Z", "closed_at": None} if state == "merged" else {}
    row = mapped_row("tasks", "gitlab", table, {**ISSUE, "state": state, **times})
    assert (row["name"], row["status_category"], row["project_id"]) == ("Printer on fire", category, "8")
    assert (row["completed_at"] is not None) == (state == "merged")


@pytest.mark.parametrize("table", ["projects", "group_projects"])
def test_a_project_belongs_to_its_group_and_to_nobody_where_a_person_has_it(table: str) -> None:
    record: dict[str, Any] = {
        "id": 8,
        "name": "desk",
        "archived": False,
        "visibility": "internal",
        "namespace": {"id": 3, "kind": "group", "name": "Acme"},
        "creator_id": 7,
        "topics": ["atom"],
    }
    row = mapped_row("projects", "gitlab", table, record)
    assert (row["company_id"], row["company_name"], row["status_category"]) == ("3", "Acme", "active")
    assert (row["type"], row["created_by"], json.loads(row["tags"])) == ("Internal repository", "7", ["atom"])
    own = mapped_row("projects", "gitlab", table, {**record, "namespace": {"id": 9, "kind": "user"}, "archived": True})
    assert (own["company_id"], own["status"], own["status_category"]) == (None, "archived", None)


def test_an_epic_becomes_a_project_of_its_group() -> None:
    epic = {"id": 5, "iid": 2, "group_id": 3, "title": "Move", "state": "closed", "start_date": "2024-01-01"}
    row = mapped_row("projects", "gitlab", "epics", epic)
    assert (row["name"], row["number"], row["company_id"], row["status_category"]) == ("Move", "2", "3", "completed")
    assert row["starts_on"] == date(2024, 1, 1)


@pytest.mark.parametrize(
    ("state", "active"),
    [("active", True), ("blocked", False), ("deactivated", False), ("banned", False), ("odd", None)],
)
def test_people_become_users(state: str, active: bool | None) -> None:
    person = {**ADA, "state": state, "email": None, "public_email": "ada@acme.example", "is_admin": True}
    user = mapped_row("users", "gitlab", "users", {**person, "two_factor_enabled": True})
    assert (user["username"], user["email"], user["is_active"]) == ("ada", "ada@acme.example", active)
    assert (user["is_admin"], user["mfa_enabled"]) == (True, True)
    member = mapped_row("users", "gitlab", "group_members", {**ADA, "state": state, "access_level": 50})
    assert (member["name"], member["is_active"], member["role"]) == ("Ada Doe", active, None)


def test_a_group_becomes_a_company_and_a_seat_in_it_an_agreement() -> None:
    group = {"id": 3, "name": "Desk", "full_path": "acme/desk", "parent_id": 2}
    company = mapped_row("companies", "gitlab", "groups", group)
    assert (company["name"], company["identifier"], company["parent_company_id"]) == ("Desk", "acme/desk", "2")
    seat = {**ADA, "state": "active", "membership_type": "group_member"}
    row = mapped_row("agreements", "gitlab", "billable_members", seat, parent_id="3")
    assert (row["type"], row["status_category"], row["company_id"]) == ("group_member", "active", "3")
