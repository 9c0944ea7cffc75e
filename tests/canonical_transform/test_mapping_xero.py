"""Our mappings of Xero: records become the right rows."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from mapped_rows import mapped_row


def row_of(table: str, endpoint: str, record: dict[str, Any]) -> dict[str, Any]:
    return mapped_row(table, "xero", endpoint, record)


def test_a_contact_becomes_a_company() -> None:
    row = row_of(
        "companies",
        "contacts",
        {
            "ContactID": "bd2270c3-8706-4c11-9cfb-000b551c3f51",
            "ContactNumber": "C-1",
            "AccountNumber": "ACME",
            "ContactStatus": "ACTIVE",
            "Name": "Acme Ltd",
            "EmailAddress": "office@acme.example",
            "TaxNumber": "12-345-678",
            "Addresses": [
                {"AddressType": "STREET", "AddressLine1": "2 Dock Rd", "City": "", "Region": ""},
                {"AddressType": "POBOX", "AddressLine1": "PO Box 1", "City": "Oamaru", "PostalCode": "9400"},
            ],
            "Phones": [
                {"PhoneType": "DDI", "PhoneNumber": "5"},
                {"PhoneType": "DEFAULT", "PhoneNumber": "", "PhoneAreaCode": "", "PhoneCountryCode": ""},
                {"PhoneType": "MOBILE", "PhoneNumber": "1234", "PhoneAreaCode": "21", "PhoneCountryCode": "64"},
            ],
            "UpdatedDateUTC": "/Date(1488391422280+0000)/",
            "ContactGroups": [{"ContactGroupID": "g", "Name": "VIP", "Status": "ACTIVE"}],
            "IsSupplier": False,
            "IsCustomer": True,
            "DefaultCurrency": "NZD",
            "Website": None,
        },
    )
    assert (row["name"], row["identifier"], row["email"], row["tax_number"]) == (
        "Acme Ltd",
        "ACME",
        "office@acme.example",
        "12-345-678",
    )
    assert (row["status"], row["status_category"], row["is_active"]) == ("ACTIVE", "active", True)
    assert (row["address_line1"], row["city"], row["postal_code"]) == ("PO Box 1", "Oamaru", "9400")
    assert (row["phone"], row["website"], row["state"], row["currency"]) == ("64 21 1234", None, None, "NZD")
    assert (row["is_customer"], row["is_vendor"], json.loads(row["tags"])) == (True, False, ["VIP"])


def test_a_contact_without_a_postal_address_has_that_of_its_street() -> None:
    empty = {"AddressType": "POBOX", "AddressLine1": "", "City": "", "Country": ""}
    street = {"AddressType": "STREET", "AddressLine1": "2 Dock Rd", "City": "Oamaru", "Country": "NZ"}
    row = row_of("companies", "contacts", {"Name": "Acme Ltd", "Addresses": [empty, street]})
    assert (row["address_line1"], row["city"], row["country"]) == ("2 Dock Rd", "Oamaru", "NZ")


@pytest.mark.parametrize(
    ("status", "category", "active"),
    [("ARCHIVED", "inactive", False), ("GDPRREQUEST", "inactive", False), ("MERGED", None, None)],
)
def test_an_archived_contact_is_inactive_and_an_unknown_state_is_not_guessed(
    status: str, category: str | None, active: bool | None
) -> None:
    row = row_of("companies", "contacts", {"ContactStatus": status})
    assert (row["status"], row["status_category"], row["is_active"]) == (status, category, active)


INVOICE = {
    "Type": "ACCREC",
    "InvoiceID": "243216c5-369e-4056-ac67-05388f86dc81",
    "InvoiceNumber": "INV-0042",
    "Reference": "PO 7",
    "AmountDue": 0.0,
    "AmountPaid": 1150,
    "CurrencyRate": 0.7,
    "RepeatingInvoiceID": "428c0d75-909f-4b04-8403-a48dc27283b0",
    "Contact": {"ContactID": "bd2270c3-8706-4c11-9cfb-000b551c3f51", "Name": "Acme Ltd"},
    "Date": "/Date(1539993600000+0000)/",
    "DueDate": "/Date(1546128000000+0000)/",
    "FullyPaidOnDate": "/Date(1543449600000+0000)/",
    "Status": "PAID",
    "LineItems": [{"Description": "Support", "Quantity": 10, "UnitAmount": 100.1234, "LineAmount": 1000}],
    "SubTotal": 1000,
    "TotalTax": 150,
    "Total": 1150,
    "UpdatedDateUTC": "/Date(1543450000160+0000)/",
    "CurrencyCode": "USD",
}


def test_an_invoice_becomes_a_row() -> None:
    row = row_of("invoices", "invoices", INVOICE)
    assert (row["number"], row["type"], row["reference"]) == ("INV-0042", "invoice", "PO 7")
    assert (row["status"], row["status_category"]) == ("PAID", "paid")
    assert (row["company_id"], row["company_name"]) == ("bd2270c3-8706-4c11-9cfb-000b551c3f51", "Acme Ltd")
    assert row["agreement_id"] == "428c0d75-909f-4b04-8403-a48dc27283b0"
    assert (row["issued_on"], row["due_on"]) == (date(2018, 10, 20), date(2018, 12, 30))
    assert row["paid_at"] == datetime(2018, 11, 29, tzinfo=UTC)
    assert (row["subtotal"], row["tax"], row["total"], row["balance"]) == (1000, 150, 1150, 0)
    # Xero's rate is the other way round: what one unit of the organisation's own money is worth in the currency.
    assert (row["currency"], row["exchange_rate"]) == ("USD", None)
    assert json.loads(row["line_items"])[0]["UnitAmount"] == 100.1234


@pytest.mark.parametrize(
    ("type_", "status", "expected"),
    [
        ("ACCREC", "DRAFT", ("invoice", "draft")),
        ("ACCPAY", "SUBMITTED", ("bill", "draft")),
        ("ACCPAY", "AUTHORISED", ("bill", "open")),
        ("ACCRECCREDIT", "VOIDED", ("credit_note", "void")),
        ("ARPREPAYMENT", "DELETED", (None, "void")),
        ("ACCREC", "NEW", ("invoice", None)),
    ],
)
def test_types_and_states_of_invoices(type_: str, status: str, expected: tuple[str | None, str | None]) -> None:
    row = row_of("invoices", "invoices", {"Type": type_, "Status": status, "DueDate": None, "Contact": {}})
    assert (row["type"], row["status_category"]) == expected
    assert (row["due_on"], row["company_id"], row["total"]) == (None, None, None)


def test_an_item_becomes_a_product() -> None:
    row = row_of(
        "products",
        "items",
        {
            "ItemID": "9a59ea90-942e-484d-9b71-d00ab607e03b",
            "Code": "SUP-1",
            "Name": "",
            "Description": "Support, one hour",
            "PurchaseDetails": {},
            "SalesDetails": {"UnitPrice": 150.1234},
            "IsSold": True,
            "QuantityOnHand": 0,
        },
    )
    assert (row["name"], row["identifier"], row["description"]) == ("SUP-1", "SUP-1", "Support, one hour")
    assert (row["unit_price"], row["unit_cost"]) == (Decimal("150.1234"), None)
    assert (row["is_active"], row["quantity_on_hand"]) == (True, 0)


def test_a_repeating_invoice_becomes_an_agreement() -> None:
    row = row_of(
        "agreements",
        "repeating_invoices",
        {
            "RepeatingInvoiceID": "428c0d75-909f-4b04-8403-a48dc27283b0",
            "Type": "ACCREC",
            "Reference": "Managed services",
            "Contact": {"ContactID": "c-1", "Name": "Acme Ltd"},
            "Schedule": {
                "Period": 3,
                "Unit": "MONTHLY",
                "StartDate": "/Date(1555286400000+0000)/",
                "NextScheduledDate": "/Date(1570838400000+0000)/",
            },
            "SubTotal": 521.74,
            "Total": 600,
            "CurrencyCode": "NZD",
            "Status": "AUTHORISED",
        },
    )
    assert (row["name"], row["type"], row["status_category"]) == ("Managed services", "ACCREC", "active")
    assert (row["company_id"], row["company_name"]) == ("c-1", "Acme Ltd")
    assert (row["starts_on"], row["ends_on"], row["next_invoice_on"]) == (date(2019, 4, 15), None, date(2019, 10, 12))
    assert (row["billing_cycle"], row["amount"], row["currency"]) == ("3 MONTHLY", Decimal("521.74"), "NZD")


@pytest.mark.parametrize(("role", "active"), [("STANDARD", True), ("REMOVED", False), ("UNKNOWN", None)])
def test_a_user_becomes_a_row(role: str, active: bool | None) -> None:
    record = {"UserID": "u", "EmailAddress": "ada@x.example", "FirstName": "Ada", "LastName": "Doe"}
    row = row_of("users", "users", {**record, "OrganisationRole": role})
    assert (row["name"], row["username"], row["role"], row["is_active"]) == ("Ada Doe", "ada@x.example", role, active)


def test_a_project_its_tasks_and_their_time_become_rows() -> None:
    amount = {"currency": "NZD", "value": 99.99}
    project = row_of(
        "projects",
        "projects",
        {
            "projectId": "p",
            "contactId": "c",
            "name": "New Kitchen",
            "deadlineUtc": "2019-12-10T12:59:59Z",
            "minutesLogged": 150,
            "estimate": amount,
            "status": "INPROGRESS",
        },
    )
    assert (project["name"], project["company_id"], project["status_category"]) == ("New Kitchen", "c", "active")
    assert (project["actual_hours"], project["budget_amount"]) == (Decimal("2.5"), Decimal("99.99"))
    assert project["ends_on"] == date(2019, 12, 10)
    task = {"taskId": "t", "name": "Demolition", "projectId": "p", "totalMinutes": 45, "estimateMinutes": 90}
    row = row_of("tasks", "project_tasks", {**task, "chargeType": "TIME", "status": "ACTIVE", "rate": amount})
    assert (row["name"], row["project_id"], row["type"], row["status_category"]) == ("Demolition", "p", "TIME", "open")
    assert (row["actual_hours"], row["budget_hours"]) == (Decimal("0.75"), Decimal("1.5"))
    # Invoiced says that it is paid for, not that it is done.
    assert row_of("tasks", "project_tasks", {**task, "status": "INVOICED"})["status_category"] is None
    row = row_of(
        "time_entries",
        "time_entries",
        {
            "timeEntryId": "e",
            "userId": "u",
            "projectId": "p",
            "taskId": "t",
            "dateUtc": "2020-02-27T15:00:00Z",
            "dateEnteredUtc": "2020-02-28T20:20:47.5350000Z",
            "duration": 20,
            "description": "broke down the wall",
            "status": "ACTIVE",
        },
    )
    assert (row["project_id"], row["task_id"], row["user_id"]) == ("p", "t", "u")
    assert (row["work_date"], row["hours"]) == (date(2020, 2, 27), Decimal("0.3333"))
    assert (row["notes"], row["status"]) == ("broke down the wall", "ACTIVE")
    assert row["created_at"] == datetime(2020, 2, 28, 20, 20, 47, 535000, UTC)
