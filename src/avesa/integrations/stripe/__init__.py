"""Stripe, API v1: customers, products and prices, subscriptions, invoices and what was paid."""

from __future__ import annotations

from datetime import timedelta

from avesa.connector.auth import Bearer
from avesa.connector.incremental import Changes, Events, InParams
from avesa.connector.limits import Limits, Rate
from avesa.connector.paging import End, InParam, Keyset
from avesa.connector.retry import Code, Errors
from avesa.connector.service import Endpoint, Parent, Service, Setting
from avesa.connector.times import SECONDS

# Stripe API, pagination: newest first, behind the object named. What is made meanwhile comes before the first page, so
# nothing shifts.
BEHIND = Keyset(("id",), InParam("starting_after"), most=100, end=End(more="has_more"))

# Stripe API, events: kept for 30 days.
KEPT = timedelta(days=29)

# Stripe API, filters: objects tell when they were made, not when they changed.
CREATED = ("created[gte]", "{since}")


def told_by(group: str, *types: str, deleted: tuple[str, ...] = ()) -> Changes:
    """Changes come as events, each with the object as it was then. The vendor is asked for a whole `group` of types;
    `types` are those (or the beginnings of those) whose object is of this table.
    """
    return Changes(
        "created",
        ask=InParams((CREATED, ("type", group))),
        form=SECONDS,
        path="/v1/events",
        params=(),
        records="data",
        kept_for=KEPT,
        overlap=timedelta(minutes=1),
        events=Events(types=types, deleted=deleted),
    )


# Events tell of every change and deletion, so a listing only makes sure.
EACH_WEEK = timedelta(days=7)

# Stripe API: whoever holds a client secret can complete the payment, and whoever has the address of an invoice or of a
# receipt can open it. Objects stand in each other, in errors and in the events about them.
HELD = ("**.client_secret", "**.hosted_invoice_url", "**.invoice_pdf", "**.receipt_url")

SERVICE = Service(
    name="stripe",
    title="Stripe",
    category="finance",
    base_url="https://api.stripe.com",
    settings=(
        # Stripe API, versioning: events hold objects in the shape of the account's own version, whatever is asked for.
        # A list in another shape would look like a change of every object.
        Setting("api_version", default="", help="only if it is not your account's default version", is_account=False),
        Setting("stripe_account", default="", help="a connected account (acct_…), where you pull on its behalf"),
        Setting("requests_a_second", default="100", help="25 in a sandbox"),
    ),
    secrets=("restricted_api_key",),
    auth=Bearer("{restricted_api_key}"),
    headers=(("Stripe-Version", "{api_version}"), ("Stripe-Account", "{stripe_account}")),
    paging=BEHIND,
    times=SECONDS,
    # Stripe API, rate limits: for the account, and 25 a second for one method and path.
    limits=Limits(
        concurrency=4,
        rates=(Rate(100, setting="requests_a_second"), Rate(25, each=True)),
        slows="endpoint",
        slows_all=("Stripe-Rate-Limited-Reason", "global"),
    ),
    # The object that a page is to begin behind may have been deleted meanwhile: the list is then read anew.
    errors=Errors(
        retry=Errors().retry | {409},
        code="error.code",
        message="error.message",
        codes=(Code("resource_missing", "expired"),),
    ),
    check="customers",
    endpoints=(
        # The group also holds events of a customer's subscriptions, cards and tax ids.
        Endpoint(
            "customers",
            "/v1/customers",
            records="data",
            changes=told_by(
                "customer.*",
                "customer.created",
                "customer.updated",
                "customer.deleted",
                deleted=("customer.deleted",),
            ),
            relist=EACH_WEEK,
            canonical="companies",
        ),
        Endpoint(
            "products",
            "/v1/products",
            records="data",
            changes=told_by("product.*", "product.", deleted=("product.deleted",)),
            relist=EACH_WEEK,
            canonical="products",
        ),
        Endpoint(
            "prices",
            "/v1/prices",
            records="data",
            changes=told_by("price.*", "price.", deleted=("price.deleted",)),
            relist=EACH_WEEK,
        ),
        # A canceled one is listed on request alone, and the event of its end is named `deleted`: it stays, as canceled.
        Endpoint(
            "subscriptions",
            "/v1/subscriptions",
            records="data",
            params=(("status", "all"),),
            changes=told_by("customer.subscription.*", "customer.subscription."),
            relist=EACH_WEEK,
            canonical="agreements",
        ),
        # invoice.upcoming tells of an invoice that is not there yet and has no id.
        Endpoint(
            "invoices",
            "/v1/invoices",
            records="data",
            changes=told_by(
                "invoice.*",
                "invoice.created",
                "invoice.updated",
                "invoice.finalized",
                "invoice.finalization_failed",
                "invoice.sent",
                "invoice.paid",
                "invoice.payment_",
                "invoice.overdue",
                "invoice.overpaid",
                "invoice.marked_uncollectible",
                "invoice.voided",
                "invoice.deleted",
                deleted=("invoice.deleted",),
            ),
            secret_fields=HELD,
            relist=EACH_WEEK,
            canonical="invoices",
        ),
        # No event tells that one was changed: the daily listing does.
        Endpoint(
            "invoice_items",
            "/v1/invoiceitems",
            records="data",
            changes=told_by("invoiceitem.*", "invoiceitem.", deleted=("invoiceitem.deleted",)),
        ),
        Endpoint(
            "credit_notes",
            "/v1/credit_notes",
            records="data",
            changes=told_by("credit_note.*", "credit_note."),
            secret_fields=("pdf",),
            relist=EACH_WEEK,
        ),
        # The group also holds events of a charge's disputes and refunds.
        Endpoint(
            "charges",
            "/v1/charges",
            records="data",
            changes=told_by(
                "charge.*",
                "charge.captured",
                "charge.expired",
                "charge.failed",
                "charge.pending",
                "charge.refunded",
                "charge.succeeded",
                "charge.updated",
            ),
            secret_fields=HELD,
            relist=EACH_WEEK,
        ),
        Endpoint(
            "payment_intents",
            "/v1/payment_intents",
            records="data",
            changes=told_by("payment_intent.*", "payment_intent."),
            secret_fields=HELD,
            relist=EACH_WEEK,
        ),
        Endpoint(
            "refunds",
            "/v1/refunds",
            records="data",
            changes=told_by("refund.*", "refund."),
            relist=EACH_WEEK,
        ),
        Endpoint(
            "disputes",
            "/v1/disputes",
            records="data",
            changes=told_by("charge.dispute.*", "charge.dispute."),
            relist=EACH_WEEK,
        ),
        # They have no events, and only become available within some days: so far back each pull looks again.
        Endpoint(
            "balance_transactions",
            "/v1/balance_transactions",
            records="data",
            changes=Changes("created", ask=CREATED, form=SECONDS, overlap=timedelta(days=8)),
            relist=EACH_WEEK,
        ),
        Endpoint(
            "payouts",
            "/v1/payouts",
            records="data",
            changes=told_by("payout.*", "payout."),
            relist=EACH_WEEK,
        ),
        Endpoint(
            "quotes",
            "/v1/quotes",
            records="data",
            changes=told_by("quote.*", "quote."),
            relist=EACH_WEEK,
        ),
        Endpoint(
            "coupons",
            "/v1/coupons",
            records="data",
            changes=told_by("coupon.*", "coupon.", deleted=("coupon.deleted",)),
            relist=EACH_WEEK,
        ),
        # Older ones are forgotten, not deleted: nothing is ever listed.
        Endpoint(
            "events",
            "/v1/events",
            records="data",
            changes=Changes(
                "created", ask=CREATED, form=SECONDS, kept_for=KEPT, only=True, overlap=timedelta(minutes=1)
            ),
            secret_fields=(*HELD, "**.secret", "data.object.pdf", "data.previous_attributes.pdf"),
        ),
        # One request for each subscription there ever was. The first ten items also stand in the subscription itself.
        Endpoint(
            "subscription_items",
            "/v1/subscription_items",
            records="data",
            changes=None,
            parent=Parent("subscriptions", "subscription", into="query"),
            every=timedelta(days=1),
        ),
    ),
)
