"""Huntress: organizations, the agents and identities watched in them, incidents and signals, and what it costs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from avesa.connector.auth import Basic
from avesa.connector.incremental import Changes, InParams
from avesa.connector.limits import Limits, Rate
from avesa.connector.paging import Cursor
from avesa.connector.request import Params
from avesa.connector.retry import Errors
from avesa.connector.service import Endpoint, Parent, Service

# Huntress API, pagination: a token, 500 rows at most. Rows that come meanwhile shift nothing.
PAGES = Cursor(at="pagination.next_page_token", param="page_token", most=500)

BY_ID: Params = (("sort_field", "id"), ("sort_direction", "asc"))

# Huntress API, sorting: no list can be asked for what changed since, but these begin with it.
NEWEST_FIRST = Changes(
    "updated_at",
    ask=InParams((("sort_field", "updated_at"), ("sort_direction", "desc"))),
    overlap=timedelta(minutes=5),
    newest_first=True,
)


def changing(name: str, *, records: str | None = None, **more: Any) -> Endpoint:
    """A list that tells when each record changed, and can be sorted by that."""
    path = "reports" if name == "summary_reports" else name
    return Endpoint(name, f"/v1/{path}", records=records or name, params=BY_ID, changes=NEWEST_FIRST, **more)


SERVICE = Service(
    name="huntress",
    title="Huntress",
    category="security",
    base_url="https://api.huntress.io",
    secrets=("api_key", "api_secret_key"),
    auth=Basic("{api_key}", "{api_secret_key}"),
    account=("api_key",),
    paging=PAGES,
    # Huntress API, rate limit: 60 requests in any minute of the account; a 429 tells how long to wait, or means one.
    limits=Limits(rates=(Rate(60, per=timedelta(minutes=1)),), rest=timedelta(minutes=1)),
    errors=Errors(code="error.code", message="error.message"),
    check="organizations",
    endpoints=(
        changing("organizations", canonical="companies"),
        # `last_callback_at` moves without `updated_at`: it is as old as the last listing. Uninstalled agents leave it.
        changing("agents", canonical="devices"),
        changing("incident_reports", canonical="tickets", may_be_empty=True),
        changing("escalations", may_be_empty=True),
        changing("signals", may_be_empty=True),
        changing("summary_reports", records="reports", secret_fields=("url",), may_be_empty=True),
        changing("memberships", canonical="users"),
        changing("invoices", canonical="invoices", may_be_empty=True),
        changing("identities", canonical="contacts", may_be_empty=True),
        changing("platform_actions", may_be_empty=True),
        Endpoint("external_ports", "/v1/external_ports", records="external_ports", params=BY_ID, may_be_empty=True),
        # It cannot be sorted.
        Endpoint(
            "unwanted_access_rules",
            "/v1/unwanted_access_rules",
            records="unwanted_access_rules",
            updated_at="updated_at",
            may_be_empty=True,
        ),
        # A remediation does not tell when it changed; its report has changed then.
        Endpoint(
            "incident_remediations",
            "/v1/incident_reports/{incident_report_id}/remediations",
            records="remediations",
            params=BY_ID,
            parent=Parent("incident_reports", "incident_report_id"),
            changes=Changes(None, ask=InParams(())),
            relist=timedelta(days=7),
            may_be_empty=True,
        ),
        Endpoint("accounts", "/v1/accounts", records="accounts", params=BY_ID, may_be_empty=True),
        # These are for the key of a reseller; with another one they fail by themselves, and can be left out.
        Endpoint(
            "reseller_subscriptions",
            "/v1/reseller/subscriptions",
            records="subscriptions",
            params=BY_ID,
            canonical="agreements",
            may_be_empty=True,
        ),
        Endpoint("reseller_invoices", "/v1/reseller/invoices", records="invoices", may_be_empty=True),
        Endpoint(
            "reseller_invoice_usage",
            "/v1/reseller/invoices/{id}/organization_usage_line_items",
            records="organization_usage_line_items",
            parent=Parent("reseller_invoices", "id"),
            every=timedelta(days=1),
            may_be_empty=True,
        ),
    ),
)
