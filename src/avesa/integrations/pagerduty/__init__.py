"""PagerDuty: incidents with their alerts and notes, the services they are about, who is on call, and the logs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from avesa.connector.auth import HeaderKey, OneOf
from avesa.connector.completeness import Total
from avesa.connector.incremental import Changes, InBody, InParams
from avesa.connector.json_template import json_body
from avesa.connector.keyset import Behind, Values
from avesa.connector.limits import Limits, Rate, Told
from avesa.connector.oauth2 import ClientCredentials
from avesa.connector.paging import Cursor, End, Offset, SearchWindow, SinglePage
from avesa.connector.request import Params, Request
from avesa.connector.retry import Errors
from avesa.connector.service import Endpoint, Parent, Service, Setting
from avesa.connector.times import read_time
from avesa.shared.errors import TableFailed

# PagerDuty REST API, pagination: 100 rows at most; a total is told to those who ask for it.
PAGES = Offset(most=100, end=End(more="more"))
WITH_TOTAL: Params = (("total", "true"),)


def from_the_last(param: str, seconds: int) -> Behind:
    """The search goes on at the last row's time, a second beyond it, whether the vendor counts that one in or not."""

    def behind(request: Request, values: Values) -> Request:
        try:
            moment = read_time(values[0])
        except ValueError:
            moment = None
        if moment is None:
            raise TableFailed("The last record of a page has no time by which the next one is asked for.")
        return request.with_params((param, (moment + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")))

    return behind


def within_the_cap(param: str, seconds: int) -> SearchWindow:
    """PagerDuty REST API, pagination: offset and limit together reach 10,000; what is beyond is asked for by time."""
    return SearchWindow(PAGES, keys=("created_at",), move=from_the_last(param, seconds), cap=10_000, size=PAGES.most)


def window(field: str, *, days: int, back: int, overlap: timedelta) -> Changes:
    """Lists that are there by time alone; where an end is left out they show a day or a month. How long they are kept
    is not published.
    """
    return Changes(
        field,
        ask=InParams((("since", "{since}"), ("until", "{until}"))),
        overlap=overlap,
        longest_window=timedelta(days=days),
        kept_for=timedelta(days=back),
        only=True,
    )


LATE = timedelta(minutes=10)

# Whoever has the address of a calendar feed can read it. People stand in incidents too.
FEEDS = ("**.http_cal_url", "**.web_cal_url")

# What came under an incident; one with something new has changed.
OF_CHANGED_INCIDENTS = Changes("created_at", ask=InParams(()))


def table(name: str, *, params: Params = (), **more: Any) -> Endpoint:
    """A list that is always read whole: nothing in it tells when it changed."""
    return Endpoint(
        name, f"/{name}", records=name, params=(*WITH_TOTAL, *params), changes=None, total=Total("total"), **more
    )


SERVICE = Service(
    name="pagerduty",
    title="PagerDuty",
    category="devops",
    base_url="https://{host}",
    settings=(
        Setting("host", default="api.pagerduty.com", help="of your service region: api.eu.pagerduty.com"),
        Setting("scope", help="for an OAuth client: as_account-us.acme incidents.read users.read …"),
    ),
    secrets=("api_key", "client_id", "client_secret"),
    # PagerDuty, authentication: a key of the account (one that may only read will do), or a scoped OAuth client.
    auth=OneOf(
        (
            HeaderKey("Authorization", "Token token={api_key}"),
            ClientCredentials("https://identity.pagerduty.com/oauth/token", fields=(("scope", "{scope}"),)),
        )
    ),
    headers=(("Accept", "application/vnd.pagerduty+json;version=2"), ("Content-Type", "application/json")),
    account=("host", "api_key", "client_id"),
    paging=PAGES,
    # PagerDuty REST API, rate limits: 960 requests a minute for a key; some operations have less.
    limits=Limits(
        rates=(Rate(960, per=timedelta(minutes=1)),),
        told=(Told("ratelimit-remaining", limit="ratelimit-limit", reset="ratelimit-reset"),),
        slows="endpoint",
    ),
    errors=Errors(code="error.code", message="error.message"),
    check="users",
    endpoints=(
        # `since` and `until` are about when an incident was made, and the list without them is that of one month. An
        # incident is never deleted, but changes: those of the last three months are asked for again each time.
        Endpoint(
            "incidents",
            "/incidents",
            records="incidents",
            params=(("sort_by", "created_at:asc"),),
            paging=within_the_cap("since", -1),
            changes=window("updated_at", days=30, back=5 * 365, overlap=timedelta(days=90)),
            secret_fields=FEEDS,
            canonical="tickets",
            may_be_empty=True,
        ),
        # The newest come first.
        Endpoint(
            "log_entries",
            "/log_entries",
            records="log_entries",
            paging=within_the_cap("until", 1),
            changes=window("created_at", days=7, back=90, overlap=LATE),
            may_be_empty=True,
        ),
        table("services", canonical="products"),
        # The addresses of a calendar open it to whoever has them.
        table("users", secret_fields=FEEDS, canonical="users"),
        table("teams", may_be_empty=True),
        table("schedules", secret_fields=FEEDS, may_be_empty=True),
        table("escalation_policies"),
        # Who is on call now. It has no id; one who always is has no beginning, and needs no schedule.
        table(
            "oncalls",
            key=("escalation_policy.id", "schedule.id", "user.id", "escalation_level", "start"),
            may_lack=("schedule.id", "start"),
            may_be_empty=True,
        ),
        table("maintenance_windows", params=(("filter", "all"),), may_be_empty=True),
        Endpoint(
            "notifications",
            "/notifications",
            records="notifications",
            changes=window("started_at", days=7, back=90, overlap=LATE),
            may_be_empty=True,
        ),
        table("priorities", may_be_empty=True),
        table("business_services", canonical="companies", may_be_empty=True),
        table("vendors"),
        table("tags", may_be_empty=True),
        # PagerDuty REST API, audit records: 31 days at most for one question, and one day where none is named.
        Endpoint(
            "audit_records",
            "/audit/records",
            records="records",
            paging=Cursor(at="next_cursor", param="cursor", most=100),
            changes=window("execution_time", days=30, back=365, overlap=LATE),
            may_be_empty=True,
        ),
        Endpoint(
            "incident_notes",
            "/incidents/{id}/notes",
            records="notes",
            parent=Parent("incidents", "id"),
            paging=SinglePage(),
            changes=OF_CHANGED_INCIDENTS,
            relist=timedelta(days=30),
            may_be_empty=True,
        ),
        Endpoint(
            "incident_alerts",
            "/incidents/{id}/alerts",
            records="alerts",
            params=WITH_TOTAL,
            total=Total("total"),
            parent=Parent("incidents", "id"),
            changes=OF_CHANGED_INCIDENTS,
            relist=timedelta(days=30),
            may_be_empty=True,
        ),
        # The only list of incidents that can be asked for what changed; it is up to a day behind.
        Endpoint(
            "analytics_incidents",
            "/analytics/raw/incidents",
            method="POST",
            body=json_body({"order": "asc", "order_by": "created_at"}),
            records="data",
            paging=Cursor(
                at="last",
                param="starting_after",
                into="body",
                most=1000,
                end=End(more="more", short=False, empty=False),
            ),
            changes=Changes(
                "updated_at",
                ask=InBody((("filters.updated_after", "{since}"),)),
                overlap=timedelta(days=2),
            ),
            may_be_empty=True,
        ),
    ),
)
