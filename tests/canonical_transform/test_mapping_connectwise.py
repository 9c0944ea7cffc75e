"""Our mappings of ConnectWise: records become the right rows."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from mapped_rows import mapped_row


def row_of(table: str, record: dict[str, Any], endpoint: str = "") -> dict[str, Any]:
    return mapped_row(table, "connectwise", endpoint or table, record)


def test_a_ticket_becomes_a_row() -> None:
    row = row_of(
        "tickets",
        {
            "id": 17,
            "summary": "Printer is on fire",
            "board": {"id": 1, "name": "Help Desk"},
            "status": {"id": 4, "name": "Waiting on Customer"},
            "priority": {"id": 2, "name": "Priority 2 - High", "level": "2"},
            "company": {"id": 250, "identifier": "ACME", "name": "Acme"},
            "contactName": "Ada Doe",
            "mergedParentTicket": {"id": 16, "summary": "Fire"},
            "requiredDate": "2024-02-01T17:00:00Z",
            "budgetHours": 1.5,
            "closedFlag": False,
            "billTime": "NoDefault",
            "escalationLevel": 2,
            "integratorTags": ["vip"],
            "customFields": [{"id": 1, "caption": "Root cause", "value": "heat"}],
            "_info": {"dateEntered": "2024-01-31T14:05:09Z", "enteredBy": "ada", "updatedBy": "bob"},
        },
    )
    assert row["ticket_number"] == "17"
    assert (row["status"], row["status_category"]) == ("Waiting on Customer", "waiting")
    assert (row["priority"], row["priority_level"]) == ("Priority 2 - High", 2)
    assert (row["company_id"], row["company_name"]) == ("250", "Acme")
    assert (row["contact_id"], row["contact_name"]) == (None, "Ada Doe")
    assert row["parent_ticket_id"] == "16"
    assert row["due_at"] == datetime(2024, 2, 1, 17, tzinfo=UTC)
    assert row["budget_hours"] == Decimal("1.5")
    assert (row["is_closed"], row["is_billable"], row["is_escalated"]) == (False, None, True)
    assert (row["created_at"], row["created_by"], row["updated_by"]) == (
        datetime(2024, 1, 31, 14, 5, 9, tzinfo=UTC),
        "ada",
        "bob",
    )
    assert json.loads(row["tags"]) == ["vip"]
    assert json.loads(row["custom_fields"])[0]["value"] == "heat"


@pytest.mark.parametrize(
    ("status", "closed", "category"),
    [
        ("New (email connector)", False, "new"),
        ("IN PROGRESS", False, "in_progress"),
        ("Re-Opened", False, "in_progress"),
        ("Waiting on Client", False, "waiting"),
        ("Completed", False, "resolved"),
        ("Completed", True, "closed"),
        (">Closed", True, "closed"),
        ("Anything of the tenant's own", True, "closed"),
        ("Anything of the tenant's own", False, None),
        (">Cancelled", True, "cancelled"),
        (None, None, None),
    ],
)
def test_a_tickets_status_has_a_category_where_it_is_known(
    status: str | None, closed: bool | None, category: str | None
) -> None:
    record = {"status": {"name": status}, "closedFlag": closed}
    assert row_of("tickets", record)["status_category"] == category


def test_a_time_entry_becomes_a_row() -> None:
    row = row_of(
        "time_entries",
        {
            "id": 5,
            "chargeToId": 17,
            "chargeToType": "ServiceTicket",
            "ticket": {"id": 17, "summary": "Printer"},
            "member": {"id": 3, "identifier": "bob", "name": "Bob"},
            "timeStart": "2024-01-31T23:00:00Z",
            "timeEnd": "2024-02-01T00:30:00Z",
            "actualHours": 1.5,
            "billableOption": "DoNotBill",
            "hourlyCost": "45.50",
            "status": "ApprovedByTierOne",
            "locationName": "Main Office",
            "enteredBy": "bob",
        },
    )
    assert (row["ticket_id"], row["user_id"], row["user_name"]) == ("17", "3", "Bob")
    assert (row["work_date"], row["task_id"]) == (date(2024, 1, 31), None)
    assert (row["hours"], row["cost_rate"]) == (Decimal("1.5"), Decimal("45.5"))
    assert (row["is_billable"], row["is_approved"]) == (False, True)
    assert (row["location"], row["created_by"]) == ("Main Office", "bob")


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"status": {"name": "Active"}, "types": [{"name": "Client"}]}, ("active", True, True)),
        ({"status": {"name": "Active"}, "types": [{"name": "Vendor"}, {"name": "Client"}]}, ("active", True, True)),
        ({"status": {"name": "Active"}, "types": [{"name": "Vendor"}]}, ("active", False, True)),
        ({"status": {"name": "Active"}, "types": [{"name": "Prospect"}]}, ("prospect", False, True)),
        ({"status": {"name": "Active"}, "types": [], "deletedFlag": True}, ("inactive", None, False)),
        ({"status": {"name": "Inactive"}, "deletedFlag": False}, ("inactive", None, False)),
        ({"status": {"name": "The tenant's own"}}, (None, None, None)),
    ],
)
def test_a_company_is_active_or_a_customer_where_that_is_known(record: Any, expected: tuple[Any, ...]) -> None:
    row = row_of("companies", record)
    assert (row["status_category"], row["is_customer"], row["is_active"]) == expected


def test_a_contacts_ways_to_be_reached_are_found_by_kind() -> None:
    row = row_of(
        "contacts",
        {
            "firstName": "Ada",
            "lastName": "Doe",
            "inactiveFlag": False,
            "defaultFlag": True,
            "defaultPhoneNbr": "1",
            "communicationItems": [
                {"type": {"name": "Old"}, "value": "old@a.example", "defaultFlag": False, "communicationType": "Email"},
                {"type": {"name": "Mail"}, "value": "ada@a.example", "defaultFlag": True, "communicationType": "Email"},
                {"type": {"name": "Direct"}, "value": "2", "defaultFlag": True, "communicationType": "Phone"},
                {"type": {"name": "Mobile"}, "value": "3", "defaultFlag": False, "communicationType": "Phone"},
            ],
        },
    )
    assert row["full_name"] == "Ada Doe"
    assert (row["email"], row["phone"], row["mobile"]) == ("ada@a.example", "2", "3")
    assert (row["is_primary"], row["is_active"]) == (True, True)


def test_a_contact_without_a_default_way_gives_the_first_of_its_kind() -> None:
    items = [{"value": "ada@a.example", "defaultFlag": False, "communicationType": "Email"}]
    row = row_of("contacts", {"communicationItems": items, "defaultPhoneNbr": "1", "lastName": "Doe"})
    assert (row["email"], row["phone"], row["mobile"], row["full_name"]) == ("ada@a.example", "1", None, "Doe")


def test_time_on_a_projects_ticket_or_an_activity_leads_to_the_task() -> None:
    for kind in ("ProjectTicket", "Activity"):
        assert row_of("time_entries", {"chargeToId": 9, "chargeToType": kind})["task_id"] == "9"


def test_a_member_becomes_a_user() -> None:
    row = row_of(
        "users",
        {
            "id": 3,
            "identifier": "bsmith",
            "firstName": "Bob",
            "lastName": "Smith",
            "title": "Engineer",
            "licenseClass": "F",
            "inactiveFlag": True,
            "inactiveDate": "2024-03-01T00:00:00Z",
            "hireDate": "2020-02-03T00:00:00Z",
            "lastLogin": "2024-02-29T16:20:00Z",
            "officeEmail": "bob@msp.example",
            "officePhone": None,
            "mobilePhone": "5035550100",
            "adminFlag": False,
            "securityRole": {"id": 5, "name": "Technician"},
            "reportsTo": {"id": 1, "identifier": "chief", "name": "Chief"},
            "defaultDepartment": {"id": 2, "identifier": "SVC", "name": "Service"},
            "teams": [4, 7],
            "timeZone": {"id": 1, "name": "UTC"},
        },
        "members",
    )
    assert (row["name"], row["username"], row["email"], row["phone"]) == (
        "Bob Smith",
        "bsmith",
        "bob@msp.example",
        "5035550100",
    )
    assert (row["manager_id"], row["role"], row["department"], row["license_class"]) == (
        "1",
        "Technician",
        "Service",
        "F",
    )
    assert json.loads(row["team_ids"]) == [4, 7]
    assert (row["is_admin"], row["is_active"], row["mfa_enabled"]) == (False, False, None)
    assert row["last_login_at"] == datetime(2024, 2, 29, 16, 20, tzinfo=UTC)
    assert (row["hire_date"], row["termination_date"]) == (date(2020, 2, 3), date(2024, 3, 1))


def test_a_configuration_becomes_a_device() -> None:
    row = row_of(
        "devices",
        {
            "id": 900,
            "name": "ACME-SRV-1",
            "type": {"id": 2, "name": "managed server"},
            "status": {"id": 1, "name": "Active"},
            "company": {"id": 250, "identifier": "ACME", "name": "Acme"},
            "contact": {"id": 12, "name": "Ada Doe"},
            "site": {"id": 6, "name": "Main"},
            "manufacturer": {"id": 1, "name": "Basalt"},
            "modelNumber": "R2",
            "serialNumber": "00A",
            "tagNumber": "T900",
            "macAddress": "aa:bb:cc:dd:ee:ff",
            "ipAddress": "",
            "osType": "ExampleOS Server",
            "osInfo": "Build 26100.1",
            "ram": "128 GB",
            "purchaseDate": "2023-01-31T00:00:00Z",
            "warrantyExpirationDate": "2026-01-31T00:00:00Z",
        },
        "configurations",
    )
    assert (row["type"], row["type_category"]) == ("managed server", "server")
    assert (row["company_id"], row["contact_id"], row["site_id"], row["site_name"]) == ("250", "12", "6", "Main")
    assert (row["manufacturer"], row["model"]) == ("Basalt", "R2")
    assert (row["serial_number"], row["asset_tag"]) == ("00A", "T900")
    assert (json.loads(row["mac_addresses"]), row["ip_addresses"]) == (["aa:bb:cc:dd:ee:ff"], None)
    assert (row["purchased_at"], row["warranty_until"]) == (date(2023, 1, 31), date(2026, 1, 31))
    assert row["memory_bytes"] is None, "the vendor's text has no fixed unit"
    assert row_of("devices", {"type": {"name": "Coffee Machine"}}, "configurations")["type_category"] is None


def test_a_catalogue_item_becomes_a_product() -> None:
    row = row_of(
        "products",
        {
            "id": 31,
            "identifier": "BACKUP-1T",
            "description": "Backup, 1 TB",
            "customerDescription": "A copy of your data elsewhere",
            "type": {"id": 1, "name": "Service"},
            "category": {"id": 1, "name": "Cloud"},
            "vendor": {"id": 7, "identifier": "WHOLE", "name": "Wholesale"},
            "price": 25.5,
            "cost": 0.0,
            "unitOfMeasure": {"id": 1, "name": "Each"},
            "recurringFlag": True,
            "recurringBillCycle": {"id": 2, "name": "Monthly"},
            "taxableFlag": False,
            "inactiveFlag": False,
        },
        "catalog_items",
    )
    assert (row["name"], row["identifier"], row["description"]) == (
        "Backup, 1 TB",
        "BACKUP-1T",
        "A copy of your data elsewhere",
    )
    assert (row["unit_price"], row["unit_cost"], row["currency"]) == (Decimal("25.5"), Decimal(0), None)
    assert (row["billing_cycle"], row["unit_of_measure"], row["vendor_name"]) == ("Monthly", "Each", "Wholesale")
    assert (row["is_recurring"], row["is_taxable"], row["is_active"]) == (True, False, True)


def test_an_agreement_becomes_a_row() -> None:
    row = row_of(
        "agreements",
        {
            "id": 40,
            "name": "Block of hours",
            "type": {"id": 1, "name": "Block Time"},
            "agreementStatus": "Active",
            "cancelledFlag": False,
            "company": {"id": 250, "name": "Acme"},
            "parentAgreement": {"id": 39, "name": "Master"},
            "startDate": "2024-01-01T00:00:00Z",
            "endDate": None,
            "nextInvoiceDate": "2024-04-01T00:00:00Z",
            "billingCycle": {"id": 2, "name": "Monthly"},
            "billAmount": 1250.0,
            "applicationUnits": "Hours",
            "applicationLimit": 40.0,
            "currency": {"id": 7, "currencyCode": "USD"},
        },
    )
    assert (row["status"], row["status_category"]) == ("Active", "active")
    assert (row["starts_on"], row["ends_on"], row["next_invoice_on"]) == (date(2024, 1, 1), None, date(2024, 4, 1))
    assert (row["amount"], row["currency"], row["billing_cycle"]) == (Decimal(1250), "USD", "Monthly")
    assert (row["included_hours"], row["included_amount"]) == (Decimal(40), None)
    assert row["parent_agreement_id"] == "39"


@pytest.mark.parametrize(
    ("record", "category", "hours", "amount"),
    [
        ({"agreementStatus": "Active", "cancelledFlag": True}, "ended", None, None),
        (
            {"agreementStatus": "Expired", "applicationUnits": "Amount", "applicationLimit": 5},
            "ended",
            None,
            Decimal(5),
        ),
        ({"agreementStatus": "Inactive", "applicationUnits": "Incidents", "applicationLimit": 5}, None, None, None),
        ({"agreementStatus": None, "applicationUnits": None, "applicationLimit": 5}, None, None, None),
    ],
)
def test_what_an_agreement_includes_is_told_by_its_unit(
    record: Any, category: str | None, hours: int | None, amount: int | None
) -> None:
    row = row_of("agreements", record)
    assert (row["status_category"], row["included_hours"], row["included_amount"]) == (category, hours, amount)


def test_an_invoice_becomes_a_row() -> None:
    row = row_of(
        "invoices",
        {
            "id": 70,
            "invoiceNumber": "INV000070",
            "type": "CreditMemo",
            "status": {"id": 3, "name": "Sent", "isClosed": False},
            "company": {"id": 250, "name": "Acme"},
            "agreement": {"id": 40, "name": "Block of hours"},
            "date": "2024-02-29T00:00:00Z",
            "dueDate": "2024-03-30T00:00:00Z",
            "subtotal": -100.0,
            "salesTax": -5.0,
            "total": -105.0,
            "balance": 0.0,
            "currency": {"id": 7, "currencyCode": "USD"},
            "reference": None,
            "customerPO": "PO 17",
        },
    )
    assert (row["number"], row["type"], row["status_category"]) == ("INV000070", "credit_note", "open")
    assert (row["subtotal"], row["tax"], row["total"], row["balance"]) == tuple(map(Decimal, (-100, -5, -105, 0)))
    assert (row["issued_on"], row["due_on"], row["reference"]) == (date(2024, 2, 29), date(2024, 3, 30), "PO 17")
    # Closed means ready for the accounts; whether it is paid stands elsewhere.
    assert row_of("invoices", {"status": {"name": "Closed", "isClosed": True}})["status_category"] is None


def test_an_opportunity_becomes_a_row() -> None:
    row = row_of(
        "opportunities",
        {
            "id": 8,
            "name": "Network refresh",
            "stage": {"id": 4, "name": "Quote"},
            "status": {"id": 1, "name": "Open"},
            "probability": {"id": 5, "name": "60%"},
            "source": "Referral",
            "primarySalesRep": {"id": 5, "identifier": "pn", "name": "P N"},
            "expectedCloseDate": "2024-06-30T00:00:00Z",
        },
    )
    assert (row["stage"], row["status_category"], row["source"]) == ("Quote", "open", "Referral")
    assert (row["probability"], row["expected_close_on"]) == (Decimal(60), date(2024, 6, 30))
    assert (row["owner_id"], row["owner_name"]) == ("5", "P N")
    assert row_of("opportunities", {"probability": {"name": "37.5"}})["probability"] == Decimal("37.5")


def test_a_project_becomes_a_row() -> None:
    row = row_of(
        "projects",
        {
            "id": 2,
            "name": "Server replacement",
            "status": {"id": 1, "name": "Open"},
            "closedFlag": False,
            "manager": {"id": 9, "identifier": "pm", "name": "Project Manager"},
            "estimatedStart": "2024-01-02T00:00:00Z",
            "scheduledStart": "2024-01-09T00:00:00Z",
            "scheduledEnd": "2024-02-20T00:00:00Z",
            "actualStart": "2024-01-10T00:00:00Z",
            "estimatedHours": 48.0,
            "actualHours": 12.25,
            "percentComplete": 0.25,
        },
    )
    assert (row["starts_on"], row["ends_on"]) == (date(2024, 1, 2), date(2024, 2, 20))
    assert (row["actual_starts_on"], row["actual_ends_on"]) == (date(2024, 1, 10), None)
    assert (row["budget_hours"], row["actual_hours"], row["percent_complete"]) == (48, Decimal("12.25"), 25)
    assert (row["status_category"], row["manager_id"]) == ("active", "9")


@pytest.mark.parametrize(
    ("table", "endpoint", "status", "closed", "category"),
    [
        ("projects", "projects", "New", False, "planned"),
        ("projects", "projects", "On-Hold", False, "on_hold"),
        ("projects", "projects", "The tenant's own", True, "completed"),
        ("projects", "projects", "Canceled", True, "cancelled"),
        ("projects", "projects", "The tenant's own", False, None),
        ("tasks", "project_tickets", "New", False, "open"),
        ("tasks", "project_tickets", "Assigned", False, "in_progress"),
        ("tasks", "project_tickets", "The tenant's own", True, "done"),
        ("tasks", "project_tickets", ">Cancelled", True, "cancelled"),
        ("tasks", "activities", "Open", None, "open"),
        ("tasks", "activities", "Closed", None, "done"),
        ("tasks", "activities", "The tenant's own", None, None),
    ],
)
def test_projects_and_tasks_have_a_category_where_their_status_is_known(
    table: str, endpoint: str, status: str, closed: bool | None, category: str | None
) -> None:
    record = {"status": {"name": status}, "closedFlag": closed}
    assert row_of(table, record, endpoint)["status_category"] == category


def test_a_projects_ticket_and_an_activity_become_tasks() -> None:
    row = row_of(
        "tasks",
        {
            "id": 61,
            "summary": "Design",
            "status": {"id": 1, "name": "New"},
            "project": {"id": 2, "name": "Server replacement"},
            "owner": {"id": 3, "identifier": "bob", "name": "Bob"},
            "priority": {"id": 3, "name": "Priority 3 - Medium"},
            "estimatedStartDate": "2024-01-10T00:00:00Z",
            "scheduleEndDate": "2024-01-17T00:00:00Z",
            "budgetHours": 12.0,
            "wbsCode": "1.2.1",
        },
        "project_tickets",
    )
    assert (row["name"], row["project_id"], row["ticket_id"], row["owner_id"]) == ("Design", "2", None, "3")
    assert (row["starts_at"], row["due_at"]) == (
        datetime(2024, 1, 10, tzinfo=UTC),
        datetime(2024, 1, 17, tzinfo=UTC),
    )
    assert (row["budget_hours"], row["position"]) == (Decimal(12), None)

    row = row_of(
        "tasks",
        {
            "id": 61,
            "name": "Follow up",
            "type": {"id": 1, "name": "Call"},
            "ticket": {"id": 17, "summary": "Printer"},
            "assignTo": {"id": 5, "identifier": "pn", "name": "P N"},
            "dateStart": "2024-01-10T14:00:00Z",
            "dateEnd": "2024-01-10T14:30:00Z",
            "notes": "Ask about the budget year",
        },
        "activities",
    )
    assert (row["name"], row["type"], row["ticket_id"], row["owner_name"]) == ("Follow up", "Call", "17", "P N")
    assert (row["description"], row["due_at"]) == (
        "Ask about the budget year",
        datetime(2024, 1, 10, 14, 30, tzinfo=UTC),
    )
