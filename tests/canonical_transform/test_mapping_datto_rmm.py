"""Our mappings of Datto RMM: records become the right rows."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from mapped_rows import mapped_row


def row_of(table: str, endpoint: str, **record: Any) -> dict[str, Any]:
    return mapped_row(table, "datto_rmm", endpoint, record)


DEVICE = {
    "id": 1,
    "uid": "d-1",
    "siteId": 100,
    "siteUid": "s-1",
    "siteName": "Main Site",
    "deviceType": {"category": "Server", "type": "Main System Chassis"},
    "deviceClass": "device",
    "hostname": "SERVER1",
    "intIpAddress": "192.168.1.10",
    "extIpAddress": "203.0.113.5",
    "operatingSystem": "Windows Server 2019",
    "displayVersion": "10.1.0.1234",
    "online": True,
    "deleted": False,
    "lastSeen": 1721131200000,
    "lastReboot": 1721023200000,
    "creationDate": 1704067200000,
    "warrantyDate": "2026-01-01",
    "antivirus": {"antivirusProduct": "Windows Defender", "antivirusStatus": "RunningAndUpToDate"},
    "patchManagement": {"patchStatus": "FullyPatched"},
    "udf": {"udf1": "rack 4", "udf2": None},
    "portalUrl": "https://pinotage.rmm.datto.com/device/1",
}


def test_a_device_becomes_a_row_of_its_site() -> None:
    row = row_of("devices", "devices", **DEVICE)
    assert (row["name"], row["company_id"], row["company_name"]) == ("SERVER1", "s-1", "Main Site")
    assert (row["type"], row["type_category"]) == ("Main System Chassis", "server")
    assert (row["antivirus_status"], row["patch_status"]) == ("RunningAndUpToDate", "FullyPatched")
    assert (row["is_online"], row["warranty_until"]) == (True, date(2026, 1, 1))
    assert row["created_at"] == datetime(2024, 1, 1, tzinfo=UTC)
    assert json.loads(row["ip_addresses"]) == ["192.168.1.10"]
    assert json.loads(row["custom_fields"])["udf1"] == "rack 4"


@pytest.mark.parametrize("seen", [1721131200000, "2024-07-16T12:00:00Z", "2024-07-16T12:00:00.000+00:00"])
def test_a_device_was_seen_in_whatever_form_it_is_told(seen: Any) -> None:
    """The document says texts, live answers hold milliseconds."""
    row = row_of("devices", "devices", **{**DEVICE, "lastSeen": seen})
    assert row["last_seen_at"] == datetime(2024, 7, 16, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("category", "device_class", "known"),
    [
        ("Laptop", "device", "workstation"),
        ("Desktop", "device", "workstation"),
        ("Unknown", "device", None),
        (None, "esxihost", "server"),
        ("", "rmmnetworkdevice", "network"),
        (None, "printer", "printer"),
    ],
)
def test_what_kind_a_device_is_of_is_not_guessed(category: str | None, device_class: str, known: str | None) -> None:
    record = {**DEVICE, "deviceType": {"category": category}, "deviceClass": device_class}
    assert row_of("devices", "devices", **record)["type_category"] == known


def test_a_site_becomes_a_company_and_the_one_for_deleted_devices_is_no_customer() -> None:
    row = row_of("companies", "sites", uid="s-1", name="Acme", autotaskCompanyId="174", portalUrl="https://x")
    assert (row["name"], row["identifier"], row["is_customer"]) == ("Acme", "174", None)
    assert row_of("companies", "sites", uid="s-2", name="Deleted Devices")["is_customer"] is False


def test_a_user_becomes_a_row() -> None:
    row = row_of(
        "users",
        "users",
        username="ada",
        firstName="Ada",
        lastName="Lovelace",
        email="ada@acme.example",
        disabled=False,
        lastAccess=1721131200000,
        created=1704067200000,
    )
    assert (row["name"], row["username"], row["is_active"]) == ("Ada Lovelace", "ada", True)
    assert row["last_login_at"] == datetime(2024, 7, 16, 12, tzinfo=UTC)
