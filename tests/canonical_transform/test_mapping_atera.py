"""Our mappings of Atera: a contract's terms stand where its type says, and machines are devices."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from mapped_rows import mapped_row


def row_of(table: str, endpoint: str, record: dict[str, Any]) -> dict[str, Any]:
    return mapped_row(table, "atera", endpoint, record)


@pytest.mark.parametrize(
    ("status", "category", "closed"),
    [
        ("Open", "in_progress", False),
        ("Pending", "waiting", False),
        ("Resolved", "resolved", False),
        ("Closed", "closed", True),
        ("With the courier", None, None),
    ],
)
def test_a_ticket_becomes_a_row(status: str, category: str | None, closed: bool | None) -> None:
    ids = {"TicketID": 42, "TicketNumber": "42", "CustomerID": 3, "EndUserID": 4, "TechnicianContactID": 5}
    names = {"CustomerName": "Acme", "EndUserFirstName": "Ann", "EndUserLastName": "Lee", "TechnicianFullName": "Bob"}
    words = {"TicketTitle": "No mail", "TicketPriority": "Critical", "TicketType": "Incident", "TicketImpact": "Major"}
    more = {"RelationType": "Child", "RelatedTicketId": 40, "TotalDurationSeconds": 5400, "ContractID": 6}
    times = {"TicketCreatedDate": "2024-01-02T10:00:00Z", "TicketResolvedDate": None}
    row = row_of("tickets", "tickets", {**ids, **names, **words, **more, **times, "TicketStatus": status})
    assert (row["status"], row["status_category"], row["is_closed"]) == (status, category, closed)
    assert (row["priority"], row["priority_level"], row["type"], row["impact"]) == ("Critical", 1, "Incident", "Major")
    assert (row["company_id"], row["contact_id"], row["contact_name"], row["owner_name"]) == (
        "3",
        "4",
        "Ann Lee",
        "Bob",
    )
    assert (row["parent_ticket_id"], row["actual_hours"], row["agreement_id"]) == ("40", Decimal("1.5"), "6")
    assert row["created_at"] == datetime(2024, 1, 2, 10, tzinfo=UTC)


def test_a_ticket_that_others_are_part_of_has_no_parent() -> None:
    record = {"TicketID": 1, "RelationType": "Parent", "RelatedTicketId": 40}
    assert row_of("tickets", "tickets", record)["parent_ticket_id"] is None


def test_people_and_hours_become_rows() -> None:
    hours = {
        "WorkHoursID": 1,
        "TicketID": 42,
        "CustomerID": 3,
        "Billiable": True,
        "RateAmount": 90.5,
        "OnCustomerSite": True,
    }
    row = row_of(
        "time_entries",
        "workhours",
        {**hours, "StartWorkHour": "2024-01-02T09:00:00Z", "RateID": 7, "EndWorkHour": "2024-01-02T09:45:00Z"},
    )
    assert row["hours"] == Decimal("0.75")
    assert (row["ticket_id"], row["is_billable"], row["hourly_rate"]) == ("42", True, Decimal("90.5"))
    assert (row["work_date"], row["location"], row["work_type_id"]) == (date(2024, 1, 2), "On site", "7")
    customer = {"CustomerID": 3, "CustomerName": "Acme", "Domain": "acme.example", "ZipCodeStr": "12345"}
    row = row_of("companies", "customers", customer)
    assert (row["name"], row["website"], row["postal_code"], row["is_customer"]) == (
        "Acme",
        "acme.example",
        "12345",
        True,
    )
    contact = {"EndUserID": 4, "CustomerID": 3, "Firstname": "Ann", "Lastname": "Lee", "IsContactPerson": True}
    row = row_of("contacts", "contacts", {**contact, "Archived": True})
    assert (row["full_name"], row["is_primary"], row["is_active"]) == ("Ann Lee", True, False)


@pytest.mark.parametrize(("kind", "category"), [("Work Station", "workstation"), ("Server", "server"), ("Mac", None)])
def test_a_machine_becomes_a_device(kind: str, category: str | None) -> None:
    record = {"AgentID": 1, "MachineName": "NB-1", "OSType": kind, "CustomerID": 3, "Online": True, "Monitored": True}
    more = {"MacAddresses": ["00:11"], "IpAddresses": ["10.0.0.1"], "VendorSerialNumber": "X1", "Memory": 8065}
    row = row_of("devices", "agents", {**record, **more, "LastSeen": "2024-01-02T10:00:00Z", "OS": "Windows 11"})
    assert (row["name"], row["type_category"], row["serial_number"], row["is_online"]) == ("NB-1", category, "X1", True)
    # Nobody says what the memory is counted in.
    assert (json.loads(row["mac_addresses"]), row["memory_bytes"], row["os"]) == (["00:11"], None, "Windows 11")
    row = row_of("devices", "generic_devices", {"DeviceID": 9, "Name": "UPS", "Monitored": False, "CustomerID": 3})
    assert (row["name"], row["is_managed"], row["type_category"]) == ("UPS", False, None)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("RetainerFlatFee", {"unit_price": Decimal(50), "quantity": Decimal(2), "billing_cycle": "Monthly"}),
        ("BlockHours", {"unit_price": Decimal(80), "included_hours": Decimal(10), "billing_cycle": "Yearly"}),
        ("ProjectOneTimeFee", {"amount": Decimal(900), "unit_price": None, "billing_cycle": None}),
        ("Unheard", {"amount": None, "unit_price": None, "included_hours": None, "quantity": None}),
    ],
)
def test_the_terms_of_a_contract_stand_where_its_type_says(kind: str, expected: dict[str, Any]) -> None:
    terms = {
        "RetainerFlatFeeContract": {"BillingPeriod": "Monthly", "Quantity": 2, "Rate": {"Amount": 50}},
        "BlockHoursContract": {"HoursIncluded": 10, "PricePerHour": {"Amount": 80}, "BillingPeriod": "Yearly"},
        "ProjectOneTimeFeeContract": {"TotalAmount": {"Amount": 900}},
    }
    row = row_of("agreements", "contracts", {"ContractID": 1, "ContractType": kind, "Active": True, **terms})
    assert {name: row[name] for name in expected} == expected
    assert row["status_category"] == "active"
    # One that is not active is suspended or over; which of both is not told.
    assert row_of("agreements", "contracts", {"ContractID": 2, "Active": False})["status_category"] is None


def test_invoices_and_rates_become_rows() -> None:
    record = {"InvoiceNumber": 7, "InvoiceNumberAsString": "INV-7", "Total": 119.0, "Tax": 19, "Currency": "EUR"}
    row = row_of(
        "invoices", "invoices", {**record, "InvoiceDate": "2024-01-31T00:00:00Z", "To": {"CompanyName": "Acme"}}
    )
    assert (row["number"], row["total"], row["company_name"], row["issued_on"]) == (
        "INV-7",
        119,
        "Acme",
        date(2024, 1, 31),
    )
    row = row_of("products", "rate_products", {"RateID": 1, "Description": "Router", "SKU": "R-1", "Amount": 99.9})
    assert (row["name"], row["identifier"], row["unit_price"]) == ("Router", "R-1", Decimal("99.9"))
