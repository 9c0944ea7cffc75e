"""JumpCloud: people and systems of an organization, their groups and policies, and what happens in the directory."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from avesa.connector.auth import HeaderKey, OneOf
from avesa.connector.completeness import Total
from avesa.connector.incremental import Changes, InBody, InParams
from avesa.connector.json_template import json_body
from avesa.connector.limits import Adaptive, Limits
from avesa.connector.oauth2 import ClientCredentials
from avesa.connector.paging import Cursor, End, Header, Offset, SinglePage
from avesa.connector.request import Params
from avesa.connector.retry import Errors
from avesa.connector.service import Each, Endpoint, Parent, Service, Setting

# JumpCloud API 1.0: 100 rows at most, with a total beside them. API 2.0: the list alone, its total in a header where
# there is one. Both in the order of ids, or rows shift.
OF_V1 = Offset("skip", "limit", most=100, end=End(total="totalCount"))
OF_V2 = Offset("skip", "limit", most=100, end=End(total=Header("x-total-count")))
OF_INSIGHTS = Offset("skip", "limit", most=10_000, end=End(total=Header("x-total-count")))
IN_ORDER: Params = (("sort", "_id"),)

# JumpCloud Directory Insights: where the next page begins is told in a header, as a JSON list that goes into the same
# body. A page that is not full is the last.
EVENTS = Cursor(
    at=Header("X-Search_after"),
    param="search_after",
    into="body",
    parsed=True,
    most=10_000,
    end=End(size=Header("X-Limit"), empty=True),
)

HOURLY, DAILY = timedelta(hours=1), timedelta(days=1)


def v1(name: str, path: str, *, params: Params = IN_ORDER, **more: Any) -> Endpoint:
    """A list of API 1.0, whose ids are `_id`. None of its records tells when it changed."""
    more = {"changes": None, **more}
    return Endpoint(
        name,
        f"/api/{path}",
        records="results",
        key=("_id",),
        params=params,
        paging=OF_V1,
        total=Total("totalCount"),
        **more,
    )


def v2(name: str, path: str, *, params: Params = (("sort", "id"),), **more: Any) -> Endpoint:
    return Endpoint(
        name,
        f"/api/v2/{path}",
        params=params,
        paging=OF_V2,
        total=Total(header="x-total-count"),
        may_be_empty=True,
        **more,
    )


def insights(name: str, *key: str, may_lack: tuple[str, ...] = (), every: timedelta = DAILY, **more: Any) -> Endpoint:
    """A snapshot of what the agents found, replaced about each hour."""
    return Endpoint(
        f"systeminsights_{name}",
        f"/api/v2/systeminsights/{name}",
        key=("system_id", *key),
        may_lack=may_lack,
        updated_at="collection_time",
        params=(("sort", "system_id"),),
        paging=OF_INSIGHTS,
        total=Total(header="x-total-count"),
        every=every,
        may_be_empty=True,
        **more,
    )


SERVICE = Service(
    name="jumpcloud",
    title="JumpCloud",
    category="identity",
    base_url="https://console.{domain}",
    settings=(
        Setting("domain", default="jumpcloud.com", help="of your region: eu.jumpcloud.com, in.jumpcloud.com"),
        Setting("org_id", default="", help="of one organization, for the keys of a provider"),
        Setting("provider_id", default="", help="of the provider, if you are one"),
    ),
    secrets=("api_key", "client_id", "client_secret"),
    # JumpCloud API: the key of an administrator, which ends with that one, or a service account.
    auth=OneOf(
        (
            HeaderKey("x-api-key", "{api_key}"),
            ClientCredentials(
                "https://admin-oauth.id.{domain}/oauth2/token", client="basic", fields=(("scope", "api"),)
            ),
        )
    ),
    headers=(("x-org-id", "{org_id}"),),
    account=("domain", "api_key", "client_id"),
    # JumpCloud API: no number is published.
    limits=Limits(adaptive=Adaptive(start=5)),
    errors=Errors(message="message"),
    check="users",
    endpoints=(
        # When a user was made, or a system called last, is no change of the record.
        v1("users", "systemusers", canonical="users"),
        v1("systems", "systems", canonical="devices"),
        v1("organizations", "organizations", canonical="companies", may_be_empty=True),
        # How an application signs people in may be a secret.
        v1("applications", "applications", secret_fields=("config",), canonical="products", may_be_empty=True),
        # What a command runs, and what it prints, may be a secret.
        v1("commands", "commands", secret_fields=("command",), may_be_empty=True),
        # Kept for 30 days. They cannot be asked for by time, but begin with the newest.
        v1(
            "command_results",
            "commandresults",
            params=(),
            changes=Changes(
                "requestTime",
                ask=InParams((("sort", "-requestTime"),)),
                overlap=HOURLY,
                kept_for=timedelta(days=30),
                only=True,
                newest_first=True,
            ),
            secret_fields=("command", "response"),
            may_be_empty=True,
        ),
        v2("user_groups", "usergroups"),
        v2("system_groups", "systemgroups"),
        v2(
            "user_group_members",
            "usergroups/{group_id}/members",
            key=("to.id",),
            params=(),
            parent=Parent("user_groups", "group_id"),
            unique_under_parent=True,
        ),
        v2(
            "user_systems",
            "users/{user_id}/systems",
            params=(),
            parent=Parent("users", "user_id"),
            unique_under_parent=True,
            every=DAILY,
        ),
        v2("policies", "policies"),
        v2(
            "policy_results",
            "policyresults",
            changes=Changes("endedAt", ask=("filter", "endedAt:ge:{since}"), overlap=timedelta(minutes=10)),
        ),
        insights("system_info", every=HOURLY, canonical="devices"),
        insights("os_version", every=HOURLY),
        insights("disk_encryption", "name", may_lack=("name",)),
        insights("programs", "name", "version", may_lack=("version",)),
        insights("patches", "hotfix_id", may_lack=("hotfix_id",)),
        # The price list of the account, not what it has bought.
        Endpoint(
            "subscriptions",
            "/api/v2/subscriptions",
            key=("productCode",),
            paging=SinglePage(),
            every=DAILY,
            may_be_empty=True,
        ),
        Endpoint(
            "provider_organizations",
            "/api/v2/providers/{provider_id}/organizations",
            records="results",
            params=(("sort", "id"),),
            paging=OF_V1,
            total=Total("totalCount"),
            each=Each("provider_id", "provider_id"),
            canonical="companies",
            may_be_empty=True,
        ),
        # Directory Insights has a host of its own, and keeps 90 days at most.
        Endpoint(
            "directory_events",
            "/insights/directory/v1/events",
            method="POST",
            base_url="https://api.{domain}",
            body=json_body({"service": ["all"], "sort": "ASC"}),
            paging=EVENTS,
            changes=Changes(
                "timestamp",
                ask=InBody((("start_time", "{since}"), ("end_time", "{until}"))),
                overlap=timedelta(minutes=10),
                kept_for=timedelta(days=90),
                only=True,
            ),
            may_be_empty=True,
        ),
    ),
)
