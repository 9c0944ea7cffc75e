"""Zoom: users and rooms, meetings and their recordings, and the reports and logs of the account."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from avesa.connector.in_turn import InTurn
from avesa.connector.incremental import Changes, InParams
from avesa.connector.limits import Limits, Rate
from avesa.connector.oauth2 import ClientCredentials
from avesa.connector.paging import Cursor, Expired, SinglePage
from avesa.connector.retry import Code, Errors
from avesa.connector.service import Endpoint, Parent, Service, Setting

# Zoom API, pagination: the token is an empty text on the last page, lives 15 minutes, and goes with the parameters it
# came with. The older page_number is not used. Some lists give fewer rows than the 300 that may be asked for.
PAGES = Cursor(at="next_page_token", param="next_page_token", size="page_size", most=300, expired=(Expired(400),))
DAILY, EACH_TIME = timedelta(days=1), timedelta(0)


def window(field: str | None, *, back: int = 175, overlap: int = 2) -> Changes:
    """Zoom API, reports: from and to are days in UTC, both included, a month apart at most, and six months back at the
    farthest. Without them a list shows one day. What has happened does not change, but is told late.
    """
    return Changes(
        field,
        ask=InParams((("from", "{since}"), ("to", "{until}"))),
        form="%Y-%m-%d",
        overlap=timedelta(days=overlap),
        longest_window=timedelta(days=28),
        kept_for=timedelta(days=back),
        only=True,
    )


def report(name: str, path: str, *, every: timedelta = DAILY, **more: Any) -> Endpoint:
    """Zoom API, rate limits: reports are heavy, and are counted by the day as well."""
    more = {"records": name, "every": every, "limit_group": "heavy", "may_be_empty": True, **more}
    return Endpoint(name, f"/report/{path}", **more)


SERVICE = Service(
    name="zoom",
    title="Zoom",
    category="productivity",
    base_url="https://api.zoom.us/v2",
    settings=(
        Setting("account_id", help="of the Server-to-Server OAuth app"),
        # Zoom API, rate limits: by plan and by how heavy an operation is; these are of Pro.
        Setting("medium_a_second", default="20", help="of your plan: 2 (Free), 20 (Pro), 60 (Business and higher)"),
        Setting("heavy_a_second", default="10", help="of your plan: 1, 10 or 40"),
        Setting("heavy_a_day", default="30000", help="of your plan: 30000 (Pro) or 60000"),
    ),
    secrets=("client_id", "client_secret"),
    # Zoom, Server-to-Server OAuth: a grant of its own, the client as Basic; no refresh token, the token lives an hour.
    auth=ClientCredentials(
        "https://zoom.us/oauth/token",
        client="basic",
        grant="account_credentials",
        fields=(("account_id", "{account_id}"),),
    ),
    account=("account_id",),
    paging=PAGES,
    limits=Limits(
        rates=(
            Rate(20, group="medium", setting="medium_a_second"),
            Rate(10, group="heavy", setting="heavy_a_second"),
            Rate(30_000, per=timedelta(days=1), group="heavy", setting="heavy_a_day", zone="UTC"),
            Rate(10, per=timedelta(minutes=1), group="intensive"),
        ),
        # A 429 need not say how long; that of a day names the time at which the next one begins.
        rest=timedelta(seconds=5),
    ),
    errors=Errors(
        code="code",
        message="message",
        # Zoom API, errors: a parent that is not there, or has nothing of the kind.
        codes=(
            Code("1001", "gone", status=404),
            Code("1010", "gone", status=404),
            Code("3001", "gone", status=404),
            Code("3322", "gone", status=404),
            Code("124", "service", status=401),
        ),
    ),
    check="users",
    endpoints=(
        # Without a status only those that are active come. Somebody who was deleted vanishes.
        Endpoint(
            "users",
            "/users",
            records="users",
            paging=InTurn(PAGES, "status", ("active", "inactive", "pending")),
            canonical="users",
            limit_group="medium",
        ),
        Endpoint("groups", "/groups", records="groups", paging=SinglePage(), limit_group="medium", may_be_empty=True),
        Endpoint(
            "group_members",
            "/groups/{groupId}/members",
            records="members",
            parent=Parent("groups", "groupId"),
            unique_under_parent=True,
            limit_group="medium",
            may_be_empty=True,
        ),
        Endpoint("roles", "/roles", records="roles", paging=SinglePage(), limit_group="medium"),
        # The number of a meeting is used again by each of its occurrences; the uuid is one of them. Who has the address
        # to join gets in.
        Endpoint(
            "meetings",
            "/users/{userId}/meetings",
            records="meetings",
            key=("uuid",),
            updated_at=None,
            parent=Parent("users", "userId"),
            paging=InTurn(PAGES, "type", ("scheduled", "previous_meetings")),
            changes=None,
            every=timedelta(hours=6),
            secret_fields=("join_url",),
            limit_group="medium",
            may_be_empty=True,
        ),
        Endpoint(
            "webinars",
            "/users/{userId}/webinars",
            records="webinars",
            key=("uuid",),
            parent=Parent("users", "userId"),
            changes=None,
            every=timedelta(hours=6),
            secret_fields=("join_url",),
            limit_group="medium",
            may_be_empty=True,
        ),
        # By the start of a meeting; a recording is there once it is processed.
        Endpoint(
            "recordings",
            "/users/{userId}/recordings",
            records="meetings",
            key=("uuid",),
            parent=Parent("users", "userId", every=True),
            changes=window("start_time", overlap=7),
            every=timedelta(hours=6),
            secret_fields=("**.download_url", "**.play_url", "share_url", "password", "recording_play_passcode"),
            limit_group="medium",
            may_be_empty=True,
        ),
        # Meetings that have ended, with two people or more.
        report(
            "report_meetings",
            "users/{userId}/meetings",
            records="meetings",
            key=("uuid",),
            parent=Parent("users", "userId", every=True),
            changes=window("end_time"),
        ),
        # Ids of guests are hidden; user_id is a number within the meeting. A uuid with slashes is encoded twice.
        report(
            "report_meeting_participants",
            "meetings/{meetingId}/participants",
            records="participants",
            key=("user_id", "join_time"),
            may_lack=("user_id",),
            parent=Parent("report_meetings", "meetingId", slashes_twice=True),
            unique_under_parent=True,
            changes=Changes(None, ask=InParams(())),
            relist=timedelta(days=3650),
        ),
        # One row for each user over the whole window: the last four weeks, each day anew.
        report(
            "report_users",
            "users",
            records="users",
            paging=InTurn(PAGES, "type", ("active", "inactive")),
            changes=window(None, back=28, overlap=27),
        ),
        # A whole month at a time; its last days are told in the next one.
        report(
            "report_daily",
            "daily",
            records="dates",
            key=("date",),
            paging=SinglePage(),
            changes=Changes(
                "date",
                ask=InParams((("year", "{year}"), ("month", "{month}")), whole=True),
                form="%Y-%m-%d",
                overlap=timedelta(days=2),
                longest_window=timedelta(days=1),
                kept_for=timedelta(days=62),
                only=True,
            ),
        ),
        report(
            "report_activities",
            "activities",
            records="activity_logs",
            key=("email", "time", "type"),
            changes=window("time"),
            every=EACH_TIME,
        ),
        report(
            "operation_logs",
            "operationlogs",
            key=("time", "operator", "action"),
            changes=window("time"),
            every=EACH_TIME,
        ),
        # Without a type only calls to and from numbers come, and not what devices joined by SIP.
        report(
            "report_telephone",
            "telephone",
            records="telephony_usage",
            key=("uuid", "start_time", "phone_number"),
            may_lack=("phone_number",),
            paging=InTurn(PAGES, "type", ("1", "3")),
            changes=window("start_time"),
        ),
        report(
            "report_cloud_recording",
            "cloud_recording",
            records="cloud_recording_storage",
            key=("date",),
            paging=SinglePage(),
            changes=window("date"),
        ),
        report("billing_reports", "billing", paging=SinglePage()),
        report(
            "billing_invoices",
            "billing/invoices",
            records="invoices",
            key=("invoice_number",),
            parent=Parent("billing_reports", "billing_id", into="query"),
            paging=SinglePage(),
            canonical="invoices",
        ),
        # Those that are over; live ones would be there for a moment. A Business plan has it, and six months of it.
        Endpoint(
            "dashboard_meetings",
            "/metrics/meetings",
            records="meetings",
            key=("uuid",),
            params=(("type", "past"),),
            changes=window("end_time"),
            every=timedelta(days=1),
            limit_group="intensive",
            may_be_empty=True,
        ),
        # The code pairs a device with the room.
        Endpoint(
            "rooms",
            "/rooms",
            records="rooms",
            secret_fields=("activation_code",),
            canonical="devices",
            limit_group="medium",
            may_be_empty=True,
        ),
        Endpoint(
            "h323_devices",
            "/h323/devices",
            records="devices",
            canonical="devices",
            limit_group="medium",
            may_be_empty=True,
        ),
    ),
)
