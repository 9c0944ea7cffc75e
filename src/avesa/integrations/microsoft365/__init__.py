"""Microsoft 365 through Graph v1.0: who and what is in a tenant, what it has licensed, and what happens in it."""

from __future__ import annotations

from datetime import timedelta

from avesa.connector.incremental import Changes, Delta, InParams
from avesa.connector.limits import Limits, Rate
from avesa.connector.oauth2 import ClientCredentials
from avesa.connector.paging import Expired, NextUrl, SinglePage
from avesa.connector.retry import Code, Errors
from avesa.connector.service import Deleted, Endpoint, Parent, Service, Setting

# Graph, paging: the next page is a whole address, to be called as it is; only its query is taken, so that nothing goes
# to another host. A 400 or 410 to such an address can only mean that what it holds is too old.
TOO_OLD = (Expired(400), Expired(410))
PAGES = NextUrl(("@odata.nextLink",), expired=TOO_OLD)
# Graph, list users/groups/devices/contacts: up to 999 rows a page. The largest page is not published for the other
# lists, so these are asked for as the vendor cuts them.
LARGE = NextUrl(("@odata.nextLink",), size="$top", most=999, expired=TOO_OLD)
LOGS = NextUrl(("@odata.nextLink",), size="$top", most=1000, expired=TOO_OLD)

# Graph, user: a list gives eleven properties unless more are named.
USER_FIELDS = (
    "id,accountEnabled,assignedLicenses,businessPhones,city,companyName,country,createdDateTime,department,displayName,"
    "employeeHireDate,employeeId,employeeType,externalUserState,givenName,jobTitle,lastPasswordChangeDateTime,mail,"
    "mobilePhone,officeLocation,onPremisesDomainName,onPremisesExtensionAttributes,onPremisesSamAccountName,onPremisesSyncEnabled,otherMails,"
    "postalCode,preferredLanguage,proxyAddresses,state,streetAddress,surname,usageLocation,userPrincipalName,userType"
)

# Graph, delta query: the last page has a link for the next time. The properties named at first are in its token, so
# nothing goes beside it; a changed record holds its id and what changed. Tokens live 7 days; one that is too old is
# answered 410, or 40x with a code, and all is listed again.
DELTA = Delta(("@odata.deltaLink",), ask=("$deltatoken", "{token}"), in_link="$deltatoken", partial=True, alone=True)


def log_of(field: str) -> Changes:
    """Graph, activity reports: entries never change, can come late, and are kept for 30 days at most (7 without a P1
    licence). They age out rather than being deleted, so the log is never listed.
    """
    return Changes(
        field,
        ask=("$filter", field + " ge {since}"),
        overlap=timedelta(hours=1),
        kept_for=timedelta(days=30),
        only=True,
    )


SERVICE = Service(
    name="microsoft365",
    title="Microsoft 365 (Graph)",
    category="identity",
    base_url="https://{host}/v1.0",
    settings=(
        Setting("tenant_id", help="directory id (a GUID) or a verified domain"),
        # Graph, national clouds: each has hosts of its own, and tokens of one are worth nothing in another.
        Setting("host", default="graph.microsoft.com", help="graph.microsoft.us, dod-graph.microsoft.us, …"),
        Setting("login_host", default="login.microsoftonline.com", help="login.microsoftonline.us, …"),
        # Graph, user: signInActivity needs a P1 licence and AuditLog.Read.All; without these it would fail the table.
        Setting("user_fields", default=USER_FIELDS, help="properties of users; add signInActivity with a P1 licence"),
    ),
    secrets=("client_id", "client_secret"),
    # Microsoft identity platform, client credentials: no refresh token; the scope is the root of the cloud's Graph.
    auth=ClientCredentials(
        "https://{login_host}/{tenant_id}/oauth2/v2.0/token", fields=(("scope", "https://{host}/.default"),)
    ),
    # Graph, throttling: the directory is metered by app and tenant. The secret of an app is exchanged now and then.
    account=("tenant_id", "client_id"),
    paging=PAGES,
    limits=Limits(
        rates=(
            # Graph, throttling: 3,500 units in 10 seconds for the smallest tenants; 5 requests for sign-ins and audits.
            Rate(3500, per=timedelta(seconds=10), group="directory", points=True),
            Rate(5, per=timedelta(seconds=10), group="logs"),
        ),
    ),
    errors=Errors(
        code="error.code",
        message="error.message",
        codes=(
            Code(None, "expired", status=410),
            Code("syncStateNotFound", "expired"),
            Code("resyncRequired", "expired"),
        ),
    ),
    check="users",
    endpoints=(
        # Graph, user: no time of change; a deleted user leaves the list.
        Endpoint(
            "users",
            "/users",
            records="value",
            params=(("$select", "{user_fields}"),),
            paging=NextUrl(("@odata.nextLink",), size="$top", most=500, expired=TOO_OLD),
            canonical="users",
            limit_group="directory",
        ),
        # The same people as a feed: cheap to ask often. @removed has a reason: changed (can be restored) or deleted.
        Endpoint(
            "users_delta",
            "/users/delta",
            records="value",
            params=(("$select", USER_FIELDS),),
            changes=DELTA,
            deleted=Deleted("@removed", present=True),
            canonical="users",
            limit_group="directory",
        ),
        Endpoint("groups", "/groups", records="value", paging=LARGE, limit_group="directory"),
        Endpoint(
            "devices",
            "/devices",
            records="value",
            paging=LARGE,
            canonical="devices",
            limit_group="directory",
        ),
        # Intune: lastSyncDateTime is when the device checked in, not when the record changed, so it is asked by and
        # not dated by. The filter is not on the published page; refused with 400, the table is listed instead.
        Endpoint(
            "managed_devices",
            "/deviceManagement/managedDevices",
            records="value",
            changes=Changes(None, ask=("$filter", "lastSyncDateTime ge {since}"), overlap=timedelta(hours=2)),
            # The first opens a locked device, the second leads into a session with one.
            secret_fields=("activationLockBypassCode", "remoteAssistanceSessionUrl"),
            canonical="devices",
        ),
        Endpoint(
            "subscribed_skus",
            "/subscribedSkus",
            records="value",
            paging=SinglePage(),
            canonical="products",
            limit_group="directory",
            cost=3,
        ),
        Endpoint(
            "company_subscriptions",
            "/directory/subscriptions",
            records="value",
            canonical="agreements",
            limit_group="directory",
        ),
        Endpoint(
            "sign_ins",
            "/auditLogs/signIns",
            records="value",
            paging=LOGS,
            changes=log_of("createdDateTime"),
            limit_group="logs",
        ),
        Endpoint(
            "directory_audits",
            "/auditLogs/directoryAudits",
            records="value",
            paging=LOGS,
            changes=log_of("activityDateTime"),
            limit_group="logs",
        ),
        Endpoint(
            "org_contacts",
            "/contacts",
            records="value",
            paging=LARGE,
            canonical="contacts",
            limit_group="directory",
            may_be_empty=True,
        ),
        Endpoint("domains", "/domains", records="value", limit_group="directory"),
        Endpoint("organization", "/organization", records="value", canonical="companies", limit_group="directory"),
        Endpoint(
            "service_health_issues",
            "/admin/serviceAnnouncement/issues",
            records="value",
            changes=Changes("lastModifiedDateTime", ask=("$filter", "lastModifiedDateTime ge {since}")),
        ),
        Endpoint(
            "security_alerts",
            "/security/alerts_v2",
            records="value",
            changes=Changes(
                "lastUpdateDateTime",
                ask=("$filter", "lastUpdateDateTime ge {since}"),
                overlap=timedelta(minutes=10),
            ),
            may_be_empty=True,
        ),
        Endpoint("teams", "/teams", records="value"),
        Endpoint("sites", "/sites/getAllSites", records="value"),
        # Graph, planner: only Microsoft 365 groups have plans; under others the right to read them is denied.
        Endpoint(
            "planner_plans",
            "/groups/{parentId}/planner/plans",
            records="value",
            parent=Parent("groups", having="groupTypes.*", values=("Unified",)),
            canonical="projects",
            may_be_empty=True,
        ),
        Endpoint(
            "planner_tasks",
            "/planner/plans/{parentId}/tasks",
            records="value",
            parent=Parent("planner_plans"),
            canonical="tasks",
            may_be_empty=True,
        ),
        # Graph, userRegistrationDetails: the time is when the row was computed; on what can be filtered is not said.
        Endpoint(
            "user_registration_details",
            "/reports/authenticationMethods/userRegistrationDetails",
            records="value",
            updated_at="lastUpdatedDateTime",
        ),
        # Graph, reports: an answer leads to a file on another host, whose address is the key to it. A report tells of
        # one day, and is made once a day: former days are not in it and not gone.
        Endpoint(
            "mailbox_usage_detail",
            "/reports/getMailboxUsageDetail(period='D7')",
            records_as="csv",
            key=("User Principal Name", "Report Refresh Date"),
            changes=Changes(None, ask=InParams(()), kept_for=timedelta(days=7), only=True),
            paging=SinglePage(),
            downloads=(".office.com", ".office365.us", ".office365.com", ".partner.outlook.cn"),
            every=timedelta(days=1),
        ),
    ),
)
