"""Our mappings of JumpCloud: records become the right rows."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from mapped_rows import mapped_row


def row_of(table: str, endpoint: str, **record: Any) -> dict[str, Any]:
    return mapped_row(table, "jumpcloud", endpoint, record)


USER = {
    "_id": "5f0c1d2e3f4a5b6c7d8e9f01",
    "username": "ada",
    "firstname": "Ada",
    "lastname": "Lovelace",
    "displayname": "",
    "email": "ada@acme.example",
    "jobTitle": "Engineer",
    "department": "R&D",
    "manager": "5f0c1d2e3f4a5b6c7d8e9f02",
    "phoneNumbers": [{"type": "work", "number": "+1 555"}],
    "state": "ACTIVATED",
    "suspended": False,
    "activated": True,
    "mfa": {"configured": True},
    "created": "2024-01-01T00:00:00.000Z",
}


def test_a_user_becomes_a_row() -> None:
    row = row_of("users", "users", **USER)
    assert (row["name"], row["username"], row["phone"]) == ("Ada Lovelace", "ada", "+1 555")
    assert (row["title"], row["department"], row["manager_id"]) == ("Engineer", "R&D", USER["manager"])
    assert (row["is_active"], row["mfa_enabled"]) == (True, True)
    assert row["created_at"] == datetime(2024, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changed", "active"),
    [
        ({"suspended": True}, False),
        ({"state": "STAGED", "activated": False}, False),
        ({"state": None, "activated": True}, True),
        ({"state": "NEW", "activated": None}, None),
    ],
)
def test_whether_somebody_is_active_is_not_guessed(changed: dict[str, Any], active: bool | None) -> None:
    assert row_of("users", "users", **{**USER, **changed})["is_active"] is active


SYSTEM = {
    "_id": "s1",
    "displayName": "ACME-LT-7",
    "osFamily": "darwin",
    "os": "Mac OS X",
    "version": "14.4",
    "hwVendor": "Apple",
    "serialNumber": "C02",
    "remoteIP": "203.0.113.5",
    "networkInterfaces": [
        {"name": "lo0", "address": "127.0.0.1", "internal": True},
        {"name": "en0", "address": "10.0.0.5", "internal": False},
    ],
    "primarySystemUser": {"id": "u1"},
    "active": True,
    "fde": {"active": True, "keyPresent": True},
    "lastContact": "2026-02-01T08:00:00.000Z",
}


def test_a_system_becomes_a_device() -> None:
    row = row_of("devices", "systems", **SYSTEM)
    assert (row["name"], row["type"], row["type_category"]) == ("ACME-LT-7", "darwin", "workstation")
    assert (row["user_id"], row["serial_number"], row["os_version"]) == ("u1", "C02", "14.4")
    assert (json.loads(row["ip_addresses"]), row["public_ip"]) == (["10.0.0.5"], "203.0.113.5")
    assert (row["is_online"], row["is_encrypted"]) == (True, True)
    assert row["last_seen_at"] == datetime(2026, 2, 1, 8, tzinfo=UTC)
    # It may be a server.
    assert row_of("devices", "systems", **{**SYSTEM, "osFamily": "windows"})["type_category"] is None


def test_what_the_agent_found_is_a_device_too() -> None:
    row = row_of(
        "devices",
        "systeminsights_system_info",
        system_id="s1",
        computer_name="ACME-LT-7",
        hardware_vendor="Apple",
        hardware_model="MacBookPro18,3",
        hardware_serial="C02",
        cpu_brand="Apple M1",
        physical_memory="17179869184",
    )
    assert (row["name"], row["model"], row["cpu"]) == ("ACME-LT-7", "MacBookPro18,3", "Apple M1")
    assert row["memory_bytes"] == 16 * 1024**3


def test_organizations_and_applications_become_rows() -> None:
    assert row_of("companies", "organizations", _id="o1", displayName="Acme")["name"] == "Acme"
    assert row_of("companies", "provider_organizations", id="o1", name="Acme")["name"] == "Acme"
    app = row_of(
        "products", "applications", _id="a1", name="slack", displayLabel="Slack", sso={"type": "saml"}, active=True
    )
    assert (app["name"], app["identifier"], app["type"], app["is_active"]) == ("Slack", "slack", "saml", True)
