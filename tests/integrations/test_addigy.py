"""What is special about Addigy: lists by POST whose order must be said, null lists, facts, open alerts, scripts."""

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
from avesa.integrations.addigy import IN_BODY, SERVICE
from strict_tenant import Tenant, check, strict_tenant

LIST = Request("POST", "https://api.addigy.com/api/v2/list", body="{}")


def pull(tenant: Tenant, *tables: str) -> None:
    for table in tables:
        assert tenant.pull(table).status == "ok"


def test_every_query_says_its_page_and_its_order() -> None:
    for endpoint in SERVICE.endpoints:
        if endpoint.paging == IN_BODY:
            assert endpoint.body is not None
            asked = json.loads(endpoint.body.text)
            assert asked["sort_field"] and asked["sort_direction"] in ("asc", "desc")
            first = IN_BODY.first(Request("POST", "https://v.example/", body=endpoint.body.text))
            assert (first.value("body", "page"), first.value("body", "per_page")) == (1, 100)


@pytest.mark.parametrize(
    ("told", "rows", "goes_on"),
    [
        ({"page": 1, "page_count": 2}, 100, True),
        ({"page": 1, "page_count": 1}, 100, False),
        ({"page": 1}, 100, True),
        ({"page": 1}, 99, False),
    ],
)
def test_a_list_ends_with_the_pages_told_or_one_that_is_not_full(told: Any, rows: int, goes_on: bool) -> None:
    body = json.dumps({"items": [], "metadata": told}).encode()
    following = IN_BODY.next(IN_BODY.first(LIST), Page(Response(200, {}, body, LIST.url), rows))
    assert (following is not None) == goes_on


def test_a_list_of_nothing_is_null_or_no_answer_at_all(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "addigy", counts={"users": 0, "child_organizations": 0}) as tenant:
        pull(tenant, "users")
        assert tenant.rows("users") == [] and tenant.receipt("users").complete
        tenant.vendor.fail("status", 204, table="child_organizations")
        pull(tenant, "child_organizations")
        assert tenant.rows("child_organizations") == [] and tenant.receipt("child_organizations").complete


def test_policies_come_bare_or_in_an_object() -> None:
    reading = reading_of(SERVICE, SERVICE.endpoint("policies"))
    for body in ([{"policyId": "p1"}], {"items": [{"policyId": "p1"}]}):
        [record] = read_page(json.dumps(body).encode(), reading, page=1, parent_id=None)
        assert record.record_id == "p1"


@pytest.mark.parametrize(
    ("table", "record", "key"),
    [
        ("devices", {"agentid": "a1"}, "a1"),
        ("devices", {"agent_id": "a1"}, "a1"),
        ("alerts", {"_id": "x1"}, "x1"),
        ("static_field_values", {"agent_id": "a1", "static_field_id": "f1"}, '["a1","f1"]'),
    ],
)
def test_an_id_is_spelled_in_two_ways(table: str, record: dict[str, Any], key: str) -> None:
    reading = reading_of(SERVICE, SERVICE.endpoint(table))
    [found] = read_page(json.dumps({"items": [record]}).encode(), reading, page=1, parent_id=None)
    assert found.record_id == key


def test_open_alerts_are_read_each_time_and_all_of_them_once_a_day(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "addigy") as tenant:
        pull(tenant, "alerts")
        assert tenant.receipt("alerts").kind == "listing"
        tenant.clock.now += timedelta(hours=1)
        tenant.vendor.change("alerts", 1, status="Acknowledged", ack_date="2026-03-01T12:30:00Z")
        pull(tenant, "alerts")
        assert tenant.receipt("alerts").kind == "changes"
        check(tenant, "alerts")
        # One that was resolved is none of the open ones.
        tenant.vendor.change("alerts", 2, status="Resolved")
        before = len(tenant.rows("alerts"))
        pull(tenant, "alerts")
        assert "Resolved" not in {row["record"]["status"] for row in tenant.rows("alerts")[before:]}
        tenant.clock.now += timedelta(days=1)
        pull(tenant, "alerts")
        check(tenant, "alerts")


def test_alerts_are_listed_with_the_oldest_first(tmp_path: Path) -> None:
    """The direction is turned round for them alone: what comes meanwhile comes behind the last page."""
    with strict_tenant(tmp_path, "addigy") as tenant:
        pull(tenant, "alerts")
        made = [row["record"]["created_date"] for row in tenant.rows("alerts")]
        assert made == sorted(made) and len(set(made)) == len(made)


def test_the_organizations_below_are_read_with_one_key_unless_the_tenant_says_otherwise(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "addigy") as tenant:
        pull(tenant, "variables", "policies")
        assert {one["multitenancy"] for table in ("variables", "policies") for one in tenant.asked(table)} == {"true"}
    with strict_tenant(tmp_path / "alone", "addigy", settings={"multitenancy": "false"}) as tenant:
        pull(tenant, "variables")
        assert {one["multitenancy"] for one in tenant.asked("variables")} == {"false"}


def test_an_id_that_is_not_there_is_no_outage() -> None:
    gone = Response(500, {}, b'{"message": "policy not found"}', LIST.url)
    assert classify(gone, SERVICE.errors).means == "table"
    assert classify(Response(500, {}, b'{"message": "boom"}', LIST.url), SERVICE.errors).means == "retry"


@pytest.mark.parametrize(
    ("table", "fields"),
    [
        ("variables", {"default_value": "hush"}),
        ("mdm_certificates", {"data": [104, 117, 115, 104]}),
        ("smart_software", {"installation_script": "hush", "remove_script": "hush"}),
        ("custom_facts", {"source": "hush"}),
        ("policies", {"download_path": "/hush"}),
        ("billing_invoices", {"invoice_link": "https://billing.invalid/hush"}),
    ],
)
def test_what_opens_something_never_lands(table: str, fields: dict[str, Any], tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "addigy") as tenant:
        tenant.vendor.rows.of(tenant.vendor.contract.tables[table])
        tenant.vendor.change(table, 0, **fields)
        pull(tenant, table)
        landed = "".join(row["payload"] for row in tenant.rows(table))
        assert "hush" not in landed and "104" not in landed and '"***"' in landed
