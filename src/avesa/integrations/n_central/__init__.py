"""N-able N-central: organizations, the devices under them, what is wrong with these, and who may work on them."""

from __future__ import annotations

from datetime import timedelta

from avesa.connector.completeness import Total
from avesa.connector.limits import AtOnce, Limits
from avesa.connector.paging import End, PageNumber, SinglePage
from avesa.connector.retry import Code, Errors, Inside, Retry
from avesa.connector.service import Endpoint, Parent, Service, Setting
from avesa.connector.session_token import SessionToken
from avesa.connector.tokens import TokenFields

# N-central REST API, lists: pages are counted from 1, 1,000 rows at most. Simpler lists tell the total alone, or
# nothing: there a page that is not full is the last.
PAGES = PageNumber(page="pageNumber", most=1000, end=End(pages="totalPages", total="totalItems"))

HOURLY, DAILY = timedelta(hours=1), timedelta(days=1)

# N-central, active issues: the service organization and the system have no list of these, and answer with an error.
WITH_ISSUES = Parent("org_units", "orgUnitId", having="orgUnitType", values=("CUSTOMER", "SITE"))


def of_org_unit(name: str, end: str, key: str, *, own: bool = False, secret: tuple[str, ...] = ()) -> Endpoint:
    """A list under each organization unit. What a unit inherits comes under it as well, unless it is its `own`."""
    return Endpoint(
        name,
        f"/api/org-units/{{orgUnitId}}/{end}",
        records="data",
        key=(key,),
        parent=Parent("org_units", "orgUnitId"),
        unique_under_parent=own,
        secret_fields=secret,
        every=DAILY,
        may_be_empty=True,
    )


def of_device(name: str, end: str, key: str, *, every: timedelta = DAILY, secret: tuple[str, ...] = ()) -> Endpoint:
    """A list of each device. One task or window may be for many of them."""
    return Endpoint(
        name,
        f"/api/devices/{{deviceId}}/{end}",
        records="data",
        key=(key,),
        parent=Parent("devices", "deviceId"),
        unique_under_parent=True,
        secret_fields=secret,
        canonical="tasks" if name == "device_tasks" else None,
        every=every,
        may_be_empty=True,
    )


SERVICE = Service(
    name="n_central",
    title="N-able N-central",
    category="rmm",
    base_url="https://{server}",
    settings=(Setting("server", help="name of your N-central server, such as ncentral.example.com"),),
    secrets=("user_api_jwt",),
    # N-central REST API, authentication: the token of an API user (without a second factor) is exchanged for one that
    # lives an hour. It is kept in the server's memory, so that a restart ends it: then it is exchanged again.
    auth=SessionToken(
        "https://{server}/api/auth/authenticate",
        headers=(("Authorization", "Bearer {user_api_jwt}"),),
        answer=TokenFields("tokens.access.token", seconds="tokens.access.expirySeconds"),
    ),
    account=("server",),
    paging=PAGES,
    total=Total("totalItems"),
    # N-central REST API, rate limits: 3 to 50 calls at once for each endpoint, for which is not published; the advice
    # for a 429 is to wait 2, 5, then 10 seconds.
    limits=Limits(at_once=(AtOnce(3, each=True),), slows="endpoint", rest=timedelta(seconds=2)),
    retry=Retry(first_wait=2.0),
    # N-central REST API, known issues: some errors of the core come inside a 200, as the body of an error.
    errors=Errors(
        code="status",
        codes=(Code("401", "service"), Code("429", "limit"), Code("500", "retry"), Code("503", "retry")),
        inside=(Inside("errors"), Inside("error"), Inside("status", (400, 401, 403, 404, 405, 409, 429, 500, 503))),
    ),
    check="customers",
    endpoints=(
        # Nothing can be asked for since; ids are texts here and numbers there, and one key to us.
        Endpoint("service_orgs", "/api/service-orgs", records="data", key=("soId",)),
        Endpoint("customers", "/api/customers", records="data", key=("customerId",), canonical="companies"),
        Endpoint("sites", "/api/sites", records="data", key=("siteId",), may_be_empty=True),
        Endpoint("org_units", "/api/org-units", records="data", key=("orgUnitId",)),
        # `lastApplianceCheckinTime` is when the agent called, not when the record changed.
        Endpoint("devices", "/api/devices", records="data", key=("deviceId",), changes=None, canonical="devices"),
        Endpoint(
            "org_unit_devices",
            "/api/org-units/{orgUnitId}/devices",
            records="data",
            key=("deviceId",),
            changes=None,
            parent=Parent("org_units", "orgUnitId"),
            unique_under_parent=True,
            every=DAILY,
            may_be_empty=True,
        ),
        # An issue that is over leaves the list.
        Endpoint(
            "active_issues",
            "/api/org-units/{orgUnitId}/active-issues",
            records="data",
            key=("deviceId", "taskId"),
            parent=WITH_ISSUES,
            canonical="tickets",
            may_be_empty=True,
        ),
        of_org_unit("job_statuses", "job-statuses", "jobId"),
        # A property may be a password, marked as one or not.
        of_org_unit("org_unit_custom_properties", "custom-properties", "propertyId", own=True, secret=("value",)),
        Endpoint(
            "users",
            "/api/org-units/{orgUnitId}/users",
            records="data",
            key=("userId",),
            parent=Parent("org_units", "orgUnitId"),
            canonical="users",
            may_be_empty=True,
        ),
        of_org_unit("user_roles", "user-roles", "roleId"),
        of_org_unit("access_groups", "access-groups", "groupId"),
        Endpoint(
            "device_filters",
            "/api/device-filters",
            records="data",
            key=("filterId",),
            params=(("viewScope", "ALL"),),
            may_be_empty=True,
        ),
        Endpoint(
            "service_monitor_statuses",
            "/api/devices/{deviceId}/service-monitor-status",
            records="data",
            key=("taskId",),
            updated_at="lastUpdate",
            parent=Parent("devices", "deviceId"),
            unique_under_parent=True,
            every=HOURLY,
            may_be_empty=True,
        ),
        of_device("device_tasks", "scheduled-tasks", "taskId", every=HOURLY),
        of_device("device_custom_properties", "custom-properties", "propertyId", secret=("value",)),
        of_device("maintenance_windows", "maintenance-windows", "scheduleID"),
        Endpoint(
            "device_assets",
            "/api/devices/{deviceId}/assets",
            records="data",
            records_as="object",
            key=(),
            parent=Parent("devices", "deviceId"),
            paging=SinglePage(),
            every=DAILY,
            may_be_empty=True,
        ),
        Endpoint(
            "device_lifecycle_info",
            "/api/devices/{deviceId}/assets/lifecycle-info",
            records_as="object",
            key=(),
            parent=Parent("devices", "deviceId"),
            paging=SinglePage(),
            every=DAILY,
            may_be_empty=True,
        ),
    ),
)
