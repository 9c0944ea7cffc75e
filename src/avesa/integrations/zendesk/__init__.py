"""Zendesk Support: tickets, what happened to them, the people who ask and the agents who answer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from avesa.connector.auth import Basic, OneOf
from avesa.connector.incremental import Changes, InParams
from avesa.connector.limits import Limits, Rate, Told
from avesa.connector.oauth2 import ClientCredentials, RefreshToken
from avesa.connector.paging import Cursor, End, SinglePage
from avesa.connector.request import Params
from avesa.connector.retry import Errors
from avesa.connector.service import Deleted, Endpoint, Parent, Service, Setting
from avesa.connector.times import SECONDS

API = "/api/v2"
DAY = timedelta(days=1)
LONG = timedelta(days=3650)

# Zendesk, OAuth: tokens of both grants are asked for as JSON. A refresh ends the former access and refresh token.
TOKENS = "https://{subdomain}.zendesk.com/oauth/tokens"
SCOPE: Params = (("scope", "read"),)

# Zendesk API, pagination: by cursor, which goes on beyond the 10,000 rows at which page numbers end.
BY_CURSOR = Cursor(
    at="meta.after_cursor",
    param="page[after]",
    size="page[size]",
    most=100,
    end=End(more="meta.has_more", short=False, empty=False),
)

# Zendesk API, incremental exports, cursor based: start_time goes with the first request alone, and the last page names
# a cursor too.
EXPORTED = Cursor(
    at="after_cursor",
    param="cursor",
    size="per_page",
    most=1000,
    keep=("per_page", "support_type_scope"),
    end=End(last="end_of_stream", short=False, empty=False),
)

# Zendesk API, incremental exports, time based: the next page begins at end_time, so its rows of that second come again.
BY_END_TIME = Cursor(
    at="end_time",
    param="start_time",
    size="per_page",
    most=1000,
    end=End(last="end_of_stream"),
)

# An export has no beginning of its own; no account is older than this.
FROM_THE_BEGINNING: Params = (("start_time", "946684800"),)


def exported(field: str, **more: Any) -> Changes:
    """Zendesk API, incremental exports: start_time is refused within the last minute, whose rows are held back."""
    return Changes(field, ask=("start_time", "{since}"), form=SECONDS, overlap=timedelta(minutes=2), **more)


# What happens to a ticket moves its time; the comments of those that changed are read.
OF_CHANGED_TICKETS = Changes(None, ask=InParams(()))


def since_then(field: str) -> Changes:
    """For lists without a filter that begin with the newest. A ticket is archived 120 days after it was closed, and
    then missing from them: absence means nothing there.
    """
    return Changes(field, ask=InParams(()), newest_first=True, only=True, kept_for=LONG)


def listed(name: str, *, path: str | None = None, **more: Any) -> Endpoint:
    """A list that cannot be asked for changes, whose records stand under its own name."""
    more = {"records": name, "updated_at": "updated_at", **more}
    return Endpoint(name, f"{API}/{path or name}", **more)


# Zendesk API, attachments: whoever knows such an address can read the file.
ATTACHED = ("content_url", "mapped_content_url", "thumbnails.content_url", "thumbnails.mapped_content_url")

SERVICE = Service(
    name="zendesk",
    title="Zendesk Support",
    category="helpdesk",
    base_url="https://{subdomain}.zendesk.com",
    settings=(
        Setting("subdomain", help="the name before .zendesk.com"),
        Setting(
            "email", default="", help="of the administrator whose API token it is; not with OAuth", is_account=False
        ),
        Setting("requests_a_minute", default="200", help="of your plan: 200, 400, 700 or 2500"),
        Setting("exports_a_minute", default="10", help="30 with the high volume add-on"),
    ),
    secrets=("client_id", "client_secret", "refresh_token", "api_token"),
    # Zendesk, OAuth migration: no new API tokens can be made since 2026-10-27, and all end on 2027-04-30.
    auth=OneOf(
        (
            RefreshToken(TOKENS, fields=SCOPE, encoding="json"),
            ClientCredentials(TOKENS, fields=SCOPE, encoding="json"),
            Basic("{email}/token", "{api_token}"),
        )
    ),
    account=("subdomain",),
    paging=BY_CURSOR,
    # Zendesk API, rate limits: by plan, for the whole account, and the exports apart.
    limits=Limits(
        rates=(
            Rate(200, per=timedelta(minutes=1), setting="requests_a_minute"),
            Rate(10, per=timedelta(minutes=1), group="export", setting="exports_a_minute"),
            # Tickets, beyond page 500. A list that begins with the newest hardly ever comes so far.
            Rate(50, per=timedelta(minutes=1), group="tickets"),
        ),
        told=(Told("ratelimit-remaining", limit="ratelimit-limit", reset="ratelimit-reset"),),
    ),
    # Zendesk API, errors: 409 means that somebody else wrote at the same time.
    errors=Errors(retry=Errors().retry | {409}, code="error", message="description"),
    check="groups",
    endpoints=(
        # The server compares generated_timestamp, which system changes move and updated_at does not. Deleted tickets
        # come with that status until they are scrubbed. Without a scope, tickets of AI agents are left out.
        Endpoint(
            "tickets",
            f"{API}/incremental/tickets/cursor",
            records="tickets",
            params=(*FROM_THE_BEGINNING, ("support_type_scope", "all")),
            paging=EXPORTED,
            times=SECONDS,
            changes=exported("generated_timestamp"),
            deleted=Deleted("status", ("deleted",)),
            relist=timedelta(days=7),
            limit_group="export",
            canonical="tickets",
        ),
        # Whoever has an account: those who ask, and the agents too.
        Endpoint(
            "users",
            f"{API}/incremental/users/cursor",
            records="users",
            params=FROM_THE_BEGINNING,
            paging=EXPORTED,
            changes=exported("updated_at"),
            deleted=Deleted("active", (False,)),
            relist=timedelta(days=7),
            limit_group="export",
            canonical="contacts",
        ),
        Endpoint(
            "organizations",
            f"{API}/incremental/organizations",
            records="organizations",
            params=FROM_THE_BEGINNING,
            paging=BY_END_TIME,
            changes=exported("updated_at"),
            deleted=Deleted("deleted_at", present=True),
            relist=timedelta(days=7),
            limit_group="export",
            canonical="companies",
        ),
        Endpoint(
            "agents",
            f"{API}/users",
            records="users",
            params=(("role[]", "agent"), ("role[]", "admin")),
            updated_at="updated_at",
            deleted=Deleted("active", (False,)),
            canonical="users",
        ),
        # The tickets of the export once more, without those that are archived.
        Endpoint(
            "tickets_list",
            f"{API}/tickets",
            records="tickets",
            params=(("sort", "-updated_at"),),
            changes=since_then("updated_at"),
            limit_group="tickets",
        ),
        # What happened is only added to.
        Endpoint(
            "ticket_events",
            f"{API}/incremental/ticket_events",
            records="ticket_events",
            paging=BY_END_TIME,
            changes=exported("created_at", only=True, kept_for=LONG),
            limit_group="export",
        ),
        Endpoint(
            "ticket_metric_events",
            f"{API}/incremental/ticket_metric_events",
            records="ticket_metric_events",
            paging=BY_END_TIME,
            changes=exported("time", only=True, kept_for=LONG),
            deleted=Deleted("deleted"),
            limit_group="export",
        ),
        Endpoint(
            "ticket_audits",
            f"{API}/ticket_audits",
            records="audits",
            changes=since_then("created_at"),
            secret_fields=("events.data.recording_url", *(f"events.attachments.{field}" for field in ATTACHED)),
        ),
        listed("ticket_metrics", every=DAY),
        # One request for each ticket there is: what was redacted is looked for once in three months.
        Endpoint(
            "ticket_comments",
            f"{API}/tickets/{{ticket_id}}/comments",
            records="comments",
            updated_at="created_at",
            parent=Parent("tickets", "ticket_id"),
            changes=OF_CHANGED_TICKETS,
            secret_fields=tuple(f"attachments.{field}" for field in ATTACHED),
            relist=timedelta(days=90),
        ),
        # Deleted groups are left out unless asked for.
        listed("groups", params=(("exclude_deleted", "false"),), deleted=Deleted("deleted")),
        listed("group_memberships"),
        listed("organization_memberships", every=DAY),
        # The names of custom fields, which are ids in tickets.
        listed("ticket_fields"),
        listed("ticket_forms", deleted=Deleted("deleted_at", present=True)),
        # Its window is on the time of making, and a rating changes later.
        listed("satisfaction_ratings", every=DAY),
        listed("brands", deleted=Deleted("is_deleted")),
        listed("sla_policies", path="slas/policies", canonical="agreements"),
        listed("custom_statuses", paging=SinglePage()),
        # Kept for thirty days: one that is missing later was not restored.
        Endpoint(
            "deleted_tickets",
            f"{API}/deleted_tickets",
            records="deleted_tickets",
            params=(("sort", "-deleted_at"),),
            changes=Changes("deleted_at", ask=InParams(()), newest_first=True, only=True, kept_for=timedelta(days=30)),
        ),
    ),
)
