"""Datto Autotask PSA, REST API 1.0: companies, tickets, time, contracts and what else an MSP runs on."""

from __future__ import annotations

from datetime import timedelta

from avesa.connector.incremental import Changes, InBody
from avesa.connector.json_template import Body, json_body
from avesa.connector.limits import AtOnce, Limits, Rate
from avesa.connector.paging import End, InParam, Keyset
from avesa.connector.retry import Code, Errors
from avesa.connector.service import Endpoint, Service, Setting
from avesa.integrations.autotask.zone import ANY_ZONE, ZonedHeaders

# Autotask REST, advanced query features: rows come in the order of their ids, 500 at most, so each page can begin
# behind the last id. That is exact, unlike the vendor's own addresses of next pages, of which it keeps the newest 50
# and which want the verb and the body of the first request. Ids begin with 0: that is the provider's own company.
BY_ID = Keyset(
    ("id",),
    InParam("filter.1.value", into="body"),
    size="MaxRecords",
    most=500,
    into="body",
    end=End(more="pageDetails.nextPageUrl"),
)

# Autotask REST, basic query calls: a query has at least one condition, and this one is true of all records.
ANY_RECORD = {"op": "gte", "field": "id", "value": 0}
BEHIND_ID = {"op": "gt", "field": "id", "value": -1}

EVERYTHING = json_body({"filter": [ANY_RECORD, BEHIND_ID]})
"""Asked for changes, the first condition becomes one on the time of change; the second one turns the pages."""

# A company's two times of change move with activities and with edits, so either may be the newer one.
EVERYTHING_BY_TWO_TIMES = json_body({"filter": [{"op": "or", "items": [ANY_RECORD, ANY_RECORD]}, BEHIND_ID]})

# A row can be visible a little later than it was stamped.
OVERLAP = timedelta(minutes=1)


def changed(field: str) -> Changes:
    """Autotask REST, best practices: each entity has a field of its own for it. Times in filters are UTC."""
    return Changes(field, ask=InBody((("filter.0.field", field), ("filter.0.value", "{since}"))), overlap=OVERLAP)


COMPANY_CHANGED = Changes(
    "lastActivityDate",
    ask=InBody(
        (
            ("filter.0.items.0.field", "lastActivityDate"),
            ("filter.0.items.0.value", "{since}"),
            ("filter.0.items.1.field", "lastTrackedModifiedDateTime"),
            ("filter.0.items.1.value", "{since}"),
        )
    ),
    overlap=OVERLAP,
)


def entity(
    table: str,
    name: str,
    changes: Changes | None = None,
    *,
    canonical: str | None = None,
    body: Body = EVERYTHING,
    every: timedelta = timedelta(0),
) -> Endpoint:
    """One kind of record. Without `changes` it has no time of change and is listed whole."""
    return Endpoint(
        table,
        f"/V1.0/{name}/query",
        method="POST",
        body=body,
        records="items",
        changes=changes,
        canonical=canonical,
        every=every,
    )


# Large tables that have to be listed whole: four times a day, since the database has a budget for the hour.
SELDOM = timedelta(hours=6)

SERVICE = Service(
    name="autotask",
    title="Datto Autotask PSA",
    category="psa",
    base_url="https://{zone}.autotask.net/ATServicesRest",
    settings=(
        Setting("zone", default=ANY_ZONE, help="first part of your zone's host, such as webservices5; else looked up"),
    ),
    secrets=("user_name", "secret", "api_integration_code"),
    auth=ZonedHeaders(
        (("ApiIntegrationCode", "{api_integration_code}"), ("UserName", "{user_name}"), ("Secret", "{secret}"))
    ),
    # An API user belongs to one database; its secret and the integration's code may be exchanged.
    account=("user_name",),
    paging=BY_ID,
    # Autotask REST, thresholds and limits: 10,000 requests in any hour for the database, all integrations together,
    # and three at once for each kind of record.
    limits=Limits(
        rates=(Rate(10_000, per=timedelta(hours=1)),),
        at_once=(AtOnce(3, each=True),),
        slows="endpoint",
    ),
    # Autotask REST, errors: a text and no code, and status 500 for a bad query as well as for a fault of the server.
    # Some of the times of change are not in the vendor's list of such fields, so a filter on them may be refused.
    errors=Errors(
        message="errors.0",
        codes=(
            Code(None, "limit", text="thread threshold"),
            Code(None, "limit", text="Itgenatr005"),
            Code(None, "condition", text="unable to find"),
        ),
    ),
    check="tickets",
    endpoints=(
        # Removed records vanish without a trace, so a daily listing looks for them. What is made inactive stays.
        entity("tickets", "Tickets", changed("lastActivityDate"), canonical="tickets"),
        entity("time_entries", "TimeEntries", changed("lastModifiedDateTime"), canonical="time_entries"),
        entity("companies", "Companies", COMPANY_CHANGED, canonical="companies", body=EVERYTHING_BY_TWO_TIMES),
        entity("contacts", "Contacts", changed("lastModifiedDate"), canonical="contacts"),
        entity("resources", "Resources", canonical="users"),
        entity("configuration_items", "ConfigurationItems", changed("lastModifiedTime"), canonical="devices"),
        entity("products", "Products", canonical="products"),
        entity("services", "Services", changed("lastModifiedDate"), canonical="products"),
        entity("contracts", "Contracts", canonical="agreements"),
        entity("contract_services", "ContractServices"),
        entity("contract_service_units", "ContractServiceUnits", every=SELDOM),
        entity("invoices", "Invoices", canonical="invoices"),
        entity("billing_items", "BillingItems", every=SELDOM),
        entity("opportunities", "Opportunities", changed("lastActivity"), canonical="opportunities"),
        entity("projects", "Projects", changed("lastActivityDateTime"), canonical="projects"),
        entity("tasks", "Tasks", changed("lastActivityDateTime"), canonical="tasks"),
        entity("ticket_notes", "TicketNotes", changed("lastActivityDate")),
        entity("billing_codes", "BillingCodes"),
        entity("service_calls", "ServiceCalls", changed("lastModifiedDateTime")),
        entity("expense_items", "ExpenseItems", every=SELDOM),
    ),
)
