"""How vendors for making software and for doing projects together say that they are read; see walks.py."""

from __future__ import annotations

from avesa.sandbox.vendor.vendor import StrictVendor
from conformance.walks import SINCE, Answer, Ask, Walk, added, at, bump, counted, fixed, link, ticks, token_at

GITHUB = (("Accept", "application/vnd.github+json"), ("X-GitHub-Api-Version", "2022-11-28"))

# Closed tasks and subtasks are shown where they are asked for.
CLICKUP = (("include_closed", "true"), ("subtasks", "true"))


def clickup_follow(ask: Ask, answer: Answer) -> Ask | None:
    """A page of fewer than 100 tasks is the last."""
    if len(answer.json()["tasks"]) < 100:
        return None
    return ask.having(("page", str(int(dict(ask.params)["page"]) + 1)))


def clickup_change(vendor: StrictVendor) -> str:
    return str(vendor.key("tasks", vendor.change("tasks", 4, ("1",))))


def asana_change(vendor: StrictVendor) -> str:
    return str(vendor.key("tasks_search", vendor.change("tasks_search", 1, ("work00001",))))


SOFTWARE = {
    "asana": Walk(
        "workspaces",
        Ask("/workspaces", (("opt_fields", "name,is_organization"), ("limit", "3"))),
        token_at("next_page.offset", "offset"),
        at("data"),
        fixed(Authorization="Bearer {access_token}"),
        Ask("/workspaces/work00001/tasks/search", (("modified_at.after", f"{SINCE:%Y-%m-%dT%H:%M:%S}.000Z"),)),
        "tasks_search",
        asana_change,
        Ask("/workspaces", (("limit", "101"),)),
        (401, lambda body: isinstance(body["errors"][0]["message"], str)),
        changed_records=at("data"),
    ),
    "clickup": Walk(
        "tasks",
        Ask("/v2/team/1/task", (*CLICKUP, ("page", "0"))),
        clickup_follow,
        at("tasks"),
        fixed(Authorization="{api_token}"),
        Ask("/v2/team/1/task", (*CLICKUP, ("date_updated_gt", str(int(SINCE.timestamp() * 1000))))),
        "tasks",
        clickup_change,
        Ask("/v2/team/1/task", (("page_size", "3"),)),
        (401, lambda body: body["ECODE"] == "OAUTH_017" and isinstance(body["err"], str)),
        counts={"tasks": 230},
        place=("1",),
    ),
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
