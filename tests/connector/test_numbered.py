from __future__ import annotations

import pytest

from avesa.connector.paging import End, Header, Offset, Page, PageNumber
from avesa.connector.request import Response
from avesa.shared.errors import TableFailed
from paged_vendors import LIST, QUERY, answered


def page(records: int, told: object = None, **headers: str) -> Page:
    return Page(answered(told if told is not None else {}, **headers), records)


HALO = PageNumber(
    page="page_no",
    size="page_size",
    most=100,
    order=(("pageinate", "true"),),
    end=End(total="record_count", size="page_size", short=False),
)
SERVICENOW = Offset(
    offset="sysparm_offset",
    size="sysparm_limit",
    most=100,
    by="limit",
    end=End(total=Header("X-Total-Count"), link=True, short=False, empty=False),
)


def test_a_total_is_compared_with_what_came_and_not_with_what_was_asked_for() -> None:
    first = HALO.first(LIST)
    second = HALO.next(first, page(50, {"record_count": 120, "page_size": 50}))
    assert second is not None and second.param("page_no") == "2"
    third = HALO.next(second, page(50, {"record_count": 120, "page_size": 50}))
    assert third is not None
    assert HALO.next(third, page(20, {"record_count": 120, "page_size": 50})) is None


def test_a_list_that_shrinks_meanwhile_ends_with_an_empty_page() -> None:
    assert HALO.next(HALO.first(LIST), page(0, {"record_count": 120})) is None


def test_a_total_that_is_no_number_is_none() -> None:
    first = HALO.first(LIST)
    for told in ("many", True, -1, None, [3], "9" * 40):
        assert HALO.next(first, page(50, {"record_count": told})) is not None


def test_pages_can_be_counted_from_zero_and_told_in_the_body() -> None:
    paging = PageNumber(page="page", size="size", start=0, most=2, end=End(pages="page.totalPages"))
    first = paging.first(LIST)
    assert first.param("page") == "0"
    second = paging.next(first, page(2, {"page": {"totalPages": 2}}))
    assert second is not None and second.param("page") == "1"
    assert paging.next(second, page(2, {"page": {"totalPages": 2}})) is None


def test_a_list_with_a_flag_goes_on_as_long_as_it_is_true() -> None:
    paging = PageNumber(most=2, end=End(more="listInfo.hasMore"))
    first = paging.first(LIST)
    assert paging.next(first, page(1, {"listInfo": {"hasMore": True}})) is not None
    for told in (False, None):
        assert paging.next(first, page(2, {"listInfo": {"hasMore": told}})) is None
    assert paging.next(first, page(2, {"listInfo": {}})) is not None, "nothing told: a full page is not the last"
    assert paging.next(first, page(1, {"listInfo": {}})) is None


def test_a_flag_for_the_last_page_ends_the_list() -> None:
    paging = Offset(offset="startAt", size="maxResults", most=2, end=End(last="isLast", total="total"))
    first = paging.first(LIST)
    assert paging.next(first, page(2, {"isLast": True, "total": 9})) is None
    following = paging.next(first, page(1, {"isLast": False}))
    assert following is not None and following.param("startAt") == "1", "moved by what came, not by the limit"


def test_a_page_size_that_the_vendor_took_counts_instead_of_the_one_asked_for() -> None:
    paging = Offset(most=100, end=End(size="maxResults"))
    assert paging.next(paging.first(LIST), page(50, {"maxResults": 50})) is not None
    assert paging.next(paging.first(LIST), page(49, {"maxResults": 50})) is None


def test_a_page_that_access_rules_have_emptied_is_not_the_end() -> None:
    first = SERVICENOW.first(LIST)
    second = SERVICENOW.next(first, page(0, x_total_count="250"))
    assert second is not None and second.param("sysparm_offset") == "100"
    third = SERVICENOW.next(second, page(7, x_total_count="250"))
    assert third is not None and third.param("sysparm_offset") == "200"
    assert SERVICENOW.next(third, page(0, x_total_count="250")) is None


def test_without_any_sign_an_empty_page_ends_even_such_a_list() -> None:
    assert SERVICENOW.next(SERVICENOW.first(LIST), page(0)) is None


def test_a_link_header_without_a_next_page_ends_an_offset_list() -> None:
    prev = '<https://v.example/x?sysparm_offset=-1>; rel="prev"'
    assert SERVICENOW.next(SERVICENOW.first(LIST), page(3, x_total_count="900", link=prev)) is None


def test_offsets_up_to_the_total_are_known_ahead() -> None:
    ahead = SERVICENOW.ahead(SERVICENOW.first(LIST), page(3, x_total_count="350"), 9)
    assert [request.param("sysparm_offset") for request in ahead] == ["100", "200", "300"]
    assert SERVICENOW.ahead(SERVICENOW.first(LIST), page(3), 9) == ()


def test_rows_that_are_promised_and_do_not_come_fail() -> None:
    paging = Offset(end=End(more="more", empty=False))
    with pytest.raises(TableFailed, match="sends none"):
        paging.next(paging.first(LIST), page(0, {"more": True}))


def test_a_number_in_a_body_stays_a_number_and_the_rest_of_the_body_stays() -> None:
    paging = PageNumber(page="page", size="per_page", most=100, into="body")
    following = paging.next(paging.first(QUERY), page(100))
    assert following is not None
    assert following.body == '{"filter":"all","per_page":100,"page":2}'
    assert following.params == ()


def test_an_offset_can_end_a_query_text() -> None:
    paging = Offset("query", None, most=2, start=1, statement=" STARTPOSITION {offset} MAXRESULTS {limit}")
    asked = LIST.with_params(("query", "select * from Item"))
    first = paging.first(asked)
    assert first.param("query") == "select * from Item STARTPOSITION 1 MAXRESULTS 2"
    following = paging.next(first, page(2))
    assert following is not None and following.param("query") == "select * from Item STARTPOSITION 3 MAXRESULTS 2"
    assert paging.next(following, page(0)) is None
    assert paging.probe(asked).param("query") == "select * from Item STARTPOSITION 1 MAXRESULTS 1"


def test_what_is_no_json_tells_nothing() -> None:
    broken = Page(Response(200, {}, b"<html>", LIST.url), 100)
    assert HALO.next(HALO.first(LIST), broken) is not None
