"""Freshdesk: tickets with their conversations and time, contacts and companies, agents and groups."""

from __future__ import annotations

from datetime import timedelta

from avesa.connector.auth import Basic
from avesa.connector.incremental import Changes, Deletions, InParams
from avesa.connector.limits import Limits, Rate, Told
from avesa.connector.paging import InParam, InTurn, Link, NextUrl, SearchWindow
from avesa.connector.service import Deleted, Endpoint, Parent, Service, Setting

API = "/api/v2"
MINUTE = timedelta(minutes=1)

# Freshdesk API, pagination: the Link header names the next page and is absent on the last one. Whether the small lists
# are paged at all is not published; without the header they come whole.
BY_LINK = NextUrl(at=Link(), take=("page",), size="per_page", most=100)

# Freshdesk API, tickets: nothing is given beyond page 300, and rows that change move to the end. So each page begins
# at the time of the last row, which comes again.
BY_CHANGE = SearchWindow(
    BY_LINK,
    keys=("updated_at",),
    move=InParam("updated_since"),
    cap=30_000,
    size=100,
    restart=1,
)
OLDEST_FIRST = (("order_by", "updated_at"), ("order_type", "asc"))

# Freshdesk API, tickets: without this only those made within the last 30 days come.
FROM_THE_BEGINNING = (("updated_since", "1970-01-01T00:00:00Z"),)

UPDATED = Changes("updated_at", ask=("updated_since", "{since}"), overlap=MINUTE)

# Freshdesk API, tickets: what is in the trash or is spam comes only if asked for. Both are out of the list.
GONE = Deletions(
    f"{API}/tickets",
    key=("id",),
    at="updated_at",
    params=OLDEST_FIRST,
    changes=UPDATED,
    paging=InTurn(BY_CHANGE, "filter", ("deleted", "spam")),
)

# Freshdesk API, contacts: which states come by themselves is not published, so all are asked for beside those.
IN_EVERY_STATE = InTurn(BY_LINK, "state", (None, "unverified", "blocked", "deleted"))

# Freshdesk API, time entries: the window is on the time of the work. What is edited later than a month comes with the
# daily listing.
RECENT_WORK = Changes("updated_at", ask=("executed_after", "{since}"), overlap=timedelta(days=30))

# Freshdesk API, satisfaction ratings: the window is on the time of making, and a rating stays what it was.
RECENT_RATINGS = Changes("updated_at", ask=("created_since", "{since}"), overlap=timedelta(days=1))

# What hangs on a ticket moves the ticket's time. To find what vanished takes one request for each ticket there is.
OF_CHANGED_TICKETS = Changes("updated_at", ask=InParams(()))
MONTHLY = timedelta(days=30)

SERVICE = Service(
    name="freshdesk",
    title="Freshdesk",
    category="helpdesk",
    base_url="https://{domain}.freshdesk.com",
    settings=(
        Setting("domain", help="the name before .freshdesk.com"),
        # The vendor's pages say 100 or 200 for the Growth plan.
        Setting("requests_a_minute", default="100", help="of your plan: 100 or 200, 400, 700"),
        Setting("lists_a_minute", default="20", help="of tickets and of contacts, by plan: 20, 100, 200"),
    ),
    secrets=("api_key",),
    auth=Basic("{api_key}", "X"),
    account=("domain",),
    paging=BY_LINK,
    # Freshdesk API, rate limits: a minute for the account; what is included costs one more each. Lists of tickets and
    # of contacts have a number of their own within it.
    limits=Limits(
        rates=(
            Rate(100, per=MINUTE, points=True, setting="requests_a_minute"),
            Rate(20, per=MINUTE, group="tickets", setting="lists_a_minute"),
            Rate(20, per=MINUTE, group="contacts", setting="lists_a_minute"),
        ),
        told=(Told("X-RateLimit-Remaining", limit="X-RateLimit-Total", points=True),),
    ),
    check="companies",
    endpoints=(
        # Freshdesk API, tickets: the description comes only if asked for, since 2018-11-30.
        Endpoint(
            "tickets",
            f"{API}/tickets",
            params=(*FROM_THE_BEGINNING, *OLDEST_FIRST, ("include", "stats,requester,description")),
            cost=4,
            paging=BY_CHANGE,
            changes=UPDATED,
            deletions=GONE,
            deleted=Deleted("deleted"),
            relist=timedelta(days=7),
            limit_group="tickets",
            canonical="tickets",
        ),
        Endpoint("time_entries", f"{API}/time_entries", changes=RECENT_WORK, canonical="time_entries"),
        Endpoint(
            "contacts",
            f"{API}/contacts",
            paging=IN_EVERY_STATE,
            changes=Changes("updated_at", ask=("_updated_since", "{since}"), overlap=MINUTE),
            deleted=Deleted("deleted"),
            limit_group="contacts",
            canonical="contacts",
        ),
        Endpoint("companies", f"{API}/companies", updated_at="updated_at", canonical="companies"),
        # One who is deactivated stays what he was: a person who is no longer active.
        Endpoint("agents", f"{API}/agents", updated_at="updated_at", canonical="users"),
        Endpoint("groups", f"{API}/groups", updated_at="updated_at"),
        Endpoint("products", f"{API}/products", updated_at="updated_at", canonical="products"),
        Endpoint(
            "conversations",
            f"{API}/tickets/{{ticket_id}}/conversations",
            parent=Parent("tickets", "ticket_id"),
            changes=OF_CHANGED_TICKETS,
            # Whoever knows such an address can read the file.
            secret_fields=("attachments.attachment_url",),
            relist=MONTHLY,
        ),
        Endpoint(
            "ticket_time_entries",
            f"{API}/tickets/{{ticket_id}}/time_entries",
            parent=Parent("tickets", "ticket_id"),
            changes=OF_CHANGED_TICKETS,
            relist=MONTHLY,
        ),
        Endpoint(
            "satisfaction_ratings",
            f"{API}/surveys/satisfaction_ratings",
            params=(("created_since", "1970-01-01T00:00:00Z"),),
            changes=RECENT_RATINGS,
        ),
        Endpoint("roles", f"{API}/roles", updated_at="updated_at"),
        Endpoint("sla_policies", f"{API}/sla_policies", updated_at="updated_at"),
        Endpoint("ticket_fields", f"{API}/ticket_fields", updated_at="updated_at"),
        Endpoint("email_configs", f"{API}/email_configs", updated_at="updated_at"),
        Endpoint("business_hours", f"{API}/business_hours", updated_at="updated_at"),
    ),
)
