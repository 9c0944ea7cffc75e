"""monday.com: boards and their items, subitems, time tracking, updates and logs, users and teams. All by GraphQL."""

from __future__ import annotations

from datetime import timedelta

from avesa.connector.auth import HeaderKey
from avesa.connector.incremental import Changes, InBody, InParams
from avesa.connector.limits import Limits, Rate, Told
from avesa.connector.paging import Cursor, End, PageNumber, SinglePage
from avesa.connector.retry import Code, Errors, Inside
from avesa.connector.service import Deleted, Endpoint, Parent, Service, Setting
from avesa.connector.times import TICKS, FirstOf, Iso
from avesa.integrations.monday import queries

# monday API, pagination: pages from 1, the last one is not full. The most that a page may hold is published for few
# lists; on the others only an empty page is the end.
BY_PAGE = PageNumber(page="variables.page", size="variables.limit", most=100, into="body", end=End(short=False))

# monday API, items_page: the first page of a board, then a query of its own for what lies behind a cursor, which
# lives for 60 minutes.
BY_CURSOR = Cursor(
    at="data.boards.0.items_page.cursor",
    later="data.next_items_page.cursor",
    param="variables.cursor",
    into="body",
    size="variables.limit",
    most=500,
    body=queries.NEXT_ITEMS,
)

# Nothing that hangs on a board or an item can be asked for since a time. Between two listings it is asked for under
# those that changed since; the listing asks under all of them.
OF_CHANGED_PARENTS = Changes("updated_at", ask=InParams(()))

SERVICE = Service(
    name="monday",
    title="monday.com",
    category="productivity",
    base_url="https://api.monday.com",
    settings=(
        Setting("api_version", default="2026-10", help="version of the API, YYYY-MM", is_account=False),
        Setting("daily_calls", default="1000", help="calls a day that your plan allows: 200, 1000, 10000 or 25000"),
    ),
    secrets=("api_token",),
    auth=HeaderKey("Authorization", "{api_token}"),
    # monday API, versions: without the header the current one answers, which changes every quarter.
    headers=(("API-Version", "{api_version}"),),
    paging=BY_PAGE,
    # monday API, rate limits: calls a day by the plan, from midnight UTC; 1,000 a minute on the smaller plans; points
    # by the minute, of which each answer tells what is left.
    limits=Limits(
        rates=(
            Rate(1000, per=timedelta(minutes=1)),
            Rate(1000, per=timedelta(days=1), zone="UTC", setting="daily_calls"),
        ),
        told=(Told("data.complexity.after", reset="data.complexity.reset_in_x_seconds", in_body=True),),
    ),
    # monday API, errors: mostly with status 200.
    errors=Errors(
        code="errors.0.extensions.code",
        message="errors.0.message",
        inside=(Inside("errors", wait="errors.0.extensions.retry_in_seconds"),),
        codes=(
            Code("COMPLEXITY_BUDGET_EXHAUSTED", "limit"),
            Code("ComplexityException", "limit"),
            Code("DAILY_LIMIT_EXCEEDED", "limit"),
            Code("IP_RATE_LIMIT_EXCEEDED", "limit"),
            Code("maxConcurrencyExceeded", "limit"),
            Code(None, "limit", text="rate limit exceeded"),
            Code("INTERNAL_SERVER_ERROR", "retry"),
            Code("CursorException", "expired"),
            Code("Not Authenticated", "service"),
        ),
    ),
    account=("api_token",),
    check="users",
    endpoints=(
        Endpoint(
            "users",
            "/v2",
            method="POST",
            body=queries.USERS,
            records="data.users",
            paging=PageNumber(page="variables.page", size="variables.limit", most=200, into="body"),
            deleted=Deleted("is_deleted"),
            canonical="users",
        ),
        Endpoint("teams", "/v2", method="POST", body=queries.TEAMS, records="data.teams", paging=SinglePage()),
        Endpoint(
            "workspaces",
            "/v2",
            method="POST",
            body=queries.WORKSPACES,
            records="data.workspaces",
            deleted=Deleted("state", ("deleted",)),
        ),
        Endpoint(
            "boards",
            "/v2",
            method="POST",
            body=queries.BOARDS,
            records="data.boards",
            updated_at="updated_at",
            deleted=Deleted("state", ("deleted",)),
            canonical="projects",
        ),
        # Archived and deleted items are not listed.
        Endpoint(
            "items",
            "/v2",
            method="POST",
            body=queries.ITEMS,
            records=("data.boards.*.items_page.items", "data.next_items_page.items"),
            paging=BY_CURSOR,
            parent=Parent("boards", "variables.board_ids", into="body"),
            changes=OF_CHANGED_PARENTS,
            canonical="tasks",
        ),
        Endpoint(
            "subitems",
            "/v2",
            method="POST",
            body=queries.SUBITEMS,
            records="data.items.*.subitems",
            paging=SinglePage(),
            parent=Parent("items", "variables.ids", into="body", at_once=50),
            changes=OF_CHANGED_PARENTS,
            canonical="tasks",
        ),
        # A record is a column of an item: its id is that of the column on the board.
        Endpoint(
            "time_tracking",
            "/v2",
            method="POST",
            body=queries.TIME_TRACKING,
            records="data.items.*.column_values",
            paging=SinglePage(),
            parent=Parent("items", "variables.ids", into="body", at_once=100),
            unique_under_parent=True,
            changes=OF_CHANGED_PARENTS,
            canonical="time_entries",
        ),
        # monday API, updates: days of their making, both together. What was edited later is seen in a listing, which
        # asks for everything, 100 at a time: that is worth it once a week.
        Endpoint(
            "updates",
            "/v2",
            method="POST",
            body=queries.UPDATES,
            records="data.updates",
            changes=Changes(
                "updated_at",
                ask=InBody((("variables.from", "{since}"), ("variables.to", "{until}"))),
                form="%Y-%m-%d",
                overlap=timedelta(days=1),
            ),
            relist=timedelta(days=7),
        ),
        # monday API, activity logs: kept for 90 days. Times are ticks of 100 ns, as texts.
        Endpoint(
            "activity_logs",
            "/v2",
            method="POST",
            body=queries.ACTIVITY_LOGS,
            records="data.boards.*.activity_logs",
            parent=Parent("boards", "variables.board_ids", into="body", at_once=25),
            changes=Changes(
                "created_at",
                ask=InBody((("variables.from", "{since}"), ("variables.to", "{until}"))),
                overlap=timedelta(minutes=5),
                only=True,
                kept_for=timedelta(days=90),
            ),
            times=FirstOf((TICKS, Iso())),
        ),
        Endpoint("tags", "/v2", method="POST", body=queries.TAGS, records="data.tags", paging=SinglePage()),
        Endpoint("docs", "/v2", method="POST", body=queries.DOCS, records="data.docs", may_be_empty=True),
        Endpoint("folders", "/v2", method="POST", body=queries.FOLDERS, records="data.folders", may_be_empty=True),
        Endpoint(
            "account",
            "/v2",
            method="POST",
            body=queries.ACCOUNT,
            records="data.account",
            records_as="object",
            paging=SinglePage(),
            canonical="companies",
        ),
    ),
)
