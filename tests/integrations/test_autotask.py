"""What is special about Autotask: the zone of a tenant, queries in a body, pages by id, faults that are bad queries."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from avesa.connector.address import Address
from avesa.connector.credentials import Credentials
from avesa.connector.request import Request, Response
from avesa.connector.retry import classify
from avesa.connector.tokens import Token, TokenNeeded, is_good
from avesa.integrations.autotask import SERVICE
from avesa.integrations.autotask.zone import ZonedHeaders
from avesa.sandbox.vendor.contract import Contract
from avesa.sandbox.vendor.messages import Answer, Asked
from avesa.shared.errors import ServiceFailed, Unavailable
from strict_tenant import Tenant, check, strict_tenant

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LISTS = Contract("autotask").tables
TABLES = [endpoint.name for endpoint in SERVICE.endpoints]
SECRETS = {"user_name": "api@acme.example", "secret": "s3cret", "api_integration_code": "CODE"}
TICKETS = Request("POST", "https://webservices.autotask.net/ATServicesRest/V1.0/Tickets/query", body="{}")


@pytest.fixture
def tenant(tmp_path: Path) -> Iterator[Tenant]:
    with strict_tenant(tmp_path, "autotask") as tenant:
        yield tenant


# The zone


def credentials(zone: str = "webservices", own: bool = False) -> Credentials:
    vendor = f"https://{zone}.autotask.net/ATServicesRest"
    address = Address("https://proxy.example", vendor) if own else Address(vendor)
    return Credentials({**SECRETS, "zone": zone}, frozenset(SECRETS), NOON, address)


def scheme() -> ZonedHeaders:
    assert isinstance(SERVICE.auth, ZonedHeaders)
    return SERVICE.auth


def told(url: Any, status: int = 200) -> Response:
    body = {"zoneName": "London", "url": url, "webUrl": "https://ww16.autotask.net/", "ci": 1}
    return Response(status, {}, json.dumps(body).encode(), "https://webservices.autotask.net")


def zone_of(answer: Response) -> Token:
    renewal = scheme().renew(credentials())
    asked = next(renewal)
    assert (asked.method, asked.params, asked.headers) == ("GET", (("user", "api@acme.example"),), ())
    assert asked.url == "https://webservices.autotask.net/ATServicesRest/V1.0/zoneInformation"
    try:
        renewal.send(answer)
    except StopIteration as done:
        token: Token = done.value.token
        return token
    raise AssertionError("it asks again")


def test_the_zone_is_looked_up_without_credentials_and_then_kept_for_a_day() -> None:
    token = zone_of(told("https://webservices16.autotask.net/ATServicesRest/"))
    assert token.host == "https://webservices16.autotask.net"
    assert is_good(token, None, NOON + timedelta(hours=23)) and not is_good(token, None, NOON + timedelta(hours=25))
    flow = scheme().flow(TICKETS, credentials())
    assert isinstance(next(flow), TokenNeeded)
    sent = flow.send(token)
    assert isinstance(sent, Request)
    assert sent.url == "https://webservices16.autotask.net/ATServicesRest/V1.0/Tickets/query"
    assert dict(sent.headers) == {"ApiIntegrationCode": "CODE", "UserName": "api@acme.example", "Secret": "s3cret"}


@pytest.mark.parametrize(
    "url",
    [
        "https://autotask.net.evil.example/ATServicesRest/",
        "http://webservices16.autotask.net/ATServicesRest/",
        "https://user@webservices16.autotask.net/",
        "https://evilautotask.net/",
        None,
        16,
    ],
)
def test_credentials_go_to_no_zone_that_is_not_the_vendors(url: Any) -> None:
    with pytest.raises(Unavailable, match="which zone"):
        zone_of(told(url))


def test_a_user_whom_the_vendor_does_not_know_has_no_zone() -> None:
    with pytest.raises(ServiceFailed):
        zone_of(told("", status=404))


@pytest.mark.parametrize(("zone", "own"), [("webservices5", False), ("webservices", True)])
def test_a_zone_that_is_set_or_a_proxy_is_asked_at_once(zone: str, own: bool) -> None:
    request = Request("POST", "https://there.example/V1.0/Tickets/query")
    flow = scheme().flow(request, credentials(zone, own))
    sent = next(flow)
    assert isinstance(sent, Request) and sent.url == request.url
    with pytest.raises(StopIteration):
        flow.send(Response(401, {}, b"", request.url))


@pytest.mark.parametrize(("now_in", "asked_again"), [("webservices18", True), ("webservices16", False)])
def test_a_401_is_asked_again_only_if_the_database_has_moved(now_in: str, asked_again: bool) -> None:
    flow = scheme().flow(TICKETS, credentials())
    next(flow)
    old = zone_of(told("https://webservices16.autotask.net/ATServicesRest/"))
    flow.send(old)
    needed = flow.send(Response(401, {}, b"", TICKETS.url))
    assert isinstance(needed, TokenNeeded) and needed.refused == old
    new = zone_of(told(f"https://{now_in}.autotask.net/ATServicesRest/"))
    if not asked_again:
        with pytest.raises(StopIteration):
            flow.send(new)
        return
    sent = flow.send(new)
    assert isinstance(sent, Request) and sent.url.startswith("https://webservices18.autotask.net/")


# Queries


def bodies(tenant: Tenant) -> list[dict[str, Any]]:
    """The bodies of all queries from now on, as they come."""
    seen: list[dict[str, Any]] = []
    answer = tenant.vendor.answer

    def noted(asked: Asked) -> Answer:
        seen.append(asked.json)
        return answer(asked)

    tenant.vendor.answer = noted  # type: ignore[method-assign]
    return seen


def test_a_listing_begins_with_the_providers_own_company_whose_id_is_0(tenant: Tenant) -> None:
    tenant.vendor.rows.of(LISTS["companies"])[0].record["id"] = 0
    asked = bodies(tenant)
    tenant.pull("companies")
    assert tenant.rows("companies")[0]["record_id"] == "0"
    check(tenant, "companies")
    assert [body["filter"][-1]["value"] for body in asked] == [-1, 1003, 1006]
    assert all(served.path.endswith("/query") for served in tenant.vendor.served)


def test_a_record_that_vanishes_while_it_is_listed_hides_no_other(tenant: Tenant) -> None:
    def vanish(table: str, page: int, rows: int) -> None:
        if page == 1:
            tenant.vendor.delete("tickets", 0)

    tenant.pull("tickets", progress=vanish)
    assert set(tenant.true("tickets")) < set(tenant.newest("tickets"))


@pytest.mark.parametrize("table", [name for name in TABLES if LISTS[name].cursor and name != "companies"])
def test_changes_are_asked_for_by_the_tables_own_field_and_paged_by_id(tenant: Tenant, table: str) -> None:
    tenant.pull(table)
    tenant.clock.now += timedelta(hours=1)
    for at in range(5):
        tenant.vendor.change(table, at)
    asked = bodies(tenant)
    assert tenant.pull(table).kind == "changes"
    assert {body["filter"][0]["field"] for body in asked} == {LISTS[table].cursor}
    assert {body["filter"][0]["op"] for body in asked} == {"gte"}
    assert len(asked) == 2 and [body["filter"][1]["value"] for body in asked] == [-1, 1003]
    check(tenant, table)


def test_a_company_that_was_edited_without_any_activity_is_a_change(tenant: Tenant) -> None:
    for row in tenant.vendor.rows.of(LISTS["companies"]):
        row.record["lastTrackedModifiedDateTime"] = "2020-01-01T00:00:00.000Z"
    tenant.pull("companies")
    tenant.clock.now += timedelta(hours=1)
    edited = tenant.vendor.rows.of(LISTS["companies"])[2].record
    edited |= {"companyName": "Renamed", "lastTrackedModifiedDateTime": "2026-03-01T12:30:00.000Z"}
    tenant.clock.now += timedelta(hours=1)
    assert tenant.pull("companies").kind == "changes"
    check(tenant, "companies")


def test_a_field_that_cannot_be_filtered_by_makes_the_table_listed(tenant: Tenant) -> None:
    tenant.pull("opportunities")
    answer = tenant.vendor.answer

    def refusing(asked: Asked) -> Answer:
        if b"lastActivity" in asked.body:
            raw = b'{"errors":["Unable to find lastActivity in the Opportunity Entity."]}'
            return Answer(500, raw=raw, headers={"Content-Type": "application/json"})
        return answer(asked)

    tenant.vendor.answer = refusing  # type: ignore[method-assign]
    tenant.clock.now += timedelta(hours=1)
    tenant.vendor.change("opportunities", 1)
    outcome = tenant.pull("opportunities")
    assert (outcome.status, outcome.kind, outcome.retries) == ("ok", "listing", 0)
    check(tenant, "opportunities")


@pytest.mark.parametrize(
    ("status", "text", "means"),
    [
        (429, "The thread threshold of 3 threads has been exceeded", "limit"),
        (500, "Itgenatr005: too many threads", "limit"),
        (500, "Unable to find projectID in the TimeEntry Entity.", "condition"),
        (500, "An error occurred", "retry"),
        (401, "", "service"),
        (404, "", "table"),
    ],
)
def test_what_a_refusal_means_is_in_its_text(status: int, text: str, means: str) -> None:
    body = json.dumps({"errors": [text] if text else []}).encode()
    assert classify(Response(status, {}, body, "https://v.example"), SERVICE.errors).means == means
