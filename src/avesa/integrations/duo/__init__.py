"""Duo Security, Admin API: users, their phones, tokens and devices, what is protected, and the logs."""

from __future__ import annotations

from datetime import timedelta

from avesa.connector.auth import OneOf
from avesa.connector.completeness import Total
from avesa.connector.incremental import Changes, InParams
from avesa.connector.keyset import InParam, Keyset
from avesa.connector.limits import Limits, Rate
from avesa.connector.paging import Cursor, Either, End, SinglePage
from avesa.connector.request import Params
from avesa.connector.retry import Code, Errors, Retry
from avesa.connector.service import Deleted, Endpoint, Parent, Service, Setting
from avesa.connector.signed import DuoSignature
from avesa.connector.times import MILLISECONDS, SECONDS, Epoch, Iso


def by_offset(most: int) -> Cursor:
    """Duo Admin API, paging: `metadata.next_offset` is the next offset. A list that is whole may have no metadata."""
    return Cursor(at="metadata.next_offset", param="offset", most=most, numbered=True)


# Duo Admin API, logs version 2: a text, or for authentications a time and an id that are joined by a comma. An empty
# page is the last.
LOGS = Cursor(at="response.metadata.next_offset", param="next_offset", most=1000, end=End(short=False))
OLDEST_FIRST: Params = (("sort", "ts:asc"),)

# Trust monitor: the official client reads the next offset beside the list's object, the schema has it in there too.
EVENTS = Cursor(
    at=Either(("metadata.next_offset", "response.metadata.next_offset")), param="offset", most=200, end=End(short=False)
)

# Duo Admin API, administrator log: at most 1,000 rows from `mintime` on, oldest first, and no pages. The next ones
# begin at the last row's second, so that its other rows are not missed.
FROM_THE_LAST = Keyset(keys=("timestamp",), behind=InParam("mintime"), size=None, most=1000)

IN_MILLISECONDS = InParams((("mintime", "{since}"), ("maxtime", "{until}")))


def logged(field: str, ask: InParams, form: Epoch, overlap: timedelta) -> Changes:
    """Logs are only there by time. How long they are kept is not published; the official client goes back 180 days."""
    return Changes(field, ask=ask, form=form, overlap=overlap, only=True, kept_for=timedelta(days=180))


# Rows of a log can be seen about two minutes after their time.
LATE = timedelta(minutes=10)


def log(kind: str, key: str, field: str, *, records: str = "response.items", times: Epoch | Iso = SECONDS) -> Endpoint:
    """Duo Admin API, logs version 2."""
    return Endpoint(
        f"{kind}_logs",
        f"/admin/v2/logs/{kind}",
        records=records,
        key=(key,),
        params=OLDEST_FIRST,
        paging=LOGS,
        times=times,
        changes=logged(field, IN_MILLISECONDS, MILLISECONDS, LATE),
        limit_group="logs",
    )


# An event of the trust monitor is judged later, and its time stays.
JUDGED = timedelta(days=30)

SERVICE = Service(
    name="duo",
    title="Duo Security",
    category="security",
    base_url="https://{api_host}",
    settings=(
        Setting("api_host", help="API hostname of the account, api-XXXXXXXX.duosecurity.com"),
        Setting(
            "account_id", default="", help="id of one child account, for the keys of an Accounts API", is_account=True
        ),
    ),
    secrets=("ikey", "skey"),
    # Duo Accounts API: a parent's keys get at a child by its account_id, signed like every other parameter, at the
    # child's own host.
    auth=OneOf((DuoSignature(params=(("account_id", "{account_id}"),)), DuoSignature())),
    paging=by_offset(500),
    times=SECONDS,
    total=Total("metadata.total_objects"),
    # Duo Admin API, limits: no number for lists, 50 calls a minute for the log of authentications. The official
    # client waits 1 to 32 seconds after a 429.
    limits=Limits(
        rates=(Rate(50, per=timedelta(minutes=1), group="logs", each=True),),
        slows="endpoint",
        rest=timedelta(seconds=1),
    ),
    retry=Retry(first_wait=1.0, longest_wait=32.0),
    errors=Errors(codes=(Code("42901", "limit"),)),
    account=("api_host", "ikey"),
    check="users",
    endpoints=(
        # Duo has no last-modified time: a last login or a creation is none, and nothing but logs can be asked for
        # since. A user in the trash is deleted for good after 7 days.
        Endpoint(
            "users",
            "/admin/v1/users",
            records="response",
            key=("user_id",),
            changes=None,
            paging=by_offset(300),
            deleted=Deleted("status", ("pending deletion", "Pending Deletion")),
            canonical="users",
        ),
        Endpoint("groups", "/admin/v1/groups", records="response", key=("group_id",), paging=by_offset(100)),
        Endpoint(
            "group_users",
            "/admin/v2/groups/{group_id}/users",
            records="response",
            key=("user_id",),
            parent=Parent("groups", "group_id"),
            unique_under_parent=True,
        ),
        Endpoint("phones", "/admin/v1/phones", records="response", key=("phone_id",), canonical="devices"),
        Endpoint("tokens", "/admin/v1/tokens", records="response", key=("token_id",), may_be_empty=True),
        Endpoint(
            "desktop_tokens",
            "/admin/v1/desktoptokens",
            records="response",
            key=("desktoptoken_id",),
            may_be_empty=True,
        ),
        Endpoint(
            "webauthn_credentials",
            "/admin/v1/webauthncredentials",
            records="response",
            key=("webauthnkey",),
            changes=None,
            may_be_empty=True,
        ),
        # Used up or expired ones are not listed.
        Endpoint(
            "bypass_codes",
            "/admin/v1/bypass_codes",
            records="response",
            key=("bypass_code_id",),
            changes=None,
            secret_fields=("code", "codes"),
            may_be_empty=True,
        ),
        # Not listed after 30 days without use.
        Endpoint(
            "endpoints",
            "/admin/v1/endpoints",
            records="response",
            key=("epkey",),
            updated_at="last_updated",
            canonical="devices",
        ),
        Endpoint(
            "registered_devices",
            "/admin/v1/registered_devices",
            records="response",
            key=("compkey",),
            canonical="devices",
        ),
        # The key of an application comes with the right to write.
        Endpoint(
            "integrations",
            "/admin/v3/integrations",
            records="response",
            key=("integration_key",),
            secret_fields=("secret_key", "skey"),
        ),
        Endpoint(
            "admins",
            "/admin/v1/admins",
            records="response",
            key=("admin_id",),
            changes=None,
            deleted=Deleted("status", ("Pending Deletion", "pending deletion")),
            canonical="users",
        ),
        Endpoint(
            "administrative_units",
            "/admin/v1/administrative_units",
            records="response",
            key=("admin_unit_id",),
            may_be_empty=True,
        ),
        Endpoint("policies", "/admin/v2/policies", records="response", key=("policy_key",), paging=by_offset(100)),
        # Asked in milliseconds; the rows of the first and the last of these logs are in seconds.
        log("authentication", "txid", "timestamp", records="response.authlogs"),
        log("activity", "activity_id", "ts", times=Iso()),
        log("telephony", "telephony_id", "ts", times=Iso()),
        # What would be its key can be null or empty, so that its rows go by their content.
        Endpoint(
            "administrator_logs",
            "/admin/v1/logs/administrator",
            records="response",
            key=(),
            paging=FROM_THE_LAST,
            changes=logged("timestamp", InParams((("mintime", "{since}"),)), SECONDS, LATE),
            limit_group="logs",
        ),
        Endpoint(
            "trust_monitor_events",
            "/admin/v1/trust_monitor/events",
            records="response.events",
            key=("sekey",),
            paging=EVENTS,
            changes=logged("surfaced_timestamp", IN_MILLISECONDS, MILLISECONDS, JUDGED),
            times=MILLISECONDS,
            limit_group="logs",
        ),
        Endpoint(
            "account_summary",
            "/admin/v1/info/summary",
            records="response",
            records_as="object",
            key=(),
            paging=SinglePage(),
            canonical="companies",
        ),
    ),
)
