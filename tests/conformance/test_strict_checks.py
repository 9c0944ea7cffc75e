"""Every way in which a request can miss what the vendor's page allows is refused, with a sentence that names it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from avesa.sandbox.vendor.server import strict_vendor
from conformance.every_walk import WALKS
from conformance.walks import NOW, Ask, send
from conformance.walks_business import hubspot_search


@pytest.fixture(scope="module")
def client() -> Iterator[httpx2.Client]:
    with httpx2.Client(timeout=20) as client:
        yield client


def body(**changes: Any) -> dict[str, Any]:
    return {**hubspot_search(NOW), **changes}


def search(**changes: Any) -> Ask:
    return Ask("/crm/v3/objects/companies/search", (), "POST", body(**changes))


XERO = "/api.xro/2.0/Invoices"
WRONG = [
    ("connectwise", Ask("/service/tickets", (("pagesize", "3"),)), "pagesize is no query parameter"),
    ("connectwise", Ask("/service/tickets", (("page", "one"),)), "which is no integer"),
    ("connectwise", Ask("/service/tickets", (("page", "0"),)), "page is below 1"),
    ("connectwise", Ask("/service/tickets", (("page", "1"), ("page", "2"))), "page is sent more than once"),
    ("connectwise", Ask("/service/tickets", headers=(("pagination-type", "backward"),)), "not one of forward-only"),
    ("connectwise", Ask("/service/tickets", (("orderBy", "nonsense asc"),)), "nonsense is no field of tickets"),
    (
        "connectwise",
        Ask("/service/tickets", (("orderBy", "id asc"),), headers=(("pagination-type", "forward-only"),)),
        "orderBy does not go with this paging",
    ),
    ("connectwise", Ask("/service/tickets/1/notes/", ()), "is no operation of the vendor"),
    ("connectwise", Ask("/service/tickets/x/notes", ()), "which is no integer"),
    ("xero", Ask(XERO, headers=(("Accept", "*/*"),)), "header Accept must be application/json"),
    (
        "xero",
        Ask(XERO, headers=(("xero-tenant-id", "0b6c1a52-7f3e-4a71-9f0a-1f2e3d4c5b6a"),)),
        "xero-tenant-id must be",
    ),
    ("xero", Ask(XERO, headers=(("If-Modified-Since", "yesterday"),)), "is not a time in the form iso_any"),
    ("xero", Ask("/api.xro/2.0/Quotes", (("DateFrom", "01/03/2026"),)), "which is no date"),
    ("hubspot", search(limit=201), "limit in the body is above 200"),
    ("hubspot", search(pageSize=3), "the body has no field pageSize"),
    ("hubspot", search(filterGroups="all"), "the body.filterGroups is a text"),
    ("hubspot", replace(search(), method="GET"), "is no operation of the vendor"),
    ("hubspot", replace(search(), body=[1]), "the body is no JSON object"),
    ("hubspot", Ask("/crm/v3/objects/companies", (), "GET", {"limit": 3}), "takes no body"),
    ("crowdstrike", Ask("/spotlight/combined/vulnerabilities/v1"), "the query parameter filter is required"),
    ("crowdstrike", Ask("/devices/combined/devices/v1", (("sort", "hostname_asc"),)), "sort is 'hostname_asc'"),
    ("google_workspace", Ask("/admin/directory/v1/groups"), "one of customer, domain, userKey is required"),
    ("google_workspace", Ask("/admin/directory/v1/customer/C99/orgunits"), "customerId in the path is C99"),
    ("quickbooks", Ask("/v3/company/1/query", (("query", "select * from Bill"),)), "realmId in the path is 1"),
    (
        "quickbooks",
        Ask("/v3/company/4620816365/query", (("query", "select * from Bills"),)),
        "there is no entity Bills",
    ),
    ("salesforce", Ask("/services/data/62/queryAll", (("q", "SELECT Id FROM Account"),)), "version in the path is 62"),
    (
        "salesforce",
        Ask("/services/data/v62.0/queryAll", (("q", "SELECT Id FROM Account WHERE Colour = 'red'"),)),
        "Colour is no field of accounts",
    ),
    (
        "salesforce",
        Ask("/services/data/v62.0/queryAll", (("q", "SELECT Id, Colour FROM Account"),)),
        "Colour is no field of accounts",
    ),
]


@pytest.mark.parametrize(("service", "ask", "says"), WRONG, ids=[f"{s}: {says}" for s, _, says in WRONG])
def test_it_is_refused_and_named(service: str, ask: Ask, says: str, client: httpx2.Client) -> None:
    with strict_vendor(service, clock=lambda: NOW) as serving:
        enter = WALKS[service].enter(serving, client)
        own = {name.lower() for name, _ in ask.headers}

        def sign(method: str, url: str) -> dict[str, str]:
            return {name: value for name, value in enter(method, url).items() if name.lower() not in own}

        answer = send(serving, client, ask, sign)
        assert not answer.is_success, answer.text
        [violation] = serving.vendor.violations
        assert says in violation
        assert violation.endswith(".")


def test_a_page_that_is_asked_for_with_other_parameters_is_refused(client: httpx2.Client) -> None:
    with strict_vendor("google_workspace", clock=lambda: NOW) as serving:
        walk = WALKS["google_workspace"]
        sign = walk.enter(serving, client)
        following = walk.follow(walk.first, send(serving, client, walk.first, sign))
        assert following is not None
        assert send(serving, client, following, sign).is_success
        other = following.having(("maxResults", "4"))
        assert send(serving, client, other, sign).status_code == 400
        assert "not those of the first page" in serving.vendor.violations[0]


def test_a_vendor_that_is_told_to_fail_does_so_once_in_its_own_way(client: httpx2.Client) -> None:
    for service, status, name in (("servicenow", 429, "Retry-After"), ("stripe", 429, "Stripe-Should-Retry")):
        with strict_vendor(service, clock=lambda: NOW) as serving:
            walk = WALKS[service]
            sign = walk.enter(serving, client)
            serving.vendor.fail("status", 429)
            answer = send(serving, client, walk.first, sign)
            assert answer.status_code == status and name in answer.headers
            assert send(serving, client, walk.first, sign).is_success
            assert serving.vendor.violations == []


def test_a_fault_may_wait_for_its_table_and_for_its_turn(client: httpx2.Client) -> None:
    with strict_vendor("stripe", clock=lambda: NOW) as serving:
        sign = WALKS["stripe"].enter(serving, client)
        serving.vendor.fail("malformed", table="customers", after=1)
        statuses = []
        for path in ("/v1/products", "/v1/customers", "/v1/customers", "/v1/customers"):
            try:
                send(serving, client, Ask(path), sign).json()
                statuses.append("whole")
            except ValueError:
                statuses.append("broken")
        assert statuses == ["whole", "whole", "broken", "whole"]


def test_a_body_that_is_cut_off_ends_with_the_connection(client: httpx2.Client) -> None:
    with strict_vendor("stripe", clock=lambda: NOW) as serving:
        sign = WALKS["stripe"].enter(serving, client)
        serving.vendor.fail("truncated")
        with pytest.raises(httpx2.RemoteProtocolError):
            send(serving, client, WALKS["stripe"].first, sign)
