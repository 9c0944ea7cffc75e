"""Datto RMM: sites, the devices under them with what an audit found on them, alerts, users and the activity log."""

from __future__ import annotations

from datetime import timedelta

from avesa.connector.completeness import Total
from avesa.connector.incremental import Changes, InParams
from avesa.connector.limits import Limits, Rate
from avesa.connector.oauth2 import ClientCredentials
from avesa.connector.paging import End, NextUrl, PageNumber, SinglePage
from avesa.connector.retry import Errors, Inside
from avesa.connector.service import Deleted, Endpoint, Parent, Service, Setting
from avesa.connector.times import MILLISECONDS, SECONDS, FirstOf, Iso
from avesa.connector.tokens import TokenFields

HOST = "https://{platform}-api.centrastage.net"

# Datto RMM API, pagination: pages are counted from 0 and hold 250 rows at most; the last one names no next page.
PAGES = PageNumber(size="max", most=250, start=0, end=End(more="pageDetails.nextPageUrl"))

# Datto RMM API, activity logs: where a page begins is told by the address of the next one alone.
LOG_PAGES = NextUrl("pageDetails.nextPageUrl")

# What an audit found changes once a day, and is asked for device by device.
DAILY = timedelta(days=1)

SERVICE = Service(
    name="datto_rmm",
    title="Datto RMM",
    category="rmm",
    base_url=f"{HOST}/api",
    settings=(Setting("platform", help="pinotage, merlot, concord, vidal, zinfandel or syrah; it is in your address"),),
    secrets=("api_key", "api_secret_key"),
    # Datto RMM API v2, access: the keys are user and password of a public client that all share. Tokens live 100 hours.
    auth=ClientCredentials(
        f"{HOST}/auth/oauth/token",
        client_id="public-client",
        client_secret="public",  # noqa: S106 — published, the same for everyone
        client="basic",
        grant="password",
        fields=(("username", "{api_key}"), ("password", "{api_secret_key}")),
        answer=TokenFields(life=timedelta(hours=100)),
    ),
    account=("platform", "api_key"),
    paging=PAGES,
    total=Total("pageDetails.totalCount"),
    # Datto RMM API v2: 600 reads in any 60 seconds of the whole account, answers are slowed above 90 %. Who goes on at
    # the limit is shut out by address for a while, so a 429 is given a whole window.
    limits=Limits(rates=(Rate(600, per=timedelta(minutes=1)),), rest=timedelta(minutes=1)),
    # Datto RMM API v2, document: pages of the activity log have a field for an error beside their list.
    errors=Errors(code="error", message="error", inside=(Inside("error"),)),
    # The document says texts, live answers hold milliseconds since 1970.
    times=FirstOf((MILLISECONDS, Iso())),
    check="sites",
    endpoints=(
        Endpoint(
            "sites",
            "/v2/account/sites",
            records="sites",
            key=("uid",),
            secret_fields=("proxySettings.password",),
            canonical="companies",
        ),
        # `lastSeen` is when the agent called, not when the record changed, and nothing can be asked for since.
        Endpoint(
            "devices",
            "/v2/account/devices",
            records="devices",
            key=("uid",),
            changes=None,
            deleted=Deleted("deleted"),
            canonical="devices",
        ),
        Endpoint("users", "/v2/account/users", records="users", key=("username",), canonical="users"),
        # An alert that is resolved moves from the first list to the second, which only grows and cannot be asked by
        # time.
        Endpoint(
            "alerts_open",
            "/v2/account/alerts/open",
            records="alerts",
            key=("alertUid",),
            updated_at="timestamp",
            may_be_empty=True,
        ),
        Endpoint(
            "alerts_resolved",
            "/v2/account/alerts/resolved",
            records="alerts",
            key=("alertUid",),
            updated_at="resolvedOn",
            every=DAILY,
            may_be_empty=True,
        ),
        # What a variable holds may be a password, marked as one or not.
        Endpoint(
            "components",
            "/v2/account/components",
            records="components",
            key=("uid",),
            secret_fields=("variables.defaultVal",),
        ),
        Endpoint(
            "account_variables",
            "/v2/account/variables",
            records="variables",
            secret_fields=("value",),
            may_be_empty=True,
        ),
        Endpoint(
            "site_variables",
            "/v2/site/{siteUid}/variables",
            records="variables",
            parent=Parent("sites", "siteUid"),
            secret_fields=("value",),
            may_be_empty=True,
        ),
        Endpoint(
            "dnet_site_mappings",
            "/v2/account/dnet-site-mappings",
            records="dnetSiteMappings",
            key=("uid",),
            may_be_empty=True,
        ),
        Endpoint("default_filters", "/v2/filter/default-filters", records="filters"),
        Endpoint(
            "custom_filters",
            "/v2/filter/custom-filters",
            records="filters",
            updated_at="lastUpdated",
            may_be_empty=True,
        ),
        # Datto RMM API, activity logs: without `from` only those of the last 15 minutes. How long they are kept is not
        # published.
        Endpoint(
            "activity_logs",
            "/v2/activity-logs",
            records="activities",
            params=(("order", "asc"),),
            paging=LOG_PAGES,
            times=SECONDS,
            changes=Changes(
                "date",
                ask=InParams((("from", "{since}"), ("until", "{until}"))),
                overlap=timedelta(minutes=10),
                only=True,
                kept_for=timedelta(days=90),
            ),
            may_be_empty=True,
        ),
        Endpoint(
            "device_network_interfaces",
            "/v2/site/{siteUid}/devices/network-interface",
            records="devices",
            key=("uid",),
            parent=Parent("sites", "siteUid"),
            every=DAILY,
        ),
        # Printers, hypervisors and network devices have audits of other kinds, at other addresses.
        Endpoint(
            "device_software",
            "/v2/audit/device/{deviceUid}/software",
            records="software",
            key=("name", "version"),
            may_lack=("version",),
            parent=Parent("devices", "deviceUid", having="deviceClass", values=("device",)),
            unique_under_parent=True,
            every=DAILY,
            may_be_empty=True,
        ),
        Endpoint(
            "device_audits",
            "/v2/audit/device/{deviceUid}",
            records_as="object",
            key=(),
            parent=Parent("devices", "deviceUid", having="deviceClass", values=("device",)),
            paging=SinglePage(),
            every=DAILY,
            may_be_empty=True,
        ),
        Endpoint("account", "/v2/account", records_as="object", key=("uid",), paging=SinglePage()),
    ),
)
