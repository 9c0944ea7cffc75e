"""How the pages of device managers, documentation and security vendors say that they are read: see walks.py."""

from __future__ import annotations

from conformance.walks import SINCE, Answer, Ask, Walk, added, at, by_token


def ninja_follow(ask: Ask, answer: Answer) -> Ask | None:
    rows = answer.json()
    return ask.having(("after", str(rows[-1]["id"]))) if rows else None


SINCE_SECONDS = str(int(SINCE.timestamp()))

WALKS_RMM = {
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
