"""Addigy: Apple devices by their facts, the policies and organizations that they are under, alerts and software."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from avesa.connector.auth import HeaderKey
from avesa.connector.completeness import Total
from avesa.connector.incremental import Changes, InParams
from avesa.connector.json_template import json_body
from avesa.connector.limits import Limits, Rate
from avesa.connector.paging import End, PageNumber, SinglePage
from avesa.connector.request import Params
from avesa.connector.retry import Code, Errors
from avesa.connector.service import Deleted, Endpoint, Service, Setting

# Addigy API v2, pagination: pages from 1 on, a hundred rows at most, and how many there are. Where that is missing, a
# page that is not full is the last.
MOST = 100
END = End(pages="metadata.page_count")
IN_BODY = PageNumber("page", "per_page", most=MOST, into="body", end=END)
IN_QUERY = PageNumber("page", "per_page", most=MOST, end=END)

# Addigy API v2, /oa/: without this no more than the organization's own rows come.
ALL_ORGANIZATIONS: Params = (("multitenancy", "{multitenancy}"),)

DAILY = timedelta(days=1)
AGENT = "agentid|agent_id"
"""One client of the vendor's spells it otherwise."""

# Addigy API v2, devices: a device has some two hundred facts, and says those that it is asked for.
FACTS = (
    "agent_version",
    "client_ip",
    "current_user",
    "device_model_name",
    "device_name",
    "ethernet_mac_address",
    "filevault_enabled",
    "firewall_enabled",
    "free_disk_percentage",
    "gatekeeper_enabled",
    "hardware_model",
    "has_mdm",
    "host_name",
    "is_compliant",
    "is_supervised",
    "last_online",
    "local_ip",
    "online",
    "os_platform",
    "os_version",
    "policy_id",
    "processor_type",
    "registration_date",
    "serial_number",
    "system_version",
    "timezone",
    "total_disk_space_gb",
    "total_memory_gb",
    "warranty_expiration_date",
    "wifi_mac_address",
)


def queried(name: str, path: str, sort: str, *, direction: str = "asc", **more: Any) -> Endpoint:
    """A list that is asked for by POST. Some answer 400 where its order is not said, so it always is. `items` is null
    where there is nothing.
    """
    body = {"sort_field": sort, "sort_direction": direction, **more.pop("asks", {})}
    return Endpoint(
        name,
        path,
        method="POST",
        body=json_body(body),
        records="items",
        records_optional=True,
        paging=IN_BODY,
        params=ALL_ORGANIZATIONS if path.startswith("/oa/") else (),
        may_be_empty=True,
        **more,
    )


SERVICE = Service(
    name="addigy",
    title="Addigy",
    category="devops",
    base_url="https://api.addigy.com/api/v2",
    settings=(
        Setting("organization_id", help="as told by GET /configuration/whoami"),
        Setting("multitenancy", default="true", help="false leaves child organizations out"),
    ),
    secrets=("api_token",),
    # Addigy API v2: a token of this version. Client id and secret are of the one before, on another host.
    auth=HeaderKey("x-api-key", "{api_token}"),
    account=("organization_id",),
    # What counts as the total of a list under several organizations is not published.
    total=Total("metadata.total", trusted=False),
    limits=Limits(rates=(Rate(1000, per=timedelta(seconds=10)),)),
    # Addigy API v2, errors: an id that is not there may be told as a failure of the server.
    errors=Errors(message="message", codes=(Code(None, "table", status=500, text="not found"),)),
    check="users",
    endpoints=(
        # Facts can be filtered by, but no operation of a filter is published: a listing has all, and the time of the
        # last audit.
        queried(
            "devices",
            "/o/{organization_id}/devices",
            "serial_number",
            asks={"desired_fact_identifiers": list(FACTS)},
            key=(AGENT,),
            updated_at="audit_date",
            canonical="devices",
        ),
        # An account without any answers 204.
        Endpoint(
            "child_organizations",
            "/o/{organization_id}/children/query",
            records="items",
            records_optional=True,
            key=("organization_id",),
            params=(("sort_field", "subdomain"), ("sort_direction", "asc")),
            paging=IN_QUERY,
            deleted=Deleted("enabled", (False,)),
            canonical="companies",
            may_be_empty=True,
        ),
        # A bare list, which one client has seen in an object. When it was last deployed is no change of a policy. The
        # path of its installer lets anybody enrol a device.
        Endpoint(
            "policies",
            "/oa/policies/query",
            method="POST",
            body=json_body({}),
            records=("", "items"),
            key=("policyId",),
            params=ALL_ORGANIZATIONS,
            paging=SinglePage(),
            changes=None,
            secret_fields=("download_path",),
            canonical="companies",
            may_be_empty=True,
        ),
        queried("users", "/o/{organization_id}/users/query", "email", key=("email",), canonical="users"),
        # Here alone the direction is the other way round: `desc` begins with the oldest, and new ones come at the end.
        # Nothing tells when an alert changed. Those that are open are read each time, with all that came; that one was
        # resolved is seen by the daily listing.
        queried(
            "alerts",
            "/oa/monitoring/alerts/query",
            "created_date",
            direction="desc",
            key=("id|_id",),
            changes=Changes(
                None,
                ask=InParams(()),
                params=ALL_ORGANIZATIONS,
                body=json_body(
                    {
                        "sort_field": "created_date",
                        "sort_direction": "desc",
                        "query": {"statuses": ["Unattended", "Acknowledged"]},
                    }
                ),
            ),
            canonical="tickets",
        ),
        # People write passwords into scripts.
        queried(
            "smart_software",
            "/oa/smart-software/query",
            "name",
            key=("instruction_id",),
            deleted=Deleted("archived"),
            secret_fields=("installation_script", "remove_script", "condition"),
            canonical="products",
            every=DAILY,
        ),
        queried(
            "custom_facts",
            "/oa/facts/custom/query",
            "name",
            key=("identifier",),
            secret_fields=("source",),
            every=DAILY,
        ),
        queried(
            "variables",
            "/oa/variables/query",
            "key",
            key=("key",),
            updated_at="updated_date",
            secret_fields=("default_value",),
        ),
        # Of an identity the bytes may hold the key.
        queried(
            "mdm_certificates",
            "/mdm/certificates/query",
            "common_name",
            key=("device_uuid", "common_name"),
            secret_fields=("data",),
            every=DAILY,
        ),
        Endpoint(
            "mdm_profiles",
            "/mdm/configurations/profiles",
            records="payloads",
            records_optional=True,
            key=("payload_uuid",),
            paging=SinglePage(),
            every=DAILY,
            may_be_empty=True,
        ),
        Endpoint(
            "static_field_values",
            "/static-fields/value",
            records="items",
            records_optional=True,
            key=(AGENT, "static_field_id"),
            paging=IN_QUERY,
            every=DAILY,
            may_be_empty=True,
        ),
        # Whoever has the link has the invoice.
        Endpoint(
            "billing_invoices",
            "/o/{organization_id}/billing/invoices",
            key=("invoice_id",),
            paging=SinglePage(),
            secret_fields=("invoice_link",),
            canonical="invoices",
            every=DAILY,
            may_be_empty=True,
        ),
    ),
)
