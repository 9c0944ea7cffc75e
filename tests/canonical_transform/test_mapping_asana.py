"""Our mappings of Asana: records become the right rows."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from mapped_rows import mapped_row

ACME = {"gid": "900", "name": "Acme", "resource_type": "workspace"}
ADA = {"gid": "183", "name": "Ada Doe", "resource_type": "user"}


@pytest.mark.parametrize(("is_organization", "type_"), [(True, "Organization"), (False, "Workspace"), (None, None)])
def test_a_workspace_becomes_a_company(is_organization: bool | None, type_: str | None) -> None:
    record = {**ACME, "is_organization": is_organization, "email_domains": ["acme.example"]}
    row = mapped_row("companies", "asana", "workspaces", record)
    assert (row["name"], row["type"], row["website"]) == ("Acme", type_, "acme.example")


def test_a_user_becomes_a_user() -> None:
    row = mapped_row("users", "asana", "users", {**ADA, "email": "ada@acme.example", "custom_fields": []})
    assert (row["name"], row["email"]) == ("Ada Doe", "ada@acme.example")


PROJECT: dict[str, Any] = {
    "gid": "1",
    "name": "Move",
    "notes": "To the new house.",
    "archived": False,
    "completed": False,
    "completed_at": None,
    "created_at": "2026-01-05T08:00:00.123Z",
    "current_status": {"gid": "5", "color": "yellow", "title": "Late"},
    "start_on": "2026-01-10",
    "due_on": "2026-04-01",
    "owner": ADA,
    "team": {"gid": "7", "name": "Projects"},
    "workspace": ACME,
    "permalink_url": "https://app.asana.com/0/1/1",
    "custom_fields": [{"gid": "2", "name": "Budget", "display_value": "9"}],
}


def test_a_project_becomes_a_project_of_its_workspace() -> None:
    row = mapped_row("projects", "asana", "projects", PROJECT)
    assert (row["name"], row["company_id"], row["company_name"], row["board_name"]) == (
        "Move",
        "900",
        "Acme",
        "Projects",
    )
    assert (row["manager_id"], row["manager_name"], row["description"]) == ("183", "Ada Doe", "To the new house.")
    assert (row["starts_on"], row["ends_on"], row["actual_ends_on"]) == (date(2026, 1, 10), date(2026, 4, 1), None)
    assert row["created_at"] == datetime(2026, 1, 5, 8, 0, 0, 123000, tzinfo=UTC)
    assert json.loads(row["custom_fields"])[0]["display_value"] == "9"


@pytest.mark.parametrize(
    ("changes", "status", "category"),
    [
        ({}, "yellow", "active"),
        ({"current_status": None}, None, "active"),
        ({"current_status": {"color": "blue"}}, "blue", "on_hold"),
        ({"current_status": {"color": "complete"}}, "complete", "completed"),
        ({"archived": True}, "archived", None),
        ({"completed": True, "archived": True, "completed_at": "2026-03-01T10:00:00.000Z"}, "completed", "completed"),
    ],
)
def test_how_a_project_stands_becomes_a_category(
    changes: dict[str, Any], status: str | None, category: str | None
) -> None:
    row = mapped_row("projects", "asana", "projects", {**PROJECT, **changes})
    assert (row["status"], row["status_category"]) == (status, category)


TASK: dict[str, Any] = {
    "gid": "70",
    "resource_subtype": "default_task",
    "name": "Pack the servers",
    "notes": "Carefully.",
    "actual_time_minutes": 90,
    "assignee": ADA,
    "completed": False,
    "completed_at": None,
    "created_at": "2026-01-05T08:00:00.000Z",
    "created_by": {"gid": "184", "resource_type": "user"},
    "custom_fields": [{"gid": "2", "name": "Priority", "display_value": "High"}],
    "due_at": None,
    "due_on": "2026-02-01",
    "start_at": "2026-01-20T09:00:00.000Z",
    "start_on": "2026-01-20",
    "memberships": [{"project": {"gid": "1", "name": "Move"}, "section": {"gid": "4", "name": "Doing"}}],
    "projects": [{"gid": "1", "name": "Move"}],
    "parent": {"gid": "69", "name": "Pack"},
    "tags": [{"gid": "8", "name": "fragile"}],
    "workspace": ACME,
    "permalink_url": "https://app.asana.com/0/1/70",
}


@pytest.mark.parametrize("table", ["tasks", "tasks_search"])
def test_a_task_becomes_a_task_wherever_it_is_found(table: str) -> None:
    row = mapped_row("tasks", "asana", table, TASK)
    assert (row["name"], row["description"], row["type"]) == ("Pack the servers", "Carefully.", "default_task")
    assert (row["status"], row["status_category"], row["priority"]) == ("incomplete", "open", "High")
    assert (row["project_id"], row["company_id"], row["parent_task_id"]) == ("1", "900", "69")
    assert (row["owner_id"], row["owner_name"], row["created_by"]) == ("183", "Ada Doe", "184")
    assert row["starts_at"] == datetime(2026, 1, 20, 9, tzinfo=UTC)
    assert (row["due_at"], row["completed_at"]) == (datetime(2026, 2, 1, tzinfo=UTC), None)
    assert (row["actual_hours"], json.loads(row["tags"])) == (Decimal("1.5"), ["fragile"])


@pytest.mark.parametrize("table", ["tasks", "tasks_search"])
def test_a_completed_task_is_done_and_a_word_of_its_own_type_comes_first(table: str) -> None:
    done = {**TASK, "completed": True, "completed_at": "2026-01-30T10:00:00.000Z", "memberships": []}
    row = mapped_row("tasks", "asana", table, done)
    assert (row["status"], row["status_category"], row["project_id"]) == ("completed", "done", "1")
    assert row["completed_at"] == datetime(2026, 1, 30, 10, tzinfo=UTC)
    typed = mapped_row("tasks", "asana", table, {**done, "custom_type_status_option": {"name": "Shipped"}})
    assert (typed["status"], typed["status_category"]) == ("Shipped", "done")


ENTRY: dict[str, Any] = {
    "gid": "11",
    "duration_minutes": 45,
    "entered_on": "2026-02-14",
    "attributable_to": {"gid": "1", "name": "Move"},
    "created_by": ADA,
    "task": {"gid": "70", "name": "Pack the servers"},
    "created_at": "2026-02-15T08:00:00.000Z",
    "approval_status": "APPROVED",
    "billable_status": "billable",
    "categories": [{"gid": "3", "name": "On site"}],
    "description": "Packed.",
}


def test_a_time_tracking_entry_becomes_time_on_its_task() -> None:
    row = mapped_row("time_entries", "asana", "time_tracking_entries", ENTRY, parent_id="900")
    assert (row["task_id"], row["project_id"], row["company_id"]) == ("70", "1", "900")
    assert (row["user_id"], row["user_name"], row["work_date"]) == ("183", "Ada Doe", date(2026, 2, 14))
    assert (row["hours"], row["work_type_id"], row["work_type"]) == (Decimal("0.75"), "3", "On site")
    assert (row["status"], row["is_approved"], row["notes"]) == ("APPROVED", True, "Packed.")


@pytest.mark.parametrize(
    ("said", "is_billable"), [("billable", True), ("nonBillable", False), ("notApplicable", None), ("odd", None)]
)
def test_whether_time_is_billable_is_told_by_a_word(said: str, is_billable: bool | None) -> None:
    row = mapped_row("time_entries", "asana", "time_tracking_entries", {**ENTRY, "billable_status": said})
    assert (row["billable_option"], row["is_billable"]) == (said, is_billable)


@pytest.mark.parametrize(("said", "is_approved"), [("DRAFT", False), ("SUBMITTED", False), ("odd", None)])
def test_time_that_is_not_approved_says_so(said: str, is_approved: bool | None) -> None:
    row = mapped_row("time_entries", "asana", "time_tracking_entries", {**ENTRY, "approval_status": said})
    assert row["is_approved"] is is_approved
