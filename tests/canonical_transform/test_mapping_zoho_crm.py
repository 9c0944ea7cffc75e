"""Our mappings of Zoho CRM: records become the right rows."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from mapped_rows import mapped_row

ACME = {"id": "a-1", "name": "Acme"}
ADA = {"id": "u-1", "name": "Ada Lovelace", "email": "ada@acme.example"}


def row_of(table: str, endpoint: str, **record: Any) -> dict[str, Any]:
    return mapped_row(table, "zoho_crm", endpoint, record)


@pytest.mark.parametrize(
    ("kind", "category", "customer", "vendor"),
    [
        ("Customer", "active", True, None),
        ("Prospect", "prospect", False, None),
        ("Supplier", None, None, True),
        ("Press", None, None, None),
    ],
)
def test_an_account_becomes_a_company(
    kind: str, category: str | None, customer: bool | None, vendor: bool | None
) -> None:
    row = row_of("companies", "accounts", Account_Name="Acme", Account_Type=kind, Owner=ADA, Parent_Account=ACME)
    assert (row["name"], row["owner_name"], row["parent_company_id"]) == ("Acme", "Ada Lovelace", "a-1")
    assert (row["status_category"], row["is_customer"], row["is_vendor"]) == (category, customer, vendor)


def test_times_are_brought_to_utc() -> None:
    row = row_of("contacts", "contacts", Full_Name="Ada", Account_Name=ACME, Created_Time="2026-05-14T13:02:11+03:00")
    assert (row["company_id"], row["created_at"]) == ("a-1", datetime(2026, 5, 14, 10, 2, 11, tzinfo=UTC))


@pytest.mark.parametrize(
    ("status", "category", "closed", "escalated"),
    [
        ("New", "new", False, False),
        ("On Hold", "waiting", False, False),
        ("Escalated", "in_progress", False, True),
        ("Closed", "closed", True, False),
        ("Parked", None, None, False),
    ],
)
def test_a_case_becomes_a_ticket(status: str, category: str | None, closed: bool | None, escalated: bool) -> None:
    row = row_of("tickets", "cases", Subject="Mail", Status=status, Priority="High", Account_Name=ACME, Related_To=ADA)
    assert (row["status_category"], row["is_closed"], row["is_escalated"]) == (category, closed, escalated)
    assert (row["company_name"], row["contact_id"], row["priority_level"]) == ("Acme", "u-1", 2)


@pytest.mark.parametrize(
    ("stage", "category"),
    [("Needs Analysis", "open"), ("Closed Won", "won"), ("Closed Lost", "lost"), ("Our own stage", None)],
)
def test_a_deal_becomes_an_opportunity(stage: str, category: str | None) -> None:
    row = row_of("opportunities", "deals", Deal_Name="x", Stage=stage, Amount=500, Closing_Date="2026-03-01")
    assert (row["stage"], row["status_category"]) == (stage, category)
    assert (row["amount"], row["expected_close_on"]) == (500, date(2026, 3, 1))


def test_a_user_a_product_an_invoice_and_a_task() -> None:
    user = row_of("users", "users", full_name="Ada", status="deleted", profile={"name": "Standard"})
    assert (user["name"], user["is_active"], user["is_admin"]) == ("Ada", False, None)
    product = row_of("products", "products", Product_Name="Laptop", Unit_Price=10, Product_Active=True)
    assert (product["unit_price"], product["is_active"]) == (10, True)
    invoice = row_of("invoices", "invoices", Invoice_Number="1", Status="Cancelled", Grand_Total=12, Tax=2)
    assert (invoice["status_category"], invoice["total"], invoice["tax"]) == ("void", 12, 2)
    task = row_of("tasks", "tasks", Subject="Call", Status="Waiting for input", Due_Date="2026-03-01", Who_Id=ADA)
    assert (task["status_category"], task["contact_id"]) == ("open", "u-1")
    assert task["due_at"] == datetime(2026, 3, 1, tzinfo=UTC)
