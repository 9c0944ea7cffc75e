"""Asana: workspaces with their people and teams, projects and their tasks, what is said and logged on these, portfolios
and goals, and what happened.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from avesa.connector.auth import Bearer, OneOf
from avesa.connector.incremental import Changes, Delta, InParams
from avesa.connector.keyset import Values
from avesa.connector.limits import Limits, Rate
from avesa.connector.oauth2 import RefreshToken
from avesa.connector.paging import Cursor, End, Expired, SearchWindow, SinglePage
from avesa.connector.request import Params, Request
from avesa.connector.retry import Code, Errors
from avesa.connector.service import Deleted, Endpoint, Parent, Service, Setting
from avesa.connector.times import read_time
from avesa.integrations.asana import fields
from avesa.shared.errors import TableFailed

MINUTE = timedelta(minutes=1)
DAILY = timedelta(days=1)
MOMENT = "%Y-%m-%dT%H:%M:%S.000Z"

# Asana API, pagination: without a size a list is cut off, or refused as too long. The token of a page expires, which is
# told by 400; behind a first page that was answered nothing else is wrong with the same request.
EXPIRED = (Expired(400),)
PAGES = Cursor("next_page.offset", "offset", most=100, expired=EXPIRED)

# Asana API, audit log: a next page is named always, so that one can wait for more. An empty one is the end.
LOG = Cursor("next_page.offset", "offset", most=100, end=End(short=False), expired=EXPIRED)

MOST_FOUND, USUALLY_FOUND = 100, 20
"""Asana API, search: there are no pages behind the first. Its size is published for other lists."""


def changed_later(request: Request, values: Values) -> Request:
    """A search goes on from the time of the last task: later than the millisecond before."""
    try:
        last = read_time(values[0])
    except ValueError:
        last = None
    if last is None:
        raise TableFailed("The last task of a page has no readable time, by which the next one is asked for.")
    return request.with_params(("modified_at.after", _written(last - timedelta(milliseconds=1))))


def _written(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


FOUND = SearchWindow(
    SinglePage(), ("modified_at",), changed_later, cap=MOST_FOUND, size=MOST_FOUND, usual=USUALLY_FOUND
)

# Asana API, tasks: only the lists of tasks can be asked for what changed.
MODIFIED = Changes("modified_at", ask=("modified_since", "{since}"), form=MOMENT, overlap=MINUTE)

# Asana API, search: what is found lags by some seconds.
SEARCHED: Params = (("sort_by", "modified_at"), ("sort_ascending", "true"), ("limit", str(MOST_FOUND)))
FOUND_LATER = Changes("modified_at", ask=("modified_at.after", "{since}"), form=MOMENT, overlap=timedelta(minutes=5))

# Asana API, time tracking: by the day of the work, not by that of a change. What is corrected within two months is read
# again, and later corrections are seen in a listing.
RECENT_WORK = Changes(
    "created_at",
    ask=("entered_on_start_date", "{since}"),
    form="%Y-%m-%d",
    overlap=timedelta(days=60),
)

HAPPENED = Changes(
    "created_at",
    ask=InParams((("start_at", "{since}"),)),
    form=MOMENT,
    overlap=timedelta(minutes=10),
    kept_for=timedelta(days=90),
    only=True,
)

# Asana API, events: what happened in a project since a token. Without one, or with one that is a day old, the answer is
# 412 and a new token.
FEED = Delta(("sync",), ask=("sync", "{token}"), only=True)


def listed(name: str, path: str, params: Params, **more: Any) -> Endpoint:
    return Endpoint(name, path, records="data", key=("gid",), params=params, **more)


def of_workspace(name: str, end: str, params: Params, **more: Any) -> Endpoint:
    """A list whose address has the workspace in it."""
    parent = Parent("workspaces", "workspace_gid", having=more.pop("having", None))
    return listed(name, f"/workspaces/{{workspace_gid}}/{end}", params, **{"parent": parent, **more})


def in_workspace(name: str, params: Params, **more: Any) -> Endpoint:
    """A list that is asked for with the workspace as a parameter."""
    return listed(name, f"/{name}", params, parent=Parent("workspaces", "workspace", into="query"), **more)


def of_project(name: str, path: str, params: Params, **more: Any) -> Endpoint:
    """A list of each project, which does not show that something came or changed in it."""
    parent = Parent("projects", more.pop("param", "project_gid"), into=more.pop("into", "path"), every=True)
    return listed(name, path, params, parent=parent, **more)


SERVICE = Service(
    name="asana",
    title="Asana",
    category="productivity",
    base_url="https://app.asana.com/api/1.0",
    settings=(
        Setting("requests_a_minute", default="", help="what your plan allows, 150 if empty: 1500 if it is a paid one"),
        Setting(
            "portfolio_owner",
            default="me",
            help="empty for everybody's, which only a service account may ask for",
            may_be_empty=True,
        ),
    ),
    secrets=("access_token", "client_id", "client_secret", "refresh_token"),
    # Asana API, authentication: a personal access token or that of a service account, or OAuth 2. A token sees what its
    # user sees.
    auth=OneOf((Bearer("{access_token}"), RefreshToken("https://app.asana.com/-/oauth_token"))),
    account=("access_token", "client_id", "refresh_token"),
    paging=PAGES,
    # Asana API, rate limits: for each token, by the plan; searches are counted apart as well. A refusal says how long.
    limits=Limits(
        rates=(
            Rate(150, per=MINUTE, setting="requests_a_minute"),
            Rate(60, per=MINUTE, group="search"),
        ),
    ),
    errors=Errors(
        message="errors.0.message",
        codes=(
            # What the plan of a workspace does not have, and what is not ours to see in it.
            Code(None, "refused", status=402),
            Code(None, "refused", status=403),
            Code(None, "empty", status=412),
        ),
    ),
    check="workspaces",
    endpoints=(
        # All that the token sees.
        listed("workspaces", "/workspaces", fields.WORKSPACE, canonical="companies"),
        # A person may be in several workspaces.
        in_workspace("users", fields.USER, canonical="users"),
        of_workspace(
            "workspace_memberships",
            "workspace_memberships",
            fields.WORKSPACE_MEMBERSHIP,
            deleted=Deleted("is_active", (False,)),
        ),
        # Only organizations have teams.
        of_workspace("teams", "teams", fields.TEAM, having="is_organization", may_be_empty=True),
        listed(
            "team_memberships",
            "/team_memberships",
            fields.TEAM_MEMBERSHIP,
            parent=Parent("teams", "team", into="query"),
            every=DAILY,
            may_be_empty=True,
        ),
        # Archived ones are among them. They tell when they changed, and cannot be asked by it.
        in_workspace("projects", fields.PROJECT, updated_at="modified_at", canonical="projects"),
        of_project("sections", "/projects/{project_gid}/sections", fields.SECTION, every=DAILY, may_be_empty=True),
        # Status updates take their place one day; these still answer.
        of_project(
            "project_statuses",
            "/projects/{project_gid}/project_statuses",
            fields.PROJECT_STATUS,
            updated_at="modified_at",
            every=DAILY,
            may_be_empty=True,
        ),
        # A task in several projects is one task. Subtasks are found by a search alone.
        of_project(
            "tasks",
            "/tasks",
            fields.TASK,
            param="project",
            into="query",
            changes=MODIFIED,
            canonical="tasks",
        ),
        # All tasks of a workspace, for paid plans.
        of_workspace(
            "tasks_search",
            "tasks/search",
            (*fields.TASK, *SEARCHED, ("modified_at.after", "1970-01-01T00:00:00.000Z")),
            paging=FOUND,
            changes=FOUND_LATER,
            limit_group="search",
            canonical="tasks",
        ),
        # A request for each task that changed. Not every comment moves the time of its task, and one that is edited
        # keeps its own: all are asked once a month.
        listed(
            "stories",
            "/tasks/{task_gid}/stories",
            fields.STORY,
            parent=Parent("tasks", "task_gid"),
            changes=Changes("created_at", ask=InParams(())),
            relist=timedelta(days=30),
            may_be_empty=True,
        ),
        # All that was ever logged is read once a week, a hundred at a time.
        in_workspace(
            "time_tracking_entries",
            fields.TIME_ENTRY,
            changes=RECENT_WORK,
            relist=timedelta(days=7),
            canonical="time_entries",
        ),
        of_workspace("custom_fields", "custom_fields", fields.CUSTOM_FIELD, every=DAILY, may_be_empty=True),
        of_workspace("tags", "tags", fields.TAG, may_be_empty=True),
        in_workspace(
            "portfolios",
            (*fields.PORTFOLIO, ("owner", "{portfolio_owner}")),
            every=DAILY,
            may_be_empty=True,
        ),
        in_workspace("goals", fields.GOAL, every=DAILY, may_be_empty=True),
        of_project(
            "budgets",
            "/budgets",
            (),
            param="parent",
            into="query",
            paging=SinglePage(),
            every=DAILY,
            may_be_empty=True,
        ),
        # For the service account of an Enterprise organization, for 90 days. Who failed to sign in is told with what
        # was sent.
        of_workspace(
            "audit_log_events",
            "audit_log_events",
            (),
            having="is_organization",
            paging=LOG,
            changes=HAPPENED,
            secret_fields=("details.saml_response",),
            may_be_empty=True,
        ),
        # Much may happen to one thing at one instant.
        Endpoint(
            "events",
            "/events",
            records="data",
            key=("resource.gid", "created_at", "action", "parent.gid", "change.field"),
            may_lack=("parent.gid", "change.field"),
            updated_at="created_at",
            params=fields.EVENT,
            parent=Parent("projects", "resource", into="query", every=True),
            changes=FEED,
            paging=Cursor("sync", "sync", size=None, end=End(more="has_more", short=False)),
            may_be_empty=True,
        ),
    ),
)
