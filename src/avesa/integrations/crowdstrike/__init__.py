"""CrowdStrike Falcon: hosts, alerts, cases, vulnerabilities, software, policies and the accounts around them."""

from __future__ import annotations

from datetime import timedelta

from avesa.connector.auth import OneOf
from avesa.connector.completeness import Total
from avesa.connector.incremental import Changes, Deletions, InBody
from avesa.connector.json_template import json_body
from avesa.connector.limits import Limits, Rate, Told
from avesa.connector.oauth2 import ClientCredentials
from avesa.connector.paging import Cursor, End, Expired, IdsThenRecords, InFilter, Offset, Paging, SearchWindow
from avesa.connector.retry import Code, Errors, Inside
from avesa.connector.service import Deleted, Endpoint, Service, Setting

TOKEN = "https://{cloud}/oauth2/token"  # noqa: S105 — an address

# Falcon API, pagination: `meta.pagination` tells the total, and lists by token end where it names none. Which answer
# a token gets that has expired (that of the hosts says when it does) is not published.
BY_TOKEN = Cursor(
    at="meta.pagination.after",
    param="after",
    most=1000,
    end=End(short=False),
    expired=(Expired(400), Expired(404), Expired(410)),
)
HOSTS = Cursor(
    at="meta.pagination.next",
    param="offset",
    most=2000,
    end=BY_TOKEN.end,
    expired=BY_TOKEN.expired,
)
BY_OFFSET = Offset(most=500, end=End(total="meta.pagination.total"))


def changed(field: str) -> Changes:
    """Falcon Query Language: a field, a colon, an operator, and an RFC 3339 time in UTC in quotes."""
    return Changes(field, ask=("filter", f"{field}:>='{{since}}'"), overlap=timedelta(minutes=1))


def all_since(field: str) -> tuple[str, str]:
    """A filter for the lists that are given with one only: everything that there is."""
    return "filter", f"{field}:>='2000-01-01T00:00:00Z'"


def below_the_cap(pages: Paging, field: str, *, from_there: str, rows: int) -> SearchWindow:
    """Falcon API: an offset reaches 10,000 rows. Before that the search begins again at the last row's `field`, by
    which the rows are ordered, with the filter `from_there`. `rows` lie on an answer on average: one with ids is
    followed by one with records.
    """
    return SearchWindow(pages, keys=(field,), move=InFilter("filter", from_there), cap=10_000, size=rows)


CASES = IdsThenRecords(
    pages=Offset(most=500, order=(("sort", "created_timestamp|asc"),), end=BY_OFFSET.end),
    ids="resources",
    listed="/queries/cases/v1",
    path="/entities/cases/v2",
    batch=500,
)
ACCOUNTS = IdsThenRecords(
    pages=Offset(most=100, order=(("sort", "first_seen_timestamp|asc"),), end=BY_OFFSET.end),
    ids="resources",
    listed="/queries/accounts/v1",
    path="/entities/accounts/v1",
    batch=100,
    method="GET",
)
USERS = IdsThenRecords(
    pages=Offset(most=500, order=(("sort", "uid|asc"),), end=BY_OFFSET.end),
    ids="resources",
    listed="/queries/users/v1",
    path="/entities/users/GET/v1",
    batch=500,
)
CHILDREN = IdsThenRecords(
    pages=Offset(most=100, order=(("sort", "last_modified_timestamp|asc"),), end=BY_OFFSET.end),
    ids="resources",
    listed="/queries/children/v1",
    path="/entities/children/GET/v2",
    batch=100,
)
POLICIES = Offset(most=5000, order=(("sort", "created_timestamp.asc"),), end=BY_OFFSET.end)

SERVICE = Service(
    name="crowdstrike",
    title="CrowdStrike Falcon",
    category="security",
    base_url="https://{cloud}",
    settings=(
        Setting(
            "cloud", default="api.crowdstrike.com", help="API host of your cloud, such as api.eu-1.crowdstrike.com"
        ),
        Setting(
            "member_cid",
            default="",
            help="id of one child of a Flight Control parent, if you want only that",
            is_account=True,
        ),
    ),
    secrets=("client_id", "client_secret"),
    # Falcon API, OAuth2: tokens live half an hour. A parent's client gets a token for one child by `member_cid`.
    auth=OneOf(
        (
            ClientCredentials(TOKEN, fields=(("member_cid", "{member_cid}"),)),
            ClientCredentials(TOKEN),
        )
    ),
    paging=BY_OFFSET,
    total=Total("meta.pagination.total"),
    # Falcon API, rate limits: 6,000 requests a minute for one customer; answers tell what is left, and a 429 when it
    # begins anew. Another host of Falcon than the customer's own answers with 308.
    limits=Limits(
        rates=(Rate(6000, per=timedelta(minutes=1)),),
        told=(
            Told(
                "X-Ratelimit-Remaining",
                limit="X-Ratelimit-Limit",
                reset="X-Ratelimit-Retryafter",
                reset_as="epoch",
            ),
        ),
    ),
    account=("client_id",),
    # Falcon API, errors: a 200 may hold errors beside what it could give. One of 404 is about an id that is gone, and
    # is none to us.
    errors=Errors(
        code="errors.0.code",
        message="errors.0.message",
        codes=(Code(None, "service", status=308),),
        inside=(
            Inside("errors.0.code", (429,), means="limit"),
            Inside("errors.0.code", (500, 502, 503, 504), means="retry"),
            Inside("errors.0.code", (400, 403, 409, 413, 422)),
        ),
    ),
    check="hosts",
    endpoints=(
        # Falcon API, hosts: the order by device_id is that of no change. Those that are hidden leave the list for one
        # of their own.
        Endpoint(
            "hosts",
            "/devices/combined/devices/v1",
            records="resources",
            key=("device_id",),
            params=(("sort", "device_id.asc"),),
            paging=HOSTS,
            changes=changed("modified_timestamp"),
            deletions=Deletions(
                "/devices/combined/devices-hidden/v1",
                records="resources",
                key=("device_id",),
                at="modified_timestamp",
                changes=changed("modified_timestamp"),
                params=(("sort", "device_id.asc"),),
                paging=HOSTS,
            ),
            canonical="devices",
        ),
        Endpoint(
            "hidden_hosts",
            "/devices/combined/devices-hidden/v1",
            records="resources",
            key=("device_id",),
            params=(("sort", "device_id.asc"),),
            paging=HOSTS,
            changes=changed("modified_timestamp"),
            may_be_empty=True,
        ),
        # Falcon API, alerts: pages are cut from live data, so they are ordered by what does not change.
        Endpoint(
            "alerts",
            "/alerts/combined/alerts/v1",
            method="POST",
            body=json_body({"sort": "created_timestamp|asc"}),
            records="resources",
            key=("composite_id",),
            paging=Cursor(
                at="meta.pagination.after",
                param="after",
                into="body",
                most=1000,
                end=BY_TOKEN.end,
                expired=BY_TOKEN.expired,
            ),
            changes=Changes(
                "updated_timestamp",
                ask=InBody((("filter", "updated_timestamp:>='{since}'"),)),
                overlap=timedelta(minutes=1),
            ),
            canonical="tickets",
        ),
        Endpoint(
            "host_groups",
            "/devices/combined/host-groups/v1",
            records="resources",
            paging=POLICIES,
            changes=changed("modified_timestamp"),
        ),
        # Falcon API, Spotlight and Discover: a filter is required, and details come as facets.
        Endpoint(
            "vulnerabilities",
            "/spotlight/combined/vulnerabilities/v1",
            records="resources",
            params=(
                all_since("updated_timestamp"),
                ("sort", "updated_timestamp|asc"),
                ("facet", "cve"),
                ("facet", "host_info"),
                ("facet", "remediation"),
            ),
            paging=BY_TOKEN,
            changes=changed("updated_timestamp"),
        ),
        Endpoint(
            "applications",
            "/discover/combined/applications/v1",
            records="resources",
            params=(
                all_since("last_updated_timestamp"),
                ("sort", "last_updated_timestamp|asc"),
                ("facet", "host_info"),
                ("facet", "install_usage"),
            ),
            paging=BY_TOKEN,
            changes=changed("last_updated_timestamp"),
            canonical="products",
        ),
        Endpoint(
            "discover_hosts",
            "/discover/combined/hosts/v1",
            records="resources",
            params=(
                all_since("last_seen_timestamp"),
                ("sort", "last_seen_timestamp|asc"),
                ("facet", "system_insights"),
                ("facet", "risk_factors"),
            ),
            paging=BY_TOKEN,
            changes=changed("last_seen_timestamp"),
        ),
        Endpoint(
            "prevention_policies",
            "/policy/combined/prevention/v1",
            records="resources",
            paging=POLICIES,
            changes=changed("modified_timestamp"),
        ),
        Endpoint(
            "sensor_update_policies",
            "/policy/combined/sensor-update/v2",
            records="resources",
            paging=POLICIES,
            changes=changed("modified_timestamp"),
        ),
        # Falcon API, indicators: an offset and `after` exclude each other, and only `after` goes beyond 10,000.
        Endpoint(
            "ioc_indicators",
            "/iocs/combined/indicator/v1",
            records="resources",
            params=(("sort", "created_on|asc"),),
            paging=Cursor(
                at="meta.pagination.after",
                param="after",
                most=500,
                end=BY_TOKEN.end,
                expired=BY_TOKEN.expired,
            ),
            changes=changed("modified_on"),
            deleted=Deleted("deleted"),
            may_be_empty=True,
        ),
        Endpoint(
            "users",
            "/user-management/queries/users/v1",
            records="resources",
            key=("uuid",),
            paging=USERS,
            updated_at="updated_at",
            canonical="users",
        ),
        # Only a Flight Control parent has children.
        Endpoint(
            "children",
            "/mssp/queries/children/v1",
            records="resources",
            key=("child_cid",),
            paging=CHILDREN,
            canonical="companies",
            may_be_empty=True,
        ),
        # Falcon API: how many ids a body may hold is not published for cases.
        Endpoint(
            "cases",
            "/cases/queries/cases/v1",
            records="resources",
            params=(all_since("created_timestamp"),),
            paging=below_the_cap(CASES, "created_timestamp", from_there="{filter}+created_timestamp:>='{0}'", rows=250),
            changes=changed("updated_timestamp"),
        ),
        # Its last login is no change of the account, and nothing else tells of one.
        Endpoint(
            "accounts",
            "/discover/queries/accounts/v1",
            records="resources",
            changes=None,
            paging=below_the_cap(ACCOUNTS, "first_seen_timestamp", from_there="first_seen_timestamp:>='{0}'", rows=50),
            canonical="contacts",
        ),
    ),
)
