"""Syncro: customers, their tickets and assets, contracts and invoices."""

from __future__ import annotations

from datetime import timedelta

from avesa.connector.auth import Bearer
from avesa.connector.completeness import Total
from avesa.connector.incremental import Changes
from avesa.connector.limits import Limits, Rate
from avesa.connector.paging import End, PageNumber, SinglePage
from avesa.connector.request import Params
from avesa.connector.retry import Errors
from avesa.connector.service import Endpoint, Parent, Service, Setting

API = "/api/v1"
DAY = timedelta(days=1)

# Syncro API, pagination: the size of a page is the vendor's own and differs from list to list. Some lists say how many
# pages there are, others go on until one is empty.
BY_NUMBER = PageNumber("page", size=None, most=25, end=End(pages="meta.total_pages", short=False))

# Syncro API, comments: ten a page unless asked for more, in the order in which they were made.
COMMENTS = PageNumber(
    "page",
    size="per_page",
    most=100,
    order=(("sort_by", "created_at"), ("sort_direction", "ASC")),
    end=End(pages="meta.total_pages", short=False),
)

# Whoever has the address of a customer's page or of a document can open it.
PAGES_OF_CUSTOMERS = ("**.online_profile_url", "**.pdf_url")

# Syncro API, tickets and invoices: nothing sorts them, so rows may shift between pages; the overlap makes up for it.
UPDATED = Changes("updated_at", ask=("since_updated_at", "{since}"), overlap=timedelta(minutes=10))

# Syncro API, ticket timers: the window is on the time of making. What is edited later than a month comes with the daily
# listing.
RECENT_TIMERS = Changes("updated_at", ask=("created_at_gt", "{since}"), overlap=timedelta(days=30))

# Syncro API, comments: a comment moves its ticket's time.
NEW_COMMENTS = Changes("updated_at", ask=("updated_after", "{since}"), overlap=timedelta(minutes=1))


def listed(
    name: str,
    *,
    path: str | None = None,
    records: str | None = None,
    params: Params = (),
    canonical: str | None = None,
    secret: tuple[str, ...] = (),
    updated_at: str | None = "updated_at",
    every: timedelta = timedelta(0),
) -> Endpoint:
    """A list that cannot be asked for changes. Syncro API, permissions: a token has rights to each module by itself,
    and one that it lacks is refused by 401 or by 403.
    """
    return Endpoint(
        name,
        f"{API}/{path or name}",
        records=records or name,
        params=params,
        updated_at=updated_at,
        secret_fields=(*PAGES_OF_CUSTOMERS, *secret),
        every=every,
        refused_alone=True,
        canonical=canonical,
    )


SERVICE = Service(
    name="syncro",
    title="Syncro",
    category="psa",
    base_url="https://{subdomain}.syncromsp.com",
    settings=(Setting("subdomain", help="the name before .syncromsp.com"),),
    secrets=("api_token",),
    auth=Bearer("{api_token}"),
    # Syncro API, rate limits: 180 requests a minute for the address that they come from, whoever the tenant is.
    account=None,
    paging=BY_NUMBER,
    total=Total("meta.total_entries"),
    limits=Limits(rates=(Rate(180, per=timedelta(minutes=1)),), rest=timedelta(seconds=20)),
    errors=Errors(code="error", message="message.0"),
    endpoints=(
        # The one list by which it is told whether a token is good at all.
        Endpoint(
            "tickets",
            f"{API}/tickets",
            records="tickets",
            changes=UPDATED,
            secret_fields=PAGES_OF_CUSTOMERS,
            canonical="tickets",
        ),
        Endpoint(
            "ticket_timers",
            f"{API}/ticket_timers",
            records="ticket_timers",
            changes=RECENT_TIMERS,
            refused_alone=True,
            canonical="time_entries",
        ),
        # One request for each ticket there is: what was deleted is looked for once a month.
        Endpoint(
            "ticket_comments",
            f"{API}/tickets/{{ticket_id}}/comments",
            records="comments",
            parent=Parent("tickets", "ticket_id"),
            paging=COMMENTS,
            changes=NEW_COMMENTS,
            refused_alone=True,
            relist=timedelta(days=30),
        ),
        # Disabled customers are left out unless asked for. They stay what they are.
        listed("customers", params=(("include_disabled", "true"),), canonical="companies"),
        listed("contacts", canonical="contacts"),
        # Each is a pair of id and name, and the list comes whole.
        Endpoint(
            "users",
            f"{API}/users",
            records="users",
            key=("0",),
            paging=SinglePage(),
            refused_alone=True,
            canonical="users",
        ),
        listed("assets", path="customer_assets", canonical="devices"),
        listed("products", updated_at=None, canonical="products"),
        listed("contracts", canonical="agreements"),
        listed("schedules", updated_at=None, canonical="agreements"),
        Endpoint(
            "invoices",
            f"{API}/invoices",
            records="invoices",
            changes=UPDATED,
            secret_fields=PAGES_OF_CUSTOMERS,
            refused_alone=True,
            canonical="invoices",
        ),
        listed("estimates"),
        # What the processor of a payment answered may tell of the card.
        listed("payments", secret=("transaction_response",)),
        listed("leads", canonical="opportunities"),
        # Resolved alerts are left out unless asked for.
        listed("rmm_alerts", params=(("status", "all"),)),
        # Each stands under a name of its own in the list. The window is on the start. It is not published what comes
        # without one, so all time is asked for.
        Endpoint(
            "appointments",
            f"{API}/appointments",
            records="appointments",
            key=("appointment.id",),
            updated_at="appointment.updated_at",
            params=(("date_from", "2000-01-01"), ("date_to", "2100-01-01")),
            secret_fields=PAGES_OF_CUSTOMERS,
            refused_alone=True,
            canonical="tasks",
        ),
        listed("line_items", every=DAY),
        listed("purchase_orders"),
        listed("vendors"),
        # One request for each user.
        Endpoint(
            "user_details",
            f"{API}/users/{{id}}",
            records="user",
            records_as="object",
            updated_at="updated_at",
            parent=Parent("users", "id"),
            paging=SinglePage(),
            refused_alone=True,
            every=DAY,
        ),
    ),
)
