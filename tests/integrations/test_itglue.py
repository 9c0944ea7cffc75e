"""What is special about IT Glue: lists that begin with the newest, archived rows, five pages of a log, passwords."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from avesa.connector.paging import Page
from avesa.connector.reading import reading_of
from avesa.connector.records import read_page
from avesa.connector.request import Request, Response
from avesa.integrations.itglue import SERVICE
from avesa.shared.errors import TableFailed
from strict_tenant import check, strict_tenant

LIST = Request("GET", "https://api.itglue.com/list")


def page(body: Any, records: int, **last: Any) -> Page:
    told = {name.replace("__", ".").replace("_", "-"): value for name, value in last.items()}
    return Page(Response(200, {}, json.dumps(body).encode(), LIST.url), records, told)


@pytest.mark.parametrize(
    ("meta", "goes_on"),
    [
        ({"next-page": 2, "total-pages": 3}, True),
        ({"total-pages": 3}, True),
        ({"total-pages": 1}, False),
        ({"next-page": None, "total-pages": 3}, False),
        ({}, False),
    ],
)
def test_a_list_ends_by_whatever_of_its_pages_is_told(meta: dict[str, Any], goes_on: bool) -> None:
    paging = SERVICE.paging_of(SERVICE.endpoint("locations"), listing=True)
    following = paging.next(paging.first(LIST), page({"meta": meta}, 400))
    assert (following is not None) is goes_on
    assert following is None or following.param("page[number]") == "2"


def test_what_changed_is_read_from_the_newest_on_until_a_page_is_old(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "itglue", counts={"contacts": 30}) as tenant:
        tenant.pull("contacts")
        before = len(tenant.asked("contacts"))
        tenant.clock.now += timedelta(hours=1)
        tenant.vendor.change("contacts", 4)
        # The changed one with the newest of before, and a page that is old.
        outcome = tenant.pull("contacts")
        assert (outcome.kind, outcome.pages) == ("changes", 2)
        check(tenant, "contacts")
        asked = tenant.asked("contacts")[before:]
        assert {one["sort"] for one in asked} == {"-updated_at"}


def test_archived_rows_are_looked_for_and_are_gone(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "itglue", page=0) as tenant:
        tenant.pull("configurations")
        tenant.clock.now += timedelta(hours=1)
        gone = tenant.vendor.delete("configurations", 3)["id"]
        # Both lists are read from the newest on, and each of them until it is old.
        assert tenant.pull("configurations").kind == "changes"
        assert {one.get("filter[archived]") for one in tenant.asked("configurations")} == {"false", "true"}
        assert [row["record_id"] for row in tenant.rows("configurations") if row["is_deleted"]] == [gone]


def test_no_password_lands_nor_a_note_on_one(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "itglue", page=0) as tenant:
        tenant.vendor.rows.of(tenant.vendor.contract.tables["passwords"])
        secret = {"name": "Firewall", "password": "hush-1", "otp-secret": "hush-2", "notes": "the old one was hush-3"}
        tenant.vendor.change("passwords", 0, attributes={**secret, "updated-at": "2026-03-01T11:00:00.000Z"})
        tenant.pull("passwords")
        assert "hush" not in "".join(row["payload"] for row in tenant.rows("passwords"))
        names = [row["record"]["attributes"].get("name") for row in tenant.rows("passwords")]
        assert "Firewall" in names
        # Nothing is ever asked for that would bring passwords along with other records.
        tenant.pull("configurations")
        assert not any("include" in one for one in tenant.asked("configurations") + tenant.asked("passwords"))


def test_assets_are_asked_for_type_by_type_though_no_type_changed(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "itglue", page=0) as tenant:
        tenant.pull("flexible_asset_types")
        tenant.pull("flexible_assets")
        types = {row["record_id"] for row in tenant.rows("flexible_asset_types")}
        asked = [one["filter[flexible-asset-type-id]"] for one in tenant.asked("flexible_assets")]
        assert set(asked) == types
        tenant.clock.now += timedelta(hours=1)
        tenant.vendor.change("flexible_assets", 1, (min(types),))
        tenant.pull("flexible_asset_types")
        assert tenant.pull("flexible_assets").kind == "changes"
        check(tenant, "flexible_assets")


def test_an_interface_has_its_id_among_its_attributes() -> None:
    """As in the vendor's example, where it stands nowhere else."""
    row = {"type": "configuration-interfaces", "attributes": {"id": 63, "updated-at": "2017-05-29T20:55:16.000Z"}}
    body = json.dumps({"data": [row]}).encode()
    reading = reading_of(SERVICE, SERVICE.endpoint("configuration_interfaces"))
    [record] = read_page(body, reading, page=1, parent_id="455")
    assert (record.record_id, record.problem) == ("63", None)
    assert record.updated_at == datetime(2017, 5, 29, 20, 55, 16, tzinfo=UTC)


def test_a_log_is_asked_for_a_week_at_a_time_as_far_back_as_it_is_kept(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "itglue", page=0) as tenant:
        assert (tenant.pull("logs").kind, len(tenant.rows("logs"))) == ("changes", 7)
        ranges = [one["filter[created_at]"].split(", ") for one in tenant.asked("logs")]
        assert ranges[0][0] == "2026-01-30T12:00:00Z" and ranges[-1][1] == "2026-03-01T12:00:00Z"
        assert [later[0] for later in ranges[1:]] == [earlier[1] for earlier in ranges[:-1]]


def test_a_log_of_more_than_five_pages_goes_on_at_its_last_time() -> None:
    endpoint = SERVICE.endpoint("logs")
    paging = SERVICE.paging_of(endpoint, listing=False)
    asked = LIST.with_params(("filter[created_at]", "2026-02-01T00:00:00Z, 2026-02-08T00:00:00Z"))
    request: Request | None = paging.first(asked)
    numbers = []
    for number in range(1, 7):
        assert request is not None
        numbers.append(request.param("page[number]"))
        last = f"2026-02-0{number}T00:00:00.000Z"
        request = paging.next(request, page({"meta": {"next-page": number + 1}}, 1000, attributes__created_at=last))
    assert numbers == ["1", "2", "3", "4", "5", "1"]
    assert request is not None
    assert request.param("filter[created_at]") == "2026-02-05T00:00:00.000Z, 2026-02-08T00:00:00Z"


def test_a_key_that_is_refused_with_403_fails_each_table_and_proves_nothing(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "itglue", page=0) as tenant:
        tenant.pull("organizations")
        tenant.vendor.fail("status", 403, times=None)
        tenant.clock.now += timedelta(days=2)
        with pytest.raises(TableFailed):
            tenant.pull("organizations")
        assert not any(row["is_deleted"] for row in tenant.rows("organizations"))
