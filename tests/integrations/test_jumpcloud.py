"""What is special about JumpCloud: two APIs and a host for events, totals in headers, logs that age out, secrets."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from avesa.connector.auth import HeaderKey
from avesa.connector.connection import connection
from avesa.connector.oauth2 import ClientCredentials
from avesa.connector.paging import Page
from avesa.connector.request import Request, Response
from avesa.integrations.jumpcloud import SERVICE
from avesa.shared.errors import TableFailed, Where
from strict_tenant import check, strict_tenant

LIST = Request("GET", "https://console.jumpcloud.com/api/list")
EVENTS = Request("POST", "https://api.jumpcloud.com/insights/directory/v1/events", body='{"service":["all"]}')


def page(records: int, body: Any = None, **headers: str) -> Page:
    return Page(Response(200, headers, json.dumps(body or {}).encode(), LIST.url), records)


def linked(secrets: dict[str, str], **settings: str) -> Any:
    return connection(SERVICE, settings, secrets, where=Where("acme", "jumpcloud"))


def test_an_account_has_an_administrators_key_or_a_service_account() -> None:
    assert isinstance(linked({"api_key": "k"}).auth, HeaderKey)
    assert isinstance(linked({"client_id": "i", "client_secret": "s"}).auth, ClientCredentials)


def test_a_region_has_hosts_of_its_own() -> None:
    assert linked({"api_key": "k"}).base_url == "https://console.jumpcloud.com"
    assert linked({"api_key": "k"}, domain="eu.jumpcloud.com").base_url == "https://console.eu.jumpcloud.com"
    assert SERVICE.endpoint("directory_events").base_url == "https://api.{domain}"


def test_a_service_account_gets_in(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "jumpcloud", page=0) as tenant:
        tenant.ports.secrets.put("acme", "jumpcloud", {"client_id": "jc-client", "client_secret": "jc-secret"})
        assert tenant.pull("users").status == "ok"


@pytest.mark.parametrize(
    ("table", "told", "goes_on"),
    [
        ("users", page(100, {"totalCount": 150}), True),
        ("users", page(50, {"totalCount": 50}), False),
        ("policies", page(100, **{"x-total-count": "101"}), True),
        ("policies", page(100, **{"x-total-count": "100"}), False),
        ("policies", page(100), True),  # where no total is told, a page that is full has another behind it
        ("policies", page(99), False),
    ],
)
def test_a_list_ends_by_its_total_or_with_a_page_that_is_not_full(table: str, told: Page, goes_on: bool) -> None:
    paging = SERVICE.paging_of(SERVICE.endpoint(table), listing=True)
    following = paging.next(paging.first(LIST), told)
    assert (following is not None) is goes_on
    assert following is None or following.param("skip") == "100"


def test_a_list_that_is_shorter_than_its_header_says_is_not_taken_for_whole(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "jumpcloud", page=0) as tenant:
        tenant.pull("policies")
        told = tenant.vendor.answer

        def nine(asked: Any) -> Any:
            answer = told(asked)
            answer.headers["x-total-count"] = "9"
            return answer

        tenant.vendor.answer = nine  # type: ignore[method-assign]
        with pytest.raises(TableFailed, match="9 records"):
            tenant.pull("policies", full=True)


def test_the_next_events_are_asked_for_by_the_list_that_a_header_holds() -> None:
    endpoint = SERVICE.endpoint("directory_events")
    paging = SERVICE.paging_of(endpoint, listing=False)
    first = paging.first(EVENTS)
    assert first.value("body", "limit") == 10_000
    told = '[1576181718000,"DZrPyW8BNsa9iKWoOm7h"]'
    following = paging.next(first, page(1000, **{"x-search_after": told, "x-limit": "1000", "x-result-count": "1000"}))
    assert following is not None
    assert following.value("body", "search_after") == [1576181718000, "DZrPyW8BNsa9iKWoOm7h"]
    assert following.value("body", "service") == ["all"]
    assert (
        paging.next(following, page(999, **{"x-search_after": told, "x-limit": "1000", "x-result-count": "999"}))
        is None
    )


def test_events_are_read_as_far_back_as_they_are_kept_and_never_listed(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "jumpcloud", cursor_pages=3) as tenant:
        assert tenant.pull("directory_events").kind == "changes"
        check(tenant, "directory_events")
        tenant.clock.now += timedelta(days=2)
        added = tenant.vendor.add("directory_events")
        tenant.clock.now += timedelta(minutes=1)
        assert tenant.pull("directory_events", full=True).kind == "changes"
        assert added["id"] in {row["record_id"] for row in tenant.rows("directory_events")}
        assert not any(row["is_deleted"] for row in tenant.rows("directory_events"))


def test_results_of_commands_are_read_from_the_newest_and_those_that_age_out_are_not_gone(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "jumpcloud", page=0) as tenant:
        tenant.pull("command_results")
        assert {one["sort"] for one in tenant.asked("command_results")} == {"-requestTime"}
        tenant.vendor.delete("command_results", 0)
        tenant.clock.now += timedelta(days=2)
        tenant.vendor.add("command_results")
        tenant.pull("command_results")
        assert len({row["record_id"] for row in tenant.rows("command_results")}) == 8
        assert not any(row["is_deleted"] for row in tenant.rows("command_results"))


def test_an_organization_is_named_where_the_key_is_a_providers() -> None:
    assert SERVICE.headers == (("x-org-id", "{org_id}"),)


def test_organizations_of_a_provider_are_asked_for_where_there_is_one(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "jumpcloud", page=0, settings={"provider_id": ""}) as tenant:
        assert tenant.pull("provider_organizations").pages == 0
    with strict_tenant(tmp_path / "provider", "jumpcloud", page=0) as tenant:
        tenant.pull("provider_organizations")
        check(tenant, "provider_organizations")
        assert len(tenant.rows("provider_organizations")) == 7


def test_policy_results_are_asked_for_by_their_end(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "jumpcloud", page=0) as tenant:
        tenant.pull("policy_results")
        tenant.clock.now += timedelta(hours=1)
        tenant.vendor.change("policy_results", 2)
        assert tenant.pull("policy_results").kind == "changes"
        check(tenant, "policy_results")
        assert tenant.asked("policy_results")[-1]["filter"].startswith("endedAt:ge:2026-")


@pytest.mark.parametrize(
    ("table", "fields"),
    [
        ("applications", {"config": {"idpPrivateKey": {"value": "hush"}}}),
        ("commands", {"command": "net user admin hush"}),
        ("command_results", {"command": "x hush", "response": {"data": {"output": "hush"}}}),
    ],
)
def test_what_may_be_a_secret_never_lands(table: str, fields: dict[str, Any], tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "jumpcloud", page=0) as tenant:
        tenant.vendor.rows.of(tenant.vendor.contract.tables[table])
        tenant.vendor.change(table, 0, **fields)
        tenant.pull(table)
        landed = "".join(row["payload"] for row in tenant.rows(table))
        assert "hush" not in landed and '"***"' in landed


def test_when_somebody_was_made_or_a_system_called_is_no_change() -> None:
    for table in ("users", "systems"):
        endpoint = SERVICE.endpoint(table)
        assert (SERVICE.changes_of(endpoint), SERVICE.updated_at_of(endpoint)) == (None, None)
