"""Our mappings of Okta: records become the right rows."""

from datetime import UTC, datetime
from typing import Any

import pytest

from mapped_rows import mapped_row


def row_of(table: str, endpoint: str, parent_id: str | None = None, **record: Any) -> dict[str, Any]:
    return mapped_row(table, "okta", endpoint, record, parent_id)


USER = {
    "id": "00u1",
    "status": "ACTIVE",
    "created": "2024-01-01T00:00:00.000Z",
    "lastLogin": "2026-02-01T08:00:00.000Z",
    "profile": {
        "login": "ada@acme.example",
        "email": "ada@acme.example",
        "firstName": "Ada",
        "lastName": "Lovelace",
        "title": "Engineer",
        "department": "R&D",
        "mobilePhone": "+1 555",
        "managerId": "00u2",
        "timezone": "Europe/Berlin",
    },
}


def test_a_user_becomes_a_row() -> None:
    row = row_of("users", "users", **USER)
    assert (row["name"], row["username"], row["phone"]) == ("Ada Lovelace", "ada@acme.example", "+1 555")
    assert (row["title"], row["manager_id"], row["time_zone"]) == ("Engineer", "00u2", "Europe/Berlin")
    assert (row["is_active"], row["last_login_at"]) == (True, datetime(2026, 2, 1, 8, tzinfo=UTC))


@pytest.mark.parametrize(
    ("status", "active"), [("DEPROVISIONED", False), ("SUSPENDED", False), ("RECOVERY", True), ("NOVEL", None)]
)
def test_whether_somebody_is_active_is_not_guessed(status: str, active: bool | None) -> None:
    assert row_of("users", "users", **{**USER, "status": status})["is_active"] is active


@pytest.mark.parametrize(
    ("platform", "category"), [("MACOS", "workstation"), ("IOS", "mobile"), ("WINDOWS", None), ("TIZEN", None)]
)
def test_a_device_becomes_a_row(platform: str, category: str | None) -> None:
    row = row_of(
        "devices",
        "devices",
        id="guo1",
        status="ACTIVE",
        created="2024-01-01T00:00:00.000Z",
        profile={
            "displayName": "ACME-LT-7",
            "platform": platform,
            "manufacturer": "Apple",
            "model": "MacBookPro",
            "serialNumber": "C02",
            "osVersion": "14.4",
            "managed": True,
            "diskEncryptionType": "NONE",
        },
    )
    assert (row["name"], row["type"], row["type_category"]) == ("ACME-LT-7", platform, category)
    assert (row["serial_number"], row["is_managed"], row["is_encrypted"]) == ("C02", True, False)


@pytest.mark.parametrize(
    ("status", "category"),
    [("ACTIVE", "active"), ("SUSPENDED", "suspended"), ("REVOKED", "ended"), ("IMPORTED", "draft"), ("NOVEL", None)],
)
def test_an_assignment_becomes_an_agreement(status: str, category: str | None) -> None:
    assignment = {"id": "00u1", "status": status, "scope": "USER", "created": "2024-01-01T00:00:00.000Z"}
    row = row_of("agreements", "app_users", "0oa1", **assignment, credentials={"userName": "ada"})
    assert (row["name"], row["product_id"], row["contact_id"]) == ("ada", "0oa1", "00u1")
    assert (row["status"], row["status_category"]) == (status, category)


def test_an_application_becomes_a_product() -> None:
    row = row_of("products", "apps", id="0oa1", label="Slack", signOnMode="SAML_2_0", status="INACTIVE")
    assert (row["name"], row["type"], row["is_active"]) == ("Slack", "SAML_2_0", False)
