"""Our mappings of CrowdStrike: records become the right rows."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from mapped_rows import mapped_row


def row_of(table: str, endpoint: str, **record: Any) -> dict[str, Any]:
    return mapped_row(table, "crowdstrike", endpoint, record)


def test_a_host_becomes_a_device() -> None:
    row = row_of(
        "devices",
        "hosts",
        device_id="d1",
        cid="c1",
        hostname="PC-7",
        platform_name="Windows",
        chassis_type_desc="Notebook",
        filesystem_containment_status="normal",
        status="contained",
        system_manufacturer="Dell Inc.",
        system_product_name="Latitude 5440",
        serial_number="ABC123",
        site_name="Default-First-Site-Name",
        tags=["SensorGroupingTags/Office"],
        os_version="Windows 11",
        os_build="22631",
        local_ip="10.0.0.7",
        external_ip="192.0.2.1",
        mac_address="00-11-22-33-44-55",
        machine_domain="acme.example",
        agent_version="7.10.1",
        first_seen="2024-01-31T14:05:09Z",
        last_seen="2024-02-01T10:00:00Z",
        last_reboot="",
    )
    assert (row["name"], row["type"], row["type_category"]) == ("PC-7", "Notebook", "workstation")
    assert (row["company_id"], row["status"], row["is_managed"]) == ("c1", "contained", True)
    assert (row["manufacturer"], row["model"], row["serial_number"]) == ("Dell Inc.", "Latitude 5440", "ABC123")
    assert (row["site_name"], row["tags"]) == ("Default-First-Site-Name", '["SensorGroupingTags/Office"]')
    assert (row["os"], row["os_version"], row["agent_version"]) == ("Windows 11", "22631", "7.10.1")
    assert (json.loads(row["ip_addresses"]), row["public_ip"]) == (["10.0.0.7"], "192.0.2.1")
    assert json.loads(row["mac_addresses"]) == ["00-11-22-33-44-55"]
    assert (row["created_at"], row["last_boot_at"]) == (datetime(2024, 1, 31, 14, 5, 9, tzinfo=UTC), None)


# Hosts API, device: product_type_desc is Workstation, Server or Domain Controller.
@pytest.mark.parametrize(
    ("platform", "chassis", "product", "category"),
    [
        ("iOS", None, None, "mobile"),
        ("Android", "Notebook", "Workstation", "mobile"),
        ("Linux", "rack mount chassis", "Workstation", "server"),
        ("Windows", "Other", "Domain Controller", "server"),
        ("Windows", "", "Workstation", "workstation"),
        ("Linux", "Other", "Pod", None),
        (None, 9, None, None),
    ],
)
def test_a_host_is_of_a_kind_where_that_is_known(
    platform: str | None, chassis: Any, product: str | None, category: str | None
) -> None:
    row = row_of("devices", "hosts", platform_name=platform, chassis_type_desc=chassis, product_type_desc=product)
    assert row["type_category"] == category


def test_an_alert_becomes_a_ticket() -> None:
    row = row_of(
        "tickets",
        "alerts",
        composite_id="c1:ind:1",
        cid="c1",
        agent_id="d0",
        device={"device_id": "d1", "hostname": "PC-7"},
        name="PowerShell",
        display_name="Suspicious script",
        status="in_progress",
        severity=70,
        severity_name="High",
        type="ldt",
        tactic="Execution",
        technique="PowerShell",
        product="epp",
        assigned_to_uuid="u1",
        assigned_to_name="Ada Doe",
        created_timestamp="2024-01-31T14:05:09.123456789Z",
        falcon_host_link="https://falcon.crowdstrike.com/a",
        tags=["fc/offering/epp"],
    )
    assert (row["summary"], row["status"], row["status_category"]) == (
        "Suspicious script",
        "in_progress",
        "in_progress",
    )
    assert (row["severity"], row["priority_level"], row["is_closed"]) == ("High", 2, False)
    assert (row["type"], row["subtype"], row["item"], row["channel"]) == ("ldt", "Execution", "PowerShell", "epp")
    assert (row["company_id"], row["device_id"], row["owner_id"], row["owner_name"]) == ("c1", "d1", "u1", "Ada Doe")
    assert row["created_at"] == datetime(2024, 1, 31, 14, 5, 9, 123456, tzinfo=UTC)
    assert json.loads(row["tags"]) == ["fc/offering/epp"]


@pytest.mark.parametrize(
    ("status", "category", "closed"),
    [("new", "new", False), ("reopened", "in_progress", False), ("Closed", "closed", True), ("muted", None, None)],
)
def test_an_alert_has_a_category_where_its_status_is_known(status: str, category: str | None, closed: Any) -> None:
    row = row_of("tickets", "alerts", status=status, agent_id="d0", device=None)
    assert (row["status_category"], row["is_closed"], row["device_id"]) == (category, closed, "d0")


def test_an_application_becomes_a_product() -> None:
    row = row_of(
        "products",
        "applications",
        id="a1",
        name="Chrome",
        vendor="Google",
        version="120",
        name_vendor_version="Chrome-Google-120",
        category="Browser",
        software_type="application",
        first_seen_timestamp="2024-01-31T14:05:09Z",
    )
    assert (row["name"], row["manufacturer"], row["identifier"]) == ("Chrome", "Google", "Chrome-Google-120")
    assert (row["category"], row["type"], row["vendor_name"]) == ("Browser", "application", None)


def test_a_user_becomes_a_row() -> None:
    row = row_of(
        "users",
        "users",
        uuid="u1",
        uid="ada@acme.example",
        first_name="Ada",
        last_name="Doe",
        status="active",
        created_at="2024-01-31T14:05:09Z",
        last_login_at=None,
    )
    assert (row["name"], row["username"], row["email"]) == ("Ada Doe", "ada@acme.example", "ada@acme.example")
    assert (row["is_active"], row["last_login_at"]) == (True, None)
    assert row_of("users", "users", status="pending")["is_active"] is None


def test_a_child_becomes_a_company() -> None:
    row = row_of("companies", "children", child_cid="c1", child_of="c0", name="Acme", status="active")
    assert (row["name"], row["identifier"], row["parent_company_id"]) == ("Acme", "c1", "c0")
    assert (row["status_category"], row["is_active"]) == ("active", True)


def test_an_account_becomes_a_contact() -> None:
    row = row_of(
        "contacts",
        "accounts",
        id="a1",
        cid="c1",
        account_name=None,
        username="ada",
        account_type="Local",
        first_seen_timestamp="2024-01-31T14:05:09Z",
        last_successful_login_timestamp="2024-02-01T00:00:00Z",
    )
    assert (row["full_name"], row["type"], row["company_id"]) == ("ada", "Local", "c1")
    assert row["last_activity_at"] == datetime(2024, 2, 1, tzinfo=UTC)
