"""How the larger vendors page, by what they publish: the declaration for each, and what is asked after what answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from avesa.connector.paging import (
    Cursor,
    End,
    Header,
    IdsThenRecords,
    InFilter,
    InParam,
    Keyset,
    NextUrl,
    Offset,
    Page,
    PageNumber,
    Paging,
    SearchWindow,
    SinglePage,
    Values,
)
from avesa.connector.request import Request
from paged_vendors import answered

GET = Request("GET", "https://v.example/api/list")
POST = Request("POST", "https://v.example/api/list", body='{"filter":[]}')
LAST = End(last="isLast", short=False, empty=False)


def with_filter(request: Request, values: Values) -> Request:
    """As Autotask and HubSpot: one more condition in the list of the body."""
    condition = {"op": "gt", "field": "id", "value": values[0]}
    return request.with_value("body", "filter", [*request.value("body", "filter"), condition])


@dataclass(frozen=True)
class Told:
    """An answer: its body, how many records it held, its headers, the last record. `asks` is what is asked after it:
    parameters, or paths in the body of a POST; None where the list is over.
    """

    body: Any
    records: int
    asks: dict[Any, Any] | None
    headers: dict[str, str] = field(default_factory=dict)
    last: dict[Any, Any] = field(default_factory=dict)


TIME = "2026-05-05T05:16:48-07:00"
SINCE = f"select * from Bill where Metadata.LastUpdatedTime >= '{TIME}'"

PUBLISHED: dict[str, tuple[Paging, Request, list[Told]]] = {
    "ServiceNow, tables by id within the filter": (
        Keyset(
            ("sys_id",),
            InFilter("sysparm_query", "sys_id>{0}^{filter}"),
            size="sysparm_limit",
            most=1000,
            offset="sysparm_offset",
            end=End(total=Header("X-Total-Count"), short=False, empty=False),
        ),
        GET.with_params(("sysparm_query", "sys_updated_on>=2024-01-31 00:00:00^ORDERBYsys_id")),
        [
            Told({}, 0, {"sysparm_offset": "1000"}, {"x_total_count": "3000"}),
            Told(
                {},
                900,
                {
                    "sysparm_query": "sys_id>ab^sys_updated_on>=2024-01-31 00:00:00^ORDERBYsys_id",
                    "sysparm_offset": None,
                },
                {"x_total_count": "3000"},
                {"sys_id": "ab"},
            ),
            Told({}, 400, None, {"x_total_count": "1000"}, {"sys_id": "cd"}),
        ],
    ),
    "Salesforce, queries": (
        NextUrl(at="nextRecordsUrl", path="/api", end=End(last="done", short=False, empty=False)),
        GET.with_params(("q", "SELECT Id FROM Account")),
        [
            Told({"done": False, "nextRecordsUrl": "/api/query/01g-2000"}, 2000, {"q": None}),
            Told({"done": True}, 13, None),
        ],
    ),
    "Microsoft 365, lists": (
        NextUrl(at=("@odata.nextLink",), size="$top", most=999),
        GET,
        [
            Told({"@odata.nextLink": "https://graph.example/v1.0/users?$top=999&$skiptoken=x"}, 0, {"$skiptoken": "x"}),
            Told({}, 999, None),
        ],
    ),
    "Autotask, queries by address": (
        NextUrl(at="pageDetails.nextPageUrl", path="/api", size="MaxRecords", most=500, into="body"),
        POST,
        [
            Told({"pageDetails": {"nextPageUrl": "https://x/api/list/next?paging=1"}}, 500, {"MaxRecords": 500}),
            Told({"pageDetails": {"nextPageUrl": None}}, 500, None),
        ],
    ),
    "Autotask, queries by id": (
        Keyset(("id",), with_filter, size="MaxRecords", most=500, into="body"),
        POST,
        [
            Told({}, 500, {"filter.0.value": 77, "filter.1.value": None, "MaxRecords": 500}, {}, {"id": 77}),
            Told({}, 500, {"filter.0.value": 99, "filter.1.value": None}, {}, {"id": 99}),
            Told({}, 499, None, {}, {"id": 120}),
        ],
    ),
    "HaloPSA": (
        PageNumber(
            page="page_no",
            size="page_size",
            most=100,
            order=(("pageinate", "true"),),
            end=End(total="record_count", size="page_size", short=False),
        ),
        GET,
        [
            Told({"record_count": 120, "page_size": 100}, 100, {"page_no": "2", "pageinate": "true"}),
            Told({"record_count": 120, "page_size": 100}, 20, None),
        ],
    ),
    "HubSpot, objects": (
        Cursor(at="paging.next.after", param="after", most=100),
        GET,
        [Told({"paging": {"next": {"after": "33"}}}, 100, {"after": "33"}), Told({}, 100, None)],
    ),
    "HubSpot, search": (
        SearchWindow(
            Cursor(at="paging.next.after", param="after", into="body", most=200), ("id",), with_filter, 400, 200
        ),
        POST,
        [
            Told({"paging": {"next": {"after": "200"}}}, 200, {"after": "200"}, {}, {"id": "5"}),
            Told({"paging": {"next": {"after": "400"}}}, 200, {"after": None, "filter.0.value": "9"}, {}, {"id": "9"}),
            Told({}, 3, None, {}, {"id": "12"}),
        ],
    ),
    "Xero, accounting": (
        PageNumber(most=1000, end=End(pages="pagination.pageCount", short=False)),
        GET,
        [
            Told({"pagination": {"page": 1, "pageCount": 2}}, 1000, {"page": "2"}),
            Told({"pagination": {"page": 2, "pageCount": 2}}, 1000, None),
        ],
    ),
    "Xero, journals": (
        Keyset(("JournalNumber",), InParam("offset"), size=None, most=100),
        GET,
        [Told({}, 100, {"offset": "100"}, {}, {"JournalNumber": 100}), Told({}, 7, None, {}, {"JournalNumber": 107})],
    ),
    "Google Workspace": (
        Cursor(at="nextPageToken", param="pageToken", size="maxResults", most=500),
        GET.with_params(("customer", "my_customer")),
        [
            Told({"nextPageToken": "x"}, 500, {"pageToken": "x", "customer": "my_customer", "maxResults": "500"}),
            Told({"kind": "admin#directory#users"}, 0, None),
        ],
    ),
    "monday, numbered lists": (
        PageNumber(page="variables.page", size="variables.limit", most=100, into="body"),
        POST,
        [Told({}, 100, {"variables.page": 2, "variables.limit": 100}), Told({}, 99, None)],
    ),
    "Stripe": (
        Keyset(("id",), InParam("starting_after"), most=100, end=End(more="has_more")),
        GET,
        [
            Told({"has_more": True}, 100, {"starting_after": "cus_9"}, {}, {"id": "cus_9"}),
            Told({"has_more": False}, 100, None, {}, {"id": "cus_1"}),
        ],
    ),
    "CrowdStrike, devices": (
        Cursor(at="meta.pagination.next", param="offset", most=5000),
        GET.with_params(("sort", "device_id.asc")),
        [
            Told({"meta": {"pagination": {"next": "o"}}}, 5000, {"offset": "o", "sort": "device_id.asc"}),
            Told({"meta": {"pagination": {}}}, 5000, None),
        ],
    ),
    "CrowdStrike, alerts": (
        Cursor(at="meta.pagination.after", param="after", into="body", most=1000),
        POST,
        [Told({"meta": {"pagination": {"after": "a"}}}, 1000, {"after": "a"}), Told({"meta": {}}, 1000, None)],
    ),
    "CrowdStrike, users": (
        IdsThenRecords(
            Offset(most=500, end=End(total="meta.pagination.total")), "resources", "/list", "/entities", batch=5000
        ),
        GET,
        [
            Told({"resources": ["a", "b"], "meta": {"pagination": {"total": 3}}}, 0, {"limit": None}),
            Told({}, 2, {"offset": "2", "limit": "500"}),
            Told({"resources": ["c"], "meta": {"pagination": {"total": 3}}}, 0, {"limit": None}),
            Told({}, 1, None),
        ],
    ),
    "Duo, lists": (
        Cursor(at="metadata.next_offset", param="offset", most=300),
        GET,
        [Told({"metadata": {"next_offset": 300}}, 300, {"offset": "300"}), Told({"response": []}, 300, None)],
    ),
    "Duo, authentication log": (
        Cursor(at="response.metadata.next_offset", param="next_offset", most=1000),
        GET,
        [
            Told({"response": {"metadata": {"next_offset": ["1", "t"]}}}, 0, {"next_offset": "1,t"}),
            Told({"response": {"metadata": {"next_offset": None}}}, 0, None),
        ],
    ),
    "Duo, administrator log": (
        SearchWindow(SinglePage(), ("timestamp",), InParam("mintime"), cap=1000, size=1000),
        GET,
        [Told({}, 1000, {"mintime": "17"}, {}, {"timestamp": 17}), Told({}, 2, None, {}, {"timestamp": 18})],
    ),
    "QuickBooks, queries": (
        SearchWindow(
            Offset("query", None, most=1000, start=1, statement=" STARTPOSITION {offset} MAXRESULTS {limit}"),
            ("MetaData.LastUpdatedTime",),
            InFilter("query", "select * from Bill where Metadata.LastUpdatedTime >= '{0}'"),
            cap=1_000_000,
            size=1000,
            restart=1,
        ),
        GET.with_params(("query", "select * from Bill")),
        [
            Told(
                {},
                1000,
                {"query": f"{SINCE} STARTPOSITION 1 MAXRESULTS 1000"},
                {},
                {"MetaData.LastUpdatedTime": TIME},
            ),
            Told(
                {},
                1000,
                {"query": f"{SINCE} STARTPOSITION 1001 MAXRESULTS 1000"},
                {},
                {"MetaData.LastUpdatedTime": TIME},
            ),
            Told({"QueryResponse": {}}, 0, None),
        ],
    ),
    "Jira, issues": (
        Cursor(
            "nextPageToken",
            "nextPageToken",
            size="maxResults",
            most=100,
            end=End(last="isLast", short=False, empty=False),
        ),
        GET.with_params(("jql", "updated >= 0")),
        [
            Told({"nextPageToken": "x", "isLast": False}, 0, {"nextPageToken": "x", "jql": "updated >= 0"}),
            Told({"isLast": True}, 100, None),
        ],
    ),
    "Jira, projects": (
        Offset("startAt", "maxResults", most=100, end=End(last="isLast", total="total")),
        GET,
        [
            Told({"isLast": False, "total": 70}, 50, {"startAt": "50"}),
            Told({"isLast": True, "total": 70}, 20, None),
        ],
    ),
    "Jira, users": (
        Offset("startAt", "maxResults", most=1000, end=End(short=False)),
        GET,
        [Told([], 3, {"startAt": "3"}), Told([], 0, None)],
    ),
    "Jira, service desks": (
        Offset("start", "limit", most=100, end=End(last="isLastPage")),
        GET,
        [
            Told({"isLastPage": False, "_links": {"next": "https://api.example/ex/jira/1/x"}}, 40, {"start": "40"}),
            Told({"isLastPage": True}, 40, None),
        ],
    ),
    "Jira, changed worklogs": (
        NextUrl(at="nextPage", take=("since",), end=End(last="lastPage", short=False, empty=False)),
        GET.with_params(("since", "1")),
        [
            Told({"nextPage": "https://api.example/ex/jira/1/x?since=9", "lastPage": False}, 1000, {"since": "9"}),
            Told({"nextPage": "https://api.example/ex/jira/1/x?since=11", "lastPage": True}, 3, None),
        ],
    ),
    "Slack, lists": (
        Cursor(at="response_metadata.next_cursor", param="cursor", most=200),
        GET.with_params(("channel", "C1")),
        [
            Told({"response_metadata": {"next_cursor": "x"}}, 0, {"cursor": "x", "channel": "C1"}),
            Told({"response_metadata": {"next_cursor": ""}}, 200, None),
        ],
    ),
    "Slack, files": (
        PageNumber(size="count", most=100, end=End(pages="paging.pages")),
        GET,
        [Told({"paging": {"pages": 2}}, 80, {"page": "2"}), Told({"paging": {"pages": 2}}, 100, None)],
    ),
}


@pytest.mark.parametrize("vendor", PUBLISHED)
def test_what_is_asked_follows_from_what_was_answered(vendor: str) -> None:
    paging, bare, answers = PUBLISHED[vendor]
    request: Request | None = paging.first(bare)
    for told in answers:
        assert request is not None, "it ended too early"
        asked = Request.from_json(request.to_json())
        page = Page(answered(told.body, **told.headers), told.records, told.last)
        request = paging.next(asked, page)
        if told.asks is None:
            assert request is None
            continue
        assert request is not None, "it ended too early"
        found = {name: request.value("body" if request.method == "POST" else "query", name) for name in told.asks}
        assert found == told.asks
        assert request.url.startswith("https://v.example/api/")
