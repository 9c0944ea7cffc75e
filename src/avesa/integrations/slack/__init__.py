"""Slack: people, channels and their members, messages and threads, files, and a workspace's logs."""

from __future__ import annotations

from datetime import timedelta

from avesa.connector.auth import Bearer, OneOf
from avesa.connector.completeness import Total
from avesa.connector.in_turn import InTurn
from avesa.connector.incremental import Changes, InParams
from avesa.connector.limits import Limits, Rate
from avesa.connector.paging import Cursor, End, Expired, PageNumber, SinglePage
from avesa.connector.retry import Code, Errors, Inside
from avesa.connector.service import Deleted, Endpoint, Parent, Service, Setting
from avesa.connector.times import MILLISECONDS, SECONDS, Epoch, FirstOf
from avesa.integrations.slack.tokens import ByMethod

# Slack Web API, pagination: the cursor is "" at the end. A page may be short or empty before that.
NEXT = "response_metadata.next_cursor"
FORGOTTEN = (Expired(at="error", codes=("invalid_cursor",)),)
BY_CURSOR = Cursor(at=NEXT, param="cursor", most=200, expired=FORGOTTEN)

# Slack Web API, pagination: some older methods count pages, the newest first.
BY_NUMBER = PageNumber(size="count", most=200, end=End(pages="paging.pages", short=False))

# Slack Web API, conversations.history: `ts` is id and time in one, with six digits, and never a float. Changed or
# deleted messages keep it, so the last day is read again, and everything once a week.
SINCE = InParams((("oldest", "{since}"), ("inclusive", "true")))
NEW_MESSAGES = Changes(field="ts", ask=SINCE, form=Epoch(digits=6), overlap=timedelta(days=1))

# Threads are found by their first message; those begun within the last week are asked for what came.
NEW_REPLIES = Changes(field="ts", ask=SINCE, form=Epoch(digits=6), overlap=timedelta(days=7))

TEAM = ("team_id", "{team_id}")
WEEKLY = timedelta(days=7)

SERVICE = Service(
    name="slack",
    title="Slack",
    category="productivity",
    base_url="https://slack.com/api",
    settings=(
        Setting("team_id", default="", help="the workspace, for a token of a whole organization", is_account=True),
        Setting("channel_types", default="public_channel", help="or public_channel,private_channel"),
    ),
    secrets=("bot_token", "user_token"),
    # Slack Web API, token types: logs, billing and the methods for administrators take a person's token alone.
    auth=OneOf(
        (
            ByMethod(
                "{bot_token}",
                "{user_token}",
                ("admin.", "team.accessLogs", "team.billableInfo", "team.integrationLogs"),
            ),
            Bearer("{bot_token}"),
            Bearer("{user_token}"),
        )
    ),
    paging=BY_CURSOR,
    times=SECONDS,
    # Slack Web API, rate limits: each method by itself, so many a minute by its tier.
    limits=Limits(
        rates=tuple(
            Rate(most, per=timedelta(minutes=1), group=tier, each=True)
            for tier, most in (("tier 2", 20), ("tier 3", 50), ("tier 4", 100))
        ),
        slows="endpoint",
        rest=timedelta(seconds=30),
    ),
    # Slack Web API, errors: an answer that failed has status 200, `ok` false and a code; `needed` is a missing scope.
    errors=Errors(
        code="error",
        message="needed",
        inside=(Inside("ok", (False,)),),
        codes=(
            Code("ratelimited", "limit"),
            *(
                Code(code, "retry")
                for code in (
                    "internal_error",
                    "fatal_error",
                    "request_timeout",
                    "service_unavailable",
                    "team_added_to_org",
                )
            ),
            *(
                Code(code, "service")
                for code in ("not_authed", "invalid_auth", "account_inactive", "token_revoked", "token_expired")
            ),
            Code("invalid_cursor", "expired"),
            # The bot is not in the channel, or it or the thread is gone: nothing to see, and the others go on.
            Code("not_in_channel", "refused"),
            *(Code(code, "gone") for code in ("channel_not_found", "thread_not_found")),
        ),
    ),
    check="users",
    endpoints=(
        # Slack Web API, users.list: deactivated people stay in the list, and nobody can be asked for changes alone.
        Endpoint(
            "users",
            "/users.list",
            records="members",
            updated_at="updated",
            params=(TEAM,),
            deleted=Deleted("deleted"),
            limit_group="tier 2",
            canonical="users",
        ),
        # Slack Web API, channels: `updated` is in milliseconds while `created` is in seconds; it is read as either.
        Endpoint(
            "channels",
            "/conversations.list",
            records="channels",
            updated_at="updated",
            times=FirstOf((SECONDS, MILLISECONDS)),
            params=(("types", "{channel_types}"), ("exclude_archived", "false"), TEAM),
            limit_group="tier 2",
        ),
        # Ids without anything around them.
        Endpoint(
            "channel_members",
            "/conversations.members",
            records="members",
            key=(),
            parent=Parent("channels", "channel", into="query"),
            unique_under_parent=True,
            limit_group="tier 4",
            every=timedelta(days=1),
        ),
        # A channel does not show that something was said in it, so all of them are asked each time.
        Endpoint(
            "messages",
            "/conversations.history",
            records="messages",
            key=("ts",),
            parent=Parent("channels", "channel", into="query", every=True),
            unique_under_parent=True,
            changes=NEW_MESSAGES,
            relist=WEEKLY,
            limit_group="tier 3",
        ),
        Endpoint(
            "message_replies",
            "/conversations.replies",
            records="messages",
            key=("ts",),
            parent=Parent("messages", ("channel", "ts"), into="query", having="reply_count"),
            unique_under_parent=True,
            changes=NEW_REPLIES,
            relist=WEEKLY,
            limit_group="tier 3",
        ),
        Endpoint(
            "team",
            "/team.info",
            records="team",
            records_as="object",
            paging=SinglePage(),
            limit_group="tier 3",
            canonical="companies",
        ),
        # Slack Web API, team.accessLogs: with `limit` by cursor, without the bound of a hundred numbered pages.
        Endpoint(
            "access_logs",
            "/team.accessLogs",
            records="logins",
            key=("user_id", "ip", "user_agent", "date_first"),
            updated_at="date_last",
            params=(TEAM,),
            paging=Cursor(at=NEXT, param="cursor", most=1000, expired=FORGOTTEN),
            limit_group="tier 2",
            every=timedelta(days=1),
        ),
        Endpoint(
            "billable_info",
            "/team.billableInfo",
            records="billable_info",
            records_as="map",
            key=(),
            params=(TEAM,),
            limit_group="tier 2",
            every=timedelta(days=1),
        ),
        Endpoint(
            "integration_logs",
            "/team.integrationLogs",
            records="logs",
            key=("date", "user_id", "change_type"),
            updated_at="date",
            secret_fields=("rss_feed_url",),
            params=(TEAM,),
            paging=BY_NUMBER,
            total=Total("paging.total"),
            limit_group="tier 2",
            every=timedelta(days=1),
        ),
        Endpoint(
            "user_groups",
            "/usergroups.list",
            records="usergroups",
            updated_at="date_update",
            params=(("include_disabled", "true"), ("include_count", "true"), TEAM),
            paging=SinglePage(),
            deleted=Deleted("date_delete", present=True),
            limit_group="tier 2",
        ),
        Endpoint(
            "user_group_members",
            "/usergroups.users.list",
            records="users",
            key=(),
            params=(TEAM,),
            parent=Parent("user_groups", "usergroup", into="query"),
            paging=SinglePage(),
            unique_under_parent=True,
            limit_group="tier 2",
            every=timedelta(days=1),
        ),
        # Slack Web API, files.list: filters on the time of making, the only one that a file has.
        Endpoint(
            "files",
            "/files.list",
            records="files",
            params=(TEAM,),
            changes=Changes(field="created", ask=("ts_from", "{since}"), form=SECONDS),
            # Slack Web API, file objects: the other addresses want a token.
            secret_fields=("permalink_public", "list_csv_download_url"),
            paging=BY_NUMBER,
            total=Total("paging.total"),
            limit_group="tier 3",
        ),
        Endpoint(
            "user_channels",
            "/users.conversations",
            records="channels",
            params=(("types", "{channel_types}"), TEAM),
            parent=Parent("users", "user", into="query"),
            unique_under_parent=True,
            limit_group="tier 3",
            every=timedelta(days=1),
        ),
        # Slack Web API, admin.users.list: only active people come without being asked for the others.
        Endpoint(
            "admin_users",
            "/admin.users.list",
            records="users",
            params=(TEAM,),
            paging=InTurn(Cursor(at=NEXT, param="cursor", expired=FORGOTTEN), "is_active", ("true", "false")),
            limit_group="tier 4",
            canonical="users",
        ),
        Endpoint("admin_teams", "/admin.teams.list", records="teams", limit_group="tier 3"),
    ),
)
