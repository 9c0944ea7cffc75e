"""Our mappings of Syncro: texts of the account's own have no category, money is text here and a number there."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from mapped_rows import mapped_row, mapped_rows


def row_of(table: str, endpoint: str, record: Any) -> dict[str, Any]:
    return mapped_row(table, "syncro", endpoint, record)


@pytest.mark.parametrize(
    ("status", "category", "closed"),
    [
        ("New", "new", False),
        ("In Progress", "in_progress", False),
        ("Waiting on Customer", "waiting", False),
        ("Resolved", "resolved", True),
        ("Invoiced", "closed", True),
        ("At the bench", None, None),
    ],
)
def test_a_ticket_becomes_a_row(status: str, category: str | None, closed: bool | None) -> None:
    ids = {
        "id": 1,
        "number": 1042,
        "customer_id": 3,
        "contact_id": 4,
        "user_id": 5,
        "contract_id": 6,
        "parent_id": None,
    }
    names = {"customer_business_then_name": "Acme", "contact_fullname": "Ann", "user": {"full_name": "Bob"}}
    words = {"subject": "No mail", "problem_type": "Email", "comments": [{"body": "It stopped."}], "tag_list": ["vip"]}
    times = {"resolved_at": "2024-01-02T10:00:00.000-07:00", "due_date": None}
    row = row_of("tickets", "tickets", {**ids, **names, **words, **times, "status": status, "priority": "1 High"})
    assert (row["ticket_number"], row["summary"], row["description"]) == ("1042", "No mail", "It stopped.")
    assert (row["status"], row["status_category"], row["is_closed"]) == (status, category, closed)
    assert (row["priority"], row["priority_level"], row["type"]) == ("1 High", 2, "Email")
    assert (row["company_id"], row["company_name"], row["contact_name"], row["owner_name"]) == (
        "3",
        "Acme",
        "Ann",
        "Bob",
    )
    assert (row["agreement_id"], row["resolved_at"]) == ("6", datetime(2024, 1, 2, 17, tzinfo=UTC))


def test_a_priority_of_the_accounts_own_has_no_level() -> None:
    assert row_of("tickets", "tickets", {"id": 1, "priority": "9 Whenever"})["priority_level"] is None


def test_a_user_is_a_pair() -> None:
    assert row_of("users", "users", [5, "Bob"])["name"] == "Bob"


def test_a_timer_has_the_hours_from_its_beginning_to_its_end() -> None:
    times = {"start_time": "2024-01-02T09:00:00.000Z", "end_time": "2024-01-02T10:30:00.000Z", "billable_time": 5400}
    row = row_of("time_entries", "ticket_timers", {"id": 1, "ticket_id": 42, "user_id": 5, "billable": True, **times})
    assert (row["ticket_id"], row["work_date"], row["is_billable"]) == ("42", date(2024, 1, 2), True)
    assert (row["ended_at"], row["hours"]) == (datetime(2024, 1, 2, 10, 30, tzinfo=UTC), Decimal("1.5"))
    # One that runs has none yet.
    assert row_of("time_entries", "ticket_timers", {"id": 2, **times, "end_time": None})["hours"] is None


@pytest.mark.parametrize(("disabled", "category"), [(True, "inactive"), (False, "active")])
def test_customers_and_contacts_become_rows(disabled: bool, category: str) -> None:
    record = {"id": 3, "business_name": "", "fullname": "Ann Lee", "disabled": disabled, "zip": "12345"}
    row = row_of("companies", "customers", record)
    assert (row["name"], row["status_category"], row["is_active"]) == ("Ann Lee", category, not disabled)
    contact = row_of("contacts", "contacts", {"id": 4, "name": "Ann", "customer_id": 3, "address1": "1 Road"})
    assert (contact["full_name"], contact["company_id"], contact["address_line1"]) == ("Ann", "3", "1 Road")


@pytest.mark.parametrize(("amount", "expected"), [("1200.50", Decimal("1200.5")), ("30k", None)])
def test_the_amount_of_a_contract_is_free_text(amount: str, expected: Decimal | None) -> None:
    record = {"id": 9, "name": "Care", "contract_amount": amount, "status": "Signed"}
    [row] = mapped_rows("agreements", "syncro", "contracts", {"9": record})
    assert (row["amount"], row["status"], row["status_category"]) == (expected, "Signed", None)
    assert bool(row["uncastable"]) == (expected is None)


def test_what_is_sold_becomes_rows() -> None:
    schedule = {"id": 1, "name": "Monthly", "paused": True, "frequency": "Monthly", "subtotal": 99.5, "customer_id": 3}
    row = row_of("agreements", "schedules", {**schedule, "next_run": "2024-02-01T00:00:00.000Z"})
    assert (row["status_category"], row["amount"], row["next_invoice_on"]) == (
        "suspended",
        Decimal("99.5"),
        date(2024, 2, 1),
    )
    invoice = {"id": 2, "number": "1001", "is_paid": False, "total": "119.00", "tax": "19.00", "customer_id": 3}
    row = row_of("invoices", "invoices", {**invoice, "date": "2024-01-31T00:00:00.000Z"})
    assert (row["type"], row["status_category"], row["total"], row["issued_on"]) == (
        "invoice",
        "open",
        119,
        date(2024, 1, 31),
    )
    product = {"id": 8, "name": "Cable", "price_retail": 9.99, "price_cost": 3, "disabled": False, "quantity": 4}
    row = row_of(
        "products", "products", {**product, "product_skus": [{"id": 1, "sku": "C-1", "vendor_name": "Cables"}]}
    )
    assert (row["identifier"], row["vendor_name"], row["unit_price"], row["is_active"]) == (
        "C-1",
        "Cables",
        Decimal("9.99"),
        True,
    )
    lead = row_of("opportunities", "leads", {"id": 5, "ticket_subject": "New PC", "status": "Open", "customer_id": 3})
    assert (lead["name"], lead["status"], lead["status_category"]) == ("New PC", "Open", None)


def test_devices_and_appointments_become_rows() -> None:
    device = {"id": 1, "name": "NB-1", "asset_type": "Laptop", "asset_serial": "X1", "customer_id": 3}
    row = row_of("devices", "assets", {**device, "customer": {"business_name": "Acme"}})
    assert (row["type_category"], row["serial_number"], row["company_name"]) == ("workstation", "X1", "Acme")
    assert row_of("devices", "assets", {"id": 2, "asset_type": "Coffee machine"})["type_category"] is None
    inner = {"id": 6, "summary": "Visit", "ticket_id": 42, "customer_id": 3, "start_at": "2024-02-01T09:00:00.000Z"}
    row = row_of("tasks", "appointments", {"appointment": inner})
    assert (row["name"], row["ticket_id"], row["company_id"], row["status_category"]) == ("Visit", "42", "3", None)
