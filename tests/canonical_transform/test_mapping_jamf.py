"""Our mappings of Jamf Pro: records become the right rows."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from mapped_rows import mapped_row


def row_of(table: str, endpoint: str, **record: Any) -> dict[str, Any]:
    return mapped_row(table, "jamf", endpoint, record)


COMPUTER: dict[str, Any] = {
    "id": "7",
    "general": {
        "name": "ACME-MBP-7",
        "platform": "Mac",
        "lastIpAddress": "203.0.113.5",
        "jamfBinaryVersion": "11.33.0",
        "assetTag": "A-7",
        "remoteManagement": {"managed": True},
        "site": {"id": "3", "name": "Acme"},
        "initialEntryDate": "2025-06-01",
        "lastCheckIn": "2026-02-01T08:00:00.000Z",
    },
    "hardware": {
        "make": "Apple",
        "model": "MacBook Pro",
        "serialNumber": "C02",
        "macAddress": "00:11:22:33:44:55",
        "totalRamMegabytes": 16384,
        "processorType": "Apple M3",
    },
    "operatingSystem": {"name": "macOS", "version": "15.3", "fileVault2Status": "ALL_ENCRYPTED"},
    "purchasing": {"poDate": "2025-05-01", "warrantyDate": "2028-05-01"},
    "storage": {"disks": [{"sizeMegabytes": 1000}, {"sizeMegabytes": 24}]},
}


def test_a_computer_becomes_a_device() -> None:
    row = row_of("devices", "computers", **COMPUTER)
    assert (row["name"], row["type_category"], row["company_id"]) == ("ACME-MBP-7", "workstation", "3")
    assert (row["serial_number"], row["asset_tag"], row["cpu"]) == ("C02", "A-7", "Apple M3")
    assert (row["memory_bytes"], row["storage_bytes"]) == (16384 * 1_048_576, 1024 * 1_048_576)
    assert (row["is_managed"], row["is_encrypted"]) == (True, True)
    assert (row["purchased_at"], row["warranty_until"]) == (date(2025, 5, 1), date(2028, 5, 1))
    assert json.loads(row["ip_addresses"]) == ["203.0.113.5"]


@pytest.mark.parametrize("name", ["lastCheckIn", "lastContactTime"])
def test_the_last_contact_is_read_in_every_version(name: str) -> None:
    row = row_of("devices", "computers", id="7", general={name: "2026-02-01T08:00:00.000Z"})
    assert row["last_seen_at"] == datetime(2026, 2, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "encrypted"),
    [("BOOT_ENCRYPTED", True), ("NOT_ENCRYPTED", False), ("SOME_ENCRYPTED", None), ("NOT_APPLICABLE", None)],
)
def test_a_disk_that_is_encrypted_in_part_is_neither(status: str, encrypted: bool | None) -> None:
    row = row_of("devices", "computers", id="7", operatingSystem={"fileVault2Status": status})
    assert row["is_encrypted"] is encrypted


def test_a_device_of_no_site_is_nobodys() -> None:
    general = {**COMPUTER["general"], "site": {"id": "-1", "name": "NONE"}}
    row = row_of("devices", "computers", id="7", general=general)
    assert (row["company_id"], row["company_name"]) == (None, None)


@pytest.mark.parametrize(("kind", "category"), [("iOS", "mobile"), ("tvOS", "other"), ("visionOS", None)])
def test_a_mobile_device_becomes_a_device(kind: str, category: str | None) -> None:
    general = {"displayName": "iPad 4", "siteId": "3", "osVersion": "18.3", "managed": True}
    hardware = {"model": "iPad Air", "serialNumber": "DMP", "wifiMacAddress": "00:11", "capacityMb": 64}
    row = row_of("devices", "mobile_devices", mobileDeviceId="4", deviceType=kind, general=general, hardware=hardware)
    assert (row["name"], row["type_category"], row["company_id"]) == ("iPad 4", category, "3")
    assert (row["manufacturer"], row["storage_bytes"]) == ("Apple", 64 * 1_048_576)


def test_sites_packages_and_volume_purchasing_become_rows() -> None:
    assert row_of("companies", "sites", id="3", name="Acme")["name"] == "Acme"
    package = row_of("products", "packages", id="9", packageName="Firefox", fileName="firefox.pkg")
    assert (package["name"], package["identifier"]) == ("Firefox", "firefox.pkg")
    location = row_of(
        "agreements",
        "volume_purchasing_locations",
        id="1",
        name="Acme VPP",
        siteId="-1",
        siteName="NONE",
        tokenExpiration="2027-01-01T00:00:00Z",
        totalPurchasedLicenses=20,
        totalUsedLicenses=5,
    )
    assert (location["company_id"], location["company_name"]) == (None, None)
    assert (location["ends_on"], location["quantity"], location["quantity_used"]) == (date(2027, 1, 1), 20, 5)
