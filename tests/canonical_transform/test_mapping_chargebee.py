"""Our mappings of Chargebee: wrapped records become the right rows."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from mapped_rows import mapped_row

MARCH = 1772323200  # 2026-03-01T00:00:00Z


def row_of(table: str, endpoint: str, **record: Any) -> dict[str, Any]:
    return mapped_row(table, "chargebee", endpoint, record)


def test_a_customer_becomes_a_company() -> None:
    address = {"line1": "1 Main St", "city": "Bonn", "state_code": "NW", "country": "DE"}
    customer = {"company": "Acme", "first_name": "Ada", "billing_address": address, "created_at": MARCH}
    row = row_of("companies", "customers", customer=customer, card={"last4": "4242"})
    assert (row["name"], row["city"], row["state"]) == ("Acme", "Bonn", "NW")
    assert row["created_at"] == datetime(2026, 3, 1, tzinfo=UTC)
    person = row_of("companies", "customers", customer={"first_name": "Ada", "last_name": "Lovelace"})
    assert (person["name"], person["created_at"]) == ("Ada Lovelace", None)


@pytest.mark.parametrize(
    ("status", "category", "renews", "cancelled"),
    [
        ("future", "draft", None, None),
        ("active", "active", True, None),
        ("non_renewing", "active", False, None),
        ("paused", "suspended", None, None),
        ("cancelled", "ended", False, datetime(2026, 3, 1, tzinfo=UTC)),
        ("odd", None, None, None),
    ],
)
def test_a_subscription_becomes_an_agreement(
    status: str, category: str | None, renews: bool | None, cancelled: datetime | None
) -> None:
    items = [
        {"item_price_id": "setup", "item_type": "charge", "amount": 999},
        {"item_price_id": "gold-eur", "item_type": "plan", "amount": 2500, "unit_price": 1250, "quantity": 2},
    ]
    subscription = {
        "customer_id": "c-1",
        "status": status,
        "subscription_items": items,
        "currency_code": "EUR",
        "billing_period": 1,
        "billing_period_unit": "month",
        "started_at": MARCH,
        "cancelled_at": MARCH,
    }
    row = row_of("agreements", "subscriptions", subscription=subscription)
    assert (row["name"], row["amount"], row["unit_price"], row["quantity"]) == ("gold-eur", 25, Decimal("12.5"), 2)
    assert (row["status_category"], row["renews_automatically"], row["cancelled_at"]) == (category, renews, cancelled)
    assert (row["billing_cycle"], row["starts_on"]) == ("1 month", date(2026, 3, 1))


def test_a_subscription_to_a_plan_of_the_old_catalogue() -> None:
    subscription = {"plan_id": "gold", "plan_amount": 500, "plan_quantity": 3, "currency_code": "JPY"}
    row = row_of("agreements", "subscriptions", subscription=subscription)
    assert (row["name"], row["amount"], row["quantity"]) == ("gold", 500, 3)


@pytest.mark.parametrize(
    ("status", "category"),
    [("pending", "draft"), ("posted", "open"), ("payment_due", "overdue"), ("paid", "paid"), ("odd", None)],
)
def test_an_invoice_becomes_a_row(status: str, category: str | None) -> None:
    invoice = {"id": "INV-1", "status": status, "date": MARCH, "total": 11900, "tax": 1900, "currency_code": "EUR"}
    row = row_of("invoices", "invoices", invoice=invoice)
    assert (row["number"], row["status_category"], row["issued_on"]) == ("INV-1", category, date(2026, 3, 1))
    assert (row["total"], row["tax"], row["paid_at"]) == (119, 19, None)


def test_items_and_quotes_become_rows() -> None:
    item = row_of("products", "items", item={"id": "gold", "name": "Gold", "type": "plan", "status": "archived"})
    assert (item["name"], item["is_recurring"], item["is_active"]) == ("Gold", True, False)
    quote = row_of(
        "opportunities", "quotes", quote={"id": "Q1", "status": "closed", "total": 5, "currency_code": "EUR"}
    )
    assert (quote["number"], quote["status_category"], quote["amount"]) == ("Q1", None, Decimal("0.05"))
