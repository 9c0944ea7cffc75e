"""SentinelOne: accounts, sites and groups, the agents in them, what was found on these, and what was done about it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from avesa.connector.auth import HeaderKey
from avesa.connector.completeness import Total
from avesa.connector.incremental import Changes, InParams
from avesa.connector.limits import Adaptive, Limits
from avesa.connector.paging import Cursor, SinglePage
from avesa.connector.request import Params
from avesa.connector.retry import Errors, Inside
from avesa.connector.service import Deleted, Endpoint, Parent, Service, Setting

# SentinelOne API 2.1, pagination: a cursor, 1,000 rows at most and 300 for groups; an offset ends at 1,000.
PAGES = Cursor(at="pagination.nextCursor", param="cursor", most=1000)
GROUPS = Cursor(at="pagination.nextCursor", param="cursor", most=300)

# SentinelOne API 2.1, times: ISO 8601 in UTC with microseconds.
MICROSECONDS = "%Y-%m-%dT%H:%M:%S.%fZ"
LATE = timedelta(minutes=5)


def since(field: str, param: str, *, overlap: timedelta = LATE) -> Changes:
    """A range filter: the name of the field, two underscores, `gte`."""
    return Changes(field, ask=(param, "{since}"), form=MICROSECONDS, overlap=overlap)


UPDATED = since("updatedAt", "updatedAt__gte")

# Lists that can be asked for one exact time of update alone, but begin with the newest.
NEWEST_FIRST = Changes(
    "updatedAt",
    ask=InParams((("sortBy", "updatedAt"), ("sortOrder", "desc"))),
    overlap=LATE,
    newest_first=True,
)

# What came under a threat; a threat with something new has changed.
OF_CHANGED_THREATS = InParams(())

SCOPE: Params = (("accountIds", "{account_ids}"), ("siteIds", "{site_ids}"))
BY_ID: Params = (("sortBy", "id"), ("sortOrder", "asc"))
# SentinelOne API 2.1, exclusions: of the token's own scope alone, unless those above and below are asked for too.
ALL_SCOPES: Params = (("includeChildren", "true"), ("includeParents", "true"))


def table(name: str, path: str, *, params: Params = (), **more: Any) -> Endpoint:
    return Endpoint(
        name, f"/web/api/v2.1/{path}", records=more.pop("records", "data"), params=(*SCOPE, *params), **more
    )


SERVICE = Service(
    name="sentinelone",
    title="SentinelOne",
    category="security",
    base_url="https://{hostname}",
    settings=(
        Setting("hostname", help="host of your console, such as usea1-acme.sentinelone.net"),
        Setting("account_ids", default="", help="only these accounts, with commas between them"),
        Setting("site_ids", default="", help="only these sites, with commas between them"),
    ),
    secrets=("api_token",),
    # SentinelOne, service users: their token ends at a date that was chosen when it was made.
    auth=HeaderKey("Authorization", "ApiToken {api_token}"),
    account=("hostname", "api_token"),
    paging=PAGES,
    total=Total("pagination.totalItems"),
    # SentinelOne: no numbers are published; some 25 requests a second for a token are spoken of.
    limits=Limits(adaptive=Adaptive(start=10, most=20)),
    # SentinelOne API 2.1: each answer has a list of errors beside its data.
    errors=Errors(code="errors.0.title", message="errors.0.detail", inside=(Inside("errors"),)),
    check="agents",
    endpoints=(
        # Decommissioned agents are listed only with those that are not. One that was uninstalled is a device still.
        table(
            "agents",
            "agents",
            params=(("isDecommissioned", "true,false"), ("isUninstalled", "true,false"), *BY_ID),
            changes=UPDATED,
            deleted=Deleted("isDecommissioned"),
            secret_fields=("licenseKey",),
            canonical="devices",
        ),
        table(
            "threats",
            "threats",
            params=BY_ID,
            changes=since("threatInfo.updatedAt", "updatedAt__gte"),
            canonical="tickets",
            may_be_empty=True,
        ),
        # With a registration token an agent of anybody's joins the site.
        table(
            "sites",
            "sites",
            records="data.sites",
            params=BY_ID,
            changes=NEWEST_FIRST,
            deleted=Deleted("state", ("deleted",)),
            secret_fields=("registrationToken",),
            canonical="companies",
        ),
        Endpoint(
            "accounts",
            "/web/api/v2.1/accounts",
            records="data",
            params=(("accountIds", "{account_ids}"), *BY_ID),
            changes=NEWEST_FIRST,
            may_be_empty=True,
        ),
        table(
            "groups",
            "groups",
            params=BY_ID,
            paging=GROUPS,
            changes=UPDATED,
            secret_fields=("registrationToken",),
        ),
        # When somebody joined or logged in is no change of theirs.
        table("users", "users", params=BY_ID, changes=None, canonical="users"),
        # The log is only added to. How long it is kept is not published.
        table(
            "activities",
            "activities",
            params=(("sortBy", "createdAt"), ("sortOrder", "asc")),
            changes=Changes(
                "createdAt",
                ask=("createdAt__gte", "{since}"),
                form=MICROSECONDS,
                overlap=timedelta(minutes=10),
                only=True,
                kept_for=timedelta(days=90),
            ),
            may_be_empty=True,
        ),
        Endpoint("activity_types", "/web/api/v2.1/activities/types", records="data", paging=SinglePage()),
        table(
            "application_inventory",
            "application-management/inventory",
            key=("applicationName", "applicationVendor"),
            may_lack=("applicationVendor",),
            canonical="products",
            every=timedelta(days=1),
            may_be_empty=True,
        ),
        table(
            "application_risks",
            "application-management/risks",
            params=BY_ID,
            every=timedelta(days=1),
            may_be_empty=True,
        ),
        table(
            "installed_application_cves",
            "installed-applications/cves",
            params=BY_ID,
            every=timedelta(days=1),
            may_be_empty=True,
        ),
        # Asked for by their making, and judged later: those of the last month are asked for again. Consoles with the
        # unified alerts may keep newer ones elsewhere.
        table(
            "cloud_detection_alerts",
            "cloud-detection/alerts",
            key=("alertInfo.alertId",),
            changes=since("alertInfo.updatedAt", "createdAt__gte", overlap=timedelta(days=30)),
            may_be_empty=True,
        ),
        table("rbac_roles", "rbac/roles", params=(*ALL_SCOPES, *BY_ID), changes=UPDATED),
        table("exclusions", "exclusions", params=(*ALL_SCOPES, *BY_ID), changes=UPDATED, may_be_empty=True),
        table("restrictions", "restrictions", params=(*ALL_SCOPES, *BY_ID), changes=UPDATED, may_be_empty=True),
        table(
            "ranger_inventory",
            "ranger/table-view",
            params=(("period", "latest"), *BY_ID),
            changes=since("lastSeen", "lastSeen__gte"),
            may_be_empty=True,
        ),
        table(
            "agent_tags",
            "agents/tags",
            params=(*ALL_SCOPES, *BY_ID),
            updated_at="updatedAt",
            may_be_empty=True,
        ),
        Endpoint(
            "threat_notes",
            "/web/api/v2.1/threats/{threat_id}/notes",
            records="data",
            parent=Parent("threats", "threat_id"),
            changes=Changes("updatedAt", ask=OF_CHANGED_THREATS),
            relist=timedelta(days=7),
            may_be_empty=True,
        ),
        table(
            "threat_timeline",
            "threats/{threat_id}/timeline",
            parent=Parent("threats", "threat_id"),
            changes=Changes("createdAt", ask=OF_CHANGED_THREATS),
            relist=timedelta(days=7),
            may_be_empty=True,
        ),
    ),
)
