"""What is special about Asana: fields that have to be named, pages that expire, searches without pages, and a feed of
events for each project.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from avesa.connector.auth import Bearer, OneOf
from avesa.connector.oauth2 import RefreshToken
from avesa.connector.reading import reading_of
from avesa.connector.records import read_page
from avesa.connector.request import Request
from avesa.integrations.asana import SERVICE, changed_later
from avesa.sandbox.vendor.contract import Contract
from avesa.shared.errors import TableFailed
from strict_tenant import Tenant, check, strict_tenant
from tiny_vendor import receipts

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
FIRST, SECOND = ("work00001",), ("work00002",)
"""Two workspaces, of which the second one is an organization."""


@pytest.fixture
def tenant(tmp_path: Path) -> Iterator[Tenant]:
    with strict_tenant(tmp_path, "asana", counts={"workspaces": 2}) as tenant:
        yield tenant


def pull(tenant: Tenant, *tables: str) -> None:
    for table in tables:
        tenant.pull(table)


def place_of_project(tenant: Tenant) -> tuple[str]:
    return (str(tenant.vendor.records("projects", FIRST)[0]["gid"]),)


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"access_token": "t"}, Bearer),
        ({"client_id": "i", "client_secret": "s", "refresh_token": "r"}, RefreshToken),
    ],
)
def test_an_account_is_connected_by_a_token_or_by_oauth(given: dict[str, str], kind: type) -> None:
    assert isinstance(SERVICE.auth, OneOf) and isinstance(SERVICE.auth.chosen(given), kind)


def test_a_refresh_token_stays_good(tenant: Tenant) -> None:
    oauth = {"client_id": "asana-client", "client_secret": "asana-secret", "refresh_token": "asana-refresh"}
    tenant.ports.secrets.put("acme", "asana", oauth)
    for _ in range(2):
        tenant.clock.now += 2 * HOUR
        assert tenant.pull("workspaces").status == "ok"


LEFT_OUT = {"hearted", "hearts", "num_hearts", "liked", "likes", "custom_field_settings"}
OF_TABLE = {
    "custom_fields": {  # what one has on a record, and not by itself
        *("date_value", "display_value", "enum_value", "multi_enum_values", "number_value", "text_value"),
        *("people_value", "reference_value"),
    },
    "projects": {"due_date"},  # an older name of due_on
    "sections": {"projects"},  # an older name of project
    "stories": {"is_editable"},
    "tasks": {"assignee_status"},
    "tasks_search": {"assignee_status"},
    "workspace_memberships": {"user_task_list"},
}


@pytest.mark.parametrize("table", [e.name for e in SERVICE.endpoints if dict(e.params).get("opt_fields")])
def test_every_field_of_a_record_is_named_and_no_other(table: str) -> None:
    contract = Contract("asana")
    record = contract.resolve(contract.tables[table].record)
    named = dict(SERVICE.endpoint(table).params)["opt_fields"].split(",")
    assert len(set(named)) == len(named)
    assert [name for name in named if contract.field(record, name) is None] == []
    known = {name.partition(".")[0] for name in named} | {"gid"} | LEFT_OUT | OF_TABLE.get(table, set())
    assert [name for name in record if name not in known and "html" not in name] == []


def test_an_object_in_a_record_is_more_than_its_id_where_that_is_asked_for(tenant: Tenant) -> None:
    pull(tenant, "workspaces", "projects", "tasks")
    project = place_of_project(tenant)
    tenant.vendor.change("tasks", 0, project, assignee={"gid": "7", "name": "Ada Doe", "resource_type": "user"})
    tenant.clock.now += HOUR
    pull(tenant, "tasks")
    (assignee,) = (row["record"]["assignee"] for row in tenant.rows("tasks")[-1:])
    assert assignee == {"gid": "7", "name": "Ada Doe"}


def test_a_list_whose_token_expired_is_read_from_its_beginning(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "asana", counts={"workspaces": 10}) as tenant:
        seen: list[int] = []
        tenant.pull("workspaces", progress=lambda *page: seen.append(page[1]), stop=lambda: len(seen) == 2)
        tenant.vendor.expire_cursors()
        assert tenant.pull("workspaces").status == "ok"
        check(tenant, "workspaces")
        told = receipts(tenant.ports, "workspaces", service="asana")
        assert sorted((one.complete, one.rows) for one in told) == [(False, 6), (True, 10)]


def test_pages_hold_a_hundred_and_their_token_is_taken_as_it_is(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "asana", counts={"workspaces": 1, "tags": 230}, page=0) as tenant:
        pull(tenant, "workspaces", "tags")
        check(tenant, "tags")
        first, *later = tenant.asked("tags")
        assert {one["limit"] for one in (first, *later)} == {"100"}
        assert "offset" not in first and [one["offset"].isdigit() for one in later] == [False, False]


def test_all_projects_are_asked_for_tasks_that_changed(tenant: Tenant) -> None:
    pull(tenant, "workspaces", "projects", "tasks")
    check(tenant, "tasks")
    assert all("modified_since" not in asked for asked in tenant.asked("tasks"))
    project = place_of_project(tenant)
    tenant.clock.now += HOUR
    tenant.vendor.change("tasks", 0, project, name="New")
    tenant.clock.now += HOUR
    before = len(tenant.asked("tasks"))
    pull(tenant, "projects", "tasks")
    asked = tenant.asked("tasks")[before:]
    assert len(asked) == len(tenant.true("projects")), "a project does not show that one of its tasks changed"
    assert all(one["modified_since"].endswith(".000Z") for one in asked)
    check(tenant, "tasks")


def test_a_task_in_several_projects_is_one_task() -> None:
    reading = reading_of(SERVICE, SERVICE.endpoint("tasks"))
    body = b'{"data":[{"gid":"7","modified_at":"2026-02-28T10:00:00.000Z"}],"next_page":null}'
    assert {read_page(body, reading, page=1, parent_id=parent)[0].record_id for parent in ("a", "b")} == {"7"}


def test_a_search_goes_on_from_the_time_of_the_last_task(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "asana", counts={"workspaces": 1, "tasks_search": 230}, page=0) as tenant:
        pull(tenant, "workspaces", "tasks_search")
        check(tenant, "tasks_search")
        asked = tenant.asked("tasks_search")
        # 100, 99 and 31 others; so many rows may be all that is shown at once, so it is asked once more.
        assert len(asked) == 4 and all("offset" not in one for one in asked)
        assert {(one["sort_by"], one["sort_ascending"], one["limit"]) for one in asked} == {
            ("modified_at", "true", "100")
        }
        tenant.clock.now += HOUR
        tenant.vendor.change("tasks_search", 3, FIRST, name="New")
        tenant.clock.now += HOUR
        pull(tenant, "tasks_search")
        check(tenant, "tasks_search")
        assert len(tenant.asked("tasks_search")) == 5


def test_more_tasks_of_one_instant_than_are_found_at_once_are_told_of(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "asana", counts={"workspaces": 1, "tasks_search": 120}, page=0) as tenant:
        pull(tenant, "workspaces")
        tenant.clock.now += HOUR
        for at in range(120):
            tenant.vendor.change("tasks_search", at, FIRST)
        tenant.clock.now += HOUR
        with pytest.raises(TableFailed, match="share one instant"):
            pull(tenant, "tasks_search")


def test_a_search_asks_from_the_millisecond_before() -> None:
    request = Request("GET", "https://x.example", (("modified_at.after", "1970-01-01T00:00:00.000Z"),))
    after = changed_later(request, ("2026-03-01T00:00:00.000Z",)).param("modified_at.after")
    assert after == "2026-02-28T23:59:59.999Z"
    for odd in ("yesterday", None, 7):
        with pytest.raises(TableFailed, match="no readable time"):
            changed_later(request, (odd,))


@pytest.mark.parametrize("status", [402, 403])
def test_what_one_workspace_does_not_have_keeps_nothing_from_the_others(tenant: Tenant, status: int) -> None:
    pull(tenant, "workspaces")
    tenant.vendor.fail("status", status, table="tasks_search")
    assert tenant.pull("tasks_search").status == "ok"
    assert len({row["parent_id"] for row in tenant.rows("tasks_search")}) == 1


def test_a_plan_that_no_longer_has_searches_deletes_no_task(tenant: Tenant) -> None:
    pull(tenant, "workspaces", "tasks_search")
    tenant.clock.now += 2 * DAY
    tenant.vendor.fail("status", 402, table="tasks_search", times=None)
    with pytest.raises(TableFailed):
        pull(tenant, "tasks_search")
    assert not tenant.receipt("tasks_search").complete


def test_only_organizations_are_asked_for_teams_and_their_log(tenant: Tenant) -> None:
    pull(tenant, "workspaces", "teams", "audit_log_events")
    for table in ("teams", "audit_log_events"):
        check(tenant, table)
        paths = {served.path for served in tenant.vendor.served if served.table == table}
        assert len(paths) == 1, table


def test_what_was_sent_to_sign_in_never_lands(tenant: Tenant) -> None:
    pull(tenant, "workspaces")
    tenant.vendor.change("audit_log_events", 0, SECOND, details={"saml_response": "hush", "group": {}})
    pull(tenant, "audit_log_events")
    check(tenant, "audit_log_events")
    payloads = [row["payload"] for row in tenant.rows("audit_log_events")]
    assert any('"***"' in one for one in payloads) and not any("hush" in one for one in payloads)


def test_the_log_names_a_next_page_always_and_ends_with_an_empty_one(tmp_path: Path) -> None:
    counts = {"workspaces": 1, "audit_log_events": 5}
    with strict_tenant(tmp_path, "asana", counts=counts) as tenant:
        tenant.vendor.change("workspaces", 0, is_organization=True)
        pull(tenant, "workspaces", "audit_log_events")
        check(tenant, "audit_log_events")
        first, *later = tenant.asked("audit_log_events")
        assert len(later) == 2 and all("offset" in one for one in later)
        begin = datetime.fromisoformat(first["start_at"])
        assert timedelta(days=89) < tenant.clock.now - begin <= timedelta(days=90, hours=1)
        assert tenant.receipt("audit_log_events").kind == "changes", "the old ones are no deletions"


@pytest.mark.parametrize(("settings", "owner"), [({}, "me"), ({"portfolio_owner": ""}, None)])
def test_everybodys_portfolios_are_asked_for_where_the_account_may(
    tmp_path: Path, settings: dict[str, str], owner: str | None
) -> None:
    with strict_tenant(tmp_path, "asana", settings=settings, counts={"workspaces": 1}) as tenant:
        pull(tenant, "workspaces", "portfolios")
        check(tenant, "portfolios")
        assert [one.get("owner") for one in tenant.asked("portfolios")] == [owner]


def test_time_of_the_last_two_months_is_read_again(tenant: Tenant) -> None:
    pull(tenant, "workspaces", "time_tracking_entries")
    check(tenant, "time_tracking_entries")
    tenant.clock.now += HOUR
    today = f"{tenant.clock.now:%Y-%m-%d}"
    tenant.vendor.change("time_tracking_entries", 0, FIRST, entered_on=today, description="Corrected")
    tenant.clock.now += HOUR
    pull(tenant, "time_tracking_entries")
    check(tenant, "time_tracking_entries")
    begin = datetime.fromisoformat(tenant.asked("time_tracking_entries")[-1]["entered_on_start_date"])
    assert timedelta(days=59) < tenant.clock.now - begin.replace(tzinfo=UTC) < timedelta(days=64)


def test_a_member_who_is_not_active_any_more_is_gone(tenant: Tenant) -> None:
    pull(tenant, "workspaces", "workspace_memberships")
    tenant.clock.now += HOUR
    gone = tenant.vendor.delete("workspace_memberships", 0, SECOND)["gid"]
    tenant.clock.now += HOUR
    pull(tenant, "workspace_memberships")
    assert {row["record_id"] for row in tenant.rows("workspace_memberships") if row["is_deleted"]} == {gone}


def test_stories_are_asked_for_under_tasks_that_changed_and_all_of_them_once_a_month(tenant: Tenant) -> None:
    tables = ("workspaces", "projects", "tasks", "stories")
    pull(tenant, *tables)
    check(tenant, "stories")
    everywhere = len(tenant.asked("stories"))
    tenant.clock.now += HOUR
    project = place_of_project(tenant)
    task = (str(tenant.vendor.change("tasks", 0, project)["gid"]),)
    tenant.vendor.add("stories", task)
    tenant.clock.now += HOUR
    pull(tenant, *tables)
    check(tenant, "stories")
    assert len(tenant.asked("stories")) == everywhere + 1
    tenant.clock.now += 29 * DAY
    pull(tenant, *tables)
    assert len(tenant.asked("stories")) == 2 * everywhere + 1


# Events

TO_EVENTS = ("workspaces", "projects", "tasks", "events")


def test_the_first_request_for_events_gives_a_token_and_later_ones_what_happened(tenant: Tenant) -> None:
    pull(tenant, *TO_EVENTS)
    assert tenant.rows("events") == [] and tenant.receipt("events").complete
    project = place_of_project(tenant)
    tenant.clock.now += HOUR
    changed = tenant.vendor.change("tasks", 0, project)["gid"]
    deleted = tenant.vendor.delete("tasks", 1, project)["gid"]
    tenant.clock.now += HOUR
    pull(tenant, *TO_EVENTS)
    happened = {row["record"]["resource"]["gid"]: row["record"]["action"] for row in tenant.rows("events")}
    assert happened == {changed: "changed", deleted: "deleted"}
    assert {row["parent_id"] for row in tenant.rows("events")} == set(project)
    assert all(one["sync"] for one in tenant.asked("events"))
    pull(tenant, "events")
    assert len(tenant.rows("events")) == 2


def test_a_token_that_is_a_day_old_is_replaced_and_nothing_fails(tenant: Tenant) -> None:
    pull(tenant, *TO_EVENTS)
    tenant.vendor.expire_cursors()
    assert tenant.pull("events").status == "ok"
    project = place_of_project(tenant)
    tenant.clock.now += HOUR
    tenant.vendor.change("tasks", 0, project)
    assert tenant.pull("events").rows == 1


def test_two_fields_that_changed_at_one_instant_are_two_events() -> None:
    event = (
        '{"resource":{"gid":"7"},"created_at":"2026-03-01T00:00:00.000Z","action":"changed","change":{"field":"%s"}}'
    )
    body = '{"data":[%s,%s,{"resource":{"gid":"7"},"created_at":"2026-03-01T00:00:00.000Z","action":"deleted"}]}'
    reading = reading_of(SERVICE, SERVICE.endpoint("events"))
    records = read_page((body % (event % "name", event % "notes")).encode(), reading, page=1, parent_id="p")
    assert len({record.record_id for record in records}) == 3
    assert all(record.problem is None for record in records)
