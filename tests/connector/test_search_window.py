from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avesa.connector.paging import Cursor, InParam, Page, PageNumber, SearchWindow, SinglePage, Values
from avesa.connector.request import Request, Response
from avesa.shared.errors import TableFailed
from paged_vendors import LIST, QUERY, Row, Table, answered, page_of, walk


def over_id(request: Request, values: Values) -> Request:
    return request.with_value("body", "over", values[0])


HUBSPOT = SearchWindow(
    Cursor("paging.next.after", "after", into="body", most=200), ("id",), over_id, cap=10_000, size=200
)
SINCE = SearchWindow(PageNumber(most=2), ("at",), InParam("since"), cap=4, size=2)
"""Ordered by a time alone, so each window begins with the instant at which the one before ended."""


def page(records: int, told: Any, **last: Any) -> Page:
    return Page(answered(told), records, last)


def test_before_the_cap_the_search_starts_again_behind_the_last_record() -> None:
    request: Request | None = HUBSPOT.first(QUERY)
    for number in range(1, 50):
        assert request is not None
        request = HUBSPOT.next(request, page(200, {"paging": {"next": {"after": str(number * 200)}}}, id=number))
    assert request is not None and request.value("body", "after") == "9800"
    restarted = HUBSPOT.next(request, page(200, {"paging": {"next": {"after": "10000"}}}, id=50))
    assert restarted is not None
    assert restarted.body == '{"filter":"all","over":50,"limit":200}'


def test_an_end_below_the_cap_is_the_end() -> None:
    assert HUBSPOT.next(HUBSPOT.first(QUERY), page(200, {}, id=1)) is None


def test_an_end_at_the_cap_is_not_believed() -> None:
    paging = SearchWindow(SinglePage(), ("timestamp",), InParam("mintime"), cap=1000, size=1000)
    following = paging.next(paging.first(LIST), page(1000, [], timestamp=1700000000))
    assert following is not None and following.param("mintime") == "1700000000"
    assert paging.next(following, page(999, [], timestamp=1700000009)) is None


def search(found: list[Row], cap: int) -> Any:
    def answer(request: Request) -> Response:
        matching = [row for row in found if row["at"] >= int(request.param("since") or 0)][:cap]
        size, at = int(request.param("pageSize") or 0), int(request.param("page") or 1) - 1
        return answered({"items": matching[at * size : (at + 1) * size]})

    return answer


@given(st.lists(st.integers(0, 12), max_size=30))
def test_no_row_is_lost_and_an_instant_beyond_the_cap_says_so(times: list[int]) -> None:
    found: list[Row] = [{"id": number, "at": at} for number, at in enumerate(sorted(times), 1)]
    crowded = max((times.count(at) for at in times), default=0)
    try:
        seen = {row["id"] for records in walk(SINCE, search(found, 4)) for row in records}
    except TableFailed as error:
        assert crowded >= 4 and "share one instant" in error.message
    else:
        assert seen == {row["id"] for row in found}


def test_more_rows_in_one_instant_than_the_cap_fail_instead_of_looping() -> None:
    found: list[Row] = [{"id": number, "at": 7} for number in range(9)]
    with pytest.raises(TableFailed, match="More than 4 rows share one instant"):
        list(walk(SINCE, search(found, 4)))


@given(times=st.lists(st.integers(0, 100), max_size=60, unique=True), given=st.sampled_from([3, 10]))
def test_a_vendor_that_does_not_take_the_size_is_read_to_the_end_all_the_same(times: list[int], given: int) -> None:
    paging = SearchWindow(SinglePage(), ("at",), InParam("since"), cap=10, size=10, usual=3)
    found: list[Row] = [{"id": number, "at": at} for number, at in enumerate(sorted(times), 1)]

    def answer(request: Request) -> Response:
        matching = [row for row in found if row["at"] >= int(request.param("since") or 0)]
        return answered({"items": matching[:given]})

    pages = list(walk(paging, answer))
    assert {row["id"] for records in pages for row in records} == {row["id"] for row in found}
    assert len(pages) <= len(times) + 1


def test_a_page_smaller_than_the_usual_one_is_the_end() -> None:
    paging = SearchWindow(SinglePage(), ("at",), InParam("since"), cap=10, size=10, usual=3)
    assert paging.next(paging.first(LIST), page(2, {}, at=7)) is None
    second = paging.next(paging.first(LIST), page(5, {}, at=7))
    assert second is not None and second.param("since") == "7"
    assert paging.next(second, page(5, {}, at=7)) is None, "five of one instant, and no more"


def over_both(request: Request, values: Values) -> Request:
    return request.with_params(("at", str(values[0])), ("id", str(values[1])))


@given(times=st.lists(st.integers(0, 3), max_size=40), pages=st.integers(1, 3), size=st.integers(1, 4))
def test_with_a_second_key_an_instant_may_hold_more_rows_than_the_cap(times: list[int], pages: int, size: int) -> None:
    paging = SearchWindow(PageNumber(most=size), ("at", "id"), over_both, cap=pages * size, size=size)
    found: list[Row] = [{"id": number, "at": at} for number, at in enumerate(sorted(times), 1)]

    def answer(request: Request) -> Response:
        last = (int(request.param("at") or -1), int(request.param("id") or 0))
        matching = [row for row in found if (row["at"], row["id"]) > last][: pages * size]
        at = int(request.param("page") or 1) - 1
        return answered({"items": matching[at * size : (at + 1) * size]})

    assert [row["id"] for records in walk(paging, answer) for row in records] == list(range(1, len(times) + 1))


def test_a_last_record_without_its_time_leaves_the_window_further_back() -> None:
    first = SINCE.first(LIST)
    second = SINCE.next(first, page(2, {}, at=3))
    assert second is not None
    moved = SINCE.next(second, page(2, {}))
    assert moved is not None and moved.param("since") == "3"
    with pytest.raises(TableFailed, match="has no at"):
        only = SearchWindow(SinglePage(), ("at",), InParam("since"), cap=2, size=2)
        only.next(only.first(LIST), page(2, {}))


def test_a_window_may_move_with_every_page_and_goes_on_inside_one_instant() -> None:
    paging = SearchWindow(PageNumber(most=2), ("at",), InParam("since"), cap=100, size=2, restart=1)
    asked: list[tuple[str | None, str | None]] = []
    found: list[Row] = [{"id": n, "at": at} for n, at in enumerate([1, 2, 3, 3, 3, 3, 4])]
    answer = search(found, 100)

    def recorded(request: Request) -> Response:
        asked.append((request.param("since"), request.param("page")))
        return answer(request)  # type: ignore[no-any-return]

    seen = {row["id"] for records in walk(paging, recorded) for row in records}
    assert seen == set(range(7))
    assert asked == [(None, "1"), ("2", "1"), ("3", "1"), ("3", "2"), ("3", "3")]


@given(
    start=st.dictionaries(st.integers(1, 20), st.integers(0, 5), max_size=20),
    between=st.lists(st.lists(st.integers(1, 20), max_size=3), max_size=10),
)
def test_rows_that_change_between_the_pages_hide_no_others(start: dict[int, int], between: list[list[int]]) -> None:
    """An offset inside of the window would skip rows when one before it moves to the end."""
    paging = SearchWindow(PageNumber(most=30), ("at",), InParam("since"), cap=300, size=30, restart=1)
    table = Table(dict(start), clock=6)
    seen: set[int] = set()
    request: Request | None = paging.first(LIST)
    moves = iter(between)
    while request is not None:
        rows = table.since(int(request.param("since") or 0))
        size, at = 30, int(request.param("page") or 1) - 1
        page_, records = page_of(paging, request, answered({"items": rows[at * size : (at + 1) * size]}))
        seen |= {row["id"] for row in records}
        request = paging.next(request, page_)
        for id_ in next(moves, []):
            table.clock += 1
            table.touch(id_)
    assert {id_ for id_, at in table.rows.items() if at < 6} <= seen
