"""What is special about Auvik: regions that lead to others, alerts judged later, a limit that looks like a right."""

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
from avesa.connector.retry import classify
from avesa.integrations.auvik import DEVICE_TYPES, SERVICE
from avesa.sandbox.vendor.contract import Contract
from strict_tenant import check, strict_tenant

LIST = Request("GET", "https://auvikapi.us1.my.auvik.com/v1/list")


def answer(body: Any, status: int = 200) -> Response:
    return Response(status, {}, json.dumps(body).encode(), LIST.url)


def test_the_next_page_is_the_one_that_is_named_at_the_own_region() -> None:
    paging = SERVICE.paging_of(SERVICE.endpoint("devices"), listing=True)
    first = paging.first(LIST)
    assert first.param("page[first]") == "1000"
    url = "https://auvikapi.us9.my.auvik.com/v1/list?page[first]=1000&page[after]=abc"
    following = paging.next(first, Page(answer({"links": {"next": url}}), 1000))
    assert following is not None and (following.url, following.param("page[after]")) == (LIST.url, "abc")
    assert paging.next(following, Page(answer({"links": {"first": url}}), 1000)) is None


@pytest.mark.parametrize(
    ("status", "detail", "means"),
    [
        (403, "Rate limit exceeded, try again later", "limit"),
        (403, "User is not authorized", "table"),
        (429, "Too many requests", "limit"),
        (308, "Permanent Redirect", "service"),
        (401, "no", "service"),
    ],
)
def test_a_refusal_is_read_before_it_is_taken_for_a_missing_right(status: int, detail: str, means: str) -> None:
    body = {"errors": [{"status": str(status), "title": "Forbidden", "detail": detail}]}
    assert classify(answer(body, status), SERVICE.errors).means == means


def test_an_account_of_another_region_is_followed_there() -> None:
    assert SERVICE.shards == (".my.auvik.com",)


def test_extended_details_are_asked_for_type_by_type(tmp_path: Path) -> None:
    published = Contract("auvik").facts["paths"]["/v1/inventory/device/info"]["get"]["parameters"]
    [types] = [one["enum"] for one in published if one["name"] == "filter[deviceType]"]
    assert sorted(DEVICE_TYPES) == sorted(types)
    with strict_tenant(tmp_path, "auvik", page=0) as tenant:
        tenant.pull("device_details_extended")
        asked = [one["filter[deviceType]"] for one in tenant.asked("device_details_extended")]
        assert asked == list(DEVICE_TYPES)
        check(tenant, "device_details_extended")


def test_only_some_tenants_are_asked_for_where_that_is_said(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "auvik", page=0, settings={"tenant_ids": "1,2"}) as tenant:
        tenant.pull("devices")
        assert tenant.asked("devices")[0]["tenants"] == "1,2"
    with strict_tenant(tmp_path / "all", "auvik", page=0) as tenant:
        tenant.pull("devices")
        tenant.pull("tenants_detail")
        assert "tenants" not in tenant.asked("devices")[0]
        assert tenant.asked("tenants_detail")[0]["tenantDomainPrefix"] == "acme"


def test_changes_are_asked_for_in_milliseconds(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "auvik", page=0) as tenant:
        tenant.pull("interfaces")
        tenant.clock.now += timedelta(hours=1)
        tenant.vendor.change("interfaces", 1)
        assert tenant.pull("interfaces").kind == "changes"
        check(tenant, "interfaces")
        assert tenant.asked("interfaces")[-1]["filter[modifiedAfter]"].endswith(".000Z")


def test_an_alert_that_is_resolved_later_is_seen_though_its_time_stays(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "auvik", page=0) as tenant:
        tenant.vendor.rows.of(tenant.vendor.contract.tables["alerts"])
        tenant.clock.now += timedelta(hours=1)
        added = tenant.vendor.add("alerts")
        tenant.pull("alerts")
        tenant.clock.now += timedelta(hours=20)
        tenant.vendor.change("alerts", 7, attributes__status="resolved")
        assert tenant.pull("alerts").kind == "changes"
        check(tenant, "alerts")
        [*_, last] = [row for row in tenant.rows("alerts") if row["record_id"] == added["id"]]
        assert (last["record"]["attributes"]["status"], last["updated_at"]) == ("resolved", None)


def test_usage_is_asked_for_with_both_days_and_keeps_them_apart(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "auvik", page=0) as tenant:
        assert tenant.pull("billing_usage_client").kind == "changes"
        days = [(one["filter[fromDate]"], one["filter[thruDate]"]) for one in tenant.asked("billing_usage_client")]
        assert days[0] == ("2025-12-01", "2026-01-01") and days[-1][1] == "2026-03-02"
    reading = reading_of(SERVICE, SERVICE.endpoint("billing_usage_client"))
    period = {"startDate": "2026-01-01", "endDate": "2026-01-31"}
    rows = [{"id": "1", "attributes": {"usagePeriod": period}}, {"id": "1", "attributes": {}}]
    records = read_page(json.dumps({"data": rows}).encode(), reading, page=1, parent_id=None)
    assert [json.loads(record.record_id or "") for record in records] == [
        ["1", "2026-01-01", "2026-01-31"],
        ["1", "", ""],
    ]


def test_audits_are_never_listed(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "auvik", page=0) as tenant:
        assert (tenant.pull("entity_audits").kind, len(tenant.rows("entity_audits"))) == ("changes", 7)
        tenant.clock.now += timedelta(days=2)
        assert tenant.pull("entity_audits", full=True).kind == "changes"
        assert not any(row["is_deleted"] for row in tenant.rows("entity_audits"))
