"""Our mappings of Kaseya BMS: the names of an account's own lists have no category, and 0 is no asset."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from mapped_rows import mapped_row


def row_of(table: str, endpoint: str, record: dict[str, Any]) -> dict[str, Any]:
    return mapped_row(table, "kaseya_bms", endpoint, record)


@pytest.mark.parametrize(
    ("status", "category", "closed"),
    [
        ("New", "new", False),
        ("In Progress", "in_progress", False),
        ("Waiting Customer", "waiting", False),
        ("Completed", "resolved", True),
        ("Escalated to Bob", None, None),
    ],
)
def test_a_ticket_becomes_a_row(status: str, category: str | None, closed: bool | None) -> None:
    ids = {
        "Id": 1,
        "TicketNumber": "T-42",
        "AccountId": 3,
        "ContactId": 4,
        "AssigneeId": 5,
        "QueueId": 6,
        "ContractId": 7,
    }
    names = {"AccountName": "Acme", "ContactName": "Ann", "AssigneeName": "Bob", "QueueName": "Level 1"}
    words = {"Title": "No mail", "PriorityName": "High", "TypeName": "Incident", "IssueTypeName": "Mail"}
    times = {"CreatedOn": "2024-01-02T10:00:00", "DueDate": None, "FirstResponseTargetTime": "2024-01-02T12:00:00"}
    row = row_of("tickets", "tickets", {**ids, **names, **words, **times, "StatusName": status, "HardwareAssetId": 0})
    assert (row["ticket_number"], row["summary"], row["board_name"]) == ("T-42", "No mail", "Level 1")
    assert (row["status"], row["status_category"], row["is_closed"]) == (status, category, closed)
    assert (row["priority_level"], row["type"], row["subtype"], row["device_id"]) == (2, "Incident", "Mail", None)
    assert (row["company_id"], row["contact_name"], row["owner_id"], row["agreement_id"]) == ("3", "Ann", "5", "7")
    assert row["created_at"] == datetime(2024, 1, 2, 10, tzinfo=UTC)


def test_a_time_log_becomes_a_row() -> None:
    record = {"Id": 1, "TicketId": 42, "UserId": 5, "FirstName": "Bob", "LastName": "Ray", "Timespent": 1.25}
    flags = {"IsBillable": True, "IsApproved": False, "WorkType": "Remote", "Role": "Engineer"}
    row = row_of("time_entries", "time_logs", {**record, **flags, "StartDate": "2024-01-02T00:00:00"})
    assert (row["ticket_id"], row["user_name"], row["hours"], row["work_date"]) == (
        "42",
        "Bob Ray",
        Decimal("1.25"),
        date(2024, 1, 2),
    )
    assert (row["is_billable"], row["is_approved"], row["work_type"], row["work_role"]) == (
        True,
        False,
        "Remote",
        "Engineer",
    )


def test_accounts_and_people_become_rows() -> None:
    branch = {"IsMain": False, "Addresses": [{"City": "Ulm"}]}
    main = {"IsMain": True, "Addresses": [{"Address1": "1 Road", "City": "Bonn", "ZipCode": "53111", "Phone": "1"}]}
    account = {"Id": 3, "AccountName": "Acme", "AccountCode": "ACM", "IsActive": False, "Locations": [branch, main]}
    row = row_of("companies", "accounts", account)
    assert (row["name"], row["identifier"], row["status_category"], row["is_active"]) == (
        "Acme",
        "ACM",
        "inactive",
        False,
    )
    assert (row["address_line1"], row["city"], row["postal_code"], row["phone"]) == ("1 Road", "Bonn", "53111", "1")
    mails = [{"EmailAddress": "a@x.example", "IsDefault": False}, {"EmailAddress": "b@x.example", "IsDefault": True}]
    contact = row_of(
        "contacts", "contacts", {"Id": 4, "FirstName": "Ann", "LastName": "Lee", "AccountId": 3, "Emails": mails}
    )
    assert (contact["full_name"], contact["email"], contact["phone"]) == ("Ann Lee", "b@x.example", None)
    user = row_of("users", "employees", {"Id": 5, "FirstName": "Bob", "LastName": "Ray", "IsActive": True})
    assert (user["name"], user["is_active"]) == ("Bob Ray", True)


@pytest.mark.parametrize(("category", "expected"), [("Laptop", "workstation"), ("Server", "server"), ("Misc", None)])
def test_an_asset_becomes_a_device(category: str, expected: str | None) -> None:
    record = {"Id": 1, "AssetName": "NB-1", "CategoryName": category, "AccountId": 3, "ContactId": 0}
    row = row_of("devices", "hardware_assets", {**record, "IPAddress": "10.0.0.1", "SerialNumber": "X1"})
    assert (row["type"], row["type_category"], row["contact_id"]) == (category, expected, None)
    assert json.loads(row["ip_addresses"]) == ["10.0.0.1"]


def test_what_is_sold_becomes_rows() -> None:
    dates = {"StartDate": "2024-01-01T00:00:00", "EndDate": "2024-12-31T00:00:00"}
    contract = row_of(
        "agreements",
        "contracts",
        {"Id": 9, "ContractName": "Care", "Status": "Active", **dates, "ContractBillingPrice": 99.5},
    )
    assert (contract["status_category"], contract["ends_on"], contract["amount"]) == (
        "active",
        date(2024, 12, 31),
        Decimal("99.5"),
    )
    money = {"TotalPrice": 100, "TotalTax": 19, "GrandTotal": 119, "PaymentDue": 0}
    invoice = row_of("invoices", "invoices", {"Id": 7, "InvoiceNumber": "7", "StatusName": "Paid", **money})
    assert (invoice["status_category"], invoice["total"], invoice["balance"]) == ("paid", 119, 0)
    assert row_of("invoices", "invoices", {"Id": 8, "StatusName": "Batch 4"})["status_category"] is None
    service = row_of(
        "products", "services", {"Id": 1, "Name": "On site", "UnitPrice": 90, "IsActive": True, "IsTaxable": False}
    )
    assert (service["type"], service["unit_price"], service["is_active"]) == ("Service", 90, True)
    product = row_of(
        "products", "products", {"Id": "p1", "ProductName": "Cable", "ProductNumber": "C-1", "QTYInStock": 4}
    )
    assert (product["identifier"], product["quantity_on_hand"]) == ("C-1", 4)
    chance = {
        "Id": 2,
        "Subject": "New PCs",
        "Status": "Won",
        "Amount": 900,
        "Probability": 100,
        "CloseDate": "2024-06-01T00:00:00",
    }
    row = row_of("opportunities", "opportunities", chance)
    assert (row["status_category"], row["amount"], row["expected_close_on"]) == ("won", 900, date(2024, 6, 1))
    project = row_of("projects", "projects", {"Id": 3, "Name": "Move", "ProjectNumber": "P-3", "StatusName": "On Hold"})
    assert (project["number"], project["status_category"]) == ("P-3", "on_hold")
