"""What is special about GitLab: pages by the Link header, lists that show one's own alone, notes under two numbers."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from avesa.connector.auth import HeaderKey
from avesa.connector.connection import connection
from avesa.connector.oauth2 import RefreshToken
from avesa.integrations.gitlab import SERVICE
from avesa.shared.errors import Where
from strict_tenant import check, strict_tenant


def test_a_token_or_oauth_lets_in(tmp_path: Path) -> None:
    assert isinstance(connection(SERVICE, {}, {"access_token": "t"}, where=Where("acme", "gitlab")).auth, HeaderKey)
    oauth = {"client_id": "i", "client_secret": "s", "refresh_token": "r"}
    assert isinstance(connection(SERVICE, {}, oauth, where=Where("acme", "gitlab")).auth, RefreshToken)
    with strict_tenant(tmp_path, "gitlab", page=0) as tenant:
        given = {"client_id": "gl-client", "client_secret": "gl-secret", "refresh_token": "gl-refresh"}
        tenant.ports.secrets.put("acme", "gitlab", given)
        assert tenant.pull("groups").status == "ok"


def test_the_next_page_is_the_one_that_the_link_names(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "gitlab") as tenant:
        tenant.pull("groups")
        assert [one.get("page") for one in tenant.asked("groups")] == [None, "2", "3"]
        assert {one["pagination"] for one in tenant.asked("groups")} == {"keyset"}
        check(tenant, "groups")


def test_issues_and_merge_requests_of_all_people_are_asked_for(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "gitlab", page=0) as tenant:
        tenant.ingest()
        for table in ("issues", "group_issues", "project_issues", "merge_requests", "group_merge_requests"):
            assert {(one["scope"], one["state"]) for one in tenant.asked(table)} == {("all", "all")}, table


def test_an_issue_that_changed_is_asked_for_under_a_group_that_did_not(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "gitlab", page=0) as tenant:
        for table in ("groups", "group_issues"):
            tenant.pull(table)
        tenant.clock.now += timedelta(hours=1)
        tenant.vendor.rows.of(tenant.vendor.contract.tables["issues"])
        before = len(tenant.asked("group_issues"))
        tenant.pull("groups")
        assert tenant.pull("group_issues").kind == "changes"
        asked = tenant.asked("group_issues")[before:]
        assert len(asked) == 7 and all("updated_after" in one for one in asked)


def test_notes_are_asked_for_by_the_project_and_the_issues_number_in_it(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "gitlab", page=0) as tenant:
        for table in ("groups", "group_projects", "project_issues", "issue_notes"):
            assert tenant.pull(table).status == "ok"
        issue = tenant.rows("project_issues")[0]
        path = f"/api/v4/projects/{issue['parent_id']}/issues/{issue['record']['iid']}/notes"
        assert path in {served.path for served in tenant.vendor.served if served.table == "issue_notes"}
        check(tenant, "issue_notes")


def test_audit_events_are_asked_for_a_month_at_a_time_and_never_deleted(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "gitlab", page=0) as tenant:
        for table in ("groups", "audit_events"):
            tenant.pull(table)
        for one in tenant.asked("audit_events"):
            begin, end = (datetime.fromisoformat(one[name]) for name in ("created_after", "created_before"))
            assert timedelta(0) < end - begin <= timedelta(days=30)
        tenant.clock.now += timedelta(days=2)
        tenant.pull("audit_events")
        assert not any(row["is_deleted"] for row in tenant.rows("audit_events"))


def test_the_token_of_a_runner_never_lands(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "gitlab", page=0) as tenant:
        for table in ("groups", "projects"):
            tenant.vendor.rows.of(tenant.vendor.contract.tables[table])
            tenant.vendor.change(table, 0, runners_token="GR-hush", import_url="https://ada:hush@example.com")
            tenant.pull(table)
            assert "hush" not in "".join(row["payload"] for row in tenant.rows(table)), table
