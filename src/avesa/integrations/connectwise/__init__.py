"""ConnectWise PSA (Manage), REST API 3.0: companies, tickets, time, agreements and what else an MSP runs on."""

from __future__ import annotations

from datetime import timedelta

from avesa.connector.auth import Basic
from avesa.connector.incremental import Changes
from avesa.connector.limits import Limits
from avesa.connector.paging import ForwardOnly, PageNumber
from avesa.connector.service import Deleted, Endpoint, Parent, Service, Setting

# ConnectWise REST, pagination: with `pagination-type: forward-only` rows come by id and `pageId` means "behind this
# id". Rows that vanish meanwhile shift nothing, so this is exact for every list; 1000 is the largest page.
BY_ID = ForwardOnly(headers=(("pagination-type", "forward-only"),))

# ConnectWise REST, pagination: page numbers come with a Link to the last page, so pages can be fetched at once.
# A removed row would shift the rest; this is for the lists from which nothing is ever removed.
BY_NUMBER = PageNumber(order=(("orderBy", "id asc"),))

# ConnectWise REST, conditions: the field is `lastUpdated`, in records it is `_info.lastUpdated`; date-times stand in
# brackets, UTC, in whole seconds. A row can be visible a little later than it was stamped, hence the overlap.
LAST_UPDATED = Changes(
    field="_info.lastUpdated",
    ask=("conditions", "lastUpdated>=[{since}]"),
    overlap=timedelta(seconds=10),
)

SERVICE = Service(
    name="connectwise",
    title="ConnectWise PSA",
    category="psa",
    # ConnectWise REST, authentication: the codebase v4_6_release is served by every host.
    base_url="https://{site}/{codebase}/apis/3.0",
    settings=(
        Setting("site", default="api-na.myconnectwise.net", help="API host of your region, or your own server"),
        Setting("company_id", help="login company id"),
        Setting("codebase", default="v4_6_release", help="path of the release", is_account=False),
    ),
    secrets=("public_key", "private_key", "client_id"),
    # ConnectWise REST, authentication: Basic with the company in front of the public key; every call also carries
    # the integration's GUID.
    auth=Basic("{company_id}+{public_key}", "{private_key}"),
    headers=(("clientId", "{client_id}"),),
    paging=BY_ID,
    changes=LAST_UPDATED,
    # No number is published for all clouds, so be modest and slow down when told to (429).
    limits=Limits(concurrency=4),
    check="companies",
    endpoints=(
        # Hard-deleted rows vanish from a list without a trace, so a daily listing looks for them; tickets that were
        # merged or deleted among them.
        Endpoint("tickets", "/service/tickets", canonical="tickets"),
        Endpoint("time_entries", "/time/entries", canonical="time_entries"),
        # Deleted companies stay in the list with a flag.
        Endpoint(
            "companies",
            "/company/companies",
            canonical="companies",
            deleted=Deleted("deletedFlag", at="dateDeleted"),
            listing_paging=BY_NUMBER,
        ),
        Endpoint("contacts", "/company/contacts", canonical="contacts"),
        # Members are made inactive, never removed.
        Endpoint("members", "/system/members", canonical="users", listing_paging=BY_NUMBER),
        # Answers to the questions of a type may be passwords.
        Endpoint("configurations", "/company/configurations", secret_fields=("questions.answer",), canonical="devices"),
        # Catalogue items are made inactive, never removed.
        Endpoint("catalog_items", "/procurement/catalog", canonical="products", listing_paging=BY_NUMBER),
        Endpoint("agreements", "/finance/agreements", canonical="agreements"),
        Endpoint(
            "agreement_additions",
            "/finance/agreements/{parentId}/additions",
            parent=Parent("agreements"),
        ),
        Endpoint("invoices", "/finance/invoices", canonical="invoices"),
        Endpoint("opportunities", "/sales/opportunities", canonical="opportunities"),
        Endpoint("projects", "/project/projects", canonical="projects"),
        Endpoint("project_tickets", "/project/tickets", canonical="tasks"),
        Endpoint("product_items", "/procurement/products"),
        Endpoint("activities", "/sales/activities", canonical="tasks"),
        Endpoint("schedule_entries", "/schedule/entries"),
        Endpoint("expense_entries", "/expense/entries"),
        Endpoint("purchase_orders", "/procurement/purchaseorders"),
        # Inactive boards stay listed.
        Endpoint("boards", "/service/boards", listing_paging=BY_NUMBER),
        # One request for every ticket there is: looking for deleted notes is worth that once a week.
        Endpoint(
            "ticket_notes",
            "/service/tickets/{parentId}/notes",
            parent=Parent("tickets"),
            relist=timedelta(days=7),
        ),
    ),
)
