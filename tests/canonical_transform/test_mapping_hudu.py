"""Our mappings of Hudu: records become the right rows."""

from datetime import UTC, datetime
from typing import Any

import pytest

from mapped_rows import mapped_row


def row_of(table: str, endpoint: str, **record: Any) -> dict[str, Any]:
    return mapped_row(table, "hudu", endpoint, record)


def test_a_company_becomes_a_row() -> None:
    row = row_of(
        "companies",
        "companies",
        id=7,
        name="Acme",
        id_number="A-7",
        company_type="Client",
        phone_number="+1 555",
        address_line_1="1 Main St",
        zip="10001",
        country_name="USA",
        parent_company_id=3,
        archived=False,
        url="/c/acme",
        full_url="https://acme.huducloud.com/c/acme",
        created_at="2024-01-01T00:00:00Z",
    )
    assert (row["name"], row["identifier"], row["type"], row["parent_company_id"]) == ("Acme", "A-7", "Client", "3")
    assert (row["status_category"], row["is_active"], row["postal_code"]) == ("active", True, "10001")
    assert row["source_url"] == "https://acme.huducloud.com/c/acme"
    assert row["created_at"] == datetime(2024, 1, 1, tzinfo=UTC)
    archived = row_of("companies", "companies", name="Old", archived=True)
    assert (archived["status_category"], archived["is_active"]) == ("inactive", False)


def test_an_asset_becomes_a_device_of_no_known_kind() -> None:
    """Its type is the name that the tenant gave to a layout."""
    row = row_of(
        "devices",
        "assets",
        id=9,
        name="DC01",
        asset_type="Servers",
        company_id=7,
        company_name="Acme",
        primary_serial="S1",
        primary_model="R740",
        primary_manufacturer="Dell",
        archived=False,
    )
    assert (row["name"], row["type"], row["type_category"]) == ("DC01", "Servers", None)
    assert (row["company_id"], row["serial_number"], row["model"], row["manufacturer"]) == ("7", "S1", "R740", "Dell")


@pytest.mark.parametrize(
    ("level", "admin"), [("super_admin", True), ("admin", True), ("portal_admin", False), ("novel", None)]
)
def test_a_user_becomes_a_row(level: str, admin: bool | None) -> None:
    row = row_of(
        "users",
        "users",
        id=1,
        first_name="Ada",
        last_name="Lovelace",
        email="ada@acme.example",
        security_level=level,
        otp_required_for_login=True,
        archived=False,
        last_sign_in_at="2026-01-01T08:00:00Z",
    )
    assert (row["name"], row["role"], row["is_admin"]) == ("Ada Lovelace", level, admin)
    assert (row["is_active"], row["mfa_enabled"], row["last_login_at"].hour) == (True, True, 8)


def test_a_run_and_its_task_become_a_project_and_a_task() -> None:
    run = row_of("projects", "procedures", id=4, name="Onboarding", company_id=7, run=True, status="open")
    assert (run["name"], run["type"], run["company_id"], run["status_category"]) == ("Onboarding", "run", "7", None)
    task = row_of(
        "tasks",
        "procedure_tasks",
        id=5,
        name="Create mailbox",
        procedure_id=4,
        completed=True,
        due_date="2026-02-01",
        first_assigned_user_id=1,
        first_assigned_user_name="Ada Lovelace",
    )
    assert (task["project_id"], task["status_category"], task["owner_name"]) == ("4", "done", "Ada Lovelace")
    assert task["due_at"] == datetime(2026, 2, 1, tzinfo=UTC)
    assert row_of("tasks", "procedure_tasks", completed=False)["status_category"] == "open"
