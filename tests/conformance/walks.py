"""How each vendor's page says that it is read, as plain requests written by hand: the proof of the contracts' rules.

Nothing here knows our connector. A walk asks for a first page of three records (or the fewest that the vendor gives),
follows the vendor's own word on the next one, and asks for what changed.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import quote, urlsplit

import httpx2

from avesa.sandbox.vendor.rsa import key_pair
from avesa.sandbox.vendor.server import Serving
from avesa.sandbox.vendor.vendor import StrictVendor

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SINCE = NOW - timedelta(hours=1)
Answer = httpx2.Response


@dataclass(frozen=True)
class Ask:
    path: str
    params: tuple[tuple[str, str], ...] = ()
    method: str = "GET"
    body: Any = None
    headers: tuple[tuple[str, str], ...] = ()

    def having(self, *pairs: tuple[str, str]) -> Ask:
        names = {name for name, _ in pairs}
        return replace(self, params=tuple(p for p in self.params if p[0] not in names) + pairs)


Follow = Callable[[Ask, Answer], Ask | None]
Sign = Callable[[str, str], dict[str, str]]
"""From method and address to the headers that prove who asks."""


@dataclass(frozen=True)
class Walk:
    """`change` makes one record of `changes_in` newer than SINCE and returns its key."""

    table: str
    first: Ask
    follow: Follow
    records: Callable[[Any], list[Any]]
    enter: Callable[[Serving, httpx2.Client], Sign]
    changed: Ask
    changes_in: str
    change: Callable[[StrictVendor], Any]
    wrong: Ask
    refused: tuple[int, Callable[[Any], bool]]
    counts: dict[str, int] = field(default_factory=dict)
    changed_records: Callable[[Any], list[Any]] | None = None


def send(serving: Serving, client: httpx2.Client, ask: Ask, sign: Sign) -> Answer:
    url = ask.path if ask.path.startswith("http") else serving.url + ask.path
    if ask.params:
        url += "?" + "&".join(f"{quote(n, safe='')}={quote(v, safe='')}" for n, v in ask.params)
    headers = {"Accept": "application/json", **dict(ask.headers), **sign(ask.method, url)}
    return (
        client.request(ask.method, url, headers=headers, json=ask.body)
        if ask.body is not None
        else client.request(ask.method, url, headers=headers)
    )


def at(path: str) -> Callable[[Any], list[Any]]:
    def found(body: Any) -> list[Any]:
        for step in path.split(".") if path else []:
            body = body.get(step, {} if step != path.rpartition(".")[2] else [])
        return list(body)

    return found


def fixed(**headers: str) -> Callable[[Serving, httpx2.Client], Sign]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda serving, client: (
        lambda method, url: {name: value.format_map(serving.vendor.credentials.values) for name, value in named.items()}
    )


def basic(user: str, password: str) -> str:
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


def by_token(path: str, form: dict[str, str], *, client_as: str = "body", **headers: str) -> Callable[..., Sign]:
    """Ask for a token once; templates over the credentials."""

    def enter(serving: Serving, client: httpx2.Client) -> Sign:
        values = serving.vendor.credentials.values
        sent = {name: value.format_map(values) for name, value in form.items()}
        proof = {}
        if client_as == "basic":
            proof["Authorization"] = basic(values["client_id"], values["client_secret"])
        else:
            sent |= {"client_id": values["client_id"], "client_secret": values["client_secret"]}
        answer = client.post(serving.root + path.format_map(values), data=sent, headers=proof)
        assert answer.is_success, answer.text
        token = answer.json()["access_token"]
        more = {name.replace("_", "-"): value.format_map(values) for name, value in headers.items()}
        return lambda method, url: {"Authorization": f"Bearer {token}", **more}

    return enter


def link(ask: Ask, answer: Answer) -> Ask | None:
    found = answer.links.get("next")
    return Ask(found["url"], headers=ask.headers) if found else None


def url_at(path: str, *, relative: bool = False, keep: bool = False) -> Follow:
    def follow(ask: Ask, answer: Answer) -> Ask | None:
        found = answer.json()
        for step in [path] if path.startswith("@") else path.split("."):
            found = found.get(step)
        if not found:
            return None
        return replace(ask, path=found, params=()) if keep else Ask(found)

    return follow


def token_at(path: str, name: str, *, join: str = "") -> Follow:
    def follow(ask: Ask, answer: Answer) -> Ask | None:
        found = answer.json()
        for step in path.split("."):
            found = (found or {}).get(step)
        if not found:
            return None
        return ask.having((name, join.join(found) if join else str(found)))

    return follow


def counted(name: str, total: Callable[[Any], int], size: int, first: int) -> Follow:
    """Numbered pages up to a total."""

    def follow(ask: Ask, answer: Answer) -> Ask | None:
        page = int(dict(ask.params)[name]) + 1
        return ask.having((name, str(page))) if (page - first) * size < total(answer.json()) else None

    return follow


def ticks(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def bump(table: str, index: int = 4) -> Callable[[StrictVendor], Any]:
    return lambda vendor: vendor.key(table, vendor.change(table, index))


def added(table: str, *place: str) -> Callable[[StrictVendor], Any]:
    return lambda vendor: vendor.key(table, vendor.add(table, place))


# Some vendors' own ways


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


def stripe_follow(ask: Ask, answer: Answer) -> Ask | None:
    body = answer.json()
    return ask.having(("starting_after", body["data"][-1]["id"])) if body["has_more"] else None


def servicenow_follow(ask: Ask, answer: Answer) -> Ask | None:
    """By offset up to the count: a page with fewer rows, or none, is not the end."""
    offset = int(dict(ask.params)["sysparm_offset"]) + 3
    return ask.having(("sysparm_offset", str(offset))) if offset < int(answer.headers["X-Total-Count"]) else None


def crowdstrike_follow(ask: Ask, answer: Answer) -> Ask | None:
    found = answer.json()["meta"]["pagination"].get("next")
    return ask.having(("offset", found)) if found else None


def quickbooks_query(start: int) -> str:
    return f"select * from Invoice order by Metadata.LastUpdatedTime ASC STARTPOSITION {start} MAXRESULTS 3"


def quickbooks_follow(ask: Ask, answer: Answer) -> Ask | None:
    start = int(dict(ask.params)["query"].split("STARTPOSITION ")[1].split()[0])
    rows = answer.json()["QueryResponse"].get("Invoice", [])
    return ask.having(("query", quickbooks_query(start + 3))) if len(rows) == 3 else None


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


def hubspot_search(since: datetime) -> dict[str, Any]:
    found = {"propertyName": "hs_lastmodifieddate", "operator": "GTE", "value": str(int(since.timestamp() * 1000))}
    sort = {"propertyName": "hs_lastmodifieddate", "direction": "ASCENDING"}
    return {"filterGroups": [{"filters": [found]}], "sorts": [sort], "properties": ["name"], "limit": 200}


AT_ALL = {"filter": [{"op": "gte", "field": "id", "value": 0}], "MaxRecords": 3}
AT_SINCE = {"filter": [{"op": "gte", "field": "lastActivityDate", "value": ticks(SINCE)}], "MaxRecords": 500}
DUO_LOGS = (("mintime", str(int(SINCE.timestamp() * 1000))), ("maxtime", str(int(NOW.timestamp() * 1000))))
JQL = f'updated >= "{SINCE:%Y-%m-%d %H:%M}" ORDER BY updated ASC, key ASC'
SOQL = "SELECT Id, Name, IsDeleted, SystemModstamp FROM Account"
XERO = {"xero_tenant_id": "{xero_tenant_id}"}

QB_SINCE = f"select * from Invoice where Metadata.LastUpdatedTime >= '{ticks(SINCE)}' STARTPOSITION 1 MAXRESULTS 9"

WALKS = {
    "connectwise": Walk(
        "tickets",
        Ask("/service/tickets", (("pageSize", "3"),), headers=(("pagination-type", "forward-only"),)),
        link,
        at(""),
        lambda serving, client: (
            lambda method, url: {
                "Authorization": basic("acme+pub-strict", "priv-strict"),
                "clientId": serving.vendor.credentials.values["client_id"],
            }
        ),
        Ask("/service/tickets", (("conditions", f"lastUpdated>=[{ticks(SINCE)}]"), ("orderBy", "lastUpdated asc"))),
        "tickets",
        bump("tickets"),
        Ask("/service/tickets", (("pageSize", "1001"),)),
        (401, lambda body: body["code"] == "Unauthorized" and isinstance(body["message"], str)),
    ),
    "servicenow": Walk(
        "incidents",
        Ask(
            "/api/now/table/incident",
            (("sysparm_limit", "3"), ("sysparm_offset", "0"), ("sysparm_query", "ORDERBYsys_id")),
        ),
        servicenow_follow,
        at("result"),
        by_token("/oauth_token.do", {"grant_type": "client_credentials"}),
        Ask(
            "/api/now/table/incident",
            (("sysparm_query", f"sys_updated_on>={SINCE:%Y-%m-%d %H:%M:%S}^ORDERBYsys_updated_on^ORDERBYsys_id"),),
        ),
        "incidents",
        bump("incidents", 1),
        Ask("/api/now/table/incident", (("sysparm_query", f"sys_updated_on>={ticks(SINCE)}"),)),
        (401, lambda body: body["error"]["message"] == "User Not Authenticated" and body["status"] == "failure"),
    ),
    "salesforce": Walk(
        "accounts",
        Ask("/services/data/v62.0/queryAll", (("q", SOQL),), headers=(("Sforce-Query-Options", "batchSize=200"),)),
        lambda ask, answer: (
            None if answer.json()["done"] else Ask(answer.json()["nextRecordsUrl"], headers=ask.headers)
        ),
        at("records"),
        by_token("/services/oauth2/token", {"grant_type": "client_credentials"}),
        Ask(
            "/services/data/v62.0/queryAll",
            (("q", f"{SOQL} WHERE SystemModstamp >= {ticks(SINCE)} ORDER BY SystemModstamp ASC, Id ASC"),),
        ),
        "accounts",
        bump("accounts"),
        Ask("/services/data/v62.0/queryAll", (("q", f"{SOQL} WHERE SystemModstamp >= '{ticks(SINCE)}'"),)),
        (401, lambda body: body[0]["errorCode"] == "INVALID_SESSION_ID"),
        counts={"accounts": 450},
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
    "autotask": Walk(
        "tickets",
        Ask("/V1.0/Tickets/query", (), "POST", AT_ALL),
        url_at("pageDetails.nextPageUrl", keep=True),
        at("items"),
        fixed(ApiIntegrationCode="{api_integration_code}", UserName="{user_name}", Secret="{secret}"),
        Ask("/V1.0/Tickets/query", (), "POST", AT_SINCE),
        "tickets",
        bump("tickets"),
        Ask("/V1.0/Tickets/query", (), "POST", {"MaxRecords": 501, "filter": AT_ALL["filter"]}),
        (401, lambda body: isinstance(body["errors"][0], str)),
    ),
    "halopsa": Walk(
        "tickets",
        Ask("/Tickets", (("pageinate", "true"), ("page_size", "3"), ("page_no", "1"), ("order", "id"))),
        counted("page_no", lambda body: int(body["record_count"]), 3, 1),
        at("tickets"),
        by_token("/auth/token", {"grant_type": "client_credentials", "scope": "all"}),
        Ask(
            "/Tickets", (("pageinate", "true"), ("page_no", "1"), ("lastupdatefromdate", f"{SINCE:%Y-%m-%dT%H:%M:%S}"))
        ),
        "tickets",
        bump("tickets"),
        Ask("/Tickets", (("paginate", "true"),)),
        (401, lambda body: "Message" in body),
    ),
    "hubspot": Walk(
        "companies",
        Ask("/crm/v3/objects/companies", (("limit", "3"), ("properties", "name,domain"))),
        token_at("paging.next.after", "after"),
        at("results"),
        fixed(Authorization="Bearer {access_token}"),
        Ask("/crm/v3/objects/companies/search", (), "POST", hubspot_search(SINCE)),
        "companies",
        bump("companies"),
        Ask("/crm/v3/objects/companies", (("limit", "101"),)),
        (401, lambda body: body["status"] == "error" and body["category"] == "INVALID_AUTHENTICATION"),
    ),
    "xero": Walk(
        "invoices",
        Ask("/api.xro/2.0/Invoices", (("page", "1"), ("pageSize", "3"), ("order", "UpdatedDateUTC ASC"))),
        counted("page", lambda body: int(body["pagination"]["itemCount"]), 3, 1),
        at("Invoices"),
        by_token(
            "/connect/token",
            {"grant_type": "refresh_token", "refresh_token": "{refresh_token}"},
            client_as="basic",
            **XERO,
        ),
        Ask("/api.xro/2.0/Invoices", (("page", "1"),), headers=(("If-Modified-Since", f"{SINCE:%Y-%m-%dT%H:%M:%S}"),)),
        "invoices",
        bump("invoices"),
        Ask("/api.xro/2.0/Invoices", (("page", "0"),)),
        (401, lambda body: body["Status"] == 401 and "Detail" in body),
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
    "stripe": Walk(
        "customers",
        Ask("/v1/customers", (("limit", "3"),)),
        stripe_follow,
        at("data"),
        fixed(Authorization="Bearer {restricted_api_key}"),
        Ask("/v1/customers", (("created[gte]", str(int(SINCE.timestamp()))), ("limit", "100"))),
        "customers",
        added("customers"),
        Ask("/v1/customers", (("updated[gte]", "1"),)),
        (401, lambda body: body["error"]["type"] == "invalid_request_error"),
    ),
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
    "quickbooks": Walk(
        "invoices",
        Ask("/v3/company/4620816365/query", (("query", quickbooks_query(1)),)),
        quickbooks_follow,
        at("QueryResponse.Invoice"),
        by_token(
            "/oauth2/v1/tokens/bearer",
            {"grant_type": "refresh_token", "refresh_token": "{refresh_token}"},
            client_as="basic",
        ),
        Ask(
            "/v3/company/4620816365/query",
            (
                (
                    "query",
                    QB_SINCE,
                ),
            ),
        ),
        "invoices",
        bump("invoices"),
        Ask("/v3/company/4620816365/query", (("query", "select * from Invoice MAXRESULTS 1001"),)),
        (401, lambda body: body["Fault"]["Error"][0]["code"] == "3200"),
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
