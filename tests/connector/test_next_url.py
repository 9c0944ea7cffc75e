from __future__ import annotations

from typing import Any

import pytest

from avesa.connector.paging import End, Link, NextUrl, Page
from avesa.connector.request import Request
from avesa.shared.errors import TableFailed
from paged_vendors import LIST, QUERY, answered

GRAPH = NextUrl(at=("@odata.nextLink",), size="$top", most=999)
SALESFORCE = NextUrl(at="nextRecordsUrl", path="/services/data/", end=End(last="done", short=False, empty=False))
AUTOTASK = NextUrl(at="pageDetails.nextPageUrl", path="/V1.0/", size="MaxRecords", most=500, into="body")
SHOPIFY = NextUrl(at=Link(), take=("page_info",), size="limit", most=250)

QUERY_ALL = Request("GET", "https://acme.my.salesforce.com/services/data/v60.0/queryAll", (("q", "SELECT Id"),))
TICKETS = Request("POST", "https://ws5.example/atservicesrest/V1.0/Tickets/query", body='{"filter":[]}')


def follow(paging: NextUrl, told: Any, request: Request = LIST, records: int = 1) -> Request | None:
    return paging.next(paging.first(request), Page(answered(told), records))


def test_the_whole_query_of_the_address_takes_the_place_of_our_own() -> None:
    following = follow(GRAPH, {"@odata.nextLink": "https://graph.example/v1.0/users?$top=999&$skiptoken=m~A%2Bb"})
    assert following is not None
    assert (following.url, following.params) == (LIST.url, (("$top", "999"), ("$skiptoken", "m~A+b")))


@pytest.mark.parametrize("told", [{}, {"@odata.nextLink": None}, {"@odata.nextLink": ""}])
def test_no_address_is_the_end(told: Any) -> None:
    assert follow(GRAPH, told, records=999) is None


def test_an_empty_page_with_an_address_is_not_the_end() -> None:
    assert follow(GRAPH, {"@odata.nextLink": "https://graph.example/v1.0/users?$skiptoken=x"}, records=0) is not None


def test_a_relative_address_is_followed_without_any_of_our_parameters() -> None:
    following = follow(
        SALESFORCE, {"done": False, "nextRecordsUrl": "/services/data/v60.0/query/01gD0-2000"}, QUERY_ALL
    )
    assert following is not None
    assert following.url == "https://acme.my.salesforce.com/services/data/v60.0/query/01gD0-2000"
    assert following.params == ()


def test_a_flag_ends_the_list_and_a_promise_without_an_address_fails() -> None:
    assert follow(SALESFORCE, {"done": True, "nextRecordsUrl": "/services/data/v60.0/query/x"}, QUERY_ALL) is None
    with pytest.raises(TableFailed, match="names none"):
        follow(SALESFORCE, {"done": False}, QUERY_ALL)


def test_a_query_by_post_goes_on_by_post_with_the_same_body() -> None:
    told = {"pageDetails": {"nextPageUrl": "https://ws5.example/atservicesrest/V1.0/Tickets/query/next?paging=%7B1%7D"}}
    following = follow(AUTOTASK, told, TICKETS)
    assert following is not None
    assert (following.method, following.body) == ("POST", '{"filter":[],"MaxRecords":500}')
    assert following.url == "https://ws5.example/atservicesrest/V1.0/Tickets/query/next"
    assert following.params == (("paging", "{1}"),)


def test_another_base_path_than_the_vendors_is_kept() -> None:
    """A tenant's own base_url: a proxy or a test server."""
    proxied = Request("POST", "http://127.0.0.1:8080/proxy/V1.0/Tickets/query", body="{}")
    told = {"pageDetails": {"nextPageUrl": "https://ws5.example/atservicesrest/V1.0/Tickets/query/next?paging=1"}}
    following = follow(AUTOTASK, told, proxied)
    assert following is not None and following.url == "http://127.0.0.1:8080/proxy/V1.0/Tickets/query/next"


def test_only_the_declared_parameters_are_taken_where_some_are_declared() -> None:
    header = '<https://evil.example/steal?page_info=abc&limit=1&admin=1>; rel="next"'
    following = SHOPIFY.next(SHOPIFY.first(LIST), Page(answered({}, link=header), 250))
    assert following is not None
    assert following.url == LIST.url
    assert following.params == (("filter", "all"), ("limit", "250"), ("page_info", "abc"))


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/services/data/v60.0/query/x",
        "http://169.254.169.254/services/data/v60.0/query/x",
        "//evil.example/services/data/v60.0/query/x",
        "https://user:pass@evil.example/services/data/v60.0/query/x",
    ],
)
def test_scheme_and_host_stay_ours_whatever_the_address_says(address: str) -> None:
    following = follow(SALESFORCE, {"nextRecordsUrl": address}, QUERY_ALL)
    assert following is not None
    assert following.url == "https://acme.my.salesforce.com/services/data/v60.0/query/x"


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)/services/data/",
        "file:///services/data/x",
        "/services/data/../../admin",
        "/services/data/%2e%2E/admin",
        "/services/data/..%2f..%2fadmin",
        "/services/data/..%5cadmin",
        "/services/data//evil.example/x",
        "/services/data/v60.0/query/x\r\nHost: evil",
        "/services/data/\u202eevil",
        "/elsewhere/x",
        "/services/database/x",
        "https://services/data",
        "services/data/x",
        "http://[::1/services/data/x",
        "/services/data/" + "x" * 40_000,
        17,
        ["/services/data/x"],
        {"url": "/services/data/x"},
        True,
    ],
)
def test_an_address_that_is_none_of_this_service_fails_and_is_not_quoted(address: Any) -> None:
    with pytest.raises(TableFailed) as caught:
        follow(SALESFORCE, {"nextRecordsUrl": address}, QUERY_ALL)
    assert "evil" not in str(caught.value) and "xxx" not in str(caught.value)


def test_an_address_without_the_declared_parameters_fails() -> None:
    header = '<https://v.example/x?page=2>; rel="next"'
    with pytest.raises(TableFailed, match="without its page_info"):
        SHOPIFY.next(SHOPIFY.first(LIST), Page(answered({}, link=header), 250))


def test_the_address_of_the_very_page_fails() -> None:
    with pytest.raises(TableFailed, match="never end"):
        NextUrl(at="next").next(LIST, Page(answered({"next": "https://v.example/api/list?filter=all"}), 1))


def test_a_key_that_the_vendor_repeats_in_the_address_is_left_out() -> None:
    paging = NextUrl(at="next", never=("api_token",))
    following = follow(paging, {"next": "https://v.example/api/list?API_TOKEN=s3cr3t&start=100"})
    assert following is not None and following.params == (("start", "100"),)


def test_a_list_whose_next_address_is_always_there_ends_with_an_empty_page() -> None:
    logs = NextUrl(at=Link(), take=("after",), end=End(short=False))
    header = '<https://v.example/logs?after=9>; rel="next"'
    assert logs.next(logs.first(LIST), Page(answered([], link=header), 0)) is None
    assert logs.next(logs.first(LIST), Page(answered([], link=header), 1)) is not None


def test_a_probe_asks_for_one_record() -> None:
    assert GRAPH.probe(LIST).param("$top") == "1"
    assert AUTOTASK.probe(QUERY).body == '{"filter":"all","MaxRecords":1}'
