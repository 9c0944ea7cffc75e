"""What is special about BambooHR: objects in place of lists, words of a setting in paths, days not to come."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from avesa.connector.auth import Basic, OneOf
from avesa.connector.oauth2 import RefreshToken
from avesa.integrations.bamboohr import SERVICE
from strict_tenant import Tenant, check, strict_tenant

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PRIVATE = {"homeEmail", "homePhone", "mobilePhone", "birthDate", "bestEmail", "facebookUrl"}


@pytest.fixture
def tenant(tmp_path: Path) -> Iterator[Tenant]:
    with strict_tenant(tmp_path, "bamboohr") as tenant:
        yield tenant


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"api_key": "k"}, Basic),
        ({"client_id": "i", "client_secret": "s", "refresh_token": "r"}, RefreshToken),
    ],
)
def test_a_company_is_connected_by_a_key_or_by_oauth(given: dict[str, str], kind: type) -> None:
    assert isinstance(SERVICE.auth, OneOf)
    assert isinstance(SERVICE.auth.chosen({"company_domain": "acme", **given}), kind)


def test_employees_are_read_behind_a_cursor_and_without_what_is_private(tenant: Tenant) -> None:
    tenant.pull("employees")
    served = [one for one in tenant.vendor.served if one.table == "employees"]
    assert [dict(one.query).get("page[after]") for one in served] == [None, "3", "6"]
    asked = {value for one in served for name, value in one.query if name == "fields"}
    assert "workEmail" in asked and not asked & PRIVATE and len(asked) < 400


def test_those_who_left_are_in_the_directory_too(tenant: Tenant) -> None:
    tenant.pull("employee_directory")
    assert tenant.asked("employee_directory") == [{"onlyCurrent": "false"}]


def test_what_changed_comes_as_an_object_and_nothing_as_a_list(tenant: Tenant) -> None:
    tenant.pull("employees_changed")
    assert {row["record_id"] for row in tenant.rows("employees_changed")} == {str(n) for n in range(1, 8)}
    tenant.clock.now += 2 * DAY
    # Nothing changed since: an empty object is written as [].
    for step in (1, 2):
        tenant.vendor.change("employees_changed", step)
    tenant.pull("employees_changed")
    tenant.clock.now += DAY
    gone = tenant.vendor.delete("employees_changed", 4)
    assert tenant.pull("employees_changed").kind == "changes"
    assert tenant.newest("employees_changed")[None, str(gone["id"])] is None


def test_a_feed_without_changes_is_an_empty_one(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "bamboohr", counts={"employees_changed": 0, "login_users": 0}) as tenant:
        for table in ("employees_changed", "login_users"):
            assert tenant.pull(table).status == "ok" and tenant.rows(table) == []


def test_the_tables_that_a_tenant_names_are_read_for_all_employees_at_once(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "bamboohr", settings={"tables": "jobInfo, compensation"}) as tenant:
        tenant.pull("employee_tables")
        tenant.pull("employee_table_changes")
        paths = {one.path for one in tenant.vendor.served if one.table}
        assert paths == {
            f"/api/v1/employees/{of}/{table}"
            for of in ("all/tables", "changed/tables")
            for table in ("jobInfo", "compensation")
        }
        # A row of one table is none of another, though it may have its id.
        ids = {row["record_id"] for row in tenant.rows("employee_tables")}
        assert len(ids) == 4 and any(record_id.startswith('["jobInfo",') for record_id in ids)


def test_hours_are_asked_for_up_to_today_and_no_further_back_than_a_year(tenant: Tenant) -> None:
    tenant.pull("timesheet_entries")
    assert tenant.asked("timesheet_entries") == [{"start": "2025-03-03", "end": "2026-03-01"}]
    tenant.clock.now += DAY
    tenant.pull("timesheet_entries")
    asked = tenant.asked("timesheet_entries")[-1]
    assert asked["end"] == "2026-03-02" and asked["start"] >= "2025-12-28"


@pytest.mark.parametrize("table", ["time_off_requests", "whos_out"])
def test_days_off_are_asked_for_of_all_time(tenant: Tenant, table: str) -> None:
    tenant.pull(table)
    assert tenant.asked(table) == [{"start": "2000-01-01", "end": "2100-01-01"}]


def test_applications_go_on_where_the_vendor_says(tenant: Tenant) -> None:
    tenant.pull("job_applications")
    assert [query.get("page") for query in tenant.asked("job_applications")] == [None, "2", "3"]
    tenant.clock.now += HOUR
    tenant.vendor.add("job_applications")
    tenant.pull("job_applications")
    assert tenant.asked("job_applications")[-1]["newSince"] == "2026-02-26 12:49:00"
    check(tenant, "job_applications")


def test_locations_are_counted_from_nought(tenant: Tenant) -> None:
    tenant.pull("locations")
    assert sorted(query["page"] for query in tenant.asked("locations")) == ["0", "1", "2"]


def test_a_company_is_one_record_that_stays_the_same(tenant: Tenant) -> None:
    tenant.pull("company_information")
    tenant.vendor.change("company_information", 0, displayName="Acme & Sons")
    tenant.pull("company_information", full=True)
    assert {row["record_id"] for row in tenant.rows("company_information")} == {"only"}
