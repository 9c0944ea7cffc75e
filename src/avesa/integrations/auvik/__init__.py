"""Auvik: the networks of each tenant, the devices in them with their interfaces and warranties, alerts and usage."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from avesa.connector.auth import Basic
from avesa.connector.incremental import Changes, InParams
from avesa.connector.limits import Adaptive, Limits
from avesa.connector.paging import InTurn, NextUrl, SinglePage
from avesa.connector.request import Params
from avesa.connector.retry import Code, Errors
from avesa.connector.service import Endpoint, Service, Setting

# Auvik API, paging: JSON:API with the address of the next page, 1,000 rows at most.
PAGES = NextUrl("links.next", size="page[first]", most=1000)

# Auvik API, extended device details: one question for each type of device.
DEVICE_TYPES = (
    *("unknown", "switch", "l3Switch", "router", "accessPoint", "firewall", "workstation", "server", "storage"),
    *("printer", "copier", "hypervisor", "multimedia", "phone", "tablet", "handheld", "virtualAppliance", "bridge"),
    *("controller", "hub", "modem", "ups", "module", "loadBalancer", "camera", "telecommunications"),
    *("packetProcessor", "chassis", "airConditioner", "virtualMachine", "pdu", "ipPhone", "backhaul"),
    *("internetOfThings", "voipSwitch", "stack", "backupDevice", "timeClock", "lightingDevice", "audioVisual"),
    *("securityAppliance", "utm", "alarm", "buildingManagement", "ipmi", "thinAccessPoint", "thinClient"),
)
BY_TYPE = InTurn(PAGES, "filter[deviceType]", DEVICE_TYPES)

OF_TENANTS: Params = (("tenants", "{tenant_ids}"),)
DAILY = timedelta(days=1)
LATE = timedelta(minutes=5)


def since(field: str | None, param: str, *, overlap: timedelta = LATE, kept_for: timedelta | None = None) -> Changes:
    """Auvik API, filters: a time in milliseconds. What is `kept_for` some time is a log, and never listed."""
    form = "%Y-%m-%dT%H:%M:%S.000Z"
    return Changes(
        field, ask=(param, "{since}"), form=form, overlap=overlap, kept_for=kept_for, only=kept_for is not None
    )


MODIFIED = since("attributes.lastModified", "filter[modifiedAfter]")


def table(name: str, path: str, **more: Any) -> Endpoint:
    return Endpoint(name, f"/v1/{path}", records="data", params=OF_TENANTS, may_be_empty=name != "devices", **more)


SERVICE = Service(
    name="auvik",
    title="Auvik",
    category="network",
    base_url="https://auvikapi.{region}.my.auvik.com",
    settings=(
        Setting("region", default="us1", help="in the address of your dashboard: us1 to us6, eu1, eu2, au1, ca1"),
        Setting("username", help="login of the API user, an e-mail address", is_account=False),
        Setting("domain_prefix", help="of your own account: the name before the region in its address"),
        Setting("tenant_ids", default="", help="only these tenants, with commas between them"),
    ),
    secrets=("api_key",),
    auth=Basic("{username}", "{api_key}"),
    # Auvik API: an account that lies in another region, or has moved there, is led there.
    shards=(".my.auvik.com",),
    account=("region", "username"),
    paging=PAGES,
    # Auvik API: no number is published. One client is throttled by a 403, and waits for minutes then.
    limits=Limits(adaptive=Adaptive(start=5), rest=timedelta(seconds=30)),
    errors=Errors(
        code="errors.0.title",
        message="errors.0.detail",
        codes=(Code(None, "limit", status=403, text="rate limit"), Code(None, "service", status=308)),
    ),
    check="devices",
    endpoints=(
        Endpoint("tenants", "/v1/tenants", records="data", paging=SinglePage(), canonical="companies"),
        Endpoint(
            "tenants_detail",
            "/v1/tenants/detail",
            records="data",
            params=(("tenantDomainPrefix", "{domain_prefix}"),),
            paging=SinglePage(),
        ),
        table("devices", "inventory/device/info", changes=MODIFIED, canonical="devices"),
        # These do not tell when they changed.
        table("device_details", "inventory/device/detail"),
        table("device_details_extended", "inventory/device/detail/extended", paging=BY_TYPE, every=DAILY),
        table("device_warranties", "inventory/device/warranty", every=DAILY, canonical="agreements"),
        table("device_lifecycles", "inventory/device/lifecycle", every=DAILY),
        table("networks", "inventory/network/info", changes=MODIFIED),
        table("network_details", "inventory/network/detail"),
        table("interfaces", "inventory/interface/info", changes=MODIFIED),
        table("components", "inventory/component/info", changes=MODIFIED),
        table(
            "configurations",
            "inventory/configuration",
            changes=since("attributes.backupTime", "filter[backupTimeAfter]"),
        ),
        table("entity_notes", "inventory/entity/note", changes=MODIFIED),
        # How long the audits are kept is not published.
        table(
            "entity_audits",
            "inventory/entity/audit",
            changes=since("attributes.lastActive", "filter[modifiedAfter]", kept_for=timedelta(days=90)),
        ),
        # Asked for by their detection, which is no change: an alert that is resolved or dismissed keeps it. Those of
        # two days are asked for again, and all of them each day.
        table(
            "alerts",
            "alert/history/info",
            changes=since(None, "filter[detectedTimeAfter]", overlap=timedelta(days=2)),
            canonical="tickets",
        ),
        # A row tells of the days that it was asked for.
        Endpoint(
            "billing_usage_client",
            "/v1/billing/usage/client",
            records="data",
            key=("id", "attributes.usagePeriod.startDate", "attributes.usagePeriod.endDate"),
            may_lack=("attributes.usagePeriod.startDate", "attributes.usagePeriod.endDate"),
            params=OF_TENANTS,
            paging=SinglePage(),
            changes=Changes(
                None,
                ask=InParams((("filter[fromDate]", "{since}"), ("filter[thruDate]", "{until}"))),
                form="%Y-%m-%d",
                longest_window=timedelta(days=31),
                kept_for=timedelta(days=90),
                only=True,
            ),
            every=DAILY,
            may_be_empty=True,
        ),
    ),
)
