"""What is special about ClickUp: closed and archived things that hide, other people's time, comments by time and id."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from avesa.connector.auth import Bearer, HeaderKey, OneOf
from avesa.connector.page import Page
from avesa.connector.reading import reading_of
from avesa.connector.records import read_page
from avesa.connector.request import Request, Response
from avesa.connector.retry import classify
from avesa.integrations.clickup import SERVICE, TASKS
from avesa.shared.errors import TableFailed
from strict_tenant import Tenant, check, strict_tenant

HOUR = timedelta(hours=1)
URL = "https://x.example"
ONE = ("1",)
"""The only workspace."""


@pytest.fixture
def tenant(tmp_path: Path) -> Iterator[Tenant]:
    with strict_tenant(tmp_path, "clickup", counts={"workspaces": 1}, page=0) as tenant:
        yield tenant


def pull(tenant: Tenant, *tables: str) -> None:
    for table in tables:
        tenant.pull(table)


@pytest.mark.parametrize(("given", "kind"), [({"api_token": "pk_1"}, HeaderKey), ({"access_token": "t"}, Bearer)])
def test_a_personal_token_stands_alone_and_one_by_oauth_behind_a_word(given: dict[str, str], kind: type) -> None:
    assert isinstance(SERVICE.auth, OneOf) and isinstance(SERVICE.auth.chosen(given), kind)


def test_an_account_is_connected_by_oauth_alone(tenant: Tenant) -> None:
    tenant.ports.secrets.put("acme", "clickup", {"access_token": "cu-oauth-token"})
    assert tenant.pull("workspaces").status == "ok"


@pytest.mark.parametrize(
    ("code", "means"),
    [("OAUTH_017", "service"), ("OAUTH_025", "service"), ("OAUTH_023", "table"), ("OAUTH_027", "table")],
)
def test_a_workspace_that_was_not_allowed_is_no_refusal_of_the_token(code: str, means: str) -> None:
    body = json.dumps({"err": "Team not authorized", "ECODE": code}).encode()
    assert classify(Response(401, {}, body, URL), SERVICE.errors).means == means


def test_a_limit_is_told_by_its_code_too() -> None:
    body = json.dumps({"err": "Rate limit reached", "ECODE": "APP_002"}).encode()
    assert classify(Response(400, {}, body, URL), SERVICE.errors).means == "limit"


def test_closed_tasks_and_subtasks_are_listed_in_hundreds_in_the_order_of_their_making(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "clickup", counts={"workspaces": 1, "tasks": 230}, page=0) as tenant:
        pull(tenant, "workspaces", "tasks")
        check(tenant, "tasks")
        asked = tenant.asked("tasks")
    assert [one["page"] for one in asked] == ["0", "1", "2"]
    for one in asked:
        assert (one["include_closed"], one["subtasks"], one["order_by"]) == ("true", "true", "created")
        assert "limit" not in one


@pytest.mark.parametrize(
    ("told", "records", "following"),
    [
        ({}, 100, "1"),
        ({}, 99, None),
        ({}, 0, None),
        ({"last_page": True}, 100, None),
        ({"last_page": False}, 100, "1"),
        ({"last_page": False}, 60, "1"),
    ],
)
def test_tasks_end_where_it_is_said_or_else_with_a_page_that_is_not_full(
    told: dict[str, bool], records: int, following: str | None
) -> None:
    page = Page(Response(200, {}, json.dumps({"tasks": [], **told}).encode(), URL), records)
    after = TASKS.next(TASKS.first(Request("GET", URL)), page)
    assert (after and after.param("page")) == following


def test_a_task_that_changed_in_the_millisecond_of_the_newest_one_is_not_missed(tenant: Tenant) -> None:
    pull(tenant, "workspaces", "tasks")
    tenant.clock.now += HOUR
    tenant.vendor.change("tasks", 0, ONE, name="First")
    changed_at = tenant.clock.now
    tenant.clock.now += HOUR
    pull(tenant, "tasks")
    later, tenant.clock.now = tenant.clock.now, changed_at
    tenant.vendor.change("tasks", 1, ONE, name="Second")
    tenant.clock.now = later + HOUR
    pull(tenant, "tasks")
    check(tenant, "tasks")
    since = int(tenant.asked("tasks")[-1]["date_updated_gt"])
    assert since < int(changed_at.timestamp() * 1000)
    assert len(tenant.rows("tasks")) == 4, "what came before is not landed again"


def test_what_is_archived_is_asked_for_too(tmp_path: Path) -> None:
    counts = {"workspaces": 1, "spaces": 4, "folders": 4, "folder_lists": 4, "space_lists": 4, "list_tasks": 4}
    with strict_tenant(tmp_path, "clickup", counts=counts, page=0) as tenant:
        pull(tenant, "workspaces", "spaces", "folders", "folder_lists", "space_lists", "list_tasks")
        for table in ("spaces", "folders", "folder_lists", "space_lists", "list_tasks"):
            check(tenant, table)
            assert {row["record"]["archived"] for row in tenant.rows(table)} == {True, False}, table
            assert not any(row["is_deleted"] for row in tenant.rows(table)), "archived is not gone"


def test_everybodys_time_is_asked_for_and_all_that_ever_was(tenant: Tenant) -> None:
    pull(tenant, "workspaces", "time_entries")
    check(tenant, "time_entries")
    assert {row["record"]["user"]["id"] for row in tenant.rows("time_entries")} == {183, 184}
    (asked,) = tenant.asked("time_entries")
    assert asked["assignee"] == "183,184"
    begin, end = (datetime.fromtimestamp(int(asked[name]) / 1000, UTC) for name in ("start_date", "end_date"))
    assert (begin.year, end.year) == (2000, 2100)


def test_a_person_who_joins_is_asked_for_without_anybody_saying_so(tenant: Tenant) -> None:
    pull(tenant, "workspaces", "time_entries")
    tenant.clock.now += HOUR
    people = [{"user": {"id": id_}} for id_ in (183, 184, 185)]
    tenant.vendor.change("workspaces", 0, members=people)
    tenant.vendor.change("time_entries", 0, ONE, user__id=185)
    tenant.clock.now += HOUR
    pull(tenant, "workspaces", "time_entries")
    assert tenant.asked("time_entries")[-1]["assignee"] == "183,184,185"
    check(tenant, "time_entries")


def test_time_that_is_corrected_within_two_months_is_read_again(tenant: Tenant) -> None:
    pull(tenant, "workspaces", "time_entries")
    tenant.clock.now += HOUR
    tenant.vendor.change("time_entries", 0, ONE, description="Corrected")
    tenant.clock.now += HOUR
    pull(tenant, "time_entries")
    check(tenant, "time_entries")
    asked = tenant.asked("time_entries")[-1]
    begin = datetime.fromtimestamp(int(asked["start_date"]) / 1000, UTC)
    assert timedelta(days=59) < tenant.clock.now - begin < timedelta(days=64)
    assert asked["end_date"] == "4102444800000"


def test_comments_go_on_behind_the_time_and_the_id_of_the_last(tmp_path: Path) -> None:
    counts = {"workspaces": 1, "tasks": 1, "task_comments": 60}
    with strict_tenant(tmp_path, "clickup", counts=counts, page=0) as tenant:
        pull(tenant, "workspaces", "tasks", "task_comments")
        check(tenant, "task_comments")
        first, *later = tenant.asked("task_comments")
        assert "start" not in first and len(later) == 2
        dates = {row["record"]["id"]: row["record"]["date"] for row in tenant.rows("task_comments")}
        assert all(dates[one["start_id"]] == one["start"] for one in later)

        tenant.clock.now += HOUR
        (task,) = (str(record["id"]) for record in tenant.vendor.records("tasks", ONE))
        tenant.vendor.add("task_comments", (task,))
        tenant.clock.now += HOUR
        before = len(tenant.asked("task_comments"))
        pull(tenant, "tasks", "task_comments")
        assert len(tenant.asked("task_comments")) == before, "nothing is asked under a task that did not change"
        tenant.vendor.change("tasks", 0, ONE)
        tenant.clock.now += HOUR
        pull(tenant, "tasks", "task_comments")
        check(tenant, "task_comments")
        assert len(tenant.asked("task_comments")) == before + 2, "until a page lies wholly before what is known"


def test_tokens_of_public_tasks_and_of_the_editor_of_goals_never_land(tenant: Tenant) -> None:
    pull(tenant, "workspaces", "spaces", "folders", "folder_lists")
    (list_id, *_) = (row["record_id"] for row in tenant.rows("folder_lists"))
    shared = {"public": True, "token": "hush-share"}
    for table, place, fields in (
        ("tasks", ONE, {"sharing": shared}),
        ("list_tasks", (list_id,), {"sharing": shared}),
        ("goals", ONE, {"editor_token": "goal:hush"}),
    ):
        tenant.vendor.change(table, 0, place, **fields)
        pull(tenant, table)
        check(tenant, table)
        payloads = [row["payload"] for row in tenant.rows(table)]
        assert any('"***"' in payload for payload in payloads) and not any("hush" in one for one in payloads), table


def test_goals_in_folders_are_goals_too() -> None:
    folder = {"id": "f1", "goals": [{"id": "g2", "editor_token": "hush"}]}
    body = {"goals": [{"id": "g1"}], "folders": [folder, {"id": "f2"}, {"id": "f3", "goals": None}]}
    found = read_goals(body)
    assert [one for one, _ in found] == ["g1", "g2"] and "hush" not in str(found)
    assert [one for one, _ in read_goals({"goals": [{"id": "g1"}]})] == ["g1"]
    with pytest.raises(TableFailed):
        read_goals({"folders": [folder]})


def read_goals(body: object) -> list[tuple[str | None, str]]:
    records = read_page(
        json.dumps(body).encode(), reading_of(SERVICE, SERVICE.endpoint("goals")), page=1, parent_id="1"
    )
    return [(record.record_id, record.payload) for record in records]


def test_seats_are_those_of_members_and_of_guests(tenant: Tenant) -> None:
    body = {"members": {"filled_members_seats": 9}, "guests": {"filled_guest_seats": 2}}
    reading = reading_of(SERVICE, SERVICE.endpoint("seats"))
    (record,) = read_page(json.dumps(body).encode(), reading, page=1, parent_id="1")
    assert (record.record_id, json.loads(record.payload)) == ("1", body)
    pull(tenant, "workspaces", "seats")
    check(tenant, "seats")


@pytest.mark.parametrize("table", ["list_members", "list_custom_fields", "custom_task_types", "space_tags"])
def test_what_is_with_many_is_a_row_with_each_of_them(table: str) -> None:
    endpoint = SERVICE.endpoint(table)
    key, records = endpoint.key[0], endpoint.records
    assert isinstance(records, str)
    body = json.dumps({records: [{key: "7"}]}).encode()
    ids = {read_page(body, reading_of(SERVICE, endpoint), page=1, parent_id=parent)[0].record_id for parent in "12"}
    assert ids == {'["1","7"]', '["2","7"]'}
