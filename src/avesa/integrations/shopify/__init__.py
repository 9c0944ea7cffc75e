"""Shopify, Admin REST API: orders with what was shipped, paid and given back, customers, products and their stock.

Companies of customers and what came after 2024 exist in GraphQL alone.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from avesa.connector.auth import HeaderKey, OneOf
from avesa.connector.incremental import Changes, Deletions, InParams
from avesa.connector.limits import Limits, Rate, Told
from avesa.connector.oauth2 import ClientCredentials, RefreshToken
from avesa.connector.paging import Expired, InTurn, Link, NextUrl
from avesa.connector.retry import Code, Errors
from avesa.connector.service import Deleted, Endpoint, Parent, Service, Setting

API = "/admin/api/{api_version}"
TOKENS = "https://{shop}.myshopify.com/admin/oauth/access_token"
HEADER = "X-Shopify-Access-Token"

# Shopify, paginated requests: the next address holds limit and page_info, which nothing else goes with. A page_info
# lives for a while, and a request with one that is over is a bad one.
PAGES = NextUrl(at=Link(), size="limit", most=250, expired=(Expired(status=400),))

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def since(field: str, param: str, **more: Any) -> Changes:
    """Times are those of the shop's zone, in whole seconds. In which order rows come is not asked for: that parameter
    is on no page of the vendor's.
    """
    return Changes(field, ask=(param, "{since}"), overlap=MINUTE, **more)


UPDATED = since("updated_at", "updated_at_min")


def deleted_as(subject: str) -> Deletions:
    """Shopify, events: they tell of the end of products and collections, and of no order or customer."""
    return Deletions(
        f"{API}/events.json",
        key=("subject_id",),
        at="created_at",
        records="events",
        params=(("filter", subject), ("verb", "destroy")),
        changes=since("created_at", "created_at_min"),
    )


def table(name: str, path: str | None = None, changes: Changes | None = UPDATED, **more: Any) -> Endpoint:
    return Endpoint(name, f"{API}/{path or name}.json", records=name, changes=changes, **more)


def of_order(name: str, changes: Changes, *secret: str, having: str | None = None) -> Endpoint:
    """None of them is ever deleted, and an order changes with them. The whole list is one request for each order, or
    for each that shows that it has such.
    """
    return table(
        name,
        f"orders/{{order_id}}/{name}",
        changes,
        parent=Parent("orders", "order_id", having=having),
        relist=timedelta(days=365),
        secret_fields=secret,
        may_be_empty=True,
    )


# They cannot be asked for what came since; those of what changed above them are read.
OF_CHANGED = InParams(())

# Whoever has such an address sees a customer's order, checkout or invoice without a login; with a token one can go on
# with the checkout. A receipt is what the payment gateway or the carrier answered, whatever that was.
OF_CUSTOMER = "customer.multipass_identifier"
OF_ORDER = (
    *("token", "cart_token", "checkout_token", "order_status_url", "client_details.session_hash", OF_CUSTOMER),
    *("fulfillments.receipt", "refunds.transactions.receipt"),
)

SERVICE = Service(
    name="shopify",
    title="Shopify (REST Admin API)",
    category="commerce",
    base_url="https://{shop}.myshopify.com",
    settings=(
        Setting("shop", help="name of the shop: acme, if it is acme.myshopify.com"),
        # Shopify, versioning: one that is over falls forward to the oldest that is supported.
        Setting(
            "api_version", default="2026-04", help="version of the API; each is supported for a year", is_account=False
        ),
        Setting("client_id", help="of the app from the Dev Dashboard, if it has no token of its own", is_account=False),
        Setting("bucket", default="40", help="requests that your plan's bucket holds: 80 on Advanced, 400 on Plus"),
    ),
    secrets=("admin_api_access_token", "client_secret", "refresh_token"),
    # Shopify, access tokens: one of a custom app from before 2026 does not end. An app of the shop's own organization
    # asks for one that lives for a day; a public app has one for an hour, and a refresh token that changes with it.
    auth=OneOf(
        (
            HeaderKey(HEADER, "{admin_api_access_token}"),
            RefreshToken(TOKENS, header=HEADER, prefix=""),
            ClientCredentials(TOKENS, header=HEADER, prefix=""),
        )
    ),
    account=("shop", "client_id", "admin_api_access_token"),
    paging=PAGES,
    # Shopify, rate limits: a bucket for each app and shop that loses a twentieth of it in a second, whatever the plan.
    limits=Limits(
        rates=(Rate(40, per=timedelta(seconds=20), setting="bucket"),),
        told=(Told(used_of="X-Shopify-Shop-Api-Call-Limit", per=timedelta(seconds=2)),),
    ),
    # A shop that is frozen (402) or locked (423) answers nothing; 430 is said to who looks like an attack.
    errors=Errors(
        service=frozenset({401, 402, 423}), code="error", message="errors", codes=(Code(None, "limit", status=430),)
    ),
    check="products",
    endpoints=(
        # Without a status no more than the open ones come. Without the right to read all of them those of the last 60
        # days come, and the others have not gone: what a listing lacks says nothing, so there is none. That one was
        # cancelled stands in it.
        table(
            "orders",
            changes=since("updated_at", "updated_at_min", only=True, kept_for=timedelta(days=20 * 365)),
            params=(("status", "any"),),
            secret_fields=OF_ORDER,
            canonical="invoices",
        ),
        # Which ones come without a status is not said of drafts; of checkouts, it is the open ones.
        table(
            "draft_orders",
            paging=InTurn(PAGES, "status", ("open", "invoice_sent", "completed")),
            secret_fields=("invoice_url", OF_CUSTOMER),
            may_be_empty=True,
        ),
        table(
            "customers",
            secret_fields=("multipass_identifier", "password", "password_confirmation"),
            canonical="contacts",
        ),
        table("products", deletions=deleted_as("Product"), canonical="products"),
        # A product shows a hundred of them at most. It changes with them.
        table(
            "variants",
            "products/{product_id}/variants",
            Changes("updated_at", ask=OF_CHANGED),
            parent=Parent("products", "product_id"),
            relist=timedelta(days=7),
        ),
        table("smart_collections", deletions=deleted_as("Collection"), may_be_empty=True),
        table("custom_collections", deletions=deleted_as("Collection"), may_be_empty=True),
        table("locations", changes=None, updated_at="updated_at", deleted=Deleted("deleted_at", present=True)),
        # They are asked for by the ids that variants name. That one changed its variant need not show: each day all of
        # them are read.
        table(
            "inventory_items",
            changes=Changes("updated_at", ask=OF_CHANGED),
            parent=Parent("variants", "ids", into="query", at_once=100, field="inventory_item_id"),
        ),
        # A location does not change with its stock.
        table(
            "inventory_levels",
            key=("inventory_item_id", "location_id"),
            parent=Parent("locations", "location_ids", into="query", every=True),
        ),
        of_order("fulfillments", UPDATED, "receipt", having="fulfillments"),
        of_order("refunds", Changes("created_at", ask=OF_CHANGED), "transactions.receipt", having="refunds"),
        of_order("transactions", Changes("created_at", ask=OF_CHANGED), "receipt"),
        table("price_rules", may_be_empty=True),
        # What happened in the shop. Older entries are forgotten, not deleted: they are never listed.
        table("events", changes=since("created_at", "created_at_min", only=True, kept_for=timedelta(days=365))),
        # On Shopify Plus alone.
        table("users", changes=None, canonical="users"),
        # One that was completed or forgotten is not among them any more.
        table(
            "checkouts",
            paging=InTurn(PAGES, "status", ("open", "closed")),
            secret_fields=("token", "cart_token", "abandoned_checkout_url", OF_CUSTOMER),
            may_be_empty=True,
        ),
        # The date is that of the payout; how it went on moves nothing.
        table(
            "payouts",
            "shopify_payments/payouts",
            Changes("date", ask=("date_min", "{since}"), form="%Y-%m-%d", overlap=timedelta(days=14)),
            may_be_empty=True,
        ),
    ),
)
