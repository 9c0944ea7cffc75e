"""Our mappings of Salesforce: records become the right rows."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from mapped_rows import mapped_row

AUDIT = {"CreatedDate": "2024-01-31T14:05:09.000+0000", "CreatedById": "005A", "LastModifiedById": "005B"}


def row_of(table: str, endpoint: str, record: dict[str, Any]) -> dict[str, Any]:
    row = mapped_row(table, "salesforce", endpoint, {**AUDIT, **record})
    assert row["created_at"] == datetime(2024, 1, 31, 14, 5, 9, tzinfo=UTC)
    assert (row["created_by"], row["updated_by"]) == ("005A", "005B")
    return row


def test_a_case_becomes_a_ticket() -> None:
    row = row_of(
        "tickets",
        "cases",
        {
            "CaseNumber": "00001001",
            "Subject": "Mail is down",
            "Status": "On Hold",
            "Priority": "High",
            "Type": "Problem",
            "Reason": None,
            "Origin": "Email",
            "AccountId": "001A",
            "ContactId": "003A",
            "SuppliedName": "Ada Doe",
            "AssetId": "02iA",
            "ParentId": None,
            "IsClosed": False,
            "IsEscalated": True,
            "ClosedDate": None,
        },
    )
    assert (row["ticket_number"], row["status_category"], row["priority_level"]) == ("00001001", "waiting", 2)
    assert (row["type"], row["subtype"], row["channel"]) == ("Problem", None, "Email")
    assert (row["company_id"], row["contact_id"], row["contact_name"]) == ("001A", "003A", "Ada Doe")
    assert (row["device_id"], row["parent_ticket_id"]) == ("02iA", None)
    assert (row["is_closed"], row["is_escalated"], row["closed_at"]) == (False, True, None)


def test_fields_of_a_tenants_own_are_kept_together() -> None:
    own = {"Tier__c": "Gold", "Seats__c": 12, "Left__c": None, "Owner__r": {"Name": "Ada"}}
    row = row_of("companies", "accounts", {"Name": "Acme", **own})
    assert json.loads(row["custom_fields"]) == {"Tier__c": "Gold", "Seats__c": 12}
    assert row_of("companies", "accounts", {"Name": "Acme", "Left__c": None})["custom_fields"] is None


@pytest.mark.parametrize(
    ("status", "closed", "category"),
    [("New", False, "new"), ("Our own", True, "closed"), ("Our own", False, None), (None, None, None)],
)
def test_a_case_is_closed_where_the_vendor_says_so_whatever_its_status(
    status: str | None, closed: bool | None, category: str | None
) -> None:
    assert row_of("tickets", "cases", {"Status": status, "IsClosed": closed})["status_category"] == category


@pytest.mark.parametrize(
    ("kind", "category", "is_customer"),
    [
        ("Prospect", "prospect", False),
        ("Customer - Direct", "active", True),
        ("Partner", None, None),
        (None, None, None),
    ],
)
def test_an_account_becomes_a_company(kind: str | None, category: str | None, is_customer: bool | None) -> None:
    row = row_of(
        "companies",
        "accounts",
        {
            "Name": "Acme",
            "Type": kind,
            "BillingStreet": "1 Road\nFloor 2",
            "BillingPostalCode": "00100",
            "AnnualRevenue": 1.5e6,
            "NumberOfEmployees": 12.0,
            "ParentId": "001P",
            "OwnerId": "005O",
        },
    )
    assert (row["type"], row["status_category"], row["is_customer"]) == (kind, category, is_customer)
    assert (row["address_line1"], row["postal_code"]) == ("1 Road\nFloor 2", "00100")
    assert (row["annual_revenue"], row["employee_count"]) == (1500000, 12)
    assert (row["parent_company_id"], row["owner_id"]) == ("001P", "005O")


# Object Reference, ContractStatus: the codes. Salesforce Help, contract status picklist values: the words that come
# with contract management. Object Reference, OrderStatus: two codes, and no other is published.
@pytest.mark.parametrize(
    ("code", "status", "category"),
    [
        ("InApproval", "In Approval Process", "draft"),
        ("Activated", "Our own word", "active"),
        ("Expired", None, "ended"),
        ("Another", "Contract Terminated", "ended"),
        (None, "Awaiting Signature", "draft"),
        ("Another", "Our own word", None),
    ],
)
def test_a_contract_is_where_its_code_says_or_else_its_status(
    code: str | None, status: str | None, category: str | None
) -> None:
    row = row_of("agreements", "contracts", {"StatusCode": code, "Status": status})
    assert (row["status"], row["status_category"]) == (status, category)


@pytest.mark.parametrize(("code", "category"), [("Draft", "draft"), ("Activated", "open"), ("Canceled", None)])
def test_an_order_is_of_a_category_where_its_code_is_published(code: str, category: str | None) -> None:
    assert row_of("invoices", "orders", {"StatusCode": code})["status_category"] == category


@pytest.mark.parametrize(
    ("priority", "level"), [("High", 2), ("Medium", 3), ("low", 4), ("Our own", None), (None, None)]
)
def test_a_case_has_a_level_where_its_priority_is_one_that_salesforce_comes_with(
    priority: str | None, level: int | None
) -> None:
    assert row_of("tickets", "cases", {"Priority": priority})["priority_level"] == level


def test_contacts_and_users_become_people() -> None:
    contact = row_of(
        "contacts",
        "contacts",
        {
            "Name": "Ada Doe",
            "AccountId": "001A",
            "Phone": None,
            "HomePhone": "1",
            "MailingCity": "Rome",
            "LastActivityDate": "2024-01-30",
        },
    )
    assert (contact["full_name"], contact["company_id"], contact["phone"], contact["city"]) == (
        "Ada Doe",
        "001A",
        "1",
        "Rome",
    )
    assert contact["last_activity_at"] == datetime(2024, 1, 30, tzinfo=UTC)
    user = row_of(
        "users",
        "users",
        {
            "Username": "ada@acme.example",
            "IsActive": False,
            "UserType": "Standard",
            "LastLoginDate": "2024-01-31T08:00:00.000+0000",
        },
    )
    assert (user["username"], user["is_active"], user["license_class"]) == ("ada@acme.example", False, "Standard")
    assert user["last_login_at"] == datetime(2024, 1, 31, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("closed", "won", "category", "closed_at"),
    [
        (False, False, "open", None),
        (True, True, "won", datetime(2024, 3, 1, tzinfo=UTC)),
        (True, False, "lost", datetime(2024, 3, 1, tzinfo=UTC)),
        (None, None, None, None),
    ],
)
def test_an_opportunity_is_closed_on_its_day_only_once_it_is_closed(
    closed: bool | None, won: bool | None, category: str | None, closed_at: datetime | None
) -> None:
    row = row_of(
        "opportunities",
        "opportunities",
        {
            "StageName": "Proposal",
            "Amount": 1200.5,
            "Probability": 75.0,
            "CloseDate": "2024-03-01",
            "IsClosed": closed,
            "IsWon": won,
        },
    )
    assert (row["status_category"], row["closed_at"], row["expected_close_on"]) == (
        category,
        closed_at,
        date(2024, 3, 1),
    )
    assert (row["stage"], row["amount"], row["probability"], row["currency"]) == (
        "Proposal",
        Decimal("1200.5"),
        75,
        None,
    )


@pytest.mark.parametrize(
    ("status", "closed", "category"),
    [
        ("Not Started", False, "open"),
        ("In Progress", False, "in_progress"),
        ("Odd", True, "done"),
        ("Odd", False, None),
    ],
)
def test_an_activity_becomes_a_task(status: str, closed: bool, category: str | None) -> None:
    row = row_of(
        "tasks",
        "tasks",
        {"Subject": "Call", "Status": status, "IsClosed": closed, "ActivityDate": "2024-02-01", "WhoId": "003A"},
    )
    assert (row["name"], row["status_category"], row["contact_id"]) == ("Call", category, "003A")
    assert row["due_at"] == datetime(2024, 2, 1, tzinfo=UTC)


def test_products_contracts_assets_and_orders_become_rows() -> None:
    product = row_of("products", "products", {"Name": "Seat", "ProductCode": "S1", "Family": "SaaS", "IsActive": True})
    assert (product["identifier"], product["category"], product["is_active"]) == ("S1", "SaaS", True)
    contract = row_of(
        "agreements",
        "contracts",
        {
            "ContractNumber": "00000100",
            "Status": "Signed",
            "StatusCode": "Activated",
            "AccountId": "001A",
            "EndDate": "2025-01-31",
        },
    )
    assert (contract["number"], contract["status"], contract["status_category"]) == ("00000100", "Signed", "active")
    assert (contract["company_id"], contract["ends_on"]) == ("001A", date(2025, 1, 31))
    asset = row_of(
        "devices", "assets", {"Name": "srv1", "SerialNumber": "X1", "PurchaseDate": "2023-05-01", "ContactId": "003A"}
    )
    assert (asset["serial_number"], asset["purchased_at"], asset["contact_id"]) == ("X1", date(2023, 5, 1), "003A")
    order = row_of(
        "invoices",
        "orders",
        {
            "OrderNumber": "00000101",
            "StatusCode": "Activated",
            "EffectiveDate": "2024-02-01",
            "TotalAmount": 0,
            "ContractId": "800A",
        },
    )
    assert (order["number"], order["type"], order["status_category"]) == ("00000101", "order", "open")
    assert (order["issued_on"], order["total"], order["agreement_id"]) == (date(2024, 2, 1), 0, "800A")
