"""HaloPSA: clients, tickets, actions, contracts and what else an MSP runs on. What it calls users are the clients'
people; the provider's own are agents. Tickets, opportunities and projects are three views of one kind of record.
"""

from __future__ import annotations

from datetime import timedelta

from avesa.connector.auth import OneOf
from avesa.connector.completeness import Total
from avesa.connector.incremental import Changes, InParams
from avesa.connector.limits import Limits, Rate
from avesa.connector.oauth2 import ClientCredentials
from avesa.connector.paging import End, PageNumber, SinglePage
from avesa.connector.request import Params
from avesa.connector.retry import Errors
from avesa.connector.service import Deleted, Endpoint, Service, Setting

# Halo API, authentication: the token endpoint is mostly on the same host as the API, and older hosted instances want
# the tenant's name with it.
TOKEN_ENDPOINTS = (
    "https://{auth_host}/auth/token?tenant={tenant}",
    "https://{auth_host}/auth/token",
    "https://{host}/auth/token?tenant={tenant}",
    "https://{host}/auth/token",
)

# Halo API, paging: pages exist only where they are asked for (the vendor's spelling). A parameter that it does not know
# is ignored without a word, and so might paging be: a short page is therefore never taken for the last one, and one
# that comes again fails the table.
PAGED: Params = (("pageinate", "true"),)
UNORDERED = PageNumber("page_no", size="page_size", most=100, order=PAGED, end=End(total="record_count", short=False))
# Halo API, Tickets: pages have 100 rows at most. Other lists publish no bound.
BY_ID = PageNumber(
    "page_no",
    size="page_size",
    most=100,
    order=(*PAGED, ("order", "id")),
    end=End(total="record_count", short=False),
)

# Halo API, Client, Site, Users, Asset: those made inactive are left out unless asked for. They stay what they are.
ALSO_INACTIVE: Params = (("includeactive", "true"), ("includeinactive", "true"))

# Halo API, Tickets: names and hours come only if asked for. Whether closed ones come by themselves is not published for
# each of the three lists, and one that did not come any more would seem to be deleted.
WITH_NAMES: Params = (
    ("includeclosed", "true"),
    ("includestatus", "true"),
    ("includetickettype", "true"),
    ("includetimetaken", "true"),
)


def changed(field: str) -> Changes:
    """Halo API, lastupdatefromdate: the same parameter, and in each kind of record another field. Times are UTC, mostly
    without saying so. Pages are counted by number, so the overlap also makes up for rows that shift.
    """
    return Changes(
        field,
        ask=("lastupdatefromdate", "{since}"),
        form="%Y-%m-%dT%H:%M:%S",
        overlap=timedelta(minutes=5),
    )


# Halo API, Actions: no filter on the time of change, but one on the time of the action. What is edited later than this
# comes with the weekly listing.
RECENT_ACTIONS = Changes("last_updated", ask=("startdate", "{since}"), overlap=timedelta(days=7))

# Halo API, TimesheetEvent: an unpaged list of what lies between two dates, without a time of change. The last week
# is asked for each time, since timesheets are corrected then. It holds what actions do not, such as meetings and
# breaks, and once more the work of actions, each with the action's number at its ticket in action_number: the mapping
# counts the hours of the others alone.
TIMESHEETS = Changes(
    None,
    ask=InParams((("start_date", "{since}"), ("end_date", "{until}"))),
    overlap=timedelta(days=7),
    longest_window=timedelta(days=31),
    kept_for=timedelta(days=5 * 365),
    only=True,
)

SERVICE = Service(
    name="halopsa",
    title="HaloPSA",
    category="psa",
    base_url="https://{host}/api",
    settings=(
        Setting("host", help="resource server, as Halo's API settings show it: example.halopsa.com"),
        Setting("auth_host", default="", help="authorisation server, if it is another host"),
        Setting("tenant", default="", help="tenant name, if Halo's API settings show one"),
    ),
    secrets=("client_id", "client_secret"),
    auth=OneOf(tuple(ClientCredentials(url, fields=(("scope", "all"),)) for url in TOKEN_ENDPOINTS)),
    # The instance is what is counted, whichever application asks.
    account=("host",),
    paging=BY_ID,
    total=Total("record_count"),
    # Halo API guide, rate limits: 700 requests in 5 minutes, by most accounts; a 429 may come without a time to wait.
    limits=Limits(rates=(Rate(700, per=timedelta(minutes=5)),), rest=timedelta(seconds=5)),
    errors=Errors(code="ClassName", message="Message"),
    endpoints=(
        # Deleted tickets are left out; one that is shown after all says so.
        Endpoint(
            "tickets",
            "/Tickets",
            records="tickets",
            params=(*WITH_NAMES, ("includeagent", "true")),
            changes=changed("last_update"),
            deleted=Deleted("deleted"),
            canonical="tickets",
        ),
        # Halo API, Actions: all that is done to a ticket is an action; those with time are the time entries.
        Endpoint(
            "actions",
            "/Actions",
            records="actions",
            params=(("timeentriesonly", "true"),),
            paging=UNORDERED,
            changes=RECENT_ACTIONS,
            relist=timedelta(days=7),
            canonical="time_entries",
        ),
        Endpoint(
            "clients",
            "/Client",
            records="clients",
            params=ALSO_INACTIVE,
            changes=changed("alastupdate"),
            canonical="companies",
        ),
        Endpoint(
            "sites",
            "/Site",
            records="sites",
            params=(*ALSO_INACTIVE, ("includeaddress", "true")),
            changes=changed("slastupdate"),
        ),
        Endpoint(
            "users",
            "/Users",
            records="users",
            params=ALSO_INACTIVE,
            changes=changed("ulastupdate"),
            canonical="contacts",
        ),
        Endpoint(
            "agents",
            "/Agent",
            params=(("includeenabled", "true"), ("includedisabled", "true"), ("includeapiagents", "true")),
            paging=SinglePage(),
            secret_fields=("password",),
            canonical="users",
        ),
        Endpoint(
            "assets",
            "/Asset",
            records="assets",
            params=ALSO_INACTIVE,
            changes=changed("dlastupdate"),
            canonical="devices",
        ),
        # The lists below tell when a row changed and cannot be asked for it.
        Endpoint(
            "items",
            "/Item",
            records="items",
            params=ALSO_INACTIVE,
            updated_at="lastmodified",
            canonical="products",
        ),
        Endpoint(
            "contracts",
            "/ClientContract",
            records="contracts",
            params=(("includeinactive", "true"),),
            updated_at="last_modified",
            canonical="agreements",
        ),
        Endpoint("invoices", "/Invoice", records="invoices", updated_at="last_modified", canonical="invoices"),
        Endpoint(
            "recurring_invoices",
            "/RecurringInvoice",
            records="invoices",
            updated_at="last_modified",
            canonical="agreements",
        ),
        Endpoint(
            "opportunities",
            "/Opportunities",
            records="tickets",
            params=WITH_NAMES,
            changes=changed("last_update"),
            canonical="opportunities",
        ),
        Endpoint(
            "projects",
            "/Projects",
            records="tickets",
            params=WITH_NAMES,
            changes=changed("last_update"),
            canonical="projects",
        ),
        Endpoint(
            "timesheet_events",
            "/TimesheetEvent",
            paging=SinglePage(),
            changes=TIMESHEETS,
            may_be_empty=True,
            canonical="time_entries",
        ),
        Endpoint("quotations", "/Quotation", records="quotes", updated_at="last_update_time"),
        Endpoint("sales_orders", "/SalesOrder", records="salesorders", updated_at="last_update_time"),
        Endpoint("purchase_orders", "/PurchaseOrder", records="purchaseorders", updated_at="last_update_time"),
        Endpoint(
            "suppliers",
            "/Supplier",
            records="suppliers",
            params=ALSO_INACTIVE,
            updated_at="last_modified",
            # Logins of the supplier's portal and of its own help desk.
            secret_fields=("portal_password", "nhdpassword", "api_access_clientsecret"),
            canonical="companies",
        ),
        Endpoint("appointments", "/Appointment", records="appointments", updated_at="last_modified", canonical="tasks"),
        Endpoint("ticket_statuses", "/Status", paging=SinglePage()),
    ),
)
