"""Our mappings of Dynamics 365: records become the right rows."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from mapped_rows import mapped_row

WORD = "@OData.Community.Display.V1.FormattedValue"


def row_of(table: str, endpoint: str, **record: Any) -> dict[str, Any]:
    return mapped_row(table, "dynamics365", endpoint, record)


def worded(**values: Any) -> dict[str, Any]:
    """Each value with the word that the vendor puts beside it."""
    return {
        **{name: value for name, (value, _) in values.items()},
        **{name + WORD: word for name, (_, word) in values.items()},
    }


@pytest.mark.parametrize(
    ("state", "kind", "category", "customer"),
    [(0, 3, "active", True), (1, 3, "inactive", True), (0, 8, "prospect", False), (0, None, "active", None)],
)
def test_an_account_becomes_a_company(state: int, kind: int | None, category: str, customer: bool | None) -> None:
    row = row_of(
        "companies",
        "accounts",
        name="Acme",
        customertypecode=kind,
        statecode=state,
        **worded(statuscode=(1, "Aktiv"), _ownerid_value=("u-1", "Ada Lovelace"), industrycode=(7, "Consulting")),
        createdon="2026-02-01T08:00:00Z",
    )
    assert (row["name"], row["status"], row["industry"]) == ("Acme", "Aktiv", "Consulting")
    assert (row["status_category"], row["is_active"], row["is_customer"]) == (category, state == 0, customer)
    assert (row["owner_id"], row["owner_name"]) == ("u-1", "Ada Lovelace")
    assert row["created_at"] == datetime(2026, 2, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("state", "status", "category", "closed"),
    [
        (0, 1, "in_progress", False),
        (0, 3, "waiting", False),
        (1, 5, "resolved", True),
        (2, 2000, "cancelled", True),
        (0, 100000001, None, False),
        (1, 100000001, "resolved", True),
        (9, 100000001, None, None),
    ],
)
def test_a_case_becomes_a_ticket(state: int, status: int, category: str | None, closed: bool | None) -> None:
    row = row_of(
        "tickets",
        "cases",
        title="Mail does not arrive",
        ticketnumber="CAS-01001-X",
        statecode=state,
        **worded(statuscode=(status, "A word"), prioritycode=(1, "High"), _accountid_value=("a-1", "Acme")),
        _customerid_value="a-1",
    )
    assert (row["ticket_number"], row["status"], row["status_category"]) == ("CAS-01001-X", "A word", category)
    assert (row["is_closed"], row["priority"], row["priority_level"]) == (closed, "High", 2)
    assert (row["company_id"], row["company_name"]) == ("a-1", "Acme")


def test_a_customer_that_is_a_person_is_no_company() -> None:
    row = row_of("tickets", "cases", title="x", _customerid_value="c-1", _contactid_value="c-1")
    assert (row["company_id"], row["contact_id"]) == (None, "c-1")


def test_a_contact_and_a_user_become_rows() -> None:
    contact = row_of("contacts", "contacts", fullname="Ada", statecode=1, _accountid_value="a-1", telephone2="+1 2")
    assert (contact["full_name"], contact["is_active"], contact["phone"]) == ("Ada", False, "+1 2")
    user = row_of("users", "users", fullname="Ada", isdisabled=False, domainname="ada@acme.example")
    assert (user["name"], user["is_active"], user["username"]) == ("Ada", True, "ada@acme.example")


@pytest.mark.parametrize(("state", "amount"), [(0, "900"), (1, "800"), (2, "900")])
def test_an_opportunity_is_worth_what_it_brought_once_it_is_won(state: int, amount: str) -> None:
    row = row_of("opportunities", "opportunities", name="x", statecode=state, estimatedvalue=900, actualvalue=800)
    assert (row["amount"], row["status_category"]) == (Decimal(amount), ("open", "won", "lost")[state])


def test_what_is_sold_becomes_rows() -> None:
    product = row_of("products", "products", name="Laptop", price=1000.5, statecode=3)
    assert (product["unit_price"], product["is_active"]) == (Decimal("1000.5"), None)
    invoice = row_of("invoices", "invoices", invoicenumber="INV-1", statecode=2, duedate="2026-03-01", totalamount=12)
    assert (invoice["number"], invoice["status_category"], invoice["due_on"]) == ("INV-1", "paid", date(2026, 3, 1))
    hours = row_of("agreements", "entitlements", name="Support", statecode=1, allocationtypecode=1, totalterms=40)
    assert (hours["status_category"], hours["included_hours"], hours["quantity"]) == ("active", 40, None)
    cases = row_of("agreements", "entitlements", name="Support", statecode=4, allocationtypecode=0, totalterms=40)
    assert (cases["status_category"], cases["included_hours"], cases["quantity"]) == (None, None, 40)


@pytest.mark.parametrize(("state", "status", "category"), [(0, 2, "open"), (0, 3, "in_progress"), (1, 5, "done")])
def test_a_task_becomes_a_row(state: int, status: int, category: str) -> None:
    row = row_of(
        "tasks",
        "tasks",
        subject="Call",
        statecode=state,
        statuscode=status,
        scheduleddurationminutes=90,
        actualend=None,
    )
    assert (row["name"], row["status_category"], row["budget_hours"]) == ("Call", category, Decimal("1.5"))
