from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avesa.connector.paging import ForwardOnly, Page, PageNumber, RepeatGuard, SinglePage, query_value, read_links
from avesa.connector.request import Request, Response
from avesa.shared.errors import TableFailed

LIST = Request("GET", "https://v.example/list", (("conditions", "a>=[b]"),))
NUMBERED = PageNumber(most=2, order=(("orderBy", "id asc"),))
FORWARD = ForwardOnly(most=2, headers=(("pagination-type", "forward-only"),))


def page(records: int, link: str = "", **last: object) -> Page:
    return Page(Response(200, {"link": link} if link else {}, b"", "https://v.example/list"), records, dict(last))


def link(rel: str, query: str) -> str:
    return f'<https://evil.example/steal?{query}>; rel="{rel}"'


def test_the_first_numbered_page_asks_for_the_largest_size_in_a_stable_order() -> None:
    assert NUMBERED.first(LIST).params == (
        ("conditions", "a>=[b]"),
        ("orderBy", "id asc"),
        ("pageSize", "2"),
        ("page", "1"),
    )


def test_a_numbered_list_ends_where_no_next_page_is_named() -> None:
    first = NUMBERED.first(LIST)
    assert NUMBERED.next(first, page(2, link("last", "page=1"))) is None


def test_a_numbered_list_without_links_ends_with_a_page_that_is_not_full() -> None:
    first = NUMBERED.first(LIST)
    assert NUMBERED.next(first, page(1)) is None
    following = NUMBERED.next(first, page(2))
    assert following is not None and following.param("page") == "2"


def test_a_short_page_that_names_a_next_one_is_not_the_last() -> None:
    assert NUMBERED.next(NUMBERED.first(LIST), page(1, link("next", "page=2"))) is not None


def test_an_empty_page_ends_any_list() -> None:
    assert NUMBERED.next(NUMBERED.first(LIST), page(0, link("next", "page=2"))) is None
    assert FORWARD.next(FORWARD.first(LIST), page(0, link("next", "pageId=2"))) is None


def test_pages_up_to_the_last_are_known_ahead() -> None:
    links = link("next", "page=2") + ", " + link("last", "page=9")
    ahead = NUMBERED.ahead(NUMBERED.first(LIST), page(2, links), 3)
    assert [request.param("page") for request in ahead] == ["2", "3", "4"]
    assert ahead[0] == NUMBERED.next(NUMBERED.first(LIST), page(2, links))


def test_a_forward_only_list_takes_the_next_id_and_nothing_else_from_the_link() -> None:
    first = FORWARD.first(LIST)
    following = FORWARD.next(first, page(2, link("next", "pageId=17&conditions=other")))
    assert following is not None
    assert following.url == LIST.url
    assert following.headers == (("pagination-type", "forward-only"),)
    assert following.params == (("conditions", "a>=[b]"), ("pageSize", "2"), ("pageId", "17"))


@pytest.mark.parametrize("last", [40, "40"])
def test_a_full_page_without_a_link_is_followed_from_its_last_id(last: object) -> None:
    following = FORWARD.next(FORWARD.first(LIST), page(2, id=last))
    assert following is not None and following.param("pageId") == "40"
    assert FORWARD.next(FORWARD.first(LIST), page(1, id=last)) is None


@pytest.mark.parametrize("last", [{}, {"id": None}, {"id": True}, {"id": "x"}, {"id": -1}, {"id": int("9" * 400)}])
def test_a_last_row_without_an_id_that_can_be_followed_fails(last: dict[str, object]) -> None:
    with pytest.raises(TableFailed, match="without a number as its pageId"):
        FORWARD.next(FORWARD.first(LIST), page(2, **last))


@pytest.mark.parametrize("query", ["pageId=5", "pageId=4", "pageId=x", "other=9", f"pageId={'9' * 5000}"])
def test_an_id_that_does_not_increase_or_is_missing_fails(query: str) -> None:
    at = FORWARD.first(LIST).with_params(("pageId", "5"))
    with pytest.raises(TableFailed, match="pageId"):
        FORWARD.next(at, page(2, link("next", query)))


def test_a_probe_asks_for_one_record() -> None:
    assert NUMBERED.probe(LIST).param("pageSize") == FORWARD.probe(LIST).param("pageSize") == "1"


def test_a_single_page_has_no_next() -> None:
    assert SinglePage().next(SinglePage().first(LIST), page(9)) is None


def test_links_are_read_whatever_their_order_quotes_and_spaces() -> None:
    header = '<http://a/?x=1,2;3>;title="a, b"; rel=next , <http://b>; rel="last first"'
    assert read_links(header) == {"next": "http://a/?x=1,2;3", "last": "http://b", "first": "http://b"}
    assert read_links("nonsense") == {}
    assert query_value("http://a/?PageId=7%20", "pageId") == "7 "


@pytest.mark.parametrize("piece", ["<", "<a>;", "<a>; a=b;", '<a>; a="', "<a> "])
def test_a_header_of_nothing_but_beginnings_is_read_at_once(piece: str) -> None:
    began = time.process_time()
    read_links(piece * (60_000 // len(piece)))
    assert time.process_time() - began < 2


@given(start=st.integers(0, 40), cycle=st.integers(1, 40))
def test_pages_that_fall_into_a_cycle_are_always_found(start: int, cycle: int) -> None:
    guard = RepeatGuard()
    pages = itertools.chain(range(start), itertools.cycle(range(1000, 1000 + cycle)))
    with pytest.raises(TableFailed, match="same page again"):
        for number in itertools.islice(pages, 4 * (start + cycle) + 4):
            guard.check(str(number), 1)


@given(st.integers(1, 300))
def test_pages_that_differ_are_never_taken_for_repeats(count: int) -> None:
    guard = RepeatGuard()
    for number in range(count):
        guard.check(str(number), 1)
        guard.check("empty", 0)
