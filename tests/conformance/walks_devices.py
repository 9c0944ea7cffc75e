"""How the pages of those who teach people, keep devices and watch networks say that they are read: see walks.py."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from conformance.walks import (
    NOW,
    SINCE,
    Answer,
    Ask,
    Walk,
    added,
    at,
    bump,
    by_token,
    counted,
    fixed,
    link,
    ticks,
)

OPEN = ["Unattended", "Acknowledged"]


def ordered(field: str) -> dict[str, str]:
    return {"sort_field": field, "sort_direction": "asc"}


def addigy_follow(ask: Ask, answer: Answer) -> Ask | None:
    told = answer.json()["metadata"]
    return replace(ask, body={**ask.body, "page": told["page"] + 1}) if told["page"] < told["page_count"] else None


def cloudflare_follow(ask: Ask, answer: Answer) -> Ask | None:
    told = answer.json()["result_info"]
    reached = told["page"] * told["per_page"]
    return ask.having(("page", str(told["page"] + 1))) if reached < told["total_count"] else None


DEVICES = {
    "knowbe4": Walk(
        "users",
        Ask("/v1/users", (("per_page", "3"), ("cursor", "true"))),
        link,
        at(""),
        fixed(Authorization="Bearer {api_key}"),
        # Nothing can be asked for since: what came is the first where there was none.
        Ask("/v1/phishing/campaigns", (("per_page", "500"), ("page", "1"))),
        "phishing_campaigns",
        added("phishing_campaigns"),
        Ask("/v1/users", (("per_page", "501"),)),
        (401, lambda body: isinstance(body["error"], str)),
        counts={"phishing_campaigns": 0},
        changed_records=at(""),
    ),
    "jamf": Walk(
        "departments",
        Ask("/api/v1/departments", (("page-size", "3"), ("page", "0"), ("sort", "id:asc"))),
        counted("page", lambda body: int(body["totalCount"]), 3, 0),
        at("results"),
        by_token("/api/v1/oauth/token", {"grant_type": "client_credentials"}),
        Ask(
            "/api/v4/computers-inventory",
            (("section", "GENERAL"), ("section", "HARDWARE"), ("filter", f'general.reportDate>="{ticks(SINCE)}"')),
        ),
        "computers",
        bump("computers"),
        Ask("/api/v1/departments", (("page-size", "2001"),)),
        (401, lambda body: body["errors"][0]["code"] == "INVALID_TOKEN"),
        changed_records=at("results"),
    ),
    "addigy": Walk(
        "users",
        Ask("/o/org-7/users/query", method="POST", body={"page": 1, "per_page": 3, **ordered("email")}),
        addigy_follow,
        at("items"),
        fixed(x_api_key="{api_token}"),
        Ask(
            "/oa/monitoring/alerts/query",
            (("multitenancy", "true"),),
            method="POST",
            body={"page": 1, "per_page": 100, "query": {"statuses": OPEN}, **ordered("created_date")},
        ),
        "alerts",
        added("alerts"),
        Ask("/oa/monitoring/alerts/query", method="POST", body={"page": 1, "per_page": 3}),
        (401, lambda body: isinstance(body["message"], str)),
        counts={"alerts": 0},
        changed_records=lambda body: body["items"] or [],
    ),
    "cloudflare": Walk(
        "accounts",
        # Nobody may ask for fewer rows.
        Ask("/accounts", (("per_page", "5"), ("page", "1"), ("direction", "asc"))),
        cloudflare_follow,
        at("result"),
        fixed(Authorization="Bearer {api_token}"),
        Ask(
            "/accounts/acco00001/audit_logs",
            (("since", ticks(SINCE)), ("before", ticks(NOW + timedelta(hours=1))), ("direction", "asc")),
        ),
        "audit_logs",
        added("audit_logs", "acco00001"),
        Ask("/accounts", (("per_page", "51"),)),
        (401, lambda body: body["errors"][0]["code"] == 10000 and body["success"] is False),
        counts={"accounts": 11},
        changed_records=at("result"),
    ),
}
