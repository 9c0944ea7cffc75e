"""QuickBooks Online, Accounting API v3: customers, items, sales, purchases and time, all read by one query language."""

from __future__ import annotations

from datetime import timedelta

from avesa.connector.incremental import Changes
from avesa.connector.limits import Limits, Rate
from avesa.connector.oauth2 import RefreshToken
from avesa.connector.paging import InFilter, Offset, SearchWindow, SinglePage
from avesa.connector.retry import Code, Errors, Inside
from avesa.connector.service import Deleted, Endpoint, Service, Setting

QUERY = "/v3/company/{realm_id}/query"
CDC = "/v3/company/{realm_id}/cdc"

# Intuit, minor versions: 75 is what answers since August 2025, whatever is asked for.
VERSION = ("minorversion", "75")

# No company is older than the product. Each query has a condition, so that another one can follow it.
EVER = "2000-01-01T00:00:00Z"

# Intuit, query operations: 1000 rows at most, from a position counted from 1. Positions shift when a row before them is
# deleted or changes its place, so no page goes by one: each begins at the time of the last row before.
PAGES = SearchWindow(
    Offset(
        "query",
        statement=" orderby Metadata.LastUpdatedTime ASC STARTPOSITION {offset} MAXRESULTS {limit}",
        start=1,
        most=1000,
    ),
    keys=("MetaData.LastUpdatedTime",),
    move=InFilter("query", "{filter} and Metadata.LastUpdatedTime >= '{0}'"),
    cap=1_000_000_000,
    size=1000,
    restart=1,
)

OVERLAP = timedelta(seconds=10)
EACH_WEEK = timedelta(days=7)


def selected(entity: str, since: str, condition: str) -> tuple[str, str]:
    return "query", f"select * from {entity} where Metadata.LastUpdatedTime >= '{since}'{condition}"


def queried(
    name: str, entity: str, *, canonical: str | None = None, condition: str = "", secret: tuple[str, ...] = ()
) -> Endpoint:
    """A list that is asked for what changed by the same query. In queries the field is `Metadata`, in bodies
    `MetaData`; an answer without rows has no list at all.
    """
    return Endpoint(
        name,
        QUERY,
        records=f"QueryResponse.{entity}",
        records_optional=True,
        key=("Id",),
        params=(VERSION, selected(entity, EVER, condition)),
        changes=Changes(
            "MetaData.LastUpdatedTime", ask=selected(entity, "{since}", condition), params=(VERSION,), overlap=OVERLAP
        ),
        secret_fields=secret,
        canonical=canonical,
    )


def name_list(name: str, entity: str, *, canonical: str | None = None, secret: tuple[str, ...] = ()) -> Endpoint:
    """Rows are made inactive, never removed, and a query holds the inactive ones back unless it asks for them."""
    return queried(name, entity, canonical=canonical, condition=" and Active IN (true, false)", secret=secret)


def transactions(name: str, entity: str, *, canonical: str | None = None) -> Endpoint:
    """Rows can be deleted, which only change data capture tells.

    Intuit, change data capture: whole objects, and of the deleted ones id, time and status; 1000 at most and no page
    behind them, 30 days back.
    """
    return Endpoint(
        name,
        QUERY,
        records=f"QueryResponse.{entity}",
        records_optional=True,
        key=("Id",),
        params=(VERSION, selected(entity, EVER, "")),
        changes=Changes(
            "MetaData.LastUpdatedTime",
            ask=("changedSince", "{since}"),
            path=CDC,
            params=(VERSION, ("entities", entity)),
            records=f"CDCResponse.*.QueryResponse.*.{entity}",
            paging=SinglePage(),
            most=1000,
            kept_for=timedelta(days=29),
            overlap=OVERLAP,
        ),
        deleted=Deleted("status", ("Deleted",)),
        relist=EACH_WEEK,
        canonical=canonical,
    )


SERVICE = Service(
    name="quickbooks",
    title="QuickBooks Online Accounting",
    category="finance",
    base_url="https://{host}",
    settings=(
        Setting("host", default="quickbooks.api.intuit.com", help="sandbox-quickbooks.api.intuit.com for a sandbox"),
        Setting("realm_id", help="company id"),
        Setting("client_id", help="client id of your app", is_account=False),
    ),
    secrets=("client_secret", "refresh_token"),
    # Intuit, OAuth 2.0: the refresh token changes about once a day, and only the newest is good.
    auth=RefreshToken("https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer", client="basic"),
    paging=PAGES,
    # Intuit, limits: 500 a minute for each company, 10 a second for company and app. A 429 names no time to wait.
    account=("realm_id", "client_id"),
    limits=Limits(
        concurrency=4,
        rates=(Rate(500, per=timedelta(minutes=1)), Rate(10)),
        rest=timedelta(minutes=1),
    ),
    # Of a 401 all names begin with a small letter. A fault may also come with status 200, in place of the list.
    errors=Errors(
        code="Fault.Error.0.code",
        message="Fault.Error.0.Detail",
        codes=(Code("003001", "limit"),),
        inside=(Inside("Fault"),),
    ),
    check="invoices",
    endpoints=(
        name_list("customers", "Customer", canonical="companies"),
        name_list("vendors", "Vendor"),
        name_list("employees", "Employee", canonical="users", secret=("SSN",)),
        transactions("invoices", "Invoice", canonical="invoices"),
        transactions("payments", "Payment"),
        transactions("credit_memos", "CreditMemo"),
        transactions("estimates", "Estimate"),
        transactions("sales_receipts", "SalesReceipt"),
        name_list("items", "Item", canonical="products"),
        name_list("accounts", "Account"),
        transactions("bills", "Bill"),
        transactions("bill_payments", "BillPayment"),
        transactions("purchases", "Purchase"),
        transactions("purchase_orders", "PurchaseOrder"),
        # Of these alone change data capture knows nothing: the daily listing finds what was deleted.
        queried("time_activities", "TimeActivity", canonical="time_entries"),
        transactions("journal_entries", "JournalEntry"),
        transactions("deposits", "Deposit"),
        name_list("terms", "Term"),
        name_list("classes", "Class"),
    ),
)
