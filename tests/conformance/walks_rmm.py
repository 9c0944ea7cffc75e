"""How the pages of device managers, documentation and security vendors say that they are read: see walks.py."""

from __future__ import annotations

from datetime import timedelta

import httpx2

from avesa.sandbox.vendor.server import Serving
from conformance.walks import (
    NOW,
    SINCE,
    Answer,
    Ask,
    Sign,
    Walk,
    added,
    at,
    basic,
    bump,
    by_token,
    fixed,
    link,
    ticks,
    token_at,
    url_at,
)


def ninja_follow(ask: Ask, answer: Answer) -> Ask | None:
    rows = answer.json()
    return ask.having(("after", str(rows[-1]["id"]))) if rows else None


SINCE_SECONDS = str(int(SINCE.timestamp()))


def datto(serving: Serving, client: httpx2.Client) -> Sign:
    """The keys are user and password of a client that everyone shares."""
    values = serving.vendor.credentials.values
    form = {"grant_type": "password", "username": values["api_key"], "password": values["api_secret_key"]}
    proof = {"Authorization": basic("public-client", "public")}
    answer = client.post(serving.root + "/auth/oauth/token", data=form, headers=proof)
    assert answer.is_success, answer.text
    token = answer.json()["access_token"]
    return lambda method, url: {"Authorization": f"Bearer {token}"}


def huntress(serving: Serving, client: httpx2.Client) -> Sign:
    return lambda method, url: {"Authorization": basic("hk_key", "hs_secret")}


def pagerduty_follow(ask: Ask, answer: Answer) -> Ask | None:
    body = answer.json()
    return ask.having(("offset", str(body["offset"] + body["limit"]))) if body["more"] else None


def auvik_follow(ask: Ask, answer: Answer) -> Ask | None:
    found = answer.json().get("links", {}).get("next")
    return Ask(found) if found else None


def jumpcloud_follow(ask: Ask, answer: Answer) -> Ask | None:
    reached = int(dict(ask.params)["skip"]) + 3
    return ask.having(("skip", str(reached))) if reached < answer.json()["totalCount"] else None


def hudu_follow(ask: Ask, answer: Answer) -> Ask | None:
    """Nothing is told: the list is over with a page that is not full."""
    page = int(dict(ask.params)["page"]) + 1
    return ask.having(("page", str(page))) if len(answer.json()["companies"]) == 3 else None


def itglue_follow(ask: Ask, answer: Answer) -> Ask | None:
    found = answer.json()["meta"]["next-page"]
    return ask.having(("page[number]", str(found))) if found else None


def n_central_follow(ask: Ask, answer: Answer) -> Ask | None:
    found = answer.json().get("_links", {}).get("nextPage")
    return Ask(found) if found else None


def n_central(serving: Serving, client: httpx2.Client) -> Sign:
    proof = {"Authorization": f"Bearer {serving.vendor.credentials.values['user_api_jwt']}"}
    answer = client.post(serving.url + "/api/auth/authenticate", headers=proof)
    assert answer.is_success, answer.text
    token = answer.json()["tokens"]["access"]["token"]
    return lambda method, url: {"Authorization": f"Bearer {token}"}


RMM = {
    "datto_rmm": Walk(
        "sites",
        Ask("/v2/account/sites", (("max", "3"),)),
        url_at("pageDetails.nextPageUrl"),
        at("sites"),
        datto,
        # Without `from` it is what happened in the last 15 minutes.
        Ask("/v2/activity-logs", (("order", "asc"),)),
        "activity_logs",
        added("activity_logs"),
        Ask("/v2/account/sites", (("max", "251"),)),
        (401, lambda body: isinstance(body["error"], str)),
        changed_records=at("activities"),
    ),
    "hudu": Walk(
        "companies",
        Ask("/companies", (("page", "1"), ("page_size", "3"))),
        hudu_follow,
        at("companies"),
        fixed(x_api_key="{api_key}"),
        Ask("/companies", (("updated_at", f"{ticks(SINCE)},{ticks(NOW)}"),)),
        "companies",
        bump("companies"),
        Ask("/companies", (("updated_at", ticks(SINCE)),)),
        (401, lambda body: isinstance(body["error"], str)),
    ),
    "sentinelone": Walk(
        "agents",
        Ask("/web/api/v2.1/agents", (("limit", "3"), ("isDecommissioned", "true,false"))),
        token_at("pagination.nextCursor", "cursor"),
        at("data"),
        fixed(Authorization="ApiToken {api_token}"),
        Ask("/web/api/v2.1/agents", (("updatedAt__gt", f"{SINCE:%Y-%m-%dT%H:%M:%S.%fZ}"), ("limit", "1000"))),
        "agents",
        bump("agents"),
        Ask("/web/api/v2.1/groups", (("limit", "301"),)),
        (401, lambda body: body["errors"][0]["title"] == "Unauthorized"),
    ),
    "huntress": Walk(
        "agents",
        Ask("/v1/agents", (("limit", "3"), ("sort_field", "id"))),
        token_at("pagination.next_page_token", "page_token"),
        at("agents"),
        huntress,
        # Nothing can be asked for since: what came is the first where there was none.
        Ask("/v1/signals", (("limit", "1"), ("sort_field", "updated_at"), ("sort_direction", "desc"))),
        "signals",
        added("signals"),
        Ask("/v1/agents", (("limit", "501"),)),
        (401, lambda body: body["error"]["code"] == "unauthorized"),
        counts={"signals": 0},
        changed_records=at("signals"),
    ),
    "pagerduty": Walk(
        "users",
        Ask("/users", (("limit", "3"), ("offset", "0"))),
        pagerduty_follow,
        at("users"),
        fixed(Authorization="Token token={api_key}", Accept="application/vnd.pagerduty+json;version=2"),
        Ask("/incidents", (("since", ticks(SINCE)), ("until", ticks(NOW + timedelta(hours=1))))),
        "incidents",
        added("incidents"),
        Ask("/incidents", (("limit", "100"), ("offset", "9901"))),
        (401, lambda body: body["error"]["code"] == 2006),
        changed_records=at("incidents"),
    ),
    "meraki": Walk(
        "organizations",
        Ask("/organizations", (("perPage", "3"),)),
        link,
        at(""),
        fixed(X_Cisco_Meraki_API_Key="{api_key}"),
        Ask("/organizations/orga00001/configurationChanges", (("t0", ticks(SINCE)),)),
        "configuration_changes",
        added("configuration_changes", "orga00001"),
        Ask("/organizations", (("perPage", "2"),)),
        (401, lambda body: isinstance(body["errors"], list)),
        changed_records=at(""),
    ),
    "auvik": Walk(
        "devices",
        Ask("/v1/inventory/device/info", (("page[first]", "3"),)),
        auvik_follow,
        at("data"),
        lambda serving, client: lambda method, url: {"Authorization": basic("api@acme.example", "auvik-key")},
        Ask("/v1/inventory/device/info", (("filter[modifiedAfter]", f"{SINCE:%Y-%m-%dT%H:%M:%S}.000Z"),)),
        "devices",
        bump("devices"),
        Ask("/v1/inventory/device/detail/extended"),
        (401, lambda body: body["errors"][0]["status"] == 401),
    ),
    "jumpcloud": Walk(
        "users",
        Ask("/api/systemusers", (("limit", "3"), ("skip", "0"), ("sort", "_id"))),
        jumpcloud_follow,
        at("results"),
        fixed(x_api_key="{api_key}"),
        Ask(
            "/insights/directory/v1/events",
            method="POST",
            body={"service": ["all"], "start_time": ticks(SINCE), "sort": "ASC"},
        ),
        "directory_events",
        added("directory_events"),
        Ask("/api/systemusers", (("limit", "101"),)),
        (401, lambda body: body["message"] and body["error"] == 401),
        changed_records=at(""),
    ),
    "okta": Walk(
        "users",
        Ask("/api/v1/users", (("limit", "3"),)),
        link,
        at(""),
        fixed(Authorization="SSWS {api_token}"),
        Ask("/api/v1/users", (("filter", f'lastUpdated gt "{SINCE:%Y-%m-%dT%H:%M:%S}.000Z"'),)),
        "users",
        bump("users"),
        Ask("/api/v1/policies"),
        (401, lambda body: body["errorCode"] == "E0000011"),
    ),
    "itglue": Walk(
        "organizations",
        Ask("/organizations", (("page[number]", "1"), ("page[size]", "3"), ("sort", "id"))),
        itglue_follow,
        at("data"),
        fixed(x_api_key="{api_key}"),
        Ask("/organizations", (("filter[updated_at]", f"{ticks(SINCE)}, *"),)),
        "organizations",
        bump("organizations"),
        Ask("/logs", (("filter[created_at]", "2026-02-01T00:00:00Z, 2026-02-09T00:00:00Z"),)),
        (401, lambda body: body["errors"][0]["status"] == 401),
    ),
    "n_central": Walk(
        "customers",
        Ask("/api/customers", (("pageNumber", "1"), ("pageSize", "3"))),
        n_central_follow,
        at("data"),
        n_central,
        # Nothing can be asked for since: a customer that was not there is found in the list of all.
        Ask("/api/customers", (("pageNumber", "8"), ("pageSize", "1"))),
        "customers",
        added("customers"),
        Ask("/api/customers", (("pageSize", "1001"),)),
        (401, lambda body: body["status"] == 401 and isinstance(body["message"], str)),
    ),
    "ninjaone": Walk(
        "organizations",
        Ask("/v2/organizations", (("pageSize", "3"),)),
        ninja_follow,
        at(""),
        by_token("/ws/oauth/token", {"grant_type": "client_credentials", "scope": "monitoring"}),
        Ask("/v2/activities", (("after", SINCE_SECONDS), ("pageSize", "10"))),
        "activities",
        added("activities"),
        Ask("/v2/activities", (("pageSize", "9"),)),
        (401, lambda body: body["resultCode"] == "invalid_token" and isinstance(body["errorMessage"], str)),
        changed_records=at("activities"),
    ),
}
