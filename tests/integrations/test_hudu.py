"""What is special about Hudu: lists bare and in objects, ranges with both ends, archived rows, secrets in assets."""

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
from avesa.integrations.hudu import SERVICE
from strict_tenant import Tenant, check, strict_tenant

LIST = Request("GET", "https://acme.huducloud.com/api/v1/list")


def hush(tenant: Tenant, table: str, **fields: Any) -> str:
    """What lands of the table's records once one of them holds these fields."""
    tenant.vendor.rows.of(tenant.vendor.contract.tables[table])
    tenant.vendor.change(table, 0, **fields)
    tenant.pull(table)
    return "".join(row["payload"] for row in tenant.rows(table))


@pytest.mark.parametrize("table", ["users", "groups", "companies", "websites", "networks", "activity_logs"])
def test_a_list_is_found_bare_and_in_an_object_under_its_name(table: str) -> None:
    reading = reading_of(SERVICE, SERVICE.endpoint(table))
    for body in ([{"id": 7}], {table: [{"id": 7}]}):
        [record] = read_page(json.dumps(body).encode(), reading, page=1, parent_id=None)
        assert record.record_id == "7"


@pytest.mark.parametrize(
    ("table", "size"), [("companies", "250"), ("articles", "100"), ("asset_layouts", None), ("activity_logs", "250")]
)
def test_a_list_goes_on_until_a_page_is_empty(table: str, size: str | None) -> None:
    """A version that gives fewer rows than it is asked for says nothing of it."""
    paging = SERVICE.paging_of(SERVICE.endpoint(table), listing=True)
    first = paging.first(LIST)
    assert (first.param("page"), first.param("page_size")) == ("1", size)
    answer = Response(200, {}, b"[]", LIST.url)
    following = paging.next(first, Page(answer, 25))
    assert following is not None and following.param("page") == "2"
    assert paging.next(following, Page(answer, 0)) is None


@pytest.mark.parametrize("table", ["networks", "ip_addresses", "procedure_tasks"])
def test_a_list_that_comes_whole_is_not_paged(table: str, tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "hudu") as tenant:
        tenant.pull(table)
        check(tenant, table)
        assert not any("page" in one for one in tenant.asked(table))


def test_changes_are_asked_for_with_both_ends(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "hudu", page=0) as tenant:
        for table in ("companies", "procedures"):
            tenant.pull(table)
        tenant.clock.now += timedelta(hours=3)
        for table, shape in (("companies", 20), ("procedures", 10)):
            tenant.vendor.change(table, 2)
            assert tenant.pull(table).kind == "changes"
            check(tenant, table)
            [since, until] = tenant.asked(table)[-1]["updated_at"].split(",")
            assert len(since) == len(until) == shape and since < until


@pytest.mark.parametrize("table", ["assets", "users", "expirations", "networks"])
def test_archived_rows_are_asked_for_and_are_gone(table: str, tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "hudu", page=0) as tenant:
        tenant.pull(table)
        tenant.clock.now += timedelta(days=2)
        gone = str(tenant.vendor.delete(table, 3)["id"])
        tenant.pull(table)
        assert {one["archived"] for one in tenant.asked(table)} == {"false", "true"}
        assert [row["record_id"] for row in tenant.rows(table) if row["is_deleted"]] == [gone]


def test_a_layout_that_is_not_active_is_gone(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "hudu", page=0) as tenant:
        tenant.pull("asset_layouts")
        tenant.clock.now += timedelta(hours=1)
        gone = str(tenant.vendor.delete("asset_layouts", 1)["id"])
        tenant.pull("asset_layouts")
        assert [row["record_id"] for row in tenant.rows("asset_layouts") if row["is_deleted"]] == [gone]


@pytest.mark.parametrize(
    ("table", "fields"),
    [
        ("asset_passwords", {"password": "hush", "otp_secret": "hush", "description": "was hush"}),
        ("assets", {"fields": [{"id": 1, "label": "Root password", "value": "hush"}]}),
        ("articles", {"share_url": "https://acme.huducloud.com/shared/hush"}),
        ("procedures", {"share_url": "https://acme.huducloud.com/shared/hush"}),
        ("websites", {"headers": {"Authorization": "hush"}}),
        ("networks", {"settings": {"community": "hush"}}),
        ("activity_logs", {"token": "hush"}),
    ],
)
def test_what_is_secret_never_lands(table: str, fields: dict[str, Any], tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "hudu", page=0) as tenant:
        landed = hush(tenant, table, **fields)
        assert "hush" not in landed and '"***"' in landed


def test_an_address_without_a_network_has_a_key_all_the_same() -> None:
    reading = reading_of(SERVICE, SERVICE.endpoint("ip_addresses"))
    rows = [{"address": "10.0.0.1", "network_id": 3}, {"address": "10.0.0.1", "network_id": None}]
    records = read_page(json.dumps(rows).encode(), reading, page=1, parent_id=None)
    assert [json.loads(record.record_id or "") for record in records] == [["10.0.0.1", "3"], ["10.0.0.1", ""]]


def test_the_log_is_never_listed(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "hudu", page=0) as tenant:
        assert tenant.pull("activity_logs").kind == "changes"
        assert tenant.asked("activity_logs")[0]["start_date"] == "2025-12-01T12:00:00Z"
        assert len(tenant.rows("activity_logs")) == 7
        tenant.clock.now += timedelta(days=2)
        assert tenant.pull("activity_logs", full=True).kind == "changes"
        assert not any(row["is_deleted"] for row in tenant.rows("activity_logs"))
