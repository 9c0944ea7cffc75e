"""Our mappings of Pipedrive: deals of both lists, people with several addresses, activities that are done or not."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from mapped_rows import mapped_row


def row_of(table: str, endpoint: str, record: dict[str, Any]) -> dict[str, Any]:
    return mapped_row(table, "pipedrive", endpoint, record)


@pytest.mark.parametrize("endpoint", ["deals", "deals_archived"])
@pytest.mark.parametrize(
    ("status", "category"), [("open", "open"), ("won", "won"), ("lost", "lost"), ("deleted", None)]
)
def test_a_deal_becomes_an_opportunity(endpoint: str, status: str, category: str | None) -> None:
    ids = {"id": 1, "org_id": 3, "person_id": 4, "owner_id": 5, "pipeline_id": 6, "stage_id": 7}
    money = {"value": 1200.5, "currency": "EUR", "mrr": 100, "probability": None}
    times = {"add_time": "2024-01-02T10:00:00Z", "close_time": None, "lost_time": "2024-02-01T10:00:00Z"}
    record = {**ids, **money, **times, "title": "New PCs", "expected_close_date": "2024-06-01", "label_ids": [1]}
    row = row_of("opportunities", endpoint, {**record, "status": status, "custom_fields": {"ab12": "x"}})
    assert (row["name"], row["stage"], row["pipeline"], row["status_category"]) == ("New PCs", "7", "6", category)
    assert (row["company_id"], row["contact_id"], row["owner_id"]) == ("3", "4", "5")
    assert (row["amount"], row["recurring_amount"], row["expected_close_on"]) == (
        Decimal("1200.5"),
        100,
        date(2024, 6, 1),
    )
    assert (row["closed_at"], json.loads(row["custom_fields"])) == (
        datetime(2024, 2, 1, 10, tzinfo=UTC),
        {"ab12": "x"},
    )


def test_people_and_organizations_become_rows() -> None:
    mails = [{"value": "a@x.example", "primary": False}, {"value": "b@x.example", "primary": True}]
    person = {"id": 4, "name": "Ann Lee", "org_id": 3, "emails": mails, "phones": [{"value": "1", "primary": False}]}
    row = row_of("contacts", "persons", person)
    assert (row["full_name"], row["company_id"], row["email"], row["phone"]) == ("Ann Lee", "3", "b@x.example", "1")
    address = {
        "value": "Road 1, Bonn",
        "route": "Road",
        "street_number": "1",
        "locality": "Bonn",
        "postal_code": "53111",
    }
    row = row_of("companies", "organizations", {"id": 3, "name": "Acme", "owner_id": 5, "address": address})
    assert (row["name"], row["address_line1"], row["city"], row["postal_code"]) == ("Acme", "Road 1", "Bonn", "53111")
    row = row_of("companies", "organizations", {"id": 3, "address": {"value": "Road 1, Bonn"}})
    assert row["address_line1"] == "Road 1, Bonn"


@pytest.mark.parametrize(("done", "category"), [(True, "done"), (False, "open"), (None, None)])
def test_an_activity_becomes_a_task(done: bool | None, category: str | None) -> None:
    record = {"id": 9, "subject": "Call", "type": "call", "owner_id": 5, "org_id": 3, "person_id": 4, "done": done}
    row = row_of("tasks", "activities", {**record, "due_date": "2024-02-01"})
    assert (row["name"], row["type"], row["status_category"], row["company_id"]) == ("Call", "call", category, "3")
    assert row["due_at"] == datetime(2024, 2, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("frequency", "recurring"), [("monthly", True), ("one-time", False), ("fortnightly", None), (None, None)]
)
def test_a_product_becomes_a_row(frequency: str | None, recurring: bool | None) -> None:
    prices = [{"price": 9.99, "cost": 3, "currency": "EUR"}]
    row = row_of(
        "products", "products", {"id": 8, "name": "AV", "code": "A-1", "prices": prices, "billing_frequency": frequency}
    )
    assert (row["identifier"], row["unit_price"], row["currency"]) == ("A-1", Decimal("9.99"), "EUR")
    assert (row["billing_cycle"], row["is_recurring"]) == (frequency, recurring)


def test_a_user_is_an_administrator_by_the_access_to_the_whole() -> None:
    access = [{"app": "sales", "admin": True}, {"app": "global", "admin": False}]
    record = {"id": 5, "name": "Bob", "email": "bob@acme.example", "active_flag": False, "access": access}
    row = row_of("users", "users", {**record, "last_login": "2024-01-02 10:00:00", "timezone_name": "Europe/Berlin"})
    assert (row["name"], row["is_admin"], row["is_active"]) == ("Bob", False, False)
    assert row["last_login_at"] == datetime(2024, 1, 2, 10, tzinfo=UTC)
