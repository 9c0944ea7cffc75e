"""What is special about SentinelOne: agents that are hidden, scopes, lists of two kinds of change, long ids, tokens."""

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
from avesa.integrations.sentinelone import SERVICE
from strict_tenant import check, strict_tenant

LIST = Request("GET", "https://usea1-acme.sentinelone.net/web/api/v2.1/list")


def answer(body: Any, status: int = 200) -> Response:
    return Response(status, {}, json.dumps(body).encode(), LIST.url)


def test_agents_are_listed_with_those_that_were_decommissioned_or_uninstalled(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "sentinelone", page=0) as tenant:
        tenant.pull("agents")
        asked = tenant.asked("agents")[0]
        assert (asked["isDecommissioned"], asked["isUninstalled"]) == ("true,false", "true,false")
        tenant.clock.now += timedelta(hours=1)
        gone = tenant.vendor.delete("agents", 2)["id"]
        assert tenant.pull("agents").kind == "changes"
        assert [row["record_id"] for row in tenant.rows("agents") if row["is_deleted"]] == [gone]


def test_an_id_of_nineteen_digits_stays_what_it_is() -> None:
    reading = reading_of(SERVICE, SERVICE.endpoint("agents"))
    for id_ in ("2254947309384938041", 2254947309384938041):
        row = {"id": id_, "updatedAt": "2018-02-27T04:49:26.257525Z"}
        [record] = read_page(json.dumps({"data": [row]}).encode(), reading, page=1, parent_id=None)
        assert record.record_id == "2254947309384938041"
        assert record.updated_at == datetime(2018, 2, 27, 4, 49, 26, 257525, tzinfo=UTC)


@pytest.mark.parametrize("table", ["exclusions", "restrictions", "rbac_roles", "agent_tags"])
def test_what_belongs_to_scopes_above_and_below_is_asked_for_too(table: str, tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "sentinelone", page=0) as tenant:
        tenant.pull(table)
        asked = tenant.asked(table)[0]
        assert (asked["includeChildren"], asked["includeParents"]) == ("true", "true")


def test_a_tenant_may_be_one_site_of_a_console(tmp_path: Path) -> None:
    own = {"site_ids": "225494730938493804", "account_ids": "1,2"}
    with strict_tenant(tmp_path, "sentinelone", page=0, settings=own) as tenant:
        for table in ("agents", "threats", "activities"):
            tenant.pull(table)
            asked = tenant.asked(table)[0]
            assert (asked["siteIds"], asked["accountIds"]) == ("225494730938493804", "1,2")
        tenant.pull("activity_types")


def test_without_sites_none_are_named(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "sentinelone", page=0) as tenant:
        tenant.pull("agents")
        assert not {"siteIds", "accountIds"} & set(tenant.asked("agents")[0])


def test_groups_come_three_hundred_at_a_time() -> None:
    for table, size in (("groups", "300"), ("agents", "1000")):
        assert SERVICE.paging_of(SERVICE.endpoint(table), listing=True).first(LIST).param("limit") == size


def test_a_list_is_over_where_no_cursor_is_named() -> None:
    paging = SERVICE.paging_of(SERVICE.endpoint("threats"), listing=True)
    first = paging.first(LIST.with_params(("sortBy", "id")))
    following = paging.next(first, Page(answer({"pagination": {"nextCursor": "abc"}}), 1000))
    assert following is not None and (following.param("cursor"), following.param("sortBy")) == ("abc", "id")
    assert paging.next(following, Page(answer({"pagination": {"nextCursor": None}}), 1000)) is None


def test_sites_are_read_from_the_newest_on(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "sentinelone", counts={"sites": 20}, cursor_pages=3) as tenant:
        tenant.pull("sites")
        tenant.clock.now += timedelta(hours=1)
        tenant.vendor.change("sites", 3)
        outcome = tenant.pull("sites")
        assert (outcome.kind, outcome.pages) == ("changes", 2)
        check(tenant, "sites")
        assert tenant.asked("sites")[-1]["sortOrder"] == "desc"


def test_an_alert_that_is_judged_weeks_later_is_seen(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "sentinelone", page=0) as tenant:
        tenant.pull("cloud_detection_alerts")
        tenant.clock.now += timedelta(days=20)
        tenant.pull("cloud_detection_alerts")
        tenant.clock.now += timedelta(hours=1)
        tenant.vendor.change("cloud_detection_alerts", 1, alertInfo__incidentStatus="RESOLVED")
        assert tenant.pull("cloud_detection_alerts").kind == "changes"
        check(tenant, "cloud_detection_alerts")


@pytest.mark.parametrize(
    ("table", "field"), [("sites", "registrationToken"), ("groups", "registrationToken"), ("agents", "licenseKey")]
)
def test_what_lets_an_agent_in_never_lands(table: str, field: str, tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "sentinelone", page=0) as tenant:
        tenant.vendor.rows.of(tenant.vendor.contract.tables[table])
        tenant.vendor.change(table, 0, **{field: "hush-hush"})
        tenant.pull(table)
        assert "hush" not in "".join(row["payload"] for row in tenant.rows(table))


def test_the_log_is_never_listed(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "sentinelone", page=0) as tenant:
        assert (tenant.pull("activities").kind, len(tenant.rows("activities"))) == ("changes", 7)
        assert tenant.asked("activities")[0]["createdAt__gte"] == "2025-12-01T12:00:00.000000Z"
        tenant.clock.now += timedelta(days=2)
        tenant.pull("activities", full=True)
        assert not any(row["is_deleted"] for row in tenant.rows("activities"))


def test_notes_are_asked_for_under_threats_that_changed(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "sentinelone", page=0) as tenant:
        for table in ("threats", "threat_notes", "threat_timeline"):
            tenant.pull(table)
        before = len(tenant.asked("threat_notes"))
        tenant.clock.now += timedelta(hours=1)
        changed = tenant.vendor.change("threats", 2)["id"]
        tenant.pull("threats")
        tenant.pull("threat_notes")
        paths = [one.path for one in tenant.vendor.served if one.table == "threat_notes"][before:]
        # Beside it the one that was the newest before.
        assert f"/web/api/v2.1/threats/{changed}/notes" in paths and len(paths) == 2


def test_an_error_is_found_beside_the_data() -> None:
    errors = [{"code": 4030010, "title": "Insufficient permissions", "detail": None}]
    assert classify(answer({"data": [], "errors": errors}), SERVICE.errors).means == "table"
    assert classify(answer({"data": [], "errors": []}), SERVICE.errors).is_good
    assert classify(answer({"errors": [{"title": "Unauthorized"}]}, 401), SERVICE.errors).means == "service"
