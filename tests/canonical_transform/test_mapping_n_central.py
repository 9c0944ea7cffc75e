"""Our mappings of N-central: records become the right rows."""

from datetime import UTC, datetime
from typing import Any

import pytest

from mapped_rows import mapped_row


def row_of(table: str, endpoint: str, parent_id: str | None = None, **record: Any) -> dict[str, Any]:
    return mapped_row(table, "n_central", endpoint, record, parent_id)


DEVICE = {
    "deviceId": 987,
    "longName": "DC01",
    "deviceClass": "Servers - Windows",
    "supportedOsLabel": "Microsoft Windows Server 2022",
    "customerId": 1234,
    "customerName": "Acme",
    "siteId": 55,
    "siteName": "HQ",
    "lastApplianceCheckinTime": "2026-02-01T08:00:00-0400",
}


def test_a_device_becomes_a_row_of_its_customer() -> None:
    row = row_of("devices", "devices", **DEVICE)
    assert (row["name"], row["type"], row["type_category"]) == ("DC01", "Servers - Windows", "server")
    assert (row["company_id"], row["company_name"], row["site_id"], row["site_name"]) == ("1234", "Acme", "55", "HQ")
    assert row["os"] == "Microsoft Windows Server 2022"
    assert row["last_seen_at"] == datetime(2026, 2, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("device_class", "category"),
    [
        ("Workstations - Mac", "workstation"),
        ("Laptop - Windows", "workstation"),
        ("Switch/Router", "network"),
        ("Printer", "printer"),
        ("Toaster - Generic", None),
        (None, None),
    ],
)
def test_what_class_a_device_is_of_is_not_guessed(device_class: str | None, category: str | None) -> None:
    assert row_of("devices", "devices", **{**DEVICE, "deviceClass": device_class})["type_category"] == category


@pytest.mark.parametrize("id_", [1234, "1234"])
def test_a_customer_becomes_a_company(id_: Any) -> None:
    row = row_of(
        "companies",
        "customers",
        customerId=id_,
        customerName="Acme",
        externalId="C-7",
        contactPhone="+1 555",
        street1="1 Main St",
        stateProv="NY",
        postalCode="10001",
    )
    assert (row["name"], row["identifier"], row["phone"]) == ("Acme", "C-7", "+1 555")
    assert (row["address_line1"], row["state"], row["postal_code"]) == ("1 Main St", "NY", "10001")


def test_a_user_an_issue_and_a_task_become_rows() -> None:
    user = row_of("users", "users", userId=1, userName="ada", firstName="Ada", lastName="Lovelace", isEnabled=False)
    assert (user["name"], user["username"], user["is_active"]) == ("Ada Lovelace", "ada", False)
    issue = row_of("tickets", "active_issues", deviceId=987, taskId=3, serviceName="Disk", notificationState=5)
    assert (issue["summary"], issue["status"], issue["status_category"]) == ("Disk", "5", None)
    assert (issue["device_id"], issue["is_closed"]) == ("987", False)
    task = row_of("tasks", "device_tasks", "987", taskId=3, taskName="Reboot", status="Completed")
    assert (task["name"], task["status"], task["status_category"]) == ("Reboot", "Completed", None)
