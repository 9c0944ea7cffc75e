"""Xero, Accounting API 2.0 and Projects API 2.0: contacts, sales and purchases, the ledger, projects and their time."""

from __future__ import annotations

from datetime import timedelta

from avesa.connector.auth import OneOf
from avesa.connector.completeness import Total
from avesa.connector.incremental import Changes, InHeader
from avesa.connector.limits import Limits, Rate, Told
from avesa.connector.oauth2 import ClientCredentials, RefreshToken
from avesa.connector.paging import End, InParam, Keyset, PageNumber
from avesa.connector.retry import Code, Errors
from avesa.connector.service import Deleted, Endpoint, Parent, Service, Setting
from avesa.connector.times import FirstOf, Iso, MicrosoftDate

# Xero Accounting API, requests: the moment stands in a header, UTC where no zone is written, and is compared with
# UpdatedDateUTC. The voided and the deleted move that time as well.
MODIFIED = Changes(
    "UpdatedDateUTC",
    ask=InHeader("If-Modified-Since"),
    form="%Y-%m-%dT%H:%M:%S",
    overlap=timedelta(seconds=10),
)

# The body tells how many pages there are, and how long they really are.
COUNTED = End(pages="pagination.pageCount", size="pagination.pageSize")

DELETED = Deleted("Status", ("DELETED",))

# Xero Accounting API, unitdp: unit prices come with two digits behind the point unless four are asked for.
UNIT_PRICES = (("unitdp", "4"),)

# Xero to Xero network: whoever has a contact's key can link to its organisation. Contacts stand in whatever names one.
NETWORK_KEY = ("**.XeroNetworkKey",)


def by_id(key: str, *, size: str | None = "pageSize") -> PageNumber:
    """Pages in the order of an id, which never changes: in that of UpdatedDateUTC a record that changes meanwhile
    would move to the end and shift another one out of sight. Without the parameter `size` a page has 100 rows.
    """
    return PageNumber(size=size, most=1000 if size else 100, order=(("order", f"{key} ASC"),), end=COUNTED)


# Xero Projects API, pagination: 500 at most, and no order to ask for. No list tells when a record last changed: the
# date of a time entry is that of the work.
OF_PROJECTS = PageNumber(most=500, end=COUNTED)

# One request for each project there is.
FOR_EACH_PROJECT = timedelta(hours=6)

SERVICE = Service(
    name="xero",
    title="Xero",
    category="finance",
    base_url="https://api.xero.com",
    settings=(
        Setting(
            "xero_tenant_id", help="tenantId of the organisation, as GET https://api.xero.com/connections tells it"
        ),
        Setting("client_id", help="client id of your app", is_account=False),
        Setting(
            "scopes",
            default="accounting.contacts.read accounting.settings.read accounting.invoices.read"
            " accounting.payments.read accounting.banktransactions.read accounting.manualjournals.read projects.read",
            help="of a custom connection, which has no refresh token",
        ),
        Setting("calls_a_day", default="5000", help="1000 on the Starter tier"),
    ),
    secrets=("client_secret", "refresh_token"),
    # Xero, OAuth 2.0: a refresh token is good for one use. A custom connection is for one organisation and has none.
    auth=OneOf(
        (
            RefreshToken("https://identity.xero.com/connect/token", client="basic"),
            ClientCredentials(
                "https://identity.xero.com/connect/token", client="basic", fields=(("scope", "{scopes}"),)
            ),
        )
    ),
    headers=(("xero-tenant-id", "{xero_tenant_id}"),),
    times=FirstOf((MicrosoftDate(), Iso())),
    total=Total("pagination.itemCount"),
    # Xero, API limits: for each organisation and app.
    account=("xero_tenant_id", "client_id"),
    limits=Limits(
        concurrency=5,
        rates=(Rate(60, per=timedelta(minutes=1)), Rate(5000, per=timedelta(days=1), setting="calls_a_day")),
        told=(
            Told("X-MinLimit-Remaining"),
            Told("X-AppMinLimit-Remaining"),
            Told("X-DayLimit-Remaining", per=timedelta(days=1)),
        ),
    ),
    # An app without a scope is told so by a 401, which says nothing against its token: the other tables go on.
    errors=Errors(
        code="Detail",
        message="Message",
        codes=(Code(None, "table", status=401, text="AuthorizationUnsuccessful"),),
    ),
    check="invoices",
    endpoints=(
        # Contacts are archived, never removed, and then only shown on request; one whose data had to be erased is gone.
        Endpoint(
            "contacts",
            "/api.xro/2.0/Contacts",
            records="Contacts",
            key=("ContactID",),
            changes=MODIFIED,
            paging=by_id("ContactID"),
            params=(("includeArchived", "true"),),
            deleted=Deleted("ContactStatus", ("GDPRREQUEST",)),
            secret_fields=NETWORK_KEY,
            canonical="companies",
        ),
        # Only a list that is asked for by pages holds the lines of each invoice.
        Endpoint(
            "invoices",
            "/api.xro/2.0/Invoices",
            records="Invoices",
            key=("InvoiceID",),
            changes=MODIFIED,
            paging=by_id("InvoiceID"),
            params=(("includeArchived", "true"), *UNIT_PRICES),
            deleted=DELETED,
            secret_fields=NETWORK_KEY,
            canonical="invoices",
        ),
        Endpoint(
            "credit_notes",
            "/api.xro/2.0/CreditNotes",
            records="CreditNotes",
            key=("CreditNoteID",),
            changes=MODIFIED,
            paging=by_id("CreditNoteID"),
            params=UNIT_PRICES,
            deleted=DELETED,
            secret_fields=NETWORK_KEY,
        ),
        Endpoint(
            "payments",
            "/api.xro/2.0/Payments",
            records="Payments",
            key=("PaymentID",),
            changes=MODIFIED,
            paging=by_id("PaymentID"),
            deleted=DELETED,
            secret_fields=NETWORK_KEY,
        ),
        # Items are removed without a trace; the daily listing finds out.
        Endpoint(
            "items",
            "/api.xro/2.0/Items",
            records="Items",
            key=("ItemID",),
            changes=MODIFIED,
            params=UNIT_PRICES,
            canonical="products",
        ),
        Endpoint(
            "accounts",
            "/api.xro/2.0/Accounts",
            records="Accounts",
            key=("AccountID",),
            changes=MODIFIED,
            deleted=DELETED,
        ),
        Endpoint(
            "bank_transactions",
            "/api.xro/2.0/BankTransactions",
            records="BankTransactions",
            key=("BankTransactionID",),
            changes=MODIFIED,
            paging=by_id("BankTransactionID"),
            params=UNIT_PRICES,
            deleted=DELETED,
            secret_fields=NETWORK_KEY,
        ),
        Endpoint(
            "quotes",
            "/api.xro/2.0/Quotes",
            records="Quotes",
            key=("QuoteID",),
            changes=MODIFIED,
            paging=by_id("QuoteID", size=None),
            deleted=DELETED,
            secret_fields=NETWORK_KEY,
        ),
        Endpoint(
            "purchase_orders",
            "/api.xro/2.0/PurchaseOrders",
            records="PurchaseOrders",
            key=("PurchaseOrderID",),
            changes=MODIFIED,
            paging=by_id("PurchaseOrderID"),
            deleted=DELETED,
            secret_fields=NETWORK_KEY,
        ),
        Endpoint(
            "repeating_invoices",
            "/api.xro/2.0/RepeatingInvoices",
            records="RepeatingInvoices",
            key=("RepeatingInvoiceID",),
            deleted=DELETED,
            secret_fields=NETWORK_KEY,
            canonical="agreements",
        ),
        Endpoint(
            "users",
            "/api.xro/2.0/Users",
            records="Users",
            key=("UserID",),
            changes=MODIFIED,
            canonical="users",
        ),
        Endpoint(
            "manual_journals",
            "/api.xro/2.0/ManualJournals",
            records="ManualJournals",
            key=("ManualJournalID",),
            changes=MODIFIED,
            paging=by_id("ManualJournalID"),
            deleted=DELETED,
        ),
        # Xero Accounting API, Journals: in the order of their numbers, behind the one in `offset`. They never change. A
        # page that is not full is not trusted to be the last one.
        Endpoint(
            "journals",
            "/api.xro/2.0/Journals",
            records="Journals",
            key=("JournalID",),
            updated_at="CreatedDateUTC",
            changes=MODIFIED,
            paging=Keyset(("JournalNumber",), InParam("offset"), size=None, most=100, end=End(short=False)),
            relist=timedelta(days=90),
        ),
        Endpoint(
            "tracking_categories",
            "/api.xro/2.0/TrackingCategories",
            records="TrackingCategories",
            key=("TrackingCategoryID",),
            params=(("includeArchived", "true"),),
            deleted=DELETED,
        ),
        Endpoint(
            "tax_rates",
            "/api.xro/2.0/TaxRates",
            records="TaxRates",
            key=("TaxType",),
            deleted=DELETED,
        ),
        Endpoint(
            "organisations",
            "/api.xro/2.0/Organisation",
            records="Organisations",
            key=("OrganisationID",),
            secret_fields=("APIKey",),
        ),
        Endpoint(
            "projects",
            "/projects.xro/2.0/Projects",
            records="items",
            key=("projectId",),
            paging=OF_PROJECTS,
            canonical="projects",
        ),
        Endpoint(
            "project_tasks",
            "/projects.xro/2.0/Projects/{projectId}/Tasks",
            records="items",
            key=("taskId",),
            paging=OF_PROJECTS,
            parent=Parent("projects", "projectId"),
            every=FOR_EACH_PROJECT,
            canonical="tasks",
        ),
        Endpoint(
            "time_entries",
            "/projects.xro/2.0/Projects/{projectId}/Time",
            records="items",
            key=("timeEntryId",),
            changes=None,
            paging=OF_PROJECTS,
            parent=Parent("projects", "projectId"),
            every=FOR_EACH_PROJECT,
            canonical="time_entries",
        ),
        Endpoint(
            "project_users",
            "/projects.xro/2.0/ProjectsUsers",
            records="items",
            key=("userId",),
            paging=OF_PROJECTS,
        ),
    ),
)
