"""Our mappings of Duo: records become the right rows."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from mapped_rows import mapped_row, mapped_rows


def row_of(table: str, endpoint: str, **record: Any) -> dict[str, Any]:
    return mapped_row(table, "duo", endpoint, record)


USER = {
    "user_id": "DU1",
    "username": "jsmith",
    "realname": "Joe Smith",
    "firstname": "Joe",
    "lastname": "Smith",
    "email": "jsmith@acme.example",
    "status": "active",
    "is_enrolled": True,
    "created": 1489612729,
    "last_login": 1343921403,
    "phones": [{"phone_id": "DP1", "number": "+15555550100"}],
    "groups": [{"group_id": "DG1"}, {"group_id": "DG2"}],
}


def test_a_user_becomes_a_row() -> None:
    row = row_of("users", "users", **USER)
    assert (row["name"], row["username"], row["phone"]) == ("Joe Smith", "jsmith", "+15555550100")
    assert json.loads(row["team_ids"]) == ["DG1", "DG2"]
    assert (row["is_active"], row["mfa_enabled"]) == (True, True)
    assert row["created_at"] == datetime(2017, 3, 15, 21, 18, 49, tzinfo=UTC)
    assert row["last_login_at"] == datetime(2012, 8, 2, 15, 30, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "active", "mfa"),
    [
        ("bypass", True, False),
        ("disabled", False, True),
        ("locked out", False, True),
        ("pending deletion", False, True),
        ("anything new", None, True),
    ],
)
def test_whoever_may_pass_without_a_second_factor_has_none(status: str, active: bool | None, mfa: bool) -> None:
    row = row_of("users", "users", **{**USER, "status": status})
    assert (row["is_active"], row["mfa_enabled"]) == (active, mfa)


def test_a_user_without_a_real_name_is_called_by_its_parts() -> None:
    row = row_of("users", "users", **{**USER, "realname": "", "phones": [], "last_login": None})
    assert (row["name"], row["phone"], row["last_login_at"]) == ("Joe Smith", None, None)


def test_an_administrator_becomes_a_user() -> None:
    row = row_of(
        "users",
        "admins",
        admin_id="DE1",
        name="Ada Doe",
        email="ada@acme.example",
        phone="+1",
        role="Owner",
        status="Active",
        last_login=1343921403,
        created=None,
        admin_units=[],
    )
    assert (row["name"], row["username"], row["role"]) == ("Ada Doe", "ada@acme.example", "Owner")
    assert (row["is_admin"], row["is_active"], row["created_at"]) == (True, True, None)
    assert row["last_login_at"] == datetime(2012, 8, 2, 15, 30, 3, tzinfo=UTC)


def test_a_phone_becomes_a_device() -> None:
    row = row_of(
        "devices",
        "phones",
        phone_id="DP1",
        name=None,
        number="+15555550100",
        type="Mobile",
        platform="Google Android",
        model="Google Pixel",
        encrypted="Encrypted",
        last_seen="2019-03-04T15:04:04",
        users=[{"user_id": "DU1"}],
    )
    assert (row["name"], row["type_category"], row["os"]) == ("+15555550100", "mobile", "Google Android")
    assert (row["user_id"], row["is_encrypted"]) == ("DU1", True)
    assert row["last_seen_at"] == datetime(2019, 3, 4, 15, 4, 4, tzinfo=UTC)
    never = row_of("devices", "phones", type="Landline", encrypted="", last_seen="", users=[])
    assert (never["type_category"], never["is_encrypted"], never["last_seen_at"]) == ("other", None, None)


def test_an_endpoint_becomes_a_device() -> None:
    row = row_of(
        "devices",
        "endpoints",
        epkey="EP1",
        device_name="ejmac",
        type="",
        os_family="Mac OS X",
        os_version="10.11.7",
        disk_encryption_status="On",
        trusted_endpoint="yes",
        health_app_client_version="2.13.1.0",
        last_updated=1624451420,
        security_agents=[{"security_agent": "Cisco AMP for Endpoints", "version": "10.1.2.3"}],
    )
    assert (row["name"], row["type_category"], row["os_version"]) == ("ejmac", "workstation", "10.11.7")
    assert (row["is_encrypted"], row["is_managed"]) == (True, True)
    assert (row["agent_version"], row["antivirus_status"]) == ("2.13.1.0", "Cisco AMP for Endpoints")
    assert row["last_seen_at"] == datetime(2021, 6, 23, 12, 30, 20, tzinfo=UTC)
    phone = row_of(
        "devices", "endpoints", os_family="iOS", disk_encryption_status="Unknown", trusted_endpoint="unknown"
    )
    assert (phone["type_category"], phone["is_encrypted"], phone["is_managed"]) == ("mobile", None, None)
    assert row_of("devices", "endpoints", os_family="Windows")["type_category"] is None  # it may be a server


@pytest.mark.parametrize("seen", [1624451420, "1624451420", "2021-06-23T12:30:20Z", "2021-06-23T12:30:20"])
def test_a_registered_device_was_seen_in_whatever_form(seen: Any) -> None:
    record = {"compkey": "CK1", "device_name": "Phone", "os_family": "Android", "last_seen": seen}
    [row] = mapped_rows("devices", "duo", "registered_devices", {"CK1": record})
    assert (row["name"], row["type_category"]) == ("Phone", "mobile")
    assert row["last_seen_at"] == datetime(2021, 6, 23, 12, 30, 20, tzinfo=UTC)


def test_the_account_becomes_a_company() -> None:
    row = row_of("companies", "account_summary", user_count=42, admin_count=2)
    assert (row["type"], row["employee_count"], row["name"]) == ("Duo account", 42, None)
