"""What is special about Cloudflare: lists under accounts and zones, two kinds of pages, statuses that hide rows."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from avesa.connector.paging import Page
from avesa.connector.reading import reading_of
from avesa.connector.records import read_page
from avesa.connector.request import Request, Response
from avesa.connector.retry import classify
from avesa.integrations.cloudflare import BY_TOKEN, SERVICE
from avesa.shared.errors import TableFailed
from strict_tenant import Tenant, check, strict_tenant

LIST = Request("GET", "https://api.cloudflare.com/client/v4/list")


def pull(tenant: Tenant, *tables: str) -> None:
    for table in tables:
        assert tenant.pull(table).status == "ok"


def answer(body: dict[str, Any], records: int) -> Page:
    return Page(Response(200, {}, json.dumps(body).encode(), LIST.url), records)


@pytest.mark.parametrize(
    ("told", "rows", "goes_on"),
    [
        ({"total_pages": 2}, 50, True),
        ({"total_pages": 1}, 50, False),
        ({"total_count": 51}, 50, True),
        ({"total_count": 50}, 50, False),
        ({}, 50, True),
        ({}, 49, False),
    ],
)
def test_a_list_ends_with_its_pages_its_rows_or_a_page_that_is_not_full(told: Any, rows: int, goes_on: bool) -> None:
    following = SERVICE.paging.next(SERVICE.paging.first(LIST), answer({"result": [], "result_info": told}, rows))
    assert (following is not None) == goes_on


@pytest.mark.parametrize(
    ("told", "token"),
    [({"cursor": "a"}, "a"), ({"cursors": {"after": "b"}}, "b"), ({"cursor": ""}, None), ({}, None)],
)
def test_a_token_lies_in_one_of_two_places(told: Any, token: str | None) -> None:
    following = BY_TOKEN.next(BY_TOKEN.first(LIST), answer({"result_info": told}, 20))
    assert (following and following.param("cursor")) == token


def test_a_server_that_ignores_the_page_fails_its_table(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "cloudflare", counts={"accounts": 1, "access_apps": 5}) as tenant:
        pull(tenant, "accounts")
        tenant.vendor.contract.tables["access_apps"].rules["paging"] = {"kind": "none"}
        with pytest.raises(TableFailed, match="same page"):
            tenant.pull("access_apps")
        assert not tenant.receipt("access_apps").complete


def test_page_rules_are_asked_for_in_both_states(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "cloudflare") as tenant:
        pull(tenant, "zones", "page_rules")
        check(tenant, "page_rules")
        assert {one["status"] for one in tenant.asked("page_rules")} == {"active", "disabled"}
        assert {row["record"]["status"] for row in tenant.rows("page_rules")} == {"active", "disabled"}


def test_a_ruleset_of_all_zones_is_one_record_in_each() -> None:
    reading = reading_of(SERVICE, SERVICE.endpoint("rulesets"))
    body = json.dumps({"result": [{"id": "r1", "last_updated": "2026-03-01T00:00:00Z"}]}).encode()
    ids = {read_page(body, reading, page=1, parent_id=zone)[0].record_id for zone in ("z1", "z2")}
    assert ids == {'["z1","r1"]', '["z2","r1"]'}


def test_a_dns_record_is_its_zones_though_it_does_not_say_so(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "cloudflare") as tenant:
        pull(tenant, "zones", "dns_records")
        zones = {row["record_id"] for row in tenant.rows("zones")}
        assert {row["parent_id"] for row in tenant.rows("dns_records")} == zones


@pytest.mark.parametrize(
    ("table", "field"),
    [
        ("device_registrations", "revoked_at"),
        ("device_registrations", "deleted_at"),
        ("devices", "deleted_at"),
        ("tunnels", "deleted_at"),
        ("gateway_rules", "deleted_at"),
    ],
)
def test_what_was_removed_says_when(table: str, field: str) -> None:
    reading = reading_of(SERVICE, SERVICE.endpoint(table))
    updated = {"updated_at": "2026-03-01T00:00:00Z"}
    gone, alive = {"id": "1", **updated, field: "2026-03-01T00:00:00Z"}, {"id": "2", **updated, field: None}
    records = read_page(json.dumps({"result": [gone, alive]}).encode(), reading, page=1, parent_id="a")
    assert [record.is_deleted for record in records] == [True, False]


def test_the_whole_inventory_is_asked_for(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "cloudflare") as tenant:
        pull(tenant, "accounts", "devices", "device_registrations")
        assert {one["active_registrations"] for one in tenant.asked("devices")} == {"include"}
        assert {one["status"] for one in tenant.asked("device_registrations")} == {"all"}


def test_a_log_names_both_ends_and_its_rows_are_never_deleted(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "cloudflare") as tenant:
        pull(tenant, "accounts", "audit_logs", "alert_history")
        for table, days in (("audit_logs", 540), ("alert_history", 90)):
            assert tenant.receipt(table).kind == "changes"
            since = {datetime.fromisoformat(one["since"]) for one in tenant.asked(table)}
            assert {tenant.clock.now - one for one in since} == {timedelta(days=days)}
            assert all(one["before"] for one in tenant.asked(table))
        before = len(tenant.asked("audit_logs"))
        tenant.clock.now += timedelta(days=2)
        pull(tenant, "accounts", "audit_logs")
        later = tenant.asked("audit_logs")[before:]
        assert later and all(one["since"] > "2026-02-26" for one in later)
        assert not any(row["is_deleted"] for row in tenant.rows("audit_logs"))


def test_an_answer_of_200_may_be_a_refusal() -> None:
    body = b'{"success": false, "errors": [{"code": 1003, "message": "Invalid zone"}], "result": null}'
    assert classify(Response(200, {}, body, LIST.url), SERVICE.errors).means == "table"
    assert classify(Response(200, {}, b'{"success": true, "result": []}', LIST.url), SERVICE.errors).is_good


def test_whoever_asked_for_too_much_rests_for_five_minutes() -> None:
    [rate] = SERVICE.limits.rates
    assert (rate.most, rate.per, SERVICE.limits.rest) == (1200, timedelta(minutes=5), timedelta(minutes=5))


@pytest.mark.parametrize(
    ("table", "fields"),
    [
        ("audit_logs", {"newValue": "hush", "oldValue": "hush"}),
        ("access_apps", {"scim_config": {"authentication": {"scheme": "httpbasic", "password": "hush"}}}),
        ("access_apps", {"saas_app": {"client_secret": "hush"}}),
        ("device_registrations", {"key": "hush"}),
        ("gateway_rules", {"rule_settings": {"add_headers": {"X-Key": ["hush"]}}}),
    ],
)
def test_what_opens_something_never_lands(table: str, fields: dict[str, Any], tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "cloudflare", counts={"accounts": 1}) as tenant:
        pull(tenant, "accounts")
        [place] = [(row["record_id"],) for row in tenant.rows("accounts")]
        tenant.vendor.rows.of(tenant.vendor.contract.tables[table], place)
        tenant.vendor.change(table, 0, place, **fields)
        pull(tenant, table)
        landed = "".join(row["payload"] for row in tenant.rows(table))
        assert "hush" not in landed and '"***"' in landed
