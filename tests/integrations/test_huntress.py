"""What is special about Huntress: lists that begin with the newest, one request a second, a reseller's lists."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from avesa.connector.incremental import Changes
from avesa.connector.limits import Rate
from avesa.connector.paging import Page
from avesa.connector.request import Request, Response
from avesa.integrations.huntress import SERVICE
from avesa.sandbox.vendor.contract import Contract
from strict_tenant import check, strict_tenant

LIST = Request("GET", "https://api.huntress.io/v1/list")


@pytest.mark.parametrize("told", [{}, {"pagination": {}}, {"pagination": {"next_page_token": None}}])
def test_a_list_is_over_where_no_token_is_named(told: Any) -> None:
    paging = SERVICE.paging_of(SERVICE.endpoint("agents"), listing=True)
    first = paging.first(LIST)
    assert first.param("limit") == "500"
    going_on = Response(200, {}, b'{"pagination": {"next_page_token": "abc"}}', LIST.url)
    following = paging.next(first, Page(going_on, 500))
    assert following is not None and following.param("page_token") == "abc"
    assert paging.next(following, Page(Response(200, {}, json.dumps(told).encode(), LIST.url), 500)) is None


def test_every_list_that_can_be_sorted_by_its_changes_is_read_from_the_newest_on() -> None:
    operations = {e["name"]: o for o in paths() for e in o["endpoints"]}
    for endpoint in SERVICE.endpoints:
        facts = operations[endpoint.name]
        sorts = next((p.get("enum", []) for p in facts["parameters"] if p["name"] == "sort_field"), [])
        changes = SERVICE.changes_of(endpoint)
        dated = facts["endpoints"][0]["cursor_field"] == "updated_at"
        newest_first = isinstance(changes, Changes) and changes.newest_first
        assert newest_first is (dated and "updated_at" in sorts), endpoint.name


def paths() -> list[dict[str, Any]]:
    return [operation for methods in Contract("huntress").facts["paths"].values() for operation in methods.values()]


def test_what_changed_is_read_until_a_page_is_old(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "huntress", counts={"agents": 30}, cursor_pages=3) as tenant:
        tenant.pull("agents")
        assert {one["sort_field"] for one in tenant.asked("agents")} == {"id"}
        before = len(tenant.asked("agents"))
        tenant.clock.now += timedelta(hours=1)
        tenant.vendor.change("agents", 3)
        assert tenant.pull("agents").kind == "changes"
        check(tenant, "agents")
        asked = tenant.asked("agents")[before:]
        assert {(one["sort_field"], one["sort_direction"]) for one in asked} == {("updated_at", "desc")}
        assert len(asked) == 2


def test_an_agent_that_was_uninstalled_is_gone_with_the_next_listing(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "huntress", page=0) as tenant:
        tenant.pull("agents")
        gone = str(tenant.vendor.delete("agents", 1)["id"])
        tenant.clock.now += timedelta(days=1)
        assert tenant.pull("agents").kind == "listing"
        later = [row["record_id"] for row in tenant.rows("agents")[7:]]
        assert len(later) == 6 and gone not in later and tenant.receipt("agents").complete


def test_remediations_are_asked_for_under_reports_that_changed(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "huntress", page=0) as tenant:
        tenant.pull("incident_reports")
        tenant.pull("incident_remediations")
        before = len(tenant.asked("incident_remediations"))
        assert before == 7
        tenant.clock.now += timedelta(hours=1)
        changed = tenant.vendor.change("incident_reports", 2)["id"]
        tenant.clock.now += timedelta(minutes=1)
        tenant.pull("incident_reports")
        assert tenant.pull("incident_remediations").kind == "changes"
        paths = [one.path for one in tenant.vendor.served if one.table == "incident_remediations"]
        # Beside it the one that was the newest before.
        assert f"/v1/incident_reports/{changed}/remediations" in paths[before:] and len(paths) - before <= 2


def test_a_key_that_is_no_resellers_fails_the_resellers_lists_alone(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "huntress", page=0) as tenant:
        for table in ("reseller_subscriptions", "reseller_invoices"):
            tenant.vendor.fail("status", 403, table=table, times=None)
        outcome = tenant.ingest()
        failed = {one.table for one in outcome.tables if one.status == "failed"}
        assert failed == {"reseller_subscriptions", "reseller_invoices", "reseller_invoice_usage"}


def test_an_account_is_asked_once_a_second_and_rests_a_minute() -> None:
    assert SERVICE.limits.rates == (Rate(60, per=timedelta(minutes=1)),)
    assert SERVICE.limits.rest == timedelta(minutes=1)
    assert SERVICE.account == ("api_key",)
