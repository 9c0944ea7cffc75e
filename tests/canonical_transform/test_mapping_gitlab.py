"""Our mappings of GitLab: records become the right rows."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from mapped_rows import mapped_row

ADA = {"id": 7, "name": "Ada Lovelace", "username": "ada"}


def row_of(table: str, endpoint: str, under: str | None = None, **record: Any) -> dict[str, Any]:
    return mapped_row(table, "gitlab", endpoint, record, under)


@pytest.mark.parametrize(
    ("state", "category", "closed"), [("opened", None, False), ("closed", "closed", True), ("odd", None, None)]
)
def test_an_issue_becomes_a_ticket(state: str, category: str | None, closed: bool | None) -> None:
    row = row_of(
        "tickets",
        "group_issues",
        iid=12,
        title="Mail",
        state=state,
        project_id=3,
        assignees=[ADA],
        time_stats={"time_estimate": 7200, "total_time_spent": 1800},
        due_date="2026-03-01",
    )
    assert (row["ticket_number"], row["summary"], row["status"]) == ("12", "Mail", state)
    assert (row["status_category"], row["is_closed"], row["owner_name"]) == (category, closed, "Ada Lovelace")
    assert (row["budget_hours"], row["actual_hours"], row["project_id"]) == (2, Decimal("0.5"), "3")
    assert row["due_at"] == datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("state", "category"), [("opened", "open"), ("merged", "done"), ("closed", "cancelled"), ("locked", None)]
)
def test_a_merge_request_becomes_a_task(state: str, category: str | None) -> None:
    row = row_of("tasks", "group_merge_requests", title="Fix", state=state, assignee=ADA, assignees=[])
    assert (row["name"], row["status_category"], row["owner_id"]) == ("Fix", category, "7")


def test_groups_projects_and_epics_become_rows() -> None:
    group = row_of("companies", "groups", name="Acme", full_path="msp/acme", parent_id=5)
    assert (group["name"], group["identifier"], group["parent_company_id"]) == ("Acme", "msp/acme", "5")
    project = row_of("projects", "group_projects", name="Site", archived=False, namespace={"id": 2, "name": "Acme"})
    assert (project["status_category"], project["company_id"], project["company_name"]) == ("active", "2", "Acme")
    assert row_of("projects", "group_projects", name="Old", archived=True)["status_category"] is None
    epic = row_of("projects", "epics", title="Move", state="closed", start_date="2026-03-01", group_id=2)
    assert (epic["status_category"], epic["starts_on"], epic["company_id"]) == ("completed", date(2026, 3, 1), "2")


@pytest.mark.parametrize(("state", "active"), [("active", True), ("blocked", False), ("awaiting", None)])
def test_users_and_members_become_rows(state: str, active: bool | None) -> None:
    user = row_of("users", "users", name="Ada", state=state, is_admin=True, two_factor_enabled=False)
    assert (user["is_active"], user["is_admin"], user["mfa_enabled"]) == (active, True, False)
    member = row_of("users", "group_members", name="Ada", state=state, access_level=40)
    assert (member["is_active"], member["role"]) == (active, "Maintainer")


def test_a_billable_member_is_a_seat_of_its_group() -> None:
    row = row_of("agreements", "billable_members", "g-1", name="Ada", state="active", membership_type="group_member")
    assert (row["company_id"], row["quantity"], row["status_category"]) == ("g-1", 1, "active")
