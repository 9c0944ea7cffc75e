"""How the pages of sales, billing and software vendors say that they are read; see walks.py."""

from __future__ import annotations

from conformance.walks import SINCE, Ask, Walk, at, bump, by_token, ticks, url_at

ODATA = {"OData_MaxVersion": "4.0", "OData_Version": "4.0"}

BUSINESS = {
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
}
