"""Intercom: conversations and tickets, contacts and companies, teammates, and what is written for the help centre."""

from __future__ import annotations

from datetime import timedelta

from avesa.connector.auth import Bearer
from avesa.connector.completeness import Total
from avesa.connector.incremental import Changes, InBody, InParams
from avesa.connector.json_template import Body, json_body
from avesa.connector.limits import Limits, Rate, Told
from avesa.connector.paging import Cursor, End, PageNumber, SinglePage
from avesa.connector.retry import Errors
from avesa.connector.service import Deleted, Endpoint, Service, Setting
from avesa.connector.times import SECONDS, FirstOf, Iso

# Intercom API, pagination: the next page begins behind a cursor, in the query or in the body of a search. Lists that
# are counted by number have an address there instead, and tell how many pages there are.
NEXT = "pages.next.starting_after"
BY_CURSOR = Cursor(at=NEXT, param="starting_after", size="per_page", most=150)
OF_SEARCH = Cursor(
    at=NEXT,
    param=("pagination", "starting_after"),
    into="body",
    size=("pagination", "per_page"),
    most=150,
)
BY_NUMBER = PageNumber("page", size="per_page", most=60, end=End(pages="pages.total_pages", short=False))


def updated_since(moment: int) -> Body:
    return json_body({"query": {"field": "updated_at", "operator": ">", "value": moment}})


# No workspace is older than this.
EVERYTHING = updated_since(946684800)


def searched(path: str, overlap: timedelta) -> Changes:
    """Intercom API, search: only later ones can be asked for, not those of the same moment. The order is the vendor's:
    a record that changes meanwhile is newer than the pull, and comes with the next.
    """
    return Changes(
        "updated_at",
        ask=InBody((("query.value", "{since}"),), number=True),
        form=SECONDS,
        overlap=overlap,
        path=path,
        body=EVERYTHING,
        paging=OF_SEARCH,
    )


SOON = timedelta(minutes=5)

# Intercom API, search for contacts up to version 2.16: a moment is cut to its day in the workspace's time zone, and
# "later" begins with the day behind it.
WHOLE_DAYS = timedelta(days=2)

# Intercom API, activity logs: what happened is only added to.
HAPPENED = Changes(
    "created_at",
    ask=InParams((("created_at_after", "{since}"), ("created_at_before", "{until}"))),
    form=SECONDS,
    overlap=SOON,
    only=True,
    kept_for=timedelta(days=3650),
)

SERVICE = Service(
    name="intercom",
    title="Intercom",
    category="helpdesk",
    base_url="https://{host}",
    settings=(Setting("host", default="api.intercom.io", help="or api.eu.intercom.io, api.au.intercom.io"),),
    secrets=("access_token",),
    # Intercom API, authentication: neither a private app's token nor one got by OAuth comes to an end.
    auth=Bearer("{access_token}"),
    # Intercom API, versions: without it the app's default applies, and later ones search otherwise.
    headers=(("Intercom-Version", "2.14"),),
    paging=SinglePage(),
    times=SECONDS,
    # Intercom API, rate limits: 10,000 a minute for the app, counted in windows of ten seconds.
    limits=Limits(
        rates=(Rate(1666, per=timedelta(seconds=10)),),
        told=(
            Told(
                "X-RateLimit-Remaining",
                limit="X-RateLimit-Limit",
                reset="X-RateLimit-Reset",
                reset_as="epoch",
                per=timedelta(seconds=10),
            ),
        ),
        rest=timedelta(seconds=10),
    ),
    errors=Errors(code="errors.0.code", message="errors.0.message"),
    check="tickets",
    endpoints=(
        # Listed by GET, and searched by POST for what changed. Deleted ones vanish.
        Endpoint(
            "conversations",
            "/conversations",
            records="conversations",
            paging=BY_CURSOR,
            changes=searched("/conversations/search", SOON),
            total=Total("total_count"),
            # Whoever knows such an address can read the file.
            secret_fields=("source.attachments.url",),
            canonical="tickets",
        ),
        # There is no list but the search.
        Endpoint(
            "tickets",
            "/tickets/search",
            method="POST",
            body=EVERYTHING,
            records="tickets",
            paging=OF_SEARCH,
            changes=searched("/tickets/search", SOON),
            secret_fields=("ticket_parts.ticket_parts.attachments.url",),
            canonical="tickets",
        ),
        Endpoint(
            "contacts",
            "/contacts",
            records="data",
            paging=BY_CURSOR,
            changes=searched("/contacts/search", WHOLE_DAYS),
            total=Total("total_count"),
            canonical="contacts",
        ),
        # Intercom API, companies: the list ends at 10,000 rows, and its total tells so. The scroll does not, but gives
        # no page twice: with an answer that is lost a page would be missing.
        Endpoint(
            "companies",
            "/companies/list",
            method="POST",
            records="data",
            updated_at="updated_at",
            paging=BY_NUMBER,
            total=Total("total_count"),
            canonical="companies",
        ),
        Endpoint("admins", "/admins", records="admins", canonical="users"),
        Endpoint("teams", "/teams", records="teams"),
        Endpoint("tags", "/tags", records="data"),
        Endpoint("segments", "/segments", records="segments", updated_at="updated_at"),
        Endpoint("ticket_types", "/ticket_types", records="data", updated_at="updated_at", deleted=Deleted("archived")),
        Endpoint("ticket_states", "/ticket_states", records="data", deleted=Deleted("archived")),
        Endpoint(
            "data_attributes",
            "/data_attributes",
            records="data",
            params=(("include_archived", "true"),),
            updated_at="updated_at",
            deleted=Deleted("archived"),
        ),
        Endpoint(
            "articles",
            "/articles",
            records="data",
            updated_at="updated_at",
            paging=BY_NUMBER,
            total=Total("total_count"),
        ),
        Endpoint(
            "collections",
            "/help_center/collections",
            records="data",
            updated_at="updated_at",
            paging=BY_NUMBER,
            total=Total("total_count"),
        ),
        Endpoint(
            "activity_logs",
            "/admins/activity_logs",
            records="activity_logs",
            paging=BY_NUMBER,
            changes=HAPPENED,
        ),
        # Intercom API, calls: times are texts or numbers. Whoever knows such an address can listen.
        Endpoint(
            "calls",
            "/calls",
            records="data",
            updated_at="updated_at",
            times=FirstOf((SECONDS, Iso())),
            paging=BY_NUMBER,
            total=Total("total_count"),
            secret_fields=("recording_url", "transcription_url", "fin_recording_url", "fin_transcription_url"),
        ),
        Endpoint("subscription_types", "/subscription_types", records="data"),
    ),
)
