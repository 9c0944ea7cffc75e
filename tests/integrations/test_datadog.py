"""What is special about Datadog: two keys, five kinds of pages, silent hosts, logs and usage by time alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from avesa.connector.connection import connection
from avesa.connector.paging import Page
from avesa.connector.reading import reading_of
from avesa.connector.records import read_page
from avesa.connector.request import Request, Response
from avesa.connector.retry import classify
from avesa.integrations.datadog import SERVICE
from avesa.sandbox.vendor.messages import Answer, Asked
from avesa.shared.errors import ServiceFailed, TableFailed, Where
from strict_tenant import PAGE, Tenant, check, strict_tenant

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
KEYS = {"api_key": "dd-api-key", "application_key": "dd-application-key"}


@pytest.fixture
def tenant(tmp_path: Path) -> Iterator[Tenant]:
    with strict_tenant(tmp_path, "datadog", cursor_pages=PAGE) as tenant:
        yield tenant


def pull(tenant: Tenant, *tables: str) -> None:
    for table in tables:
        assert tenant.pull(table).status == "ok"


def moments(tenant: Tenant, table: str, name: str, begin: int = 0) -> list[datetime]:
    """What a parameter said in the requests for a table, each once, in their order."""
    told = dict.fromkeys(asked[name] for asked in tenant.asked(table)[begin:])
    return [
        datetime.fromtimestamp(int(text) / 1000, UTC) if text.isdecimal() else datetime.fromisoformat(text)
        for text in told
    ]


@pytest.mark.parametrize("site", ["datadoghq.com", "datadoghq.eu", "us5.datadoghq.com", "ddog-gov.com"])
def test_each_site_has_an_address_of_its_own(site: str) -> None:
    link = connection(SERVICE, {"site": site}, KEYS, where=Where("acme", "datadog"))
    assert link.base_url == f"https://api.{site}"


@pytest.mark.parametrize("wrong", sorted(KEYS))
def test_both_keys_have_to_be_right(tenant: Tenant, wrong: str) -> None:
    tenant.ports.secrets.put("acme", "datadog", {**KEYS, wrong: "another"})
    with pytest.raises(ServiceFailed) as refused:
        tenant.pull("users")
    assert "another" not in str(refused.value)


def test_no_list_of_keys_is_pulled_and_those_in_use_are_in_no_file(tenant: Tenant) -> None:
    assert not [endpoint.path for endpoint in SERVICE.endpoints if "key" in endpoint.path]
    tenant.ingest()
    landed = [tenant.ports.objects.read(info.path) for info in tenant.ports.objects.list("acme")]
    assert landed and not any(key.encode() in content for content in landed for key in KEYS.values())


def test_monitors_are_walked_by_their_ids_until_nothing_comes(tenant: Tenant) -> None:
    pull(tenant, "monitors")
    check(tenant, "monitors")
    begins = [int(asked["id_offset"]) for asked in tenant.asked("monitors")]
    ids = sorted(one["id"] for one in tenant.vendor.records("monitors"))
    assert begins == [0, ids[2], ids[5], ids[6]] and all("page" not in asked for asked in tenant.asked("monitors"))


def test_a_monitor_that_was_deleted_says_when() -> None:
    reading = reading_of(SERVICE, SERVICE.endpoint("monitors"))
    modified = {"modified": "2026-03-01T12:00:00.000000+00:00"}
    told = [{"id": 1, **modified, "deleted": "2026-03-01T12:00:00+00:00"}, {"id": 2, **modified, "deleted": None}]
    records = read_page(json.dumps(told).encode(), reading, page=1, parent_id=None)
    assert [record.is_deleted for record in records] == [True, False]


def test_a_host_that_is_silent_has_not_gone(tenant: Tenant) -> None:
    pull(tenant, "hosts")
    check(tenant, "hosts")
    [begin] = {int(asked["from"]) for asked in tenant.asked("hosts")}
    assert begin == int((tenant.clock.now - 7 * DAY).timestamp())
    assert {asked["include_hosts_metadata"] for asked in tenant.asked("hosts")} == {"true"}
    silent = str(tenant.vendor.delete("hosts", 2)["id"])
    before = len(tenant.asked("hosts"))
    told = []
    for _ in range(2):
        tenant.clock.now += 2 * DAY
        seen = len(tenant.rows("hosts"))
        assert tenant.pull("hosts").kind == "changes"
        told.append({row["record_id"]: row["record"].get("up") for row in tenant.rows("hosts")[seen:]})
    assert told[0][silent] is False and silent not in told[1] and len(told[1]) == 6
    assert not any(row["is_deleted"] for row in tenant.rows("hosts"))
    # Nothing is asked for that lies within the three hours which come without being asked for.
    assert all(int(asked["from"]) < tenant.clock.now.timestamp() - 3 * 3600 for asked in tenant.asked("hosts")[before:])


def test_a_list_that_ends_before_its_total_is_not_taken_for_whole(tenant: Tenant) -> None:
    answer = tenant.vendor.answer

    def lacking(asked: Asked) -> Answer:
        found = answer(asked)
        body = json.loads(found.raw or b"")
        found.raw = json.dumps({**body, "data": body["data"][:2]}).encode()
        return found

    tenant.vendor.answer = lacking  # type: ignore[method-assign]
    with pytest.raises(TableFailed, match="there are 7 records"):
        tenant.pull("users")


LIST = Request("GET", "https://api.datadoghq.com/api/v2/cases")


@pytest.mark.parametrize(
    ("told", "rows", "goes_on"), [({"total": 2}, 100, True), ({"total": 1}, 100, False), ({"total": 7}, 0, False)]
)
def test_the_total_of_cases_is_that_of_their_pages(told: Any, rows: int, goes_on: bool) -> None:
    paging = SERVICE.endpoint("cases").paging
    assert paging is not None
    body = json.dumps({"data": [], "meta": {"page": told}}).encode()
    following = paging.next(paging.first(LIST), Page(Response(200, {}, body, LIST.url), rows))
    assert (following is not None) == goes_on


@pytest.mark.parametrize(
    "table", ["incidents", "dashboards", "catalog_entities", "service_definitions", "synthetics_tests"]
)
def test_a_list_that_tells_no_end_is_read_until_nothing_comes(tenant: Tenant, table: str) -> None:
    pull(tenant, table)
    check(tenant, table)
    assert len(tenant.asked(table)) == 4  # of three, three and one, and an empty one


LOGS = {"events": 90, "audit_events": 90, "security_signals": 365}


@pytest.mark.parametrize("table", LOGS)
def test_a_log_is_asked_for_week_by_week_and_never_listed(tenant: Tenant, table: str) -> None:
    pull(tenant, table)
    check(tenant, table)
    begins, ends = moments(tenant, table, "filter[from]"), moments(tenant, table, "filter[to]")
    assert begins[0] == tenant.clock.now - LOGS[table] * DAY and ends[-1] == tenant.clock.now
    assert all(begin == end for begin, end in zip(begins[1:], ends, strict=False))
    assert all(end - begin <= 7 * DAY for begin, end in zip(begins, ends, strict=True))
    assert {asked["sort"] for asked in tenant.asked(table)} == {"timestamp"}
    before, late = len(tenant.asked(table)), tenant.clock.now - timedelta(minutes=10)
    tenant.clock.now += 2 * DAY
    pull(tenant, table)
    assert late - 7 * DAY <= moments(tenant, table, "filter[from]", before)[0] <= late
    assert tenant.pull(table, full=True).kind == "changes"
    assert not any(row["is_deleted"] for row in tenant.rows(table))


def test_usage_is_asked_for_by_months_the_one_that_goes_on_too(tenant: Tenant) -> None:
    pull(tenant, "usage_summary")
    check(tenant, "usage_summary")
    [asked] = tenant.asked("usage_summary")
    assert (asked["start_month"], asked["end_month"]) == ("2024-12-01T00:00:00Z", "2026-03-01T00:00:00Z")
    tenant.clock.now += 2 * DAY
    pull(tenant, "usage_summary")
    # What is of February is final only now.
    assert tenant.asked("usage_summary")[-1]["start_month"] == "2026-02-01T00:00:00Z"
    tenant.clock.now += 40 * DAY
    pull(tenant, "usage_summary")
    last = tenant.asked("usage_summary")[-1]
    assert (last["start_month"], last["end_month"]) == ("2026-02-01T00:00:00Z", "2026-04-01T00:00:00Z")


def test_usage_by_the_hour_is_asked_for_day_by_day_up_to_the_last_whole_hour(tenant: Tenant) -> None:
    tenant.clock.now += timedelta(minutes=40)
    pull(tenant, "usage_hourly")
    check(tenant, "usage_hourly")
    begins = moments(tenant, "usage_hourly", "filter[timestamp][start]")
    ends = moments(tenant, "usage_hourly", "filter[timestamp][end]")
    assert begins[0] == datetime(2026, 1, 30, 12, tzinfo=UTC) and ends[-1] == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert {end - begin for begin, end in zip(begins, ends, strict=True)} == {DAY}
    assert {asked["filter[product_families]"] for asked in tenant.asked("usage_hourly")} == {"all"}
    before = len(tenant.asked("usage_hourly"))
    tenant.clock.now += 2 * DAY
    pull(tenant, "usage_hourly")
    # An hour is final after three days.
    later = moments(tenant, "usage_hourly", "filter[timestamp][start]", before)
    assert later[0] <= datetime(2026, 2, 26, 12, tzinfo=UTC)


def test_an_estimate_has_no_time_of_change_and_reaches_two_months_back(tmp_path: Path) -> None:
    with strict_tenant(tmp_path, "datadog", settings={"cost_view": "sub-org"}) as tenant:
        pull(tenant, "estimated_cost")
        check(tenant, "estimated_cost")
        [asked] = tenant.asked("estimated_cost")
        assert asked == {
            "view": "sub-org",
            "start_month": "2026-01-01T00:00:00Z",
            "end_month": "2026-03-01T00:00:00Z",
        }
        assert {row["updated_at"] for row in tenant.rows("estimated_cost")} == {None}
        tenant.clock.now += 2 * DAY
        pull(tenant, "estimated_cost")
        # The month before is not billed yet.
        assert tenant.asked("estimated_cost")[-1]["start_month"] == "2026-02-01T00:00:00Z"


@pytest.mark.parametrize(
    "day", [datetime(2026, month, 28, tzinfo=UTC) + n * DAY for month in range(1, 13) for n in range(4)]
)
def test_no_more_months_are_asked_for_than_there_are(day: datetime) -> None:
    for table, most in (("usage_summary", 15), ("estimated_cost", 2)):
        changes = SERVICE.endpoint(table).changes
        assert not isinstance(changes, str) and changes is not None and hasattr(changes, "rounded")
        first = changes.rounded(day - changes.kept_for)
        assert (day.year - first.year) * 12 + day.month - first.month <= most


@pytest.mark.parametrize(
    ("status", "body", "means", "said"),
    [
        (401, b'{"errors":["Unauthorized"]}', "service", ("Unauthorized", None)),
        (403, b'{"errors":["Forbidden"]}', "table", ("Forbidden", None)),
        (
            400,
            b'{"errors":[{"status":"400","title":"Bad","detail":"No such field"}]}',
            "table",
            (None, "No such field"),
        ),
        (429, b'{"errors":["Too many requests"]}', "limit", ("Too many requests", None)),
    ],
)
def test_errors_are_texts_or_objects(status: int, body: bytes, means: str, said: tuple[str | None, str | None]) -> None:
    verdict = classify(Response(status, {}, body, LIST.url), SERVICE.errors)
    assert (verdict.means, (verdict.code, verdict.message)) == (means, said)


def test_each_endpoint_has_a_limit_of_its_own_that_its_answers_tell() -> None:
    [told] = SERVICE.limits.told
    assert told.each and SERVICE.limits.slows == "endpoint" and SERVICE.limits.rates == ()


@pytest.mark.parametrize(
    ("table", "fields"),
    [
        ("synthetics_tests", {"config": {"request": {"basicAuth": {"username": "a", "password": "hush"}}}}),
        ("synthetics_tests", {"config": {"request": {"headers": {"Authorization": "hush"}, "body": "hush"}}}),
        ("synthetics_tests", {"config": {"request": {"certificate": {"key": {"content": "hush"}}}}}),
        ("synthetics_tests", {"config": {"request": {"proxy": {"url": "https://a:hush@proxy.example"}}}}),
        ("synthetics_tests", {"config": {"request": {"form": {"password": "hush"}, "metadata": {"token": "hush"}}}}),
        (
            "synthetics_tests",
            {"config": {"configVariables": [{"name": "TOKEN", "pattern": "hush", "example": "hush"}]}},
        ),
        ("synthetics_tests", {"config": {"variables": [{"name": "TOKEN", "pattern": "hush", "example": "hush"}]}}),
        ("audit_events", {"attributes__attributes": {"asset": {"new_value": {"key": "hush"}, "prev_value": "hush"}}}),
    ],
)
def test_what_opens_something_never_lands(tenant: Tenant, table: str, fields: dict[str, Any]) -> None:
    tenant.vendor.change(table, 0, (), **fields)
    pull(tenant, table)
    landed = "".join(row["payload"] for row in tenant.rows(table))
    assert "hush" not in landed and '"***"' in landed
