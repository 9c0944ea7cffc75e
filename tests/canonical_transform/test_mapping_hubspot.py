"""Our mappings of HubSpot: records become the right rows. All properties are texts."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from mapped_rows import mapped_row

ABOUT: dict[str, Any] = {"id": "17", "archived": False, "createdAt": "2026-02-25T16:14:38.670Z"}


def associated(**ids: tuple[str, str]) -> dict[str, Any]:
    unlabelled = {name: {"id": "1", "type": f"{type_}_unlabeled"} for name, (type_, _) in ids.items()}
    return {name: {"results": [unlabelled[name], {"id": id_, "type": type_}]} for name, (type_, id_) in ids.items()}


def row_of(table: str, endpoint: str, properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    row = mapped_row(table, "hubspot", endpoint, {**ABOUT, "properties": properties, **more})
    assert row["created_at"] == datetime(2026, 2, 25, 16, 14, 38, 670_000, tzinfo=UTC)
    return row


def test_a_company_becomes_a_row() -> None:
    properties = {"name": "Acme", "domain": "acme.example", "lifecyclestage": "customer", "numberofemployees": "12"}
    row = row_of("companies", "companies", {**properties, "annualrevenue": "1200000.5", "zip": "01067", "type": None})
    assert (row["name"], row["website"], row["postal_code"]) == ("Acme", "acme.example", "01067")
    assert (row["status_category"], row["is_customer"], row["is_vendor"]) == ("active", True, None)
    assert (row["employee_count"], row["annual_revenue"], row["is_active"]) == (12, Decimal("1200000.5"), True)


def test_a_contact_becomes_a_row() -> None:
    row = row_of("contacts", "contacts", {"firstname": "Ada", "lastname": "", "associatedcompanyid": "9"})
    assert (row["full_name"], row["company_id"], row["email"]) == ("Ada", "9", None)


@pytest.mark.parametrize(
    ("closed", "won", "category"),
    [("false", "false", "open"), ("true", "true", "won"), ("true", "false", "lost"), ("true", None, None)],
)
def test_a_deal_becomes_a_row(closed: str, won: str | None, category: str | None) -> None:
    row = row_of(
        "opportunities",
        "deals",
        {
            "amount": "99.90",
            "hs_deal_stage_probability": "0.2",
            "closedate": "2026-03-31T10:00:00Z",
            "hs_is_closed": closed,
            "hs_is_closed_won": won,
        },
        associations=associated(companies=("deal_to_company", "9"), contacts=("deal_to_contact", "8")),
    )
    assert (row["status_category"], row["company_id"], row["contact_id"]) == (category, "9", "8")
    assert (row["amount"], row["probability"]) == (Decimal("99.9"), 20)
    assert row["expected_close_on"] == date(2026, 3, 31)
    assert (row["closed_at"] is None) == (closed == "false")


@pytest.mark.parametrize(
    ("pipeline", "stage", "category", "closed"),
    [("0", "1", "new", False), ("0", "2", "waiting", False), ("0", "4", "closed", True), ("77", "4", None, None)],
)
def test_a_tickets_stage_is_known_in_the_default_pipeline_alone(
    pipeline: str, stage: str, category: str | None, closed: bool | None
) -> None:
    properties = {"hs_pipeline": pipeline, "hs_pipeline_stage": stage, "hs_ticket_priority": "HIGH"}
    row = row_of("tickets", "tickets", properties, associations={"companies": {"results": [{"id": "9"}]}})
    assert (row["status_category"], row["is_closed"], row["priority_level"]) == (category, closed, 2)
    assert (row["ticket_number"], row["company_id"]) == ("17", "9")


def test_products_invoices_subscriptions_and_tasks_become_rows() -> None:
    product = row_of("products", "products", {"name": "Seat", "price": "0", "recurringbillingfrequency": "monthly"})
    assert (product["unit_price"], product["billing_cycle"]) == (0, "monthly")
    invoice = row_of("invoices", "invoices", {"hs_invoice_status": "voided", "hs_amount_billed": "10"})
    assert (invoice["type"], invoice["status_category"], invoice["total"]) == ("invoice", "void", 10)
    agreement = row_of("agreements", "subscriptions", {"hs_status": "canceled", "hs_start_date": "2026-01-02"})
    assert (agreement["status_category"], agreement["starts_on"]) == ("ended", date(2026, 1, 2))
    task = row_of("tasks", "tasks", {"hs_task_status": "COMPLETED", "hs_timestamp": "2026-03-01T12:00:00Z"})
    assert (task["status_category"], task["due_at"]) == ("done", datetime(2026, 3, 1, 12, tzinfo=UTC))


def test_an_owner_is_a_user_who_may_be_no_longer_active() -> None:
    owner = {**ABOUT, "firstName": "Ada", "lastName": "Doe", "archived": True, "teams": [{"id": "3"}], "userId": 5}
    row = mapped_row("users", "hubspot", "owners", owner)
    assert (row["name"], row["is_active"], row["team_ids"]) == ("Ada Doe", False, '["3"]')
