"""What is special about PagerDuty: windows that hide, offsets up to 10,000, children of what is never listed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from avesa.connector.auth import HeaderKey
from avesa.connector.connection import connection
from avesa.connector.oauth2 import ClientCredentials
from avesa.connector.paging import Page
from avesa.connector.reading import reading_of
from avesa.connector.records import read_page
from avesa.connector.request import Request, Response
from avesa.integrations.pagerduty import SERVICE
from avesa.shared.errors import TableFailed, Where
from strict_tenant import check, strict_tenant

LIST = Request("GET", "https://api.pagerduty.com/list")


def page(body: Any, records: int, **last: Any) -> Page:
    return Page(Response(200, {}, json.dumps(body).encode(), LIST.url), records, last)


def moments(tenant: Any, table: str) -> list[tuple[datetime, datetime]]:
    """The windows that a table was asked for."""
    form = "%Y-%m-%dT%H:%M:%SZ"
    asked = [one for one in tenant.asked(table) if one.get("offset", "0") == "0"]
    return [
        tuple(datetime.strptime(one[name], form).replace(tzinfo=UTC) for name in ("since", "until"))  # type: ignore[misc]
        for one in asked
    ]


def test_an_account_has_a_key_or_an_oauth_client() -> None:
    def linked(secrets: dict[str, str], **settings: str) -> Any:
        return connection(SERVICE, settings, secrets, where=Where("acme", "pagerduty")).auth

    assert isinstance(linked({"api_key": "k"}), HeaderKey)
    oauth = linked({"client_id": "i", "client_secret": "s"}, scope="as_account-us.acme incidents.read")
    assert isinstance(oauth, ClientCredentials)


def test_an_oauth_client_gets_in(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "pagerduty", page=0) as tenant:
        tenant.ports.secrets.put("acme", "pagerduty", {"client_id": "pd-client", "client_secret": "pd-secret"})
        assert tenant.pull("users").status == "ok"


def test_both_ends_are_always_sent_and_no_window_is_too_long(tmp_path: Path) -> None:
    """With none of them, or one, the vendor shows a month or a day."""
    longest = {"incidents": 30, "log_entries": 7, "notifications": 7, "audit_records": 30}
    with strict_tenant(tmp_path, "pagerduty", page=0) as tenant:
        for table, days in longest.items():
            tenant.pull(table)
            windows = moments(tenant, table)
            assert all(timedelta(0) < until - since <= timedelta(days=days) for since, until in windows), table
            assert [later[0] for later in windows[1:]] == [earlier[1] for earlier in windows[:-1]], table
            assert windows[-1][1] == tenant.clock.now
            assert len(tenant.rows(table)) == 7


def test_an_incident_that_changes_weeks_later_is_seen(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "pagerduty", page=0) as tenant:
        tenant.pull("incidents")
        tenant.clock.now += timedelta(days=60)
        tenant.pull("incidents")
        tenant.clock.now += timedelta(hours=1)
        tenant.vendor.change("incidents", 1, status="resolved")
        outcome = tenant.pull("incidents")
        assert (outcome.kind, outcome.rows) == ("changes", 1)
        check(tenant, "incidents")
        assert not any(row["is_deleted"] for row in tenant.rows("incidents"))


class ManyIncidents:
    """So many incidents behind `since`, of which an offset reaches 10,000."""

    def __init__(self, count: int) -> None:
        begin = datetime(2026, 1, 1, tzinfo=UTC)
        self.made = [(begin + timedelta(seconds=at // 3)).strftime("%Y-%m-%dT%H:%M:%SZ") for at in range(count)]

    def answer(self, request: Request) -> tuple[Page, list[int]]:
        offset, limit = int(request.param("offset") or 0), int(request.param("limit") or 0)
        assert offset + limit <= 10_000 and request.param("until") == "2026-02-01T00:00:00Z"
        found = [at for at, made in enumerate(self.made) if made >= (request.param("since") or "")]
        shown = found[offset : offset + limit]
        last = {"created_at": self.made[shown[-1]]} if shown else {}
        return page({"more": offset + limit < len(found)}, len(shown), **last), shown


def test_more_incidents_than_an_offset_reaches_are_read_to_their_end() -> None:
    vendor, came = ManyIncidents(23_456), set()
    paging = SERVICE.paging_of(SERVICE.endpoint("incidents"), listing=False)
    window = (("since", "2026-01-01T00:00:00Z"), ("until", "2026-02-01T00:00:00Z"))
    request: Request | None = paging.first(LIST.with_params(*window))
    while request is not None:
        told, shown = vendor.answer(request)
        came.update(shown)
        request = paging.next(request, told)
    assert len(came) == 23_456


def test_a_log_that_begins_with_the_newest_goes_on_downwards() -> None:
    paging = SERVICE.paging_of(SERVICE.endpoint("log_entries"), listing=False)
    request: Request | None = paging.first(LIST.with_params(("since", "a"), ("until", "b")))
    for _ in range(100):
        assert request is not None and request.param("until") == "b"
        request = paging.next(request, page({"more": True}, 100, created_at="2026-01-05T10:00:00Z"))
    assert request is not None
    assert (request.param("until"), request.param("since"), request.param("offset")) == (
        "2026-01-05T10:00:01Z",
        "a",
        "0",
    )


def test_a_row_without_a_readable_time_fails_its_table_in_words() -> None:
    paging = SERVICE.paging_of(SERVICE.endpoint("incidents"), listing=False)
    request: Request | None = paging.first(LIST)
    with pytest.raises(TableFailed, match="no time"):
        for _ in range(101):
            assert request is not None
            request = paging.next(request, page({"more": True}, 100, created_at="yesterday"))


def test_notes_and_alerts_are_asked_for_under_incidents_that_changed(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "pagerduty", page=0) as tenant:
        for table in ("incidents", "incident_notes", "incident_alerts"):
            tenant.pull(table)
            check(tenant, table)
        before = len(tenant.asked("incident_notes"))
        assert before == 7
        tenant.clock.now += timedelta(hours=1)
        changed = tenant.vendor.change("incidents", 2)["id"]
        tenant.clock.now += timedelta(minutes=1)
        tenant.pull("incidents")
        tenant.pull("incident_notes")
        paths = [one.path for one in tenant.vendor.served if one.table == "incident_notes"][before:]
        assert f"/incidents/{changed}/notes" in paths and len(paths) <= 2


def test_analytics_are_asked_for_again_for_two_days(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "pagerduty", cursor_pages=3) as tenant:
        assert tenant.pull("analytics_incidents").kind == "listing"
        check(tenant, "analytics_incidents")
        tenant.clock.now += timedelta(hours=1)
        tenant.vendor.change("analytics_incidents", 2)
        assert tenant.pull("analytics_incidents").kind == "changes"
        check(tenant, "analytics_incidents")


def test_the_last_page_of_analytics_names_a_row_and_is_the_last() -> None:
    paging = SERVICE.paging_of(SERVICE.endpoint("analytics_incidents"), listing=True)
    first = paging.first(Request("POST", LIST.url, body="{}"))
    following = paging.next(first, page({"last": "Q1", "more": True}, 1000))
    assert following is not None and following.value("body", "starting_after") == "Q1"
    assert paging.next(following, page({"last": "Q2", "more": False}, 20)) is None


def test_who_is_always_on_call_has_a_key_all_the_same() -> None:
    rows = [
        {
            "escalation_policy": {"id": "P1"},
            "schedule": None,
            "user": {"id": "U1"},
            "escalation_level": 1,
            "start": None,
        },
        {"escalation_policy": {"id": "P1"}, "schedule": {"id": "S1"}, "user": {"id": "U1"}, "escalation_level": 1},
    ]
    body = json.dumps({"oncalls": rows}).encode()
    records = read_page(body, reading_of(SERVICE, SERVICE.endpoint("oncalls")), page=1, parent_id=None)
    assert [json.loads(record.record_id or "") for record in records] == [
        ["P1", "", "U1", "1", ""],
        ["P1", "S1", "U1", "1", ""],
    ]


def test_the_address_of_a_calendar_never_lands(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "pagerduty", page=0) as tenant:
        tenant.vendor.rows.of(tenant.vendor.contract.tables["users"])
        secret = "https://acme.pagerduty.com/private/hush/feed"
        tenant.vendor.change("users", 0, http_cal_url=secret, web_cal_url=secret)
        tenant.pull("users")
        assert "hush" not in "".join(row["payload"] for row in tenant.rows("users"))


def test_past_maintenance_is_asked_for_too(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "pagerduty", page=0) as tenant:
        tenant.pull("maintenance_windows")
        assert {one["filter"] for one in tenant.asked("maintenance_windows")} == {"all"}
