"""Our mappings of Pax8: records become the right rows."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from mapped_rows import mapped_row


def row_of(table: str, endpoint: str, parent_id: str | None = None, **record: Any) -> dict[str, Any]:
    return mapped_row(table, "pax8", endpoint, record, parent_id)


@pytest.mark.parametrize(
    ("status", "category", "active"),
    [("Active", "active", True), ("Inactive", "inactive", False), ("Deleted", "inactive", False), ("New", None, None)],
)
def test_a_company_becomes_a_row(status: str, category: str | None, active: bool | None) -> None:
    row = row_of("companies", "companies", name="Acme", status=status, address={"street": "1 Main St", "city": "Bonn"})
    assert (row["name"], row["address_line1"], row["city"]) == ("Acme", "1 Main St", "Bonn")
    assert (row["status_category"], row["is_active"], row["is_customer"]) == (category, active, True)


def test_a_contact_belongs_to_the_company_that_it_was_asked_for_under() -> None:
    row = row_of("contacts", "contacts", "c-1", firstName="Ada", lastName="Lovelace", createdDate="2026-02-01")
    assert (row["company_id"], row["full_name"]) == ("c-1", "Ada Lovelace")
    assert row["created_at"] == datetime(2026, 2, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "category", "cancelled"),
    [
        ("Active", "active", None),
        ("PendingCancel", "active", None),
        ("WaitingForDetails", "draft", None),
        ("Cancelled", "ended", datetime(2026, 3, 1, tzinfo=UTC)),
        ("Suspended?", None, None),
    ],
)
def test_a_subscription_becomes_an_agreement(status: str, category: str | None, cancelled: datetime | None) -> None:
    row = row_of(
        "agreements",
        "subscriptions",
        productName="Microsoft 365",
        companyId="c-1",
        status=status,
        startDate="2021-01-01T08:30:00Z",
        endDate="2026-03-01",
        price=12.5,
        partnerCost=10,
        quantity=3,
        currencyCode="EUR",
        billingTerm="Monthly",
    )
    assert (row["status_category"], row["cancelled_at"]) == (category, cancelled)
    assert (row["starts_on"], row["ends_on"]) == (date(2021, 1, 1), date(2026, 3, 1))
    assert (row["unit_price"], row["unit_cost"], row["quantity"]) == (Decimal("12.5"), Decimal(10), Decimal(3))


def test_an_invoice_is_a_bill_to_the_partner() -> None:
    row = row_of("invoices", "invoices", invoiceDate="2026-03-01", total=100, balance=40.5, companyId="c-1")
    assert (row["type"], row["issued_on"], row["balance"]) == ("bill", date(2026, 3, 1), Decimal("40.5"))


@pytest.mark.parametrize(
    ("status", "category"),
    [("draft", "open"), ("changes_requested", "open"), ("accepted", "won"), ("expired", "lost"), ("closed", None)],
)
def test_a_quote_becomes_an_opportunity(status: str, category: str | None) -> None:
    totals = {"initialTotal": {"amount": 10, "currency": "EUR"}, "recurringTotal": {"amount": 5, "currency": "EUR"}}
    row = row_of("opportunities", "quotes", referenceCode="Q-1", status=status, client={"id": "c-1"}, totals=totals)
    assert (row["number"], row["status_category"], row["company_id"]) == ("Q-1", category, "c-1")
    assert (row["amount"], row["recurring_amount"], row["currency"]) == (10, 5, "EUR")


def test_a_product_becomes_a_row() -> None:
    row = row_of("products", "products", name="Microsoft 365", sku="M365", vendorName="Microsoft")
    assert (row["name"], row["identifier"], row["vendor_name"]) == ("Microsoft 365", "M365", "Microsoft")
