"""Cisco Meraki Dashboard: organizations, their networks and devices, licences, clients, and what happens in them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from avesa.connector.auth import Bearer
from avesa.connector.incremental import Changes, InParams
from avesa.connector.limits import Limits, Rate
from avesa.connector.paging import End, InTurn, Link, NextUrl, SinglePage
from avesa.connector.request import Params
from avesa.connector.retry import Code, Errors
from avesa.connector.service import Endpoint, Parent, Service, Setting
from avesa.connector.times import SECONDS, FirstOf, Iso

LEAST = 3
"""Dashboard API, pagination: nobody may ask for fewer rows."""


def pages(most: int) -> NextUrl:
    """Dashboard API, pagination: the Link header names the next page. The largest one differs from list to list."""
    return NextUrl(Link(), size="perPage", most=most, least=LEAST)


# Dashboard API, network events: one product at a time, from a moment on; behind the last one a next page is named all
# the same, and is empty.
EVENTS = InTurn(
    NextUrl(Link(), size="perPage", most=1000, least=LEAST, end=End(short=False)),
    "productType",
    ("appliance", "camera", "cellularGateway", "switch", "systemsManager", "wireless"),
)

DAILY = timedelta(days=1)
LATE = timedelta(minutes=10)
OF_ORGANIZATION = Parent("organizations", "organizationId")
# A network does not change with what happens in it.
OF_NETWORK = Parent("networks", "networkId", every=True)


def of_organization(name: str, path: str, *, most: int | None = 1000, **more: Any) -> Endpoint:
    return Endpoint(
        name,
        f"/organizations/{{organizationId}}/{path}",
        parent=OF_ORGANIZATION,
        paging=SinglePage() if most is None else pages(most),
        may_be_empty=True,
        **more,
    )


def log(field: str, *, days: int) -> Changes:
    """What is there by time alone, and for so many days; asked for with both ends of the time, or its length."""
    return Changes(
        field,
        ask=InParams((("t0", "{since}"), ("t1", "{until}"))),
        overlap=LATE,
        kept_for=timedelta(days=days),
        only=True,
    )


def measured(timespan: timedelta) -> Changes:
    """A measurement of the last so many seconds, of which there is no list."""
    seconds: Params = (("timespan", str(int(timespan.total_seconds()))),)
    return Changes(None, ask=InParams(seconds), kept_for=timespan, only=True)


SERVICE = Service(
    name="meraki",
    title="Cisco Meraki Dashboard",
    category="network",
    base_url="https://{host}/api/v1",
    settings=(Setting("host", default="api.meraki.com", help="of your region: api.meraki.ca, api.meraki.cn, …"),),
    secrets=("api_key",),
    # Dashboard API, authorization: a key may do what its administrator may. An organization lies on one of many hosts,
    # to which the general one may lead.
    auth=Bearer("{api_key}"),
    shards=(".meraki.com", ".meraki.ca", ".meraki.cn", ".meraki.in", ".gov-meraki.com"),
    account=("host", "api_key"),
    # Dashboard API, rate limit: 10 requests a second for an organization. A key of several keeps to that for all.
    limits=Limits(rates=(Rate(10),)),
    # Dashboard API, errors: an organization without access to the API is not found, a network does not have every
    # product, and licences are of one model.
    errors=Errors(
        code="errors.0",
        message="errors.0",
        codes=(
            Code(None, "gone", status=400, text="productType"),
            Code(None, "gone", status=400, text="licens"),
        ),
    ),
    check="organizations",
    endpoints=(
        Endpoint("organizations", "/organizations", paging=pages(9000), canonical="companies"),
        # With this text a device of anybody's is enrolled.
        of_organization("networks", "networks", secret_fields=("enrollmentString",)),
        # A device does not tell when it changed.
        of_organization("devices", "devices", key=("serial",), canonical="devices"),
        # When something reported, was claimed or was last active is no change of the record.
        of_organization("device_statuses", "devices/statuses", key=("serial",), changes=None),
        of_organization("device_availabilities", "devices/availabilities", key=("serial",)),
        of_organization(
            "inventory_devices",
            "inventory/devices",
            key=("serial",),
            changes=None,
            canonical="products",
            every=DAILY,
        ),
        # Only organizations that license device by device have such a list.
        Endpoint(
            "licenses",
            "/organizations/{organizationId}/licenses",
            parent=Parent("organizations", "organizationId", having="licensing.model", values=("per-device",)),
            paging=pages(1000),
            changes=None,
            secret_fields=("licenseKey", "permanentlyQueuedLicenses.licenseKey"),
            canonical="agreements",
            every=DAILY,
            may_be_empty=True,
        ),
        of_organization(
            "licenses_overview",
            "licenses/overview",
            most=None,
            records_as="object",
            key=(),
            every=DAILY,
        ),
        of_organization("admins", "admins", most=None, changes=None, canonical="users"),
        of_organization("uplink_statuses", "uplinks/statuses", key=("serial",), changes=None),
        of_organization("device_uplink_addresses", "devices/uplinks/addresses/byDevice", key=("serial",)),
        of_organization(
            "uplinks_loss_and_latency",
            "devices/uplinksLossAndLatency",
            most=None,
            key=("serial", "uplink", "ip"),
            may_lack=("uplink", "ip"),
            changes=measured(timedelta(minutes=5)),
        ),
        # What a setting was and became may be the key of a wireless network.
        of_organization(
            "configuration_changes",
            "configurationChanges",
            most=5000,
            key=("ts", "adminId", "networkId", "label"),
            may_lack=("adminId", "networkId", "label"),
            changes=log("ts", days=365),
            secret_fields=("oldValue", "newValue"),
        ),
        # Two requests within a second may differ in nothing else: a row goes by its content.
        of_organization("api_requests", "apiRequests", key=(), unique_under_parent=True, changes=log("ts", days=31)),
        of_organization("firmware_upgrades", "firmware/upgrades", key=("upgradeId",), changes=None, every=DAILY),
        of_organization("config_templates", "configTemplates", most=None),
        of_organization(
            "uplinks_usage_by_network",
            "appliance/uplinks/usage/byNetwork",
            most=None,
            key=("networkId",),
            changes=measured(DAILY),
            every=DAILY,
        ),
        # Without a time only the last day is shown, and without a size ten rows. A client has an id in each network.
        # Its times are seconds in the document, and texts in some versions.
        Endpoint(
            "network_clients",
            "/networks/{networkId}/clients",
            parent=OF_NETWORK,
            unique_under_parent=True,
            paging=pages(5000),
            params=(("timespan", str(31 * 86_400)),),
            times=FirstOf((SECONDS, Iso())),
            changes=Changes("lastSeen", ask=("t0", "{since}"), params=(), overlap=LATE, kept_for=timedelta(days=31)),
            may_be_empty=True,
        ),
        # A row goes by its content: there is no id, and much can happen to one client at one instant.
        Endpoint(
            "network_events",
            "/networks/{networkId}/events",
            records="events",
            key=(),
            parent=OF_NETWORK,
            unique_under_parent=True,
            paging=EVENTS,
            changes=Changes(
                "occurredAt",
                ask=("startingAfter", "{since}"),
                overlap=LATE,
                kept_for=timedelta(days=30),
                only=True,
            ),
            may_be_empty=True,
        ),
    ),
)
