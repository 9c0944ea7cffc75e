"""What is special about NinjaOne: a cursor that names the walk, a log read backwards, tickets of one board alone."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from avesa.connector.paging import CursorExpired, Page
from avesa.connector.reading import reading_of
from avesa.connector.records import read_page
from avesa.connector.request import Request, Response
from avesa.integrations.ninjaone import SERVICE
from avesa.shared.errors import TableFailed
from strict_tenant import check, strict_tenant

LIST = Request("GET", "https://app.ninjarmm.com/v2/list")


def page(body: Any, records: int, **last: Any) -> Page:
    return Page(Response(200, {}, json.dumps(body).encode(), LIST.url), records, last)


def records_of(table: str, rows: list[Any], under: str | None = None) -> list[Any]:
    endpoint = SERVICE.endpoint(table)
    body = json.dumps({endpoint.records: rows} if endpoint.records else rows).encode()
    return read_page(body, reading_of(SERVICE, endpoint), page=1, parent_id=under)


def test_a_report_is_walked_by_one_name_to_its_last_page(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "ninjaone") as tenant:
        tenant.pull("software")
        check(tenant, "software")
        asked = tenant.asked("software")
        assert len(asked) == 3 and "cursor" not in asked[0]
        assert len({one["cursor"] for one in asked[1:]}) == 1


def test_a_page_that_was_lost_on_its_way_is_not_left_out(tmp_path: Path) -> None:
    """The vendor's walk went on with the answer that broke off: asked again, it gives the page behind."""
    with strict_tenant(tmp_path, "ninjaone") as tenant:
        tenant.vendor.fail("truncated", table="software", after=1)
        assert tenant.pull("software").status == "ok"
        check(tenant, "software")
        assert sum("cursor" not in one for one in tenant.asked("software")) == 2


@pytest.mark.parametrize("own", [False, True])
def test_an_offset_is_understood_with_and_without_the_rows_of_its_page(own: bool) -> None:
    paging = SERVICE.paging_of(SERVICE.endpoint("software"), listing=True)
    request: Request | None = paging.first(LIST)
    for before in (0, 1000):
        assert request is not None
        told = {"cursor": {"name": "c", "offset": before + (1000 if own else 0), "count": 2500}}
        request = paging.next(request, page(told, 1000))
    assert request is not None
    with pytest.raises(CursorExpired):
        paging.next(request, page({"cursor": {"name": "c", "offset": 3000 + (500 if own else 0)}}, 500))
    assert paging.next(request, page({"cursor": {"name": "c", "offset": 2000 + (500 if own else 0)}}, 500)) is None


def test_a_report_that_holds_less_than_it_counts_is_not_taken_for_whole(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "ninjaone", page=0) as tenant:
        tenant.vendor.contract.tables["device_health"].rules["paging"]["tells"][2] = {"at": "cursor.x", "what": "total"}
        tenant.vendor.contract.tables["device_health"].rules["envelope"] = {"cursor": {"count": 9}}
        with pytest.raises(TableFailed, match="9 records"):
            tenant.pull("device_health")


def test_a_program_without_a_version_has_a_key_all_the_same() -> None:
    rows = [{"deviceId": 1, "name": "Zoom", "version": None}, {"deviceId": 1, "name": "Zoom", "version": "6.1"}]
    first, second = records_of("software", rows)
    assert (first.problem, second.problem) == (None, None)
    assert json.loads(first.record_id) == ["1", "Zoom", "", ""] != json.loads(second.record_id)
    assert records_of("software", [{"name": "Zoom"}])[0].problem == "no key: deviceId is missing"


def test_a_time_has_its_fraction() -> None:
    [policy] = records_of("policies", [{"id": 1, "updated": 1762274460.40222}])
    assert policy.updated_at == datetime(2025, 11, 4, 16, 41, 0, 402220, tzinfo=UTC)


def test_a_device_out_of_service_is_gone() -> None:
    rows = [{"id": 1, "approvalStatus": "DECOMMISSIONED"}, {"id": 2, "approvalStatus": "PENDING"}]
    assert [record.is_deleted for record in records_of("devices", rows)] == [True, False]


def test_a_list_by_ids_goes_on_until_a_page_is_empty() -> None:
    """Whether the vendor gives as many rows as it is asked for is not published."""
    paging = SERVICE.paging_of(SERVICE.endpoint("devices"), listing=True)
    request = paging.next(paging.first(LIST), page([], 100, id=317))
    assert request is not None and request.param("after") == "317"
    assert paging.next(request, page([], 0)) is None


def test_the_log_is_read_backwards_from_the_newest_entry(tmp_path: Path) -> None:
    paging = SERVICE.paging_of(SERVICE.endpoint("activities"), listing=False)
    request = paging.next(paging.first(LIST), page({}, 1000, id=90_000))
    assert request is not None and (request.param("olderThan"), request.param("pageSize")) == ("90000", "1000")
    with strict_tenant(tmp_path, "ninjaone", page=0) as tenant:
        assert (tenant.pull("activities").kind, len(tenant.rows("activities"))) == ("changes", 7)
        asked = tenant.asked("activities")
        assert [("olderThan" in one) for one in asked] == [False, True]  # until a page is empty
        since = datetime.fromtimestamp(int(asked[0]["after"]), UTC)
        assert since == tenant.clock.now - timedelta(days=90)
        tenant.clock.now += timedelta(hours=1)
        added = tenant.vendor.add("activities")
        tenant.clock.now += timedelta(minutes=1)
        assert tenant.pull("activities").rows == 1
        assert tenant.rows("activities")[-1]["record_id"] == str(added["id"])


def test_only_the_board_with_all_tickets_is_run(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "ninjaone") as tenant:
        tenant.pull("ticket_boards")
        tenant.pull("tickets")
        [board] = [row["record"] for row in tenant.rows("ticket_boards") if row["record"]["name"] == "All tickets"]
        assert {row["parent_id"] for row in tenant.rows("tickets")} == {str(board["id"])}
        assert {one.path for one in tenant.vendor.served if one.table == "tickets"} == {
            f"/v2/ticketing/trigger/board/{board['id']}/run"
        }


def test_tickets_are_sorted_by_what_never_changes_and_counted() -> None:
    endpoint = SERVICE.endpoint("tickets")
    assert endpoint.body is not None and json.loads(endpoint.body.text)["sortBy"][0]["field"] == "createTime"
    paging = SERVICE.paging_of(endpoint, listing=True)
    request = paging.next(
        paging.first(Request("POST", LIST.url, body=endpoint.body.text)), page({"metadata": {"lastCursorId": 50}}, 50)
    )
    assert request is not None and request.value("body", "lastCursorId") == 50
    assert paging.next(request, page({"metadata": {"lastCursorId": 50}}, 0)) is None


def test_entries_are_asked_for_under_tickets_that_changed_alone(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "ninjaone", page=0) as tenant:
        for table in ("ticket_boards", "tickets", "ticket_log_entries"):
            tenant.pull(table)
        before = len(tenant.asked("ticket_log_entries"))
        tenant.clock.now += timedelta(hours=1)
        [(_, place)] = {(row["parent_id"], (row["parent_id"],)) for row in tenant.rows("tickets")}
        tenant.vendor.change("tickets", 1, place)
        for table in ("tickets", "ticket_log_entries"):
            tenant.pull(table)
        assert len(tenant.asked("ticket_log_entries")) - before == 1


def test_the_next_entries_are_behind_the_time_and_the_id_of_the_last() -> None:
    paging = SERVICE.paging_of(SERVICE.endpoint("ticket_log_entries"), listing=True)
    request = paging.next(paging.first(LIST), page([], 500, createTime=1762274460.4, id=99))
    assert request is not None and (request.param("createTime"), request.param("anchorId")) == ("1762274460.4", "99")


def test_what_links_to_other_products_hold_never_lands(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "ninjaone", page=0) as tenant:
        tenant.vendor.rows.of(tenant.vendor.contract.tables["organizations_detailed"])
        tenant.vendor.change("organizations_detailed", 0, settings={"psa": {"options": {"apiKey": "hush-hush"}}})
        tenant.pull("organizations_detailed")
        assert "hush" not in "".join(row["payload"] for row in tenant.rows("organizations_detailed"))


def test_devices_can_be_narrowed_by_the_tenants_own_filter(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "ninjaone", page=0, settings={"device_filter": "org=5"}) as tenant:
        for table in ("devices", "alerts", "software", "activities"):
            tenant.pull(table)
            assert {one["df"] for one in tenant.asked(table)} == {"org=5"}, table
