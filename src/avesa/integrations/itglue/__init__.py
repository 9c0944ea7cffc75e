"""IT Glue: what a provider has written down about its clients: contacts, configurations, flexible assets, passwords."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from avesa.connector.auth import HeaderKey
from avesa.connector.completeness import Total
from avesa.connector.incremental import Changes, InParams
from avesa.connector.keyset import Values
from avesa.connector.limits import Limits, Rate
from avesa.connector.paging import End, InTurn, PageNumber, SearchWindow
from avesa.connector.request import Request, as_text
from avesa.connector.retry import Errors
from avesa.connector.service import Deleted, Endpoint, Parent, Service, Setting

# IT Glue API, pagination: pages are counted from 1, 50 rows and 1,000 at most; large ones are known to time out. The
# number of pages is published, `next-page` is what clients see.
PAGES = PageNumber(
    "page[number]",
    size="page[size]",
    most=500,
    end=End(more="meta.next-page", pages="meta.total-pages"),
)

# IT Glue API, archived: a list is of those that are not archived, or of those that are.
BOTH = InTurn(PAGES, "filter[archived]", ("false", "true"))
ARCHIVED = Deleted("attributes.archived")

# IT Glue API, sorting: hardly any list can be asked for what changed since, but all can begin with it. The one of
# organizations takes a range of at most a week, and is read like the others.
NEWEST_FIRST = Changes(
    "attributes.updated-at",
    ask=InParams((("sort", "-updated_at"),)),
    overlap=timedelta(minutes=5),
    newest_first=True,
)


def from_the_last(request: Request, values: Values) -> Request:
    """IT Glue API, logs: a range from the last entry's time, itself included, to the end that was asked for."""
    _, _, end = as_text(request.value("query", "filter[created_at]") or "").partition(", ")
    return request.with_params(("filter[created_at]", f"{as_text(values[0])}, {end}"))


# IT Glue API, logs: five pages at most for one question, and the last 30 days. Ranges over a week may be refused.
LOG_PAGES = SearchWindow(
    PageNumber("page[number]", size="page[size]", most=1000, end=PAGES.end),
    keys=("attributes.created-at",),
    move=from_the_last,
    cap=5000,
    size=1000,
)


def table(name: str, *, path: str | None = None, order: str = "id", **more: Any) -> Endpoint:
    """A list of JSON:API resources, in an order that never changes."""
    return Endpoint(name, path or f"/{name}", records="data", params=(("sort", order),), **more)


SERVICE = Service(
    name="itglue",
    title="IT Glue",
    category="documentation",
    base_url="https://{host}",
    settings=(Setting("host", default="api.itglue.com", help="of your region: api.eu.itglue.com, api.au.itglue.com"),),
    secrets=("api_key",),
    # IT Glue API, authentication: a key that nobody used for 90 days is revoked. A wrong one may be answered 403, as a
    # missing right is: each table then says so by itself.
    auth=HeaderKey("x-api-key", "{api_key}"),
    paging=PAGES,
    changes=NEWEST_FIRST,
    total=Total("meta.total-count"),
    # IT Glue API, rate limits: 3,000 requests in 5 minutes.
    limits=Limits(rates=(Rate(3000, per=timedelta(minutes=5)),)),
    errors=Errors(code="errors.0.title", message="errors.0.detail"),
    check="organizations",
    endpoints=(
        table("organizations", canonical="companies"),
        table("contacts", canonical="contacts", may_be_empty=True),
        table(
            "configurations",
            paging=BOTH,
            deleted=ARCHIVED,
            canonical="devices",
            may_be_empty=True,
        ),
        table("users", canonical="users"),
        table("locations", may_be_empty=True),
        # The list tells who knows what. The passwords themselves, their one-time secrets and the notes on them stay
        # where they are.
        table(
            "passwords",
            paging=BOTH,
            deleted=ARCHIVED,
            secret_fields=("attributes.password", "attributes.otp-secret", "attributes.notes"),
            may_be_empty=True,
        ),
        table("expirations", may_be_empty=True),
        table("domains", order="created_at", may_be_empty=True),
        table("flexible_asset_types", may_be_empty=True),
        # A type does not change with its assets.
        table(
            "flexible_assets",
            order="created_at",
            parent=Parent("flexible_asset_types", "filter[flexible-asset-type-id]", into="query", every=True),
            deleted=ARCHIVED,
            may_be_empty=True,
        ),
        table(
            "flexible_asset_fields",
            path="/flexible_asset_types/{flexible_asset_type_id}/relationships/flexible_asset_fields",
            order="created_at",
            parent=Parent("flexible_asset_types", "flexible_asset_type_id"),
            may_be_empty=True,
        ),
        # IT Glue API, configuration interfaces: their id stands among the attributes, and there alone in the example.
        table(
            "configuration_interfaces",
            path="/configurations/{configuration_id}/relationships/configuration_interfaces",
            order="created_at",
            key=("attributes.id",),
            parent=Parent("configurations", "configuration_id"),
            relist=timedelta(days=7),
            may_be_empty=True,
        ),
        table("configuration_types"),
        table("configuration_statuses"),
        table("organization_types"),
        table("organization_statuses"),
        table("manufacturers", may_be_empty=True),
        table("models", canonical="products", may_be_empty=True),
        table("groups", order="created_at", may_be_empty=True),
        table(
            "logs",
            order="created_at",
            paging=LOG_PAGES,
            changes=Changes(
                "attributes.created-at",
                ask=InParams((("filter[created_at]", "{since}, {until}"),)),
                overlap=timedelta(minutes=10),
                longest_window=timedelta(days=7),
                kept_for=timedelta(days=30),
                only=True,
            ),
            may_be_empty=True,
        ),
    ),
)
