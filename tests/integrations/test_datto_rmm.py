"""What is special about Datto RMM: keys as user and password, a log that hides, variables that must never land."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from avesa.connector.paging import Page
from avesa.connector.reading import reading_of
from avesa.connector.records import read_page
from avesa.connector.request import Request, Response
from avesa.connector.retry import classify
from avesa.integrations.datto_rmm import SERVICE
from avesa.shared.errors import ServiceFailed
from strict_tenant import strict_tenant

LIST = Request("GET", "https://pinotage-api.centrastage.net/api/v2/list")


def answer(body: Any, status: int = 200) -> Response:
    return Response(status, {}, json.dumps(body).encode(), LIST.url)


def records_of(table: str, rows: list[Any]) -> list[Any]:
    endpoint = SERVICE.endpoint(table)
    body = json.dumps({endpoint.records: rows}).encode()
    return read_page(body, reading_of(SERVICE, endpoint), page=1, parent_id="parent")


def test_a_secret_key_that_is_wrong_stops_the_service_and_is_not_told(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "datto_rmm") as tenant:
        tenant.ports.secrets.put("acme", "datto_rmm", {"api_key": "DATTO0KEY", "api_secret_key": "not-it"})
        with pytest.raises(ServiceFailed) as refused:
            tenant.pull("sites")
        assert "not-it" not in str(refused.value)


@pytest.mark.parametrize("told", ["", None])
def test_pages_are_counted_from_zero_until_no_next_one_is_named(told: str | None) -> None:
    paging = SERVICE.paging_of(SERVICE.endpoint("devices"), listing=True)
    request = paging.first(LIST)
    assert (request.param("page"), request.param("max")) == ("0", "250")
    following = paging.next(request, Page(answer({"pageDetails": {"nextPageUrl": "https://x/y?page=1"}}), 250))
    assert following is not None and following.param("page") == "1"
    assert following.url == LIST.url
    assert paging.next(following, Page(answer({"pageDetails": {"nextPageUrl": told}}), 250)) is None


def test_the_log_is_never_asked_for_without_its_window(tmp_path: Path) -> None:
    """It would be that of the last 15 minutes."""
    with strict_tenant(tmp_path, "datto_rmm", page=0, cursor_pages=3) as tenant:
        assert (tenant.pull("activity_logs").kind, len(tenant.rows("activity_logs"))) == ("changes", 7)
        asked = tenant.asked("activity_logs")
        assert len(asked) == 3 and all("from" in one and "until" in one for one in asked)
        since = datetime.strptime(asked[0]["from"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        assert since == tenant.clock.now - timedelta(days=90)
        assert not any(row["is_deleted"] for row in tenant.rows("activity_logs"))


def test_the_next_page_of_the_log_is_asked_for_as_the_vendor_names_it() -> None:
    paging = SERVICE.paging_of(SERVICE.endpoint("activity_logs"), listing=False)
    url = "https://pinotage-api.centrastage.net/api/v2/activity-logs?page=next&searchAfter=1721131200&searchAfter=ab1"
    request = paging.next(paging.first(LIST), Page(answer({"pageDetails": {"nextPageUrl": url}}), 50))
    assert request is not None
    assert request.params == (("page", "next"), ("searchAfter", "1721131200"), ("searchAfter", "ab1"))


def test_a_time_of_the_log_is_in_seconds_with_a_fraction() -> None:
    [entry] = records_of("activity_logs", [{"id": "a", "date": 1721131200.25}])
    assert entry.updated_at == datetime(2024, 7, 16, 12, 0, 0, 250000, tzinfo=UTC)


@pytest.mark.parametrize("resolved", [1721131200000, "2024-07-16T12:00:00Z"])
def test_a_time_is_read_as_the_document_and_as_live_answers_have_it(resolved: Any) -> None:
    [alert] = records_of("alerts_resolved", [{"alertUid": "a", "resolvedOn": resolved}])
    assert (alert.problem, alert.updated_at) == (None, datetime(2024, 7, 16, 12, tzinfo=UTC))


def test_what_variables_and_proxies_hold_never_lands(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "datto_rmm", page=0) as tenant:
        for table, fields in (
            ("sites", {"proxySettings": {"host": "proxy", "password": "hush-hush"}}),
            ("account_variables", {"value": "hush-hush", "masked": False}),
            ("components", {"variables": [{"name": "key", "defaultVal": "hush-hush"}]}),
        ):
            tenant.vendor.rows.of(tenant.vendor.contract.tables[table])
            tenant.vendor.change(table, 0, **fields)
            tenant.pull(table)
        [site] = {row["record_id"] for row in tenant.rows("sites")[:1]}
        tenant.vendor.rows.of(tenant.vendor.contract.tables["site_variables"], (site,))
        tenant.vendor.change("site_variables", 0, (site,), value="hush-hush")
        tenant.pull("site_variables")
        tables = ("sites", "account_variables", "components", "site_variables")
        landed = "".join(row["payload"] for table in tables for row in tenant.rows(table))
        assert "hush" not in landed and '"***"' in landed


def test_audits_are_asked_for_of_computers_alone(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "datto_rmm", page=0) as tenant:
        for table in ("devices", "device_audits", "device_software"):
            tenant.pull(table)
        computers = {row["record_id"] for row in tenant.rows("devices") if row["record"].get("deviceClass") == "device"}
        assert 0 < len(computers) < 7
        assert {row["parent_id"] for row in tenant.rows("device_software")} == computers
        # There is one audit for each, and it stays the same record however it changes.
        assert {row["record_id"] for row in tenant.rows("device_audits")} == computers


def test_a_program_without_a_version_has_a_key_all_the_same() -> None:
    [record] = records_of("device_software", [{"name": "Zoom"}])
    assert (record.problem, json.loads(record.record_id)) == (None, ["parent", "Zoom", ""])


def test_a_device_that_was_deleted_is_gone(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "datto_rmm", page=0) as tenant:
        tenant.pull("devices")
        tenant.clock.now += timedelta(hours=1)
        gone = tenant.vendor.delete("devices", 2)["uid"]
        tenant.pull("devices")
        assert [row["record_id"] for row in tenant.rows("devices") if row["is_deleted"]] == [gone]


def test_a_page_that_holds_an_error_is_none() -> None:
    assert classify(answer({"activities": [], "error": "search failed"}), SERVICE.errors).means == "table"
    assert classify(answer({"activities": [], "error": None}), SERVICE.errors).is_good
