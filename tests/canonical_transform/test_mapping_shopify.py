"""Our mappings of Shopify: records become the right rows."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from mapped_rows import mapped_row


def row_of(table: str, endpoint: str, **record: Any) -> dict[str, Any]:
    return mapped_row(table, "shopify", endpoint, record)


ORDER = {
    "id": 450789469,
    "name": "#1001",
    "company": {"id": 7, "location_id": 8},
    "customer": {"id": 207119551},
    "billing_address": {"company": "Acme Ltd"},
    "created_at": "2026-03-01T22:00:00-05:00",
    "processed_at": "2026-02-28T22:00:00-05:00",
    "subtotal_price": "398.00",
    "total_tax": "11.94",
    "total_discounts": "10.00",
    "total_price": "409.94",
    "total_outstanding": "0.00",
    "currency": "USD",
    "po_number": "PO-7",
    "financial_status": "paid",
    "line_items": [{"id": 1}],
    "note_attributes": [{"name": "colour", "value": "red"}],
}


def test_an_order_becomes_an_invoice_of_the_kind_order() -> None:
    row = row_of("invoices", "orders", **ORDER)
    assert (row["number"], row["type"], row["status"], row["status_category"]) == ("#1001", "order", "paid", "paid")
    assert (row["company_id"], row["company_name"], row["contact_id"]) == ("7", "Acme Ltd", "207119551")
    # The day by the shop's clock, as the order shows it.
    assert row["issued_on"] == date(2026, 2, 28)
    assert row["created_at"] == datetime(2026, 3, 2, 3, tzinfo=UTC)
    amounts = [row[name] for name in ("subtotal", "tax", "discount", "total", "balance")]
    assert amounts == [Decimal(text) for text in ("398", "11.94", "10", "409.94", "0")]
    assert (row["currency"], row["reference"], json.loads(row["line_items"])) == ("USD", "PO-7", [{"id": 1}])


@pytest.mark.parametrize(
    ("status", "cancelled_at", "category"),
    [
        ("pending", None, "open"),
        ("authorized", "", "open"),
        ("partially_refunded", None, "paid"),
        ("refunded", None, "void"),
        ("voided", None, "void"),
        ("paid", "2026-03-02T10:00:00-05:00", "void"),
        ("odd", None, None),
        (None, None, None),
    ],
)
def test_the_state_of_an_order(status: str | None, cancelled_at: str | None, category: str | None) -> None:
    row = row_of("invoices", "orders", **{**ORDER, "financial_status": status, "cancelled_at": cancelled_at})
    assert (row["status"], row["status_category"]) == (status, category)


def test_a_customer_becomes_a_contact() -> None:
    address = {"address1": "2 Dock Rd", "city": "London", "province": "England", "zip": "E1", "company": "Acme Ltd"}
    address |= {"country": "United Kingdom", "phone": "+44 20 7946 0000", "name": "Ada L"}
    row = row_of(
        "contacts", "customers", id=1, first_name="Ada", last_name=None, email="a@b.example", default_address=address
    )
    assert (row["full_name"], row["company_name"], row["phone"]) == ("Ada", "Acme Ltd", "+44 20 7946 0000")
    assert (row["address_line1"], row["postal_code"], row["country"]) == ("2 Dock Rd", "E1", "United Kingdom")
    nameless = row_of("contacts", "customers", id=2, first_name="", last_name=None, default_address=address)
    assert nameless["full_name"] == "Ada L"


@pytest.mark.parametrize(("status", "active"), [("active", True), ("draft", False), ("archived", False), ("odd", None)])
def test_a_product_shows_its_first_variant_and_the_stock_of_all(status: str, active: bool | None) -> None:
    variants = [
        {"sku": "IPOD-R", "price": "199.00", "taxable": True, "inventory_quantity": 10},
        {"sku": "IPOD-G", "price": "209.00", "taxable": True, "inventory_quantity": -3},
    ]
    row = row_of("products", "products", id=1, title="IPod", vendor="Apple", status=status, variants=variants)
    assert (row["name"], row["vendor_name"], row["identifier"]) == ("IPod", "Apple", "IPOD-R")
    assert (row["unit_price"], row["is_taxable"], row["quantity_on_hand"]) == (Decimal(199), True, Decimal(7))
    assert row["is_active"] is active
    assert row_of("products", "products", id=2, title="Bare", variants=[])["unit_price"] is None


def test_a_member_of_staff_becomes_a_user() -> None:
    told = {
        "first_name": "Steve",
        "last_name": "J",
        "email": "s@b.example",
        "user_type": "regular",
        "account_owner": True,
    }
    row = row_of("users", "users", id=1, **told, **{"tfa_enabled?": False})
    assert (row["name"], row["role"], row["is_admin"], row["mfa_enabled"]) == ("Steve J", "regular", True, False)
