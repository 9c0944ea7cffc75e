from __future__ import annotations

from typing import Any

import pytest

from avesa.connector.json_template import graphql
from avesa.connector.paging import Cursor, CursorExpired, Either, End, Expired, Header, Page
from avesa.connector.request import Request, Response
from avesa.shared.errors import TableFailed
from paged_vendors import LIST, QUERY, answered

SLACK = Cursor(
    at="response_metadata.next_cursor",
    param="cursor",
    most=200,
    expired=(Expired(at="error", codes=("invalid_cursor",)),),
)
JIRA = Cursor(
    at="nextPageToken", param="nextPageToken", size="maxResults", end=End(last="isLast", short=False, empty=False)
)


def page(told: Any, records: int = 1, **headers: str) -> Page:
    return Page(answered(told, **headers), records)


def follow(paging: Cursor, told: Any, records: int = 1, request: Request = LIST) -> Request | None:
    return paging.next(paging.first(request), page(told, records))


def test_the_next_request_is_the_same_with_the_token() -> None:
    following = follow(SLACK, {"response_metadata": {"next_cursor": "dXNlcjpVMDYxTkZUVDI="}})
    assert following == LIST.with_params(("limit", "200"), ("cursor", "dXNlcjpVMDYxTkZUVDI="))


@pytest.mark.parametrize("told", [{"response_metadata": {"next_cursor": ""}}, {"response_metadata": None}, {}])
def test_an_empty_or_missing_token_is_the_end(told: Any) -> None:
    assert follow(SLACK, told, 200) is None


@pytest.mark.parametrize(
    ("told", "following"),
    [
        ({"metadata": {"next": "a"}}, "a"),
        ({"response": {"metadata": {"next": "b"}}}, "b"),
        ({"metadata": {"next": None}, "response": {"metadata": {"next": "b"}}}, "b"),
        ({"metadata": {"next": "a"}, "response": {"metadata": {"next": "b"}}}, "a"),
        ({"metadata": {"next": ""}, "response": {"metadata": {}}}, None),
    ],
)
def test_a_token_may_stand_at_one_place_or_another(told: Any, following: str | None) -> None:
    paging = Cursor(at=Either(("metadata.next", "response.metadata.next")), param="offset")
    found = follow(paging, told)
    assert (found and found.param("offset")) == following


def test_an_empty_page_with_a_token_is_not_the_end() -> None:
    assert follow(SLACK, {"response_metadata": {"next_cursor": "x"}}, 0) is not None


def test_a_flag_ends_the_list_whatever_token_there_is() -> None:
    assert follow(JIRA, {"isLast": True, "nextPageToken": "x"}) is None
    assert follow(JIRA, {"nextPageToken": "x"}) is not None
    assert follow(JIRA, {"isLast": False, "nextPageToken": "x"}) is not None


def test_pages_that_are_promised_and_not_named_fail() -> None:
    with pytest.raises(TableFailed, match="names none"):
        follow(JIRA, {"isLast": False})


def test_the_same_token_again_fails() -> None:
    second = follow(SLACK, {"response_metadata": {"next_cursor": "x"}})
    assert second is not None
    with pytest.raises(TableFailed, match="the same cursor again"):
        SLACK.next(second, page({"response_metadata": {"next_cursor": "x"}}, 0))


@pytest.mark.parametrize("token", [{"a": 1}, True, 1.5, "x" * 40_000, "a\r\nX-Evil: 1"])
def test_what_can_be_no_token_fails_and_is_not_quoted(token: Any) -> None:
    with pytest.raises(TableFailed) as caught:
        follow(SLACK, {"response_metadata": {"next_cursor": token}})
    assert "Evil" not in str(caught.value) and "xxx" not in str(caught.value)


def test_a_number_is_a_token_and_a_list_is_joined() -> None:
    duo = Cursor(at="metadata.next_offset", param="offset", most=300)
    following = follow(duo, {"metadata": {"next_offset": 300}})
    assert following is not None and following.param("offset") == "300"
    assert follow(duo, {"metadata": {"next_offset": None}}) is None
    logs = Cursor(at="response.metadata.next_offset", param="next_offset")
    following = follow(logs, {"response": {"metadata": {"next_offset": ["1532951895000", "af0ba235"]}}})
    assert following is not None and following.param("next_offset") == "1532951895000,af0ba235"


def test_a_token_in_a_body_stands_at_its_path() -> None:
    search = Cursor(at="paging.next.after", param="after", into="body", most=200)
    following = follow(search, {"paging": {"next": {"after": "200"}}}, request=QUERY)
    assert following is not None and following.body == '{"filter":"all","limit":200,"after":"200"}'


def test_a_token_may_come_and_go_in_headers() -> None:
    paging = Cursor(Header("X-Next-Page"), "X-Page", into="header", size=None)
    following = paging.next(paging.first(LIST), page({}, 1, x_next_page="b"))
    assert following == LIST.with_headers(("X-Page", "b"))
    assert paging.next(following, page({}, 1, x_next_page="")) is None


def test_a_list_in_a_header_goes_into_a_body_as_a_list() -> None:
    """As JumpCloud's events, which end with a page that is not full."""
    paging = Cursor(Header("X-Search_after"), "search_after", into="body", most=2, parsed=True, end=End(empty=False))

    def told(token: str, records: int = 2) -> Page:
        return Page(Response(200, {"x-search_after": token}, b"[]", LIST.url), records)

    following = paging.next(paging.first(QUERY), told('[1576181718000, "DZrPyW"]'))
    assert following is not None
    assert following.body == '{"filter":"all","limit":2,"search_after":[1576181718000,"DZrPyW"]}'
    assert paging.next(following, told('[1576181719000,"x"]', 1)) is None
    with pytest.raises(TableFailed, match="no search_after"):
        paging.next(following, told("[1"))
    with pytest.raises(TableFailed, match="same search_after again"):
        paging.next(following, told('[1576181718000,  "DZrPyW"]'))


def test_parameters_that_may_not_go_along_with_a_token_are_left_out() -> None:
    paging = Cursor("info.next_page_token", "page_token", size="per_page", keep=("per_page",))
    following = follow(paging, {"info": {"next_page_token": "x"}})
    assert following is not None and following.params == (("per_page", "100"), ("page_token", "x"))


def test_the_token_of_the_first_page_can_be_declared() -> None:
    paging = Cursor("next", "cursor", start="0")
    assert paging.first(LIST).param("cursor") == "0"
    following = follow(paging, {"next": "5"})
    assert following is not None and following.param("cursor") == "5"


def test_later_pages_may_be_another_query_with_its_token_elsewhere() -> None:
    """As monday: a board's items begin inside of it and go on at the root."""
    paging = Cursor(
        at="data.boards.0.items_page.cursor",
        later="data.next_items_page.cursor",
        param="variables.cursor",
        into="body",
        size="variables.limit",
        most=500,
        body=graphql("query ($cursor: String!, $limit: Int!) { next_items_page (cursor: $cursor) { cursor } }"),
    )
    following = follow(paging, {"data": {"boards": [{"items_page": {"cursor": "a"}}]}}, request=QUERY)
    assert following is not None and following.body is not None
    assert '"variables":{"limit":500,"cursor":"a"}' in following.body and "next_items_page" in following.body
    third = paging.next(following, page({"data": {"next_items_page": {"cursor": "b"}}}))
    assert third is not None and third.value("body", "variables.cursor") == "b"
    assert paging.next(third, page({"data": {"next_items_page": {"cursor": None}}})) is None


def test_an_expired_cursor_is_known_by_its_status_its_code_or_both() -> None:
    def answer(status: int, body: bytes) -> Response:
        return Response(status, {}, body, LIST.url)

    both = Expired(400, at="*.errorCode", codes=("INVALID_QUERY_LOCATOR",))
    assert both.matches(answer(400, b'[{"errorCode":"INVALID_QUERY_LOCATOR"}]'))
    assert not both.matches(answer(400, b'[{"errorCode":"MALFORMED_QUERY"}]'))
    assert not both.matches(answer(500, b'[{"errorCode":"INVALID_QUERY_LOCATOR"}]'))
    assert Expired(410).matches(answer(410, b"gone"))
    assert SLACK.expired[0].matches(answer(200, b'{"ok":false,"error":"invalid_cursor"}'))
    assert not SLACK.expired[0].matches(answer(200, b'{"ok":true}'))
    with pytest.raises(ValueError, match="known by"):
        Expired()


WALK = Cursor(at="cursor.name", param="cursor", size="size", most=2, reached="cursor.offset", end=End())


def named(offset: object, records: int = 2) -> Page:
    return page({"cursor": {"name": "walk", "offset": offset}}, records)


def test_a_token_that_names_the_walk_stays_the_same_and_the_vendor_moves_on() -> None:
    request = WALK.first(LIST)
    for offset in (0, 2, 4):
        request = WALK.next(request, named(offset)) or pytest.fail("the list is not over")
        assert request.param("cursor") == "walk"
    assert WALK.next(request, named(6, records=1)) is None


def test_a_walk_that_went_on_without_a_page_is_lost() -> None:
    request = WALK.next(WALK.first(LIST), named(0))
    assert request is not None
    with pytest.raises(CursorExpired):
        WALK.next(request, named(4))


def test_an_offset_that_makes_no_sense_on_the_first_page_proves_nothing_later() -> None:
    request = WALK.next(WALK.first(LIST), named(77))
    assert request is not None
    assert WALK.next(request, named(78)) is not None
