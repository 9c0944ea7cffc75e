"""Our mappings of GitHub: records become the right rows."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from mapped_rows import mapped_row

ISSUE = {
    "id": 1,
    "number": 1347,
    "title": "Printer on fire",
    "body": "Smoke.",
    "state": "open",
    "state_reason": None,
    "user": {"id": 7, "login": "octocat"},
    "assignees": [{"id": 8, "login": "hubot"}, {"id": 9, "login": "ada"}],
    "labels": [{"id": 3, "name": "bug"}, "urgent"],
    "milestone": {"due_on": "2024-03-01T08:00:00Z"},
    "repository": {"name": "Hello-World"},
    "html_url": "https://github.com/acme/Hello-World/issues/1347",
    "created_at": "2024-01-31T14:05:09Z",
}


def issue(**record: Any) -> dict[str, Any]:
    return mapped_row("tickets", "github", "issues", {**ISSUE, **record}, parent_id="Hello-World")


def test_an_issue_becomes_a_ticket_of_its_repository() -> None:
    row = issue()
    assert (row["ticket_number"], row["summary"], row["status"]) == ("1347", "Printer on fire", "open")
    assert (row["owner_id"], row["owner_name"], row["contact_name"]) == ("8", "hubot", "octocat")
    assert (row["project_id"], row["type"], row["is_closed"]) == ("Hello-World", None, False)
    assert row["due_at"] == datetime(2024, 3, 1, 8, tzinfo=UTC)
    assert "bug" in json.loads(row["tags"])
    of_org = mapped_row("tickets", "github", "org_issues", ISSUE)
    assert (of_org["project_id"], of_org["summary"]) == ("Hello-World", "Printer on fire")


@pytest.mark.parametrize(
    ("state", "reason", "category"),
    [
        ("open", None, "in_progress"),
        ("open", "reopened", "in_progress"),
        ("closed", "completed", "closed"),
        ("closed", "not_planned", "cancelled"),
        ("closed", "duplicate", "cancelled"),
        ("closed", None, "closed"),
        ("odd", "odd", None),
    ],
)
def test_a_state_and_its_reason_become_a_category(state: str, reason: str | None, category: str | None) -> None:
    row = issue(state=state, state_reason=reason, closed_at="2024-02-01T00:00:00Z")
    assert row["status_category"] == category
    assert (row["resolved_at"] is not None) == (reason == "completed")


def test_a_pull_request_among_issues_says_what_it_is() -> None:
    assert issue(pull_request={"url": "https://api.github.com/x/pulls/1"})["type"] == "Pull request"
    assert issue(type={"name": "Bug"})["type"] == "Bug"


@pytest.mark.parametrize(
    ("state", "merged", "category"),
    [("open", None, "in_progress"), ("closed", "2024-02-01T00:00:00Z", "done"), ("closed", None, "cancelled")],
)
def test_a_pull_request_becomes_a_task(state: str, merged: str | None, category: str) -> None:
    record = {
        "id": 5,
        "title": "Fix it",
        "state": state,
        "merged_at": merged,
        "closed_at": None if state == "open" else "2024-02-01T00:00:01Z",
        "base": {"repo": {"name": "Hello-World"}},
        "assignees": [],
        "assignee": {"id": 1, "login": "old"},
    }
    row = mapped_row("tasks", "github", "pull_requests", record)
    assert (row["status_category"], row["project_id"], row["owner_id"]) == (category, "Hello-World", None)
    assert (row["completed_at"] is None) == (state == "open")


def test_repositories_and_projects_become_projects() -> None:
    record = {"name": "Hello-World", "archived": False, "visibility": "private", "topics": ["atom"]}
    row = mapped_row("projects", "github", "repositories", record)
    assert (row["name"], row["status"], row["status_category"]) == ("Hello-World", "active", "active")
    assert (row["type"], json.loads(row["tags"])) == ("Private repository", ["atom"])
    archived = mapped_row("projects", "github", "repositories", {**record, "archived": True})
    assert (archived["status"], archived["status_category"]) == ("archived", None)
    project = {
        "id": 2,
        "number": 4,
        "title": "Move",
        "state": "open",
        "latest_status_update": {"status": "INACTIVE", "start_date": "2024-01-01", "target_date": "2024-06-30"},
        "creator": {"login": "octocat"},
    }
    row = mapped_row("projects", "github", "projects", project)
    assert (row["name"], row["number"], row["status_category"]) == ("Move", "4", "on_hold")
    assert (row["starts_on"], row["ends_on"]) == (date(2024, 1, 1), date(2024, 6, 30))
    plain = {**project, "latest_status_update": None}
    assert mapped_row("projects", "github", "projects", plain)["status_category"] == "active"
    assert (
        mapped_row("projects", "github", "projects", {**project, "state": "closed"})["status_category"] == "completed"
    )


def test_people_become_users_and_nobody_is_called_an_administrator() -> None:
    person = {"id": 7, "login": "octocat", "name": None, "email": None, "site_admin": True}
    member = mapped_row("users", "github", "members", person)
    assert (member["name"], member["username"], member["role"], member["is_admin"]) == (
        "octocat",
        "octocat",
        None,
        None,
    )
    outside = mapped_row("users", "github", "outside_collaborators", person)
    assert (outside["username"], outside["role"]) == ("octocat", "outside collaborator")


def test_a_seat_becomes_an_agreement() -> None:
    seat = {
        "assignee": {"id": 7, "login": "octocat"},
        "plan_type": "business",
        "created_at": "2024-01-31T14:05:09Z",
        "pending_cancellation_date": "2024-07-01",
    }
    row = mapped_row("agreements", "github", "copilot_seats", seat)
    assert (row["name"], row["type"], row["quantity"]) == ("GitHub Copilot", "business", Decimal(1))
    assert (row["starts_on"], row["ends_on"]) == (date(2024, 1, 31), date(2024, 7, 1))
