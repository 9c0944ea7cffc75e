"""What is special about Pipedrive: two versions at once, what is deleted or archived, lists without filters."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from avesa.connector.auth import HeaderKey, OneOf
from avesa.connector.oauth2 import RefreshToken
from avesa.integrations.pipedrive import SERVICE
from avesa.sandbox.vendor.messages import Answer, Asked
from strict_tenant import Tenant, check, strict_tenant

HOUR = timedelta(hours=1)
ONLY_IN_V1 = {"leads", "notes", "users", "lead_labels", "activity_types"}


@pytest.fixture
def tenant(tmp_path: Path) -> Iterator[Tenant]:
    with strict_tenant(tmp_path, "pipedrive") as tenant:
        yield tenant


def test_what_has_a_list_in_the_second_version_is_never_asked_for_in_the_first() -> None:
    assert {endpoint.name for endpoint in SERVICE.endpoints if endpoint.path.startswith("/api/v1/")} == ONLY_IN_V1
    assert {(endpoint.path[:7], endpoint.cost) for endpoint in SERVICE.endpoints} == {("/api/v1", 20), ("/api/v2", 10)}


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"api_token": "t"}, HeaderKey),
        ({"client_id": "i", "client_secret": "s", "refresh_token": "r"}, RefreshToken),
    ],
)
def test_a_company_is_connected_by_a_users_token_or_by_oauth(given: dict[str, str], kind: type) -> None:
    assert isinstance(SERVICE.auth, OneOf)
    chosen = SERVICE.auth.chosen(given)
    assert isinstance(chosen, kind)
    if isinstance(chosen, RefreshToken):
        assert (chosen.answer.host, chosen.answer.hosts) == ("api_domain", (".pipedrive.com",))


def test_deleted_deals_come_under_a_status_of_their_own(tenant: Tenant) -> None:
    tenant.pull("deals")
    tenant.clock.now += HOUR
    gone = tenant.vendor.delete("deals", 2)
    assert tenant.pull("deals").kind == "changes"
    changes, deletions = tenant.asked("deals")[-2:]
    assert "status" not in changes and changes["sort_by"] == "update_time"
    assert (deletions["status"], deletions["updated_since"]) == ("deleted", changes["updated_since"])
    assert tenant.newest("deals")[None, str(gone["id"])] is None


def test_archived_deals_have_a_list_of_their_own(tenant: Tenant) -> None:
    tenant.pull("deals_archived")
    assert tenant.vendor.served[-1].path == "/api/v2/deals/archived"
    tenant.clock.now += HOUR
    tenant.vendor.change("deals_archived", 2)
    assert tenant.pull("deals_archived").kind == "changes"
    check(tenant, "deals_archived")


@pytest.mark.parametrize("table", ["products", "pipelines", "stages"])
def test_lists_without_a_filter_are_read_from_the_newest_on_and_then_no_further(tenant: Tenant, table: str) -> None:
    tenant.pull(table)
    assert {query["sort_by"] for query in tenant.asked(table)} == {"id"}
    tenant.clock.now += HOUR
    tenant.vendor.change(table, 1)
    gone = tenant.vendor.delete(table, 2)
    before = len(tenant.asked(table))
    assert tenant.pull(table).kind == "changes"
    later = tenant.asked(table)[before:]
    # The two that changed and the newest of before; then a page that is old.
    assert len(later) == 2
    assert {(query["sort_by"], query["sort_direction"]) for query in later} == {("update_time", "desc")}
    assert tenant.newest(table)[None, str(gone["id"])] is None


@pytest.mark.parametrize("table", ["leads", "notes"])
def test_the_first_version_counts_rows_and_orders_them_as_they_were_added(tenant: Tenant, table: str) -> None:
    tenant.pull(table)
    assert [query["start"] for query in tenant.asked(table)] == ["0", "3", "6"]
    assert {query["sort"] for query in tenant.asked(table)} == {"add_time ASC"}
    tenant.clock.now += HOUR
    tenant.vendor.change(table, 1)
    tenant.pull(table)
    # The filter takes another form than the records of notes have.
    assert tenant.asked(table)[-1]["updated_since"] == "2026-02-27T12:48:00Z"
    check(tenant, table)


def test_an_empty_list_is_null(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "pipedrive", counts={"stages": 0}) as tenant:
        answer = tenant.vendor.answer

        def nothing(asked: Asked) -> Answer:
            found = answer(asked)
            found.raw = b'{"success":true,"data":null}'
            return found

        tenant.vendor.answer = nothing  # type: ignore[method-assign]
        assert tenant.pull("stages").status == "ok"
        assert tenant.receipt("stages").complete and tenant.rows("stages") == []


def test_users_who_are_gone_are_told_apart_from_those_who_may_not_log_in(tenant: Tenant) -> None:
    idle = tenant.vendor.change("users", 1, active_flag=False)
    gone = tenant.vendor.delete("users", 2)
    tenant.pull("users")
    deleted = {row["record_id"]: row["is_deleted"] for row in tenant.rows("users")}
    assert deleted[str(gone["id"])] and not deleted[str(idle["id"])]
