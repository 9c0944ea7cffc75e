"""What is special about Duo: signed parameters, logs by seconds and milliseconds, keys that must never land."""

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
from avesa.integrations.duo import SERVICE
from strict_tenant import strict_tenant

LIST = Request("GET", "https://api-1.duosecurity.com/admin")


def page(body: Any, records: int = 1, **last: Any) -> Page:
    return Page(Response(200, {}, json.dumps(body).encode(), LIST.url), records, last)


def following(table: str, told: Page) -> Request | None:
    paging = SERVICE.paging_of(SERVICE.endpoint(table), listing=False)
    return paging.next(paging.first(LIST), told)


def test_the_account_of_a_child_is_signed_with_every_request(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "duo", page=0, settings={"account_id": "DA 1/+"}) as tenant:
        tenant.pull("users")
        tenant.pull("authentication_logs")
        asked = tenant.asked("users") + tenant.asked("authentication_logs")
        assert len(asked) >= 2 and {one["account_id"] for one in asked} == {"DA 1/+"}


def test_without_a_child_no_account_is_named(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "duo", page=0) as tenant:
        tenant.pull("users")
        assert not any("account_id" in one for one in tenant.asked("users"))


def test_the_key_of_an_application_never_lands(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "duo", page=0) as tenant:
        tenant.vendor.rows.of(tenant.vendor.contract.tables["integrations"])
        tenant.vendor.change("integrations", 0, secret_key="hush-hush", skey="hush-hush")
        tenant.pull("integrations")
        rows = tenant.rows("integrations")
        assert len(rows) == 7 and "hush" not in "".join(row["payload"] for row in rows)
        assert rows[0]["record"]["secret_key"] == rows[0]["record"]["skey"] == "***"


def test_a_log_is_asked_for_in_milliseconds_though_its_rows_are_in_seconds(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "duo", page=0) as tenant:
        assert (tenant.pull("authentication_logs").kind, len(tenant.rows("authentication_logs"))) == ("changes", 7)
        [asked] = tenant.asked("authentication_logs")
        since, until = (datetime.fromtimestamp(int(asked[name]) / 1000, UTC) for name in ("mintime", "maxtime"))
        assert (until, until - since) == (tenant.clock.now, timedelta(days=180))
        assert all(
            row["updated_at"].timestamp() == row["record"]["timestamp"] for row in tenant.rows("authentication_logs")
        )
        tenant.clock.now += timedelta(hours=1)
        added = tenant.vendor.add("authentication_logs")
        assert tenant.pull("authentication_logs").rows == 1
        assert tenant.rows("authentication_logs")[-1]["record_id"] == added["txid"]
        # Rows come late, so that the last minutes are asked for again.
        newest = max(row["record"]["timestamp"] for row in tenant.rows("authentication_logs")[:-1])
        assert int(tenant.asked("authentication_logs")[-1]["mintime"]) == (newest - 600) * 1000


def test_the_administrators_log_is_asked_for_in_seconds(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "duo", page=0) as tenant:
        tenant.pull("administrator_logs")
        tenant.clock.now += timedelta(hours=1)
        tenant.vendor.add("administrator_logs")
        assert tenant.pull("administrator_logs").rows == 1
        assert all(len(asked["mintime"]) == 10 for asked in tenant.asked("administrator_logs"))


def test_a_full_page_of_the_administrators_log_goes_on_at_its_last_second() -> None:
    request = following("administrator_logs", page({}, 1000, timestamp=1346172820))
    assert request is not None and request.param("mintime") == "1346172820"
    assert following("administrator_logs", page({}, 999, timestamp=1346172820)) is None


def test_a_row_about_nothing_in_particular_has_a_key_all_the_same() -> None:
    """As published: `object` is null and `username` empty where nobody could log in."""
    row = {"action": "admin_login_error", "description": "{}", "object": None, "timestamp": 1446172820, "username": ""}
    body = json.dumps({"stat": "OK", "response": [row, {**row, "timestamp": 1446172821}]}).encode()
    records = read_page(body, reading_of(SERVICE, SERVICE.endpoint("administrator_logs")), page=1, parent_id=None)
    assert [record.problem for record in records] == [None, None]
    assert len({record.record_id for record in records}) == 2


@pytest.mark.parametrize(
    ("table", "body", "name", "token"),
    [
        ("users", {"metadata": {"next_offset": 300}}, "offset", "300"),
        ("users", {"response": []}, "offset", None),
        ("authentication_logs", {"response": {"metadata": {"next_offset": ["153", "af"]}}}, "next_offset", "153,af"),
        ("activity_logs", {"response": {"metadata": {"next_offset": "x"}}}, "next_offset", "x"),
        ("telephony_logs", {"response": {"metadata": {"next_offset": None}}}, "next_offset", None),
        ("trust_monitor_events", {"metadata": {"next_offset": "1,2"}}, "offset", "1,2"),
        ("trust_monitor_events", {"response": {"metadata": {"next_offset": "1,2"}}}, "offset", "1,2"),
        ("trust_monitor_events", {"response": {}, "metadata": {}}, "offset", None),
    ],
)  # fmt: skip
def test_the_next_page_begins_where_the_answer_says(table: str, body: Any, name: str, token: str | None) -> None:
    request = following(table, page(body))
    assert (request and request.param(name)) == token


def test_an_empty_page_of_a_log_is_the_last_whatever_it_tells() -> None:
    told = {"response": {"metadata": {"next_offset": ["1", "x"]}}}
    assert following("authentication_logs", page(told, 0)) is None


def test_the_summary_is_one_record_however_its_counts_change(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "duo", page=0) as tenant:
        tenant.pull("account_summary")
        tenant.clock.now += timedelta(hours=1)
        tenant.vendor.change("account_summary", 0, user_count=43)
        tenant.pull("account_summary")
        rows = tenant.rows("account_summary")
        assert [row["record_id"] for row in rows] == ["only", "only"]
        assert rows[-1]["record"]["user_count"] == 43


def test_a_user_in_the_trash_is_deleted(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "duo", page=0) as tenant:
        tenant.vendor.rows.of(tenant.vendor.contract.tables["users"])
        gone = tenant.vendor.change("users", 2, status="pending deletion")["user_id"]
        tenant.pull("users")
        assert [row["record_id"] for row in tenant.rows("users") if row["is_deleted"]] == [gone]
