"""Hudu: what a provider has written down about its clients: assets, articles, procedures, networks, passwords."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from avesa.connector.auth import HeaderKey
from avesa.connector.incremental import Changes, InParams
from avesa.connector.limits import Limits, Rate
from avesa.connector.paging import End, InTurn, PageNumber, Paging, SinglePage
from avesa.connector.retry import Errors
from avesa.connector.service import Deleted, Endpoint, Service, Setting

# Hudu API, paging: no totals and no links. A version that gives fewer rows than it is asked for says nothing of it, so
# that only an empty page is taken for the end.
UNTIL_EMPTY = End(short=False)
PAGES = PageNumber(size="page_size", most=250, end=UNTIL_EMPTY)
# Large articles end in a 502 of the web server; layouts come by 25, whatever is asked for.
ARTICLES = PageNumber(size="page_size", most=100, end=UNTIL_EMPTY)
LAYOUTS = PageNumber(size=None, end=UNTIL_EMPTY)


def and_archived(pages: Paging) -> InTurn:
    """Hudu API, archived: a list is of what is not archived, or of what is."""
    return InTurn(pages, "archived", ("false", "true"))


def updated(form: str = "%Y-%m-%dT%H:%M:%SZ", *, field: str | None = "updated_at", late: int = 5) -> Changes:
    """Hudu API, updated_at: a range with both its ends; whether one may stay open is not published."""
    ask = InParams((("updated_at", "{since},{until}"),))
    return Changes(field, ask=ask, form=form, overlap=timedelta(minutes=late))


def table(name: str, *, bare: bool = False, **more: Any) -> Endpoint:
    """A list in an object under its own name, or bare. The document and the vendor's own client are not of one mind
    for some of them, so that the other form is taken as well.
    """
    return Endpoint(name, f"/{name}", records=("", name) if bare else (name, ""), **more)


SERVICE = Service(
    name="hudu",
    title="Hudu",
    category="documentation",
    base_url="https://{domain}/api/v1",
    settings=(Setting("domain", help="host of your Hudu, such as acme.huducloud.com"),),
    secrets=("api_key",),
    # Hudu API, keys: one may be limited to a company, to addresses, or not be allowed passwords.
    auth=HeaderKey("x-api-key", "{api_key}"),
    account=("domain", "api_key"),
    paging=PAGES,
    # Hudu API: 300 requests a minute for each key; a 429 says "Retry later", and not in all versions when.
    limits=Limits(rates=(Rate(300, per=timedelta(minutes=1)),), rest=timedelta(seconds=30)),
    errors=Errors(code="error", message="error"),
    check="companies",
    endpoints=(
        table("companies", changes=updated(), deleted=Deleted("archived"), canonical="companies"),
        # The fields of an asset do not say which of them holds confidential text, so that no value of one lands.
        table(
            "assets",
            paging=and_archived(PAGES),
            changes=updated(),
            deleted=Deleted("archived"),
            secret_fields=("fields.value",),
            canonical="devices",
            may_be_empty=True,
        ),
        table("asset_layouts", paging=LAYOUTS, changes=updated(), deleted=Deleted("active", (False,))),
        # A share_url opens what it shares to whoever has it.
        table("articles", paging=ARTICLES, changes=updated(), secret_fields=("share_url",), may_be_empty=True),
        # The list tells who knows what. An archived one does not say that it is, and leaves the list.
        table(
            "asset_passwords",
            changes=updated(),
            secret_fields=("password", "otp_secret", "description"),
            may_be_empty=True,
        ),
        table(
            "users",
            paging=and_archived(PAGES),
            updated_at="updated_at",
            deleted=Deleted("archived"),
            canonical="users",
        ),
        # It can be asked for what was updated, and does not tell when that was: the last two hours are asked for again.
        table(
            "websites",
            bare=True,
            changes=updated(field=None, late=120),
            deleted=Deleted("archived"),
            secret_fields=("headers",),
            may_be_empty=True,
        ),
        table(
            "expirations",
            bare=True,
            paging=and_archived(PAGES),
            updated_at="updated_at",
            deleted=Deleted("archived_at", present=True),
            may_be_empty=True,
        ),
        # Asked for by days. An archived one does not say that it is, and leaves the list.
        table(
            "procedures",
            params=(("type", "all"),),
            changes=updated("%Y-%m-%d"),
            secret_fields=("share_url",),
            canonical="projects",
            may_be_empty=True,
        ),
        table("procedure_tasks", paging=SinglePage(), updated_at="updated_at", canonical="tasks", may_be_empty=True),
        table("folders", updated_at="updated_at", may_be_empty=True),
        table("groups", updated_at="updated_at", may_be_empty=True),
        table("relations", may_be_empty=True),
        table("magic_dash", bare=True, may_be_empty=True),
        table(
            "networks",
            bare=True,
            paging=and_archived(SinglePage()),
            changes=updated(),
            deleted=Deleted("archived_at", present=True),
            secret_fields=("settings",),
            may_be_empty=True,
        ),
        table(
            "ip_addresses",
            bare=True,
            key=("address", "network_id"),
            may_lack=("network_id",),
            paging=SinglePage(),
            may_be_empty=True,
        ),
        # The log is only added to. How long it is kept is not published.
        table(
            "activity_logs",
            bare=True,
            changes=Changes(
                "created_at",
                ask=("start_date", "{since}"),
                overlap=timedelta(minutes=10),
                only=True,
                kept_for=timedelta(days=90),
            ),
            secret_fields=("token",),
            may_be_empty=True,
        ),
    ),
)
