"""Our mappings of Zoom: records become the right rows."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from mapped_rows import mapped_row


def row_of(table: str, endpoint: str, **record: Any) -> dict[str, Any]:
    return mapped_row(table, "zoom", endpoint, record)


@pytest.mark.parametrize(
    ("status", "active", "role", "admin", "kind", "licence"),
    [
        ("active", True, "1", True, 2, "Licensed"),
        ("inactive", False, "2", False, 1, "Basic"),
        ("pending", False, "Rk3d", None, 7, None),
    ],
)
def test_a_user_becomes_a_row(
    status: str, active: bool | None, role: str, admin: bool | None, kind: int, licence: str | None
) -> None:
    row = row_of(
        "users",
        "users",
        first_name="Ada",
        last_name="Lovelace",
        email="ada@acme.example",
        status=status,
        role_id=role,
        type=kind,
        group_ids=["g-1"],
        last_login_time="2026-02-01T08:00:00Z",
    )
    assert (row["name"], row["email"], row["is_active"]) == ("Ada Lovelace", "ada@acme.example", active)
    assert (row["is_admin"], row["license_class"], json.loads(row["team_ids"])) == (admin, licence, ["g-1"])
    assert row["last_login_at"] == datetime(2026, 2, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize(("status", "online"), [("Offline", False), ("InMeeting", True), ("UnderConstruction", None)])
def test_a_room_becomes_a_device(status: str, online: bool | None) -> None:
    row = row_of("devices", "rooms", name="Bonn", status=status, location_id="l-1")
    assert (row["name"], row["type"], row["is_online"], row["site_id"]) == ("Bonn", "Zoom Room", online, "l-1")


def test_a_room_system_becomes_a_device() -> None:
    row = row_of("devices", "h323_devices", name="Codec", protocol="SIP", ip="10.0.0.5")
    assert (row["type"], row["type_category"], json.loads(row["ip_addresses"])) == ("SIP", "other", ["10.0.0.5"])


def test_an_invoice_of_zoom_is_a_bill() -> None:
    row = row_of("invoices", "billing_invoices", invoice_number="INV1", total_amount="119.00", tax_amount="19.00")
    assert (row["number"], row["type"], row["total"], row["tax"]) == ("INV1", "bill", Decimal(119), Decimal(19))
