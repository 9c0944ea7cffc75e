"""A pull that stops, or is killed, goes on where it was, in whatever process, and in little memory."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from avesa.connector.outcome import PullOptions
from avesa.pipeline.ingest import ingest_table
from pull_bench import NOON, Bench, stop_after
from tiny_vendor import (
    SERVICE,
    Answer,
    Asked,
    connect_tenant,
    landed,
    open_ports,
    receipts,
    record,
    tiny_vendor,
)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with tiny_vendor() as vendor:
        yield Bench(tmp_path, vendor)


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
