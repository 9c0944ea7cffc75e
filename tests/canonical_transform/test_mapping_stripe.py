"""Our mappings of Stripe: records become the right rows, whatever the currency's smallest unit is."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from mapped_rows import mapped_row

MAY_1 = 1_777_593_600
DAY = 86_400


def row_of(table: str, endpoint: str, record: dict[str, Any]) -> dict[str, Any]:
    return mapped_row(table, "stripe", endpoint, record)


def test_a_customer_becomes_a_company() -> None:
    row = row_of(
        "companies",
        "customers",
        {
            "id": "cus_1",
            "object": "customer",
            "name": None,
            "business_name": "Acme Ltd",
            "email": "office@acme.example",
            "phone": "+44 20 7946 0000",
            "address": {"line1": "2 Dock Rd", "line2": None, "city": "London", "postal_code": "E1", "country": "GB"},
            "currency": "gbp",
            "created": MAY_1,
            "metadata": {"crm_id": "7"},
        },
    )
    assert (row["name"], row["email"], row["phone"]) == ("Acme Ltd", "office@acme.example", "+44 20 7946 0000")
    assert (row["address_line1"], row["city"], row["country"]) == ("2 Dock Rd", "London", "GB")
    assert (row["currency"], row["is_customer"]) == ("GBP", True)
    assert row["created_at"] == datetime(2026, 5, 1, tzinfo=UTC)
    assert json.loads(row["custom_fields"]) == {"crm_id": "7"}


INVOICE = {
    "id": "in_1",
    "object": "invoice",
    "number": "A-0001",
    "status": "open",
    "customer": "cus_1",
    "customer_name": "Acme Ltd",
    "currency": "usd",
    "created": MAY_1 - DAY,
    "effective_at": MAY_1,
    "due_date": MAY_1 + 30 * DAY,
    "status_transitions": {"finalized_at": MAY_1, "paid_at": None},
    "subtotal": 12000,
    "subtotal_excluding_tax": 10000,
    "total_discount_amounts": [{"amount": 1000, "discount": "di_1"}],
    "total_taxes": [{"amount": 1500, "type": "tax_rate_details"}, {"amount": 300, "type": "tax_rate_details"}],
    "total": 10800,
    "amount_remaining": 10799,
    "parent": {"type": "subscription_details", "subscription_details": {"subscription": "sub_1"}},
    "lines": {"object": "list", "data": [{"id": "il_1", "amount": 10000}], "has_more": False},
    "metadata": {},
}
MONEY = ("subtotal", "discount", "tax", "total", "balance")


def test_an_invoice_becomes_a_row() -> None:
    row = row_of("invoices", "invoices", INVOICE)
    assert (row["number"], row["type"], row["status"], row["status_category"]) == ("A-0001", "invoice", "open", "open")
    assert (row["company_id"], row["company_name"], row["agreement_id"]) == ("cus_1", "Acme Ltd", "sub_1")
    assert (row["issued_on"], row["due_on"], row["paid_at"]) == (date(2026, 5, 1), date(2026, 5, 31), None)
    assert [row[name] for name in MONEY] == [100, 10, 18, 108, Decimal("107.99")]
    assert row["currency"] == "USD"
    assert json.loads(row["line_items"]) == [{"id": "il_1", "amount": 10000}]


@pytest.mark.parametrize(
    ("currency", "factor"),
    [
        ("jpy", 100),
        ("krw", 100),
        ("xof", 100),
        ("kwd", Decimal("0.1")),
        # These have no smaller unit any more, and Stripe counts them in hundredths all the same.
        ("isk", 1),
        ("ugx", 1),
        # And this one is counted whole, although it is divided.
        ("mga", 100),
    ],
)
def test_amounts_are_in_the_currency_whatever_its_smallest_unit_is(currency: str, factor: Decimal) -> None:
    row = row_of("invoices", "invoices", {**INVOICE, "currency": currency})
    expected = [100 * factor, 10 * factor, 18 * factor, 108 * factor, Decimal("107.99") * factor]
    assert [row[name] for name in MONEY] == expected
    assert row["currency"] == currency.upper()


@pytest.mark.parametrize(
    ("status", "category"),
    [("draft", "draft"), ("paid", "paid"), ("void", "void"), ("uncollectible", None), (None, None)],
)
def test_states_of_invoices(status: str | None, category: str | None) -> None:
    assert row_of("invoices", "invoices", {**INVOICE, "status": status})["status_category"] == category


def test_an_invoice_without_tax_discount_or_date_is_one_too() -> None:
    bare = {"id": "in_2", "currency": "eur", "created": MAY_1, "subtotal": 500, "total": 500, "total_taxes": []}
    row = row_of("invoices", "invoices", {**bare, "parent": None, "total_discount_amounts": None, "due_date": None})
    assert [row[name] for name in MONEY] == [5, None, None, 5, None]
    assert (row["issued_on"], row["due_on"], row["agreement_id"]) == (date(2026, 5, 1), None, None)


def test_a_product_becomes_a_row() -> None:
    row = row_of(
        "products",
        "products",
        {
            "id": "prod_1",
            "name": "Seat",
            "description": None,
            "type": "service",
            "unit_label": "seat",
            "active": False,
            "default_price": "price_1",
            "created": MAY_1,
            "updated": MAY_1,
            "metadata": {"sku": "S"},
        },
    )
    assert (row["name"], row["type"], row["unit_of_measure"], row["is_active"]) == ("Seat", "service", "seat", False)
    assert (row["unit_price"], row["created_at"]) == (None, datetime(2026, 5, 1, tzinfo=UTC))
    assert json.loads(row["custom_fields"]) == {"sku": "S"}


def subscription(**fields: Any) -> dict[str, Any]:
    price = {
        "id": "price_1",
        "nickname": "Gold",
        "currency": "usd",
        "product": "prod_1",
        "recurring": {"interval": "month", "interval_count": 3},
        "unit_amount": 1999,
        "unit_amount_decimal": "1999",
    }
    item = {"id": "si_1", "quantity": 4, "price": price, "current_period_end": MAY_1 + 30 * DAY}
    whole = {
        "id": "sub_1",
        "status": "active",
        "customer": "cus_1",
        "currency": "usd",
        "start_date": MAY_1,
        "created": MAY_1,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "ended_at": None,
        "cancel_at": None,
        "items": {"object": "list", "data": [item]},
        "metadata": {},
    }
    price.update({name: fields.pop(name) for name in list(fields) if name in price})
    return {**whole, **fields}


def test_a_subscription_becomes_an_agreement() -> None:
    row = row_of("agreements", "subscriptions", subscription())
    assert (row["name"], row["status"], row["status_category"]) == ("Gold", "active", "active")
    assert (row["company_id"], row["product_id"]) == ("cus_1", "prod_1")
    assert (row["billing_cycle"], row["unit_price"], row["quantity"]) == ("3 month", Decimal("19.99"), 4)
    assert (row["currency"], row["renews_automatically"]) == ("USD", True)
    assert (row["starts_on"], row["ends_on"], row["next_invoice_on"]) == (date(2026, 5, 1), None, date(2026, 5, 31))


def test_a_price_may_be_a_fraction_of_a_cent() -> None:
    row = row_of("agreements", "subscriptions", subscription(unit_amount=None, unit_amount_decimal="0.25"))
    assert row["unit_price"] == Decimal("0.0025")


def test_a_subscription_that_was_cancelled_has_an_end_and_no_next_invoice() -> None:
    ended = subscription(status="canceled", canceled_at=MAY_1 + DAY, ended_at=MAY_1 + 2 * DAY)
    row = row_of("agreements", "subscriptions", ended)
    assert (row["status_category"], row["ends_on"]) == ("ended", date(2026, 5, 3))
    assert row["cancelled_at"] == datetime(2026, 5, 2, tzinfo=UTC)
    assert (row["next_invoice_on"], row["renews_automatically"]) == (None, None)
    ending = subscription(cancel_at_period_end=True, cancel_at=MAY_1 + 30 * DAY, canceled_at=MAY_1)
    row = row_of("agreements", "subscriptions", ending)
    assert (row["status_category"], row["ends_on"], row["renews_automatically"]) == ("active", date(2026, 5, 31), False)
    assert row["next_invoice_on"] is None


@pytest.mark.parametrize(
    ("status", "category"),
    [
        ("incomplete", "draft"),
        ("trialing", "active"),
        ("past_due", "active"),
        ("unpaid", "suspended"),
        ("paused", "suspended"),
        ("incomplete_expired", "ended"),
        ("napping", None),
    ],
)
def test_states_of_subscriptions(status: str, category: str | None) -> None:
    assert row_of("agreements", "subscriptions", subscription(status=status))["status_category"] == category
