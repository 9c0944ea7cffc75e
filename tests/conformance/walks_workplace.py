"""How vendors for the workplace (identity, security, work together) say that they are read; see walks.py."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import httpx2

from avesa.sandbox.vendor.rsa import key_pair
from avesa.sandbox.vendor.server import Serving
from avesa.sandbox.vendor.vendor import StrictVendor
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
    ticks,
    token_at,
    url_at,
)


def duo_signed(serving: Serving, client: httpx2.Client) -> Sign:
    """Signature version 5 as Duo's page on the Admin API gives it."""
    values = serving.vendor.credentials.values

    def sign(method: str, url: str) -> dict[str, str]:
        parts = urlsplit(url)
        pairs = sorted(parts.query.split("&")) if parts.query else []
        date = format_datetime(NOW)
        nothing = hashlib.sha512(b"").hexdigest()
        lines = [date, method, parts.netloc.lower(), parts.path, "&".join(pairs), nothing, nothing]
        signature = hmac.new(values["skey"].encode(), "\n".join(lines).encode(), hashlib.sha512).hexdigest()
        return {"Date": date, "Authorization": basic(values["ikey"], signature)}

    return sign


def jwt(claims: dict[str, Any]) -> str:
    head, body = (
        urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in ({"alg": "RS256", "typ": "JWT"}, claims)
    )
    signed = head + b"." + body
    return (signed + b"." + urlsafe_b64encode(key_pair().sign(signed)).rstrip(b"=")).decode()


def google_claims(values: dict[str, str]) -> dict[str, Any]:
    now = int(NOW.timestamp())
    return {
        "iss": values["client_email"],
        "sub": values["admin_email"],
        "scope": "https://www.googleapis.com/auth/admin.directory.user.readonly",
        "aud": "https://oauth2.googleapis.com/token",
        "iat": now,
        "exp": now + 3600,
    }


def google(serving: Serving, client: httpx2.Client) -> Sign:
    assertion = jwt(google_claims(serving.vendor.credentials.values))
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
    answer = client.post(serving.root + "/token", data=form)
    assert answer.is_success, answer.text
    token = answer.json()["access_token"]
    return lambda method, url: {"Authorization": f"Bearer {token}"}


def crowdstrike_follow(ask: Ask, answer: Answer) -> Ask | None:
    found = answer.json()["meta"]["pagination"].get("next")
    return ask.having(("offset", found)) if found else None


BOARDS = (
    "query ($limit: Int, $page: Int) { boards (limit: $limit, page: $page, state: all) { id name state updated_at } }"
)

LOGS = (
    "query ($board_ids: [ID!], $from: ISO8601DateTime, $limit: Int) "
    "{ boards (ids: $board_ids) { id activity_logs (from: $from, limit: $limit) { id event data created_at } } }"
)


def monday(query: str, **variables: Any) -> Ask:
    return Ask("/v2", (), "POST", {"query": query, "variables": variables}, (("API-Version", "2026-10"),))


def monday_follow(ask: Ask, answer: Answer) -> Ask | None:
    variables = ask.body["variables"]
    if len(answer.json()["data"]["boards"]) < variables["limit"]:
        return None
    return monday(ask.body["query"], **{**variables, "page": variables["page"] + 1})


def monday_change(vendor: StrictVendor) -> Any:
    vendor.rows.of(vendor.contract.tables["activity_logs"], ("0000000001",))
    return vendor.key("activity_logs", vendor.add("activity_logs", ("0000000001",)))


DUO_LOGS = (("mintime", str(int(SINCE.timestamp() * 1000))), ("maxtime", str(int(NOW.timestamp() * 1000))))

# In the zone of whoever asks.
JQL = f'updated >= "{SINCE.astimezone(ZoneInfo("America/New_York")):%Y-%m-%d %H:%M}" ORDER BY updated ASC, key ASC'

WORKPLACE = {
    "crowdstrike": Walk(
        "hosts",
        Ask("/devices/combined/devices/v1", (("limit", "3"), ("sort", "modified_timestamp.asc"))),
        crowdstrike_follow,
        at("resources"),
        by_token("/oauth2/token", {}),
        Ask("/devices/combined/devices/v1", (("filter", f"modified_timestamp:>'{ticks(SINCE)}'"),)),
        "hosts",
        bump("hosts"),
        Ask("/devices/combined/devices/v1", (("filter", f"modified_timestamp>'{ticks(SINCE)}'"),)),
        (401, lambda body: body["errors"][0]["code"] == 401 and body["resources"] == []),
    ),
    "duo": Walk(
        "users",
        Ask("/admin/v1/users", (("limit", "3"), ("offset", "0"))),
        token_at("metadata.next_offset", "offset"),
        at("response"),
        duo_signed,
        Ask("/admin/v2/logs/authentication", (*DUO_LOGS, ("sort", "ts:asc"), ("limit", "1000"))),
        "authentication_logs",
        added("authentication_logs"),
        Ask("/admin/v1/users", (("limit", "301"),)),
        (401, lambda body: body["stat"] == "FAIL" and body["code"] == 40101),
        changed_records=at("response.authlogs"),
    ),
    "google_workspace": Walk(
        "users",
        Ask("/admin/directory/v1/users", (("customer", "my_customer"), ("maxResults", "3"))),
        token_at("nextPageToken", "pageToken"),
        at("users"),
        google,
        Ask("/admin/reports/v1/activity/users/all/applications/login", (("startTime", ticks(SINCE)),)),
        "activities",
        added("activities", "all", "login"),
        Ask("/admin/directory/v1/users", (("maxResults", "3"),)),
        (401, lambda body: body["error"]["code"] == 401 and body["error"]["errors"][0]["reason"] == "authError"),
        changed_records=at("items"),
    ),
    "jira": Walk(
        "issues",
        Ask(
            "/rest/api/3/search/jql",
            (("jql", 'updated >= "2020-01-01 00:00"'), ("maxResults", "3"), ("fields", "*all")),
        ),
        token_at("nextPageToken", "nextPageToken"),
        at("issues"),
        lambda serving, client: lambda method, url: {"Authorization": basic("sync@acme.example", "jira-token")},
        Ask("/rest/api/3/search/jql", (("jql", JQL), ("fields", "*all"))),
        "issues",
        bump("issues"),
        Ask("/rest/api/3/search/jql", (("jql", "ORDER BY updated ASC"),)),
        (401, lambda body: isinstance(body["errorMessages"], list)),
    ),
    "microsoft365": Walk(
        "groups",
        Ask("/groups", (("$top", "3"), ("$select", "id,displayName"))),
        url_at("@odata.nextLink"),
        at("value"),
        by_token(
            "/{tenant_id}/oauth2/v2.0/token",
            {"grant_type": "client_credentials", "scope": "https://graph.microsoft.com/.default"},
        ),
        Ask("/security/alerts_v2", (("$filter", f"lastUpdateDateTime ge {ticks(SINCE)}"),)),
        "security_alerts",
        bump("security_alerts"),
        Ask("/groups", (("$top", "1000"),)),
        (401, lambda body: body["error"]["code"] == "InvalidAuthenticationToken"),
    ),
    "monday": Walk(
        "boards",
        monday(BOARDS, limit=3, page=1),
        monday_follow,
        at("data.boards"),
        fixed(Authorization="{api_token}"),
        monday(LOGS, board_ids=["0000000001"], **{"from": ticks(SINCE), "limit": 25}),
        "activity_logs",
        monday_change,
        monday("query { boards { id nick_name } }"),
        (401, lambda body: body["errors"][0]["extensions"]["code"] == "Not Authenticated"),
        changed_records=lambda body: [row for board in body["data"]["boards"] for row in board["activity_logs"]],
    ),
    "slack": Walk(
        "users",
        Ask("/users.list", (("limit", "3"),)),
        token_at("response_metadata.next_cursor", "cursor"),
        at("members"),
        fixed(Authorization="Bearer {bot_token}"),
        Ask("/files.list", (("ts_from", str(int(SINCE.timestamp()))), ("count", "100"))),
        "files",
        added("files"),
        Ask("/users.list", (("limit", "1001"),)),
        (200, lambda body: body == {"ok": False, "error": "not_authed"}),
        changed_records=at("files"),
    ),
}
