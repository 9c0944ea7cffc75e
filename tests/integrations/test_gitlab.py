"""What is special about GitLab: lists of the whole world, keysets, numbers of a project, tokens in records."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from avesa.connector.auth import HeaderKey, OneOf
from avesa.connector.connection import connection
from avesa.connector.oauth2 import RefreshToken
from avesa.connector.request import Response
from avesa.connector.retry import classify
from avesa.connector.tenant_table import table_of
from avesa.integrations.gitlab import SERVICE
from avesa.shared.errors import TableFailed, Where
from strict_tenant import Tenant, check, strict_tenant

HOUR = timedelta(hours=1)


@pytest.fixture
def tenant(tmp_path: Path) -> Iterator[Tenant]:
    with strict_tenant(tmp_path, "gitlab", counts={"groups": 2}) as tenant:
        yield tenant


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"access_token": "t"}, HeaderKey),
        ({"client_id": "i", "client_secret": "s", "refresh_token": "r"}, RefreshToken),
    ],
)
def test_an_account_is_connected_by_a_token_or_by_oauth(given: dict[str, str], kind: type) -> None:
    assert isinstance(SERVICE.auth, OneOf) and isinstance(SERVICE.auth.chosen({"host": "gitlab.com", **given}), kind)


def test_an_exchanged_refresh_token_is_kept(tenant: Tenant) -> None:
    oauth = {"client_id": "gl-client", "client_secret": "gl-secret", "refresh_token": "gl-refresh"}
    tenant.ports.secrets.put("acme", "gitlab", oauth)
    for _ in range(2):
        tenant.clock.now += 3 * HOUR
        assert tenant.pull("groups").status == "ok"


@pytest.mark.parametrize("table", ["issues", "merge_requests"])
def test_nobody_asks_gitlab_com_for_the_issues_of_the_whole_world(table: str) -> None:
    link = connection(SERVICE, {}, {"access_token": "t"}, where=Where("acme", "gitlab"))
    asked = table_of(link, SERVICE.endpoint(table))
    request = asked.request(asked.beginning("listing", None, datetime.now().astimezone(), full=True), None, None)
    assert request.param("scope") == "assigned_to_me"


def test_on_a_server_of_ones_own_all_are_asked_for_and_those_of_groups_always(tenant: Tenant) -> None:
    tenant.pull("groups")
    for table in ("issues", "merge_requests", "group_issues", "group_merge_requests"):
        tenant.pull(table)
        check(tenant, table)
        assert {asked["scope"] for asked in tenant.asked(table)} == {"all"}
    assert {asked["state"] for asked in tenant.asked("group_merge_requests")} == {"all"}


@pytest.mark.parametrize("table", ["projects", "users"])
def test_long_lists_are_walked_by_keyset(tenant: Tenant, table: str) -> None:
    tenant.pull(table)
    first, *later = tenant.asked(table)
    assert {asked["pagination"] for asked in (first, *later)} == {"keyset"}
    assert later and all("cursor" in asked and "page" not in asked for asked in later)


def test_a_projects_activity_is_asked_for_again_for_two_hours(tenant: Tenant) -> None:
    tenant.pull("projects")
    tenant.clock.now += HOUR
    tenant.pull("projects")
    assert tenant.asked("projects")[-1]["last_activity_after"].endswith(":00.000Z")
    assert SERVICE.endpoint("group_projects").changes is None


def test_notes_are_asked_for_by_the_number_in_the_project_under_issues_that_changed(tenant: Tenant) -> None:
    for table in ("groups", "group_projects", "project_issues", "issue_notes"):
        tenant.pull(table)
    check(tenant, "issue_notes")
    tenant.clock.now += HOUR
    before = len(tenant.vendor.served)
    project = str(tenant.vendor.key("group_projects", tenant.vendor.records("group_projects", _first(tenant))[0]))
    issue = tenant.vendor.change("project_issues", 1, (project,), title="New")
    tenant.clock.now += timedelta(minutes=2)
    for table in ("groups", "group_projects", "project_issues", "issue_notes"):
        tenant.pull(table)
    paths = {one.path for one in tenant.vendor.served[before:] if one.table == "issue_notes"}
    assert f"/api/v4/projects/{project}/issues/{issue['iid']}/notes" in paths and len(paths) < 4


def _first(tenant: Tenant) -> tuple[str]:
    return (str(tenant.vendor.records("groups")[0]["id"]),)


def test_a_projects_token_and_the_password_of_its_import_never_land(tenant: Tenant) -> None:
    secrets = {"runners_token": "GR-hush", "import_url": "https://user:hush@x.example/a.git"}
    for at in range(2):
        tenant.vendor.change("groups", at, runners_token="GR-hush", projects=[secrets])
    for at in range(7):
        tenant.vendor.change("projects", at, **secrets)
    for table in ("groups", "projects"):
        tenant.pull(table)
        rows = tenant.rows(table)
        assert rows and not any("hush" in row["payload"] for row in rows), table
    of_groups, of_deployments = (SERVICE.endpoint(name).secret_fields for name in ("group_projects", "deployments"))
    assert of_groups == of_deployments == ("**.runners_token", "**.import_url")


def test_audit_events_are_asked_for_by_keyset_in_windows_of_thirty_days(tenant: Tenant) -> None:
    tenant.pull("groups")
    tenant.pull("audit_events")
    check(tenant, "audit_events")
    form = "%Y-%m-%dT%H:%M:%S.000Z"
    for asked in tenant.asked("audit_events"):
        begin, end = (datetime.strptime(asked[name], form) for name in ("created_after", "created_before"))  # noqa: DTZ007
        assert end - begin <= timedelta(days=30) and asked["pagination"] == "keyset"


def test_seats_are_asked_for_at_the_top_alone(tenant: Tenant) -> None:
    tenant.pull("groups")
    tenant.pull("billable_members")
    check(tenant, "billable_members")
    assert len({one.path for one in tenant.vendor.served if one.table == "billable_members"}) == 1


@pytest.mark.parametrize("status", [404, 410])
def test_epics_that_a_server_does_not_have_any_more_are_no_failure(tenant: Tenant, status: int) -> None:
    tenant.pull("groups")
    tenant.vendor.fail("status", status, table="epics", times=None)
    assert tenant.pull("epics").rows == 0


def test_a_plan_without_a_list_is_told_and_a_plain_429_is_waited_out(tenant: Tenant) -> None:
    tenant.pull("groups")
    tenant.vendor.fail("status", 403, table="epics", times=None)
    with pytest.raises(TableFailed, match="right"):
        tenant.pull("epics")
    assert classify(Response(429, {}, b"Retry later\n", "https://x.example/"), SERVICE.errors).means == "limit"
