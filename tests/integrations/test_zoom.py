"""What is special about Zoom: users that a status hides, windows of days, uuids with slashes, addresses to join."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from avesa.connector.connection import connection
from avesa.connector.endpoint_request import bare_request
from avesa.connector.request import Response
from avesa.connector.retry import classify
from avesa.integrations.zoom import SERVICE
from avesa.shared.errors import Where
from strict_tenant import check, strict_tenant

WHERE = Where("acme", "zoom")
WINDOWED = ("operation_logs", "report_activities", "report_telephone", "dashboard_meetings", "report_cloud_recording")


def test_users_of_every_status_are_asked_for(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "zoom", page=0) as tenant:
        tenant.pull("users")
        assert [one["status"] for one in tenant.asked("users")] == ["active", "inactive", "pending"]
        assert {row["record"]["status"] for row in tenant.rows("users")} == {"active", "inactive", "pending"}
        check(tenant, "users")


@pytest.mark.parametrize("table", WINDOWED)
def test_windows_are_a_month_at_most_and_meet(tmp_path: Path, table: str) -> None:
    with strict_tenant(tmp_path, "zoom", page=0) as tenant:
        tenant.pull(table)
        asked = [(date.fromisoformat(one["from"]), date.fromisoformat(one["to"])) for one in tenant.asked(table)]
        assert all(timedelta(0) <= to - begin <= timedelta(days=30) for begin, to in asked)
        assert all(later[0] <= earlier[1] for earlier, later in pairwise(asked))
        assert asked[-1][1] >= tenant.clock.now.date()
        assert tenant.clock.now.date() - asked[0][0] <= timedelta(days=180)
        check(tenant, table)
        tenant.clock.now += timedelta(days=1)
        tenant.pull(table)
        assert not any(row["is_deleted"] for row in tenant.rows(table))


def test_recordings_are_asked_for_by_both_ends(tmp_path: Path) -> None:
    """Without them only those of today come."""
    with strict_tenant(tmp_path, "zoom", page=0) as tenant:
        for table in ("users", "recordings"):
            tenant.pull(table)
        assert all("from" in one and "to" in one for one in tenant.asked("recordings"))
        check(tenant, "recordings")


def test_days_are_told_by_the_month(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "zoom", page=0) as tenant:
        tenant.pull("report_daily")
        months = {(one["year"], one["month"]) for one in tenant.asked("report_daily")}
        assert {("2026", "1"), ("2026", "2")} <= months
        tenant.clock.now += timedelta(days=2)
        tenant.pull("report_daily")
        last = [(one["year"], one["month"]) for one in tenant.asked("report_daily")][-4:]
        assert ("2026", "2") in last and ("2026", "3") in last


@pytest.mark.parametrize(
    ("uuid", "path"),
    [
        ("aDYlohsHRtCd4ii1uC2+hA==", "aDYlohsHRtCd4ii1uC2%2BhA%3D%3D"),
        ("a/b==", "a%2Fb%3D%3D"),
        ("/ajXp112QmuoKj4854875==", "%252FajXp112QmuoKj4854875%253D%253D"),
        ("a//b", "a%252F%252Fb"),
    ],
)
def test_a_uuid_with_slashes_is_encoded_twice(uuid: str, path: str) -> None:
    linked = connection(SERVICE, {"account_id": "a"}, {"client_id": "i", "client_secret": "s"}, where=WHERE)
    request = bare_request(linked, SERVICE.endpoint("report_meeting_participants"), uuid)
    assert request.url == f"https://api.zoom.us/v2/report/meetings/{path}/participants"


def test_addresses_to_join_and_codes_never_land(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "zoom", page=0) as tenant:
        tenant.vendor.rows.of(tenant.vendor.contract.tables["rooms"])
        tenant.vendor.change("rooms", 0, activation_code="hush")
        tenant.pull("rooms")
        assert "hush" not in "".join(row["payload"] for row in tenant.rows("rooms"))
    hidden = {name: SERVICE.endpoint(name).secret_fields for name in ("meetings", "webinars", "recordings")}
    assert hidden["meetings"] == hidden["webinars"] == ("join_url",)
    assert set(hidden["recordings"]) >= {"**.download_url", "**.play_url", "share_url", "recording_play_passcode"}


def test_calls_of_every_kind_are_reported(tmp_path: Path) -> None:
    """Without a type the report is of those to and from numbers alone."""
    with strict_tenant(tmp_path, "zoom", page=0) as tenant:
        tenant.pull("report_telephone")
        assert {asked["type"] for asked in tenant.asked("report_telephone")} == {"1", "3"}
        assert {row["record"]["type"] for row in tenant.rows("report_telephone")} == {"toll-free", "sip"}


@pytest.mark.parametrize(("code", "means"), [(1001, "gone"), (3001, "gone"), (9999, None)])
def test_a_parent_that_is_not_there_is_told_by_its_code(code: int, means: str | None) -> None:
    body = f'{{"code":{code},"message":"x"}}'.encode()
    verdict = classify(Response(404, {}, body, "https://api.zoom.us/v2/users/u/meetings"), SERVICE.errors)
    assert (verdict.means == "gone") == (means == "gone")


def test_a_guest_without_an_id_has_a_key_all_the_same() -> None:
    endpoint = SERVICE.endpoint("report_meeting_participants")
    assert endpoint.key == ("user_id", "join_time") and endpoint.may_lack == ("user_id",)
    assert "id" not in endpoint.key
