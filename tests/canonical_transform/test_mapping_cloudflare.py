"""Our mappings of Cloudflare: records become the right rows."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from mapped_rows import mapped_row


def row_of(table: str, endpoint: str, **record: Any) -> dict[str, Any]:
    return mapped_row(table, "cloudflare", endpoint, record)


def test_accounts_and_zones_become_companies_and_products() -> None:
    account = row_of("companies", "accounts", id="a1", name="Acme", type="standard", created_on="2024-03-01T12:00:00Z")
    assert (account["name"], account["type"]) == ("Acme", "standard")
    assert account["created_at"] == datetime(2024, 3, 1, 12, tzinfo=UTC)
    zone = row_of("products", "zones", id="z1", name="acme.example", account={"id": "a1"})
    assert (zone["name"], zone["identifier"], zone["type"]) == ("acme.example", "z1", "Zone")


@pytest.mark.parametrize(("status", "active"), [("accepted", True), ("pending", False), ("odd", None)])
def test_a_member_becomes_a_user(status: str, active: bool | None) -> None:
    user = {
        "email": "ada@example.com",
        "first_name": "Ada",
        "last_name": "L",
        "two_factor_authentication_enabled": True,
    }
    row = row_of("users", "members", id="m1", user=user, status=status, roles=[{"name": "Administrator"}])
    assert (row["name"], row["email"], row["role"]) == ("Ada L", "ada@example.com", "Administrator")
    assert (row["is_active"], row["mfa_enabled"]) == (active, True)
    nameless = row_of("users", "members", id="m2", user={"email": "b@example.com", "first_name": None})
    assert nameless["name"] == "b@example.com"


def test_an_access_user_becomes_a_contact() -> None:
    row = row_of("contacts", "access_users", id="u1", email="j@example.com", created_at="2025-01-01T00:00:00Z")
    assert (row["full_name"], row["email"]) == ("j@example.com", "j@example.com")


@pytest.mark.parametrize(
    ("kind", "category"), [("mac", "workstation"), ("ios", "mobile"), ("windows", None), ("linux", None)]
)
def test_a_device_becomes_a_device(kind: str, category: str | None) -> None:
    row = row_of(
        "devices",
        "devices",
        id="d1",
        name="ACME-LT-1",
        device_type=kind,
        serial_number="S1",
        mac_address="00:11:22:33:44:55",
        public_ip="203.0.113.5",
        client_version="2026.1",
        last_seen_at="2026-02-01T08:00:00Z",
    )
    # A Windows machine may be a server.
    assert (row["name"], row["type_category"], row["serial_number"]) == ("ACME-LT-1", category, "S1")
    assert (json.loads(row["mac_addresses"]), row["public_ip"]) == (["00:11:22:33:44:55"], "203.0.113.5")
    assert row["last_seen_at"] == datetime(2026, 2, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "category"),
    [("active", "active"), ("pending_delete", "ended"), ("redemption_period", "ended"), ("x", None)],
)
def test_a_domain_becomes_an_agreement(status: str, category: str | None) -> None:
    times = {"created_at": "2024-01-05T00:00:00Z", "expires_at": "2027-01-05T00:00:00Z"}
    row = row_of("agreements", "registrar_registrations", domain_name="acme.example", status=status, **times)
    assert (row["name"], row["status_category"]) == ("acme.example", category)
    assert (row["starts_on"], row["ends_on"]) == (date(2024, 1, 5), date(2027, 1, 5))
