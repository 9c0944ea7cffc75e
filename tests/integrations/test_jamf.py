"""What is special about Jamf Pro: sections of an inventory that has several versions, RSQL, passwords in records."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from avesa.connector.paging import Page
from avesa.connector.reading import reading_of
from avesa.connector.records import read_page
from avesa.connector.request import Request, Response
from avesa.integrations.jamf import SERVICE
from strict_tenant import Tenant, check, strict_tenant

LIST = Request("GET", "https://acme.jamfcloud.com/api/v1/departments")


def pull(tenant: Tenant, *tables: str) -> None:
    for table in tables:
        assert tenant.pull(table).status == "ok"


def test_pages_are_counted_from_0_up_to_the_total() -> None:
    first = SERVICE.paging.first(LIST)
    assert dict(first.params) == {"sort": "id:asc", "page-size": "1000", "page": "0"}
    body = Response(200, {}, b'{"totalCount": 1500, "results": []}', LIST.url)
    following = SERVICE.paging.next(first, Page(body, 1000))
    assert following is not None and following.param("page") == "1"
    assert SERVICE.paging.next(following, Page(body, 500)) is None


def test_a_vendor_that_gives_smaller_pages_is_read_to_its_end() -> None:
    request: Request | None = SERVICE.paging.first(LIST)
    body = Response(200, {}, b'{"totalCount": 250, "results": []}', LIST.url)
    numbers = []
    for rows in (100, 100, 50):
        assert request is not None
        numbers.append(request.param("page"))
        request = SERVICE.paging.next(request, Page(body, rows))
    assert (numbers, request) == (["0", "1", "2"], None)


def test_the_sections_that_are_kept_are_asked_for_one_by_one(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "jamf") as tenant:
        pull(tenant, "computers")
        check(tenant, "computers")
        landed = {name for row in tenant.rows("computers") for name in row["record"]}
        assert {"general", "hardware", "operatingSystem", "userAndLocation", "purchasing"} <= landed
        assert "applications" not in landed and "fonts" not in landed


def test_changes_are_asked_for_by_the_report_in_an_order_that_does_not_move(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "jamf") as tenant:
        pull(tenant, "computers", "mobile_devices")
        tenant.clock.now += timedelta(hours=1)
        tenant.vendor.change("computers", 2)
        tenant.vendor.change("mobile_devices", 2)
        pull(tenant, "computers", "mobile_devices")
        check(tenant, "computers")
        check(tenant, "mobile_devices")
        [computers] = [one for one in tenant.asked("computers") if "filter" in one]
        assert computers["filter"].startswith('general.reportDate>="2026-02-27T')
        assert computers["filter"].endswith('.000Z"') and computers["sort"] == "id:asc"
        [devices] = [one for one in tenant.asked("mobile_devices") if "filter" in one]
        assert devices["filter"].startswith('lastInventoryUpdateDate>="')
        assert devices["sort"] == "mobileDeviceId:asc"


def test_a_server_that_does_not_know_the_field_lists_all(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "jamf") as tenant:
        pull(tenant, "mobile_devices")
        tenant.clock.now += timedelta(hours=1)
        tenant.vendor.fail("status", 400, table="mobile_devices")
        tenant.vendor.change("mobile_devices", 2)
        pull(tenant, "mobile_devices")
        assert tenant.receipt("mobile_devices").kind == "listing"
        check(tenant, "mobile_devices")


@pytest.mark.parametrize("version", ["v3", "v1"])
def test_an_older_server_is_asked_for_the_inventory_that_it_has(version: str, tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "jamf", settings={"inventory": version}) as tenant:
        outcome = tenant.pull("computers")
        assert outcome.status == "ok"
        assert {served.path.split("/")[2] for served in tenant.vendor.served if "inventory" in served.path} == {version}


@pytest.mark.parametrize("name", ["mobileDeviceId", "id"])
def test_a_mobile_device_has_its_id_under_either_name(name: str) -> None:
    reading = reading_of(SERVICE, SERVICE.endpoint("mobile_devices"))
    general = {"lastInventoryUpdateDate": "2026-03-01T10:00:00Z"}
    body = json.dumps({"results": [{name: "12", "general": general}]}).encode()
    [record] = read_page(body, reading, page=1, parent_id=None)
    assert (record.record_id, record.problem) == ("12", None)


@pytest.mark.parametrize(
    ("table", "fields"),
    [
        ("computers", {"general__remoteManagement": {"managed": True, "managementPassword": "hush"}}),
        ("mobile_devices", {"general__airPlayPassword": "hush"}),
        ("scripts", {"scriptContents": "curl -u admin:hush https://example.invalid"}),
        ("computer_prestages", {"recoveryLockPassword": "hush", "accountSettings": {"adminPassword": "hush"}}),
    ],
)
def test_what_opens_something_never_lands(table: str, fields: dict[str, Any], tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "jamf") as tenant:
        tenant.vendor.rows.of(tenant.vendor.contract.tables[table])
        tenant.vendor.change(table, 0, **fields)
        pull(tenant, table)
        landed = "".join(row["payload"] for row in tenant.rows(table))
        assert "hush" not in landed and '"***"' in landed


def test_a_token_of_a_minute_is_renewed_while_a_list_is_read(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "jamf") as tenant:
        pull(tenant, "departments")
        tenant.clock.now += timedelta(minutes=2)
        pull(tenant, "departments")
        check(tenant, "departments")
