"""A listing that lacks what it should hold proves nothing, over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from avesa.connector.completeness import CAME_EMPTY, Total
from avesa.connector.retry import Code, Errors, Inside
from avesa.pipeline.ingest import IngestOutcome, ingest_table
from avesa.shared.errors import ServiceFailed, TableFailed
from tiny_vendor import (
    SERVICE,
    Answer,
    Asked,
    TinyVendor,
    connect_tenant,
    landed,
    open_ports,
    receipts,
    record,
    tiny_vendor,
    with_endpoint,
)


class Bench:
    def __init__(self, home: Path, vendor: TinyVendor) -> None:
        self.vendor = vendor
        self.ports = open_ports(home)
        self.tenant = connect_tenant(self.ports, vendor.url)
        self.service = SERVICE

    def pull(self, table: str = "tickets", **more: Any) -> IngestOutcome:
        return ingest_table(self.ports, self.tenant, table, run_id="r", service=self.service, **more)

    def state(self) -> Any:
        return self.ports.watermarks.get("acme", "tiny/tickets")

    def totals(self, *totals: int | None) -> None:
        """The vendor says these, one with each page and the last of them from then on."""
        said = list(totals)

        def bend(_: Asked, answer: Answer) -> Answer:
            total = said.pop(0) if len(said) > 1 else said[0]
            return answer if total is None else replace(answer, headers={**answer.headers, "X-Total-Count": str(total)})

        self.vendor.bend = bend


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with tiny_vendor() as vendor:
        vendor.lists["/tickets"] = [record(i) for i in range(1, 8)]
        yield Bench(tmp_path, vendor)


COUNTED = with_endpoint(SERVICE, "tickets", total=Total(header="X-Total-Count"))


# The vendor's total


def test_the_vendors_total_stands_in_the_receipt_of_a_listing_that_holds_as_many(bench: Bench) -> None:
    bench.service = COUNTED
    bench.totals(7)
    bench.pull()
    [receipt] = receipts(bench.ports, "tickets")
    assert (receipt.complete, receipt.vendor_total, receipt.distinct_ids) == (True, 7, 7)
    assert bench.ports.run_log.latest("acme")[0].figures["vendor_total"] == 7


def test_a_listing_with_fewer_than_the_vendor_says_is_incomplete_and_moves_nothing(bench: Bench) -> None:
    bench.service = COUNTED
    bench.totals(9)
    with pytest.raises(TableFailed, match="there are 9 records, and 7 came"):
        bench.pull()
    [receipt] = receipts(bench.ports, "tickets")
    assert (receipt.complete, receipt.rows, receipt.vendor_total) == (False, 7, 9)
    assert receipt.reason is not None and "9 records" in receipt.reason
    assert (bench.state().watermark, bench.state().checkpoint) == (None, None)
    assert len(landed(bench.ports, "tickets")) == 7
    bench.totals(7)
    assert bench.pull().kind == "listing"


def test_what_changed_while_the_pages_were_read_is_no_loss(bench: Bench) -> None:
    bench.service = COUNTED
    bench.totals(7, 9)
    bench.pull()
    bench.totals(9, 7)
    bench.pull(full=True)
    assert [receipt.complete for receipt in receipts(bench.ports, "tickets")] == [True, True]


def test_a_total_that_is_not_to_be_trusted_is_only_told(bench: Bench) -> None:
    bench.service = with_endpoint(SERVICE, "tickets", total=Total(header="X-Total-Count", trusted=False))
    bench.totals(9)
    bench.pull()
    [receipt] = receipts(bench.ports, "tickets")
    assert (receipt.complete, receipt.vendor_total) == (True, 9)


def test_a_record_without_a_key_came_all_the_same(bench: Bench) -> None:
    bench.service = COUNTED
    body = json.dumps([record(1), {"name": "no key"}]).encode()
    bench.vendor.bend = lambda *_: Answer(body=body, headers={"X-Total-Count": "2"})
    bench.pull()
    assert receipts(bench.ports, "tickets")[0].complete


def test_the_total_of_a_pull_that_was_stopped_is_remembered(bench: Bench) -> None:
    bench.service = COUNTED
    bench.totals(7, None)
    seen: list[int] = []
    progress, stop = (lambda table, page, rows: seen.append(page)), (lambda: bool(seen))
    assert bench.pull(progress=progress, stop=stop).status == "stopped"
    bench.pull()
    assert receipts(bench.ports, "tickets")[0].vendor_total == 7


# Empty where there was something


def empty(*_: Any) -> Answer:
    return Answer(body=b"[]")


def test_a_listing_that_came_back_empty_fails_its_table_and_moves_nothing(bench: Bench) -> None:
    bench.pull()
    before = bench.state()
    bench.vendor.bend = empty
    for _ in range(2):
        with pytest.raises(TableFailed, match="came back empty") as caught:
            bench.pull(full=True)
        assert "--allow-empty" in caught.value.hint
    assert (bench.state().watermark, bench.state().details) == (before.watermark, before.details)
    assert [(r.complete, r.reason) for r in receipts(bench.ports, "tickets")[1:]] == [(False, CAME_EMPTY)] * 2
    [entry] = bench.ports.run_log.latest("acme")
    assert (entry.status, entry.error) == ("failed", CAME_EMPTY)


def test_the_next_listing_with_rows_clears_it(bench: Bench) -> None:
    bench.pull()
    honest, bench.vendor.bend = bench.vendor.bend, empty
    with pytest.raises(TableFailed):
        bench.pull(full=True)
    bench.vendor.bend = honest
    assert bench.pull(full=True).rows == 7
    [entry] = bench.ports.run_log.latest("acme")
    assert entry.status == "ok"


def test_an_empty_listing_that_is_allowed_is_complete_and_from_then_on_nothing_new(bench: Bench) -> None:
    bench.pull()
    bench.vendor.bend = empty
    assert bench.pull(full=True, allow_empty=True).rows == 0
    bench.pull(full=True)
    assert [(r.complete, r.rows) for r in receipts(bench.ports, "tickets")] == [(True, 7), (True, 0), (True, 0)]


def test_a_table_that_never_had_rows_may_be_empty(bench: Bench) -> None:
    bench.vendor.bend = empty
    bench.pull()
    bench.pull(full=True)
    assert [r.complete for r in receipts(bench.ports, "tickets")] == [True, True]


def test_rows_that_came_as_changes_count_as_rows_that_were_there(bench: Bench) -> None:
    rows, bench.vendor.lists["/tickets"] = bench.vendor.lists["/tickets"], []
    bench.vendor.date = "Thu, 01 Jan 2026 00:00:00 GMT"
    bench.pull()
    bench.vendor.lists["/tickets"] = rows
    assert bench.pull().kind == "changes"
    bench.vendor.bend = empty
    with pytest.raises(TableFailed, match="came back empty"):
        bench.pull(full=True)


def test_without_a_memory_the_receipts_tell_that_there_were_rows(bench: Bench) -> None:
    bench.pull()
    bench.ports.watermarks.forget("acme")
    bench.vendor.bend = empty
    with pytest.raises(TableFailed, match="came back empty"):
        bench.pull()
    bench.pull(allow_empty=True)
    bench.ports.watermarks.forget("acme")
    assert bench.pull().rows == 0


def test_an_empty_pull_of_changes_is_a_normal_one(bench: Bench) -> None:
    bench.pull()
    bench.vendor.bend = empty
    outcome = bench.pull()
    assert (outcome.kind, outcome.status, outcome.rows) == ("changes", "ok", 0)


# Errors inside good answers


SLACK = Errors(
    code="error",
    inside=(Inside("ok", (False,)),),
    codes=(Code("ratelimited", "limit"), Code("invalid_auth", "service")),
)


def test_an_outage_inside_a_good_answer_is_waited_out(bench: Bench) -> None:
    bench.service = replace(SERVICE, errors=SLACK)
    faults = [b'{"ok":false,"error":"ratelimited"}'] * 2
    bench.vendor.bend = lambda _, answer: Answer(body=faults.pop()) if faults else answer
    assert bench.pull().retries == 2
    assert len(landed(bench.ports, "tickets")) == 7


def test_a_refusal_inside_a_good_answer_marks_the_service_and_shows_no_secret(bench: Bench) -> None:
    bench.service = replace(SERVICE, errors=SLACK)
    bench.vendor.bend = lambda *_: Answer(body=b'{"ok":false,"error":"invalid_auth","message":"key s3cr3t-key"}')
    with pytest.raises(ServiceFailed, match="invalid_auth") as caught:
        bench.pull()
    assert "s3cr3t-key" not in str(caught.value)
    assert bench.ports.tenants.services("acme")[0].problem is not None


def test_a_failure_inside_a_good_answer_lands_nothing_of_it(bench: Bench) -> None:
    bench.service = replace(SERVICE, errors=SLACK)
    bench.vendor.bend = lambda *_: Answer(body=b'{"ok":false,"error":"channel_not_found"}')
    with pytest.raises(TableFailed, match="in it an error: channel_not_found"):
        bench.pull()
    assert (landed(bench.ports, "tickets"), receipts(bench.ports, "tickets")) == ([], [])


def test_a_declared_code_of_a_bad_request_is_not_taken_for_a_refused_change_condition(bench: Bench) -> None:
    bench.pull()
    bench.service = replace(SERVICE, errors=Errors(codes=(Code("INVALID_SESSION_ID", "service", status=400),)))
    bench.vendor.bend = lambda *_: Answer(400, b'{"code":"INVALID_SESSION_ID"}')
    with pytest.raises(ServiceFailed):
        bench.pull()
