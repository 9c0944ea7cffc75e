"""How the pages of help desks and service managers say that they are read; see walks.py."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx2

from avesa.sandbox.vendor.server import Serving
from conformance.walks import SINCE, Answer, Ask, Sign, Walk, at, basic, bump, counted, fixed, link, ticks, token_at

EPOCH = str(int(SINCE.timestamp()))


def zendesk_follow(ask: Ask, answer: Answer) -> Ask | None:
    """By the export's cursor, which stands without the time that the first request was asked from."""
    body = answer.json()
    return None if body["end_of_stream"] else Ask(ask.path, (("per_page", "3"), ("cursor", body["after_cursor"])))


LATER = {"field": "updated_at", "operator": ">", "value": int(EPOCH)}


def intercom_follow(ask: Ask, answer: Answer) -> Ask | None:
    """Behind a cursor, in the body of the same search."""
    following = answer.json()["pages"].get("next")
    return following and replace(ask, body={**ask.body, "pagination": {"per_page": 3, **following}})


NEW = f"{SINCE:%Y-%m-%dT%H:%M:%S}"
TICKETS = """query getTicketList($input: ListInfoInput!) {
  getTicketList(input: $input) { tickets { ticketId subject client updatedTime } listInfo { page hasMore totalCount } }
}"""


def superops(**given: Any) -> Ask:
    return Ask("/msp", (), "POST", {"query": TICKETS, "variables": {"input": given}})


def superops_follow(ask: Ask, answer: Answer) -> Ask | None:
    """By number, while there is more; on the last page that is null."""
    if not answer.json()["data"]["getTicketList"]["listInfo"]["hasMore"]:
        return None
    given = ask.body["variables"]["input"]
    return superops(**{**given, "page": given["page"] + 1})


def bms_login(serving: Serving, client: httpx2.Client) -> Sign:
    """A login in parts of a form; the session is a bearer token from then on."""
    values = serving.vendor.credentials.values
    fields = {"GrantType": "password", "UserName": values["username"], "Password": values["password"], "Tenant": "Acme"}
    answer = client.post(f"{serving.root}/v2/security/authenticate", files={n: (None, v) for n, v in fields.items()})
    token = answer.json()["Result"]["AccessToken"]
    return lambda method, url: {"Authorization": f"Bearer {token}"}


def bms_follow(ask: Ask, answer: Answer) -> Ask | None:
    """By number, in the body, up to the total."""
    page = ask.body["PageNumber"]
    if page * ask.body["PageSize"] >= answer.json()["TotalRecords"]:
        return None
    return replace(ask, body={**ask.body, "PageNumber": page + 1})


def syncro_follow(ask: Ask, answer: Answer) -> Ask | None:
    """By number up to the number of pages."""
    meta = answer.json()["meta"]
    return ask.having(("page", str(meta["page"] + 1))) if meta["page"] < meta["total_pages"] else None


HELPDESK = {
    "atera": Walk(
        "customers",
        Ask("/api/v3/customers", (("page", "1"), ("itemsInPage", "3"))),
        counted("page", lambda body: int(body["totalItemCount"]), 3, 1),
        at("items"),
        fixed(X_API_KEY="{api_key}"),
        Ask("/api/v3/tickets/lastmodified", (("date", ticks(SINCE)), ("page", "1"))),
        "tickets",
        bump("tickets"),
        Ask("/api/v3/customers", (("itemsInPage", "51"),)),
        (401, lambda body: body["title"] == "Unauthorized" and "detail" in body),
        changed_records=at("items"),
    ),
    "bamboohr": Walk(
        "employees",
        Ask("/api/v1/employees", (("page[limit]", "3"), ("fields", "workEmail"))),
        token_at("meta.page.nextCursor", "page[after]"),
        at("data"),
        lambda serving, client: lambda method, url: {"Authorization": basic("bh-strict-key", "x")},
        Ask("/api/v1/employees/changed", (("since", ticks(SINCE)),)),
        "employees_changed",
        bump("employees_changed"),
        Ask("/api/v1/employees", (("page[limit]", "2501"),)),
        (401, lambda body: isinstance(body["error"], str)),
        changed_records=lambda body: list(body["employees"].values()) if body["employees"] else [],
    ),
    "freshdesk": Walk(
        "tickets",
        Ask("/api/v2/tickets", (("updated_since", "1970-01-01T00:00:00Z"), ("per_page", "3"))),
        link,
        at(""),
        lambda serving, client: lambda method, url: {"Authorization": basic("fd-strict-key", "X")},
        Ask("/api/v2/contacts", (("_updated_since", ticks(SINCE)), ("per_page", "100"))),
        "contacts",
        bump("contacts"),
        Ask("/api/v2/contacts", (("updated_since", ticks(SINCE)),)),
        (401, lambda body: body["code"] == "invalid_credentials" and isinstance(body["message"], str)),
        changed_records=at(""),
    ),
    "freshservice": Walk(
        "tickets",
        Ask("/api/v2/tickets", (("updated_since", "1970-01-01T00:00:00Z"), ("workspace_id", "0"), ("per_page", "3"))),
        link,
        at("tickets"),
        lambda serving, client: lambda method, url: {"Authorization": basic("fs-strict-key", "X")},
        Ask("/api/v2/tickets", (("updated_since", ticks(SINCE)),)),
        "tickets",
        bump("tickets"),
        Ask("/api/v2/tickets", (("per_page", "100"),)),
        (401, lambda body: body["code"] == "invalid_credentials" and isinstance(body["message"], str)),
    ),
    "harvest": Walk(
        "clients",
        Ask("/v2/clients", (("per_page", "3"),), headers=(("User-Agent", "Walk (it@acme.example)"),)),
        lambda ask, answer: replace(ask, path=found, params=()) if (found := answer.json()["links"]["next"]) else None,
        at("clients"),
        fixed(Authorization="Bearer {personal_access_token}", Harvest_Account_Id="{account_id}"),
        Ask("/v2/clients", (("updated_since", ticks(SINCE)),), headers=(("User-Agent", "Walk (it@acme.example)"),)),
        "clients",
        bump("clients"),
        Ask("/v2/clients", (("per_page", "2001"),), headers=(("User-Agent", "Walk (it@acme.example)"),)),
        (401, lambda body: body["error"] == "invalid_token" and isinstance(body["message"], str)),
    ),
    "intercom": Walk(
        "tickets",
        Ask("/tickets/search", (), "POST", {"query": LATER | {"value": 946684800}, "pagination": {"per_page": 3}}),
        intercom_follow,
        at("tickets"),
        fixed(Authorization="Bearer {access_token}", Intercom_Version="2.14"),
        Ask("/tickets/search", (), "POST", {"query": LATER}),
        "tickets",
        bump("tickets"),
        Ask("/tickets/search", (), "POST", {"query": LATER, "pagination": {"per_page": 151}}),
        (401, lambda body: body["type"] == "error.list" and body["errors"][0]["code"] == "token_unauthorized"),
    ),
    "kaseya_bms": Walk(
        "tickets",
        Ask("/v2/servicedesk/tickets/search", (), "POST", {"PageNumber": 1, "PageSize": 3, "Sort": "Id asc"}),
        bms_follow,
        at("Result"),
        bms_login,
        Ask("/v2/crm/accounts/summary", (("Filter.ModifiedOnFrom", ticks(SINCE)), ("PageSize", "100"))),
        "accounts",
        bump("accounts"),
        Ask("/v2/servicedesk/tickets/search", (), "POST", {"PageNumber": 1, "PageSize": 101}),
        (401, lambda body: body["Success"] is False and isinstance(body["Error"]["Message"], str)),
        changed_records=at("Result"),
    ),
    "pipedrive": Walk(
        "deals",
        Ask("/api/v2/deals", (("limit", "3"), ("sort_by", "id"), ("sort_direction", "asc"))),
        token_at("additional_data.next_cursor", "cursor"),
        at("data"),
        fixed(x_api_token="{api_token}"),
        Ask("/api/v2/deals", (("updated_since", ticks(SINCE)), ("sort_by", "update_time"), ("sort_direction", "asc"))),
        "deals",
        bump("deals"),
        Ask("/api/v2/deals", (("limit", "501"),)),
        (401, lambda body: body["success"] is False and isinstance(body["error"], str)),
    ),
    "superops": Walk(
        "tickets",
        superops(page=1, pageSize=3),
        superops_follow,
        at("data.getTicketList.tickets"),
        fixed(Authorization="Bearer {api_token}", CustomerSubDomain="{subdomain}"),
        superops(page=1, pageSize=1, sort=[{"attribute": "updatedTime", "order": "DESC"}]),
        "tickets",
        bump("tickets"),
        superops(page=1, pageSize=101),
        (401, lambda body: body["data"] is None and isinstance(body["errors"][0]["message"], str)),
        changed_records=lambda body: [
            one for one in body["data"]["getTicketList"]["tickets"] if one["updatedTime"] >= NEW
        ],
    ),
    "syncro": Walk(
        "tickets",
        Ask("/api/v1/tickets", (("page", "1"),)),
        syncro_follow,
        at("tickets"),
        fixed(Authorization="Bearer {api_token}"),
        Ask("/api/v1/tickets", (("since_updated_at", ticks(SINCE)), ("page", "1"))),
        "tickets",
        bump("tickets"),
        Ask("/api/v1/tickets", (("per_page", "100"),)),
        (401, lambda body: isinstance(body["error"], str)),
    ),
    "zendesk": Walk(
        "tickets",
        Ask("/api/v2/incremental/tickets/cursor", (("start_time", "946684800"), ("per_page", "3"))),
        zendesk_follow,
        at("tickets"),
        lambda serving, client: lambda method, url: {"Authorization": basic("sync@acme.example/token", "zd-token")},
        Ask("/api/v2/incremental/tickets/cursor", (("start_time", EPOCH),)),
        "tickets",
        bump("tickets"),
        Ask("/api/v2/groups", (("page[size]", "3"), ("per_page", "3"))),
        (401, lambda body: isinstance(body["error"], str) and isinstance(body["description"], str)),
    ),
}
