"""Our mappings of Autotask: records become the right rows, and picklist values only where they are the vendor's own."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from mapped_rows import mapped_row

FIELDS = [{"name": "Contract Ref", "value": "A-1"}]


def row_of(table: str, endpoint: str, record: dict[str, Any]) -> dict[str, Any]:
    return mapped_row(table, "autotask", endpoint, record)


def test_a_ticket_becomes_a_row() -> None:
    row = row_of(
        "tickets",
        "tickets",
        {
            "id": 17,
            "ticketNumber": "T20240131.0017",
            "title": "Printer is on fire",
            "description": "It smells.",
            "status": 1,
            "priority": 4,
            "ticketType": 2,
            "issueType": 10,
            "subIssueType": 136,
            "source": 4,
            "companyID": 0,
            "contactID": None,
            "queueID": 29682833,
            "assignedResourceID": 29682885,
            "configurationItemID": 5,
            "problemTicketId": 16,
            "firstResponseDueDateTime": "2024-01-31T16:05:09.123Z",
            "dueDateTime": "2024-02-01T17:00:00Z",
            "completedDate": None,
            "estimatedHours": 1.5,
            "createDate": "2024-01-31T14:05:09.5Z",
            "creatorResourceID": 4,
            "lastActivityResourceID": 29682885,
            "userDefinedFields": FIELDS,
        },
    )
    assert (row["ticket_number"], row["summary"]) == ("T20240131.0017", "Printer is on fire")
    assert (row["status"], row["status_category"], row["is_closed"]) == ("1", "new", False)
    assert (row["priority"], row["priority_level"]) == ("4", 1)
    assert (row["type"], row["subtype"], row["item"], row["channel"]) == ("2", "10", "136", "4")
    # The provider's own company has the id 0, which is none that is missing.
    assert (row["company_id"], row["contact_id"], row["owner_id"]) == ("0", None, "29682885")
    assert (row["board_id"], row["device_id"], row["parent_ticket_id"]) == ("29682833", "5", "16")
    assert row["response_due_at"] == datetime(2024, 1, 31, 16, 5, 9, 123000, UTC)
    assert (row["due_at"], row["closed_at"]) == (datetime(2024, 2, 1, 17, tzinfo=UTC), None)
    assert (row["budget_hours"], row["created_by"], row["updated_by"]) == (Decimal("1.5"), "4", "29682885")
    assert json.loads(row["custom_fields"]) == FIELDS


@pytest.mark.parametrize(
    ("status", "category", "closed"),
    [(1, "new", False), (5, "closed", True), ("5", "closed", True), (8, None, False), (0, None, False), (None,) * 3],
)
def test_of_a_tickets_statuses_only_those_of_the_system_are_known(status: Any, category: Any, closed: Any) -> None:
    row = row_of("tickets", "tickets", {"status": status})
    assert (row["status_category"], row["is_closed"]) == (category, closed)


@pytest.mark.parametrize(("priority", "level"), [(4, 1), (1, 2), (2, 3), (3, 4), (0, None), (12, None), (None, None)])
def test_priorities_are_not_counted_in_their_order(priority: int | None, level: int | None) -> None:
    assert row_of("tickets", "tickets", {"priority": priority})["priority_level"] == level


def test_a_time_entry_becomes_a_row() -> None:
    entry = {
        "id": 5,
        "ticketID": None,
        "taskID": 33,
        "timeEntryType": 6,
        "resourceID": 29682885,
        "dateWorked": "2024-01-31T00:00:00Z",
        "startDateTime": "2024-01-31T23:00:00Z",
        "endDateTime": "2024-02-01T00:30:00Z",
        "hoursWorked": 1.5,
        "hoursToBill": 0.0,
        "offsetHours": -1.5,
        "isNonBillable": False,
        "billingCodeID": None,
        "internalBillingCodeID": 7,
        "roleID": 29683396,
        "contractID": 11,
        "billingApprovalResourceID": 29682885,
        "billingApprovalDateTime": "2024-02-02T08:00:00Z",
        "summaryNotes": "Replaced it.",
        "internalNotes": "",
    }
    row = row_of("time_entries", "time_entries", entry)
    assert (row["ticket_id"], row["task_id"], row["charge_to_id"], row["charge_to_type"]) == (None, "33", "33", "6")
    assert (row["work_date"], row["started_at"]) == (date(2024, 1, 31), datetime(2024, 1, 31, 23, tzinfo=UTC))
    assert (row["hours"], row["hours_billed"], row["is_billable"]) == (Decimal("1.5"), Decimal(0), True)
    assert (row["work_type_id"], row["work_role_id"], row["agreement_id"]) == ("7", "29683396", "11")
    assert (row["is_approved"], row["approved_by"]) == (True, "29682885")
    unapproved = row_of("time_entries", "time_entries", {"isNonBillable": True, "billingApprovalResourceID": None})
    assert (unapproved["is_approved"], unapproved["is_billable"]) == (None, False)


@pytest.mark.parametrize(
    ("type_", "active", "expected"),
    [
        (1, True, ("active", True, False, True)),
        (7, True, ("active", False, True, True)),
        (3, True, ("prospect", False, False, True)),
        (3, False, ("inactive", False, False, False)),
        (6, True, ("inactive", False, False, True)),
        (99, True, ("active", None, None, True)),
        (None, None, (None, None, None, None)),
    ],
)
def test_a_company_is_what_its_type_and_its_flag_say(type_: Any, active: Any, expected: tuple[Any, ...]) -> None:
    record = {"id": 0, "companyName": "Us", "companyType": type_, "isActive": active, "parentCompanyID": 0}
    row = row_of("companies", "companies", record)
    assert (row["status_category"], row["is_customer"], row["is_vendor"], row["is_active"]) == expected
    assert (row["name"], row["parent_company_id"]) == ("Us", "0")


def test_a_companys_address_and_people_are_found() -> None:
    row = row_of(
        "companies",
        "companies",
        {
            "companyNumber": "ACME",
            "address1": "1 Main St",
            "postalCode": "12110",
            "countryID": 237,
            "currencyID": 1,
            "territoryID": 30,
            "ownerResourceID": 4,
            "taxID": "12-345",
            "webAddress": "acme.example",
            "createDate": "2020-05-01T00:00:00Z",
        },
    )
    assert (row["identifier"], row["address_line1"], row["postal_code"]) == ("ACME", "1 Main St", "12110")
    # Of country and currency there is only a number, which is the tenant's own.
    assert (row["country"], row["currency"], row["territory_id"], row["owner_id"]) == (None, None, "30", "4")
    assert (row["tax_number"], row["website"]) == ("12-345", "acme.example")
    assert row["created_at"] == datetime(2020, 5, 1, tzinfo=UTC)


@pytest.mark.parametrize(("flag", "active"), [(1, True), (0, False), (True, True), (None, None)])
def test_a_contact_becomes_a_row_and_its_flag_is_a_number(flag: Any, active: Any) -> None:
    row = row_of(
        "contacts",
        "contacts",
        {
            "id": 8,
            "companyID": 250,
            "firstName": "Ada",
            "lastName": "Doe",
            "isActive": flag,
            "primaryContact": True,
            "phone": "",
            "alternatePhone": "2",
            "mobilePhone": "3",
            "addressLine": "1 Main St",
            "addressLine1": "Floor 2",
            "lastActivityDate": "2024-01-31T14:05:09Z",
        },
    )
    assert (row["full_name"], row["company_id"], row["is_active"], row["is_primary"]) == (
        "Ada Doe",
        "250",
        active,
        True,
    )
    assert (row["phone"], row["mobile"]) == ("2", "3")
    assert (row["address_line1"], row["address_line2"]) == ("1 Main St", "Floor 2")
    assert row["last_activity_at"] == datetime(2024, 1, 31, 14, 5, 9, tzinfo=UTC)


def test_a_resource_becomes_a_user() -> None:
    record = {
        "id": 29682885,
        "firstName": "Bob",
        "lastName": "Ray",
        "userName": "bray",
        "email": "bob@msp.example",
        "officePhone": None,
        "mobilePhone": "5",
        "userType": 1,
        "licenseType": 1,
        "isActive": True,
        "hireDate": "2015-03-02T00:00:00Z",
    }
    row = row_of("users", "resources", record)
    assert (row["name"], row["username"], row["phone"], row["role"]) == ("Bob Ray", "bray", "5", "1")
    assert (row["is_active"], row["hire_date"]) == (True, date(2015, 3, 2))


def test_a_configuration_item_becomes_a_device() -> None:
    row = row_of(
        "devices",
        "configuration_items",
        {
            "id": 5,
            "referenceTitle": "",
            "rmmDeviceAuditHostname": "WS-01",
            "configurationItemType": 3,
            "isActive": True,
            "companyID": 250,
            "companyLocationID": 12,
            "dattoSerialNumber": "D-1",
            "rmmDeviceAuditMacAddress": "00:11:22:33:44:55",
            "rmmDeviceAuditIPAddress": "10.0.0.5",
            "dattoInternalIP": None,
            "rmmDeviceAuditMemoryBytes": None,
            "dattoDeviceMemoryMegabytes": 2048,
            "rmmDeviceAuditStorageBytes": 512110190592,
            "rmmDeviceAuditManufacturerID": 44,
            "warrantyExpirationDate": "2027-06-30T00:00:00Z",
        },
    )
    assert (row["name"], row["type"], row["type_category"], row["status"]) == ("WS-01", "3", None, "Active")
    assert (row["company_id"], row["site_id"], row["serial_number"]) == ("250", "12", "D-1")
    assert (json.loads(row["mac_addresses"]), json.loads(row["ip_addresses"])) == (["00:11:22:33:44:55"], ["10.0.0.5"])
    assert (row["memory_bytes"], row["storage_bytes"]) == (2048 * 1024**2, 512110190592)
    assert (row["manufacturer"], row["warranty_until"]) == (None, date(2027, 6, 30))


def test_products_and_services_become_products() -> None:
    product = {"name": "SSD", "sku": "", "internalProductID": "P-1", "unitPrice": 99.5, "periodType": None}
    row = row_of("products", "products", {**product, "manufacturerName": "Acme", "isActive": False})
    assert (row["identifier"], row["unit_price"], row["manufacturer"]) == ("P-1", Decimal("99.5"), "Acme")
    assert (row["is_active"], row["is_recurring"]) == (False, None)
    service = {"name": "Backup", "unitPrice": 12, "unitCost": 4.25, "periodType": 2, "isActive": True}
    row = row_of("products", "services", {**service, "updateResourceID": 4})
    assert (row["unit_cost"], row["billing_cycle"], row["is_recurring"]) == (Decimal("4.25"), "2", True)
    assert row["updated_by"] == "4"


@pytest.mark.parametrize(("status", "category"), [(1, "active"), (0, None), (None, None)])
def test_a_contract_becomes_an_agreement(status: int | None, category: str | None) -> None:
    dates = {"startDate": "2024-01-01T00:00:00Z", "endDate": "2024-12-31T00:00:00Z"}
    record = {"contractName": "Managed", "contractType": 7, "status": status, "companyID": 250, **dates}
    row = row_of("agreements", "contracts", {**record, "contractPeriodType": "m"})
    assert (row["name"], row["type"], row["status_category"], row["company_id"]) == ("Managed", "7", category, "250")
    assert (row["starts_on"], row["ends_on"]) == (date(2024, 1, 1), date(2024, 12, 31))


@pytest.mark.parametrize(
    ("fields", "category"),
    [
        ({"isVoided": True, "paidDate": "2024-02-01T00:00:00Z"}, "void"),
        ({"isVoided": False, "paidDate": "2024-02-01T00:00:00Z"}, "paid"),
        # Payments are mostly booked elsewhere, so one without a date may be paid or not.
        ({"isVoided": False, "paidDate": None}, None),
    ],
)
def test_an_invoice_becomes_a_row(fields: dict[str, Any], category: str | None) -> None:
    record = {
        "invoiceNumber": "0042",
        "invoiceTotal": 119.0,
        "totalTaxValue": 19,
        "invoiceDateTime": "2024-01-31T00:00:00Z",
    }
    row = row_of("invoices", "invoices", {**record, **fields, "companyID": 250, "orderNumber": "PO-1"})
    assert (row["number"], row["type"], row["status_category"]) == ("0042", "invoice", category)
    assert (row["total"], row["tax"], row["reference"]) == (Decimal(119), Decimal(19), "PO-1")
    assert (row["issued_on"], row["currency"]) == (date(2024, 1, 31), None)


@pytest.mark.parametrize(
    ("status", "category"), [(0, "open"), (1, "open"), (2, "lost"), (3, "won"), (4, "won"), (9, None), (None, None)]
)
def test_an_opportunity_becomes_a_row(status: int | None, category: str | None) -> None:
    money = {"amount": 1200, "monthlyRevenue": 100, "cost": 300.5, "probability": 75}
    dates = {"projectedCloseDate": "2024-06-01T00:00:00Z", "closedDate": None, "lostDate": "2024-05-01T00:00:00Z"}
    record = {"title": "New office", "status": status, "lossReason": 3, "lossReasonDetail": "", **money, **dates}
    row = row_of("opportunities", "opportunities", record)
    assert (row["name"], row["status_category"], row["lost_reason"]) == ("New office", category, "3")
    assert (row["amount"], row["recurring_amount"], row["cost"]) == (Decimal(1200), Decimal(100), Decimal("300.5"))
    assert (row["probability"], row["expected_close_on"]) == (Decimal(75), date(2024, 6, 1))
    assert row["closed_at"] == datetime(2024, 5, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "project", "task"), [(1, "planned", "open"), (5, "completed", "done"), (4, None, None)]
)
def test_projects_and_tasks_become_rows(status: int, project: str | None, task: str | None) -> None:
    record = {"projectName": "Move", "status": status, "projectLeadResourceID": 4, "completedPercentage": 40}
    row = row_of("projects", "projects", {**record, "estimatedTime": 80, "actualHours": 12.25, "contractID": None})
    assert (row["name"], row["status_category"], row["manager_id"]) == ("Move", project, "4")
    assert (row["percent_complete"], row["budget_hours"], row["actual_hours"]) == (40, 80, Decimal("12.25"))
    times = {"startDateTime": "2024-01-31T08:00:00Z", "endDateTime": "2024-02-02T17:00:00Z"}
    record = {"title": "Cable", "status": status, "projectID": 3, "assignedResourceID": 4, "priorityLabel": 2}
    row = row_of("tasks", "tasks", {**record, **times, "priority": 700, "estimatedHours": 4})
    assert (row["name"], row["status_category"], row["project_id"], row["priority"]) == ("Cable", task, "3", "2")
    assert (row["due_at"], row["budget_hours"]) == (datetime(2024, 2, 2, 17, tzinfo=UTC), Decimal(4))
