from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avesa.connector.paging import End, Header, InFilter, InParam, Keyset, Page, Values
from avesa.connector.request import Request
from avesa.shared.errors import TableFailed
from paged_vendors import LIST, QUERY, Table, answered, page_of

STRIPE = Keyset(("id",), InParam("starting_after"), most=100, end=End(more="has_more"))
SERVICENOW = Keyset(
    ("sys_updated_on", "sys_id"),
    InFilter("sysparm_query", "sys_updated_on>{0}^NQsys_updated_on={0}^sys_id>{1}^ORDERBYsys_updated_on^ORDERBYsys_id"),
    size="sysparm_limit",
    most=2,
    offset="sysparm_offset",
    end=End(total=Header("X-Total-Count"), short=False, empty=False),
)


def page(last: dict[Any, Any], told: Any = None, records: int = 1, **headers: str) -> Page:
    return Page(answered(told or {}, **headers), records, last)


def test_the_next_page_begins_behind_the_last_record() -> None:
    second = STRIPE.next(STRIPE.first(LIST), page({"id": "cus_1"}, {"has_more": True}))
    assert second is not None and second.param("starting_after") == "cus_1"
    third = STRIPE.next(second, page({"id": "cus_2"}, {"has_more": True}))
    assert third is not None and third.params == (("filter", "all"), ("starting_after", "cus_2"), ("limit", "100"))
    assert STRIPE.next(third, page({"id": "cus_3"}, {"has_more": False}, records=100)) is None


def test_time_and_id_together_lead_on_where_many_rows_share_one_time() -> None:
    second = SERVICENOW.next(
        SERVICENOW.first(LIST), page({"sys_updated_on": "2024-01-31 00:00:00", "sys_id": "ab"}, x_total_count="5")
    )
    assert second is not None
    assert second.param("sysparm_query") == (
        "sys_updated_on>2024-01-31 00:00:00^NQsys_updated_on=2024-01-31 00:00:00^sys_id>ab"
        "^ORDERBYsys_updated_on^ORDERBYsys_id"
    )
    assert SERVICENOW.next(second, page({}, x_total_count="2", records=0)) is None


def test_an_empty_page_in_the_middle_is_stepped_over_and_the_steps_begin_anew_behind_a_record() -> None:
    first = SERVICENOW.first(LIST)
    second = SERVICENOW.next(first, page({}, x_total_count="9", records=0))
    assert second is not None and second.param("sysparm_offset") == "2"
    last = {"sys_updated_on": "2024-01-31 00:00:00", "sys_id": "ab"}
    third = SERVICENOW.next(second, page(last, x_total_count="9"))
    assert third is not None and third.param("sysparm_offset") is None


def test_the_filter_that_was_there_can_be_kept() -> None:
    by_id = Keyset(("id",), InFilter("filter", "({filter}) AND Id > '{0}'"), most=1)
    second = by_id.next(by_id.first(LIST), page({"id": "a"}))
    assert second is not None
    third = by_id.next(second, page({"id": "b"}))
    assert third is not None and third.param("filter") == "(all) AND Id > 'b'", "not behind a filter of ours"


def test_a_value_may_go_into_the_body_as_it_is() -> None:
    paging = Keyset(("id",), InParam("after.id", into="body"), size="size", most=1, into="body")
    second = paging.next(paging.first(QUERY), page({"id": 7}))
    assert second is not None and second.body == '{"filter":"all","after":{"id":7},"size":1}'


@pytest.mark.parametrize("id_", ["a' OR 1=1", 'a"b', "a^NQ", "a\\b", "a\nb", "(a)"])
def test_a_value_that_could_break_out_of_a_filter_fails(id_: str) -> None:
    by_id = Keyset(("id",), InFilter("filter", "Id > '{0}'"), most=1)
    with pytest.raises(TableFailed, match="cannot stand in a filter"):
        by_id.next(by_id.first(LIST), page({"id": id_}))


@pytest.mark.parametrize("last", [{}, {"id": None}, {"id": ""}, {"id": True}, {"id": {"a": 1}}])
def test_a_last_record_without_its_key_fails(last: dict[Any, Any]) -> None:
    with pytest.raises(TableFailed, match="has no id"):
        STRIPE.next(STRIPE.first(LIST), page(last, {"has_more": True}))


def test_a_vendor_that_ignores_the_filter_fails() -> None:
    second = STRIPE.next(STRIPE.first(LIST), page({"id": "cus_1"}, {"has_more": True}))
    assert second is not None
    with pytest.raises(TableFailed, match="same last record again"):
        STRIPE.next(second, page({"id": "cus_1"}, {"has_more": True}))


def test_rows_that_are_promised_and_do_not_come_fail() -> None:
    paging = Keyset(("id",), InParam("after"), end=End(more="has_more", empty=False))
    with pytest.raises(TableFailed, match="sends none"):
        paging.next(paging.first(LIST), page({}, {"has_more": True}, records=0))


def test_a_stored_request_of_another_paging_fails() -> None:
    with pytest.raises(TableFailed, match="does not belong"):
        STRIPE.next(LIST, page({"id": "cus_1"}, {"has_more": True}))


def behind(request: Request, values: Values) -> Request:
    return request.with_params(("at", str(values[0])), ("id", str(values[1])))


changes = st.lists(st.tuples(st.sampled_from(["touch", "remove", "tick"]), st.integers(1, 30)), max_size=6)


@given(
    start=st.dictionaries(st.integers(1, 30), st.integers(0, 3), max_size=20),
    between=st.lists(changes, max_size=12),
    size=st.integers(1, 4),
)
def test_rows_that_come_go_or_change_between_the_pages_shift_no_others(
    start: dict[int, int], between: list[list[tuple[str, int]]], size: int
) -> None:
    """Whatever was there all the while is read; and of what changed, the last state is read, or it changed no earlier
    than the pull began, from where the next window asks again.
    """
    table = Table(dict(start), clock=4)
    began = table.clock
    paging = Keyset(("at", "id"), behind, most=size)
    seen: dict[int, int] = {}
    following: Request | None = paging.first(LIST)
    moves = iter(between)
    while following is not None:
        asked = Request.from_json(following.to_json())
        rows = table.behind(int(asked.param("at") or -1), int(asked.param("id") or 0), size)
        page_, records = page_of(paging, asked, answered({"items": rows}))
        seen.update({row["id"]: row["at"] for row in records})
        following = paging.next(asked, page_)
        for action, id_ in next(moves, []):
            if action == "touch":
                table.touch(id_)
            elif action == "remove":
                table.rows.pop(id_, None)
            else:
                table.clock += 1
    for id_, at in table.rows.items():
        assert seen.get(id_) == at or at >= began
    assert {id_ for id_, at in table.rows.items() if at < began} <= set(seen)
