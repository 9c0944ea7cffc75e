"""Our mappings of ClickUp: records become the right rows."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from mapped_rows import mapped_row

LIST = {
    "id": "124",
    "name": "Printers",
    "content": "All of them.",
    "archived": False,
    "assignee": "183",
    "due_date": "1567780450202",
    "start_date": None,
    "space": {"id": "789", "name": "Service desk"},
}
TASK: dict[str, Any] = {
    "id": "av1",
    "name": "Printer on fire",
    "description": "Smoke.",
    "status": {"status": "in review", "type": "custom"},
    "orderindex": "1.5000",
    "date_created": "1508369194377",
    "date_updated": "1508369194377",
    "date_closed": None,
    "creator": {"id": 123, "username": "Ada Doe"},
    "assignees": [{"id": 183, "username": "Bob Roe"}, {"id": 184, "username": "Cy Poe"}],
    "tags": [{"name": "fire", "tag_fg": "#000"}],
    "parent": "av0",
    "priority": {"priority": "high", "id": "2"},
    "due_date": "1508369194377",
    "start_date": None,
    "time_estimate": 5_400_000,
    "custom_fields": [{"id": "c1", "name": "Floor", "value": "3"}],
    "team_id": "1234",
    "url": "https://app.clickup.com/t/av1",
    "list": {"id": "124", "name": "Printers"},
}
MOMENT = datetime(2017, 10, 18, 23, 26, 34, 377000, tzinfo=UTC)


def test_a_workspace_becomes_a_company() -> None:
    row = mapped_row("companies", "clickup", "workspaces", {"id": "1234", "name": "Acme", "members": []})
    assert (row["name"], row["type"]) == ("Acme", "Workspace")


@pytest.mark.parametrize("table", ["folder_lists", "space_lists"])
def test_a_list_becomes_a_project(table: str) -> None:
    row = mapped_row("projects", "clickup", table, LIST)
    assert (row["name"], row["type"], row["board_name"]) == ("Printers", "List", "Service desk")
    assert (row["status"], row["status_category"], row["manager_id"]) == ("active", "active", "183")
    assert (row["starts_on"], row["ends_on"], row["description"]) == (None, date(2019, 9, 6), "All of them.")
    archived = mapped_row("projects", "clickup", table, {**LIST, "archived": True})
    assert (archived["status"], archived["status_category"]) == ("archived", None)


def test_a_folder_becomes_a_project() -> None:
    row = mapped_row("projects", "clickup", "folders", {"id": "457", "name": "Moves", "archived": False})
    assert (row["name"], row["type"], row["status_category"]) == ("Moves", "Folder", "active")


@pytest.mark.parametrize("table", ["tasks", "list_tasks"])
def test_a_task_becomes_a_task_of_its_list(table: str) -> None:
    row = mapped_row("tasks", "clickup", table, TASK)
    assert (row["name"], row["status"], row["status_category"]) == ("Printer on fire", "in review", "in_progress")
    assert (row["priority"], row["project_id"], row["company_id"]) == ("high", "124", "1234")
    assert (row["parent_task_id"], row["owner_id"], row["owner_name"]) == ("av0", "183", "Bob Roe")
    assert (row["starts_at"], row["due_at"], row["completed_at"], row["created_at"]) == (None, MOMENT, None, MOMENT)
    assert (row["budget_hours"], row["position"], row["created_by"]) == (Decimal("1.5"), Decimal("1.5"), "Ada Doe")
    assert (json.loads(row["tags"]), json.loads(row["custom_fields"])[0]["value"]) == (["fire"], "3")


@pytest.mark.parametrize("table", ["tasks", "list_tasks"])
@pytest.mark.parametrize(
    ("type_", "category"),
    [("open", "open"), ("custom", "in_progress"), ("done", "done"), ("closed", "done"), ("odd", None)],
)
def test_the_type_of_a_status_becomes_a_category(table: str, type_: str, category: str | None) -> None:
    done = {"date_done": "1508369194377"} if category == "done" else {}
    row = mapped_row("tasks", "clickup", table, {**TASK, "status": {"status": "X", "type": type_}, **done})
    assert (row["status"], row["status_category"]) == ("X", category)
    assert row["completed_at"] == (MOMENT if done else None)


@pytest.mark.parametrize(("sent", "priority"), [(1, "urgent"), (4, "low"), (9, None), (None, None)])
def test_a_priority_may_be_a_number(sent: int | None, priority: str | None) -> None:
    assert mapped_row("tasks", "clickup", "tasks", {**TASK, "priority": sent})["priority"] == priority


def test_a_list_tells_how_long_its_tasks_took() -> None:
    row = mapped_row("tasks", "clickup", "list_tasks", {**TASK, "time_estimate": "3600000", "time_spent": 900_000})
    assert (row["budget_hours"], row["actual_hours"]) == (Decimal(1), Decimal("0.25"))


ENTRY: dict[str, Any] = {
    "id": "1963465985517105840",
    "task": {"id": "av1", "name": "Printer on fire"},
    "wid": "1234",
    "user": {"id": 183, "username": "Bob Roe"},
    "billable": True,
    "start": 1592841559129,
    "end": "1592845159129",
    "duration": "3600000",
    "description": "Put out.",
    "task_location": {"list_id": 124},
    "task_url": "https://app.clickup.com/t/av1",
}


def test_a_time_entry_becomes_time_on_its_task() -> None:
    row = mapped_row("time_entries", "clickup", "time_entries", ENTRY)
    assert (row["task_id"], row["project_id"], row["company_id"]) == ("av1", "124", "1234")
    assert (row["user_id"], row["user_name"], row["is_billable"]) == ("183", "Bob Roe", True)
    assert (row["started_at"], row["work_date"]) == (
        datetime(2020, 6, 22, 15, 59, 19, 129000, tzinfo=UTC),
        date(2020, 6, 22),
    )
    assert (row["hours"], row["notes"], row["status"]) == (Decimal(1), "Put out.", None)


def test_a_timer_that_runs_has_no_hours_yet() -> None:
    running = {**ENTRY, "end": None, "duration": "-1592841559129", "task": "0"}
    row = mapped_row("time_entries", "clickup", "time_entries", running)
    assert (row["hours"], row["ended_at"], row["task_id"]) == (None, None, None)


def test_time_that_was_approved_says_when_and_by_whom() -> None:
    approval = {"status": "approved", "approved_at": 1592845159129, "approver_id": 184}
    row = mapped_row("time_entries", "clickup", "time_entries", {**ENTRY, "approval": approval})
    assert (row["status"], row["approved_by"]) == ("approved", "184")
    assert row["approved_at"] == datetime(2020, 6, 22, 16, 59, 19, 129000, tzinfo=UTC)
