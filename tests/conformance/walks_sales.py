"""How the pages of sales, billing and software vendors say that they are read; see walks.py."""

from __future__ import annotations

import httpx2

from avesa.sandbox.vendor.server import Serving
from conformance.walks import (
    NOW,
    SINCE,
    Ask,
    Sign,
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

ODATA = {"OData_MaxVersion": "4.0", "OData_Version": "4.0"}


def pax8(serving: Serving, client: httpx2.Client) -> Sign:
    """A token for a JSON body that names the partner's own API."""
    asked = {"client_id": "p8-client", "client_secret": "p8-secret", "audience": "https://api.pax8.com"}
    answer = client.post(f"{serving.root}/v1/token", json={**asked, "grant_type": "client_credentials"})
    token = answer.json()["access_token"]
    return lambda method, url: {"Authorization": f"Bearer {token}"}


def zoho(serving: Serving, client: httpx2.Client) -> Sign:
    """A token for a refresh token, sent behind Zoho's own word."""
    asked = {"grant_type": "refresh_token", "refresh_token": "zo-refresh"}
    client_ = {"client_id": "zo-client", "client_secret": "zo-secret"}
    token = client.post(f"{serving.root}/oauth/v2/token", data={**asked, **client_}).json()["access_token"]
    return lambda method, url: {"Authorization": f"Zoho-oauthtoken {token}"}


EPOCH = str(int(SINCE.timestamp()))

SALES = {
    "chargebee": Walk(
        "customers",
        Ask("/api/v2/customers", (("limit", "3"), ("include_deleted", "true"))),
        token_at("next_offset", "offset"),
        at("list"),
        lambda serving, client: lambda method, url: {"Authorization": basic("cb-strict-key", "")},
        Ask("/api/v2/customers", (("updated_at[after]", EPOCH), ("sort_by[asc]", "updated_at"))),
        "customers",
        bump("customers"),
        Ask("/api/v2/coupons", (("sort_by[asc]", "updated_at"),)),
        (401, lambda body: body["api_error_code"] == "api_authentication_failed" and isinstance(body["message"], str)),
    ),
    "dynamics365": Walk(
        "accounts",
        Ask("/accounts", headers=(("Prefer", "odata.maxpagesize=3"),)),
        url_at("@odata.nextLink", keep=True),
        at("value"),
        by_token(
            "/{tenant_id}/oauth2/v2.0/token",
            {"grant_type": "client_credentials", "scope": "https://contoso.crm4.dynamics.com/.default"},
            **ODATA,
        ),
        Ask(
            "/accounts",
            (("$filter", f"modifiedon ge {ticks(SINCE)}"), ("$orderby", "modifiedon asc,accountid asc")),
        ),
        "accounts",
        bump("accounts"),
        Ask("/accounts", (("$filter", f"modifiedon ge '{ticks(SINCE)}'"),)),
        (401, lambda body: body["error"]["code"].startswith("0x") and isinstance(body["error"]["message"], str)),
    ),
    "pax8": Walk(
        "companies",
        Ask("/v1/companies", (("page", "0"), ("size", "3"))),
        counted("page", lambda body: int(body["page"]["totalElements"]), 3, 0),
        at("content"),
        pax8,
        Ask("/v1/companies", (("status", "Deleted"),)),
        "companies",
        lambda vendor: vendor.key("companies", vendor.delete("companies", 1)),
        Ask("/v1/companies", (("size", "201"),)),
        (401, lambda body: body["status"] == 401 and isinstance(body["message"], str)),
    ),
    "zoom": Walk(
        "rooms",
        Ask("/rooms", (("page_size", "3"),)),
        token_at("next_page_token", "next_page_token"),
        at("rooms"),
        by_token("/oauth/token", {"grant_type": "account_credentials", "account_id": "zm-account"}, client_as="basic"),
        Ask("/report/operationlogs", (("from", f"{NOW:%Y-%m-%d}"), ("to", f"{NOW:%Y-%m-%d}"))),
        "operation_logs",
        added("operation_logs"),
        Ask("/report/operationlogs", (("from", f"{NOW:%Y-%m-%d}"),)),
        (401, lambda body: body["code"] == 124 and isinstance(body["message"], str)),
        changed_records=at("operation_logs"),
    ),
    "zoho_crm": Walk(
        "accounts",
        Ask("/crm/v8/Accounts", (("fields", "Account_Name,Modified_Time"), ("per_page", "3"))),
        token_at("info.next_page_token", "page_token"),
        at("data"),
        zoho,
        Ask(
            "/crm/v8/Accounts",
            (("fields", "Account_Name,Modified_Time"), ("sort_by", "Modified_Time"), ("sort_order", "asc")),
            headers=(("If-Modified-Since", SINCE.strftime("%Y-%m-%dT%H:%M:%S+00:00")),),
        ),
        "accounts",
        bump("accounts"),
        Ask("/crm/v8/Accounts", (("per_page", "100"),)),
        (401, lambda body: body["code"] == "INVALID_TOKEN" and body["status"] == "error"),
    ),
    "shopify": Walk(
        "products",
        Ask("/admin/api/2026-04/products.json", (("limit", "3"),)),
        link,
        at("products"),
        fixed(X_Shopify_Access_Token="{admin_api_access_token}"),
        Ask("/admin/api/2026-04/products.json", (("updated_at_min", ticks(SINCE)),)),
        "products",
        bump("products"),
        Ask("/admin/api/2026-04/products.json", (("limit", "251"),)),
        (401, lambda body: isinstance(body["errors"], str)),
    ),
}
