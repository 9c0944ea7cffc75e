"""Freshservice, also for MSPs: tickets, problems and changes, assets and contracts. What an MSP calls a client is a
workspace here, and a contact a requester.
"""

from __future__ import annotations

from datetime import timedelta

from avesa.connector.auth import Basic
from avesa.connector.incremental import Changes, Deletions, InParams
from avesa.connector.limits import Limits, Rate, Told
from avesa.connector.paging import InTurn, Link, NextUrl
from avesa.connector.request import Params
from avesa.connector.service import Deleted, Endpoint, Parent, Service, Setting

API = "/api/v2"
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)

# Freshservice API, pagination: the Link header names the next page and is absent on the last one. Lists begin with
# what was made last, so rows that come meanwhile only make others come twice.
BY_LINK = NextUrl(at=Link(), take=("page",), size="per_page", most=100)

# Freshservice API, workspaces: without this an account with several shows its primary one alone.
IN_ALL_WORKSPACES: Params = (("workspace_id", "{workspace_id}"),)

# Freshservice API, tickets, changes, releases: without this only those made within the last 30 days come.
FROM_THE_BEGINNING: Params = (("updated_since", "1970-01-01T00:00:00Z"),)

UPDATED = Changes("updated_at", ask=("updated_since", "{since}"), overlap=timedelta(minutes=5))

# Freshservice API, tickets: what is in the trash or is spam comes only if asked for. Both are out of the list.
GONE = Deletions(
    f"{API}/tickets",
    key=("id",),
    at="updated_at",
    records="tickets",
    params=IN_ALL_WORKSPACES,
    changes=UPDATED,
    paging=InTurn(BY_LINK, "filter", ("deleted", "spam")),
)

# What hangs on a ticket moves the ticket's time. To find what vanished takes one request for each ticket there is.
OF_CHANGED_TICKETS = Changes("updated_at", ask=InParams(()))
MONTHLY = timedelta(days=30)


def of_ticket(
    name: str,
    records: str,
    *,
    canonical: str | None = None,
    deleted: Deleted | None = None,
    secret: tuple[str, ...] = (),
) -> Endpoint:
    """A list under each ticket, whose records do not name it."""
    return Endpoint(
        name,
        f"{API}/tickets/{{ticket_id}}/{records}",
        records=records,
        parent=Parent("tickets", "ticket_id"),
        changes=OF_CHANGED_TICKETS,
        relist=MONTHLY,
        canonical=canonical,
        deleted=deleted,
        secret_fields=secret,
    )


def listed(
    name: str,
    *,
    path: str | None = None,
    records: str | None = None,
    params: Params = (),
    canonical: str | None = None,
    secret: tuple[str, ...] = (),
) -> Endpoint:
    """A list that cannot be asked for changes, whose records stand under the last name of its path."""
    where = path or name
    return Endpoint(
        name,
        f"{API}/{where}",
        records=records or where.rpartition("/")[2],
        params=params,
        updated_at="updated_at",
        canonical=canonical,
        secret_fields=secret,
    )


SERVICE = Service(
    name="freshservice",
    title="Freshservice (and Freshservice for MSPs)",
    category="itsm",
    base_url="https://{domain}.freshservice.com",
    settings=(
        Setting("domain", help="the name before .freshservice.com"),
        Setting("workspace_id", default="0", help="of the workspaces (an MSP's clients) to read, 0 for all"),
        Setting("requests_a_minute", default="100", help="of your plan: 100, 200, 400 or 500"),
        Setting("lists_a_minute", default="40", help="of tickets, assets, agents, requesters: 40, 70, 120 or 140"),
    ),
    secrets=("api_key",),
    auth=Basic("{api_key}", "X"),
    account=("domain",),
    paging=BY_LINK,
    # Freshservice API, rate limits: a minute for the account, and within it a number for each of the four large lists.
    # An include costs two credits more. The headers tell of the limit of the list that was asked for.
    limits=Limits(
        rates=(
            Rate(100, per=MINUTE, points=True, setting="requests_a_minute"),
            Rate(40, per=MINUTE, group="large", each=True, setting="lists_a_minute"),
        ),
        told=(Told("X-RateLimit-Remaining", limit="X-RateLimit-Total", each=True),),
    ),
    check="departments",
    endpoints=(
        Endpoint(
            "tickets",
            f"{API}/tickets",
            records="tickets",
            params=(*FROM_THE_BEGINNING, *IN_ALL_WORKSPACES, ("include", "stats,tags")),
            cost=5,
            changes=UPDATED,
            deletions=GONE,
            deleted=Deleted("deleted"),
            # Whoever knows such an address can read the file.
            secret_fields=("attachments.attachment_url",),
            limit_group="large",
            canonical="tickets",
        ),
        of_ticket("time_entries", "time_entries", canonical="time_entries"),
        of_ticket("ticket_tasks", "tasks", canonical="tasks", deleted=Deleted("deleted")),
        of_ticket("conversations", "conversations", secret=("attachments.attachment_url",)),
        listed("departments", canonical="companies"),
        # Freshservice API, requesters and agents: the deactivated stay in the list, as people who are no longer active.
        # A query for changes would end at 40 pages of 30 rows, so they are listed whole.
        Endpoint(
            "requesters",
            f"{API}/requesters",
            records="requesters",
            updated_at="updated_at",
            every=HOUR,
            limit_group="large",
            canonical="contacts",
        ),
        Endpoint(
            "agents",
            f"{API}/agents",
            records="agents",
            updated_at="updated_at",
            limit_group="large",
            canonical="users",
        ),
        # Freshservice API, assets: what is in the trash is left out. A filter for changes would end at 1,200 rows.
        Endpoint(
            "assets",
            f"{API}/assets",
            records="assets",
            params=(*IN_ALL_WORKSPACES, ("include", "type_fields")),
            cost=3,
            updated_at="updated_at",
            every=HOUR,
            limit_group="large",
            canonical="devices",
        ),
        # Freshservice API, problems: it is not sure that they can be asked for changes. All come if not, or a refusal.
        Endpoint(
            "problems",
            f"{API}/problems",
            records="problems",
            params=IN_ALL_WORKSPACES,
            changes=UPDATED,
            canonical="tickets",
        ),
        Endpoint(
            "changes",
            f"{API}/changes",
            records="changes",
            params=(*FROM_THE_BEGINNING, *IN_ALL_WORKSPACES),
            changes=UPDATED,
            canonical="tickets",
        ),
        Endpoint(
            "releases",
            f"{API}/releases",
            records="releases",
            params=(*FROM_THE_BEGINNING, *IN_ALL_WORKSPACES),
            changes=UPDATED,
        ),
        # A contract of a licence has its key in it.
        listed("contracts", params=IN_ALL_WORKSPACES, secret=("license_key",), canonical="agreements"),
        listed("software", path="applications", params=IN_ALL_WORKSPACES),
        listed("products", canonical="products"),
        listed("vendors"),
        listed("locations"),
        listed("agent_groups", path="groups", params=IN_ALL_WORKSPACES),
        listed("purchase_orders", params=IN_ALL_WORKSPACES),
        Endpoint(
            "service_items",
            f"{API}/service_catalog/items",
            records="service_items",
            params=IN_ALL_WORKSPACES,
            updated_at="updated_at",
            deleted=Deleted("deleted"),
        ),
        # Archived projects may be left out unless asked for. They stay what they were.
        Endpoint(
            "projects",
            f"{API}/pm/projects",
            records="projects",
            updated_at="updated_at",
            paging=InTurn(BY_LINK, "archived", (None, "true")),
            canonical="projects",
        ),
    ),
)
