"""What is special about Freshservice: windows and workspaces that hide rows, and lists under tickets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from avesa.integrations.freshservice import SERVICE
from strict_tenant import Tenant, check, strict_tenant

HOUR = timedelta(hours=1)
WORKSPACES = ("tickets", "assets", "problems", "changes", "releases", "contracts", "software", "agent_groups")
FIRST = {"updated_since": "1970-01-01T00:00:00Z", "workspace_id": "0", "per_page": "3"}


@pytest.fixture
def tenant(tmp_path: Path) -> Iterator[Tenant]:
    with strict_tenant(tmp_path, "freshservice") as tenant:
        yield tenant


@pytest.mark.parametrize("table", ["tickets", "changes", "releases"])
def test_all_rows_are_asked_for_and_not_those_of_the_last_month(tenant: Tenant, table: str) -> None:
    tenant.pull(table)
    more = {"include": "stats,tags"} if table == "tickets" else {}
    assert tenant.asked(table)[0] == {**FIRST, **more}
    tenant.clock.now += HOUR
    tenant.vendor.change(table, 2)
    tenant.pull(table)
    [since] = {query["updated_since"] for query in tenant.asked(table)[3:]}
    assert since == "2026-02-27T12:44:00Z"
    check(tenant, table)


@pytest.mark.parametrize("table", WORKSPACES)
def test_every_workspace_is_read(tenant: Tenant, table: str) -> None:
    tenant.pull(table)
    assert {query["workspace_id"] for query in tenant.asked(table)} == {"0"}


def test_a_tenant_may_name_its_workspaces(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "freshservice", settings={"workspace_id": "2,5"}) as tenant:
        tenant.pull("changes")
        assert {query["workspace_id"] for query in tenant.asked("changes")} == {"2,5"}


@pytest.mark.parametrize("spam", [False, True])
def test_tickets_in_the_trash_and_spam_are_gone_with_the_next_pull(tenant: Tenant, spam: bool) -> None:
    tenant.pull("tickets")
    tenant.clock.now += HOUR
    gone = tenant.vendor.change("tickets", 2, spam=True) if spam else tenant.vendor.delete("tickets", 2)
    assert tenant.pull("tickets").kind == "changes"
    assert [query.get("filter") for query in tenant.asked("tickets")[-2:]] == ["deleted", "spam"]
    newest = {row["record_id"]: row["is_deleted"] for row in tenant.rows("tickets")}
    assert [record_id for record_id, is_deleted in newest.items() if is_deleted] == [str(gone["id"])]


def test_what_hangs_on_a_ticket_knows_it_by_its_parent(tenant: Tenant) -> None:
    tenant.pull("tickets")
    for table in ("time_entries", "ticket_tasks"):
        tenant.pull(table)
        rows = tenant.rows(table)
        tickets = {str(ticket["id"]) for ticket in tenant.vendor.records("tickets")}
        assert {row["parent_id"] for row in rows} == tickets
        assert not any("ticket_id" in row["record"] for row in rows)


def test_an_asset_in_the_trash_is_gone(tenant: Tenant) -> None:
    tenant.pull("assets")
    tenant.clock.now += 2 * HOUR
    gone = tenant.vendor.delete("assets", 1)
    tenant.pull("assets")
    assert tenant.receipt("assets").complete
    later = [row["record_id"] for row in tenant.rows("assets")][7:]
    assert str(gone["id"]) not in later and len(later) == 6


def test_archived_projects_are_asked_for_too(tenant: Tenant) -> None:
    tenant.pull("projects")
    assert {query.get("archived") for query in tenant.asked("projects")} == {None, "true"}
    check(tenant, "projects")


def test_the_key_of_a_licence_never_lands(tenant: Tenant) -> None:
    for at in range(7):
        tenant.vendor.change("contracts", at, license_key="AAAA-s3cr3t")
    tenant.pull("contracts")
    landed = [row["payload"] for row in tenant.rows("contracts")]
    assert len(landed) == 7 and not any("s3cr3t" in payload for payload in landed)


def test_each_large_list_has_a_limit_of_its_own() -> None:
    large = {endpoint.name for endpoint in SERVICE.endpoints if endpoint.limit_groups == ("large",)}
    assert large == {"tickets", "assets", "agents", "requesters"}
    assert [rate.each for rate in SERVICE.limits.rates if rate.group == "large"] == [True]
