"""GitHub: an organisation's repositories with their issues, pull requests, commits and workflow runs, its people, its
alerts about security, and its audit log.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from avesa.connector.auth import Bearer, OneOf
from avesa.connector.completeness import Total
from avesa.connector.incremental import Changes, InParams
from avesa.connector.jwt_assertion import JwtAssertion
from avesa.connector.keyset import Values
from avesa.connector.limits import Limits, Rate, Told
from avesa.connector.paging import Link, NextUrl, SearchWindow
from avesa.connector.request import Params, Request
from avesa.connector.retry import Code, Errors
from avesa.connector.service import Deleted, Endpoint, Parent, Service, Setting
from avesa.connector.times import MILLISECONDS
from avesa.connector.tokens import TokenFields

# GitHub REST API, pagination: the Link header names the next page, by number in most lists, by `after` in others, and
# in long ones by either. Its paths may name a repository by its id, so the query alone is taken.
PAGES = NextUrl(Link(), size="per_page", most=100)
BY_NUMBER = replace(PAGES, numbered=True)

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WEEKLY = timedelta(days=7)

STEADY: Params = (("sort", "created"), ("direction", "asc"))
ALL: Params = (("state", "all"),)
"""Without it only what is open is shown."""

# A repository may come with a token to clone it with, and stands in each pull request twice.
CLONE_TOKEN = ("**.temp_clone_token",)

# GitHub REST API, issues and comments: those that changed at that moment or later.
SINCE = Changes("updated_at", ask=("since", "{since}"), overlap=MINUTE)


def newest_first(*params: tuple[str, str]) -> Changes:
    """Lists that can be ordered by the time of change, not asked by it: they are read from the newest on."""
    newest = (*params, ("sort", "updated"), ("direction", "desc"))
    return Changes("updated_at", ask=InParams(()), params=newest, newest_first=True, overlap=MINUTE)


def up_to_the_last(request: Request, values: Values) -> Request:
    """Runs begin with the newest: behind the cap the search goes on up to the last one's time, that included."""
    begin = (request.param("created") or "").removeprefix(">=").partition("..")[0]
    return request.with_params(("created", f"{begin}..{values[0]}"))


# GitHub REST API, workflow runs: a search by time shows 1,000 runs at most.
RUNS = SearchWindow(PAGES, keys=("created_at",), move=up_to_the_last, cap=1000, size=PAGES.most)


def of_org(name: str, path: str, **more: Any) -> Endpoint:
    return Endpoint(name, f"/orgs/{{org}}/{path}", **{"limit_group": "core", **more})


def of_repository(name: str, path: str, **more: Any) -> Endpoint:
    """A list of each repository, which does not show that something came or changed below it."""
    return Endpoint(
        name,
        f"/repos/{{org}}/{{repo}}/{path}",
        parent=Parent("repositories", "repo", every=True),
        limit_group="core",
        **{"may_be_empty": True, **more},
    )


def alerts(name: str, path: str, *params: tuple[str, str], secret_fields: tuple[str, ...] = ()) -> Endpoint:
    """Alerts are never deleted: a state says that one is dismissed, fixed or resolved. Numbers are unique in a
    repository alone, so an alert is known by its address.
    """
    return of_org(
        name,
        f"{path}/alerts",
        key=("html_url",),
        params=(*params, *STEADY),
        changes=newest_first(*params),
        secret_fields=secret_fields,
        may_be_empty=True,
    )


SERVICE = Service(
    name="github",
    title="GitHub",
    category="devops",
    base_url="https://{host}",
    settings=(
        Setting("org", help="login of the organisation"),
        Setting("host", default="api.github.com", help="of Enterprise Server: github.acme.example/api/v3"),
        Setting("app_id", help="of a GitHub App, or its client id", is_account=False),
        Setting("installation_id", help="of the App in the organisation", is_account=False),
        Setting("requests_an_hour", default="", help="what your plan allows, 5000 if empty"),
    ),
    secrets=("token", "private_key"),
    # GitHub REST API, authentication: a personal token, or an App, which signs for itself (for ten minutes at most) and
    # is given a token of an hour for its installation.
    auth=OneOf(
        (
            Bearer("{token}"),
            JwtAssertion(
                "https://{host}/app/installations/{installation_id}/access_tokens",
                claims=(("iss", "{app_id}"),),
                fields=(),
                headers=(("Authorization", "Bearer {assertion}"), ("Accept", "application/vnd.github+json")),
                life=timedelta(minutes=9),
                answer=TokenFields("token", seconds=None, until="expires_at"),
            ),
        )
    ),
    # GitHub REST API, versions: the next one drops `assignee` and `cvss`; nothing here reads them. A request without a
    # User-Agent is refused.
    headers=(
        ("Accept", "application/vnd.github+json"),
        ("X-GitHub-Api-Version", "2022-11-28"),
        ("User-Agent", "AVESA"),
    ),
    account=("host", "token", "app_id", "installation_id"),
    paging=PAGES,
    # GitHub REST API, rate limits: 5,000 requests an hour for a token, more for some Apps, and 900 a minute of a list.
    # The audit log is counted apart. A refusal that names no time is rested for a minute.
    limits=Limits(
        concurrency=8,
        rates=(
            Rate(5000, per=HOUR, group="core", setting="requests_an_hour"),
            Rate(900, per=MINUTE, each=True),
            Rate(1750, per=HOUR, group="audit_log"),
        ),
        told=(
            Told(
                "X-RateLimit-Remaining",
                limit="X-RateLimit-Limit",
                reset="X-RateLimit-Reset",
                reset_as="epoch",
                group="core",
            ),
        ),
        rest=MINUTE,
    ),
    errors=Errors(
        code="status",
        codes=(
            # Both kinds of limit are told by 403 as well as by 429.
            Code(None, "limit", status=403, text="rate limit"),
            # Commits of an empty repository, and issues of one that has none.
            Code(None, "empty", status=409, text="empty"),
            Code(None, "empty", status=410),
            # 404 also means that the token may not see it: that must not pass for a list without rows.
            Code(None, "table", status=404),
        ),
    ),
    check="repositories",
    endpoints=(
        # Repositories and teams are asked for by their names, and issues say nothing else of theirs. One that is
        # renamed is another one. There are few of them, and a list that is whole each time knows which are gone.
        of_org(
            "repositories",
            "repos",
            key=("name",),
            params=(("type", "all"), *STEADY),
            changes=None,
            updated_at="updated_at",
            secret_fields=CLONE_TOKEN,
            canonical="projects",
        ),
        of_org("members", "members", canonical="users"),
        of_org("outside_collaborators", "outside_collaborators", canonical="users", may_be_empty=True),
        of_org("teams", "teams", key=("slug",), may_be_empty=True),
        # A person is in several teams.
        of_org(
            "team_members",
            "teams/{team_slug}/members",
            parent=Parent("teams", "team_slug"),
            unique_under_parent=True,
            may_be_empty=True,
        ),
        # Issues that the token's user may see; those of all repositories are in `issues`. Pull requests are among both.
        of_org(
            "org_issues",
            "issues",
            params=(("filter", "all"), *ALL, *STEADY),
            changes=SINCE,
            canonical="tickets",
            may_be_empty=True,
        ),
        of_repository("issues", "issues", params=(*ALL, *STEADY), changes=SINCE, canonical="tickets"),
        of_repository("issue_comments", "issues/comments", params=STEADY, changes=SINCE, relist=WEEKLY),
        of_repository(
            "pull_requests",
            "pulls",
            params=(*ALL, *STEADY),
            changes=newest_first(*ALL),
            relist=WEEKLY,
            secret_fields=CLONE_TOKEN,
            canonical="tasks",
        ),
        # Asked for by the committer's date, which may lie days before the push; a push by force takes commits away. The
        # same commit is in the forks of a repository.
        of_repository(
            "commits",
            "commits",
            key=("sha",),
            unique_under_parent=True,
            changes=Changes("commit.committer.date", ask=("since", "{since}"), overlap=WEEKLY),
            relist=WEEKLY,
        ),
        of_repository("milestones", "milestones", params=ALL, changes=None, updated_at="updated_at"),
        # A draft is not published, and has no time yet.
        of_repository("releases", "releases", changes=None, updated_at="published_at"),
        of_repository("labels", "labels", changes=None),
        # A run ends up to 35 days after it began, or is started once more; it goes after 90 days, which is no deletion.
        of_repository(
            "workflow_runs",
            "actions/runs",
            records="workflow_runs",
            paging=RUNS,
            changes=Changes(
                "created_at",
                ask=("created", ">={since}"),
                overlap=timedelta(days=35),
                kept_for=timedelta(days=90),
                only=True,
            ),
        ),
        alerts("dependabot_alerts", "dependabot"),
        alerts("code_scanning_alerts", "code-scanning"),
        # The secret itself is not asked for, and where a server sends it all the same it does not land.
        alerts("secret_scanning_alerts", "secret-scanning", ("hide_secret", "true"), secret_fields=("secret",)),
        of_org(
            "copilot_seats",
            "copilot/billing/seats",
            records="seats",
            key=("assignee.login",),
            paging=BY_NUMBER,
            changes=None,
            updated_at="updated_at",
            total=Total("total_seats"),
            canonical="agreements",
            may_be_empty=True,
        ),
        of_org(
            "projects",
            "projectsV2",
            changes=None,
            updated_at="updated_at",
            deleted=Deleted("deleted_at", present=True),
            canonical="projects",
            may_be_empty=True,
        ),
        # Enterprise Cloud alone has it, for 180 days. Settings of a webhook are among what is told.
        of_org(
            "audit_log",
            "audit-log",
            key=("_document_id",),
            params=(("include", "all"), ("order", "asc")),
            changes=Changes(
                "@timestamp",
                ask=("phrase", "created:>={since}"),
                overlap=timedelta(minutes=10),
                kept_for=timedelta(days=180),
                only=True,
            ),
            times=MILLISECONDS,
            secret_fields=("config.secret", "config_was.secret"),
            limit_group="audit_log",
            may_be_empty=True,
        ),
    ),
)
