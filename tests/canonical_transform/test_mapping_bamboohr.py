"""Our mappings of BambooHR: employees and logins are users, and 0000-00-00 is no day."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from mapped_rows import mapped_row


def row_of(table: str, endpoint: str, record: dict[str, Any]) -> dict[str, Any]:
    return mapped_row(table, "bamboohr", endpoint, record)


@pytest.mark.parametrize(
    ("status", "hired", "active", "day"),
    [
        ("Active", "2020-05-01", True, date(2020, 5, 1)),
        ("Inactive", "0000-00-00", False, None),
        ("On leave", None, None, None),
    ],
)
def test_an_employee_becomes_a_user(status: str, hired: str | None, active: bool | None, day: date | None) -> None:
    record = {"employeeId": "4", "firstName": "Elisabeth", "preferredName": "Lisa", "lastName": "Lee", "status": status}
    work = {"jobTitleName": "Engineer", "departmentName": "IT", "reportsToId": "2", "workEmail": "lisa@acme.example"}
    row = row_of("users", "employees", {**record, **work, "hireDate": hired})
    assert (row["name"], row["first_name"], row["title"], row["department"]) == (
        "Lisa Lee",
        "Elisabeth",
        "Engineer",
        "IT",
    )
    assert (row["manager_id"], row["is_active"], row["hire_date"]) == ("2", active, day)


@pytest.mark.parametrize(("status", "active"), [("enabled", True), ("disabled", False), ("new", None)])
def test_whoever_logs_in_is_a_user(status: str, active: bool | None) -> None:
    record = {"id": 5, "firstName": "Bob", "lastName": "Ray", "email": "bob@acme.example", "status": status}
    row = row_of("users", "login_users", {**record, "lastLogin": "2024-01-02T10:00:00+00:00"})
    assert (row["name"], row["username"], row["is_active"]) == ("Bob Ray", "bob@acme.example", active)
    assert row["last_login_at"] == datetime(2024, 1, 2, 10, tzinfo=UTC)


def test_the_directory_the_hours_and_the_company_become_rows() -> None:
    row = row_of("contacts", "employee_directory", {"id": "4", "displayName": "Lisa Lee", "jobTitle": "Engineer"})
    assert (row["full_name"], row["title"]) == ("Lisa Lee", "Engineer")
    entry = {"id": 1, "employeeId": 4, "date": "2024-01-02", "hours": 7.5, "approved": True, "start": None}
    about = {"projectInfo": {"project": {"id": 7, "name": "Move"}, "task": {"id": 8, "name": "Boxes"}}}
    row = row_of("time_entries", "timesheet_entries", {**entry, **about})
    assert (row["user_id"], row["hours"], row["work_date"]) == ("4", Decimal("7.5"), date(2024, 1, 2))
    assert (row["project_id"], row["task_id"], row["work_type"], row["is_approved"]) == ("7", "8", "Boxes", True)
    # Without a project it is a list.
    assert row_of("time_entries", "timesheet_entries", {**entry, "projectInfo": []})["project_id"] is None
    company = {"legalName": "Acme Inc.", "displayName": "", "address": {"line1": "1 Road", "zip": "12345"}}
    row = row_of("companies", "company_information", company)
    assert (row["name"], row["address_line1"], row["postal_code"]) == ("Acme Inc.", "1 Road", "12345")
