"""The odd lists: change feeds, deletions, logs, ids in two steps, lists below lists, and cursors that end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from avesa.sandbox.vendor.server import Serving, strict_vendor
from conformance.every_walk import WALKS
from conformance.walks import NOW, SINCE, Answer, Ask, send, ticks
from conformance.walks_workplace import LOGS, monday


class Visit:
    """One vendor, and somebody who may ask it."""

    def __init__(self, serving: Serving, client: httpx2.Client) -> None:
        self.serving, self.vendor, self.client = serving, serving.vendor, client
        self.sign = WALKS[serving.vendor.contract.service].enter(serving, client)

    def ask(self, path: str, *params: tuple[str, str], method: str = "GET", body: Any = None) -> Answer:
        return send(self.serving, self.client, Ask(path, params, method, body), self.sign)

    def json(self, path: str, *params: tuple[str, str], method: str = "GET", body: Any = None) -> Any:
        answer = self.ask(path, *params, method=method, body=body)
        assert answer.is_success, answer.text
        return answer.json()


Visiting = Callable[..., Visit]


@pytest.fixture
def visit() -> Iterator[Visiting]:
    with ExitStack() as stack:
        client = stack.enter_context(httpx2.Client(timeout=20))

        def visit(service: str, **options: Any) -> Visit:
            serving = stack.enter_context(strict_vendor(service, clock=lambda: NOW, **options))
            return Visit(serving, client)

        yield visit


def through(visit: Visit, first: str) -> tuple[list[Any], str]:
    """All rows of a delta query, and the link to go on with."""
    rows, link = [], first
    while True:
        page = visit.json(link)
        rows += page["value"]
        if "@odata.deltaLink" in page:
            assert "@odata.nextLink" not in page
            return rows, str(page["@odata.deltaLink"])
        link = page["@odata.nextLink"]


def test_a_delta_query_tells_everything_first_then_what_changed_and_what_went(visit: Visiting) -> None:
    graph = visit("microsoft365")
    rows, link = through(graph, "/users/delta")
    assert len(rows) == 7
    assert through(graph, link)[0] == []
    changed = graph.vendor.change("users", 2)
    gone = graph.vendor.delete("users", 5)
    rows, link = through(graph, link)
    assert [(row["id"], "@removed" in row) for row in rows] == [(changed["id"], False), (gone["id"], True)]
    assert len(rows[0]) < len(changed)
    assert through(graph, link)[0] == []
    assert graph.vendor.violations == []


def test_a_delta_token_that_is_too_old_starts_over(visit: Visiting) -> None:
    graph = visit("microsoft365")
    _, link = through(graph, "/users/delta")
    graph.vendor.expire_cursors()
    answer = graph.ask(link)
    assert answer.status_code == 410
    assert answer.headers["Location"].endswith("/users/delta?$deltatoken=")
    _, link = through(graph, "/users/delta")
    assert through(graph, link)[0] == [], "the one that is given out now is as good as any"
    assert graph.vendor.violations == []


@pytest.mark.parametrize("token", ["d999999", "d²", f"d{'9' * 5000}", "x"])
def test_a_delta_token_that_was_never_given_is_refused(visit: Visiting, token: str) -> None:
    graph = visit("microsoft365")
    through(graph, "/users/delta")
    assert graph.ask("/users/delta", ("$deltatoken", token)).status_code == 400
    assert len(graph.vendor.violations) == 1


def test_a_report_is_behind_a_redirect(visit: Visiting) -> None:
    graph = visit("microsoft365")
    answer = graph.ask("/reports/getMailboxUsageDetail(period='D7')")
    assert answer.status_code == 302
    assert graph.client.get(answer.headers["Location"]).text.startswith("Report Refresh Date,")
    assert graph.ask("/reports/getMailboxUsageDetail(period='D8')").status_code == 400


def test_change_data_of_several_entities_has_stubs_for_what_was_deleted(visit: Visiting) -> None:
    books = visit("quickbooks")
    company = "/v3/company/4620816365"
    books.json(f"{company}/query", ("query", "select * from Invoice"))
    changed, gone = books.vendor.change("invoices", 1), books.vendor.delete("invoices", 2)
    found = books.json(f"{company}/cdc", ("entities", "Invoice,Payment"), ("changedSince", ticks(SINCE)))
    invoices, payments = found["CDCResponse"][0]["QueryResponse"]
    assert [row["Id"] for row in invoices["Invoice"]] == [changed["Id"], gone["Id"]]
    assert invoices["Invoice"][1]["status"] == "Deleted" and payments == {}
    left = books.json(f"{company}/query", ("query", "select * from Invoice"))["QueryResponse"]["Invoice"]
    assert gone["Id"] not in [row["Id"] for row in left]


def test_inactive_names_are_held_back_unless_asked_for(visit: Visiting) -> None:
    books = visit("quickbooks")
    gone = books.vendor.delete("customers", 0)
    whole = "/v3/company/4620816365/query"
    plain = books.json(whole, ("query", "select * from Customer"))["QueryResponse"]["Customer"]
    every = books.json(whole, ("query", "select * from Customer where Active IN (true, false)"))["QueryResponse"][
        "Customer"
    ]
    assert (len(plain), len(every)) == (6, 7)
    assert [row["Id"] for row in every if not row["Active"]] == [gone["Id"]]


def test_an_empty_answer_has_no_entity_at_all(visit: Visiting) -> None:
    books = visit("quickbooks", counts={"invoices": 0})
    assert books.json("/v3/company/4620816365/query", ("query", "select * from Invoice"))["QueryResponse"] == {}
    google = visit("google_workspace", counts={"users": 0})
    assert google.json("/admin/directory/v1/users", ("customer", "my_customer")) == {}


def test_query_all_shows_deleted_records_and_query_does_not(visit: Visiting) -> None:
    force = visit("salesforce")
    gone = force.vendor.delete("accounts", 3)
    soql = ("q", "SELECT Id, IsDeleted FROM Account")
    every = force.json("/services/data/v62.0/queryAll", soql)["records"]
    alive = force.json("/services/data/v62.0/query", soql)["records"]
    assert [row["Id"] for row in every if row["IsDeleted"]] == [gone["Id"]]
    assert len(alive) == 6 and len(every) == 7
    window = (("start", "2026-03-01T11:00:00+00:00"), ("end", "2026-03-01T13:00:00+00:00"))
    found = force.json("/services/data/v62.0/sobjects/Account/deleted/", *window)
    assert [row["id"] for row in found["deletedRecords"]] == [gone["Id"]]
    assert force.vendor.violations == []


def test_an_expired_locator_is_told_in_the_vendors_words(visit: Visiting) -> None:
    force = visit("salesforce", counts={"accounts": 2100})
    first = force.json("/services/data/v62.0/queryAll", ("q", "SELECT Id FROM Account"))
    assert len(first["records"]) == 2000 and first["totalSize"] == 2100
    force.vendor.expire_cursors()
    answer = force.ask(first["nextRecordsUrl"])
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "INVALID_QUERY_LOCATOR")
    assert force.vendor.violations == []


def test_an_audit_list_gets_an_entry_for_what_is_deleted(visit: Visiting) -> None:
    now = visit("servicenow")
    now.json("/api/now/table/sys_audit_delete")
    gone = now.vendor.delete("incidents", 0)
    query = ("sysparm_query", f"sys_created_on>={SINCE:%Y-%m-%d %H:%M:%S}")
    [entry] = now.json("/api/now/table/sys_audit_delete", query)["result"]
    assert (entry["tablename"], entry["documentkey"]) == ("incident", gone["sys_id"])


def test_events_tell_of_changes_that_lists_do_not_show(visit: Visiting) -> None:
    stripe = visit("stripe")
    changed = stripe.vendor.change("customers", 1)
    since = ("created[gte]", str(int(SINCE.timestamp())))
    assert stripe.json("/v1/customers", since)["data"] == []
    [event] = stripe.json("/v1/events", since)["data"]
    assert (event["type"], event["data"]["object"]) == ("customer.updated", changed)


def test_ids_come_first_and_records_by_them(visit: Visiting) -> None:
    falcon = visit("crowdstrike")
    ids = falcon.json("/user-management/queries/users/v1", ("limit", "5"))
    assert ids["meta"]["pagination"]["total"] == 7 and len(ids["resources"]) == 5
    users = falcon.json("/user-management/entities/users/GET/v1", method="POST", body={"ids": ids["resources"]})
    assert [user["uuid"] for user in users["resources"]] == ids["resources"]
    accounts = falcon.json("/discover/queries/accounts/v1")["resources"]
    some = falcon.json("/discover/entities/accounts/v1", *(("ids", id_) for id_ in accounts[:2]))
    assert [account["id"] for account in some["resources"]] == accounts[:2]
    assert falcon.vendor.violations == []
    too_many = ("ids", "x")
    assert falcon.ask("/discover/entities/accounts/v1", *[too_many] * 101).status_code == 400


def test_ids_that_another_list_names_lie_between_commas_and_a_cursor_stands_for_them(visit: Visiting) -> None:
    shop, api = visit("shopify"), "/admin/api/2026-04"
    product = shop.json(f"{api}/products.json")["products"][0]["id"]
    named = [one["inventory_item_id"] for one in shop.json(f"{api}/products/{product}/variants.json")["variants"]]
    items = f"{api}/inventory_items.json"
    answer = shop.ask(items, ("ids", ",".join(named)), ("limit", "1"))
    following = answer.links["next"]["url"]
    assert "ids=" not in following and "limit=1" in following
    found = [*answer.json()["inventory_items"], *shop.json(following)["inventory_items"]]
    assert [one["id"] for one in found] == named and len(named) == 2
    assert shop.vendor.violations == []
    assert shop.ask(following, ("ids", named[0])).status_code == 400
    assert shop.ask(items, ("ids", ",".join(["1"] * 101))).status_code == 400
    assert len(shop.vendor.violations) == 2


def test_lists_of_ids_are_filtered_by_the_records_behind_them(visit: Visiting) -> None:
    falcon = visit("crowdstrike")
    assert len(falcon.json("/cases/queries/cases/v1")["resources"]) == 7
    changed = falcon.vendor.change("cases", 3)["id"]
    since = ("filter", f"updated_timestamp:>='{ticks(SINCE)}'")
    assert falcon.json("/cases/queries/cases/v1", since)["resources"] == [changed]
    assert falcon.ask("/cases/queries/cases/v1", ("filter", "updated_timestamp>'x'")).status_code == 400


def test_indicators_are_paged_by_a_token_or_by_offset_and_not_by_both(visit: Visiting) -> None:
    falcon = visit("crowdstrike")
    path, limit = "/iocs/combined/indicator/v1", ("limit", "4")
    first = falcon.json(path, limit)
    token = first["meta"]["pagination"]["after"]
    rest = falcon.json(path, limit, ("after", token))
    assert (len(first["resources"]), len(rest["resources"]), rest["meta"]["pagination"]["after"]) == (4, 3, "")
    assert falcon.json(path, limit, ("offset", "4"))["resources"] == rest["resources"]
    assert falcon.ask(path, limit, ("offset", "4"), ("after", token)).status_code == 400


def test_changed_and_deleted_worklogs_are_lists_of_ids(visit: Visiting) -> None:
    jira = visit("jira")
    ids, link = [], "/rest/api/3/worklog/updated?since=0"
    while link:
        page = jira.json(link)
        ids += [row["worklogId"] for row in page["values"]]
        link = page.get("nextPage", "")
        assert page["lastPage"] == (link == "")
    assert len(ids) == 7
    worklogs = jira.json("/rest/api/3/worklog/list", method="POST", body={"ids": ids})
    assert [int(one["id"]) for one in worklogs] == ids
    gone = jira.vendor.delete("worklogs", 0)
    assert [row["worklogId"] for row in jira.json("/rest/api/3/worklog/deleted")["values"]] == [int(gone["id"])]
    assert jira.vendor.violations == []


def test_an_offset_counts_rows_that_are_not_shown(visit: Visiting) -> None:
    """Jira's list of people ends with an empty page, so none in the middle is."""
    jira = visit("jira")
    pages = [jira.json("/rest/api/3/users/search", ("startAt", str(at)), ("maxResults", "3")) for at in (0, 3, 6, 7)]
    assert [len(page) for page in pages] == [2, 2, 1, 0]


def test_only_the_fields_asked_for_are_given(visit: Visiting) -> None:
    jira = visit("jira")
    bound = ("jql", 'updated >= "2020-01-01 00:00"')
    assert all(set(row) == {"id"} for row in jira.json("/rest/api/3/search/jql", bound)["issues"])
    some = jira.json("/rest/api/3/search/jql", bound, ("fields", "updated"))["issues"]
    assert all(set(row["fields"]) == {"updated"} for row in some)
    hub = visit("hubspot")
    [first, *_] = hub.json("/crm/v3/objects/companies", ("properties", "name"))["results"]
    assert set(first["properties"]) <= {"name"}


def test_a_token_tells_what_happened_since_and_none_gives_a_token_alone(visit: Visiting) -> None:
    asana = visit("asana")
    workspace = asana.json("/workspaces", ("limit", "1"))["data"][0]["gid"]
    project = asana.json("/projects", ("workspace", workspace))["data"][0]["gid"]
    asana.json("/tasks", ("project", project))
    refused = asana.ask("/events", ("resource", project))
    assert refused.status_code == 412 and refused.json()["errors"]
    first = ("sync", refused.json()["sync"])
    assert asana.json("/events", ("resource", project), first)["data"] == []
    gone = asana.vendor.delete("tasks", 0, (project,))["gid"]
    fields = ("opt_fields", "action,resource.name,created_at")
    page = asana.json("/events", ("resource", project), first, fields)
    assert [(one["action"], one["resource"]["gid"]) for one in page["data"]] == [("deleted", gone)]
    assert asana.json("/events", ("resource", project), ("sync", page["sync"]))["data"] == []
    asana.vendor.expire_cursors()
    again = asana.ask("/events", ("resource", project), ("sync", page["sync"]))
    for never_given in ("s999999", "s²"):
        assert asana.ask("/events", ("resource", project), ("sync", never_given)).status_code == 412
    asana.vendor.change("tasks", 1, (project,))
    assert len(asana.json("/events", ("resource", project), ("sync", again.json()["sync"]))["data"]) == 1
    assert asana.vendor.violations == []


def test_of_an_object_no_more_is_shown_than_is_named(visit: Visiting) -> None:
    asana = visit("asana")
    place = (asana.json("/workspaces")["data"][0]["gid"],)
    asana.vendor.change(
        "tags", 0, place, workspace={"gid": "1", "name": "Acme"}, followers=[{"gid": "2", "name": "Ada"}]
    )

    def shown(*params: tuple[str, str]) -> Any:
        return asana.json(f"/workspaces/{place[0]}/tags", *params)["data"][0]

    assert set(shown()) <= {"gid", "name", "resource_type"}
    assert shown(("opt_fields", "workspace,followers.name"))["workspace"] == {"gid": "1"}
    assert shown(("opt_fields", "workspace,followers.name"))["followers"] == [{"gid": "2", "name": "Ada"}]
    assert shown(("opt_fields", "workspace.name"))["workspace"] == {"gid": "1", "name": "Acme"}


def test_a_log_names_a_next_page_behind_its_last_one_too(visit: Visiting) -> None:
    asana = visit("asana", counts={"audit_log_events": 2})
    organization = asana.json("/workspaces", ("opt_fields", "is_organization"))["data"][1]
    assert organization["is_organization"] is True
    path, size = f"/workspaces/{organization['gid']}/audit_log_events", ("limit", "2")
    page = asana.json(path, size)
    assert len(page["data"]) == 2
    behind = asana.json(path, size, ("offset", page["next_page"]["offset"]))
    assert behind["data"] == [] and behind["next_page"]["offset"] != page["next_page"]["offset"]


def test_several_values_may_stand_in_one_parameter(visit: Visiting) -> None:
    clickup = visit("clickup", counts={"time_entries": 4})
    path, ever = "/v2/team/1/time_entries", ("start_date", "946684800000")

    def users(*params: tuple[str, str]) -> set[int]:
        return {entry["user"]["id"] for entry in clickup.json(path, ever, *params)["data"]}

    assert (users(), users(("assignee", "184")), users(("assignee", "183,184"))) == ({183}, {184}, {183, 184})


def test_what_is_there_reports_all_the_time_and_what_is_gone_does_not(visit: Visiting) -> None:
    datadog = visit("datadog")
    hosts = datadog.json("/api/v1/hosts")["host_list"]
    assert len(hosts) == 7 and {one["last_reported_time"] for one in hosts} == {int(NOW.timestamp())}
    datadog.vendor.delete("hosts", 3)
    datadog.vendor.clock = lambda: NOW + timedelta(hours=4)
    assert len(datadog.json("/api/v1/hosts")["host_list"]) == 6
    whole = datadog.json("/api/v1/hosts", ("from", str(int(SINCE.timestamp()))))["host_list"]
    assert [one["up"] for one in whole if one["last_reported_time"] == int(NOW.timestamp())] == [False]


def test_a_month_that_is_named_counts_to_its_end(visit: Visiting) -> None:
    datadog = visit("datadog")

    def days(first: str, last: str) -> int:
        window = ("start_month", f"{first}-01T00:00:00Z"), ("end_month", f"{last}-01T00:00:00Z")
        return len(datadog.json("/api/v1/usage/summary", *window)["usage"])

    assert [days("2026-01", "2026-01"), days("2026-01", "2026-02"), days("2026-03", "2026-03")] == [0, 7, 0]


def test_a_search_ends_at_its_cap_and_archived_records_are_a_list_of_their_own(visit: Visiting) -> None:
    hub = visit("hubspot")
    beyond = {"filterGroups": [], "limit": 200, "after": "9900"}
    assert hub.ask("/crm/v3/objects/companies/search", method="POST", body=beyond).status_code == 400
    gone = hub.vendor.delete("companies", 6)
    archived = hub.json("/crm/v3/objects/companies", ("archived", "true"))["results"]
    assert [row["id"] for row in archived] == [gone["id"]]
    assert len(hub.json("/crm/v3/objects/companies")["results"]) == 6


def test_the_lists_under_many_records_come_in_one_answer_each_with_a_cursor_of_its_own(visit: Visiting) -> None:
    hubspot = visit("hubspot", counts={"deals": 4, "deal_associations": 3}, cursor_pages=2)
    first, second, gone, _ = [record["id"] for record in hubspot.vendor.records("deals")]
    hubspot.vendor.delete("deals", 2)
    path = "/crm/v4/associations/deals/line_items/batch/read"
    body = {"inputs": [{"id": first}, {"id": gone}, {"id": second}]}
    results = hubspot.json(path, method="POST", body=body)["results"]
    assert [(one["from"]["id"], len(one["to"])) for one in results] == [(first, 2), (second, 2)]
    after = results[1]["paging"]["next"]["after"]
    [rest] = hubspot.json(path, method="POST", body={"inputs": [{"id": second, "after": after}]})["results"]
    seen = [one["toObjectId"] for one in (*results[1]["to"], *rest["to"])]
    assert seen == [one["toObjectId"] for one in hubspot.vendor.records("deal_associations", (second,))]
    assert "paging" not in rest and hubspot.vendor.violations == []
    assert hubspot.ask(path, method="POST", body={"inputs": [{"id": first, "after": after}]}).status_code == 400
    assert hubspot.ask(path, method="POST", body={"inputs": [{"id": first}] * 1001}).status_code == 400
    assert len(hubspot.vendor.violations) == 2


def test_the_page_behind_a_page_wants_the_same_method_and_body(visit: Visiting) -> None:
    task = visit("autotask")
    body = {"filter": [{"op": "gte", "field": "id", "value": 0}], "MaxRecords": 3}
    following = task.json("/V1.0/Tickets/query", method="POST", body=body)["pageDetails"]["nextPageUrl"]
    assert task.ask(following).status_code == 405
    assert task.ask(following, method="POST", body={**body, "MaxRecords": 5}).status_code == 500
    assert len(task.json(following, method="POST", body=body)["items"]) == 3


def test_each_board_has_a_page_of_items_with_a_cursor_of_its_own(visit: Visiting) -> None:
    vendor = visit("monday", counts={"items": 5})
    query = (
        "query ($ids: [ID!], $limit: Int!) { boards (ids: $ids) { id items_page (limit: $limit) "
        "{ cursor items { id name updated_at } } } }"
    )
    more = (
        "query ($cursor: String!, $limit: Int!) "
        "{ next_items_page (cursor: $cursor, limit: $limit) { cursor items { id } } }"
    )

    def post(ask: Ask) -> Any:
        return send(vendor.serving, vendor.client, ask, vendor.sign).json()["data"]

    boards = post(monday(query, ids=["0000000001", "0000000002"], limit=3))["boards"]
    assert [board["id"] for board in boards] == ["0000000001", "0000000002"]
    found = [item["id"] for item in boards[0]["items_page"]["items"]]
    assert set(boards[0]["items_page"]["items"][0]) == {"id", "name", "updated_at"}
    page = post(monday(more, cursor=boards[0]["items_page"]["cursor"], limit=3))["next_items_page"]
    found += [item["id"] for item in page["items"]]
    assert len(set(found)) == 5 and page["cursor"] is None
    assert vendor.vendor.violations == []


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ("query { boards { id nick_name } }", {}),
        ("query ($limit: Int) { boards { id } }", {"limit": 3}),
        ("query { boards (limit: $limit) { id } }", {}),
        ("query ($limit: Int) { boards (limit: $limit) { id } }", {"limit": "3"}),
        ("query { boards { id ", {}),
        ("query { planets { id } }", {}),
        ("mutation { boards { id } }", {}),
        (LOGS, {"board_ids": ["0000000001"], "limit": 25, "from": "yesterday"}),
    ],
)
def test_a_query_that_makes_no_sense_is_refused_and_noted(
    visit: Visiting, query: str, variables: dict[str, Any]
) -> None:
    vendor = visit("monday")
    answer = send(vendor.serving, vendor.client, monday(query, **variables), vendor.sign)
    assert answer.status_code == 200 and "errors" in answer.json()
    assert len(vendor.vendor.violations) == 1


@pytest.mark.parametrize("body", [b"[" * 100_000, b"\xff", b""])
def test_a_body_that_cannot_be_read_is_refused_and_noted(visit: Visiting, body: bytes) -> None:
    vendor = visit("monday")
    url = vendor.serving.url + "/v2"
    headers = {"Content-Type": "application/json", **vendor.sign("POST", url)}
    assert vendor.client.post(url, content=body, headers=headers).status_code < 500
    assert len(vendor.vendor.violations) == 1


def test_a_list_under_a_parent_that_is_gone_is_not_found(visit: Visiting) -> None:
    slack = visit("slack")
    channel = slack.json("/conversations.list", ("limit", "1"))["channels"][0]["id"]
    members = slack.json("/conversations.members", ("channel", channel))
    assert members["ok"] and all(isinstance(member, str) for member in members["members"])
    slack.vendor.delete("channels", 0)
    assert slack.json("/conversations.members", ("channel", channel)) == {"ok": False, "error": "channel_not_found"}
    assert slack.vendor.violations == []


def test_records_are_the_same_for_the_same_seed_and_others_for_another(visit: Visiting) -> None:
    one, same = visit("xero"), visit("xero")
    other = visit("xero", seed="another")
    assert one.vendor.records("invoices") == same.vendor.records("invoices")
    assert one.vendor.records("invoices") != other.vendor.records("invoices")
