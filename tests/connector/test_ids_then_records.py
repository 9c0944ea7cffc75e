from __future__ import annotations

from typing import Any

import pytest

from avesa.connector.paging import End, IdsThenRecords, NextUrl, Offset, Page
from avesa.connector.request import Request
from avesa.shared.errors import TableFailed
from paged_vendors import LIST, answered

USERS = IdsThenRecords(
    Offset(most=500, end=End(total="meta.pagination.total")),
    ids="resources",
    listed="/list",
    path="/entities/users/GET/v1",
    batch=2,
)


def told(body: Any, records: int = 0) -> Page:
    return Page(answered(body), records)


def listed(*ids: object, total: int = 0) -> Page:
    return told({"resources": list(ids), "meta": {"pagination": {"total": total}}})


def test_ids_are_asked_for_in_batches_by_post_without_the_filter_of_their_list() -> None:
    first = USERS.first(LIST)
    assert (first.has_records, first.param("filter"), first.param("limit")) == (False, "all", "500")
    batch = USERS.next(first, listed("a", "b", "c", total=3))
    assert batch is not None
    assert (batch.method, batch.url) == ("POST", "https://v.example/api/entities/users/GET/v1")
    assert (batch.body, batch.params, batch.has_records) == ('{"ids":["a","b"]}', (), True)
    last = USERS.next(batch, told([], 2))
    assert last is not None and last.body == '{"ids":["c"]}'
    assert USERS.next(last, told([], 1)) is None


def test_behind_the_last_batch_the_list_of_ids_goes_on() -> None:
    batch = USERS.next(USERS.first(LIST), listed("a", total=2))
    assert batch is not None
    following = USERS.next(batch, told([], 0))
    assert following is not None
    assert (following.url, following.param("offset"), following.has_records) == (LIST.url, "1", False)
    assert following.param("filter") == "all"


def test_a_page_without_ids_goes_on_with_the_list_or_ends() -> None:
    assert USERS.next(USERS.first(LIST), listed(total=0)) is None
    assert USERS.next(USERS.first(LIST), told({"resources": None})) is None


def test_an_id_that_comes_twice_is_asked_for_once_and_keeps_its_type() -> None:
    batch = USERS.next(USERS.first(LIST), listed(7, 7, 8, total=3))
    assert batch is not None and batch.body == '{"ids":[7,8]}'


def test_ids_may_stand_inside_of_records_and_go_into_repeated_parameters() -> None:
    """As Jira's list of changed worklogs, whose next page is an address."""
    paging = IdsThenRecords(
        NextUrl(at="nextPage", take=("since",), end=End(last="lastPage", short=False, empty=False)),
        ids="values.*.worklogId",
        listed="/list",
        path="/worklog",
        batch=100,
        method="GET",
        into="ids",
        params=(("expand", "properties"),),
    )
    page = told({"values": [{"worklogId": 1}, {"worklogId": 2}], "nextPage": "https://x/y?since=5", "lastPage": False})
    batch = paging.next(paging.first(LIST), page)
    assert batch is not None and batch.params == (("expand", "properties"), ("ids", "1"), ("ids", "2"))
    following = paging.next(batch, told([], 2))
    assert following is not None and following.param("since") == "5"


@pytest.mark.parametrize("ids", [{"a": 1}, "abc", 7])
def test_what_is_no_list_of_ids_fails(ids: Any) -> None:
    with pytest.raises(TableFailed, match="list of ids was expected at resources"):
        USERS.next(USERS.first(LIST), told({"resources": ids}))
    with pytest.raises(TableFailed, match="list of ids was expected"):
        USERS.next(USERS.first(LIST), told({"errors": []}))


@pytest.mark.parametrize("id_", [None, True, "", {"id": 1}, 1.5])
def test_what_is_no_id_fails(id_: Any) -> None:
    with pytest.raises(TableFailed, match="no id"):
        USERS.next(USERS.first(LIST), listed("a", id_))


def test_an_endpoint_with_another_path_is_a_mistake_that_is_told() -> None:
    with pytest.raises(TableFailed, match="does not end in /list"):
        USERS.first(Request("GET", "https://v.example/api/other"))
