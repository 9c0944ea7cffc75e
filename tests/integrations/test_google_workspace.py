"""What is special about Google Workspace, against its strict vendor."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from avesa.connector.connection import connection
from avesa.connector.endpoint_request import bare_request
from avesa.integrations.google_workspace import SERVICE
from avesa.shared.errors import TableFailed, Where
from strict_tenant import NOON, Tenant, check, strict_tenant

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def google(tmp_path: Path) -> Iterator[Tenant]:
    with strict_tenant(tmp_path, "google_workspace", cursor_pages=3) as tenant:
        yield tenant


def asked(google: Tenant, table: str) -> list[tuple[str, dict[str, str]]]:
    return [(served.path, dict(served.query)) for served in google.vendor.served if served.table == table]


def days(google: Tenant, table: str) -> list[str]:
    return [path.rpartition("/")[2] for path, query in asked(google, table) if "pageToken" not in query]


@pytest.mark.parametrize("table", ["customer_usage_reports", "user_usage_reports"])
def test_usage_is_asked_for_day_by_day_and_the_last_week_again(google: Tenant, table: str) -> None:
    assert google.pull(table).kind == "changes"
    check(google, table)
    assert len(google.rows(table)) == 7
    first = days(google, table)
    assert first == [f"{NOON - n * DAY:%Y-%m-%d}" for n in range(180, 0, -1)]
    google.clock.now += DAY
    assert google.pull(table).rows == 0
    assert days(google, table)[len(first) :] == [f"{NOON - n * DAY:%Y-%m-%d}" for n in range(8, -1, -1)]


def test_a_day_that_is_there_late_is_found_by_a_later_pull(google: Tenant) -> None:
    google.pull("customer_usage_reports")
    google.vendor.add("customer_usage_reports")  # a report of the first of March, which is not there before the third
    google.clock.now += 2 * DAY
    google.pull("customer_usage_reports")
    check(google, "customer_usage_reports")
    assert len(google.rows("customer_usage_reports")) == 8


def test_activities_are_asked_for_by_application_in_windows_of_at_most_thirty_days(google: Tenant) -> None:
    google.pull("activities")
    check(google, "activities")
    found = asked(google, "activities")
    assert {path.rpartition("/")[2] for path, _ in found} == {"admin", "login", "mobile", "token", "user_accounts"}
    spans = [tuple(datetime.fromisoformat(query[name]) for name in ("startTime", "endTime")) for _, query in found]
    assert min(start for start, _ in spans) == NOON - 180 * DAY and max(end for _, end in spans) == NOON
    assert all(end - start <= 30 * DAY for start, end in spans)


def test_an_activity_that_comes_days_late_is_not_missed(google: Tenant) -> None:
    google.pull("activities")
    google.clock.now += DAY
    google.vendor.add("activities", ("all", "admin"))
    google.clock.now += DAY
    google.pull("activities")
    now, google.clock.now = google.clock.now, google.clock.now - 2 * DAY
    google.vendor.add("activities", ("all", "login"))
    google.clock.now = now + HOUR
    assert google.pull("activities").rows == 1
    check(google, "activities")


def test_people_are_told_by_a_token_with_the_removed_ones(google: Tenant) -> None:
    assert google.pull("directory_people").kind == "listing"
    changed, gone = google.vendor.change("directory_people", 2), google.vendor.delete("directory_people", 4)
    before = len(google.rows("directory_people"))
    google.clock.now += HOUR
    assert google.pull("directory_people").kind == "changes"
    told = {row["record_id"]: row["is_deleted"] for row in google.rows("directory_people")[before:]}
    assert told == {changed["resourceName"]: False, gone["resourceName"]: True}
    first, last = asked(google, "directory_people")[0][1], asked(google, "directory_people")[-1][1]
    assert set(last) - set(first) == {"syncToken"} and all(last[name] == value for name, value in first.items())
    google.vendor.expire_cursors()
    google.clock.now += HOUR
    assert google.pull("directory_people").kind == "listing"


def test_devices_are_asked_for_in_a_range_of_days_with_both_ends(google: Tenant) -> None:
    google.pull("chromeos_devices")
    google.clock.now += HOUR
    google.pull("chromeos_devices")
    assert asked(google, "chromeos_devices")[-1][1]["query"] == "sync:2026-02-28..2026-03-02"
    assert {row["updated_at"] for row in google.rows("chromeos_devices")} == {None}


def test_a_member_of_two_groups_is_two_rows(google: Tenant) -> None:
    google.pull("groups")
    google.pull("group_members")
    for row in google.rows("group_members"):
        assert json.loads(row["record_id"]) == [row["parent_id"], json.loads(row["payload"])["id"]]


@pytest.mark.parametrize("reason", ["rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded"])
def test_a_403_over_quota_is_asked_again_and_any_other_is_a_missing_right(google: Tenant, reason: str) -> None:
    google.vendor.fail("status", 403, table="users", code=reason)
    outcome = google.pull("users")
    assert (outcome.status, outcome.retries) == ("ok", 1)
    google.vendor.fail("status", 403, table="users", code="forbidden")
    with pytest.raises(TableFailed, match="right to read"):
        google.pull("users", full=True)


def test_each_product_has_its_own_list_of_licences(google: Tenant) -> None:
    google.stored = replace(
        google.stored, settings={**google.stored.settings, "license_products": "101031 Google-Apps"}
    )
    google.pull("license_assignments")
    assert {path.split("/")[-2] for path, _ in asked(google, "license_assignments")} == {"101031", "Google-Apps"}
    check(google, "license_assignments")
    assert {row["parent_id"] for row in google.rows("license_assignments")} == {None}


def test_each_api_has_a_host_of_its_own() -> None:
    settings = {"customer_id": "C01", "admin_email": "admin@acme.example"}
    where = Where("acme", "google_workspace")
    made = connection(SERVICE, settings, {"service_account_json": "{}"}, where=where)
    hosts = {
        endpoint.name: bare_request(made, endpoint, "p").url.split("/")[2].removesuffix(".googleapis.com")
        for endpoint in SERVICE.endpoints
    }
    assert {name: host for name, host in hosts.items() if host != "admin"} == {
        "license_assignments": "licensing",
        "reseller_subscriptions": "reseller",
        "alerts": "alertcenter",
        "directory_people": "people",
        "shared_drives": "www",
        "task_lists": "tasks",
        "tasks": "tasks",
    }
    assert all(made.is_of_the_service(f"https://{host}.googleapis.com/x") for host in hosts.values())
    assert not made.is_of_the_service("https://storage.googleapis.com/x")
