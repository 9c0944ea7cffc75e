"""GitLab: groups and their projects, issues and merge requests, pipelines and deployments, members and audit events."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from avesa.connector.auth import HeaderKey, OneOf
from avesa.connector.completeness import Total
from avesa.connector.incremental import Changes, InParams
from avesa.connector.limits import Limits, Rate, Told
from avesa.connector.oauth2 import RefreshToken
from avesa.connector.paging import Link, NextUrl
from avesa.connector.request import Params
from avesa.connector.retry import Code, Errors
from avesa.connector.service import Endpoint, Parent, Service, Setting

API = "/api/v4"
MILLISECONDS = "%Y-%m-%dT%H:%M:%S.000Z"
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
WEEKLY = timedelta(days=7)

# GitLab REST API, pagination: the Link header names the next page, by number or by cursor, and behind 10,000 rows it
# is all that does. Numbers end at 50,000 rows: lists that may be as long are asked for by keyset. The total comes in a
# header, of a list that goes by numbers and has no more than 10,000 rows.
PAGES = NextUrl(Link(), size="per_page", most=100, numbered=True)
KEYSET: Params = (("pagination", "keyset"), ("order_by", "id"), ("sort", "asc"))

STEADY: Params = (("order_by", "created_at"), ("sort", "asc"))
BY_ID: Params = (("order_by", "id"), ("sort", "asc"))
RISING: Params = (("order_by", "updated_at"), ("sort", "asc"))
"""What changes behind the walk moves to its end, and no other row out of it."""

EVERYBODYS: Params = (("scope", "all"),)
"""Without it only what the token's user made is shown."""


def updated(*params: tuple[str, str], order: Params = RISING) -> Changes:
    return Changes(
        "updated_at", ask=("updated_after", "{since}"), form=MILLISECONDS, overlap=MINUTE, params=(*params, *order)
    )


def listed(name: str, path: str, *params: tuple[str, str], order: Params = STEADY, **more: Any) -> Endpoint:
    """A list that can be asked for what changed. Deleted records vanish."""
    asked = {"changes": updated(*params), "may_be_empty": True, **more}
    return Endpoint(name, f"{API}/{path}", params=(*params, *order), **asked)


def of_group(name: str, end: str, *params: tuple[str, str], **more: Any) -> Endpoint:
    return listed(name, f"groups/{{id}}/{end}", *params, **{"parent": Parent("groups", "id"), **more})


def of_project(name: str, end: str, *params: tuple[str, str], **more: Any) -> Endpoint:
    """The last activity of a project is up to an hour late, so all projects are asked."""
    above = Parent("group_projects", "id", every=True)
    return listed(name, f"projects/{{id}}/{end}", *params, **{"parent": above, **more})


# A token for runners lets anyone run jobs, and the address of an import may hold a password.
OF_PROJECTS = ("**.runners_token", "**.import_url")

SERVICE = Service(
    name="gitlab",
    title="GitLab",
    category="devops",
    base_url="https://{host}",
    settings=(
        Setting("host", default="gitlab.com", help="or your own server"),
        Setting(
            "scope",
            default="assigned_to_me",
            help="of issues and merge_requests: all on a server of your own; at gitlab.com that is the whole world's",
        ),
    ),
    secrets=("access_token", "client_id", "client_secret", "refresh_token"),
    # GitLab REST API, authentication: a personal, group or project token with read_api, or OAuth 2, whose refresh token
    # changes with each use.
    auth=OneOf((HeaderKey("PRIVATE-TOKEN", "{access_token}"), RefreshToken("https://{host}/oauth/token"))),
    account=("host", "access_token", "client_id"),
    paging=PAGES,
    total=Total(header="X-Total"),
    # GitLab, rate limits: 2,000 requests a minute, and of some lists fewer. A server of one's own may have others, and
    # tells so.
    limits=Limits(
        rates=(
            Rate(2000, per=MINUTE),
            Rate(200, per=MINUTE, group="groups"),
            Rate(200, per=MINUTE, group="members"),
            Rate(600, per=MINUTE, group="group_projects"),
            Rate(2000, per=timedelta(minutes=10), group="projects"),
        ),
        told=(Told("RateLimit-Remaining", limit="RateLimit-Limit", reset="RateLimit-Reset", reset_as="epoch"),),
        rest=MINUTE,
    ),
    # A list that a server does not have any more, as epics one day, is gone with 404 or 410.
    errors=Errors(code="error", codes=(Code(None, "gone", status=410),)),
    check="groups",
    endpoints=(
        # All groups come in one list, those below others too.
        Endpoint(
            "groups",
            f"{API}/groups",
            params=BY_ID,
            secret_fields=OF_PROJECTS,
            limit_group="groups",
            canonical="companies",
        ),
        # Each group's own projects: those of groups below it are asked for there, and shared ones where they belong.
        of_group(
            "group_projects",
            "projects",
            ("with_shared", "false"),
            order=BY_ID,
            changes=None,
            updated_at="last_activity_at",
            secret_fields=OF_PROJECTS,
            limit_group="group_projects",
            canonical="projects",
        ),
        # GitLab, projects: the last activity is noted once an hour at most.
        Endpoint(
            "projects",
            f"{API}/projects",
            params=(("membership", "true"), *KEYSET),
            changes=Changes(
                "last_activity_at",
                ask=("last_activity_after", "{since}"),
                form=MILLISECONDS,
                overlap=timedelta(hours=2),
            ),
            secret_fields=OF_PROJECTS,
            limit_group="projects",
            canonical="projects",
            may_be_empty=True,
        ),
        # For a server of one's own: at gitlab.com this is everybody, and the table is to be left out for group_members.
        Endpoint("users", f"{API}/users", params=KEYSET, every=DAY, canonical="users"),
        # Inherited members too. Who is in several groups is one person.
        of_group("group_members", "members/all", order=(), changes=None, limit_group="members", canonical="users"),
        listed("issues", "issues", ("scope", "{scope}"), canonical="tickets"),
        of_group("group_issues", "issues", *EVERYBODYS, canonical="tickets"),
        # Numbers are those of the project, and notes are asked for by them.
        of_project(
            "project_issues", "issues", *EVERYBODYS, key=("iid",), unique_under_parent=True, canonical="tickets"
        ),
        of_group("group_merge_requests", "merge_requests", *EVERYBODYS, ("state", "all"), canonical="tasks"),
        listed("merge_requests", "merge_requests", ("scope", "{scope}"), ("state", "all"), canonical="tasks"),
        # A note moves the time of its issue.
        listed(
            "issue_notes",
            "projects/{id}/issues/{issue_iid}/notes",
            parent=Parent("project_issues", ("id", "issue_iid")),
            changes=Changes(
                "updated_at",
                ask=InParams(()),
                params=(("order_by", "updated_at"), ("sort", "desc")),
                newest_first=True,
                overlap=MINUTE,
            ),
            relist=timedelta(days=30),
        ),
        of_group("group_milestones", "milestones", order=(), changes=updated(order=())),
        of_project("pipelines", "pipelines", order=BY_ID),
        # Asked for by the committer's date, which may lie days before the push; a push by force takes commits away. The
        # same commit is in the forks of a project.
        of_project(
            "commits",
            "repository/commits",
            order=(),
            unique_under_parent=True,
            changes=Changes("committed_date", ask=("since", "{since}"), form=MILLISECONDS, overlap=WEEKLY),
            relist=WEEKLY,
        ),
        of_project(
            "releases",
            "releases",
            order=(("order_by", "released_at"), ("sort", "asc")),
            key=("tag_name",),
            unique_under_parent=True,
            changes=None,
            updated_at="released_at",
        ),
        # GitLab, deployments: `updated_after` goes with the order by that time alone.
        of_project(
            "deployments",
            "deployments",
            order=BY_ID,
            secret_fields=OF_PROJECTS,
        ),
        of_group("epics", "epics", ("include_descendant_groups", "false"), canonical="projects"),
        of_group("group_labels", "labels", ("only_group_labels", "true"), order=(), changes=None),
        # GitLab, audit events: 30 days at most for one question, and by keyset alone. Nothing in them is ever deleted.
        of_group(
            "audit_events",
            "audit_events",
            order=(("pagination", "keyset"), ("order_by", "created_at")),
            changes=Changes(
                "created_at",
                ask=InParams((("created_after", "{since}"), ("created_before", "{until}"))),
                form=MILLISECONDS,
                overlap=timedelta(minutes=10),
                longest_window=timedelta(days=30),
                kept_for=timedelta(days=365),
                only=True,
            ),
        ),
        # Only groups at the top have seats.
        of_group(
            "billable_members",
            "billable_members",
            order=(),
            changes=None,
            parent=Parent("groups", "id", having="parent_id", values=(None,)),
            unique_under_parent=True,
            canonical="agreements",
        ),
    ),
)
