"""How vendors for making software and for doing projects together say that they are read; see walks.py."""

from __future__ import annotations

from conformance.walks import SINCE, Ask, Walk, added, at, bump, counted, fixed, link, ticks

GITHUB = (("Accept", "application/vnd.github+json"), ("X-GitHub-Api-Version", "2022-11-28"))

SOFTWARE = {
    "github": Walk(
        "repositories",
        Ask("/orgs/acme/repos", (("per_page", "3"),), headers=GITHUB),
        link,
        at(""),
        fixed(Authorization="Bearer {token}"),
        Ask("/orgs/acme/issues", (("filter", "all"), ("state", "all"), ("since", ticks(SINCE))), headers=GITHUB),
        "org_issues",
        bump("org_issues"),
        Ask("/orgs/acme/repos", (("per_page", "101"),), headers=GITHUB),
        (401, lambda body: body["message"] and body["status"] == 401),
        changed_records=at(""),
    ),
    "gitlab": Walk(
        "groups",
        Ask("/api/v4/groups", (("per_page", "3"),)),
        link,
        at(""),
        fixed(PRIVATE_TOKEN="{access_token}"),
        Ask("/api/v4/issues", (("scope", "all"), ("updated_after", f"{SINCE:%Y-%m-%dT%H:%M:%S}.000Z"))),
        "issues",
        bump("issues"),
        Ask("/api/v4/groups", (("per_page", "101"),)),
        (401, lambda body: isinstance(body["message"], str)),
        changed_records=at(""),
    ),
    "datadog": Walk(
        "users",
        Ask("/api/v2/users", (("page[size]", "3"), ("page[number]", "0"))),
        counted("page[number]", lambda body: int(body["meta"]["page"]["total_filtered_count"]), 3, 0),
        at("data"),
        fixed(DD_API_KEY="{api_key}", DD_APPLICATION_KEY="{application_key}"),
        Ask("/api/v2/audit/events", (("filter[from]", ticks(SINCE)), ("sort", "timestamp"))),
        "audit_events",
        added("audit_events"),
        Ask("/api/v2/users", (("page[size]", "101"),)),
        (401, lambda body: isinstance(body["errors"][0], str)),
        changed_records=at("data"),
    ),
}
