"""Our mappings of Freshservice: three kinds of ticket, departments that are companies, and times under a ticket."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from mapped_rows import mapped_row


def row_of(table: str, endpoint: str, record: dict[str, Any], parent_id: str | None = None) -> dict[str, Any]:
    return mapped_row(table, "freshservice", endpoint, record, parent_id)


@pytest.mark.parametrize(
    ("status", "name", "category", "closed"),
    [
        (2, "Open", "in_progress", False),
        (3, "Pending", "waiting", False),
        (5, "Closed", "closed", True),
        (8, "8", None, None),
    ],
)
def test_a_ticket_becomes_a_row(status: int, name: str, category: str | None, closed: bool | None) -> None:
    ids = {"id": 42, "department_id": 3, "requester_id": 4, "responder_id": 5, "group_id": 6}
    words = {"subject": "No mail", "description_text": "Help", "category": "Software", "sub_category": "Mail"}
    more = {
        "type": "Incident",
        "priority": 2,
        "source": 99,
        "tags": ["vip"],
        "stats": {"closed_at": "2024-01-02T10:00:00Z"},
    }
    row = row_of("tickets", "tickets", {**ids, **words, **more, "status": status, "due_by": "2024-01-03T10:00:00Z"})
    assert (row["status"], row["status_category"], row["is_closed"]) == (name, category, closed)
    assert (row["priority"], row["priority_level"], row["channel"]) == ("Medium", 3, "99")
    assert (row["company_id"], row["contact_id"], row["owner_id"], row["team_id"]) == ("3", "4", "5", "6")
    assert (row["type"], row["subtype"], row["item"], json.loads(row["tags"])) == (
        "Incident",
        "Software",
        "Mail",
        ["vip"],
    )
    assert row["closed_at"] == datetime(2024, 1, 2, 10, tzinfo=UTC)
    assert row["resolution_due_at"] == datetime(2024, 1, 3, 10, tzinfo=UTC)


@pytest.mark.parametrize(("endpoint", "type_"), [("problems", "Problem"), ("changes", "Change")])
def test_problems_and_changes_are_tickets_whose_status_has_no_published_meaning(endpoint: str, type_: str) -> None:
    row = row_of("tickets", endpoint, {"id": 7, "subject": "Cause", "status": 2, "priority": 4, "agent_id": 5})
    assert (row["type"], row["status"], row["status_category"], row["is_closed"]) == (type_, "2", None, None)
    assert (row["priority_level"], row["owner_id"]) == (1, "5")


def test_time_and_tasks_belong_to_the_ticket_that_they_hang_on() -> None:
    entry = {"id": 1, "agent_id": 5, "billable": False, "time_spent": "02:15", "executed_at": "2024-01-02T09:00:00Z"}
    row = row_of("time_entries", "time_entries", entry, "42")
    assert (row["ticket_id"], row["hours"], row["is_billable"], row["work_date"]) == (
        "42",
        Decimal("2.25"),
        False,
        date(2024, 1, 2),
    )
    task = {"id": 2, "title": "Order", "status": 3, "agent_id": 5, "closed_at": "2024-01-02T09:00:00Z"}
    row = row_of("tasks", "ticket_tasks", task, "42")
    assert (row["name"], row["ticket_id"], row["status"], row["status_category"]) == (
        "Order",
        "42",
        "Completed",
        "done",
    )
    assert row_of("tasks", "ticket_tasks", {"id": 3, "status": 9}, "42")["status_category"] is None


def test_people_and_departments_become_rows() -> None:
    person = {"id": 4, "first_name": "Ann", "last_name": "Lee", "active": False, "department_ids": [3]}
    more = {"department_names": ["Sales"], "primary_email": "ann@acme.example", "work_phone_number": "1"}
    contact = row_of("contacts", "requesters", {**person, **more})
    assert (contact["full_name"], contact["company_id"], contact["company_name"]) == ("Ann Lee", "3", "Sales")
    assert (contact["is_active"], contact["email"]) == (False, "ann@acme.example")
    agent = {**person, "email": "ann@acme.example", "occasional": False, "member_of": [6], "role_ids": [1]}
    user = row_of("users", "agents", agent)
    assert (user["name"], user["is_active"], user["license_class"], json.loads(user["team_ids"])) == (
        "Ann Lee",
        False,
        "full time",
        [6],
    )
    company = row_of("companies", "departments", {"id": 3, "name": "Sales", "domains": ["acme.example"]})
    assert (company["name"], company["website"]) == ("Sales", "acme.example")


@pytest.mark.parametrize(("status", "category"), [("active", "active"), ("Expired", "ended"), ("pending", None)])
def test_contracts_assets_products_and_projects_become_rows(status: str, category: str | None) -> None:
    dates = {"start_date": "2024-01-01T00:00:00Z", "end_date": "2024-12-31T00:00:00Z"}
    contract = row_of(
        "agreements", "contracts", {"id": 9, "name": "AV", "cost": 99.5, "auto_renew": True, "status": status, **dates}
    )
    assert (contract["status_category"], contract["amount"], contract["ends_on"]) == (
        category,
        Decimal("99.5"),
        date(2024, 12, 31),
    )
    fields = {"serial_number_25": "X1"}
    asset = row_of(
        "devices", "assets", {"id": 1, "name": "NB-1", "asset_type_id": 25, "department_id": 3, "type_fields": fields}
    )
    assert (asset["name"], asset["type"], asset["type_category"], asset["company_id"]) == ("NB-1", "25", None, "3")
    assert json.loads(asset["custom_fields"]) == fields
    product = row_of(
        "products", "products", {"id": 8, "name": "Laptop", "manufacturer": "Dell", "description": "<p>x</p>"}
    )
    assert (product["name"], product["manufacturer"], product["description"]) == ("Laptop", "Dell", "<p>x</p>")
    project = row_of(
        "projects", "projects", {"id": 2, "name": "Move", "key": "MV", "status_id": 1, "start_date": "2024-02-01"}
    )
    assert (project["number"], project["status"], project["status_category"]) == ("MV", "1", None)
    assert project["starts_on"] == date(2024, 2, 1)
