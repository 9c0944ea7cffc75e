"""NinjaOne: organizations, the devices under them with their patches and software, tickets, and what happens."""

from __future__ import annotations

from datetime import timedelta

from avesa.connector.completeness import Total
from avesa.connector.incremental import Changes, InParams
from avesa.connector.json_template import json_body
from avesa.connector.keyset import InParam, Keyset, Values
from avesa.connector.limits import Adaptive, Limits
from avesa.connector.oauth2 import ClientCredentials
from avesa.connector.paging import Cursor, End, SinglePage
from avesa.connector.request import Params, Request, as_text
from avesa.connector.retry import Errors
from avesa.connector.service import Deleted, Endpoint, Parent, Service, Setting
from avesa.connector.times import SECONDS

# NinjaOne API, lists: a page begins behind the last id of the one before. How large a page may be is not published, so
# that only an empty one is taken for the end.
UNTIL_EMPTY = End(short=False)
BY_ID = Keyset(("id",), InParam("after"), size="pageSize", most=1000, end=UNTIL_EMPTY)

# NinjaOne API, queries: the cursor names the walk at the vendor, which moves on with each request and is kept for some
# minutes; a page that is not full is the last. A page that is lost on its way is found out by the offset.
REPORT = Cursor(
    at="cursor.name",
    param="cursor",
    size="pageSize",
    most=1000,
    reached="cursor.offset",
    end=End(),
)
# As many rows as the cursor counts must come, whether it counts those of the page or of the report.
COUNTED = Total("cursor.count")

# NinjaOne API, activities: newest first, 10 to 1,000 a page. The page's texts on olderThan and newerThan are
# exchanged; the names are right.
BACKWARDS = Keyset(("id",), InParam("olderThan"), size=None, order=(("pageSize", "1000"),), end=UNTIL_EMPTY)

# NinjaOne API, board run: `lastCursorId` seems to count rows, so they are sorted by what never changes.
BOARD = Cursor(
    at="metadata.lastCursorId",
    param="lastCursorId",
    into="body",
    size="pageSize",
    most=1000,
    end=UNTIL_EMPTY,
)


def behind_entry(request: Request, values: Values) -> Request:
    """NinjaOne API, log entries: the next ones are asked for by time and id of the last one, together."""
    created, id_ = map(as_text, values)
    return request.with_params(("createTime", created), ("anchorId", id_))


# Most lists can be narrowed to some devices.
OF_DEVICES: Params = (("df", "{device_filter}"),)


def report(name: str, path: str, *key: str, may_lack: tuple[str, ...] = (), updated_at: str | None = None) -> Endpoint:
    """A report is made anew for each walk: one row for each device and what is on it. Its `ts` filter is on when a
    device was monitored, and tells nothing of rows that went, so reports are always read whole.
    """
    return Endpoint(
        name,
        f"/v2/queries/{path}",
        records="results",
        key=key,
        may_lack=may_lack,
        updated_at=updated_at,
        params=OF_DEVICES,
        paging=REPORT,
        total=COUNTED,
        changes=None,
        may_be_empty=True,
    )


SERVICE = Service(
    name="ninjaone",
    title="NinjaOne",
    category="rmm",
    base_url="https://{host}",
    settings=(
        Setting("host", default="app.ninjarmm.com", help="of your region: us2., eu., oc., ca., fed.ninjarmm.com"),
        Setting("device_filter", default="", help="only these devices, in the vendor's df language, such as org=5"),
    ),
    secrets=("client_id", "client_secret"),
    # NinjaOne API, OAuth: an app of the kind "machine to machine"; tokens live an hour, at the region's host alone.
    auth=ClientCredentials("https://{host}/ws/oauth/token", fields=(("scope", "monitoring"),)),
    account=("host", "client_id"),
    paging=SinglePage(),
    # NinjaOne API, times: seconds since 1970 with a fraction, UTC.
    times=SECONDS,
    # NinjaOne API: no numbers are published.
    limits=Limits(adaptive=Adaptive(start=5)),
    errors=Errors(code="resultCode", message="errorMessage"),
    check="organizations",
    endpoints=(
        Endpoint("organizations", "/v2/organizations", paging=BY_ID, canonical="companies"),
        Endpoint(
            "organizations_detailed",
            "/v2/organizations-detailed",
            paging=BY_ID,
            # What the links to other products hold is not published; keys are among it.
            secret_fields=("settings.psa.options", "settings.splashtop.options", "settings.teamviewer.options"),
        ),
        Endpoint("locations", "/v2/locations", paging=BY_ID),
        Endpoint("contacts", "/v2/contacts", canonical="contacts", may_be_empty=True),
        Endpoint("users", "/v2/users", params=(("includeRoles", "true"),), canonical="users"),
        # NinjaOne API, devices: nothing can be asked for since; `lastUpdate` is when the agent sent data, not when the
        # record changed. A device that is taken out of service leaves the list, or is marked in it.
        Endpoint(
            "devices",
            "/v2/devices-detailed",
            changes=None,
            params=OF_DEVICES,
            paging=BY_ID,
            deleted=Deleted("approvalStatus", ("DECOMMISSIONED",)),
            canonical="devices",
        ),
        Endpoint("policies", "/v2/policies", updated_at="updated"),
        Endpoint("groups", "/v2/groups", may_be_empty=True),
        # Only conditions that are triggered, and jobs that run: what is over leaves the list.
        Endpoint("alerts", "/v2/alerts", key=("uid",), updated_at="updateTime", params=OF_DEVICES, may_be_empty=True),
        Endpoint("jobs", "/v2/jobs", key=("uid",), updated_at="updateTime", params=OF_DEVICES, may_be_empty=True),
        # The log is only added to. How long it is kept is not published.
        Endpoint(
            "activities",
            "/v2/activities",
            records="activities",
            params=OF_DEVICES,
            paging=BACKWARDS,
            changes=Changes(
                "activityTime",
                ask=InParams((("after", "{since}"), ("before", "{until}"))),
                form=SECONDS,
                overlap=timedelta(minutes=10),
                only=True,
                kept_for=timedelta(days=90),
            ),
            may_be_empty=True,
        ),
        report("os_patches", "os-patches", "deviceId", "id", updated_at="timestamp"),
        # Not every program tells a version or where it lies.
        report(
            "software",
            "software",
            "deviceId",
            "name",
            "version",
            "location",
            may_lack=("version", "location"),
            updated_at="timestamp",
        ),
        report("device_health", "device-health", "deviceId"),
        report(
            "antivirus_status",
            "antivirus-status",
            "deviceId",
            "productName",
            may_lack=("productName",),
            updated_at="timestamp",
        ),
        report("operating_systems", "operating-systems", "deviceId", updated_at="timestamp"),
        Endpoint("ticket_boards", "/v2/ticketing/trigger/boards", updated_at="updateTime"),
        Endpoint("ticket_statuses", "/v2/ticketing/statuses", key=("statusId",)),
        # The number of the board that has them all differs from account to account, its name does not. Conditions in
        # the body are refused, or left out without a word: it is read whole. A deleted ticket leaves it.
        Endpoint(
            "tickets",
            "/v2/ticketing/trigger/board/{boardId}/run",
            method="POST",
            body=json_body({"sortBy": [{"field": "createTime", "direction": "ASC"}]}),
            records="data",
            parent=Parent("ticket_boards", "boardId", having="name", values=("All tickets", "All Tickets")),
            paging=BOARD,
            updated_at="lastUpdated",
            changes=None,
            canonical="tickets",
            may_be_empty=True,
        ),
        # Time is logged in entries, which never change; a ticket with a new one has changed.
        Endpoint(
            "ticket_log_entries",
            "/v2/ticketing/ticket/{ticketId}/log-entry",
            parent=Parent("tickets", "ticketId"),
            paging=Keyset(("createTime", "id"), behind_entry, size="pageSize", most=500),
            changes=Changes("createTime", ask=InParams(())),
            relist=timedelta(days=7),
            canonical="time_entries",
            may_be_empty=True,
        ),
    ),
)
