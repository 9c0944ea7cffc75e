"""Our mappings of Jira: records become the right rows."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from mapped_rows import mapped_row


def test_an_issue_becomes_a_row() -> None:
    row = mapped_row(
        "tickets",
        "jira",
        "issues",
        {
            "id": "10001",
            "key": "HELP-7",
            "fields": {
                "summary": "Printer is on fire",
                "status": {"name": "Escalated", "statusCategory": {"id": 4, "key": "indeterminate"}},
                "priority": {"name": "Highest"},
                "reporter": {"accountId": "a1", "displayName": "Ada"},
                "assignee": None,
                "project": {"id": "10000"},
                "timespent": 5400,
                "timeoriginalestimate": None,
                "duedate": "2026-03-05",
                "created": "2026-03-01T09:15:22.333+0200",
                "labels": ["vip"],
                "customfield_10001": {"value": "heat"},
                "customfield_10002": None,
            },
        },
    )
    assert (row["ticket_number"], row["status_category"], row["is_closed"]) == ("HELP-7", "in_progress", False)
    assert (row["priority_level"], row["contact_id"], row["owner_id"]) == (1, "a1", None)
    assert (row["actual_hours"], row["budget_hours"], row["project_id"]) == (Decimal("1.5"), None, "10000")
    assert row["created_at"] == datetime(2026, 3, 1, 7, 15, 22, 333_000, tzinfo=UTC)
    assert row["due_at"] == datetime(2026, 3, 5, tzinfo=UTC)
    assert json.loads(row["custom_fields"]) == {"customfield_10001": {"value": "heat"}}


@pytest.mark.parametrize(
    ("name", "key", "category"),
    [
        ("Canceled", "done", "cancelled"),
        ("Waiting for customer", "indeterminate", "waiting"),
        ("Resolved", "done", "resolved"),
        ("The tenant's own", "new", "new"),
        ("The tenant's own", "done", "closed"),
        ("The tenant's own", "undefined", None),
    ],
)
def test_a_status_is_known_by_its_name_or_by_jiras_own_category(name: str, key: str, category: str | None) -> None:
    changed = "2026-03-01T12:00:00.000+0000"
    fields: dict[str, Any] = {
        "status": {"name": name, "statusCategory": {"key": key}},
        "statuscategorychangedate": changed,
    }
    row = mapped_row("tickets", "jira", "issues", {"id": "1", "fields": fields})
    assert (row["status_category"], row["closed_at"] is not None) == (category, key == "done")


def test_a_worklog_becomes_a_row_in_hours_on_the_day_as_it_was_written() -> None:
    worklog = {"id": "5", "issueId": "10001", "author": {"accountId": "a1"}, "timeSpentSeconds": 900}
    row = mapped_row("time_entries", "jira", "worklogs", {**worklog, "started": "2026-03-01T23:30:00.000-0800"})
    assert (row["ticket_id"], row["user_id"], row["hours"]) == ("10001", "a1", Decimal("0.25"))
    assert (row["work_date"], row["started_at"]) == (date(2026, 3, 1), datetime(2026, 3, 2, 7, 30, tzinfo=UTC))


def test_projects_people_and_organizations_become_rows() -> None:
    project = mapped_row("projects", "jira", "projects", {"id": "1", "key": "HELP", "lead": {"accountId": "a1"}})
    assert (project["number"], project["manager_id"]) == ("HELP", "a1")
    user = mapped_row("users", "jira", "users", {"accountId": "a1", "displayName": "Ada", "active": False})
    assert (user["name"], user["is_active"], user["email"]) == ("Ada", False, None)
    company = mapped_row("companies", "jira", "organizations", {"id": "2", "created": {"epochMillis": 1772366400000}})
    assert company["created_at"] == datetime(2026, 3, 1, 12, tzinfo=UTC)
    contact = mapped_row("contacts", "jira", "customers", {"accountId": "a2", "displayName": "Bob", "active": True})
    assert (contact["full_name"], contact["is_active"]) == ("Bob", True)


@pytest.mark.parametrize("fields", [None, [], "text", {}, {"customfield_1": None}, {"summary": "x"}])
def test_an_issue_without_custom_fields_has_none(fields: Any) -> None:
    assert mapped_row("tickets", "jira", "issues", {"id": "1", "fields": fields})["custom_fields"] is None
