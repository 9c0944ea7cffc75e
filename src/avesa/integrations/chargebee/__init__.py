"""Chargebee: customers and their subscriptions, what these are billed and pay, and what is sold."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from avesa.connector.auth import Basic
from avesa.connector.incremental import Changes, InParams
from avesa.connector.limits import Limits, Rate
from avesa.connector.paging import Cursor
from avesa.connector.request import Params
from avesa.connector.retry import Errors
from avesa.connector.service import Deleted, Endpoint, Service, Setting
from avesa.connector.times import SECONDS

WITH_DELETED: Params = (("include_deleted", "true"),)


def asked_after(field: str, *, ordered: bool, **more: Any) -> Changes:
    """Chargebee API, filters: [after] is strictly later, in whole seconds, so each question begins one earlier. Where
    the list can be sorted by that time, what changes meanwhile moves to the end, where it is met again; elsewhere the
    newest time of the whole answer counts, which stands anywhere in it.
    """
    name = field.rpartition(".")[2]
    order = (("sort_by[asc]", name),) if ordered else ()
    return Changes(
        field,
        ask=InParams(((f"{name}[after]", "{since}"), *order)),
        form=SECONDS,
        overlap=timedelta(seconds=1),
        **more,
    )


def table(name: str, wrapper: str, *, ordered: bool = True, deleted: str | None = "deleted", **more: Any) -> Endpoint:
    """Each element of a list holds the record under its kind, with its customer and card beside it. Deleted rows come
    to those who ask for them, marked `deleted`; things of the catalogue have a status instead.
    """
    gone = Deleted(f"{wrapper}.{deleted}", (True,) if deleted == "deleted" else ("deleted",)) if deleted else None
    more.setdefault("changes", asked_after(f"{wrapper}.updated_at", ordered=ordered))
    return Endpoint(
        name,
        f"/api/v2/{name}",
        records="list",
        key=(f"{wrapper}.id",),
        params=WITH_DELETED if deleted == "deleted" else (),
        deleted=gone,
        # The card beside a record is a means of payment, and no part of it.
        secret_fields=("card", *more.pop("secret_fields", ())),
        **more,
    )


SERVICE = Service(
    name="chargebee",
    title="Chargebee",
    category="finance",
    base_url="https://{site}.chargebee.com",
    settings=(
        Setting("site", help="of your address: {site}.chargebee.com; a test site ends in -test"),
        Setting("requests_a_minute", default="150", help="of your plan: 150, 1000 or 3500"),
    ),
    secrets=("api_key",),
    # Chargebee API, authentication: the key is the user, and there is no password. One that may only read will do.
    auth=Basic("{api_key}", ""),
    account=("site",),
    # Chargebee API, pagination: the offset is an opaque text that belongs to the filters and the order it came with.
    paging=Cursor(at="next_offset", param="offset", most=100),
    times=SECONDS,
    # Chargebee, API limits: by plan and minute; a test site has the least. Requests at once are limited too, without a
    # number.
    limits=Limits(
        rates=(Rate(150, per=timedelta(minutes=1), setting="requests_a_minute"),), rest=timedelta(seconds=10)
    ),
    # Chargebee API, errors: 409 says that something is locked for a moment.
    errors=Errors(retry=Errors().retry | {409}, code="api_error_code", message="message"),
    check="customers",
    # Items are those of a site with product catalogue 2.0; one with 1.0 has plans and add-ons in their place, which
    # stand in its subscriptions, and refuses these three tables.
    endpoints=(
        table("customers", "customer", canonical="companies"),
        table("subscriptions", "subscription", canonical="agreements", may_be_empty=True),
        table("invoices", "invoice", canonical="invoices", may_be_empty=True),
        # Credit notes and quotes can be sorted by their date alone, coupons by that of their making.
        table("credit_notes", "credit_note", ordered=False, may_be_empty=True),
        table("transactions", "transaction", may_be_empty=True),
        table("items", "item", deleted="status", canonical="products", may_be_empty=True),
        table("item_prices", "item_price", deleted="status", may_be_empty=True),
        table("item_families", "item_family", ordered=False, deleted="status", may_be_empty=True),
        table("coupons", "coupon", ordered=False, deleted="status", may_be_empty=True),
        table("payment_sources", "payment_source", secret_fields=("payment_source.vault_token",), may_be_empty=True),
        table("orders", "order", may_be_empty=True),
        table("quotes", "quote", ordered=False, canonical="opportunities", may_be_empty=True),
        # Cannot be asked for what changed; what was billed leaves the list.
        table(
            "unbilled_charges",
            "unbilled_charge",
            changes=None,
            updated_at="unbilled_charge.updated_at",
            may_be_empty=True,
        ),
        # Chargebee API, events: what happened, kept for 90 days; an event never changes, and none is ever deleted.
        table(
            "events",
            "event",
            deleted=None,
            changes=asked_after("event.occurred_at", ordered=True, kept_for=timedelta(days=90), only=True),
            secret_fields=("event.content.card",),
            may_be_empty=True,
        ),
        table(
            "comments",
            "comment",
            deleted=None,
            changes=asked_after("comment.created_at", ordered=True),
            may_be_empty=True,
        ),
        # The number of the account opens a way to pay into it.
        table(
            "virtual_bank_accounts",
            "virtual_bank_account",
            ordered=False,
            deleted=None,
            secret_fields=("virtual_bank_account.account_number",),
            may_be_empty=True,
        ),
    ),
)
