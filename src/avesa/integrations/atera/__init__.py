"""Atera: customers and their people, tickets and hours, devices and alerts. What it calls agents are machines; there is
no list of technicians.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from avesa.connector.auth import HeaderKey
from avesa.connector.completeness import Total
from avesa.connector.in_turn import InTurn
from avesa.connector.incremental import Changes, InParams
from avesa.connector.limits import Adaptive, Limits, Rate
from avesa.connector.paging import End, PageNumber, SinglePage
from avesa.connector.request import Params
from avesa.connector.retry import Errors
from avesa.connector.service import Endpoint, Parent, Service

API = "/api/v3"
DAY = timedelta(days=1)
WEEKLY = timedelta(days=7)

# Atera API, pagination: fifty a page at most, by all accounts, and the answer says how many pages there are.
BY_NUMBER = PageNumber("page", size="itemsInPage", most=50, end=End(pages="totalPages", short=False))

# Atera API, customers and contacts: in the order in which they were made, in which they stay.
AS_MADE: Params = (("SortBy", "Creation"),)

# It is not published that times are UTC. A day makes up for any zone.
ANY_ZONE = DAY

MODIFIED = Changes("LastModified", ask=("FromLastModifiedDate", "{since}"), overlap=ANY_ZONE)

# Atera API, tickets: those that changed have a list of their own. No ticket says when it changed.
MODIFIED_TICKETS = Changes(None, ask=("date", "{since}"), path=f"{API}/tickets/lastmodified", overlap=ANY_ZONE)

# Atera API, work hours and invoices: the window is on the day of the work, or of the invoice. What is edited later than
# two months comes with the daily listing. It is not published what comes without a window, so all time is asked for.
RECENT_WORK = Changes(None, ask=("startWorkhour", "{since}"), overlap=timedelta(days=60))
RECENT_INVOICES = Changes(None, ask=("invoiceDateFrom", "{since}"), form="%Y-%m-%d", overlap=timedelta(days=60))


def listed(name: str, path: str, key: str, **more: Any) -> Endpoint:
    """A list under `items`. Most cannot be asked for changes."""
    return Endpoint(name, f"{API}/{path}", records="items", key=(key,), **more)


SERVICE = Service(
    name="atera",
    title="Atera",
    category="rmm",
    base_url="https://app.atera.com",
    secrets=("api_key",),
    auth=HeaderKey("X-API-KEY", "{api_key}"),
    paging=BY_NUMBER,
    total=Total("totalItemCount"),
    # Atera publishes no number; others tell of 700 a minute. A 429 may come without a time to wait.
    limits=Limits(
        rates=(Rate(700, per=timedelta(minutes=1)),),
        adaptive=Adaptive(start=5),
        rest=timedelta(seconds=10),
    ),
    errors=Errors(code="title", message="detail"),
    check="customers",
    endpoints=(
        listed(
            "tickets",
            "tickets",
            "TicketID",
            params=(("includeRelations", "true"),),
            changes=MODIFIED_TICKETS,
            canonical="tickets",
        ),
        # What this list leaves out, and after how long, is not published: absence means nothing in it.
        listed(
            "tickets_statusmodified",
            "tickets/statusmodified",
            "TicketID",
            changes=Changes(None, ask=InParams(()), only=True, kept_for=DAY),
            every=DAY,
        ),
        listed(
            "workhours",
            "workhours",
            "WorkHoursID",
            params=(("startWorkhour", "2000-01-01T00:00:00Z"), ("includeRates", "true")),
            changes=RECENT_WORK,
            canonical="time_entries",
        ),
        # No ticket says when it changed, so each one is asked about. The hours are those of the list above.
        listed(
            "ticket_workhours",
            "tickets/{ticketId}/workhoursrecords",
            "WorkHoursID",
            parent=Parent("tickets", "ticketId"),
            every=WEEKLY,
        ),
        # A comment has no id, and either no end user or no technician: its content is its key.
        Endpoint(
            "ticket_comments",
            f"{API}/tickets/{{ticketId}}/comments",
            records="items",
            key=(),
            parent=Parent("tickets", "ticketId"),
            unique_under_parent=True,
            every=WEEKLY,
        ),
        listed("customers", "customers", "CustomerID", params=AS_MADE, changes=MODIFIED, canonical="companies"),
        listed("contacts", "contacts", "EndUserID", params=AS_MADE, changes=MODIFIED, canonical="contacts"),
        # Serial numbers of Windows and Office are the keys of their licences.
        listed(
            "agents",
            "agents",
            "AgentID",
            updated_at="Modified",
            secret_fields=("WindowsSerialNumber", "OfficeSerialNumber"),
            canonical="devices",
        ),
        listed("generic_devices", "devices/genericdevices", "DeviceID", canonical="devices"),
        # Whoever knows the community, or the two passwords of version 3, can ask the device.
        listed(
            "snmp_devices", "devices/snmpdevices", "DeviceID", secret_fields=("Community", "Authentication", "Privacy")
        ),
        listed("tcp_devices", "devices/tcpdevices", "DeviceID"),
        listed("http_devices", "devices/httpdevices", "DeviceID"),
        # It is not published which come by themselves, so all are asked for, one status after the other.
        listed(
            "alerts",
            "alerts",
            "AlertID",
            paging=InTurn(BY_NUMBER, "alertStatus", ("Open", "Snoozed", "Resolved")),
            # Each part has a total of its own.
            total=Total("totalItemCount", trusted=False),
            every=timedelta(hours=6),
        ),
        listed("contracts", "contracts", "ContractID", canonical="agreements"),
        listed(
            "invoices",
            "billing/invoices",
            "InvoiceNumber",
            params=(("invoiceDateFrom", "2000-01-01"),),
            changes=RECENT_INVOICES,
            canonical="invoices",
        ),
        listed("rate_products", "rates/products", "RateID", canonical="products"),
        listed("rate_expenses", "rates/expenses", "RateID"),
        listed("departments", "departments", "Id"),
        # A customer and a ticket may have fields of one name.
        Endpoint(
            "custom_fields",
            f"{API}/customvalues/customfields",
            key=("Target", "Name"),
            paging=SinglePage(),
        ),
    ),
)
