"""Pax8: what a partner buys and resells, the subscriptions of its companies, and what they are billed for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from avesa.connector.completeness import Total
from avesa.connector.incremental import Changes, InParams
from avesa.connector.limits import Limits, Rate
from avesa.connector.oauth2 import ClientCredentials
from avesa.connector.paging import End, InTurn, PageNumber, SinglePage
from avesa.connector.retry import Errors
from avesa.connector.service import Deleted, Endpoint, Parent, Service

# Pax8 API, pagination: pages are counted from 0, and the answer says how many there are.
PAGES = PageNumber(size="size", most=200, start=0, end=End(pages="page.totalPages"))
# Pax8 API v2, quotes: the same with another word for the size.
QUOTES = PageNumber(size="limit", most=100, start=0, end=End(pages="page.totalPages"))

EACH_TIME, DAILY, WEEKLY = timedelta(0), timedelta(days=1), timedelta(days=7)
OF_SUBSCRIPTION = Parent("subscriptions", "subscriptionId")


def of_each(name: str, path: str, parent: Parent, *, every: timedelta = DAILY, **more: Any) -> Endpoint:
    """A list of each company, product, subscription or invoice: one request for each there is."""
    return Endpoint(name, f"/v1/{path}", records="content", parent=parent, every=every, may_be_empty=True, **more)


SERVICE = Service(
    name="pax8",
    title="Pax8",
    category="commerce",
    base_url="https://api.pax8.com",
    secrets=("client_id", "client_secret"),
    # Pax8 API, authentication: a JSON body; this audience is the partner's own API. The token lives a day. The client
    # is meant for the partner's own use.
    auth=ClientCredentials(
        "https://api.pax8.com/v1/token", encoding="json", fields=(("audience", "https://api.pax8.com"),)
    ),
    account=("client_id",),
    paging=PAGES,
    total=Total("page.totalElements"),
    # Pax8 API, rate limits: 1,000 successful calls a minute, told by no header.
    limits=Limits(rates=(Rate(1000, per=timedelta(minutes=1)),), rest=timedelta(seconds=10)),
    errors=Errors(code="type", message="message"),
    check="companies",
    # No list can be asked for what changed, but quotes and the days of usage: all others are read whole.
    endpoints=(
        # Whether a list without a status has those that are inactive or deleted is not said: they are asked for too.
        Endpoint(
            "companies",
            "/v1/companies",
            records="content",
            paging=InTurn(PAGES, "status", (None, "Inactive", "Deleted")),
            changes=None,
            updated_at="updatedDate",
            deleted=Deleted("status", ("Deleted",)),
            canonical="companies",
        ),
        of_each(
            "contacts",
            "companies/{companyId}/contacts",
            Parent("companies", "companyId"),
            every=EACH_TIME,
            canonical="contacts",
        ),
        Endpoint("products", "/v1/products", records="content", canonical="products"),
        # Prices have no id, one product has several, and a change of one does not show in the product.
        of_each(
            "product_pricing",
            "products/{productId}/pricing",
            Parent("products", "productId"),
            every=WEEKLY,
            key=(),
            paging=SinglePage(),
        ),
        Endpoint("orders", "/v1/orders", records="content", changes=None, may_be_empty=True),
        # A cancelled subscription stays in the list. In the order in which they were made, new ones come last.
        Endpoint(
            "subscriptions",
            "/v1/subscriptions",
            records="content",
            params=(("sort", "createdDate,asc"),),
            changes=None,
            updated_at="updatedDate",
            canonical="agreements",
        ),
        # What a subscription was before each of its changes; an element repeats the subscription with an id of its own.
        of_each(
            "subscription_history",
            "subscriptions/{subscriptionId}/history",
            OF_SUBSCRIPTION,
            every=WEEKLY,
            unique_under_parent=True,
            paging=SinglePage(),
        ),
        # The window of dates is about when an invoice was made, and its balance moves later.
        Endpoint(
            "invoices",
            "/v1/invoices",
            records="content",
            params=(("sort", "invoiceDate"),),
            changes=None,
            canonical="invoices",
            may_be_empty=True,
        ),
        of_each("invoice_items", "invoices/{invoiceId}/items", Parent("invoices", "invoiceId")),
        # What the next invoice will hold, and with 1 the one behind it.
        Endpoint(
            "invoice_draft_items",
            "/v1/invoices/draftItems",
            records="content",
            paging=InTurn(PAGES, "monthOffset", ("0", "1")),
            may_be_empty=True,
        ),
        of_each("usage_summaries", "subscriptions/{subscriptionId}/usage-summaries", OF_SUBSCRIPTION),
        # Lines are told of one day at a time, and have no id; come late. A day is asked for once it is over.
        of_each(
            "usage_lines",
            "usage-summaries/{usageSummaryId}/usage-lines",
            Parent("usage_summaries", "usageSummaryId", every=True),
            key=(),
            paging=SinglePage(),
            changes=Changes(
                None,
                ask=InParams((("usageDate", "{since}"),), whole=True),
                form="%Y-%m-%d",
                overlap=timedelta(days=2),
                longest_window=timedelta(days=1),
                kept_for=timedelta(days=31),
                only=True,
            ),
        ),
        # Quotes of the whole partner, not of the user alone. The newest change comes first.
        Endpoint(
            "quotes",
            "/v2/quotes",
            records="content",
            params=(("sort", "updatedOn,desc"), ("account", "partner")),
            paging=QUOTES,
            changes=Changes("updatedOn", ask=InParams(()), overlap=timedelta(minutes=5), newest_first=True),
            canonical="opportunities",
            may_be_empty=True,
        ),
    ),
)
