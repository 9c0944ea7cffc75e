"""How the pages of those who teach people, keep devices and watch networks say that they are read: see walks.py."""

from __future__ import annotations

from conformance.walks import (
    Ask,
    Walk,
    added,
    at,
    fixed,
    link,
)

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
}
