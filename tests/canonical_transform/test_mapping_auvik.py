"""Our mappings of Auvik: records become the right rows."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from mapped_rows import mapped_row

TENANT = {"tenant": {"data": {"id": "T1", "type": "tenant", "attributes": {"domainPrefix": "acme"}}}}


def row_of(table: str, endpoint: str, relationships: Any = None, **attributes: Any) -> dict[str, Any]:
    record = {"id": "1", "type": "x", "attributes": attributes, "relationships": relationships or TENANT}
    return mapped_row(table, "auvik", endpoint, {**record, "links": {"dashboard": "https://acme.us1.my.auvik.com/d/1"}})


DEVICE = {
    "deviceName": "core-sw1",
    "deviceType": "l3Switch",
    "vendorName": "Cisco",
    "makeModel": "C9300",
    "serialNumber": "FOC1",
    "ipAddresses": ["10.0.0.1", "10.0.1.1"],
    "softwareVersion": "17.9",
    "onlineStatus": "online",
    "lastSeenTime": "2026-02-01T08:00:00.000Z",
}


def test_a_device_becomes_a_row_of_its_tenant() -> None:
    networks = {"networks": {"data": [{"id": "N1", "attributes": {"networkName": "LAN"}}]}}
    row = row_of("devices", "devices", {**TENANT, **networks}, **DEVICE)
    assert (row["name"], row["type"], row["type_category"]) == ("core-sw1", "l3Switch", "network")
    assert (row["company_id"], row["company_name"], row["site_id"], row["site_name"]) == ("T1", "acme", "N1", "LAN")
    assert (json.loads(row["ip_addresses"]), row["is_online"]) == (["10.0.0.1", "10.0.1.1"], True)
    assert row["last_seen_at"] == datetime(2026, 2, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("device_type", "category"),
    [
        ("server", "server"),
        ("hypervisor", "server"),
        ("thinClient", "workstation"),
        ("ups", "other"),
        ("unknown", None),
    ],
)
def test_what_type_a_device_is_of_is_not_guessed(device_type: str, category: str | None) -> None:
    assert row_of("devices", "devices", **{**DEVICE, "deviceType": device_type})["type_category"] == category


@pytest.mark.parametrize(
    ("status", "category", "closed"),
    [("created", "new", False), ("resolved", "resolved", True), ("odd", None, None)],
)
def test_an_alert_becomes_a_ticket(status: str, category: str | None, closed: bool | None) -> None:
    entity = {"entity": {"data": {"id": "D1", "type": "device"}}}
    row = row_of(
        "tickets",
        "alerts",
        {**TENANT, **entity},
        name="Device offline",
        severity="critical",
        status=status,
        detectedOn="2026-02-01T08:00:00.000Z",
    )
    assert (row["summary"], row["status_category"], row["is_closed"]) == ("Device offline", category, closed)
    assert (row["priority_level"], row["device_id"], row["company_id"]) == (2, "D1", "T1")
    network = {"entity": {"data": {"id": "N1", "type": "network"}}}
    assert row_of("tickets", "alerts", {**TENANT, **network}, severity="odd")["device_id"] is None


def test_a_tenant_and_a_warranty_become_rows() -> None:
    parent = {"parent": {"data": {"id": "T0", "type": "tenant"}}}
    tenant = row_of("companies", "tenants", parent, domainPrefix="acme", tenantType="client")
    assert (tenant["name"], tenant["type"], tenant["parent_company_id"]) == ("acme", "client", "T0")
    warranty = row_of(
        "agreements",
        "device_warranties",
        deviceName="core-sw1",
        warrantyCoverageStatus="covered",
        warrantyExpirationDate="2027-01-31",
    )
    assert (warranty["name"], warranty["status"], warranty["status_category"]) == ("core-sw1", "covered", None)
    assert (warranty["ends_on"], warranty["company_name"]) == (date(2027, 1, 31), "acme")
