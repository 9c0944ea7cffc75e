"""What is special about Intercom: lists beside searches, days that begin late, a list of companies that ends early."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from avesa.integrations.intercom import SERVICE
from avesa.sandbox.vendor.messages import Answer, Asked
from avesa.shared.errors import TableFailed
from strict_tenant import Tenant, check, strict_tenant

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def tenant(tmp_path: Path) -> Iterator[Tenant]:
    with strict_tenant(tmp_path, "intercom") as tenant:
        yield tenant


def bodies(tenant: Tenant, path: str) -> list[Any]:
    """What is sent to a path from now on."""
    sent: list[Any] = []
    answer = tenant.vendor.answer

    def listening(asked: Asked) -> Answer:
        if asked.path == path:
            sent.append(asked.json)
        return answer(asked)

    tenant.vendor.answer = listening  # type: ignore[method-assign]
    return sent


@pytest.mark.parametrize("table", ["conversations", "contacts"])
def test_all_are_listed_by_get_and_changes_are_searched_for(tenant: Tenant, table: str) -> None:
    tenant.pull(table)
    assert {(served.method, served.path) for served in tenant.vendor.served} == {("GET", f"/{table}")}
    sent = bodies(tenant, f"/{table}/search")
    tenant.clock.now += HOUR
    tenant.vendor.change(table, 2)
    assert tenant.pull(table).kind == "changes"
    query = sent[0]["query"]
    assert (query["field"], query["operator"]) == ("updated_at", ">") and isinstance(query["value"], int)
    check(tenant, table)


def test_contacts_are_searched_for_two_days_back_since_a_day_begins_with_the_next(tenant: Tenant) -> None:
    tenant.pull("contacts")
    tenant.clock.now = datetime(2026, 3, 3, 23, 50, tzinfo=UTC)
    tenant.vendor.change("contacts", 1)
    tenant.pull("contacts", full=True)
    # Later on the same day: what is asked for by that day would begin with the next one.
    tenant.clock.now += timedelta(minutes=5)
    changed = tenant.vendor.change("contacts", 2)
    sent = bodies(tenant, "/contacts/search")
    tenant.pull("contacts")
    since = datetime.fromtimestamp(sent[0]["query"]["value"], UTC)
    assert since == datetime(2026, 3, 1, 23, 50, tzinfo=UTC)
    assert str(changed["id"]) in {row["record_id"] for row in tenant.rows("contacts")[14:]}
    check(tenant, "contacts")


def test_tickets_have_no_list_but_the_search(tenant: Tenant) -> None:
    sent = bodies(tenant, "/tickets/search")
    tenant.pull("tickets")
    assert sent[0] == {
        "query": {"field": "updated_at", "operator": ">", "value": 946684800},
        "pagination": {"per_page": 3},
    }
    assert all("starting_after" in body["pagination"] for body in sent[1:])


def test_a_list_of_companies_that_ends_before_its_total_is_not_taken_for_whole(tenant: Tenant) -> None:
    answer = tenant.vendor.answer

    def cut(asked: Asked) -> Answer:
        found = answer(asked)
        if asked.path == "/companies/list":
            found.raw = json.dumps(json.loads(found.raw or b"") | {"total_count": 10_007}).encode()
        return found

    tenant.vendor.answer = cut  # type: ignore[method-assign]
    with pytest.raises(TableFailed, match="there are 10007 records, and 7 came"):
        tenant.pull("companies")
    assert not tenant.receipt("companies").complete


def test_companies_are_listed_by_number(tenant: Tenant) -> None:
    tenant.pull("companies")
    served = [one for one in tenant.vendor.served if one.table == "companies"]
    assert [(one.method, one.path) for one in served] == [("POST", "/companies/list")] * 3
    assert sorted(query["page"] for query in tenant.asked("companies")) == ["1", "2", "3"]


def test_what_happened_is_asked_for_by_its_time_and_never_deleted(tenant: Tenant) -> None:
    tenant.pull("activity_logs")
    tenant.clock.now += HOUR
    tenant.vendor.delete("activity_logs", 0)
    new = tenant.vendor.add("activity_logs")
    tenant.clock.now += HOUR
    assert tenant.pull("activity_logs").kind == "changes"
    asked = tenant.asked("activity_logs")[-1]
    assert int(asked["created_at_before"]) == tenant.clock.now.timestamp()
    rows = tenant.rows("activity_logs")
    assert len({row["record_id"] for row in rows}) == 8 and str(new["id"]) in {row["record_id"] for row in rows}
    assert not any(row["is_deleted"] for row in rows)


def test_archived_attributes_are_asked_for_and_told_apart(tenant: Tenant) -> None:
    gone = tenant.vendor.delete("data_attributes", 1)
    tenant.pull("data_attributes")
    assert [row["record_id"] for row in tenant.rows("data_attributes") if row["is_deleted"]] == [str(gone["id"])]


def test_the_times_of_calls_are_texts_or_numbers(tenant: Tenant) -> None:
    tenant.vendor.change("calls", 0)["updated_at"] = "2026-02-01T10:00:00Z"
    tenant.pull("calls")
    rows = tenant.rows("calls")
    assert datetime(2026, 2, 1, 10, tzinfo=UTC) in {row["updated_at"] for row in rows}
    assert all(row["problem"] is None and row["updated_at"] for row in rows)


def test_addresses_that_open_a_recording_or_a_file_never_land(tenant: Tenant) -> None:
    file = {"name": "a.pdf", "url": "https://files.example/s3cr3t"}
    tenant.vendor.change(
        "calls", 0, recording_url="https://x.example/s3cr3t", transcription_url="https://x.example/s3cr3t"
    )
    tenant.vendor.change("conversations", 0, source={"attachments": [file]})
    tenant.vendor.change("tickets", 0, ticket_parts={"ticket_parts": [{"attachments": [file]}]})
    for table in ("calls", "conversations", "tickets"):
        tenant.pull(table)
        payloads = [row["payload"] for row in tenant.rows(table)]
        assert len(payloads) == 7 and not any("s3cr3t" in payload for payload in payloads), table


def test_every_request_names_the_version_whose_search_is_meant() -> None:
    assert SERVICE.headers == (("Intercom-Version", "2.14"),)
