"""Our mappings of Meraki: records become the right rows."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from mapped_rows import mapped_row


def row_of(table: str, endpoint: str, parent_id: str | None = None, **record: Any) -> dict[str, Any]:
    return mapped_row(table, "meraki", endpoint, record, parent_id)


DEVICE = {
    "serial": "Q2XX-1",
    "name": "",
    "mac": "00:11:22:33:44:55",
    "model": "MX68",
    "productType": "appliance",
    "networkId": "N_1",
    "lanIp": "10.0.0.1",
    "firmware": "wired-18-1",
    "address": "1 Main St",
    "tags": ["hq"],
}


def test_a_device_becomes_a_row_of_the_organization_it_was_listed_under() -> None:
    row = row_of("devices", "devices", "549236", **DEVICE)
    assert (row["name"], row["company_id"], row["site_id"]) == ("00:11:22:33:44:55", "549236", "N_1")
    assert (row["manufacturer"], row["model"], row["serial_number"]) == ("Cisco Meraki", "MX68", "Q2XX-1")
    assert (row["type"], row["type_category"], json.loads(row["tags"])) == ("appliance", "network", ["hq"])


@pytest.mark.parametrize(
    ("product", "category"), [("wireless", "network"), ("camera", "other"), ("teleporter", None), (None, None)]
)
def test_what_a_product_is_is_not_guessed(product: str | None, category: str | None) -> None:
    assert row_of("devices", "devices", "1", **{**DEVICE, "productType": product})["type_category"] == category


@pytest.mark.parametrize(
    ("state", "category"), [("active", "active"), ("expired", "ended"), ("unused", "draft"), ("odd", None)]
)
def test_a_licence_becomes_an_agreement(state: str, category: str | None) -> None:
    row = row_of(
        "agreements",
        "licenses",
        "549236",
        id="L1",
        licenseType="MX68-SEC",
        orderNumber="4C1234",
        state=state,
        seatCount=None,
        activationDate="2026-01-01T00:00:00Z",
        expirationDate="2029-01-01T00:00:00Z",
    )
    assert (row["name"], row["status"], row["status_category"]) == ("MX68-SEC", state, category)
    assert (row["company_id"], row["ends_on"], row["quantity"]) == ("549236", date(2029, 1, 1), None)
    assert row_of("agreements", "licenses", "1", seatCount=25)["quantity"] == Decimal(25)


def test_an_administrator_becomes_a_user() -> None:
    row = row_of(
        "users",
        "admins",
        "549236",
        id="A1",
        name="Ada Lovelace",
        email="ada@acme.example",
        orgAccess="full",
        accountStatus="ok",
        twoFactorAuthEnabled=True,
        lastActive="2026-02-01T08:00:00Z",
    )
    assert (row["name"], row["role"], row["is_admin"], row["is_active"]) == ("Ada Lovelace", "full", True, True)
    assert (row["mfa_enabled"], row["last_login_at"]) == (True, datetime(2026, 2, 1, 8, tzinfo=UTC))


def test_an_organization_and_what_it_has_in_stock_become_rows() -> None:
    company = row_of("companies", "organizations", id="549236", name="Acme", licensing={"model": "co-term"})
    assert (company["name"], company["identifier"], company["type"]) == ("Acme", "549236", "co-term")
    product = row_of("products", "inventory_devices", "549236", serial="Q2XX-1", model="MX68", productType="appliance")
    assert (product["name"], product["identifier"], product["type"]) == ("MX68", "Q2XX-1", "appliance")
