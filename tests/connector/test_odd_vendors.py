"""Vendors that are odd rather than honest, over real HTTP: nothing is lost or made up, and whom it concerns is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from avesa.connector.completeness import Total
from avesa.connector.paging import Cursor, End, InTurn, Offset, PageNumber, Paging, SinglePage
from avesa.shared.errors import TableFailed, Unavailable
from pull_bench import NOON, Bench
from tiny_vendor import SERVICE, Answer, Asked, landed, receipts, record, tiny_vendor, with_endpoint

THREE = [record(i) for i in (1, 2, 3)]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with tiny_vendor() as vendor:
        bench = Bench(tmp_path, vendor)
        bench.service = with_endpoint(SERVICE, "tickets", paging=SinglePage())
        yield bench


def said(body: Any, status: int = 200, **headers: str) -> Answer:
    return Answer(status, json.dumps(body).encode(), {name.replace("_", "-"): text for name, text in headers.items()})


@pytest.mark.parametrize(
    "paging",
    [PageNumber(most=3), Offset(most=3), Cursor("next", "cursor", most=3), PageNumber(most=3, end=End(more="more"))],
    ids=["page", "offset", "cursor", "flag"],
)
def test_a_vendor_that_takes_no_notice_of_the_page_is_found_out_whatever_else_its_answers_hold(
    bench: Bench, paging: Paging
) -> None:
    bench.service = with_endpoint(SERVICE, "tickets", paging=paging, records="data")
    bench.vendor.bend = lambda *_: said({"data": THREE, "request": str(uuid4()), "next": str(uuid4()), "more": True})
    with pytest.raises(TableFailed, match="same records again and again"):
        bench.pull()
    assert len(bench.vendor.asked) < 12
    assert not receipts(bench.ports, "tickets")[-1].complete


def test_a_list_that_begins_like_the_one_before_it_is_no_repetition(bench: Bench) -> None:
    bench.service = with_endpoint(SERVICE, "tickets", paging=PageNumber(most=3), records="data")
    pages = [*[THREE] * 4, [record(4)]]
    bench.vendor.bend = lambda asked, _: said({"data": pages[int(asked.query["page"]) - 1], "request": str(uuid4())})
    assert bench.pull().status == "ok"
    assert set(bench.ids()) == {"1", "2", "3", "4"}


def test_parts_of_a_list_may_hold_the_same_records(bench: Bench) -> None:
    paging = InTurn(PageNumber(most=3), "kind", tuple("abcdefg"))
    bench.service = with_endpoint(SERVICE, "tickets", paging=paging, records="data")
    bench.vendor.bend = lambda *_: said({"data": THREE[:2], "request": str(uuid4())})
    assert bench.pull().pages == 7


@pytest.mark.parametrize("body", [b"[]", b""])
def test_a_list_that_is_not_made_yet_is_no_empty_one_and_is_asked_for_again(bench: Bench, body: bytes) -> None:
    bench.vendor.bend = lambda *_: said(THREE)
    bench.pull()
    bench.vendor.bend = lambda *_: Answer(202, body)
    with pytest.raises(Unavailable, match=r"not made the list yet \(202\)"):
        bench.pull(full=True)
    bench.vendor.bend = lambda *_: said(THREE, 202)
    assert bench.pull(full=True).rows == 3


def test_a_list_under_a_parent_that_is_not_made_yet_deletes_nothing(bench: Bench) -> None:
    bench.vendor.lists["/tickets"] = [record(1)]
    bench.pull()
    bench.vendor.bend = lambda *_: Answer(202)
    with pytest.raises(Unavailable, match="for the parent 1"):
        bench.pull("notes")
    assert receipts(bench.ports, "notes") == []


@pytest.mark.parametrize("told", ["items 0-2/500", "items 1-3/5"])
def test_a_part_of_a_list_without_a_way_to_the_rest_proves_nothing(bench: Bench, told: str) -> None:
    bench.vendor.bend = lambda *_: said(THREE, 206, Content_Range=told)
    with pytest.raises(TableFailed, match=r"a part of the list \(206\)"):
        bench.pull()
    assert receipts(bench.ports, "tickets") == [] and bench.state().watermark is None


@pytest.mark.parametrize("told", ["items 0-2/3", "items 1-3/3", "items 0-2/*", "nonsense"])
def test_a_part_that_is_the_last_one_is_an_end(bench: Bench, told: str) -> None:
    bench.vendor.bend = lambda *_: said(THREE, 206, Content_Range=told)
    assert bench.pull().rows == 3


def test_parts_that_go_on_are_pages(bench: Bench) -> None:
    bench.service = with_endpoint(SERVICE, "tickets", paging=PageNumber(most=3))
    pages = [(THREE, "items 0-2/4"), ([record(4)], "items 3-3/4")]

    def parts(asked: Asked, _: Answer) -> Answer:
        rows, told = pages[int(asked.query["page"]) - 1]
        return said(rows, 206, Content_Range=told)

    bench.vendor.bend = parts
    assert bench.pull().rows == 4


def test_nothing_new_is_no_answer_to_a_listing_and_no_redirect(bench: Bench) -> None:
    bench.vendor.bend = lambda *_: Answer(304, b"")
    with pytest.raises(TableFailed, match="The vendor answered 304"):
        bench.pull()


def test_a_total_beyond_all_reason_says_nothing(bench: Bench) -> None:
    bench.service = with_endpoint(SERVICE, "tickets", paging=SinglePage(), records="data", total=Total("total"))
    bench.vendor.bend = lambda *_: said({"data": THREE, "total": 2**63 - 1})
    assert bench.pull().status == "ok"


@pytest.mark.parametrize("ahead", [timedelta(days=400), timedelta(days=2)])
def test_a_vendors_clock_that_was_ahead_for_a_while_hides_no_later_change(bench: Bench, ahead: timedelta) -> None:
    bench.vendor.date = format_datetime(NOON + ahead, usegmt=True)
    stamped = f"{NOON + ahead - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    bench.vendor.bend = lambda *_: said([record(1, stamped)])
    bench.pull()
    assert bench.state().watermark <= NOON + timedelta(hours=1)
    bench.at(NOON + timedelta(hours=2))
    bench.pull()
    since = bench.vendor.asked[-1].query["conditions"].removeprefix("lastUpdated>=[").removesuffix("]")
    assert datetime.fromisoformat(since) <= NOON + timedelta(hours=1)


def test_ids_that_look_alike_stay_apart_and_one_that_changes_its_type_stays_the_same(bench: Bench) -> None:
    ids = ["A", "a", "a ", " a", "\u00e9", "e\u0301", "\uff11", "01", "1", 1, 1.0, 1.5, "\u200b1", "a\nb"]
    bench.vendor.bend = lambda *_: said([{"id": id_} for id_ in ids])
    bench.pull()
    found = [row["record_id"] for row in landed(bench.ports, "tickets")]
    assert found == ["A", "a", "a ", " a", "\u00e9", "e\u0301", "\uff11", "01", "1", "1", "1", "1.5", "\u200b1", "a\nb"]


def test_numbers_that_cannot_be_told_apart_are_no_keys(bench: Bench) -> None:
    numbers = ["1e400", "9007199254740993.0", "9.007199254740993e15", "1e20", "NaN", "Infinity", "9" * 5_000]
    body = "[" + ",".join(f'{{"id":{number}}}' for number in (*numbers, "9" * 400)) + "]"
    bench.vendor.bend = lambda *_: Answer(body=body.encode())
    bench.pull()
    rows = landed(bench.ports, "tickets")
    assert [row["record_id"] for row in rows] == [*[None] * len(numbers), "9" * 400]
    assert all(row["problem"] for row in rows[:-1]) and rows[-1]["problem"] is None


def test_times_in_other_forms_than_the_declared_one_are_kept_and_told(bench: Bench) -> None:
    told = [
        "2026-01-01T00:00:00Z",
        "2026-01-01T02:00:00+02:00",
        1767225600000,
        "1767225600",
        "01/01/2026",
        True,
        "",
        {},
    ]
    bench.vendor.bend = lambda *_: said([{"id": i, "_info": {"lastUpdated": at}} for i, at in enumerate(told)])
    bench.pull()
    rows = landed(bench.ports, "tickets")
    assert [row["updated_at"] for row in rows] == [datetime(2026, 1, 1, tzinfo=UTC)] * 2 + [None] * 6
    assert [row["problem"] for row in rows] == [None] * 2 + ["unreadable time: _info.lastUpdated"] * 6
