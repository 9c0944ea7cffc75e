"""BambooHR: employees and what is kept about them, who logs in, time worked and time off, openings and applications."""

from __future__ import annotations

from datetime import timedelta

from avesa.connector.auth import Basic, OneOf
from avesa.connector.completeness import Total
from avesa.connector.incremental import Changes, InParams
from avesa.connector.limits import Adaptive, Limits
from avesa.connector.oauth2 import RefreshToken
from avesa.connector.paging import Cursor, End, NextUrl, Offset, PageNumber, SinglePage
from avesa.connector.request import Params
from avesa.connector.service import Deleted, Each, Endpoint, Service, Setting

API = "/api/v1"
DAY = timedelta(days=1)
LONG = timedelta(days=3650)

# BambooHR API, employees: a field comes only if asked for. What is private (birthday, home address, own telephone) is
# left with the vendor.
FIELDS: Params = tuple(
    ("fields", name)
    for name in (
        *("workEmail", "workPhone", "workPhoneExtension", "hireDate", "divisionId", "divisionName", "departmentId"),
        *("departmentName", "locationId", "locationName", "jobTitleId", "employmentStatusId", "employmentStatusName"),
        *("reportsToId", "reportsToName"),
    )
)

# BambooHR API, time off: both ends are required, or two weeks are all that comes. Days off lie in the future too.
ALL_TIME: Params = (("start", "2000-01-01"), ("end", "2100-01-01"))

# BambooHR API, changed employees: what the feed tells last of an employee.
CHANGED = Changes("lastChanged", ask=("since", "{since}"), overlap=timedelta(minutes=5), only=True, kept_for=LONG)

# BambooHR API, timesheet entries: the window is on the day of the work, of the last 365 at most, by the company's time.
# What is corrected within two months is read again.
RECENT_WORK = Changes(
    "date",
    ask=InParams((("start", "{since}"), ("end", "{until}"))),
    form="%Y-%m-%d",
    overlap=timedelta(days=60),
    only=True,
    end_included=True,
    kept_for=timedelta(days=363),
)

# BambooHR API, applications: the window is on the time of applying. What becomes of one comes with the daily listing.
APPLIED = Changes("appliedDate", ask=("newSince", "{since}"), form="%Y-%m-%d %H:%M:%S", overlap=DAY)


def whole(name: str, path: str, key: str = "id", *, records: str = "", params: Params = ()) -> Endpoint:
    """A list that comes whole."""
    return Endpoint(name, f"{API}/{path}", records=records, key=(key,), params=params, changes=None)


SERVICE = Service(
    name="bamboohr",
    title="BambooHR",
    category="hr",
    base_url="https://{company_domain}.bamboohr.com",
    settings=(
        Setting("company_domain", help="the name before .bamboohr.com"),
        # compensation and others are there too, for who may read them.
        Setting("tables", default="jobInfo employmentStatus", help="of employees to read, separated by blanks"),
    ),
    secrets=("api_key", "client_id", "client_secret", "refresh_token"),
    # BambooHR API, authentication: the key is the user, and any word the password. Hosted services are to use OAuth.
    auth=OneOf(
        (
            RefreshToken("https://{company_domain}.bamboohr.com/token.php?request=token"),
            Basic("{api_key}", "x"),
        )
    ),
    # BambooHR API: without it the answers are XML.
    headers=(("Accept", "application/json"),),
    account=("company_domain",),
    paging=SinglePage(),
    # BambooHR publishes no number. Wrong keys lock a key out, so nothing is ever tried with one again.
    limits=Limits(concurrency=2, adaptive=Adaptive(start=2), rest=timedelta(seconds=10)),
    check="employees",
    endpoints=(
        # Those who left stay in it, as inactive.
        Endpoint(
            "employees",
            f"{API}/employees",
            records="data",
            key=("employeeId",),
            params=FIELDS,
            paging=Cursor(at="meta.page.nextCursor", param="page[after]", size="page[limit]", most=1000),
            total=Total("meta.total"),
            canonical="users",
        ),
        # What the company shows of itself. Those who left are not in it unless asked for.
        Endpoint(
            "employee_directory",
            f"{API}/employees/directory",
            records="employees",
            params=(("onlyCurrent", "false"),),
            canonical="contacts",
        ),
        Endpoint(
            "employees_changed",
            f"{API}/employees/changed",
            records="employees",
            records_as="map",
            records_optional=True,
            changes=CHANGED,
            deleted=Deleted("action", ("Deleted",)),
        ),
        # All rows of a table come of each employee of whom anything changed.
        Endpoint(
            "employee_table_changes",
            f"{API}/employees/changed/tables/{{table}}",
            key=(),
            records="employees",
            records_as="map",
            records_optional=True,
            unique_under_parent=True,
            each=Each("tables", "table"),
            changes=CHANGED,
        ),
        # "all" stands for every employee.
        Endpoint(
            "employee_tables",
            f"{API}/employees/all/tables/{{table}}",
            unique_under_parent=True,
            each=Each("tables", "table"),
            every=DAY,
        ),
        Endpoint(
            "login_users",
            f"{API}/meta/users",
            records_as="map",
            records_optional=True,
            changes=None,
            canonical="users",
        ),
        whole("fields", "meta/fields"),
        whole("list_fields", "meta/lists", "fieldId", params=(("format", "json"),)),
        whole("tables", "meta/tables", "alias"),
        whole("time_off_requests", "time_off/requests", params=ALL_TIME),
        whole("whos_out", "time_off/whos_out", params=ALL_TIME),
        whole("time_off_types", "meta/time_off/types", records="timeOffTypes"),
        whole("time_off_policies", "meta/time_off/policies"),
        Endpoint(
            "timesheet_entries",
            f"{API}/time_tracking/timesheet_entries",
            changes=RECENT_WORK,
            canonical="time_entries",
        ),
        Endpoint(
            "break_policies",
            f"{API}/time-tracking/break-policies",
            records="data",
            paging=Offset("offset", "limit", most=500, end=End(total="meta.totalItems", short=False)),
            total=Total("meta.totalItems"),
            deleted=Deleted("deletedAt", present=True),
        ),
        whole("job_openings", "applicant_tracking/jobs"),
        Endpoint(
            "job_applications",
            f"{API}/applicant_tracking/applications",
            records="applications",
            params=(("sortBy", "created_date"), ("sortOrder", "ASC")),
            paging=NextUrl(
                at="nextPageUrl",
                take=("page",),
                end=End(last="paginationComplete", short=False, empty=False),
            ),
            changes=APPLIED,
        ),
        Endpoint(
            "locations",
            f"{API}/hris/org/locations",
            records="data",
            paging=PageNumber(
                "page", size="pageSize", most=500, start=0, end=End(pages="meta.totalPages", short=False)
            ),
            total=Total("meta.totalItems"),
        ),
        Endpoint("training_types", f"{API}/training/type", records_as="map", records_optional=True),
        Endpoint(
            "company_information",
            f"{API}/company_information",
            records_as="object",
            key=(),
            canonical="companies",
        ),
    ),
)
