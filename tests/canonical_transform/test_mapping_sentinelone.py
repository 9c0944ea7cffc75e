"""Our mappings of SentinelOne: records become the right rows."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from mapped_rows import mapped_row


def row_of(table: str, endpoint: str, **record: Any) -> dict[str, Any]:
    return mapped_row(table, "sentinelone", endpoint, record)


AGENT = {
    "id": "2254947309384938041",
    "computerName": "ACME-LT-7",
    "machineType": "laptop",
    "networkStatus": "connected",
    "siteId": "225494730938493804",
    "siteName": "Acme",
    "modelName": "Dell Latitude",
    "serialNumber": "S1",
    "networkInterfaces": [
        {"name": "Ethernet", "inet": ["10.0.0.5"], "physical": "00:11:22:33:44:55"},
        {"name": "Wi-Fi", "inet": ["10.0.1.5", "10.0.1.6"], "physical": "00:11:22:33:44:66"},
    ],
    "externalIp": "203.0.113.5",
    "osName": "Windows 11 Pro",
    "osRevision": "22631",
    "totalMemory": 16384,
    "isUninstalled": False,
    "encryptedApplications": True,
    "lastActiveDate": "2026-02-01T08:00:00.123456Z",
    "tags": {"sentinelone": [{"key": "tier", "value": "gold"}]},
}


def test_an_agent_becomes_a_device_of_its_site() -> None:
    row = row_of("devices", "agents", **AGENT)
    assert (row["name"], row["type"], row["type_category"]) == ("ACME-LT-7", "laptop", "workstation")
    assert (row["company_id"], row["company_name"]) == ("225494730938493804", "Acme")
    assert json.loads(row["ip_addresses"]) == ["10.0.0.5", "10.0.1.5", "10.0.1.6"]
    assert json.loads(row["mac_addresses"]) == ["00:11:22:33:44:55", "00:11:22:33:44:66"]
    assert (row["memory_bytes"], row["is_online"], row["is_encrypted"]) == (16384 * 1024**2, True, True)
    assert (row["is_managed"], json.loads(row["tags"])) == (True, [{"key": "tier", "value": "gold"}])
    assert row["last_seen_at"] == datetime(2026, 2, 1, 8, 0, 0, 123456, tzinfo=UTC)


@pytest.mark.parametrize(
    ("machine", "category"), [("server", "server"), ("desktop", "workstation"), ("kubernetes node", None), (None, None)]
)
def test_what_machine_an_agent_is_on_is_not_guessed(machine: str | None, category: str | None) -> None:
    assert row_of("devices", "agents", **{**AGENT, "machineType": machine})["type_category"] == category


@pytest.mark.parametrize(
    ("status", "category", "closed"),
    [
        ("unresolved", "new", False),
        ("in_progress", "in_progress", False),
        ("resolved", "resolved", True),
        ("odd", None, None),
    ],
)
def test_a_threat_becomes_a_ticket(status: str, category: str | None, closed: bool | None) -> None:
    row = row_of(
        "tickets",
        "threats",
        id="1",
        threatInfo={
            "threatId": "1",
            "threatName": "Mimikatz.exe",
            "incidentStatus": status,
            "confidenceLevel": "malicious",
            "classification": "Hacktool",
            "createdAt": "2026-02-01T08:00:00.000000Z",
        },
        agentRealtimeInfo={"agentId": "2254947309384938041", "siteId": "9", "siteName": "Acme"},
    )
    assert (row["summary"], row["status_category"], row["is_closed"]) == ("Mimikatz.exe", category, closed)
    assert (row["device_id"], row["company_id"], row["severity"]) == ("2254947309384938041", "9", "malicious")
    assert row["priority_level"] is None


def test_a_site_a_user_and_an_application_become_rows() -> None:
    site = row_of("companies", "sites", id="9", name="Acme", state="expired", siteType="Paid", externalId="A-7")
    assert (site["name"], site["identifier"], site["status_category"]) == ("Acme", "A-7", "inactive")
    user = row_of(
        "users",
        "users",
        id="3",
        fullName="Ada Lovelace",
        email="ada@acme.example",
        twoFaEnabled=True,
        scopeRoles=[{"roleName": "Viewer"}],
        dateJoined="2024-01-01T00:00:00.000000Z",
    )
    assert (user["name"], user["role"], user["mfa_enabled"]) == ("Ada Lovelace", "Viewer", True)
    product = row_of("products", "application_inventory", applicationName="Zoom", applicationVendor="Zoom Inc")
    assert (product["name"], product["manufacturer"]) == ("Zoom", "Zoom Inc")
