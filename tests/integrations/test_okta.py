"""What is special about Okta: people that a plain list leaves out, types asked for in turn, a log that never ends."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from avesa.connector.paging import Page
from avesa.connector.request import Request, Response
from avesa.connector.retry import classify
from avesa.integrations.okta import SERVICE
from avesa.sandbox.vendor.contract import Contract
from strict_tenant import check, strict_tenant

LIST = Request("GET", "https://acme.okta.com/api/v1/list")


def test_a_service_app_signs_for_itself(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "okta", page=0) as tenant:
        held = tenant.vendor.credentials.values
        tenant.ports.secrets.put("acme", "okta", {"client_id": held["client_id"], "private_key": held["private_key"]})
        assert tenant.pull("users").status == "ok"
        check(tenant, "users")
        tenant.vendor.credentials.expire_tokens()
        assert tenant.pull("devices").status == "ok"


def test_deactivated_people_are_asked_for_with_the_others(tmp_path: Path) -> None:
    """A list without a condition leaves them out."""
    with strict_tenant(tmp_path, "okta", page=0) as tenant:
        tenant.pull("users")
        assert {one["filter"] for one in tenant.asked("users")} == {'lastUpdated gt "1970-01-01T00:00:00.000Z"'}
        tenant.clock.now += timedelta(hours=1)
        tenant.vendor.change("users", 1, status="DEPROVISIONED")
        assert tenant.pull("users").kind == "changes"
        check(tenant, "users")
        [since] = {one["filter"] for one in tenant.asked("users")} - {'lastUpdated gt "1970-01-01T00:00:00.000Z"'}
        assert since.startswith('lastUpdated gt "2026-02-2') and since.endswith('.000Z"')


@pytest.mark.parametrize(("table", "size"), [("users", "200"), ("groups", "1000"), ("app_users", "500")])
def test_the_next_page_is_the_one_that_the_link_header_names(table: str, size: str) -> None:
    paging = SERVICE.paging_of(SERVICE.endpoint(table), listing=True)
    first = paging.first(LIST)
    assert first.param("limit") == size
    link = '<https://acme.okta.com/api/v1/list?limit=200>; rel="self", <https://acme.okta.com/x?after=00u>; rel="next"'
    following = paging.next(first, Page(Response(200, {"link": link}, b"[]", LIST.url), 200))
    assert following is not None and (following.url, following.param("after")) == (LIST.url, "00u")
    alone = '<https://acme.okta.com/api/v1/list?limit=200>; rel="self"'
    assert paging.next(following, Page(Response(200, {"link": alone}, b"[]", LIST.url), 200)) is None


def test_the_log_is_asked_for_with_both_ends_and_is_over_with_an_empty_page(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "okta", page=0) as tenant:
        assert (tenant.pull("system_log").kind, len(tenant.rows("system_log"))) == ("changes", 7)
        asked = tenant.asked("system_log")[0]
        since = datetime.strptime(asked["since"], "%Y-%m-%dT%H:%M:%S.000Z").replace(tzinfo=UTC)
        assert tenant.clock.now - since == timedelta(days=90)
        assert (asked["sortOrder"], asked["limit"], "until" in asked) == ("ASCENDING", "1000", True)
        tenant.clock.now += timedelta(days=2)
        tenant.pull("system_log", full=True)
        assert not any(row["is_deleted"] for row in tenant.rows("system_log"))
    paging = SERVICE.paging_of(SERVICE.endpoint("system_log"), listing=False)
    polling = {"link": '<https://acme.okta.com/api/v1/logs?after=1>; rel="next"'}
    assert paging.next(paging.first(LIST), Page(Response(200, polling, b"[]", LIST.url), 0)) is None


def test_policies_are_asked_for_type_by_type(tmp_path: Path) -> None:
    parameters = Contract("okta").facts["paths"]["/api/v1/policies"]["get"]["parameters"]
    [types] = [one["enum"] for one in parameters if one["name"] == "type"]
    with strict_tenant(tmp_path, "okta", page=0) as tenant:
        tenant.vendor.contract.rules["errors"]["codes"]["400"] = "E0000001"
        tenant.pull("policies")
        check(tenant, "policies")
        assert sorted(one["type"] for one in tenant.asked("policies")) == sorted(types)


def test_a_type_of_policy_that_an_org_does_not_have_is_no_end_of_the_others(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "okta", page=0) as tenant:
        body = tenant.vendor.contract.rules["errors"]["body"]
        tenant.vendor.contract.rules["errors"]["body"] = {**body, "errorSummary": "Api validation failed: type"}
        tenant.vendor.fail("status", 400, table="policies")
        assert tenant.pull("policies").status == "ok"
        check(tenant, "policies")


@pytest.mark.parametrize(
    ("status", "code", "means"),
    [(429, "E0000047", "limit"), (401, "E0000011", "service"), (403, "E0000006", "table"), (400, "E0000031", "table")],
)
def test_an_answer_means_what_its_code_says(status: int, code: str, means: str) -> None:
    body = json.dumps({"errorCode": code, "errorSummary": "said", "errorCauses": []}).encode()
    assert classify(Response(status, {}, body, LIST.url), SERVICE.errors).means == means


def test_applications_that_are_inactive_are_asked_for_too(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "okta", page=0) as tenant:
        tenant.pull("apps")
        assert {one["includeNonDeleted"] for one in tenant.asked("apps")} == {"true"}


@pytest.mark.parametrize(
    ("table", "fields"),
    [
        ("users", {"credentials": {"recovery_question": {"question": "pet", "answer": "hush"}}}),
        ("apps", {"credentials": {"oauthClient": {"client_id": "a", "client_secret": "hush"}}}),
        ("identity_providers", {"protocol": {"credentials": {"client": {"client_secret": "hush"}}}}),
        ("event_hooks", {"channel": {"config": {"authScheme": {"key": "Authorization", "value": "hush"}}}}),
        ("authenticators", {"provider": {"configuration": {"secretKey": "hush"}}}),
    ],
)
def test_what_is_secret_never_lands(table: str, fields: dict[str, Any], tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "okta", page=0) as tenant:
        tenant.vendor.rows.of(tenant.vendor.contract.tables[table])
        tenant.vendor.change(table, 0, **fields)
        tenant.pull(table)
        landed = "".join(row["payload"] for row in tenant.rows(table))
        assert "hush" not in landed and '"***"' in landed


def test_one_person_of_two_applications_is_two_assignments(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "okta", page=0) as tenant:
        for table in ("apps", "app_users"):
            tenant.pull(table)
        apps = {row["record_id"] for row in tenant.rows("apps")}
        rows = tenant.rows("app_users")
        assert {row["parent_id"] for row in rows} == apps
        assert all(json.loads(row["record_id"])[0] == row["parent_id"] for row in rows)
