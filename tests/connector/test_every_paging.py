"""The laws of every kind of paging: whatever the list and the size of its pages, each record comes once, and a pull
that stops behind any page and goes on from the JSON of its checkpoint reads the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avesa.connector.paging import (
    Cursor,
    End,
    ExportJob,
    ForwardOnly,
    Header,
    IdsThenRecords,
    InParam,
    InTurn,
    Keyset,
    Link,
    NextUrl,
    Offset,
    OrElse,
    Page,
    PageNumber,
    Paging,
    SearchWindow,
    SinglePage,
    Values,
)
from avesa.connector.request import Request, Response
from paged_vendors import LIST, QUERY, Answer, Row, answered, by_cursor, by_number, by_offset, ids, page_of, rows, walk

Kind = Callable[[list[Row], int], tuple[Paging, Answer, Request]]


def single(found: list[Row], size: int) -> tuple[Paging, Answer, Request]:
    return SinglePage(), lambda request: answered({"items": found}), LIST


def numbered(found: list[Row], size: int) -> tuple[Paging, Answer, Request]:
    return PageNumber(most=size), lambda request: by_number(found, request), LIST


def numbered_with_total(found: list[Row], size: int) -> tuple[Paging, Answer, Request]:
    """The vendor takes at most three rows a page, whatever it is asked for."""
    paging = PageNumber(most=size, end=End(total="total", short=False))

    def answer(request: Request) -> Response:
        page = int(request.param("page") or 1)
        most = min(size, 3)
        return answered({"items": found[(page - 1) * most : page * most], "total": len(found)})

    return paging, answer, LIST


def numbered_in_body(found: list[Row], size: int) -> tuple[Paging, Answer, Request]:
    end = End(pages="info.pages", short=False)
    paging = PageNumber(page="info.page", size="info.size", most=size, start=0, into="body", end=end)

    def answer(request: Request) -> Response:
        asked = json.loads(request.body or "")
        assert asked["filter"] == "all"
        at = asked["info"]["page"] * asked["info"]["size"]
        return answered({"items": found[at : at + size], "info": {"pages": -(-len(found) // size)}})

    return paging, answer, QUERY


def offset(found: list[Row], size: int) -> tuple[Paging, Answer, Request]:
    return Offset(most=size), lambda request: by_offset(found, request), LIST


def offset_with_total(found: list[Row], size: int) -> tuple[Paging, Answer, Request]:
    paging = Offset(most=size, start=1, end=End(total="total"))
    return paging, lambda request: by_offset(found, request, start=1, total=True), LIST


def offset_before_access_rules(found: list[Row], size: int) -> tuple[Paging, Answer, Request]:
    """Every row has two neighbours that may not be seen and still count."""
    paging = Offset(most=size, by="limit", end=End(total=Header("x-total-count"), short=False, empty=False))
    hidden: list[Row | None] = [row for seen in found for row in (None, None, seen)]

    def answer(request: Request) -> Response:
        at = int(request.param("offset") or 0)
        visible = [row for row in hidden[at : at + size] if row is not None]
        return answered({"items": visible}, x_total_count=str(len(hidden)))

    return paging, answer, LIST


def offset_in_a_statement(found: list[Row], size: int) -> tuple[Paging, Answer, Request]:
    statement = " STARTPOSITION {offset} MAXRESULTS {limit}"
    paging = Offset(offset="query", size=None, most=size, start=1, statement=statement)

    def answer(request: Request) -> Response:
        *text, _, at, _, limit = (request.param("query") or "").split()
        assert text == ["select", "*", "from", "Invoice"]
        return answered({"items": found[int(at) - 1 : int(at) - 1 + int(limit)]})

    return paging, answer, LIST.with_params(("query", "select * from Invoice"))


def cursor(found: list[Row], size: int) -> tuple[Paging, Answer, Request]:
    return Cursor("next", "cursor", most=size), lambda r: by_cursor(found, r, size, r.param("cursor")), LIST


def cursor_in_body(found: list[Row], size: int) -> tuple[Paging, Answer, Request]:
    paging = Cursor("next", "variables.cursor", into="body", size="variables.limit", most=size)
    return paging, lambda r: by_cursor(found, r, size, r.value("body", "variables.cursor")), QUERY


def cursor_in_header(found: list[Row], size: int) -> tuple[Paging, Answer, Request]:
    paging = Cursor(Header("X-Next"), "X-Cursor", into="header", most=size)

    def answer(request: Request) -> Response:
        told = json.loads(by_cursor(found, request, size, request.value("header", "x-cursor")).body)
        return answered({"items": told["items"]}, x_next=told["next"])

    return paging, answer, LIST


def in_turn(found: list[Row], size: int) -> tuple[Paging, Answer, Request]:
    """Each third is asked for by another value; the middle one is empty."""
    half = len(found) // 2
    parts = {"a": found[:half], "b": [], "c": found[half:]}
    paging = InTurn(Cursor("next", "cursor", most=size), "state", ("a", "b", "c"))

    def answer(request: Request) -> Response:
        assert request.param("filter") == "all"
        return by_cursor(parts[request.param("state") or ""], request, size, request.param("cursor"))

    return paging, answer, LIST


def link_header(found: list[Row], size: int) -> tuple[Paging, Answer, Request]:
    paging = NextUrl(at=Link(), take=("after",), size="limit", most=size)

    def answer(request: Request) -> Response:
        told = json.loads(by_cursor(found, request, size, request.param("after")).body)
        link = f'<https://v.example/other?after={told["next"]}>; rel="next"' if told["next"] else ""
        return answered({"items": told["items"]}, link=link)

    return paging, answer, LIST


def next_url(found: list[Row], size: int) -> tuple[Paging, Answer, Request]:
    """As Autotask: the same body is sent to another path."""
    paging = NextUrl(at="next", path="/list", size="size", most=size, into="body")

    def answer(request: Request) -> Response:
        asked = json.loads(request.body or "")
        assert asked == {"filter": "all", "size": asked["size"]}
        told = json.loads(by_cursor(found, request, size, request.param("paging")).body)
        url = f"https://elsewhere.example/x/list/next?paging={told['next']}" if told["next"] else None
        return answered({"items": told["items"], "next": url})

    return paging, answer, QUERY


def forward_only(found: list[Row], size: int) -> tuple[Paging, Answer, Request]:
    paging = ForwardOnly(most=size)

    def answer(request: Request) -> Response:
        behind = [row for row in found if row["id"] > int(request.param("pageId") or 0)]
        return answered({"items": behind[:size]})

    return paging, answer, LIST


def keyset_by_id(found: list[Row], size: int) -> tuple[Paging, Answer, Request]:
    paging = Keyset(("id",), InParam("starting_after"), most=size, end=End(more="more"))

    def answer(request: Request) -> Response:
        behind = [row for row in found if row["id"] > int(request.param("starting_after") or 0)]
        return answered({"items": behind[:size], "more": len(behind) > size})

    return paging, answer, LIST


def behind_both(request: Request, values: Values) -> Request:
    return request.with_params(("at", values[0]), ("id", str(values[1])))


def keyset_behind_access_rules(found: list[Row], size: int) -> tuple[Paging, Answer, Request]:
    """As ServiceNow: two rows of three may not be seen, so whole pages are empty."""
    end = End(total=Header("x-total-count"), short=False, empty=False)
    paging = Keyset(("at", "id"), behind_both, most=size, offset="offset", end=end)
    hidden = [{**row, "id": row["id"] * 3 - before, "seen": not before} for row in found for before in (2, 1, 0)]

    def answer(request: Request) -> Response:
        last = (request.param("at") or "", int(request.param("id") or 0))
        behind = sorted((r for r in hidden if (r["at"], r["id"]) > last), key=lambda r: (r["at"], r["id"]))
        at = int(request.param("offset") or 0)
        visible = [row for row in behind[at : at + size] if row["seen"]]
        return answered({"items": visible}, x_total_count=str(len(behind)))

    return paging, answer, LIST


def search_window(found: list[Row], size: int) -> tuple[Paging, Answer, Request]:
    """The search stops behind two pages, as if that were all."""
    inner = Cursor("next", "after", into="body", most=size)

    def behind(request: Request, values: Values) -> Request:
        return request.with_value("body", "id_over", values[0])

    def answer(request: Request) -> Response:
        asked = json.loads(request.body or "")
        matching = [row for row in found if row["id"] > asked.get("id_over", 0)][: 2 * size]
        at = int(asked.get("after", 0))
        following = str(at + size) if at + size < len(matching) else None
        return answered({"items": matching[at : at + size], "next": following})

    return SearchWindow(inner, ("id",), behind, cap=2 * size, size=size), answer, QUERY


def export_job(found: list[Row], size: int) -> tuple[Paging, Answer, Request]:
    paging = ExportJob(
        order="/list",
        job="id",
        poll="/jobs/{job}",
        state="state",
        ready=("done",),
        result="/jobs/{job}/rows",
        pages=PageNumber(most=size),
    )
    polls = iter(range(1000))

    def answer(request: Request) -> Response:
        path = request.url.removeprefix("https://v.example/api")
        if request.method == "POST":
            assert path == "/list"
            return answered({"id": "j/7"})
        if path == "/jobs/j%2F7":
            return answered({"state": "done" if next(polls) >= 2 else "working"})
        assert path == "/jobs/j%2F7/rows"
        return by_number(found, request)

    return paging, answer, QUERY


def ids_then_records(found: list[Row], size: int) -> tuple[Paging, Answer, Request]:
    paging = IdsThenRecords(
        Offset(most=size, end=End(total="total")), ids="ids", listed="/list", path="/records", batch=3
    )
    by_id = {row["id"]: row for row in found}

    def answer(request: Request) -> Response:
        if request.url.endswith("/list"):
            at = int(request.param("offset") or 0)
            return answered({"ids": [row["id"] for row in found[at : at + size]], "total": len(found)})
        asked = json.loads(request.body or "")["ids"]
        assert (request.method, request.params, len(asked) <= 3) == ("POST", (), True)
        return answered({"items": [by_id[id_] for id_ in asked]})

    return paging, answer, LIST


KINDS: list[Kind] = [
    single,
    numbered,
    numbered_with_total,
    numbered_in_body,
    offset,
    offset_with_total,
    offset_before_access_rules,
    offset_in_a_statement,
    cursor,
    cursor_in_body,
    cursor_in_header,
    in_turn,
    link_header,
    next_url,
    forward_only,
    keyset_by_id,
    keyset_behind_access_rules,
    search_window,
    export_job,
    ids_then_records,
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@given(count=st.integers(0, 40), size=st.integers(1, 9))
def test_each_record_comes_once_though_every_page_is_read_by_another_process(kind: Kind, count: int, size: int) -> None:
    paging, answer, request = kind(rows(count), size)
    expected = [3 * n for n in range(1, count + 1)] if kind is keyset_behind_access_rules else list(range(1, count + 1))
    assert ids(walk(paging, answer, request)) == expected


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_checkpoint_says_all_that_the_next_request_needs(kind: Kind) -> None:
    """The same pages, once with the requests as they are and once with those read back from their JSON."""
    paging, answer, request = kind(rows(20), 4)
    asked: list[Request] = []

    def recorded(one: Request) -> Response:
        asked.append(one)
        return answer(one)

    list(walk(paging, recorded, request))
    for one in asked:
        assert Request.from_json(one.to_json()) == one
    assert len(asked) == len(set(asked))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_probe_is_no_larger_than_a_first_page(kind: Kind) -> None:
    paging, answer, request = kind(rows(20), 4)
    probed, first = answer(paging.probe(request)), answer(paging.first(request))
    assert len(probed.body) <= len(first.body)
    assert paging.probe(request).has_records == paging.first(request).has_records


def test_rows_shift_where_a_token_or_an_address_is_a_number_too() -> None:
    assert Cursor("next_offset", "offset", numbered=True).shifts(LIST)
    assert NextUrl(Link(), numbered=True).shifts(LIST)
    by_either = OrElse(NextUrl(Link(), most=2), PageNumber(most=2), most=2)
    first = by_either.first(LIST)
    other = by_either.next(first, Page(answered({}), 2))
    assert other is not None
    assert (by_either.shifts(first), by_either.shifts(other)) == (False, True)


COUNTED = {
    numbered,
    numbered_with_total,
    numbered_in_body,
    offset,
    offset_with_total,
    offset_before_access_rules,
    offset_in_a_statement,
}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_rows_shift_where_pages_are_counted_and_nowhere_else(kind: Kind) -> None:
    """Of ids and their records, those of the ids; what wraps another paging is as that one."""
    paging, answer, request = kind(rows(20), 4)
    following: Request | None = paging.first(request)
    while following is not None:
        of_ids = kind is ids_then_records and not following.has_records
        assert paging.shifts(following) == (kind in COUNTED or of_ids)
        for wrapping in (InTurn(paging, "kind", (None,)), SearchWindow(paging, ("id",), behind_both, 9, 3)):
            assert wrapping.shifts(wrapping.first(request)) == paging.shifts(paging.first(request))
        page, _ = page_of(paging, following, answer(following))
        following = paging.next(following, page)


@pytest.mark.parametrize("kind", [numbered_with_total, numbered_in_body, offset_with_total], ids=lambda k: k.__name__)
@given(count=st.integers(1, 40), size=st.integers(1, 3))
def test_what_is_known_ahead_is_what_follows(kind: Kind, count: int, size: int) -> None:
    paging, answer, request = kind(rows(count), size)
    following: Request | None = paging.first(request)
    foreseen: tuple[Request, ...] = ()
    while following is not None:
        assert not foreseen or foreseen[0] == following
        page, _ = page_of(paging, following, answer(following))
        foreseen = paging.ahead(following, page, 3)
        following = paging.next(following, page)
        assert (not foreseen) == (following is None)


def test_a_first_page_that_is_full_and_says_nothing_is_asked_for_the_other_way() -> None:
    paging = OrElse(NextUrl(Link(), size="pageSize", most=2, start=(("cursor", "0"),)), PageNumber(most=2), most=2)
    first = paging.first(LIST)
    assert paging.next(first, Page(answered({}), 1)) is None
    second = paging.next(first, Page(answered({}), 2))
    assert second is not None and (second.param("page"), second.param("cursor")) == ("1", None)
    third = paging.next(Request.from_json(second.to_json()), Page(answered({}), 2))
    assert third is not None and third.param("page") == "2"
    assert paging.next(third, Page(answered({}), 1)) is None


def test_a_part_that_is_over_early_is_no_end_of_the_others() -> None:
    paging = InTurn(Cursor("next", "cursor", most=2), "state", ("a", "b"))
    first = paging.first(LIST)
    second = paging.next(first, Page(answered({"next": "x"}), 2))
    assert second is not None and (second.param("state"), second.param("cursor")) == ("a", "x")
    other = paging.skip(second)
    assert other is not None and (other.param("state"), other.param("cursor")) == ("b", None)
    assert paging.skip(other) is None
