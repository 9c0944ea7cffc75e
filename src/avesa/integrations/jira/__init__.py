"""Jira Cloud and Jira Service Management: issues with their worklogs, projects, people, and a desk's customers."""

from __future__ import annotations

from datetime import timedelta

from avesa.connector.auth import At, Basic, OneOf
from avesa.connector.completeness import Total
from avesa.connector.incremental import Changes, Deletions, InParams
from avesa.connector.limits import Limits, Told
from avesa.connector.oauth2 import RefreshToken
from avesa.connector.paging import Cursor, End, Expired, IdsThenRecords, Offset, SinglePage
from avesa.connector.retry import Errors
from avesa.connector.service import Deleted, Endpoint, Parent, Service, Setting
from avesa.connector.times import MILLISECONDS, FirstOf, Iso, Written

GATEWAY = "https://api.atlassian.com/ex/jira/{cloud_id}"

# Jira REST v3, pagination: startAt moves by what came, since a server may give fewer rows than asked for. Links in
# bodies name other hosts since July 2026 and are not looked at.
BY_OFFSET = Offset("startAt", "maxResults", most=100, end=End(last="isLast", total="total", short=False))

# Service desk API, pagination: `start` and `limit`, and isLastPage.
OF_DESK = Offset("start", "limit", most=100, end=End(last="isLastPage", short=False))

# Jira REST v3, search: nextPageToken lives 7 days; a token that is not known any more is refused with 400.
BY_TOKEN = Cursor(
    at="nextPageToken",
    param="nextPageToken",
    size="maxResults",
    most=100,
    end=End(last="isLast", short=False, empty=False),
    expired=(Expired(status=400),),
)

# Jira REST v3, search: JQL knows minutes, read in the time zone of the API user's profile, and lags by seconds.
UPDATED = Changes(
    field="fields.updated",
    ask=("jql", 'updated >= "{since}" ORDER BY updated ASC, key ASC'),
    form=Written("%Y-%m-%d %H:%M", "{timezone}"),
    overlap=timedelta(minutes=5),
)

# A comment, a worklog or a change of a field stamps its issue: those of the issues that changed are read.
OF_CHANGED_ISSUES = Changes(field="updated", ask=InParams(()))

# Jira REST v3, worklogs: ids and times behind `since`, up to a thousand; the next page begins at `until`.
BY_UNTIL = Cursor(at="until", param="since", size=None, end=End(last="lastPage", short=False, empty=False))

# Jira REST v3, worklogs: what happened within the last minute is left out.
LAST_MINUTE = timedelta(minutes=2)

SINCE = Changes(field="updatedTime", ask=("since", "{since}"), form=MILLISECONDS, overlap=LAST_MINUTE)

WEEKLY = timedelta(days=7)
"""One request for each issue there is: looking for what was deleted below them is worth that once a week."""

SERVICE = Service(
    name="jira",
    title="Jira Cloud / Jira Service Management",
    category="itsm",
    base_url="https://{site}.atlassian.net",
    settings=(
        Setting("site", help="the name before .atlassian.net"),
        Setting("cloud_id", help="of the site, for tokens with scopes and for OAuth"),
        Setting("email", help="login of the API user", is_account=False),
        # Written as in the last of all zones, a time asks for up to a day more than needed, and never for less.
        Setting("timezone", default="Etc/GMT+12", help="of the API user's profile, such as Europe/Berlin"),
    ),
    secrets=("api_token", "client_id", "client_secret", "refresh_token"),
    # Atlassian, API tokens: one without scopes works at the site itself; one with scopes, and OAuth 2, at the gateway.
    auth=OneOf(
        (
            At(GATEWAY, Basic("{email}", "{api_token}")),
            At(GATEWAY, RefreshToken("https://auth.atlassian.com/oauth/token", encoding="json")),
            Basic("{email}", "{api_token}"),
        )
    ),
    # Service desk API: some lists were asked for with this in older documents; it does no harm.
    headers=(("X-ExperimentalApi", "opt-in"),),
    paging=BY_OFFSET,
    total=Total("total"),
    # Jira Cloud, rate limits: bursts are counted for each path, points of an hour for the app; the answer says which.
    limits=Limits(
        told=(
            Told(
                "X-RateLimit-Remaining",
                limit="X-RateLimit-Limit",
                reset="X-RateLimit-Reset",
                reset_as="iso",
                each=True,
            ),
        ),
        slows="endpoint",
        slows_all=("RateLimit-Reason", "jira-quota"),
    ),
    errors=Errors(message="errorMessages.0"),
    # The refresh token changes with each use.
    account=("site", "cloud_id"),
    check="issues",
    endpoints=(
        # Jira REST v3, search: a query needs a bound, and without `fields` only ids come. Deleted issues vanish.
        Endpoint(
            "issues",
            "/rest/api/3/search/jql",
            records="issues",
            params=(("jql", 'updated >= "1970-01-01 00:00" ORDER BY created ASC, key ASC'), ("fields", "*all")),
            paging=BY_TOKEN,
            changes=UPDATED,
            canonical="tickets",
        ),
        # Jira REST v3, worklogs: ids of what changed, the records by a thousand ids, and what was deleted.
        Endpoint(
            "worklogs",
            "/rest/api/3/worklog/updated",
            times=FirstOf((Iso(), MILLISECONDS)),
            changes=Changes(field="updated", ask=("since", "{since}"), form=MILLISECONDS, overlap=LAST_MINUTE),
            paging=IdsThenRecords(
                BY_UNTIL, ids="values.*.worklogId", listed="/worklog/updated", path="/worklog/list", batch=1000
            ),
            deletions=Deletions(
                "/rest/api/3/worklog/deleted",
                key=("worklogId",),
                at="updatedTime",
                records="values",
                changes=SINCE,
                paging=BY_UNTIL,
            ),
            canonical="time_entries",
        ),
        *(
            Endpoint(
                name,
                path,
                records="values",
                key=("worklogId",),
                times=MILLISECONDS,
                changes=SINCE,
                paging=BY_UNTIL,
                may_be_empty=True,
                relist=WEEKLY,
            )
            for name, path in (
                ("worklogs_updated", "/rest/api/3/worklog/updated"),
                ("worklogs_deleted", "/rest/api/3/worklog/deleted"),
            )
        ),
        *(
            Endpoint(
                name,
                f"/rest/api/3/issue/{{parentId}}/{end}",
                records=records,
                updated_at=updated_at,
                parent=Parent("issues"),
                changes=OF_CHANGED_ISSUES,
                relist=WEEKLY,
            )
            for name, end, records, updated_at in (
                ("issue_worklogs", "worklog", "worklogs", "updated"),
                ("issue_comments", "comment", "comments", "updated"),
                ("issue_changelogs", "changelog", "values", "created"),
            )
        ),
        # Jira REST v3, projects: archived ones and those in the trash come when they are asked for.
        Endpoint(
            "projects",
            "/rest/api/3/project/search",
            records="values",
            params=(("status", "live"), ("status", "archived"), ("status", "deleted")),
            deleted=Deleted("deleted"),
            canonical="projects",
        ),
        # Jira REST v3, users: rows that the API user may not see count, but are not shown, and no total is told. The
        # list is over with an empty page.
        Endpoint(
            "users",
            "/rest/api/3/users/search",
            key=("accountId",),
            paging=Offset("startAt", "maxResults", most=1000, by="limit", end=End(short=False)),
            canonical="users",
        ),
        Endpoint("groups", "/rest/api/3/group/bulk", records="values", key=("groupId",)),
        # The names of custom fields, which are customfield_10001 in issues.
        Endpoint("fields", "/rest/api/3/field", paging=SinglePage()),
        Endpoint("statuses", "/rest/api/3/statuses/search", records="values"),
        Endpoint("priorities", "/rest/api/3/priority/search", records="values"),
        Endpoint("issue_types", "/rest/api/3/issuetype", paging=SinglePage()),
        Endpoint(
            "project_versions",
            "/rest/api/3/project/{parentId}/version",
            records="values",
            parent=Parent("projects"),
        ),
        Endpoint(
            "project_components",
            "/rest/api/3/project/{parentId}/component",
            records="values",
            parent=Parent("projects"),
        ),
        # An audit log is only added to, and its old entries go: nothing in it is ever deleted by absence.
        Endpoint(
            "audit_records",
            "/rest/api/3/auditing/record",
            records="records",
            paging=Offset("offset", "limit", most=1000, end=End(total="total", short=False)),
            changes=Changes(field="created", ask=("from", "{since}"), only=True, kept_for=timedelta(days=3650)),
        ),
        Endpoint("boards", "/rest/agile/1.0/board", records="values"),
        Endpoint(
            "organizations",
            "/rest/servicedeskapi/organization",
            records="values",
            paging=OF_DESK,
            canonical="companies",
        ),
        Endpoint("service_desks", "/rest/servicedeskapi/servicedesk", records="values", paging=OF_DESK),
        # Service desk API, customers: those that the API user may not see count as rows. A customer of two desks is
        # one person.
        Endpoint(
            "customers",
            "/rest/servicedeskapi/servicedesk/{parentId}/customer",
            records="values",
            key=("accountId",),
            parent=Parent("service_desks"),
            paging=Offset("start", "limit", most=50, by="limit", end=End(last="isLastPage", short=False, empty=False)),
            canonical="contacts",
        ),
    ),
)
