"""What is special about GitHub: what is hidden by default, lists that know no since, refusals by 403, and secrets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from avesa.connector.connection import connection
from avesa.connector.paging import Page
from avesa.connector.request import Request, Response
from avesa.connector.retry import classify
from avesa.integrations.github import RUNS, SERVICE
from avesa.shared.errors import TableFailed, Where
from strict_tenant import Tenant, check, strict_tenant

HOUR = timedelta(hours=1)


@pytest.fixture
def tenant(tmp_path: Path) -> Iterator[Tenant]:
    with strict_tenant(tmp_path, "github", page=0) as tenant:
        yield tenant


def says(status: int, message: str) -> Response:
    return Response(status, {}, json.dumps({"message": message, "status": str(status)}).encode(), "https://x.example/")


def test_an_app_gets_in_with_what_it_signed(tenant: Tenant) -> None:
    key = tenant.vendor.credentials.values["private_key"]
    tenant.ports.secrets.put("acme", "github", {"private_key": key})
    assert tenant.pull("members").status == "ok"


def test_an_enterprise_server_has_the_api_below_a_path_of_its_own() -> None:
    settings = {"org": "acme", "host": "github.acme.example/api/v3"}
    link = connection(SERVICE, settings, {"token": "t"}, where=Where("acme", "github"))
    assert link.base_url == "https://github.acme.example/api/v3"


def test_what_is_closed_is_asked_for_in_listings_and_in_changes(tenant: Tenant) -> None:
    tables = ("org_issues", "issues", "pull_requests", "milestones")
    tenant.pull("repositories")
    for table in tables:
        tenant.pull(table)
        check(tenant, table)
    tenant.clock.now += HOUR
    tenant.pull("repositories")
    for table in tables:
        tenant.pull(table)
        assert {asked["state"] for asked in tenant.asked(table)} == {"all"}
    assert {asked["filter"] for asked in tenant.asked("org_issues")} == {"all"}


def test_something_new_below_a_repository_that_did_not_change_is_seen(tenant: Tenant) -> None:
    tenant.pull("repositories")
    tenant.pull("issues")
    tenant.clock.now += HOUR
    name = tenant.vendor.records("repositories")[2]["name"]
    tenant.vendor.change("issues", 1, (name,), title="New")
    tenant.pull("repositories")
    outcome = tenant.pull("issues")
    assert (outcome.kind, outcome.rows) == ("changes", 1)
    check(tenant, "issues")


def test_pull_requests_are_read_from_the_newest_on_until_nothing_is_new(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "github", counts={"repositories": 1, "pull_requests": 30}) as tenant:
        tenant.pull("repositories")
        tenant.pull("pull_requests")
        before = len(tenant.asked("pull_requests"))
        tenant.clock.now += HOUR
        name = tenant.vendor.records("repositories")[0]["name"]
        tenant.vendor.change("pull_requests", 3, (name,), title="New")
        tenant.pull("repositories")
        tenant.pull("pull_requests")
        later = tenant.asked("pull_requests")[before:]
        assert {(asked["sort"], asked["direction"]) for asked in later} == {("updated", "desc")}
        assert len(later) <= 2 < before
        check(tenant, "pull_requests")


@pytest.mark.parametrize(
    ("status", "message", "means"),
    [
        (403, "API rate limit exceeded for user ID 1.", "limit"),
        (403, "You have exceeded a secondary rate limit.", "limit"),
        (429, "You have exceeded a secondary rate limit.", "limit"),
        (403, "Resource not accessible by personal access token", "table"),
        (404, "Not Found", "table"),
        (409, "Git Repository is empty.", "empty"),
        (409, "Conflict", "table"),
        (410, "Issues are disabled for this repo", "empty"),
        (422, "In order to keep the API fast for everyone, pagination is limited for this resource.", "table"),
        (401, "Bad credentials", "service"),
    ],
)
def test_a_refusal_means_what_its_words_say(status: int, message: str, means: str) -> None:
    assert classify(says(status, message), SERVICE.errors).means == means


def test_a_repository_that_may_not_be_seen_does_not_lose_its_issues(tenant: Tenant) -> None:
    tenant.pull("repositories")
    tenant.pull("issues")
    known = len(tenant.rows("issues"))
    tenant.vendor.fail("status", 404, table="issues")
    tenant.clock.now += timedelta(minutes=1)
    with pytest.raises(TableFailed):
        tenant.pull("issues", full=True)
    assert not tenant.receipt("issues").complete and known == 14


def test_an_empty_repository_and_one_without_issues_are_no_failure(tenant: Tenant) -> None:
    tenant.pull("repositories")
    answer = tenant.vendor.answer
    refusals = {"/commits": says(409, "Git Repository is empty."), "/issues": says(410, "Issues are disabled")}

    def without(asked: Any) -> Any:
        found = answer(asked)
        name = tenant.vendor.records("repositories")[0]["name"]
        for end, refusal in refusals.items():
            if asked.path == f"/repos/acme/{name}{end}":
                found.status, found.raw = refusal.status, refusal.body
        return found

    tenant.vendor.answer = without  # type: ignore[method-assign]
    assert tenant.pull("commits").rows == tenant.pull("issues").rows == 12


def test_the_secret_that_was_found_is_not_asked_for_and_never_lands(tenant: Tenant) -> None:
    for at in range(7):
        tenant.vendor.change("secret_scanning_alerts", at, secret="AKIA-hush")
    tenant.pull("secret_scanning_alerts")
    tenant.clock.now += HOUR
    tenant.vendor.change("secret_scanning_alerts", 1, state="resolved")
    tenant.pull("secret_scanning_alerts")
    rows = tenant.rows("secret_scanning_alerts")
    assert len(rows) > 7 and not any("hush" in row["payload"] for row in rows)
    assert {asked["hide_secret"] for asked in tenant.asked("secret_scanning_alerts")} == {"true"}


def test_a_project_that_was_deleted_is_gone(tenant: Tenant) -> None:
    tenant.pull("projects")
    tenant.clock.now += HOUR
    tenant.vendor.delete("projects", 2)
    tenant.pull("projects")
    assert sum(row["is_deleted"] for row in tenant.rows("projects")) == 1


class ManyRuns:
    """So many runs since a moment, the newest first, of which a search shows 1,000."""

    def __init__(self, count: int) -> None:
        self.made = [f"2026-02-{1 + at // 1440:02d}T{at // 60 % 24:02d}:{at % 60:02d}:00Z" for at in range(count)]

    def answer(self, request: Request) -> tuple[Page, list[str]]:
        begin, _, end = (request.param("created") or "").removeprefix(">=").partition("..")
        at = (int(request.param("page") or 1) - 1) * 100
        assert at + 100 <= 1000
        found = [made for made in reversed(self.made) if made >= begin and (not end or made <= end)]
        shown, more = found[at : at + 100], at + 100 < min(len(found), 1000)
        query = f"created={request.param('created')}&per_page=100&page={at // 100 + 2}".replace(">", "%3E")
        headers = {"link": f'<https://api.github.com/repositories/7/actions/runs?{query}>; rel="next"'} if more else {}
        last = {"created_at": shown[-1]} if shown else {}
        return Page(Response(200, headers, b"{}", request.url), len(shown), last), shown


def test_more_runs_than_a_search_shows_are_read_to_their_end() -> None:
    vendor, came = ManyRuns(3456), set[str]()
    bare = Request("GET", "https://api.github.com/repos/acme/a/actions/runs")
    request: Request | None = RUNS.first(bare.with_params(("created", ">=2026-01-31T00:00:00Z")))
    while request is not None:
        page, shown = vendor.answer(request)
        came.update(shown)
        request = RUNS.next(request, page)
    assert came == set(vendor.made)


def test_runs_are_asked_for_again_while_they_may_still_end_and_are_never_deleted(tenant: Tenant) -> None:
    tenant.pull("repositories")
    tenant.pull("workflow_runs")
    tenant.clock.now += timedelta(days=30)
    name = tenant.vendor.records("repositories")[0]["name"]
    tenant.vendor.change("workflow_runs", 1, (name,), conclusion="success")
    tenant.vendor.delete("workflow_runs", 0, (name,))
    tenant.pull("repositories")
    tenant.pull("workflow_runs")
    conclusions = [row["record"]["conclusion"] for row in tenant.rows("workflow_runs") if row["parent_id"] == name]
    assert "success" in conclusions
    assert not any(row["is_deleted"] for row in tenant.rows("workflow_runs"))


def test_the_audit_log_is_asked_for_from_its_last_event_on(tenant: Tenant) -> None:
    tenant.pull("audit_log")
    tenant.clock.now += HOUR
    tenant.vendor.add("audit_log")
    tenant.clock.now += timedelta(minutes=1)
    outcome = tenant.pull("audit_log")
    assert (outcome.kind, {asked["include"] for asked in tenant.asked("audit_log")}) == ("changes", {"all"})
    assert outcome.rows < 8
    assert SERVICE.endpoint("audit_log").limit_groups == ("audit_log",)
