"""GitLab: groups and their projects, issues and merge requests, and what is built and released of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from avesa.connector.auth import HeaderKey, OneOf
from avesa.connector.incremental import Changes, InParams
from avesa.connector.limits import Limits, Rate, Told
from avesa.connector.oauth2 import RefreshToken
from avesa.connector.paging import Link, NextUrl
from avesa.connector.request import Params
from avesa.connector.retry import Code, Errors
from avesa.connector.service import Endpoint, Parent, Service, Setting

V4 = "/api/v4"

# GitLab REST API, pagination: the Link header names the next page, whether by number or behind a key, and none at the
# end. Numbers reach 50,000 rows; totals are left out above 10,000. Where there are keys they are asked for.
PAGES = NextUrl(Link(), size="per_page", most=100)
KEYSET: Params = (("pagination", "keyset"),)
BY_ID: Params = (*KEYSET, ("order_by", "id"), ("sort", "asc"))

# GitLab REST API, list issues: updated_after is on or after. Rows move while they are paged in the order of change, but
# only to the end, where they are met again.
UPDATED = Changes("updated_at", ask=InParams((("updated_after", "{since}"),)), overlap=timedelta(minutes=1))
BY_UPDATE: Params = (("order_by", "updated_at"), ("sort", "asc"))
# Without a word lists of issues and merge requests show those that the token's own user made.
ALL: Params = (("scope", "all"), ("state", "all"), *BY_UPDATE)

# A group does not show that something below it changed. Issues, merge requests and epics come under the group that they
# are in and under those above it: the same record each time, which counts once.
GROUP = Parent("groups", "id", every=True)
PROJECT = Parent("group_projects", "id", every=True)

# A runner's token lets a machine build for the group or project, and the address of an import may hold a password.
SECRETS = ("runners_token", "import_url")


def of_group(name: str, path: str, **more: Any) -> Endpoint:
    more.setdefault("changes", UPDATED)
    return Endpoint(name, f"{V4}/groups/{{id}}/{path}", parent=GROUP, may_be_empty=True, **more)


def of_project(name: str, path: str, **more: Any) -> Endpoint:
    more.setdefault("changes", UPDATED)
    return Endpoint(name, f"{V4}/projects/{{id}}/{path}", parent=PROJECT, may_be_empty=True, **more)


SERVICE = Service(
    name="gitlab",
    title="GitLab",
    category="devops",
    base_url="https://{host}",
    settings=(
        Setting("host", default="gitlab.com", help="or your own server"),
        Setting("requests_a_minute", default="2000", help="for each user: 2000 on gitlab.com"),
    ),
    secrets=("access_token", "client_id", "client_secret", "refresh_token"),
    # GitLab, authentication: a token of a person, a group or a project that may read the API; or OAuth, where the
    # refresh token changes with each use and an access token lives two hours.
    auth=OneOf((HeaderKey("PRIVATE-TOKEN", "{access_token}"), RefreshToken("https://{host}/oauth/token"))),
    account=("host", "access_token", "client_id"),
    paging=PAGES,
    # GitLab.com, rate limits: in general, and for lists of groups, of their projects and of their members.
    limits=Limits(
        rates=(
            Rate(2000, per=timedelta(minutes=1), setting="requests_a_minute"),
            Rate(200, per=timedelta(minutes=1), group="groups"),
            Rate(600, per=timedelta(minutes=1), group="group_projects"),
            Rate(2000, per=timedelta(minutes=10), group="projects"),
            Rate(200, per=timedelta(minutes=1), group="members"),
        ),
        told=(Told("RateLimit-Remaining", limit="RateLimit-Limit", reset="RateLimit-Reset", reset_as="epoch"),),
        rest=timedelta(seconds=10),
    ),
    # GitLab REST API, errors: 404 is said of what one may not see too. A project whose issues, pipelines or repository
    # are turned off answers 403 for these.
    errors=Errors(code="error", message="message", codes=(Code(None, "gone", status=403, text="403 Forbidden"),)),
    check="projects",
    endpoints=(
        # A group that will be deleted stays until its day. Those that everybody may see are not asked for.
        Endpoint(
            "groups",
            f"{V4}/groups",
            params=(("all_available", "false"), *KEYSET, ("order_by", "name"), ("sort", "asc")),
            changes=None,
            secret_fields=SECRETS,
            canonical="companies",
            limit_group="groups",
        ),
        # Archived projects are listed too; those that were shared with a group belong to another one.
        of_group(
            "group_projects",
            "projects",
            params=(("include_subgroups", "false"), ("with_shared", "false"), ("order_by", "id"), ("sort", "asc")),
            changes=None,
            updated_at="last_activity_at",
            secret_fields=SECRETS,
            canonical="projects",
            limit_group="group_projects",
        ),
        # All that the token's user is a member of, those outside of groups too. The time of activity is coarse.
        Endpoint(
            "projects",
            f"{V4}/projects",
            params=(("membership", "true"), *BY_ID),
            changes=Changes(
                "last_activity_at",
                ask=InParams((("last_activity_after", "{since}"),)),
                overlap=timedelta(hours=2),
            ),
            secret_fields=SECRETS,
            limit_group="projects",
            may_be_empty=True,
        ),
        # The whole of a server's users, with all of their fields for an administrator's token alone.
        Endpoint("users", f"{V4}/users", params=BY_ID, changes=None, canonical="users", may_be_empty=True),
        of_group(
            "group_members",
            "members/all",
            unique_under_parent=True,
            changes=None,
            canonical="users",
            limit_group="members",
        ),
        # On a public server this is all that anybody may see: those of groups become tickets, these do not.
        Endpoint("issues", f"{V4}/issues", params=ALL, changes=UPDATED, may_be_empty=True),
        of_group("group_issues", "issues", params=ALL, canonical="tickets"),
        # By their number in the project, as their notes are asked for.
        of_project("project_issues", "issues", key=("iid",), unique_under_parent=True, params=ALL),
        of_group("group_merge_requests", "merge_requests", params=ALL, canonical="tasks"),
        Endpoint("merge_requests", f"{V4}/merge_requests", params=ALL, changes=UPDATED, may_be_empty=True),
        # A note makes its issue change.
        Endpoint(
            "issue_notes",
            f"{V4}/projects/{{id}}/issues/{{issue_iid}}/notes",
            parent=Parent("project_issues", ("id", "issue_iid")),
            params=(("order_by", "created_at"), ("sort", "asc")),
            changes=Changes("updated_at", ask=InParams(())),
            relist=timedelta(days=30),
            may_be_empty=True,
        ),
        of_group("group_milestones", "milestones", params=(("include_descendants", "false"),)),
        of_project("pipelines", "pipelines", params=BY_UPDATE, relist=timedelta(days=7)),
        # Of all branches, by the date of the commit, which may be long before it is pushed.
        of_project(
            "commits",
            "repository/commits",
            unique_under_parent=True,
            params=(("all", "true"),),
            changes=Changes("committed_date", ask=InParams((("since", "{since}"),)), overlap=timedelta(days=7)),
            relist=timedelta(days=30),
        ),
        # Whether releases can be asked for what changed is not sure, and there are few of them.
        of_project(
            "releases",
            "releases",
            key=("tag_name",),
            unique_under_parent=True,
            changes=None,
            updated_at="released_at",
        ),
        of_project("deployments", "deployments", params=BY_UPDATE, relist=timedelta(days=7)),
        of_group("epics", "epics", params=(("state", "all"), *BY_UPDATE), canonical="projects"),
        of_group(
            "group_labels",
            "labels",
            params=(("include_descendant_groups", "false"), ("include_ancestor_groups", "false")),
            changes=None,
        ),
        # GitLab REST API, audit events: 30 days at most for one question; what is written in them stays.
        of_group(
            "audit_events",
            "audit_events",
            params=(*KEYSET, ("order_by", "created_at")),
            changes=Changes(
                "created_at",
                ask=InParams((("created_after", "{since}"), ("created_before", "{until}"))),
                overlap=timedelta(minutes=10),
                longest_window=timedelta(days=29),
                kept_for=timedelta(days=365),
                only=True,
            ),
        ),
        of_group(
            "billable_members",
            "billable_members",
            unique_under_parent=True,
            changes=None,
            canonical="agreements",
        ),
    ),
)
