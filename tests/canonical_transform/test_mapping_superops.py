"""Our mappings of SuperOps: who and what a record belongs to comes as an object, with ids of nineteen digits."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from mapped_rows import mapped_row

CLIENT = {"accountId": 7312345678901234567, "name": "Acme"}
BOB = {"userId": 7312345678901234568, "name": "Bob"}


def row_of(table: str, endpoint: str, record: dict[str, Any]) -> dict[str, Any]:
    return mapped_row(table, "superops", endpoint, record)


@pytest.mark.parametrize(
    ("status", "category", "closed"),
    [
        ("Open", "in_progress", False),
        ("On Hold", "waiting", False),
        ("Resolved", "resolved", False),
        ("Closed", "closed", True),
        ("At the bench", None, None),
    ],
)
def test_a_ticket_becomes_a_row(status: str, category: str | None, closed: bool | None) -> None:
    people = {"client": CLIENT, "requester": {"userId": "4", "name": "Ann"}, "technician": BOB}
    more = {
        "techGroup": {"groupId": "6", "name": "Level 1"},
        "sla": {"id": "1", "name": "Gold"},
        "priority": "Very Low",
    }
    times = {"createdTime": "2024-01-02T10:00:00", "firstResponseDueTime": "2024-01-02T12:00:00.000"}
    record = {"ticketId": "1", "displayId": "T-42", "subject": "No mail", "requestType": "Incident", "source": "EMAIL"}
    row = row_of("tickets", "tickets", {**record, **people, **more, **times, "status": status})
    assert (row["ticket_number"], row["summary"], row["type"], row["channel"]) == (
        "T-42",
        "No mail",
        "Incident",
        "EMAIL",
    )
    assert (row["status"], row["status_category"], row["is_closed"]) == (status, category, closed)
    # Every digit counts.
    assert (row["company_id"], row["owner_id"]) == ("7312345678901234567", "7312345678901234568")
    assert (row["company_name"], row["contact_name"], row["team_name"], row["sla_name"]) == (
        "Acme",
        "Ann",
        "Level 1",
        "Gold",
    )
    assert (row["priority_level"], row["created_at"]) == (5, datetime(2024, 1, 2, 10, tzinfo=UTC))


@pytest.mark.parametrize(
    ("stage", "category", "active"),
    [("Active", "active", True), ("Prospect", "prospect", None), ("Paid", None, None)],
)
def test_a_client_becomes_a_company(stage: str, category: str | None, active: bool | None) -> None:
    record = {"accountId": "3", "name": "Acme", "stage": stage, "emailDomains": ["acme.example"], "accountManager": BOB}
    row = row_of("companies", "clients", record)
    assert (row["name"], row["status_category"], row["is_active"], row["website"]) == (
        "Acme",
        category,
        active,
        "acme.example",
    )
    assert row["owner_name"] == "Bob"


def test_people_become_contacts_and_users() -> None:
    person = {"userId": "4", "name": None, "firstName": "Ann", "lastName": "Lee", "email": "ann@acme.example"}
    row = row_of("contacts", "client_users", {**person, "client": CLIENT, "role": {"roleId": 1, "name": "Requester"}})
    assert (row["full_name"], row["company_name"], row["type"]) == ("Ann Lee", "Acme", "Requester")
    row = row_of("users", "technicians", {**person, "role": {"name": "Admin"}, "designation": {"name": "Engineer"}})
    assert (row["name"], row["role"], row["title"], row["is_admin"]) == ("Ann Lee", "Admin", "Engineer", None)


@pytest.mark.parametrize(
    ("category", "status", "expected", "online"),
    [("WORKSTATION", "ONLINE", "workstation", True), ("SERVER", "OFFLINE", "server", False), ("X", "?", None, None)],
)
def test_an_asset_becomes_a_device(category: str, status: str, expected: str | None, online: bool | None) -> None:
    record = {"assetId": "1", "hostName": "nb-1", "platformCategory": category, "status": status, "primaryMac": "00:11"}
    more = {"client": CLIENT, "lastCommunicatedTime": "2024-01-02T10:00:00", "warrantyExpiryDate": "2026-01-01"}
    row = row_of("devices", "assets", {**record, **more, "platform": "Windows"})
    assert (row["name"], row["type_category"], row["is_online"], row["company_name"]) == (
        "nb-1",
        expected,
        online,
        "Acme",
    )
    assert (json.loads(row["mac_addresses"]), row["warranty_until"]) == (["00:11"], date(2026, 1, 1))


@pytest.mark.parametrize(("module", "ticket"), [("TICKET", "42"), ("TASK", None)])
def test_work_is_of_a_ticket_or_of_something_else_and_its_quantity_has_no_unit(module: str, ticket: str | None) -> None:
    item = {"workId": "42", "module": module}
    record = {"itemId": "1", "billable": True, "qty": 1.5, "unitPrice": 90, "workItem": item, "technician": BOB}
    row = row_of("time_entries", "worklog_entries", {**record, "billDateTime": "2024-01-02T09:00:00"})
    assert (row["ticket_id"], row["charge_to_id"], row["charge_to_type"], row["user_name"]) == (
        ticket,
        "42",
        module,
        "Bob",
    )
    assert (row["is_billable"], row["work_date"], row["hours"]) == (True, date(2024, 1, 2), None)


def test_what_is_sold_and_done_becomes_rows() -> None:
    contract = {"contractId": "9", "client": CLIENT, "contract": {"name": "Care", "contractType": "SERVICE"}}
    row = row_of("agreements", "client_contracts", {**contract, "contractStatus": "ACTIVE", "startDate": "2024-01-01"})
    assert (row["name"], row["type"], row["status_category"], row["starts_on"]) == (
        "Care",
        "SERVICE",
        "active",
        date(2024, 1, 1),
    )
    invoice = {"invoiceId": "7", "displayId": "INV-7", "statusEnum": "PAID", "totalAmount": 119.5, "client": CLIENT}
    row = row_of("invoices", "invoices", {**invoice, "invoiceDate": "2024-01-31"})
    assert (row["number"], row["status_category"], row["total"]) == ("INV-7", "paid", Decimal("119.5"))
    assert row_of("invoices", "invoices", {"invoiceId": "8", "statusEnum": "HELD"})["status_category"] is None
    item = {"itemId": "1", "name": "On site", "unitPrice": 90, "category": {"name": "Labour"}, "salesTaxEnabled": True}
    row = row_of("products", "service_items", item)
    assert (row["type"], row["category"], row["unit_price"], row["is_taxable"]) == ("Service", "Labour", 90, True)
    task = {"taskId": "2", "title": "Order", "status": "Completed", "ticket": {"ticketId": "42"}, "technician": BOB}
    row = row_of("tasks", "tasks", {**task, "actualEndDate": "2024-01-02T10:00:00"})
    assert (row["name"], row["status_category"], row["ticket_id"], row["owner_name"]) == ("Order", "done", "42", "Bob")
