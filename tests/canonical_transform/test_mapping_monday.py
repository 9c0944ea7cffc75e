"""Our mappings of monday.com: records become the right rows."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from mapped_rows import mapped_row


def row_of(table: str, endpoint: str, **record: Any) -> dict[str, Any]:
    return mapped_row(table, "monday", endpoint, record)


def column(id_: str, type_: str, title: str, text: str | None) -> dict[str, Any]:
    return {"id": id_, "type": type_, "text": text, "value": None, "column": {"title": title}}


COLUMNS = [
    column("person", "people", "Owner", "Ada Doe"),
    column("status_1", "status", "Priority", "High"),
    column("color_mk1", "status", "Status", "Working on it"),
    column("date4", "date", "Due date", "2024-02-01"),
]


def test_an_item_becomes_a_task() -> None:
    row = row_of(
        "tasks",
        "items",
        id="7",
        name="Replace the router",
        state="active",
        board={"id": "1", "name": "Projects"},
        parent_item=None,
        creator_id="3",
        created_at="2024-01-31T14:05:09Z",
        url="https://acme.monday.com/boards/1/pulses/7",
        column_values=COLUMNS,
    )
    assert (row["name"], row["project_id"], row["parent_task_id"]) == ("Replace the router", "1", None)
    assert (row["status"], row["status_category"], row["priority"]) == ("Working on it", "in_progress", "High")
    assert (row["owner_name"], row["created_by"]) == ("Ada Doe", "3")
    assert row["due_at"] == datetime(2024, 2, 1, tzinfo=UTC)
    assert json.loads(row["custom_fields"])[0]["text"] == "Ada Doe"


@pytest.mark.parametrize(
    ("columns", "status", "category"),
    [
        ([column("status", "status", "Zustand", "Done")], "Done", "done"),
        ([column("status", "status", "Status", "Der eigene")], "Der eigene", None),
        ([column("status_1", "status", "Priority", "High")], None, None),
        ([column("status", "status", "Status", None)], None, None),
        (None, None, None),
    ],
)
def test_an_items_status_is_found_by_its_column(columns: Any, status: str | None, category: str | None) -> None:
    row = row_of("tasks", "items", column_values=columns)
    assert (row["status"], row["status_category"], row["due_at"]) == (status, category, None)


def test_a_subitem_is_a_task_below_its_item() -> None:
    values = [{"id": "status", "type": "status", "text": "Stuck"}, {"id": "person", "type": "people", "text": ""}]
    row = row_of(
        "tasks", "subitems", id="8", name="Order it", parent_item={"id": "7"}, board={"id": "2"}, column_values=values
    )
    assert (row["name"], row["parent_task_id"], row["project_id"]) == ("Order it", "7", "2")
    assert (row["status"], row["status_category"]) == ("Stuck", "in_progress")


def test_tracked_time_becomes_hours() -> None:
    record = {"id": "time", "duration": 5400, "started_at": "2024-01-31T23:00:00Z"}
    row = mapped_row("time_entries", "monday", "time_tracking", record, parent_id="7")
    assert row["task_id"] == "7"
    assert (row["hours"], row["work_date"]) == (Decimal("1.5"), date(2024, 1, 31))
    assert row["started_at"] == datetime(2024, 1, 31, 23, tzinfo=UTC)
    never = row_of("time_entries", "time_tracking", id="time", duration=None, started_at=None)
    assert (never["hours"], never["started_at"]) == (None, None)


def test_a_board_becomes_a_project() -> None:
    row = row_of(
        "projects",
        "boards",
        id="1",
        name="Projects",
        state="active",
        type="board",
        description=None,
        url="https://acme.monday.com/boards/1",
        owners=[{"id": "3", "name": "Ada Doe"}, {"id": "4", "name": "Bob"}],
        creator={"id": "4", "name": "Bob"},
        tags=[{"id": "9", "name": "vip"}],
    )
    assert (row["name"], row["status"], row["status_category"]) == ("Projects", "active", "active")
    assert (row["manager_id"], row["manager_name"], row["created_by"]) == ("3", "Ada Doe", "Bob")
    assert json.loads(row["tags"]) == ["vip"]
    assert row_of("projects", "boards", state="archived", owners=[])["status_category"] is None


def test_a_user_becomes_a_row() -> None:
    user = {
        "id": "3",
        "name": "Ada Doe",
        "email": "ada@acme.example",
        "kind": "admin",
        "status": "ACTIVE",
        "is_deleted": False,
        "phone": "",
        "mobile_phone": "+1",
        "time_zone_identifier": "Europe/Berlin",
        "last_activity": "2024-01-31T14:05:09Z",
        "teams": [{"id": "5", "name": "Desk"}],
    }
    row = row_of("users", "users", **user)
    assert (row["name"], row["role"], row["is_admin"], row["is_active"]) == ("Ada Doe", "admin", True, True)
    assert (row["phone"], row["time_zone"], json.loads(row["team_ids"])) == ("+1", "Europe/Berlin", ["5"])
    assert row["last_login_at"] == datetime(2024, 1, 31, 14, 5, 9, tzinfo=UTC)
    for change, active in (({"status": "PENDING"}, False), ({"is_deleted": True}, False), ({"status": "X"}, None)):
        assert row_of("users", "users", **{**user, **change})["is_active"] is active
    assert row_of("users", "users", **{**user, "kind": "of their own"})["is_admin"] is None


def test_the_account_becomes_a_company() -> None:
    row = row_of(
        "companies",
        "account",
        id="1",
        name="Acme",
        slug="acme",
        tier="pro",
        country_code="DE",
        active_members_count=12,
    )
    assert (row["name"], row["identifier"], row["country"], row["employee_count"]) == ("Acme", "acme", "DE", 12)
