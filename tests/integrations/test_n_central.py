"""What is special about N-central: a token exchanged for another, ids of two kinds, lists of some units alone."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from avesa.connector.paging import Page
from avesa.connector.reading import reading_of
from avesa.connector.records import read_page
from avesa.connector.request import Request, Response
from avesa.connector.retry import classify
from avesa.integrations.n_central import SERVICE
from avesa.shared.errors import ServiceFailed
from strict_tenant import check, strict_tenant

LIST = Request("GET", "https://ncentral.example.com/api/list")


def answer(body: Any, status: int = 200) -> Response:
    return Response(status, {}, json.dumps(body).encode(), LIST.url)


def records_of(table: str, rows: list[Any], under: str | None = None) -> list[Any]:
    body = json.dumps({"data": rows}).encode()
    return read_page(body, reading_of(SERVICE, SERVICE.endpoint(table)), page=1, parent_id=under)


def test_the_users_token_is_exchanged_once_for_all_pages(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "n_central") as tenant:
        assert tenant.pull("customers").pages == 3
        assert sum(one.path == "/api/auth/authenticate" for one in tenant.vendor.served) == 1


def test_after_a_restart_of_the_server_the_token_is_exchanged_again(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "n_central") as tenant:
        tenant.pull("customers")
        tenant.vendor.credentials.expire_tokens()
        assert tenant.pull("sites").status == "ok"
        check(tenant, "sites")


def test_a_token_of_a_user_whose_password_ran_out_stops_the_service(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "n_central") as tenant:
        tenant.ports.secrets.put("acme", "n_central", {"user_api_jwt": "eyJ.old.jwt"})
        with pytest.raises(ServiceFailed) as refused:
            tenant.pull("customers")
        assert "eyJ.old.jwt" not in str(refused.value)


def test_an_id_is_the_same_as_a_text_and_as_a_number() -> None:
    """Texts in organizations, numbers in devices."""
    rows = [{"customerId": "1234"}, {"customerId": 1234}]
    assert [record.record_id for record in records_of("customers", rows)] == ["1234", "1234"]


@pytest.mark.parametrize("written", ["2026-02-01T08:00:00-04:00", "2026-02-01T08:00:00-0400", "2026-02-01T12:00:00Z"])
def test_an_offset_is_read_in_each_of_its_spellings(written: str) -> None:
    [record] = records_of("service_monitor_statuses", [{"taskId": 1, "lastUpdate": written}], "7")
    assert record.updated_at == datetime(2026, 2, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("told", "records", "goes_on"),
    [
        ({"totalPages": 3, "totalItems": 2500}, 1000, True),
        ({"totalPages": 1, "totalItems": 1000}, 1000, False),
        ({"totalItems": 2500}, 1000, True),
        ({"totalItems": 40}, 40, False),
        ({}, 1000, True),
        ({}, 999, False),
    ],
)
def test_a_list_ends_where_its_kind_of_answer_says(told: dict[str, int], records: int, goes_on: bool) -> None:
    paging = SERVICE.paging_of(SERVICE.endpoint("device_filters"), listing=True)
    following = paging.next(paging.first(LIST), Page(answer(told), records))
    assert (following is not None) is goes_on
    assert following is None or following.param("pageNumber") == "2"


def test_active_issues_are_asked_for_under_customers_and_sites_alone(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "n_central", page=0) as tenant:
        tenant.pull("org_units")
        assert tenant.pull("active_issues").status == "ok"
        units = {row["record_id"]: row["record"]["orgUnitType"] for row in tenant.rows("org_units")}
        under = {units[row["parent_id"]] for row in tenant.rows("active_issues")}
        assert under == {"CUSTOMER", "SITE"} < set(units.values())


def test_one_task_for_two_devices_is_two_records() -> None:
    ids = {records_of("device_tasks", [{"taskId": 5}], device)[0].record_id for device in ("1", "2")}
    assert len(ids) == 2


def test_what_a_property_holds_never_lands(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "n_central", page=0) as tenant:
        tenant.pull("devices")
        device = tenant.rows("devices")[0]["record_id"]
        tenant.vendor.rows.of(tenant.vendor.contract.tables["device_custom_properties"], (device,))
        tenant.vendor.change("device_custom_properties", 0, (device,), value="hush-hush")
        tenant.pull("device_custom_properties")
        landed = "".join(row["payload"] for row in tenant.rows("device_custom_properties"))
        assert "hush" not in landed and '"***"' in landed


def test_the_assets_of_a_device_stay_one_record_however_they_change(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "n_central", page=0) as tenant:
        for table in ("devices", "device_assets", "device_lifecycle_info"):
            tenant.pull(table)
        devices = {row["record_id"] for row in tenant.rows("devices")}
        for table in ("device_assets", "device_lifecycle_info"):
            assert {row["record_id"] for row in tenant.rows(table)} == devices


@pytest.mark.parametrize(
    ("status", "body", "means"),
    [
        (200, {"data": [], "errors": []}, None),
        (200, {"status": 400, "message": "[ID=2b85998f] BAD REQUEST: no", "errors": []}, "table"),
        (200, {"status": 500, "message": "core"}, "retry"),
        (200, {"status": 401, "message": "token"}, "service"),
        (200, {"errors": [{"field": "orgUnitId", "message": "not yours"}]}, "table"),
        (429, {"status": 429}, "limit"),
        (401, {"status": 401}, "service"),
        (403, {"status": 403}, "table"),
    ],
)
def test_an_error_is_found_inside_a_good_answer_too(status: int, body: Any, means: str | None) -> None:
    assert classify(answer(body, status), SERVICE.errors).means == means
