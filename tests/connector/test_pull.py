"""One pull, over real HTTP: what it lands, proves and remembers, and what is left of it when something goes wrong."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from avesa.connector.incremental import Changes
from avesa.connector.outcome import PullOptions
from avesa.connector.paging import SinglePage
from avesa.connector.service import Parent
from avesa.pipeline.ingest import IngestOutcome, ingest_table
from avesa.pipeline.ports import Ports
from avesa.shared.errors import ServiceFailed, StaleState, StorageError, TableFailed, Unavailable
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

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


class Bench:
    """One tenant, one vendor, one clock for both."""

    def __init__(self, home: Path, vendor: TinyVendor) -> None:
        self.clock = Clock()
        self.vendor = vendor
        self.ports: Ports = open_ports(home, self.clock)
        self.tenant = connect_tenant(self.ports, vendor.url)
        self.service = SERVICE
        self.at(NOON)

    def at(self, moment: datetime) -> None:
        self.clock.now = moment
        self.vendor.date = format_datetime(moment, usegmt=True)

    def pull(self, table: str = "tickets", **more: Any) -> IngestOutcome:
        return ingest_table(self.ports, self.tenant, table, run_id="r1", service=self.service, **more)

    def state(self, table: str = "tickets") -> Any:
        return self.ports.watermarks.get("acme", f"tiny/{table}")

    def ids(self, table: str = "tickets") -> list[str]:
        return sorted((row["record_id"] for row in landed(self.ports, table)), key=int)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with tiny_vendor() as vendor:
        yield Bench(tmp_path, vendor)


def stop_after(pages: int) -> tuple[Any, Any]:
    """A progress callback and the stop signal that it raises."""
    seen: list[int] = []
    return (lambda table, page, rows: seen.append(page)), (lambda: len(seen) >= pages)


# What is landed


def test_a_first_pull_lands_every_record_and_proves_it_with_a_receipt(bench: Bench) -> None:
    bench.vendor.lists["/tickets"] = [record(i, f"2026-01-0{i}T00:00:00Z") for i in range(1, 8)]
    outcome = bench.pull()
    [receipt] = receipts(bench.ports, "tickets")
    ids = [str(i) for i in range(1, 8)]
    assert bench.ids() == ids
    assert (outcome.status, outcome.kind, outcome.rows, outcome.pages) == ("ok", "listing", 7, 3)
    assert (receipt.complete, receipt.kind, receipt.rows, receipt.distinct_ids) == (True, "listing", 7, 7)
    assert receipt.ids_sha256 == hashlib.sha256("\n".join(ids).encode()).hexdigest()
    assert receipt.files == outcome.files
    assert receipt.max_updated_at == datetime(2026, 1, 7, tzinfo=UTC)
    assert receipt.window is None and receipt.started_at == NOON
    assert bench.state().watermark == datetime(2026, 1, 7, tzinfo=UTC)


def test_rows_hold_what_the_design_says(bench: Bench) -> None:
    bench.vendor.lists["/tickets"] = [record(1, "2026-01-01T10:00:00+02:00", deletedFlag=True)]
    bench.pull()
    [row] = landed(bench.ports, "tickets")
    assert row == {
        "record_id": "1",
        "parent_id": None,
        "payload": json.dumps(bench.vendor.lists["/tickets"][0]),
        "updated_at": datetime(2026, 1, 1, 8, tzinfo=UTC),
        "is_deleted": True,
        "is_partial": False,
        "extracted_at": NOON,
        "run_id": "r1",
        "page": 1,
        "problem": None,
    }


DRIFT = (
    rb'[{"id": 1,  "x": 1}, {"x":"1","id":"2"},{"id":3,"x":18446744073709551616123},'
    rb'{"id":4,"x":[1,"a",[null,{}]]},{"id":5,"x":"\ud83d"},{"id":6,"x":0.10000000000000000001}, "bare", {"x":9}]'
)


def test_payloads_are_the_very_bytes_whatever_the_vendor_sends(bench: Bench) -> None:
    bench.vendor.lists["/tickets"] = []
    bench.vendor.bend = lambda *_: Answer(body=DRIFT)
    bench.service = with_endpoint(SERVICE, "tickets", paging=SinglePage())
    bench.pull()
    rows = landed(bench.ports, "tickets")
    assert [row["payload"] for row in rows] == [
        '{"id": 1,  "x": 1}',
        '{"x":"1","id":"2"}',
        '{"id":3,"x":18446744073709551616123}',
        '{"id":4,"x":[1,"a",[null,{}]]}',
        '{"id":5,"x":"\\ud83d"}',
        '{"id":6,"x":0.10000000000000000001}',
        '"bare"',
        '{"x":9}',
    ]
    assert [row["record_id"] for row in rows] == ["1", "2", "3", "4", "5", "6", None, None]
    assert [row["problem"] for row in rows][6:] == ["no key: id is missing"] * 2


def test_fields_declared_as_secret_are_masked_and_nothing_else(bench: Bench) -> None:
    bench.vendor.lists["/boards"] = [record(1, token="hunter2", name="x")]
    bench.pull("boards")
    [row] = landed(bench.ports, "boards")
    assert row["payload"] == json.dumps(record(1, token="***", name="x"))


def test_an_empty_pull_leaves_a_receipt_and_no_file(bench: Bench) -> None:
    bench.vendor.lists["/tickets"] = []
    bench.pull()
    [receipt] = receipts(bench.ports, "tickets")
    assert (receipt.files, receipt.rows, receipt.complete) == ((), 0, True)
    assert receipt.ids_sha256 == hashlib.sha256(b"").hexdigest()


def test_a_table_without_keys_is_keyed_by_the_digest_of_its_records(bench: Bench) -> None:
    bench.vendor.bend = lambda *_: Answer(body=b'[{"b":1,"a":2}]')
    bench.vendor.lists["/events"] = []
    bench.pull("events")
    [row] = landed(bench.ports, "events")
    assert row["record_id"] == hashlib.sha256(b'{"a":2,"b":1}').hexdigest()


# Changes


def test_the_second_pull_asks_for_changes_and_does_not_land_the_boundary_again(bench: Bench) -> None:
    tickets = [record(1, "2026-02-01T00:00:00Z"), record(2, "2026-02-02T00:00:00Z")]
    bench.vendor.lists["/tickets"] = tickets
    bench.pull()
    bench.at(NOON + timedelta(hours=1))
    tickets.append(record(3, "2026-02-02T00:00:00Z"))
    outcome = bench.pull()
    assert bench.vendor.asked[-1].query["conditions"] == "lastUpdated>=[2026-02-02T00:00:00Z]"
    assert (outcome.kind, outcome.rows, outcome.skipped) == ("changes", 1, 1)
    assert bench.ids() == ["1", "2", "3"]
    bench.at(NOON + timedelta(hours=2))
    assert bench.pull().skipped == 2
    assert receipts(bench.ports, "tickets")[-1].files == ()


def test_a_row_of_the_boundary_that_changed_within_the_second_is_landed(bench: Bench) -> None:
    bench.vendor.lists["/tickets"] = [record(1, "2026-02-02T00:00:00Z", status="new")]
    bench.pull()
    bench.vendor.lists["/tickets"] = [record(1, "2026-02-02T00:00:00Z", status="open")]
    assert bench.pull().rows == 1


def test_the_watermark_never_passes_the_beginning_of_the_pull_by_the_vendors_clock(bench: Bench) -> None:
    bench.vendor.lists["/tickets"] = [record(1, "2026-03-01T12:00:30Z")]
    bench.pull()
    assert bench.state().watermark == NOON


def test_a_listing_comes_again_when_it_is_due_or_asked_for(bench: Bench) -> None:
    bench.vendor.lists["/tickets"] = [record(1)]
    kinds = [bench.pull().kind, bench.pull().kind, bench.pull(full=True).kind]
    bench.at(NOON + timedelta(hours=25))
    assert [*kinds, bench.pull().kind, bench.pull().kind] == [
        "listing", "changes", "listing", "listing", "changes"
    ]  # fmt: skip


def test_a_vendor_that_refuses_the_change_condition_is_listed_and_not_asked_each_time(bench: Bench) -> None:
    def refuse(asked: Asked, answer: Answer) -> Answer:
        return Answer(400, b'{"code":"InvalidObject"}') if "conditions" in asked.query else answer

    bench.vendor.lists["/tickets"] = [record(1)]
    bench.pull()
    bench.vendor.bend = refuse
    assert bench.pull().kind == "listing"
    before = len(bench.vendor.asked)
    assert bench.pull().kind == "listing"
    assert all("conditions" not in asked.query for asked in bench.vendor.asked[before:])


# Under a parent


def test_children_are_asked_for_under_each_live_parent(bench: Bench) -> None:
    lists = bench.vendor.lists
    lists["/tickets"] = [record(1), record(2, deletedFlag=True), record(3), record(4)]
    lists["/tickets/1/notes"] = [record(i) for i in range(10, 15)]
    lists["/tickets/3/notes"] = [record(20)]  # and 4 has gone: its notes answer 404
    bench.pull()
    outcome = bench.pull("notes")
    assert {(row["parent_id"], row["record_id"]) for row in landed(bench.ports, "notes")} == {
        *(("1", str(i)) for i in range(10, 15)),
        ("3", "20"),
    }
    assert outcome.status == "ok"
    assert not any(asked.path.endswith("/tickets/2/notes") for asked in bench.vendor.asked)


def test_changes_ask_only_under_parents_that_changed_and_miss_none(bench: Bench) -> None:
    lists = bench.vendor.lists
    lists["/tickets"] = [record(i, "2026-02-01T00:00:00Z") for i in (1, 2, 3)]
    for i in (1, 2, 3):
        lists[f"/tickets/{i}/notes"] = [record(i * 10, "2026-01-15T00:00:00Z")]
    lists["/tickets"][2] = record(3, "2026-02-20T00:00:00Z")
    bench.pull()
    bench.pull("notes")
    bench.at(NOON + timedelta(hours=1))
    lists["/tickets"][1] = record(2, "2026-03-01T12:30:00Z")
    lists["/tickets/2/notes"].append(record(21, "2026-03-01T12:30:00Z"))
    bench.pull()
    before = len(bench.vendor.asked)
    assert bench.pull("notes").rows == 1
    paths = {asked.path for asked in bench.vendor.asked[before:]}
    assert paths == {"/api/tickets/2/notes", "/api/tickets/3/notes"}


def test_what_is_never_listed_is_asked_for_under_every_parent(bench: Bench) -> None:
    assert isinstance(SERVICE.changes, Changes)
    only = replace(SERVICE.changes, only=True, kept_for=timedelta(days=90))
    bench.service = with_endpoint(SERVICE, "notes", changes=only)
    lists = bench.vendor.lists
    lists["/tickets"] = [record(i, "2025-01-01T00:00:00Z") for i in (1, 2)]
    lists["/tickets/1/notes"] = [record(10, "2026-02-01T00:00:00Z")]
    lists["/tickets/2/notes"] = [record(20, "2026-02-02T00:00:00Z")]
    bench.pull()
    assert (bench.pull("notes").kind, len(landed(bench.ports, "notes"))) == ("changes", 2)
    bench.at(NOON + timedelta(hours=1))
    lists["/tickets/1/notes"].append(record(11, "2026-03-01T12:30:00Z"))  # and its ticket does not tell
    bench.pull()
    assert bench.pull("notes").rows == 1


def test_changes_ask_under_every_parent_where_parents_do_not_show_what_came_below_them(bench: Bench) -> None:
    lists = bench.vendor.lists
    lists["/tickets"] = [record(i, "2026-02-01T00:00:00Z") for i in (1, 2)]
    for i in (1, 2):
        lists[f"/tickets/{i}/notes"] = [record(i * 10, "2026-01-15T00:00:00Z")]
    notes = replace(SERVICE.endpoint("notes"), parent=Parent("tickets", every=True))
    bench.service = replace(SERVICE, endpoints=tuple(notes if e.name == "notes" else e for e in SERVICE.endpoints))
    bench.pull()
    bench.pull("notes")
    bench.at(NOON + timedelta(hours=1))
    lists["/tickets/2/notes"].append(record(21, "2026-03-01T12:30:00Z"))
    bench.pull()
    outcome = bench.pull("notes")
    assert (outcome.kind, outcome.rows) == ("changes", 1)


def test_children_of_a_table_that_was_never_pulled_say_what_to_do(bench: Bench) -> None:
    with pytest.raises(TableFailed, match="tickets first"):
        bench.pull("notes")


# What goes wrong


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<html>secret</html>", "Page 1 is not JSON"),
        (b'{"items":[]}', "unexpected shape"),
        (b'[{"id":1}', "not JSON"),
    ],
)
def test_a_malformed_page_fails_the_table_without_quoting_it(bench: Bench, body: bytes, said: str) -> None:
    bench.vendor.lists["/tickets"] = []
    bench.vendor.bend = lambda *_: Answer(body=body)
    with pytest.raises(TableFailed, match=said) as caught:
        bench.pull()
    assert "tenant acme, tiny/tickets" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert bench.state().watermark is None


def test_what_came_before_a_malformed_page_is_landed_as_incomplete(bench: Bench) -> None:
    bench.vendor.lists["/tickets"] = [record(i) for i in range(1, 8)]
    bench.vendor.bend = lambda asked, answer: Answer(body=b"oops") if asked.query.get("pageId") == "6" else answer
    with pytest.raises(TableFailed, match="Page 3"):
        bench.pull()
    [receipt] = receipts(bench.ports, "tickets")
    assert (receipt.complete, receipt.rows, receipt.pages) == (False, 6, 2)
    assert receipt.reason is not None and "not JSON" in receipt.reason
    assert bench.ids() == ["1", "2", "3", "4", "5", "6"]
    assert (bench.state().checkpoint, bench.state().watermark) == (None, None)


def test_a_page_number_that_repeats_a_page_fails_the_table(bench: Bench) -> None:
    bench.vendor.lists["/boards"] = [record(i) for i in range(1, 10)]
    pages = [json.dumps([record(i) for i in range(n, n + 3)]).encode() for n in (1, 4)]
    link = {"Link": '<http://x/?page=9>; rel="next"'}
    bench.vendor.bend = lambda asked, _: Answer(body=pages[int(asked.query["page"]) % 2], headers=link)
    with pytest.raises(TableFailed, match="same page again"):
        bench.pull("boards")


def test_a_cursor_that_stands_still_fails_the_table(bench: Bench) -> None:
    link = {"Link": '<http://x/?pageId=3>; rel="next"'}
    bench.vendor.lists["/tickets"] = [record(i) for i in range(1, 9)]
    bench.vendor.bend = lambda asked, answer: Answer(answer.status, answer.body, link)
    with pytest.raises(TableFailed, match="does not increase"):
        bench.pull()


def test_paging_that_never_ends_fails_the_table_at_the_cap(bench: Bench) -> None:
    def endless(asked: Asked, _: Answer) -> Answer:
        at = int(asked.query.get("pageId", "0")) + 1
        body = json.dumps([record(at)]).encode()
        return Answer(body=body, headers={"Link": f'<http://x/?pageId={at}>; rel="next"'})

    bench.vendor.lists["/tickets"] = []
    bench.vendor.bend = endless
    with pytest.raises(TableFailed, match="More than 20 pages"):
        bench.pull(options=PullOptions(max_pages=20))
    assert len(bench.ids()) == 20


def test_a_refused_connection_marks_the_tenants_service(bench: Bench) -> None:
    bench.vendor.bend = lambda *_: Answer(401, b'{"code":"Unauthorized","message":"bad key s3cr3t-key"}')
    with pytest.raises(ServiceFailed) as caught:
        bench.pull()
    assert "s3cr3t-key" not in str(caught.value)
    [stored] = bench.ports.tenants.services("acme")
    assert stored.problem is not None and "401" in stored.problem
    [entry] = bench.ports.run_log.latest("acme")
    assert entry.status == "failed"


def test_a_forbidden_table_fails_alone_and_names_the_right(bench: Bench) -> None:
    bench.vendor.bend = lambda *_: Answer(403, b'{"code":"Forbidden","message":"security role"}')
    with pytest.raises(TableFailed, match="right to read"):
        bench.pull()


def test_a_refusal_that_is_about_one_list_fails_that_alone(bench: Bench) -> None:
    bench.vendor.bend = lambda *_: Answer(401, b'{"code":"Unauthorized","message":"view rights"}')
    endpoint = replace(SERVICE.endpoint("tickets"), refused_alone=True)
    service = replace(SERVICE, endpoints=(endpoint,))
    with pytest.raises(TableFailed, match="right to read"):
        ingest_table(bench.ports, bench.tenant, "tickets", run_id="r", service=service)
    [stored] = bench.ports.tenants.services("acme")
    assert stored.problem is None


def test_short_outages_are_waited_out(bench: Bench) -> None:
    bench.vendor.lists["/tickets"] = [record(i) for i in range(1, 8)]
    faults = [Answer(429, headers={"Retry-After": "0"}), Answer(503), Answer(cut=5, body=b"[" + b" " * 99)]

    def flaky(asked: Asked, answer: Answer) -> Answer:
        return faults.pop() if faults and len(bench.vendor.asked) % 2 else answer

    bench.vendor.bend = flaky
    assert bench.pull().retries == 3
    assert bench.ids() == [str(i) for i in range(1, 8)]


def test_a_long_outage_keeps_what_came_and_the_next_pull_goes_on_from_there(bench: Bench) -> None:
    bench.vendor.lists["/tickets"] = [record(i) for i in range(1, 10)]
    bench.vendor.bend = lambda asked, answer: Answer(500) if asked.query.get("pageId") == "6" else answer
    with pytest.raises(Unavailable, match="500"):
        bench.pull()
    assert receipts(bench.ports, "tickets") == []
    bench.vendor.bend = lambda _, answer: answer
    before = len(bench.vendor.asked)
    outcome = bench.pull()
    assert outcome.resumed and len(bench.vendor.asked) - before == 2  # the last page is full: is it the last?
    [receipt] = receipts(bench.ports, "tickets")
    assert (receipt.rows, receipt.distinct_ids, len(receipt.files), receipt.pages) == (9, 9, 2, 4)
    assert bench.ids() == [str(i) for i in range(1, 10)]


def test_a_storage_that_refuses_moves_nothing_forward_and_the_next_pull_lands_it(bench: Bench, tmp_path: Path) -> None:
    bench.vendor.lists["/tickets"] = [record(i) for i in range(1, 8)]
    (tmp_path / "data" / "acme").mkdir(parents=True)
    in_the_way = tmp_path / "data" / "acme" / "raw"
    in_the_way.write_text("a file where a folder belongs")
    with pytest.raises(StorageError):
        bench.pull()
    assert bench.state().watermark is None
    in_the_way.unlink()
    assert bench.pull().status == "ok"
    assert bench.ids() == [str(i) for i in range(1, 8)]


def test_a_worker_whose_view_is_old_moves_no_watermark(bench: Bench) -> None:
    bench.vendor.lists["/tickets"] = [record(1)]

    def meddle(table: str, page: int, rows: int) -> None:
        bench.ports.watermarks.put(bench.state())

    with pytest.raises(StaleState):
        bench.pull(progress=meddle)
    assert bench.state().watermark is None
    assert bench.pull().kind == "listing"


# Stop and go on


def test_work_becomes_durable_at_intervals_however_small_it_is(bench: Bench) -> None:
    bench.vendor.lists["/tickets"] = [record(i) for i in range(1, 8)]
    assert len(bench.pull(options=PullOptions(save_every=0.0)).files) == 3


def test_an_unfinished_change_pull_gives_way_to_a_full_listing_without_losing_its_rows(bench: Bench) -> None:
    bench.vendor.lists["/tickets"] = [record(i) for i in range(1, 8)]
    bench.pull()
    bench.vendor.lists["/tickets"] = [record(i, "2026-03-01T11:00:00Z") for i in range(1, 8)]
    progress, stop = stop_after(1)
    assert bench.pull(progress=progress, stop=stop).kind == "changes"
    bench.vendor.lists["/tickets"] = bench.vendor.lists["/tickets"][:3]
    assert bench.pull(full=True).kind == "listing"
    kinds = sorted((receipt.kind, receipt.complete, receipt.rows) for receipt in receipts(bench.ports, "tickets"))
    assert kinds == [("changes", False, 3), ("listing", True, 3), ("listing", True, 7)]


@pytest.mark.parametrize("table", ["tickets", "boards", "notes"])
def test_a_pull_that_is_stopped_after_every_page_comes_to_the_same_end(bench: Bench, table: str) -> None:
    lists = bench.vendor.lists
    lists["/tickets"] = lists["/boards"] = [record(i) for i in range(1, 12)]
    for i in range(1, 12):
        lists[f"/tickets/{i}/notes"] = [record(i * 100 + n) for n in range(i % 5)]
    if table == "notes":
        bench.pull()
    runs = 0
    while True:
        progress, stop = stop_after(1)
        outcome = bench.pull(table, progress=progress, stop=stop)
        runs += 1
        if outcome.status == "ok":
            break
        assert receipts(bench.ports, table) == []
    [receipt] = receipts(bench.ports, table)
    paths = [p for p in lists if (p.endswith("notes") if table == "notes" else p == f"/{table}")]
    expected = [str(i) for i in sorted(row["id"] for path in paths for row in lists[path])]
    assert bench.ids(table) == expected
    assert (receipt.rows, receipt.distinct_ids, receipt.complete) == (len(expected), len(expected), True)
    assert runs > 3


def test_a_checkpoint_that_is_too_old_is_dropped_and_its_rows_are_kept_as_incomplete(bench: Bench) -> None:
    bench.vendor.lists["/tickets"] = [record(i) for i in range(1, 8)]
    progress, stop = stop_after(1)
    bench.pull(progress=progress, stop=stop)
    bench.at(NOON + timedelta(hours=25))
    assert not bench.pull().resumed
    first, second = sorted(receipts(bench.ports, "tickets"), key=lambda receipt: receipt.complete)
    assert (first.complete, first.rows, second.complete, second.rows) == (False, 3, True, 7)


def test_a_pull_that_goes_on_each_day_may_take_many_days(bench: Bench) -> None:
    bench.vendor.lists["/tickets"] = [record(i) for i in range(1, 14)]
    for day in range(4):
        bench.at(NOON + timedelta(hours=20 * day))
        progress, stop = stop_after(1)
        assert bench.pull(progress=progress, stop=stop).resumed == (day > 0)
    bench.at(NOON + timedelta(hours=80))
    assert bench.pull().resumed
    (receipt,) = receipts(bench.ports, "tickets")
    assert (receipt.complete, receipt.rows, receipt.started_at) == (True, 13, NOON)


def test_a_checkpoint_never_leads_to_another_host_than_the_settings_say(bench: Bench) -> None:
    bench.vendor.lists["/tickets"] = [record(i) for i in range(1, 8)]
    progress, stop = stop_after(1)
    bench.pull(progress=progress, stop=stop)
    with tiny_vendor() as other:
        other.lists = bench.vendor.lists
        bench.tenant = connect_tenant(bench.ports, other.url)
        before = len(bench.vendor.asked)
        assert not bench.pull().resumed
        assert len(bench.vendor.asked) == before


CHILD = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from tiny_vendor import SERVICE, connect_tenant, open_ports
from avesa.connector.paging import SinglePage
from avesa.connector.outcome import PullOptions
from avesa.pipeline.ingest import ingest_table
ports = open_ports(Path({home!r}))
def told(table, pages, rows):
    print(pages, flush=True)
    sys.stdin.readline()
ingest_table(ports, connect_tenant(ports, {url!r}), "tickets", run_id="child", service=SERVICE, progress=told,
             options=PullOptions(file_bytes=400))
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX")
def test_no_row_is_lost_when_the_process_is_killed_and_another_goes_on(tmp_path: Path) -> None:
    with tiny_vendor() as vendor:
        vendor.lists["/tickets"] = [record(i) for i in range(1, 30)]
        code = CHILD.format(tests=str(Path(__file__).parents[1]), home=str(tmp_path), url=vendor.url)
        child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert child.stdin and child.stdout
        for _ in range(5):
            child.stdout.readline()
            child.stdin.write("\n")
            child.stdin.flush()
        child.stdout.readline()
        child.send_signal(signal.SIGKILL)
        child.communicate()
        ports = open_ports(tmp_path)
        outcome = ingest_table(ports, connect_tenant(ports, vendor.url), "tickets", run_id="r2", service=SERVICE)
        [receipt] = receipts(ports, "tickets")
        rows = landed(ports, "tickets", receipt.files)
        assert outcome.resumed
        assert {row["record_id"] for row in rows} == {str(i) for i in range(1, 30)}
        assert (receipt.rows, receipt.distinct_ids) == (len(rows), 29)


# Memory


def test_memory_does_not_grow_with_the_number_of_pages(bench: Bench) -> None:
    filler = "x" * 20_000
    pages = 0

    def long_list(asked: Asked, _: Answer) -> Answer:
        at = int(asked.query.get("pageId", "0"))
        rows = [record(at + n, text=filler) for n in range(1, 11) if at < pages * 10]
        more = {"Link": f'<http://x/?pageId={at + 10}>; rel="next"'} if rows else {}
        return Answer(body=json.dumps(rows).encode(), headers=more)

    bench.vendor.lists["/tickets"] = []
    bench.vendor.bend = long_list
    peaks = []
    for pages in (20, 80):
        tracemalloc.start()
        outcome = bench.pull(full=True, options=PullOptions(file_bytes=1_000_000))
        assert len(outcome.files) == pages // 5
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 1.6
