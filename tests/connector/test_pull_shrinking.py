"""A list whose rows shift and that becomes shorter while it is read is read again, and never taken for complete."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from avesa.connector.checkpoint import decode_checkpoint
from avesa.connector.completeness import Total
from avesa.connector.outcome import PullOptions
from avesa.connector.paging import (
    End,
    IdsThenRecords,
    InFilter,
    InTurn,
    Offset,
    PageNumber,
    Paging,
    SearchWindow,
)
from avesa.connector.table_store import TableStore
from avesa.shared.errors import TableFailed
from avesa.shared.receipt import Receipt
from pull_bench import NOON, Bench, stop_after
from tiny_vendor import FORWARD, SERVICE, Answer, Asked, landed, receipts, record, tiny_vendor, with_endpoint

NUMBERED = PageNumber(most=3)
TOTAL = Total(header="X-Total-Count")


class Shrinking(Bench):
    """Ten tickets. `vanish_behind` says of a request whether the first ticket vanishes as soon as it is answered."""

    def begin(self, paging: Paging = NUMBERED, total: Total = TOTAL) -> None:
        self.service = with_endpoint(SERVICE, "tickets", paging=paging, total=total)
        self.vendor.lists["/tickets"] = [record(i) for i in range(1, 11)]
        self.vanish_behind: Callable[[Asked], bool] = lambda asked: False

        def counted(asked: Asked, answer: Answer) -> Answer:
            rows = self.vendor.lists["/tickets"]
            told = Answer(answer.status, answer.body, {**answer.headers, "X-Total-Count": str(len(rows))})
            if self.vanish_behind(asked):
                del rows[0]
            return told

        self.vendor.bend = counted

    def vanish_behind_page(self, page: int, times: int) -> None:
        left = iter(range(times))
        self.vanish_behind = lambda asked: asked.query["page"] == str(page) and next(left, None) is not None

    def pulls(self, table: str = "tickets") -> list[Receipt]:
        """In the order in which they ended; of one moment, those first that are not complete."""
        return sorted(receipts(self.ports, table), key=lambda receipt: (receipt.finished_at, receipt.complete))

    def asked_pages(self) -> list[int]:
        return [int(asked.query["page"]) for asked in self.vendor.asked]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Shrinking]:
    with tiny_vendor() as vendor:
        bench = Shrinking(tmp_path, vendor)
        bench.begin()
        yield bench


def test_it_is_read_again_at_once_and_what_came_before_stays_seen(bench: Shrinking) -> None:
    bench.vanish_behind_page(1, times=1)
    outcome = bench.pull()
    shrunken, whole = bench.pulls()
    assert (shrunken.complete, shrunken.rows, shrunken.pages, shrunken.vendor_total) == (False, 6, 2, 9)
    assert shrunken.reason is not None and "shrank from 10 to 9 records" in shrunken.reason
    assert (whole.complete, whole.rows, whole.distinct_ids, whole.vendor_total) == (True, 9, 9, 9)
    assert (outcome.status, outcome.kind, outcome.rows) == ("ok", "listing", 9)
    assert set(bench.ids()) == {str(i) for i in range(1, 11)}
    assert bench.state().watermark is not None


def test_one_that_shrinks_each_time_is_read_to_its_end_and_says_nothing_of_what_is_gone(bench: Shrinking) -> None:
    """It does not hold its table up: what changes from now on is asked for as such."""
    bench.vanish_behind_page(1, times=9)
    outcome = bench.pull()
    assert outcome.status == "ok"
    assert outcome.warning is not None and "twice more, in vain" in outcome.warning
    pulls = bench.pulls()
    assert [pull.complete for pull in pulls] == [False] * 3
    assert sorted(pull.rows for pull in pulls) == [6, 6, 7]
    assert outcome.warning in [pull.reason for pull in pulls]
    assert bench.state().watermark is not None and bench.state().checkpoint is None
    assert {"8", "9", "10"} <= set(bench.ids())
    bench.at(NOON + timedelta(hours=1))
    assert bench.pull().kind == "changes"
    bench.vanish_behind = lambda asked: False
    bench.at(NOON + timedelta(days=1))
    again = bench.pull()
    assert (again.kind, again.warning) == ("listing", None)
    assert sum(pull.complete and pull.kind == "listing" for pull in bench.pulls()) == 1


@pytest.mark.parametrize("most", [3, 4])
def test_one_that_shrinks_by_more_than_happens_at_work_fails_its_table(bench: Shrinking, most: int) -> None:
    def shrinks(asked: Asked) -> bool:
        if asked.query["page"] == "1":
            del bench.vendor.lists["/tickets"][: most - 1]
        return asked.query["page"] == "1"

    bench.vendor.lists["/tickets"] = [record(i) for i in range(1, 31)]
    bench.vanish_behind = shrinks
    if most > 3:
        with pytest.raises(TableFailed, match=r"shrank from 22 to 18 records.*twice more, in vain.*next sync"):
            bench.pull()
    else:
        assert bench.pull().warning is not None
    assert (bench.state().watermark is None) == (most > 3)
    assert not any(pull.complete for pull in bench.pulls())


def test_what_vanishes_behind_the_last_page_is_no_loss(bench: Shrinking) -> None:
    bench.begin(PageNumber(most=3, end=End()))
    bench.vanish_behind_page(4, times=1)
    bench.pull()
    assert [(pull.complete, pull.rows) for pull in bench.pulls()] == [(True, 10)]


@pytest.mark.parametrize(
    ("paging", "total"),
    [(FORWARD, TOTAL), (NUMBERED, Total(header="X-Total-Count", trusted=False)), (NUMBERED, Total("total"))],
    ids=["behind an id", "no trusted total", "no total told"],
)
def test_others_are_read_once(bench: Shrinking, paging: Paging, total: Total) -> None:
    bench.begin(paging, total)
    left = [1]
    bench.vanish_behind = lambda asked: "pageId" not in asked.query and bool(left) and left.pop() > 0
    bench.pull()
    assert [pull.complete for pull in bench.pulls()] == [True]


def test_a_pull_of_changes_is_no_proof_and_is_not_read_again(bench: Shrinking) -> None:
    bench.pull()
    bench.at(NOON + timedelta(hours=1))
    bench.vendor.lists["/tickets"] = [record(i, "2026-03-01T12:30:00Z") for i in range(1, 11)]
    bench.vanish_behind_page(1, times=1)
    assert bench.pull().kind == "changes"
    assert [pull.kind for pull in bench.pulls()] == ["listing", "changes"]


@pytest.mark.parametrize("every_page", [True, False])
def test_a_list_that_stands_still_costs_one_request_a_page(bench: Shrinking, every_page: bool) -> None:
    """Fetched ahead, too, and where the first page alone tells the total."""
    told = bench.vendor.bend
    bench.vendor.bend = lambda asked, answer: (
        told(asked, answer) if every_page or asked.query["page"] == "1" else answer
    )
    bench.pull()
    assert sorted(bench.asked_pages()) == [1, 2, 3, 4]


@pytest.mark.parametrize("rows", [10, 12])
def test_a_page_that_holds_more_than_it_says_there_is_says_nothing(bench: Shrinking, rows: int) -> None:
    """As of a vendor who counts for the first page alone, and says 0 on the others, of which the last may be empty."""
    bench.vendor.lists["/tickets"] = [record(i) for i in range(1, rows + 1)]
    counted = bench.vendor.bend
    bench.vendor.bend = lambda asked, answer: (
        counted(asked, answer)
        if asked.query["page"] == "1"
        else Answer(answer.status, answer.body, {**answer.headers, "X-Total-Count": "0"})
    )
    bench.pull()
    assert [(pull.complete, pull.rows) for pull in bench.pulls()] == [(True, rows)]


def test_what_vanishes_when_all_has_come_is_no_loss(bench: Shrinking) -> None:
    """A full page may be the last, and who asks for the next one hears of a shorter list. Also behind a stop."""
    bench.vendor.lists["/tickets"] = [record(i) for i in range(1, 13)]
    progress, stop = stop_after(3)
    assert bench.pull(progress=progress, stop=stop).status == "stopped"
    bench.vanish_behind_page(4, times=1)
    bench.pull()
    assert max(bench.asked_pages()) == 5
    assert [(pull.complete, pull.rows) for pull in bench.pulls()] == [(True, 12)]


def test_an_empty_page_that_says_there_is_nothing_is_no_end(bench: Shrinking) -> None:
    """As of a vendor who lost the account on the way. What it had not sent is not gone for that."""
    counted = bench.vendor.bend
    bench.vendor.bend = lambda asked, answer: (
        counted(asked, answer) if asked.query["page"] < "3" else Answer(200, b"[]", {"X-Total-Count": "0"})
    )
    with pytest.raises(TableFailed, match="shrank from 10 to 0 records"):
        bench.pull()
    assert not any(pull.complete for pull in bench.pulls())


# From one process to the next


def test_what_vanishes_while_a_pull_is_stopped_is_noticed_when_it_goes_on(bench: Shrinking) -> None:
    progress, stop = stop_after(2)
    assert bench.pull(progress=progress, stop=stop).status == "stopped"
    del bench.vendor.lists["/tickets"][0]
    assert bench.pull().status == "ok"
    assert sorted((pull.complete, pull.rows) for pull in bench.pulls()) == [(False, 9), (True, 9)]


@pytest.mark.parametrize("pages", [1, 2, 3])
def test_however_often_it_is_stopped_it_is_begun_again_no_more_than_twice(bench: Shrinking, pages: int) -> None:
    bench.vendor.lists["/tickets"] = [record(i) for i in range(1, 40)]
    bench.vanish_behind_page(1, times=99)
    outcomes = []
    while not outcomes or outcomes[-1].status == "stopped":
        progress, stop = stop_after(pages)
        outcomes.append(bench.pull(progress=progress, stop=stop))
    assert outcomes[-1].warning is not None and "twice more" in outcomes[-1].warning
    assert bench.asked_pages().count(1) == 3
    assert len(bench.pulls()) == 3


def test_a_pull_that_is_stopped_between_two_walks_remembers_that_it_began_again(bench: Shrinking) -> None:
    bench.vanish_behind_page(1, times=1)
    assert bench.pull(stop=lambda: len(receipts(bench.ports, "tickets")) > 0).status == "stopped"
    checkpoint = decode_checkpoint(bench.state().checkpoint)
    assert checkpoint is not None and (checkpoint.again, checkpoint.files) == (1, ())
    assert bench.pull().resumed
    assert [pull.complete for pull in bench.pulls()] == [False, True]


def test_the_last_reading_remembers_that_it_shrank_though_it_is_stopped(bench: Shrinking) -> None:
    bench.vanish_behind_page(1, times=3)
    progress, stop = stop_after(5)
    assert bench.pull(progress=progress, stop=stop, options=PullOptions(save_every=0)).status == "stopped"
    assert "twice more" in (bench.pull().warning or "")
    assert not any(pull.complete for pull in bench.pulls())


class Killed(BaseException):
    pass


def test_a_process_that_dies_behind_the_receipt_leaves_enough_to_begin_again(
    bench: Shrinking, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(_: TableStore) -> None:
        raise Killed

    bench.vanish_behind_page(1, times=1)
    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(TableStore, "drop_checkpoint", die)
        bench.pull(options=PullOptions(save_every=0))
    assert bench.state().checkpoint is not None
    assert bench.pull().status == "ok"
    assert [(pull.complete, pull.distinct_ids) for pull in bench.pulls()] == [(False, 6), (False, 6), (True, 9)]
    assert sum(row["record_id"] == "1" for row in landed(bench.ports, "tickets")) == 1


# Lists that consist of several


def under_parents(bench: Shrinking, counts: dict[int, int]) -> None:
    """Tickets with so many notes each; the total of a ticket's notes is told."""
    bench.service = with_endpoint(SERVICE, "notes", paging=NUMBERED, total=TOTAL)
    bench.vendor.lists["/tickets"] = [record(i) for i in counts]
    for i, count in counts.items():
        bench.vendor.lists[f"/tickets/{i}/notes"] = [record(i * 100 + n) for n in range(count)]
    bench.vendor.bend = lambda _, answer: answer
    bench.pull("tickets")

    def counted(asked: Asked, answer: Answer) -> Answer:
        rows = bench.vendor.lists[asked.path.removeprefix("/api")]
        told = Answer(answer.status, answer.body, {**answer.headers, "X-Total-Count": str(len(rows))})
        if bench.vanish_behind(asked):
            del rows[0]
        return told

    bench.vendor.bend = counted


def test_the_lists_under_several_parents_have_totals_of_their_own(bench: Shrinking) -> None:
    under_parents(bench, {1: 8, 2: 5, 3: 0, 4: 7})
    bench.pull("notes")
    assert [(pull.complete, pull.rows) for pull in bench.pulls("notes")] == [(True, 20)]


def test_one_of_these_that_shrinks_makes_all_be_read_again(bench: Shrinking) -> None:
    under_parents(bench, {1: 8, 2: 5, 4: 7})
    left = [1]
    bench.vanish_behind = lambda asked: "/2/" in asked.path and asked.query["page"] == "1" and bool(left and left.pop())
    bench.pull("notes")
    shrunken, whole = bench.pulls("notes")
    assert shrunken.reason is not None and "from 5 to 4" in shrunken.reason
    assert (whole.complete, whole.distinct_ids) == (True, 19)


def pages_of(rows: list[int], asked: Asked, size: int = 3) -> Answer:
    at = (int(asked.query.get("page", "1")) - 1) * size
    body = {"items": [record(row) for row in rows[at : at + size]], "total": len(rows)}
    return Answer(body=json.dumps(body).encode())


BODY: dict[str, Any] = {"records": "items", "total": Total("total")}


def test_the_parts_of_a_list_have_totals_of_their_own(bench: Shrinking) -> None:
    parts = {"open": list(range(1, 8)), "closed": [8, 9, 10, 11]}
    paging = InTurn(PageNumber(most=3, end=End(total="total", short=False)), "state", ("open", "closed"))
    bench.service = with_endpoint(SERVICE, "tickets", paging=paging, **BODY)
    bench.vendor.bend = lambda asked, _: pages_of(parts[asked.query["state"]], asked)
    bench.pull()
    assert [(pull.complete, pull.rows) for pull in bench.pulls()] == [(True, 11)]
    left = [1]

    def bend(asked: Asked, _: Answer) -> Answer:
        answer = pages_of(parts[asked.query["state"]], asked)
        if asked.query["state"] == "closed" and left:
            del parts["closed"][left.pop()]
        return answer

    bench.vendor.bend = bend
    bench.at(NOON + timedelta(days=1))
    bench.pull(full=True)
    assert [(pull.complete, pull.distinct_ids) for pull in bench.pulls()] == [(True, 11), (False, 10), (True, 10)]


def test_the_windows_of_a_search_have_totals_of_their_own(bench: Shrinking) -> None:
    inner = PageNumber(most=3, end=End(total="total", short=False))
    paging = SearchWindow(inner, ("id",), InFilter("q", "id>{0}"), cap=6, size=3)
    bench.service = with_endpoint(SERVICE, "tickets", paging=paging, **BODY)
    bench.vendor.bend = lambda asked, _: pages_of(
        [row for row in range(1, 12) if row > int(asked.query.get("q", "id>0").removeprefix("id>"))], asked
    )
    bench.pull()
    assert [(pull.complete, pull.distinct_ids) for pull in bench.pulls()] == [(True, 11)]


@pytest.mark.parametrize("shrinks", [False, True])
def test_of_ids_and_their_records_the_list_of_ids_has_the_total(bench: Shrinking, shrinks: bool) -> None:
    ids = list(range(1, 11))
    left = [1] if shrinks else []

    def bend(asked: Asked, _: Answer) -> Answer:
        if asked.path.endswith("/records"):
            named = json.loads(asked.body)["ids"]
            return Answer(body=json.dumps({"items": [record(id_) for id_ in named], "total": len(named)}).encode())
        at = int(asked.query["offset"])
        answer = Answer(body=json.dumps({"ids": ids[at : at + 5], "total": len(ids)}).encode())
        if left:
            del ids[left.pop()]
        return answer

    inner = Offset(most=5, end=End(total="total"))
    paging = IdsThenRecords(inner, ids="ids", listed="/tickets", path="/records", batch=3)
    bench.service = with_endpoint(SERVICE, "tickets", paging=paging, **BODY)
    bench.vendor.bend = bend
    bench.pull()
    pulls = sorted((pull.complete, pull.distinct_ids) for pull in bench.pulls())
    assert pulls == ([(False, 5), (True, 9)] if shrinks else [(True, 10)])
