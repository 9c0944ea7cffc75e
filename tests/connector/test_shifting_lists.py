"""The law of lists whose rows shift: read while records come and go, one that is called complete holds every record
that was there all the time, wherever the totals of its pages let that be known.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avesa.connector import fetcher
from avesa.connector.checkpoint import Position
from avesa.connector.client import Client, Tally
from avesa.connector.completeness import ListTotal, Total, Totals, shortfall, shrinkage
from avesa.connector.connection import connection
from avesa.connector.endpoint_request import bare_request
from avesa.connector.extract import Extracted, Walk
from avesa.connector.fetcher import Fetcher
from avesa.connector.paging import End, Offset, PageNumber, Paging
from avesa.connector.reading import reading_of
from avesa.connector.request import Request, Response
from avesa.connector.service import Endpoint
from avesa.shared.errors import Where
from tiny_vendor import SERVICE

THINGS = Endpoint("things", "/things", records="items")
LINK = connection(
    replace(SERVICE, endpoints=(THINGS,), check=None),
    {"company_id": "co", "base_url": "http://127.0.0.1:9/api"},
    {"private_key": "s3cr3t-key"},
    where=Where("acme", "tiny"),
)
TOTAL = Total("total")
PAGINGS: dict[str, Paging] = {
    "numbers": PageNumber("page", size="size", most=3, end=End(total="total", short=False)),
    "offsets": Offset("offset", "size", most=3, end=End(total="total")),
}


@dataclass
class LivingList:
    """A list in which records come and go. Whatever happens does so between two answers, and what was asked for ahead
    is answered whenever `life` says. `states` are the lists that there were, `changes` what led from each to the next.
    """

    rows: list[int]
    life: Callable[[LivingList], list[tuple[str, int]]]
    states: list[frozenset[int]] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)
    waiting: list[Ahead] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.states.append(frozenset(self.rows))
        self.newest = max(self.rows, default=0)

    def live(self) -> None:
        for what, where in self.life(self):
            if what == "answered" and self.waiting:
                self.waiting.pop(where % len(self.waiting)).answer()
            elif what == "vanished" and self.rows:
                del self.rows[where % len(self.rows)]
                self._changed(what)
            elif what == "came":
                self.newest += 1
                self.rows.insert(where % (len(self.rows) + 1), self.newest)
                self._changed(what)

    def _changed(self, what: str) -> None:
        self.states.append(frozenset(self.rows))
        self.changes.append(what)

    def send(self, request: Request, *_: Any) -> Response:
        self.live()
        return self.answered(request)

    def answered(self, request: Request) -> Response:
        size = int(request.param("size") or 0)
        page, offset = request.param("page"), request.param("offset")
        at = (int(page) - 1) * size if page else int(offset or 0)
        body = {"items": [{"id": row} for row in self.rows[at : at + size]], "total": len(self.rows)}
        state = str(len(self.states) - 1)
        return Response(200, {"state": state}, json.dumps(body).encode(), request.url)

    # As an executor

    def submit(self, _: Any, request: Request, *__: Any) -> Ahead:
        self.waiting.append(Ahead(self, request))
        return self.waiting[-1]

    def shutdown(self, **_: Any) -> None:
        pass


class Ahead:
    """What was asked for ahead of need: answered when its list says so, or at the latest when it is needed."""

    def __init__(self, of: LivingList, request: Request) -> None:
        self.of, self.request = of, request
        self.given: Response | None = None

    def answer(self) -> Response:
        self.given = self.given or self.of.answered(self.request)
        return self.given

    def result(self) -> Response:
        self.of.live()
        return self.answer()

    def cancel(self) -> None:
        if self in self.of.waiting:
            self.of.waiting.remove(self)


def read(rows: LivingList, paging: Paging, depth: int) -> list[Extracted]:
    pool = patch.object(fetcher, "ThreadPoolExecutor", lambda *_, **__: rows)
    with Client(LINK) as client, patch.object(client, "send", rows.send), pool, Fetcher(client, Tally(), depth) as it:
        build = lambda parent: bare_request(LINK, THINGS, parent)  # noqa: E731
        walk = Walk(client, paging, reading_of(LINK.service, THINGS), build, is_changes=False, total=TOTAL)
        return list(walk.pages(it, None, Position(), 0))


def is_complete(pages: list[Extracted]) -> bool:
    before, totals = ListTotal(), Totals()
    for page in pages:
        assert page.total is not None and page.shifts is not None
        now = before.after(page.total, (page.parent_id, page.shifts), len(page.records))
        if shrinkage(before, now):
            return False
        before, totals = now, totals.after(now.records)
    return shortfall(totals, len(came(pages))) is None


def came(pages: list[Extracted]) -> set[int]:
    return {int(record.record_id or 0) for page in pages for record in page.records}


def always_there(rows: LivingList, pages: list[Extracted]) -> frozenset[int]:
    """The records that were there from the first page to the last."""
    seen = states(pages)
    return frozenset.intersection(*rows.states[min(seen) : max(seen) + 1])


def totals_tell(rows: LivingList, pages: list[Extracted]) -> bool:
    """Whether between any two pages, one behind the other, records only came or only vanished."""
    spans = (sorted(pair) for pair in pairwise(states(pages)))
    return all(len(set(rows.changes[begin:end])) < 2 for begin, end in spans)


def states(pages: list[Extracted]) -> list[int]:
    return [int(page.response.headers["state"]) for page in pages]


def lives(*happens: str) -> st.SearchStrategy[list[list[tuple[str, int]]]]:
    """What happens before each answer that is waited for; nothing any more behind the last of these."""
    one = st.tuples(st.sampled_from(("answered", *happens)), st.integers(0, 30))
    return st.lists(st.lists(one, max_size=4), max_size=12)


def living(count: int, life: list[list[tuple[str, int]]]) -> LivingList:
    steps: Iterator[list[tuple[str, int]]] = iter(life)
    return LivingList(list(range(1, count + 1)), lambda _: next(steps, []))


@pytest.mark.parametrize("depth", [0, 3])
@pytest.mark.parametrize("paging", PAGINGS)
@given(count=st.integers(0, 24), life=lives("vanished", "came"))
def test_a_list_that_is_called_complete_holds_all_that_was_always_there(
    paging: str, depth: int, count: int, life: list[list[tuple[str, int]]]
) -> None:
    rows = living(count, life)
    pages = read(rows, PAGINGS[paging], depth)
    if is_complete(pages) and totals_tell(rows, pages):
        assert always_there(rows, pages) <= came(pages)


@pytest.mark.parametrize("depth", [0, 3])
@pytest.mark.parametrize("paging", PAGINGS)
@given(count=st.integers(0, 24), life=lives("came"))
def test_a_list_that_only_grows_is_complete_wherever_records_come(
    paging: str, depth: int, count: int, life: list[list[tuple[str, int]]]
) -> None:
    rows = living(count, life)
    pages = read(rows, PAGINGS[paging], depth)
    assert is_complete(pages)
    assert always_there(rows, pages) <= came(pages)


@pytest.mark.parametrize("depth", [0, 3])
@pytest.mark.parametrize("paging", PAGINGS)
@given(count=st.integers(0, 24), life=lives("vanished"))
def test_a_list_that_only_loses_records_is_complete_if_all_its_pages_are_of_one_moment(
    paging: str, depth: int, count: int, life: list[list[tuple[str, int]]]
) -> None:
    rows = living(count, life)
    pages = read(rows, PAGINGS[paging], depth)
    assert is_complete(pages) == (len(set(states(pages))) == 1)


def test_one_that_came_for_one_that_vanished_between_two_pages_hides_it() -> None:
    """What the documents say of the limits of this, as a fact."""
    rows = living(9, [[], [("vanished", 0), ("came", 8)]])
    pages = read(rows, PAGINGS["numbers"], 0)
    assert is_complete(pages)
    assert always_there(rows, pages) - came(pages) == {4}
