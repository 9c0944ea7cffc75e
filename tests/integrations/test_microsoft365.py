"""What is special about Microsoft Graph, against its strict vendor."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from avesa.connector.connection import connection
from avesa.connector.request import Request
from avesa.integrations.microsoft365 import SERVICE, USER_FIELDS
from avesa.shared.errors import TableFailed, Where
from strict_tenant import NOON, Tenant, check, strict_tenant

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def graph(tmp_path: Path) -> Iterator[Tenant]:
    with strict_tenant(tmp_path, "microsoft365", cursor_pages=3) as tenant:
        yield tenant


def queries(graph: Tenant, table: str) -> list[dict[str, str]]:
    return [dict(served.query) for served in graph.vendor.served if served.table == table]


def test_the_feed_of_users_is_listed_once_and_then_tells_parts_and_removals(graph: Tenant) -> None:
    assert graph.pull("users_delta").kind == "listing"
    check(graph, "users_delta")
    changed, gone = graph.vendor.change("users", 2), graph.vendor.delete("users", 5)
    before = len(graph.rows("users_delta"))
    graph.clock.now += HOUR
    outcome = graph.pull("users_delta")
    told = {row["record_id"]: row for row in graph.rows("users_delta")[before:]}
    assert (outcome.kind, sorted(told)) == ("changes", sorted([changed["id"], gone["id"]]))
    assert all(row["is_partial"] for row in told.values())
    assert [told[id_]["is_deleted"] for id_ in (changed["id"], gone["id"])] == [False, True]
    first, last = queries(graph, "users_delta")[0], queries(graph, "users_delta")[-1]
    assert first == {"$select": USER_FIELDS} and list(last) == ["$deltatoken"]


def test_a_delta_token_that_is_too_old_leads_to_a_listing_in_the_same_pull(graph: Tenant) -> None:
    graph.pull("users_delta")
    graph.vendor.change("users", 2)
    graph.vendor.expire_cursors()
    graph.clock.now += 8 * HOUR
    assert graph.pull("users_delta").kind == "listing"
    check(graph, "users_delta")


def test_a_page_whose_address_is_too_old_is_asked_for_again_from_the_first(graph: Tenant) -> None:
    seen: list[int] = []
    graph.pull("groups", progress=lambda *page: seen.append(page[1]), stop=lambda: bool(seen))
    graph.vendor.expire_cursors()
    assert graph.pull("groups").status == "ok"
    check(graph, "groups")


@pytest.mark.parametrize("table", ["sign_ins", "directory_audits"])
def test_a_log_is_asked_for_as_far_back_as_it_is_kept_and_never_listed(graph: Tenant, table: str) -> None:
    graph.pull(table)
    graph.clock.now += 2 * DAY
    graph.vendor.add(table)
    graph.clock.now += HOUR
    assert {graph.pull(table).kind, graph.pull(table, full=True).kind} == {"changes"}
    check(graph, table)
    filters = [query["$filter"].rpartition(" ")[2] for query in queries(graph, table) if "$skiptoken" not in query]
    assert filters == ["2026-01-30T12:00:00Z", "2026-02-27T11:49:00Z", "2026-02-01T13:00:00Z"]


def test_devices_are_asked_for_by_their_last_check_in_and_not_dated_by_it(graph: Tenant) -> None:
    graph.pull("managed_devices")
    graph.clock.now += HOUR
    graph.vendor.change("managed_devices", 1)
    assert graph.pull("managed_devices").kind == "changes"
    assert {row["updated_at"] for row in graph.rows("managed_devices")} == {None}
    codes = {json.loads(row["payload"]).get("activationLockBypassCode") for row in graph.rows("managed_devices")}
    assert codes <= {None, "***"} and "***" in codes


def test_devices_are_listed_where_the_filter_is_refused(graph: Tenant) -> None:
    graph.pull("managed_devices")
    graph.vendor.fail("status", 400, table="managed_devices")
    graph.clock.now += HOUR
    assert graph.pull("managed_devices").kind == "listing"


def test_plans_are_asked_for_under_microsoft_365_groups_alone(graph: Tenant) -> None:
    graph.pull("groups")
    graph.pull("planner_plans")
    asked = {served.path.split("/")[2] for served in graph.vendor.served if served.table == "planner_plans"}
    kinds = {group["id"]: group["groupTypes"] for group in graph.vendor.records("groups")}
    assert asked == {id_ for id_, kind in kinds.items() if "Unified" in kind} != set(kinds)


def test_a_report_is_fetched_where_the_answer_leads_and_yesterdays_is_not_gone(graph: Tenant) -> None:
    outcome = graph.pull("mailbox_usage_detail")
    check(graph, "mailbox_usage_detail")
    assert (outcome.rows, graph.receipt("mailbox_usage_detail").kind) == (7, "changes")
    row = graph.rows("mailbox_usage_detail")[0]
    record = json.loads(row["payload"])
    assert json.loads(row["record_id"]) == [record["User Principal Name"], record["Report Refresh Date"]]
    assert len(record) == 17 and not row["is_deleted"]
    graph.clock.now += DAY
    assert graph.pull("mailbox_usage_detail", full=True).kind == "changes"


def test_a_log_without_a_licence_fails_alone_and_is_not_tried_again(graph: Tenant) -> None:
    graph.vendor.fail("status", 403, table="sign_ins", code="Authentication_RequestFromNonPremiumTenantOrB2CTenant")
    with pytest.raises(TableFailed, match="NonPremium"):
        graph.pull("sign_ins")
    assert len(queries(graph, "sign_ins")) == 1
    assert graph.pull("groups").status == "ok"


def test_another_cloud_has_its_own_hosts_and_scope() -> None:
    settings = {"tenant_id": "t-1", "host": "graph.microsoft.us", "login_host": "login.microsoftonline.us"}
    made = connection(SERVICE, settings, {"client_id": "c", "client_secret": "s"}, where=Where("acme", "microsoft365"))
    assert made.base_url == "https://graph.microsoft.us/v1.0"
    [asked] = [next(made.auth.renew(made.credentials_at(NOON)))]  # type: ignore[attr-defined]
    assert isinstance(asked, Request) and asked.url == "https://login.microsoftonline.us/t-1/oauth2/v2.0/token"
    assert parse_qs(asked.body or "")["scope"] == ["https://graph.microsoft.us/.default"]
