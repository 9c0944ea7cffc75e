"""Cloudflare: accounts and their members, zones with what is set in them, devices, tunnels, access and its logs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from avesa.connector.auth import Bearer
from avesa.connector.completeness import Total
from avesa.connector.incremental import Changes, InParams
from avesa.connector.limits import Limits, Rate, Told
from avesa.connector.paging import Cursor, Either, End, InTurn, PageNumber, Paging, SinglePage
from avesa.connector.request import Params
from avesa.connector.retry import Errors, Inside
from avesa.connector.service import Deleted, Endpoint, Parent, Service

# Cloudflare API, pagination: some lists tell the number of pages, some that of all rows, some nothing.
END = End(pages="result_info.total_pages", total="result_info.total_count")
# Lists of the newer kind go on at a token, which is empty or missing at the end. Rulesets have it at another place.
BY_TOKEN = Cursor(
    at=Either(("result_info.cursors.after", "result_info.cursor")),
    param="cursor",
    size="per_page",
    most=50,
)

DAILY = timedelta(days=1)
LATE = timedelta(minutes=10)
REMOVED = Deleted("deleted_at", present=True)


def pages(most: int = 50, *order: tuple[str, str]) -> PageNumber:
    """How many rows a page holds differs from list to list, and is 5 at least. Fifty are refused nowhere."""
    return PageNumber("page", "per_page", most=most, least=5, order=order, end=END)


def of_account(name: str, path: str, paging: Paging | None = None, **more: Any) -> Endpoint:
    # An account does not change with what happens in it.
    parent = Parent("accounts", "account_id", every=True)
    path = f"/accounts/{{account_id}}/{path}"
    return Endpoint(name, path, records="result", parent=parent, paging=paging, may_be_empty=True, **more)


def of_zone(name: str, path: str, paging: Paging | None = None, **more: Any) -> Endpoint:
    """A list of each zone costs as many requests as there are zones: once a day is enough."""
    return Endpoint(
        name,
        f"/zones/{{zone_id}}/{path}",
        records="result",
        parent=Parent("zones", "zone_id"),
        paging=paging,
        every=DAILY,
        may_be_empty=True,
        **more,
    )


def log(field: str, *, days: int) -> Changes:
    """What is there by time alone, and for so long."""
    return Changes(
        field,
        ask=InParams((("since", "{since}"), ("before", "{until}"))),
        overlap=LATE,
        kept_for=timedelta(days=days),
        only=True,
    )


ASCENDING: Params = (("direction", "asc"),)

SERVICE = Service(
    name="cloudflare",
    title="Cloudflare",
    category="network",
    base_url="https://api.cloudflare.com/client/v4",
    secrets=("api_token",),
    # Cloudflare API, authentication: a token with the right to read. The pair of address and global key may do all.
    auth=Bearer("{api_token}"),
    paging=pages(),
    total=Total("result_info.total_count"),
    # Cloudflare API, rate limits: 1,200 requests in five minutes for a user, all tokens of his together. Whoever asks
    # for more waits for five minutes.
    limits=Limits(
        rates=(Rate(1200, per=timedelta(minutes=5)),),
        told=(
            Told(
                "x-ratelimit-remaining",
                limit="x-ratelimit-limit",
                reset="x-ratelimit-reset",
                reset_as="http_date",
                per=timedelta(minutes=5),
            ),
        ),
        rest=timedelta(minutes=5),
    ),
    # Cloudflare API, responses: `success` says whether it is one, whatever the status.
    errors=Errors(code="errors.0.code", message="errors.0.message", inside=(Inside("success", (False,)),)),
    check="accounts",
    # Cloudflare API: but for logs nothing can be asked for what changed. When an account, a hostname or a tunnel was
    # made is no change of it.
    endpoints=(
        Endpoint(
            "accounts",
            "/accounts",
            records="result",
            paging=pages(50, *ASCENDING),
            changes=None,
            canonical="companies",
        ),
        Endpoint(
            "zones",
            "/zones",
            records="result",
            paging=pages(50, ("order", "name"), *ASCENDING),
            updated_at="modified_on",
            canonical="products",
            may_be_empty=True,
        ),
        # A record does not name its zone any more: it is the parent.
        of_zone(
            "dns_records",
            "dns_records",
            pages(1000, ("order", "name"), *ASCENDING),
            updated_at="modified_on",
        ),
        # Without a status no more than the active ones come. Those that are revoked are gone.
        of_account(
            "device_registrations",
            "devices/registrations",
            BY_TOKEN,
            params=(("status", "all"), ("sort_by", "id"), ("sort_order", "asc")),
            updated_at="updated_at",
            deleted=Deleted("deleted_at|revoked_at", present=True),
            secret_fields=("key",),
        ),
        # Rules of the account and of its owner show in each zone.
        of_zone(
            "firewall_access_rules",
            "firewall/access_rules/rules",
            pages(),
            updated_at="modified_on",
            unique_under_parent=True,
        ),
        of_zone("certificate_packs", "ssl/certificate_packs", pages(), params=(("status", "all"),)),
        # A managed ruleset has one id in all zones.
        of_zone("rulesets", "rulesets", BY_TOKEN, updated_at="last_updated", unique_under_parent=True),
        of_zone(
            "custom_hostnames",
            "custom_hostnames",
            pages(),
            changes=None,
            secret_fields=("ssl.custom_key",),
        ),
        # Without a status no more than the disabled ones come.
        of_zone(
            "page_rules",
            "pagerules",
            InTurn(SinglePage(), "status", ("active", "disabled")),
            updated_at="modified_on",
        ),
        of_account("members", "members", pages(50, ("order", "user.email"), *ASCENDING), canonical="users"),
        # What a setting was and became may be a key.
        of_account(
            "audit_logs",
            "audit_logs",
            pages(1000),
            params=ASCENDING,
            changes=log("when", days=540),
            secret_fields=("newValue", "oldValue", "newValueJson", "oldValueJson"),
        ),
        of_account(
            "access_apps",
            "access/apps",
            pages(),
            updated_at="updated_at",
            secret_fields=(
                "saas_app.client_secret",
                "scim_config.authentication.password",
                "scim_config.authentication.token",
                "scim_config.authentication.client_secret",
            ),
        ),
        of_account("access_users", "access/users", pages(), updated_at="updated_at", canonical="contacts"),
        # Without `include` those without an active registration are left out. They can be asked for by when they were
        # seen, which is no change.
        of_account(
            "devices",
            "devices/physical-devices",
            BY_TOKEN,
            params=(("active_registrations", "include"), ("sort_by", "id"), ("sort_order", "asc")),
            updated_at="updated_at",
            deleted=REMOVED,
            canonical="devices",
        ),
        of_account(
            "registrar_registrations",
            "registrar/registrations",
            BY_TOKEN,
            key=("domain_name",),
            params=(("sort_by", "name"), *ASCENDING),
            canonical="agreements",
            every=DAILY,
        ),
        of_account("tunnels", "cfd_tunnel", pages(1000), changes=None, deleted=REMOVED),
        of_account(
            "gateway_rules",
            "gateway/rules",
            SinglePage(),
            updated_at="updated_at",
            deleted=REMOVED,
            secret_fields=("rule_settings.add_headers",),
        ),
        # How long it is kept depends on the plan, and is 90 days at most.
        of_account("alert_history", "alerting/v3/history", pages(1000), changes=log("sent", days=90)),
        of_account("subscriptions", "subscriptions", SinglePage(), every=DAILY),
    ),
)
