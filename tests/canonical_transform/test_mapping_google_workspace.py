"""Our mappings of Google Workspace: records become the right rows."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from mapped_rows import mapped_row


def row_of(table: str, endpoint: str, record: dict[str, Any]) -> dict[str, Any]:
    return mapped_row(table, "google_workspace", endpoint, record)


USER: dict[str, Any] = {
    "id": "118",
    "primaryEmail": "liz@acme.example",
    "name": {"givenName": "Liz", "familyName": "Smith", "fullName": "Liz Smith"},
    "isAdmin": False,
    "isEnrolledIn2Sv": True,
    "suspended": False,
    "archived": False,
    "creationTime": "2019-06-01T10:00:00.000Z",
    "lastLoginTime": "2026-02-28T07:01:02.000Z",
    "organizations": [{"title": "Intern"}, {"title": "CTO", "department": "IT", "primary": True}],
    "phones": [{"value": "1", "type": "home"}, {"value": "2", "type": "work"}],
    "customSchemas": {"HR": {"badge": "7"}},
}


def test_a_user_becomes_a_row() -> None:
    row = row_of("users", "users", USER)
    assert (row["name"], row["first_name"], row["last_name"]) == ("Liz Smith", "Liz", "Smith")
    assert (row["username"], row["email"]) == ("liz@acme.example", "liz@acme.example")
    assert (row["title"], row["department"], row["phone"]) == ("CTO", "IT", "2")
    assert (row["is_admin"], row["is_active"], row["mfa_enabled"]) == (False, True, True)
    assert row["last_login_at"] == datetime(2026, 2, 28, 7, 1, 2, tzinfo=UTC)
    assert json.loads(row["custom_fields"]) == {"HR": {"badge": "7"}}


@pytest.mark.parametrize(
    ("fields", "active"),
    [({"suspended": True}, False), ({"archived": True}, False), ({"suspended": None}, None)],
)
def test_a_user_who_is_suspended_or_archived_is_not_active(fields: dict[str, Any], active: bool | None) -> None:
    assert row_of("users", "users", USER | fields)["is_active"] is active


@pytest.mark.parametrize("never", ["1970-01-01T00:00:00.000Z", "1970-01-01T00:00:00Z", None])
def test_a_login_at_the_beginning_of_time_is_none(never: str | None) -> None:
    assert row_of("users", "users", USER | {"lastLoginTime": never})["last_login_at"] is None


def test_a_chromebook_becomes_a_row() -> None:
    row = row_of(
        "devices",
        "chromeos_devices",
        {
            "deviceId": "d1",
            "annotatedAssetId": "A-17",
            "annotatedLocation": "Room 3",
            "status": "ACTIVE",
            "model": "Acer C7",
            "chromeOsType": "chromeOs",
            "macAddress": "000c1a",
            "ethernetMacAddress": "000c1b",
            "lastKnownNetwork": [{"ipAddress": "10.0.0.7", "wanIpAddress": "203.0.113.9"}],
            "osVersion": "121.0.6167",
            "cpuInfo": [{"model": "Celeron"}],
            "diskSpaceUsage": {"capacityBytes": "32000000000", "usedBytes": "1"},
            "osUpdateStatus": {"state": "updateStateNeedReboot"},
            "lastSync": "2026-02-28T10:00:00.000Z",
        },
    )
    assert (row["name"], row["asset_tag"], row["location"]) == ("A-17", "A-17", "Room 3")
    assert (row["type"], row["type_category"], row["os"]) == ("chromeOs", "workstation", "ChromeOS")
    assert json.loads(row["mac_addresses"]) == ["000c1a", "000c1b"]
    assert (json.loads(row["ip_addresses"]), row["public_ip"]) == (["10.0.0.7"], "203.0.113.9")
    assert (row["storage_bytes"], row["cpu"], row["patch_status"]) == (
        32_000_000_000,
        "Celeron",
        "updateStateNeedReboot",
    )
    assert (row["is_managed"], row["last_seen_at"]) == (True, datetime(2026, 2, 28, 10, tzinfo=UTC))


@pytest.mark.parametrize(("status", "managed"), [("DEPROVISIONED", False), ("DISABLED", None), (None, None)])
def test_a_chromebook_is_managed_until_it_is_deprovisioned(status: str | None, managed: bool | None) -> None:
    assert row_of("devices", "chromeos_devices", {"deviceId": "d", "status": status})["is_managed"] is managed


def test_a_telephone_becomes_a_row() -> None:
    record = {"resourceId": "r1", "type": "ANDROID", "brand": "google", "model": "Pixel 8", "serialNumber": "S1"}
    row = row_of("devices", "mobile_devices", record | {"os": "Android 14", "status": "APPROVED", "wifiMacAddress": ""})
    assert (row["type"], row["type_category"], row["status"]) == ("ANDROID", "mobile", "APPROVED")
    assert (row["manufacturer"], row["model"], row["serial_number"]) == ("google", "Pixel 8", "S1")
    assert (row["os"], row["mac_addresses"]) == ("Android 14", None)
    assert row_of("devices", "mobile_devices", record | {"type": "WATCH"})["type_category"] is None


def test_a_licence_of_a_person_becomes_an_agreement() -> None:
    record = {"productId": "Google-Apps", "productName": "Google Workspace", "skuId": "1010020020"}
    row = row_of(
        "agreements", "license_assignments", record | {"skuName": "Enterprise Plus", "userId": "liz@acme.example"}
    )
    assert (row["name"], row["type"], row["quantity_used"]) == ("Enterprise Plus", "Google Workspace", Decimal(1))
    assert row["status_category"] is None


SOLD: dict[str, Any] = {
    "subscriptionId": "123",
    "skuName": "Business Starter",
    "customerDomain": "client.example",
    "creationTime": "1735689600000",
    "plan": {
        "planName": "ANNUAL_MONTHLY_PAY",
        "isCommitmentPlan": True,
        "commitmentInterval": {"startTime": "1735689600000", "endTime": "1767225600000"},
    },
    "seats": {"numberOfSeats": 10, "licensedNumberOfSeats": 7, "maximumNumberOfSeats": 0},
    "renewalSettings": {"renewalType": "AUTO_RENEW_YEARLY_PAY"},
    "status": "ACTIVE",
    "trialSettings": {"isInTrial": False},
}


def test_what_a_reseller_sold_becomes_an_agreement() -> None:
    row = row_of("agreements", "reseller_subscriptions", SOLD)
    assert (row["name"], row["number"], row["company_name"]) == ("Business Starter", "123", "client.example")
    assert (row["status_category"], row["renews_automatically"], row["billing_cycle"]) == ("active", True, "monthly")
    assert (row["starts_on"], row["ends_on"]) == (date(2025, 1, 1), date(2026, 1, 1))
    assert (row["quantity"], row["quantity_used"]) == (Decimal(10), Decimal(7))
    assert row["created_at"] == datetime(2025, 1, 1, tzinfo=UTC)


def test_a_flexible_plan_has_no_number_of_seats_that_are_bought_and_a_trial_its_own_end() -> None:
    flexible = {"plan": {"planName": "TRIAL", "isCommitmentPlan": False}, "seats": {"numberOfSeats": 0}}
    row = row_of(
        "agreements", "reseller_subscriptions", SOLD | flexible | {"trialSettings": {"trialEndTime": "1767225600000"}}
    )
    assert (row["quantity"], row["ends_on"], row["billing_cycle"]) == (None, date(2026, 1, 1), None)


@pytest.mark.parametrize(("status", "category"), [("SUSPENDED", "suspended"), ("CANCELLED", "ended"), ("NEW", None)])
def test_a_subscriptions_status_is_one_of_four(status: str, category: str | None) -> None:
    assert row_of("agreements", "reseller_subscriptions", SOLD | {"status": status})["status_category"] == category


def test_a_person_of_the_directory_becomes_a_contact() -> None:
    row = row_of(
        "contacts",
        "directory_people",
        {
            "resourceName": "people/c1",
            "metadata": {"sources": [{"type": "DOMAIN_CONTACT", "id": "x"}]},
            "names": [
                {"displayName": "Old Name"},
                {"displayName": "Ada Doe", "givenName": "Ada", "familyName": "Doe", "metadata": {"primary": True}},
            ],
            "emailAddresses": [{"value": "ada@client.example"}],
            "phoneNumbers": [{"value": "2", "type": "mobile"}, {"value": "1", "type": "work"}],
            "organizations": [{"name": "Client", "title": "CEO"}],
            "addresses": [{"streetAddress": "1 High St", "city": "Oslo", "region": "03", "country": "Norway"}],
        },
    )
    assert (row["full_name"], row["first_name"], row["last_name"]) == ("Ada Doe", "Ada", "Doe")
    assert (row["email"], row["phone"], row["mobile"]) == ("ada@client.example", "1", "2")
    assert (row["company_name"], row["title"], row["type"]) == ("Client", "CEO", "DOMAIN_CONTACT")
    assert (row["address_line1"], row["state"], row["country"]) == ("1 High St", "03", "Norway")


def test_a_task_becomes_a_row() -> None:
    record = {"id": "t2", "title": "Call", "notes": "at noon", "parent": "t1", "position": "00000000000000000003"}
    row = row_of("tasks", "tasks", record | {"status": "needsAction", "due": "2026-03-05T00:00:00.000Z"})
    assert (row["name"], row["description"], row["parent_task_id"]) == ("Call", "at noon", "t1")
    assert (row["status"], row["status_category"], row["position"]) == ("needsAction", "open", Decimal(3))
    assert (row["due_at"], row["completed_at"]) == (datetime(2026, 3, 5, tzinfo=UTC), None)
    done = row_of("tasks", "tasks", {"id": "t", "status": "completed", "completed": "2026-03-04T08:00:00.000Z"})
    assert (done["status_category"], done["completed_at"]) == ("done", datetime(2026, 3, 4, 8, tzinfo=UTC))
