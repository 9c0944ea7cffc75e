"""How vendors for the business itself (PSA, CRM, service, money) say that they are read; see walks.py."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from conformance.walks import (
    SINCE,
    Answer,
    Ask,
    Walk,
    added,
    at,
    basic,
    bump,
    by_token,
    counted,
    fixed,
    link,
    ticks,
    token_at,
    url_at,
)


def stripe_follow(ask: Ask, answer: Answer) -> Ask | None:
    body = answer.json()
    return ask.having(("starting_after", body["data"][-1]["id"])) if body["has_more"] else None


def servicenow_follow(ask: Ask, answer: Answer) -> Ask | None:
    """By offset up to the count: a page with fewer rows, or none, is not the end."""
    offset = int(dict(ask.params)["sysparm_offset"]) + 3
    return ask.having(("sysparm_offset", str(offset))) if offset < int(answer.headers["X-Total-Count"]) else None


def quickbooks_query(start: int) -> str:
    return f"select * from Invoice order by Metadata.LastUpdatedTime ASC STARTPOSITION {start} MAXRESULTS 3"


def quickbooks_follow(ask: Ask, answer: Answer) -> Ask | None:
    start = int(dict(ask.params)["query"].split("STARTPOSITION ")[1].split()[0])
    rows = answer.json()["QueryResponse"].get("Invoice", [])
    return ask.having(("query", quickbooks_query(start + 3))) if len(rows) == 3 else None


def hubspot_search(since: datetime) -> dict[str, Any]:
    found = {"propertyName": "hs_lastmodifieddate", "operator": "GTE", "value": str(int(since.timestamp() * 1000))}
    sort = {"propertyName": "hs_lastmodifieddate", "direction": "ASCENDING"}
    return {"filterGroups": [{"filters": [found]}], "sorts": [sort], "properties": ["name"], "limit": 200}


AT_ALL = {"filter": [{"op": "gte", "field": "id", "value": 0}], "MaxRecords": 3}

AT_SINCE = {"filter": [{"op": "gte", "field": "lastActivityDate", "value": ticks(SINCE)}], "MaxRecords": 500}

SOQL = "SELECT Id, Name, IsDeleted, SystemModstamp FROM Account"

XERO = {"xero_tenant_id": "{xero_tenant_id}"}

QB_SINCE = f"select * from Invoice where Metadata.LastUpdatedTime >= '{ticks(SINCE)}' STARTPOSITION 1 MAXRESULTS 9"

BUSINESS = {
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
}
