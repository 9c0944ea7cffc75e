"""ClickUp: workspaces with their spaces, folders and lists, the tasks in these, comments, and time spent on them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from avesa.connector.auth import Bearer, HeaderKey, OneOf
from avesa.connector.incremental import Changes, InParams
from avesa.connector.keyset import Values
from avesa.connector.limits import Limits, Rate, Told
from avesa.connector.paging import End, InTurn, Keyset, PageNumber, SinglePage
from avesa.connector.request import Params, Request, as_text
from avesa.connector.retry import Code, Errors
from avesa.connector.service import Endpoint, Parent, Service, Setting
from avesa.connector.times import MILLISECONDS

MINUTE = timedelta(minutes=1)
DAILY = timedelta(days=1)

# ClickUp API, archived: a list shows either what is in use or what is archived.
BOTH = ("false", "true")
ARCHIVED_TOO = InTurn(SinglePage(), "archived", BOTH)

# ClickUp API, tasks: pages from 0, of 100 tasks; nobody may choose that. The tasks of a list say which page is the
# last, those of a workspace end with one that is not full.
TASKS = PageNumber(page="page", size=None, most=100, start=0, end=End(last="last_page"))

# Without these neither closed tasks nor subtasks are shown. By their making, the oldest first: a task that changes
# stays in its place, and one that comes in by a change shifts others to later pages, never to those that were read.
EVERY_TASK: Params = (
    ("include_closed", "true"),
    ("subtasks", "true"),
    ("order_by", "created"),
    ("reverse", "true"),
)

# ClickUp API, tasks: later than that millisecond, which is not included.
UPDATED = Changes("date_updated", ask=("date_updated_gt", "{since}"), form=MILLISECONDS, overlap=MINUTE)


def older(request: Request, values: Values) -> Request:
    """Comments begin with the newest: what is older lies behind the time and the id of one."""
    return request.with_params(("start", as_text(values[0])), ("start_id", as_text(values[1])))


COMMENTS = Keyset(("date", "id"), older, size=None, most=25)

# ClickUp API, time entries: the window is on the start of the work; without one the last 30 days are shown. There is
# none on the time of the last change, so what is corrected within two months is read again, and later corrections are
# seen in a listing.
EVER: Params = (("start_date", "946684800000"), ("end_date", "4102444800000"))
RECENT_WORK = Changes(
    "at",
    ask=InParams((("start_date", "{since}"),)),
    form=MILLISECONDS,
    overlap=timedelta(days=60),
)


def of_workspace(name: str, end: str, records: str | tuple[str, ...], **more: Any) -> Endpoint:
    """A list of each workspace, which v2 of the API calls a team."""
    param = more.pop("param", "team_id")
    path, parent = f"/v2/team/{{{param}}}/{end}", Parent("workspaces", param)
    return Endpoint(name, path, records=records, **{"parent": parent, "may_be_empty": True, **more})


def below(table: str, param: str, name: str, end: str, records: str, **more: Any) -> Endpoint:
    """A list of each space, folder, list or task. None of these shows that something came or changed below it."""
    kind = param.removesuffix("_id")
    path, parent = f"/v2/{kind}/{{{param}}}/{end}", Parent(table, param)
    return Endpoint(name, path, records=records, parent=parent, may_be_empty=True, **more)


SERVICE = Service(
    name="clickup",
    title="ClickUp",
    category="productivity",
    base_url="https://api.clickup.com/api",
    settings=(
        Setting("requests_a_minute", default="", help="what your plan allows, 100 if empty: 1000 with Business Plus"),
    ),
    secrets=("api_token", "access_token"),
    # ClickUp API, authentication: a personal token stands alone, one by OAuth 2 behind the word Bearer. Neither ends.
    # The person has to be an owner or admin of the workspace, or others' time is refused.
    auth=OneOf((HeaderKey("Authorization", "{api_token}"), Bearer("{access_token}"))),
    account=("api_token", "access_token"),
    times=MILLISECONDS,
    # ClickUp API, rate limits: for each token, by the plan. A refusal tells when it may go on.
    limits=Limits(
        rates=(Rate(100, per=MINUTE, setting="requests_a_minute"),),
        told=(Told("X-RateLimit-Remaining", limit="X-RateLimit-Limit", reset="X-RateLimit-Reset", reset_as="epoch"),),
        rest=MINUTE,
    ),
    # ClickUp API, errors: 401 is also said of one workspace that the token was not allowed to see.
    errors=Errors(
        code="ECODE",
        message="err",
        codes=(
            Code("APP_002", "limit"),
            *(Code(f"OAUTH_{number:03d}", "table") for number in (23, 27, *range(29, 46))),
        ),
    ),
    check="workspaces",
    endpoints=(
        # All that the token may see. Their people are in `members`: there is no list of users.
        Endpoint("workspaces", "/v2/team", records="teams", canonical="companies"),
        of_workspace("spaces", "space", "spaces", paging=ARCHIVED_TOO),
        # How many members and guests there may be, and are.
        of_workspace("seats", "seats", "", records_as="object", key=(), every=DAILY),
        below("spaces", "space_id", "folders", "folder", "folders", paging=ARCHIVED_TOO, canonical="projects"),
        below("folders", "folder_id", "folder_lists", "list", "lists", paging=ARCHIVED_TOO, canonical="projects"),
        below("spaces", "space_id", "space_lists", "list", "lists", paging=ARCHIVED_TOO, canonical="projects"),
        # Archived tasks are not among them: they are with their list. Whoever knows the token of a public task sees it.
        of_workspace(
            "tasks",
            "task",
            "tasks",
            param="team_Id",
            paging=TASKS,
            params=EVERY_TASK,
            changes=UPDATED,
            secret_fields=("sharing.token",),
            canonical="tasks",
        ),
        below(
            "folder_lists",
            "list_id",
            "list_tasks",
            "task",
            "tasks",
            paging=InTurn(TASKS, "archived", BOTH),
            params=EVERY_TASK,
            changes=UPDATED,
            secret_fields=("sharing.token",),
            every=DAILY,
            canonical="tasks",
        ),
        # A request for each task, however few comments it has: all of them are asked once a month.
        below(
            "tasks",
            "task_id",
            "task_comments",
            "comment",
            "comments",
            paging=COMMENTS,
            changes=Changes("date", ask=InParams(()), newest_first=True, overlap=MINUTE),
            relist=timedelta(days=30),
        ),
        # Without their ids only the time of the token's own user is shown.
        of_workspace(
            "time_entries",
            "time_entries",
            "data",
            parent=Parent("workspaces", "team_Id", gives=(("assignee", "members.*.user.id"),)),
            param="team_Id",
            params=(*EVER, ("include_task_tags", "true"), ("include_location_names", "true")),
            changes=RECENT_WORK,
            canonical="time_entries",
        ),
        of_workspace("time_entry_tags", "time_entries/tags", "data", key=("name",), unique_under_parent=True),
        Endpoint(
            "user_groups",
            "/v2/group",
            records="groups",
            parent=Parent("workspaces", "team_id", into="query"),
            may_be_empty=True,
        ),
        # A field or a person is with many lists.
        below(
            "folder_lists", "list_id", "list_custom_fields", "field", "fields", unique_under_parent=True, every=DAILY
        ),
        # Those in folders stand in the folders alone. Whoever knows the token of its editor can write there.
        of_workspace(
            "goals",
            "goal",
            ("goals", "folders.*.goals"),
            records_together=True,
            params=(("include_completed", "true"),),
            secret_fields=("editor_token",),
        ),
        of_workspace("views", "view", "views"),
        below("folder_lists", "list_id", "list_members", "member", "members", unique_under_parent=True, every=DAILY),
        of_workspace("custom_roles", "customroles", "custom_roles", params=(("include_members", "true"),), every=DAILY),
        # Some types are the same in every workspace.
        of_workspace("custom_task_types", "custom_item", "custom_items", unique_under_parent=True, every=DAILY),
        below("spaces", "space_id", "space_tags", "tag", "tags", key=("name",), unique_under_parent=True),
    ),
)
