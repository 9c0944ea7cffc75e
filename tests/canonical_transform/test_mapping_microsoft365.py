"""Our mappings of Microsoft Graph: records become the right rows."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from mapped_rows import mapped_row

USER: dict[str, Any] = {
    "id": "87d349ed-44d7-43e1-9a83-5f2406dee5bd",
    "accountEnabled": True,
    "displayName": "Adele Vance",
    "givenName": "Adele",
    "surname": "Vance",
    "userPrincipalName": "AdeleV@acme.example",
    "mail": None,
    "otherMails": ["adele@home.example"],
    "businessPhones": [],
    "mobilePhone": "+1 425 555 0109",
    "jobTitle": "Product Marketing Manager",
    "department": "Marketing",
    "userType": "Member",
    "employeeHireDate": "2021-02-28T23:00:00Z",
    "createdDateTime": "2021-02-01T08:30:00Z",
    "onPremisesExtensionAttributes": {"extensionAttribute1": "blue", "extensionAttribute2": None},
}


def row_of(table: str, endpoint: str, record: dict[str, Any]) -> dict[str, Any]:
    return mapped_row(table, "microsoft365", endpoint, record)


@pytest.mark.parametrize("endpoint", ["users", "users_delta"])
def test_a_user_becomes_a_row_from_the_list_and_from_the_feed(endpoint: str) -> None:
    row = row_of("users", endpoint, USER)
    assert (row["name"], row["first_name"], row["last_name"]) == ("Adele Vance", "Adele", "Vance")
    assert (row["username"], row["email"]) == ("AdeleV@acme.example", "adele@home.example")
    assert (row["phone"], row["is_active"], row["role"]) == ("+1 425 555 0109", True, "Member")
    assert (row["title"], row["department"]) == ("Product Marketing Manager", "Marketing")
    assert row["hire_date"] == date(2021, 2, 28)
    assert row["created_at"] == datetime(2021, 2, 1, 8, 30, tzinfo=UTC)
    assert json.loads(row["custom_fields"])["extensionAttribute1"] == "blue"
    assert (row["last_login_at"], row["is_admin"], row["mfa_enabled"]) == (None, None, None)


def test_a_users_last_login_is_known_where_it_is_asked_for() -> None:
    row = row_of("users", "users", USER | {"signInActivity": {"lastSignInDateTime": "2026-02-28T07:01:02Z"}})
    assert row["last_login_at"] == datetime(2026, 2, 28, 7, 1, 2, tzinfo=UTC)


def test_a_device_of_the_directory_becomes_a_row() -> None:
    row = row_of(
        "devices",
        "devices",
        {
            "id": "6a59ea83",
            "displayName": "DESKTOP-1",
            "profileType": "RegisteredDevice",
            "operatingSystem": "Windows",
            "operatingSystemVersion": "10.0.22631",
            "managementType": "MDM",
            "manufacturer": "Dell",
            "model": "Latitude",
            "isManaged": True,
            "systemLabels": [],
            "approximateLastSignInDateTime": "2026-02-01T00:00:00.1234567Z",
        },
    )
    assert (row["name"], row["type"], row["type_category"]) == ("DESKTOP-1", "RegisteredDevice", "workstation")
    assert (row["manufacturer"], row["model"], row["is_managed"]) == ("Dell", "Latitude", True)
    assert (row["os"], row["os_version"]) == ("Windows", "10.0.22631")
    assert row["last_seen_at"] == datetime(2026, 2, 1, 0, 0, 0, 123456, tzinfo=UTC)


# Graph, device resource: profileType is one of RegisteredDevice, SecureVM, Printer, Shared, IoT.
@pytest.mark.parametrize(
    ("fields", "category"),
    [
        ({"operatingSystem": "Windows"}, None),  # it may be a server that has joined
        ({"operatingSystem": "Windows Server"}, "server"),
        ({"operatingSystem": "iPhone"}, "mobile"),
        ({"operatingSystem": "Linux"}, None),
        ({"operatingSystem": "Windows", "profileType": "SecureVM"}, "virtual"),
        ({"profileType": "Printer"}, "printer"),
        ({"profileType": "IoT", "operatingSystem": "Linux"}, "other"),
        ({}, None),
    ],
)
def test_what_kind_of_device_it_is_comes_from_what_is_known(fields: dict[str, str], category: str | None) -> None:
    assert row_of("devices", "devices", {"id": "1", **fields})["type_category"] == category


def test_a_managed_device_becomes_a_row() -> None:
    row = row_of(
        "devices",
        "managed_devices",
        {
            "id": "705c034c",
            "deviceName": "iPad of Adele",
            "operatingSystem": "iOS",
            "osVersion": "17.4",
            "complianceState": "noncompliant",
            "userId": "87d349ed-44d7-43e1-9a83-5f2406dee5bd",
            "serialNumber": "DMPX1",
            "ethernetMacAddress": None,
            "wiFiMacAddress": "aabbccddeeff",
            "physicalMemoryInBytes": 0,
            "totalStorageSpaceInBytes": 64_000_000_000,
            "isEncrypted": False,
            "lastSyncDateTime": "2026-02-28T23:30:00-01:00",
            "enrolledDateTime": "0001-01-01T00:00:00Z",
        },
    )
    assert (row["name"], row["type_category"], row["status"]) == ("iPad of Adele", "mobile", "noncompliant")
    assert (row["user_id"], row["serial_number"]) == (USER["id"], "DMPX1")
    assert (row["memory_bytes"], row["storage_bytes"]) == (None, 64_000_000_000)
    assert json.loads(row["mac_addresses"]) == ["aabbccddeeff"]
    assert (row["is_managed"], row["is_encrypted"]) == (True, False)
    assert row["last_seen_at"] == datetime(2026, 3, 1, 0, 30, tzinfo=UTC)
    assert row["created_at"] is None


@pytest.mark.parametrize("user", ["", "00000000-0000-0000-0000-000000000000", None])
def test_a_managed_device_of_nobody_has_no_user(user: str | None) -> None:
    record = {"id": "1", "userId": user, "lastSyncDateTime": "0001-01-01T00:00:00+00:00"}
    row = row_of("devices", "managed_devices", record)
    assert (row["user_id"], row["last_seen_at"]) == (None, None)


def test_a_licence_and_its_subscription_become_rows() -> None:
    record = {"id": "t_s", "skuId": "s", "skuPartNumber": "ENTERPRISEPACK", "appliesTo": "User"}
    row = row_of("products", "subscribed_skus", record | {"capabilityStatus": "Warning", "consumedUnits": 14})
    assert (row["name"], row["identifier"], row["type"]) == ("ENTERPRISEPACK", "s", "User")
    assert (row["is_active"], row["quantity_on_hand"]) == (True, None)
    assert row_of("products", "subscribed_skus", record | {"capabilityStatus": "Other"})["is_active"] is None
    bought: dict[str, Any] = {
        "id": "r",
        "skuPartNumber": "ENTERPRISEPACK",
        "commerceSubscriptionId": "c-1",
        "status": "Enabled",
        "totalLicenses": 25,
        "createdDateTime": "2025-01-01T00:00:00Z",
        "nextLifecycleDateTime": "2026-12-31T00:00:00Z",
    }
    row = row_of("agreements", "company_subscriptions", bought)
    assert (row["name"], row["number"], row["status_category"]) == ("ENTERPRISEPACK", "c-1", "active")
    assert (row["quantity"], row["ends_on"]) == (Decimal(25), date(2026, 12, 31))


@pytest.mark.parametrize(
    ("status", "category"),
    [("Warning", "active"), ("Suspended", "suspended"), ("LockedOut", "suspended"), ("Deleted", "ended"), ("?", None)],
)
def test_what_comes_after_a_subscriptions_end_is_not_its_end(status: str, category: str | None) -> None:
    record = {"id": "r", "status": status, "nextLifecycleDateTime": "2026-12-31T00:00:00Z"}
    row = row_of("agreements", "company_subscriptions", record)
    assert (row["status_category"], row["ends_on"]) == (category, None)


def test_a_contact_becomes_a_row() -> None:
    row = row_of(
        "contacts",
        "org_contacts",
        {
            "id": "25caf6a2",
            "displayName": "Ivan Ivanov",
            "givenName": "Ivan",
            "surname": "Ivanov",
            "companyName": "Contoso",
            "mail": "ivan@contoso.example",
            "phones": [{"type": "mobile", "number": "1"}, {"type": "business", "number": "2"}],
            "addresses": [{"street": "1 High St", "city": "Oslo", "countryOrRegion": "NO", "postalCode": None}],
        },
    )
    assert (row["full_name"], row["company_name"], row["email"]) == ("Ivan Ivanov", "Contoso", "ivan@contoso.example")
    assert (row["phone"], row["mobile"]) == ("2", "1")
    assert (row["address_line1"], row["city"], row["country"], row["postal_code"]) == ("1 High St", "Oslo", "NO", None)


def test_the_organization_becomes_a_company() -> None:
    row = row_of(
        "companies",
        "organization",
        {
            "id": "84841066",
            "displayName": "Acme",
            "verifiedDomains": [
                {"name": "acme.onmicrosoft.com", "isDefault": False},
                {"name": "acme.example", "isDefault": True},
            ],
            "tenantType": "AAD",
            "businessPhones": ["425 555 0100"],
            "technicalNotificationMails": [],
            "country": None,
            "countryLetterCode": "US",
            "street": "1 Main St",
        },
    )
    assert (row["name"], row["identifier"], row["type"]) == ("Acme", "acme.example", "AAD")
    assert (row["phone"], row["email"], row["country"]) == ("425 555 0100", None, "US")


def test_a_plan_and_its_tasks_become_rows_that_belong_together() -> None:
    plan = {"id": "p1", "title": "Move", "container": {"type": "group"}, "createdBy": {"user": {"id": "u1"}}}
    row = row_of("projects", "planner_plans", plan | {"createdDateTime": "2026-01-05T09:00:00Z"})
    assert (row["name"], row["type"], row["created_by"]) == ("Move", "group", "u1")
    task = {"id": "t1", "planId": "p1", "title": "Pack", "priority": 5, "percentComplete": 50}
    row = row_of("tasks", "planner_tasks", task | {"dueDateTime": "2026-03-05T10:00:00Z", "completedDateTime": None})
    assert (row["name"], row["project_id"], row["priority"]) == ("Pack", "p1", "5")
    assert (row["percent_complete"], row["status_category"]) == (Decimal(50), "in_progress")
    assert (row["due_at"], row["completed_at"]) == (datetime(2026, 3, 5, 10, tzinfo=UTC), None)


@pytest.mark.parametrize(("percent", "category"), [(0, "open"), (1, "in_progress"), (100, "done"), (None, None)])
def test_a_task_is_as_far_as_its_percentage(percent: int | None, category: str | None) -> None:
    assert row_of("tasks", "planner_tasks", {"id": "t", "percentComplete": percent})["status_category"] == category
