"""Pipedrive: deals with their people and organizations, activities, products and leads. Two versions of one API: what
has a list in the second is not to be asked for in the first any more.
"""

from __future__ import annotations

from datetime import timedelta

from avesa.connector.auth import HeaderKey, OneOf
from avesa.connector.incremental import Changes, Deletions, InParams
from avesa.connector.limits import Limits, Rate, Told
from avesa.connector.oauth2 import RefreshToken
from avesa.connector.paging import Cursor, End, Offset, Paging, SinglePage
from avesa.connector.request import Params
from avesa.connector.retry import Errors, Inside
from avesa.connector.service import Deleted, Endpoint, Service, Setting
from avesa.connector.tokens import TokenFields

V1, V2 = "/api/v1", "/api/v2"
DAY = timedelta(days=1)

# Pipedrive API, pagination: the second version goes by a cursor, the first by an offset.
BY_CURSOR = Cursor(at="additional_data.next_cursor", param="cursor", most=500)
BY_OFFSET = Offset(
    "start",
    "limit",
    most=500,
    end=End(more="additional_data.pagination.more_items_in_collection", short=False),
)

BY_ID: Params = (("sort_by", "id"), ("sort_direction", "asc"))
BY_CHANGE: Params = (("sort_by", "update_time"), ("sort_direction", "asc"))
NEWEST_FIRST: Params = (("sort_by", "update_time"), ("sort_direction", "desc"))
AS_ADDED: Params = (("sort", "add_time ASC"),)

SOON = timedelta(minutes=1)
UPDATED = Changes("update_time", ask=("updated_since", "{since}"), params=BY_CHANGE, overlap=SOON)
UPDATED_V1 = Changes("update_time", ask=("updated_since", "{since}"), params=AS_ADDED, overlap=SOON)

# Pipedrive API, products, pipelines, stages: no filter, but those that changed last come first if asked so.
CHANGED_LAST = Changes("update_time", ask=InParams(()), params=NEWEST_FIRST, newest_first=True, overlap=SOON)

# Pipedrive API, deals: what was deleted within the last 30 days comes under a status of its own.
DELETED_DEALS = Deletions(
    f"{V2}/deals",
    key=("id",),
    at="update_time",
    records="data",
    params=(("status", "deleted"), *BY_CHANGE),
    changes=Changes("update_time", ask=("updated_since", "{since}"), overlap=SOON),
    paging=BY_CURSOR,
)


def second(
    name: str,
    *,
    path: str | None = None,
    changes: Changes = UPDATED,
    deletions: Deletions | None = None,
    canonical: str | None = None,
) -> Endpoint:
    """A list of the second version. An empty list is null."""
    return Endpoint(
        name,
        f"{V2}/{path or name}",
        records="data",
        records_optional=True,
        params=BY_ID,
        changes=changes,
        deleted=Deleted("is_deleted"),
        deletions=deletions,
        cost=10,
        canonical=canonical,
    )


def first(
    name: str,
    *,
    path: str | None = None,
    changes: Changes | None = None,
    updated_at: str = "update_time",
    deleted: Deleted | None = None,
    canonical: str | None = None,
) -> Endpoint:
    """A list of the first version, which the second does not have."""
    paging: Paging = SinglePage() if changes is None else BY_OFFSET
    return Endpoint(
        name,
        f"{V1}/{path or name}",
        records="data",
        records_optional=True,
        params=() if changes is None else AS_ADDED,
        paging=paging,
        changes=changes,
        updated_at=updated_at,
        deleted=deleted,
        cost=20,
        canonical=canonical,
    )


SERVICE = Service(
    name="pipedrive",
    title="Pipedrive",
    category="crm",
    base_url="https://{company_domain}.pipedrive.com",
    settings=(
        Setting("company_domain", help="the name before .pipedrive.com"),
        Setting("tokens_a_day", default="30000", help="30000, times 2, 5 or 7 by your plan, times your seats"),
        Setting("requests_in_2_seconds", default="20", help="by your plan and kind of token: 20, 40, 80, 100 or more"),
    ),
    secrets=("api_token", "client_id", "client_secret", "refresh_token"),
    # Pipedrive API, authentication: a user's own token, or OAuth, whose answer names the company's address.
    auth=OneOf(
        (
            HeaderKey("x-api-token", "{api_token}"),
            RefreshToken(
                "https://oauth.pipedrive.com/oauth/token",
                client="basic",
                answer=TokenFields(host="api_domain", hosts=(".pipedrive.com",)),
            ),
        )
    ),
    account=("company_domain",),
    paging=BY_CURSOR,
    # Pipedrive API, rate limiting: tokens of a day for the company, and requests of two seconds. A list of the second
    # version costs ten tokens, one of the first twenty. Who goes on after a 429 is shut out by 403.
    limits=Limits(
        rates=(
            Rate(30_000, per=DAY, points=True, setting="tokens_a_day"),
            Rate(20, per=timedelta(seconds=2), setting="requests_in_2_seconds"),
        ),
        told=(
            Told("x-ratelimit-remaining", limit="x-ratelimit-limit", reset="x-ratelimit-reset"),
            Told("x-daily-ratelimit-token-remaining", per=timedelta(hours=1), points=True),
        ),
        rest=timedelta(seconds=2),
    ),
    # Pipedrive API, errors: 402 means that the company is closed.
    errors=Errors(
        service=frozenset({401, 402}),
        code="error",
        message="error_info",
        inside=(Inside("success", (False,)),),
    ),
    check="organizations",
    endpoints=(
        # Archived deals are left out, and have a list of their own.
        second("deals", deletions=DELETED_DEALS, canonical="opportunities"),
        second("deals_archived", path="deals/archived", canonical="opportunities"),
        second("persons", canonical="contacts"),
        second("organizations", canonical="companies"),
        second("activities", canonical="tasks"),
        second("products", changes=CHANGED_LAST, canonical="products"),
        second("pipelines", changes=CHANGED_LAST),
        second("stages", changes=CHANGED_LAST),
        # An archived lead leaves this list for one that is not read.
        first("leads", changes=UPDATED_V1),
        first("notes", changes=UPDATED_V1, deleted=Deleted("active_flag", (False,))),
        first("users", updated_at="modified", deleted=Deleted("is_deleted"), canonical="users"),
        first("lead_labels", path="leadLabels"),
        first("activity_types", path="activityTypes", deleted=Deleted("active_flag", (False,))),
    ),
)
