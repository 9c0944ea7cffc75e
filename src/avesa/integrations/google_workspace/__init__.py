"""Google Workspace: directory, devices, licences, reports and alerts of one account, each API on a host of its own."""

from __future__ import annotations

from datetime import timedelta

from avesa.connector.incremental import Changes, Delta, InParams, InPath
from avesa.connector.jwt_assertion import JwtAssertion
from avesa.connector.limits import Limits, Rate
from avesa.connector.paging import Cursor, Expired, SinglePage
from avesa.connector.retry import Code, Errors
from avesa.connector.service import Deleted, Each, Endpoint, Parent, Service, Setting

SCOPES = " ".join(
    f"https://www.googleapis.com/auth/{scope}"
    for scope in (
        "admin.directory.user.readonly",
        "admin.directory.user.security",
        "admin.directory.group.readonly",
        "admin.directory.orgunit.readonly",
        "admin.directory.device.chromeos.readonly",
        "admin.directory.device.mobile.readonly",
        "admin.directory.domain.readonly",
        "admin.directory.rolemanagement.readonly",
        "admin.reports.audit.readonly",
        "admin.reports.usage.readonly",
        "apps.licensing",
        "apps.order.readonly",
        "apps.alerts",
        "directory.readonly",
        "drive.readonly",
        "tasks.readonly",
    )
)


def pages(most: int, size: str = "maxResults") -> Cursor:
    """Google APIs, paging: a token until the end, sent with all other parameters unchanged."""
    return Cursor("nextPageToken", "pageToken", size=size, most=most)


# Some lists have no size to ask for, or none whose bound is published.
UNSIZED = Cursor("nextPageToken", "pageToken", size=None)

# Directory API, device search: by the days of the last check-in, which is not when the record changed; so it is asked
# by and not dated by. Whose days these are is not said, hence the overlap of one. Only a range with both ends is on
# Google's own page.
CHECKED_IN = Changes(
    None, ask=InParams((("query", "sync:{since}..{until}"),)), form="%Y-%m-%d", overlap=timedelta(days=1)
)

# Reports API, activities: 180 days back and never changed; entries come hours to days late. Gmail's can only be asked
# for between two moments at most 30 days apart, and the others can be asked so.
ACTIVITIES = Changes(
    "id.time",
    ask=InParams((("startTime", "{since}"), ("endTime", "{until}"))),
    overlap=timedelta(days=3),
    longest_window=timedelta(days=30),
    kept_for=timedelta(days=180),
    only=True,
)

# Reports API, usage: one address for each day, in Pacific time. A day is there after one to three days and may first
# be there in part, so a week is asked for again.
USAGE = Changes(
    "date",
    ask=InPath((("date", "{since}"),)),
    form="%Y-%m-%d",
    overlap=timedelta(days=7),
    longest_window=timedelta(days=1),
    kept_for=timedelta(days=180),
    only=True,
)

CUSTOMER = "/admin/directory/v1/customer/{customer_id}"

SERVICE = Service(
    name="google_workspace",
    title="Google Workspace",
    category="identity",
    base_url="https://admin.googleapis.com",
    settings=(
        # Licensing does not take my_customer, which the other APIs do.
        Setting("customer_id", help="id of the account, C… (Admin console, account settings)", is_account=True),
        Setting(
            "admin_email",
            help="administrator in whose name to read; a reseller's for reseller_subscriptions",
            is_account=False,
        ),
        # Google refuses a token if one of its scopes was not delegated.
        Setting("scopes", default=SCOPES, help="scopes delegated to the service account", is_account=False),
        Setting(
            "license_products", default="Google-Apps", help="products whose licences to read: Google-Apps 101031 …"
        ),
        Setting(
            "applications",
            default="admin login mobile token user_accounts",
            help="applications whose activities to read; also drive, gmail, meet, saml …",
        ),
    ),
    secrets=("service_account_json",),
    # Google OAuth 2.0 for service accounts: domain-wide delegation names the administrator in `sub`.
    auth=JwtAssertion(
        "https://oauth2.googleapis.com/token",
        claims=(
            ("iss", "{client_email}"),
            ("sub", "{admin_email}"),
            ("scope", "{scopes}"),
            ("aud", "https://oauth2.googleapis.com/token"),
        ),
        key_id="{private_key_id}",
        key_file="service_account_json",
    ),
    # Directory API, limits: requests are counted by the user in whose name they come.
    account=("admin_email",),
    paging=UNSIZED,
    limits=Limits(
        rates=(
            Rate(2400, per=timedelta(minutes=1), group="directory"),
            Rate(2400, per=timedelta(minutes=1), group="reports"),
            # Reports API, limits: queries of activities with a filter.
            Rate(250, per=timedelta(minutes=1), group="activities"),
        ),
        slows="group",
    ),
    errors=Errors(
        code="error.errors.0.reason",
        message="error.message",
        codes=(
            # Directory API, limits: one too many is refused with 403 as well as 429.
            Code("rateLimitExceeded", "limit"),
            Code("userRateLimitExceeded", "limit"),
            Code("quotaExceeded", "limit"),
            Code(None, "empty", status=400, text="not yet available"),
            Code(None, "expired", status=400, text="sync token"),
        ),
    ),
    check="users",
    # Google APIs: a list without rows is left out of its answer, hence records_optional.
    endpoints=(
        # Directory API, users: nothing tells when one changed. With showDeleted only deleted ones would be listed.
        Endpoint(
            "users",
            "/admin/directory/v1/users",
            records="users",
            records_optional=True,
            params=(("customer", "{customer_id}"), ("projection", "full")),
            paging=pages(500),
            canonical="users",
            limit_group="directory",
        ),
        Endpoint(
            "groups",
            "/admin/directory/v1/groups",
            records="groups",
            records_optional=True,
            params=(("customer", "{customer_id}"),),
            paging=pages(200),
            limit_group="directory",
        ),
        # The id is that of the person or group, who can be a member of many groups.
        Endpoint(
            "group_members",
            "/admin/directory/v1/groups/{parentId}/members",
            records="members",
            records_optional=True,
            parent=Parent("groups"),
            unique_under_parent=True,
            paging=pages(200),
            limit_group="directory",
        ),
        # Directory API, orgunits: only those directly below the top unless all are asked for.
        Endpoint(
            "org_units",
            CUSTOMER + "/orgunits",
            records="organizationUnits",
            records_optional=True,
            key=("orgUnitId",),
            params=(("type", "all"),),
            paging=SinglePage(),
            limit_group="directory",
        ),
        Endpoint(
            "chromeos_devices",
            CUSTOMER + "/devices/chromeos",
            records="chromeosdevices",
            records_optional=True,
            key=("deviceId",),
            params=(("projection", "FULL"),),
            changes=CHECKED_IN,
            paging=pages(300),
            secret_fields=("deviceFiles.downloadUrl",),
            canonical="devices",
            limit_group="directory",
            may_be_empty=True,
        ),
        Endpoint(
            "mobile_devices",
            CUSTOMER + "/devices/mobile",
            records="mobiledevices",
            records_optional=True,
            key=("resourceId",),
            params=(("projection", "FULL"),),
            changes=CHECKED_IN,
            paging=pages(100),
            canonical="devices",
            limit_group="directory",
            may_be_empty=True,
        ),
        Endpoint(
            "domains",
            CUSTOMER + "/domains",
            records="domains",
            records_optional=True,
            key=("domainName",),
            paging=SinglePage(),
            limit_group="directory",
        ),
        Endpoint(
            "roles",
            CUSTOMER + "/roles",
            records="items",
            records_optional=True,
            key=("roleId",),
            paging=pages(100),
            limit_group="directory",
        ),
        Endpoint(
            "role_assignments",
            CUSTOMER + "/roleassignments",
            records="items",
            records_optional=True,
            key=("roleAssignmentId",),
            paging=pages(200),
            limit_group="directory",
        ),
        # One request for each person.
        Endpoint(
            "user_tokens",
            "/admin/directory/v1/users/{parentId}/tokens",
            records="items",
            records_optional=True,
            key=("userKey", "clientId"),
            parent=Parent("users"),
            paging=SinglePage(),
            limit_group="directory",
            every=timedelta(days=1),
        ),
        Endpoint(
            "activities",
            "/admin/reports/v1/activity/users/all/applications/{application}",
            records="items",
            records_optional=True,
            key=("id.time", "id.uniqueQualifier", "id.applicationName"),
            each=Each("applications", "application"),
            changes=ACTIVITIES,
            paging=pages(1000),
            limit_group=("reports", "activities"),
        ),
        Endpoint(
            "customer_usage_reports",
            "/admin/reports/v1/usage/dates/{date}",
            records="usageReports",
            records_optional=True,
            key=("date", "entity.customerId"),
            changes=USAGE,
            limit_group="reports",
            every=timedelta(days=1),
        ),
        Endpoint(
            "user_usage_reports",
            "/admin/reports/v1/usage/users/all/dates/{date}",
            records="usageReports",
            records_optional=True,
            key=("date", "entity.profileId"),
            changes=USAGE,
            paging=pages(1000),
            limit_group="reports",
            every=timedelta(days=1),
        ),
        Endpoint(
            "license_assignments",
            "/apps/licensing/v1/product/{productId}/users",
            base_url="https://licensing.googleapis.com",
            records="items",
            records_optional=True,
            key=("productId", "skuId", "userId"),
            params=(("customerId", "{customer_id}"),),
            each=Each("license_products", "productId"),
            paging=pages(1000),
            canonical="agreements",
        ),
        # For resellers alone: all that they have sold.
        Endpoint(
            "reseller_subscriptions",
            "/apps/reseller/v1/subscriptions",
            base_url="https://reseller.googleapis.com",
            records="subscriptions",
            records_optional=True,
            key=("subscriptionId",),
            paging=pages(100),
            canonical="agreements",
        ),
        # Alert Center: it can be asked by the time of creation and not by that of a change, so all alerts are listed.
        Endpoint(
            "alerts",
            "/v1beta1/alerts",
            base_url="https://alertcenter.googleapis.com",
            records="alerts",
            records_optional=True,
            key=("alertId",),
            updated_at="updateTime",
            deleted=Deleted("deleted"),
            may_be_empty=True,
        ),
        # People API, listDirectoryPeople: a token for the next time, if asked for; all else stays as it was. It lives
        # 7 days, and one that is too old is refused with 400.
        Endpoint(
            "directory_people",
            "/v1/people:listDirectoryPeople",
            base_url="https://people.googleapis.com",
            records="people",
            records_optional=True,
            key=("resourceName",),
            params=(
                ("readMask", "addresses,emailAddresses,metadata,names,organizations,phoneNumbers,urls,userDefined"),
                ("sources", "DIRECTORY_SOURCE_TYPE_DOMAIN_CONTACT"),
                ("sources", "DIRECTORY_SOURCE_TYPE_DOMAIN_PROFILE"),
                ("requestSyncToken", "true"),
            ),
            changes=Delta(("nextSyncToken",), ask=("syncToken", "{token}")),
            deleted=Deleted("metadata.deleted"),
            paging=Cursor("nextPageToken", "pageToken", size="pageSize", most=1000, expired=(Expired(400),)),
            canonical="contacts",
        ),
        Endpoint(
            "shared_drives",
            "/drive/v3/drives",
            base_url="https://www.googleapis.com",
            records="drives",
            records_optional=True,
            params=(("useDomainAdminAccess", "true"),),
            paging=pages(100, "pageSize"),
            may_be_empty=True,
        ),
        # Tasks API: only the lists of the person in whose name it is asked, here the administrator.
        Endpoint(
            "task_lists",
            "/tasks/v1/users/@me/lists",
            base_url="https://tasks.googleapis.com",
            records="items",
            records_optional=True,
            paging=pages(1000),
        ),
        Endpoint(
            "tasks",
            "/tasks/v1/lists/{parentId}/tasks",
            base_url="https://tasks.googleapis.com",
            records="items",
            records_optional=True,
            params=(
                ("showAssigned", "true"),
                ("showCompleted", "true"),
                ("showDeleted", "true"),
                ("showHidden", "true"),
            ),
            parent=Parent("task_lists"),
            changes=Changes("updated", ask=("updatedMin", "{since}"), overlap=timedelta(minutes=1)),
            deleted=Deleted("deleted"),
            paging=pages(100),
            canonical="tasks",
            may_be_empty=True,
        ),
    ),
)
