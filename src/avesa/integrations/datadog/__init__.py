"""Datadog: hosts, monitors and what is built on them, incidents and cases, users, logs of what happened, and its cost.

The keys of the organization have lists of their own, which are not pulled.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from avesa.connector.auth import HeaderKey
from avesa.connector.completeness import Total
from avesa.connector.incremental import Changes, InParams
from avesa.connector.limits import Limits, Told
from avesa.connector.paging import Cursor, End, InParam, InTurn, Keyset, Offset, PageNumber, Paging
from avesa.connector.request import Params
from avesa.connector.retry import Errors
from avesa.connector.service import Deleted, Endpoint, Service, Setting
from avesa.connector.times import MILLISECONDS, SECONDS, Form

DAY = timedelta(days=1)
LATE = timedelta(minutes=10)

# Datadog API, monitors: behind the last id, until nothing comes.
BY_ID = Keyset(("id",), InParam("id_offset"), size="page_size", most=1000, end=End(short=False))

# Datadog API, incidents, dashboards and others: nothing tells the end, and how large a page may be is not said of all.
UNTIL_EMPTY = End(short=False)


def numbered(end: End, page: str = "page[number]", size: str = "page[size]") -> PageNumber:
    return PageNumber(page, size, most=100, start=0, end=end)


def counted(at: str) -> dict[str, Any]:
    """Numbered pages of a list that tells how many there are of it."""
    return {"paging": numbered(End(total=at)), "total": Total(at)}


def table(name: str, path: str, paging: Paging | None = None, **more: Any) -> Endpoint:
    """A list that is read whole: it shows when a record was changed, and cannot be asked for it."""
    return Endpoint(name, path, records=more.pop("records", "data"), paging=paging, changes=None, **more)


def log(name: str, path: str, days: int, form: str | Form = "%Y-%m-%dT%H:%M:%SZ", **more: Any) -> Endpoint:
    """What happened, the oldest first. It is there by time alone; how long it is kept depends on the plan."""
    window = (("filter[from]", "{since}"), ("filter[to]", "{until}"))
    return Endpoint(
        name,
        path,
        records="data",
        params=(("sort", "timestamp"),),
        paging=Cursor(at="meta.page.after", param="page[cursor]", size="page[limit]", most=1000),
        changes=Changes(
            "attributes.timestamp",
            ask=InParams(window),
            form=form,
            overlap=LATE,
            longest_window=timedelta(days=7),
            kept_for=timedelta(days=days),
            only=True,
        ),
        **more,
    )


def months(field: str | None, *, back: int, overlap: timedelta) -> Changes:
    """Asked for by whole months, of which the last one may be the one that is going on."""
    return Changes(
        field,
        ask=InParams((("start_month", "{since}"), ("end_month", "{until}"))),
        form="%Y-%m-01T00:00:00Z",
        overlap=overlap,
        kept_for=timedelta(days=back),
        end_included=True,
        only=True,
    )


# Datadog API, usage: an hour is final after 72 hours.
SETTLED = timedelta(days=3)

# What a test sends to prove who it is, and whatever else may do so. A variable's pattern and example are its value.
OF_TESTS = (
    *(f"config.request.{name}" for name in ("basicAuth", "headers", "body", "form", "query", "metadata", "message")),
    *("config.request.certificate", "config.request.proxy", "config.request.toolArgs", "config.request.files"),
    *(f"config.{kind}.{name}" for kind in ("variables", "configVariables") for name in ("pattern", "example")),
)

METADATA: Params = (("include_hosts_metadata", "true"), ("include_muted_hosts_data", "true"))

SERVICE = Service(
    name="datadog",
    title="Datadog",
    category="monitoring",
    base_url="https://api.{site}",
    settings=(
        # Datadog, sites: the keys of one site are refused by all others, with a 403 as for a missing right.
        Setting("site", default="datadoghq.com", help="your Datadog site: datadoghq.eu, us5.datadoghq.com, …"),
        Setting(
            "cost_view", default="summary", help="sub-org, if costs are to be those of each organization below yours"
        ),
        Setting("product_families", default="all", help="those whose hourly usage is wanted, commas between them"),
    ),
    secrets=("api_key", "application_key"),
    auth=HeaderKey("DD-API-KEY", "{api_key}"),
    # Datadog, authentication: an application key can be scoped; those that read are enough.
    headers=(("DD-APPLICATION-KEY", "{application_key}"),),
    account=("site", "api_key"),
    # Datadog, rate limits: each endpoint has its own, and only its answers tell what it is.
    limits=Limits(
        told=(Told("x-ratelimit-remaining", limit="x-ratelimit-limit", reset="x-ratelimit-reset", each=True),),
        slows="endpoint",
    ),
    # Datadog API: the errors of version 1 are texts, those of version 2 are objects or texts.
    errors=Errors(code="errors.0", message="errors.0.detail"),
    check="users",
    endpoints=(
        # That a monitor alerts does not change its time.
        table(
            "monitors",
            "/api/v1/monitor",
            BY_ID,
            records="",
            params=(("id_offset", "0"),),
            updated_at="modified",
            deleted=Deleted("deleted", present=True),
        ),
        # Datadog API, hosts: those come that reported in the last three hours, or since a moment of the last seven
        # days. One that is silent has not gone: what a list lacks says nothing, so nothing is listed.
        Endpoint(
            "hosts",
            "/api/v1/hosts",
            records="host_list",
            params=METADATA,
            paging=Offset("start", "count", most=1000, end=End(total="total_matching")),
            changes=Changes(
                "last_reported_time",
                ask=("from", "{since}"),
                form=SECONDS,
                overlap=LATE,
                kept_for=timedelta(days=7),
                only=True,
            ),
            times=SECONDS,
            canonical="devices",
        ),
        # Only the last hundred that were deleted can be asked for: what is missing tells as much.
        table(
            "dashboards",
            "/api/v1/dashboard",
            Offset("start", "count", most=100, end=UNTIL_EMPTY),
            records="dashboards",
            updated_at="modified_at",
        ),
        table(
            "slos",
            "/api/v1/slo",
            Offset("offset", "limit", most=1000, end=End(total="metadata.page.total_filtered_count")),
            updated_at="modified_at",
            times=SECONDS,
            total=Total("metadata.page.total_filtered_count"),
            may_be_empty=True,
        ),
        table(
            "synthetics_tests",
            "/api/v1/synthetics/tests",
            numbered(UNTIL_EMPTY, "page_number", "page_size"),
            records="tests",
            key=("public_id",),
            secret_fields=OF_TESTS,
            may_be_empty=True,
        ),
        # Datadog API, notebooks: templates are listed by themselves.
        table(
            "notebooks",
            "/api/v1/notebooks",
            InTurn(
                Offset(
                    "start",
                    "count",
                    most=100,
                    order=(("sort_field", "created"), ("sort_dir", "asc")),
                    end=End(total="meta.page.total_filtered_count"),
                ),
                "is_template",
                ("false", "true"),
            ),
            updated_at="attributes.modified",
            total=Total("meta.page.total_filtered_count"),
            may_be_empty=True,
        ),
        # Datadog API, usage: fifteen months back.
        Endpoint(
            "usage_summary",
            "/api/v1/usage/summary",
            records="usage",
            key=("date",),
            changes=months("date", back=450, overlap=SETTLED),
            every=DAY,
        ),
        # A disabled user stays, and says so.
        table(
            "users",
            "/api/v2/users",
            params=(("sort", "name"), ("sort_dir", "asc")),
            updated_at="attributes.modified_at",
            canonical="users",
            **counted("meta.page.total_filtered_count"),
        ),
        table(
            "roles",
            "/api/v2/roles",
            params=(("sort", "name"),),
            updated_at="attributes.modified_at",
            **counted("meta.page.total_filtered_count"),
        ),
        table(
            "teams",
            "/api/v2/team",
            params=(("sort", "name"),),
            updated_at="attributes.modified_at",
            may_be_empty=True,
            **counted("meta.pagination.total"),
        ),
        table(
            "downtimes",
            "/api/v2/downtime",
            Offset("page[offset]", "page[limit]", most=30, end=End(total="meta.page.total_filtered_count")),
            updated_at="attributes.modified",
            total=Total("meta.page.total_filtered_count"),
            may_be_empty=True,
        ),
        table(
            "incidents",
            "/api/v2/incidents",
            Offset("page[offset]", "page[size]", most=100, end=UNTIL_EMPTY),
            updated_at="attributes.modified",
            canonical="tickets",
            may_be_empty=True,
        ),
        # What is called a total is the number of pages.
        table(
            "cases",
            "/api/v2/cases",
            numbered(End(pages="meta.page.total")),
            params=(("sort[field]", "created_at"), ("sort[asc]", "true")),
            updated_at="attributes.modified_at",
            canonical="tickets",
            may_be_empty=True,
        ),
        log("events", "/api/v2/events", 90, MILLISECONDS),
        # What a setting was and became may be a key.
        log(
            "audit_events",
            "/api/v2/audit/events",
            90,
            secret_fields=("attributes.attributes.asset.new_value", "attributes.attributes.asset.prev_value"),
        ),
        log("security_signals", "/api/v2/security_monitoring/signals", 365),
        table("service_definitions", "/api/v2/services/definitions", numbered(UNTIL_EMPTY), may_be_empty=True),
        Endpoint(
            "usage_hourly",
            "/api/v2/usage/hourly_usage",
            records="data",
            params=(("filter[product_families]", "{product_families}"),),
            paging=Cursor(
                at="meta.pagination.next_record_id", param="page[next_record_id]", size="page[limit]", most=500
            ),
            changes=Changes(
                "attributes.timestamp",
                ask=InParams((("filter[timestamp][start]", "{since}"), ("filter[timestamp][end]", "{until}"))),
                form="%Y-%m-%dT%H:00:00Z",
                overlap=SETTLED,
                longest_window=DAY,
                kept_for=timedelta(days=30),
                only=True,
            ),
            every=DAY,
        ),
        # An estimate grows until its month is billed. The month is what it is for, and tells nothing of when it
        # changed. Datadog API, estimated cost: two months back.
        Endpoint(
            "estimated_cost",
            "/api/v2/usage/estimated_cost",
            records="data",
            params=(("view", "{cost_view}"),),
            changes=months(None, back=59, overlap=timedelta(days=15)),
            every=DAY,
            canonical="invoices",
        ),
        table(
            "catalog_entities",
            "/api/v2/catalog/entity",
            Offset("page[offset]", "page[limit]", most=100, end=UNTIL_EMPTY),
            may_be_empty=True,
        ),
    ),
)
