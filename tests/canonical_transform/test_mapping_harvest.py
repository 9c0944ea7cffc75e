"""Our mappings of Harvest: hours and rates as they are, and a budget is one of hours only where it is said so."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from mapped_rows import mapped_row


def row_of(table: str, endpoint: str, record: dict[str, Any]) -> dict[str, Any]:
    return mapped_row(table, "harvest", endpoint, record)


def test_a_time_entry_becomes_a_row() -> None:
    record = {"id": 1, "spent_date": "2024-01-02", "hours": 1.25, "billable": True, "notes": "Adding CSS"}
    people = {
        "user": {"id": 5, "name": "Bob"},
        "client": {"id": 3, "name": "Acme"},
        "project": {"id": 7, "name": "Move"},
    }
    more = {"task": {"id": 8, "name": "Design"}, "billable_rate": 100.5, "cost_rate": 50, "invoice": {"id": 9}}
    clock = {"started_time": "8:00am", "ended_time": "9:15am", "created_at": "2024-01-02T09:15:00Z"}
    row = row_of("time_entries", "time_entries", {**record, **people, **more, **clock})
    assert (row["user_name"], row["company_name"], row["project_id"], row["work_type"]) == (
        "Bob",
        "Acme",
        "7",
        "Design",
    )
    assert (row["hours"], row["hourly_rate"], row["cost_rate"]) == (Decimal("1.25"), Decimal("100.5"), 50)
    assert (row["work_date"], row["is_billable"], row["invoice_id"]) == (date(2024, 1, 2), True, "9")
    # A clock without a day and a zone is no moment.
    assert row["started_at"] is None and row["created_at"] == datetime(2024, 1, 2, 9, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("budget_by", "hours"),
    [("project", 80), ("task", 80), ("person", 80), ("project_cost", None), ("none", None)],
)
def test_a_project_has_a_budget_of_hours_or_of_money(budget_by: str, hours: int | None) -> None:
    record = {"id": 7, "name": "Move", "code": "MV", "is_active": True, "client": {"id": 3, "name": "Acme"}}
    row = row_of("projects", "projects", {**record, "budget": 80.0, "budget_by": budget_by, "cost_budget": 900})
    assert (row["number"], row["status_category"], row["budget_hours"], row["budget_amount"]) == (
        "MV",
        "active",
        hours,
        900,
    )


def test_an_archived_project_is_done_or_given_up_and_nobody_says_which() -> None:
    row = row_of("projects", "projects", {"id": 7, "is_active": False})
    assert (row["status"], row["status_category"]) == ("Archived", None)


@pytest.mark.parametrize(
    ("access", "is_admin"), [(["administrator"], True), (["member"], False), (["new"], None), ([], None)]
)
def test_people_and_clients_become_rows(access: list[str], is_admin: bool | None) -> None:
    person = {"id": 5, "first_name": "Bob", "last_name": "Ray", "email": "bob@acme.example", "is_active": False}
    row = row_of("users", "users", {**person, "access_roles": access, "is_contractor": True, "timezone": "Berlin"})
    assert (row["name"], row["is_admin"], row["is_active"], row["license_class"]) == (
        "Bob Ray",
        is_admin,
        False,
        "contractor",
    )
    row = row_of("contacts", "contacts", {"id": 4, "first_name": "Ann", "last_name": "Lee", "client": {"id": 3}})
    assert (row["full_name"], row["company_id"]) == ("Ann Lee", "3")
    row = row_of("companies", "clients", {"id": 3, "name": "Acme", "is_active": False, "currency": "EUR"})
    assert (row["name"], row["status_category"], row["currency"], row["is_customer"]) == (
        "Acme",
        "inactive",
        "EUR",
        True,
    )


@pytest.mark.parametrize(
    ("state", "category"), [("draft", "draft"), ("open", "open"), ("paid", "paid"), ("closed", None)]
)
def test_an_invoice_becomes_a_row(state: str, category: str | None) -> None:
    money = {"amount": 119.0, "due_amount": 0, "tax_amount": 19, "tax2_amount": None, "discount_amount": 0}
    record = {"id": 9, "number": "1001", "state": state, "currency": "EUR", "issue_date": "2024-01-31", **money}
    lines = [{"id": 1, "kind": "Service", "amount": 100}]
    row = row_of("invoices", "invoices", {**record, "line_items": lines, "creator": {"name": "Bob"}})
    assert (row["status"], row["status_category"], row["total"], row["tax"]) == (state, category, 119, 19)
    assert (row["issued_on"], row["created_by"], json.loads(row["line_items"])) == (date(2024, 1, 31), "Bob", lines)
