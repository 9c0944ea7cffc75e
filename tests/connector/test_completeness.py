from __future__ import annotations

import pytest

from avesa.connector.completeness import ListTotal, Total, Totals, read_total, shortfall, shrinkage
from avesa.connector.request import Response


def page(body: str = "{}", **headers: str) -> Response:
    return Response(200, headers, body.encode(), "https://v.example")


@pytest.mark.parametrize(
    ("response", "total", "count"),
    [
        (page('{"meta":{"total":7}}'), Total("meta.total"), 7),
        (page('{"meta":{"total":"7"}}'), Total("meta.total"), 7),
        (page('{"@odata.count":7}'), Total(("@odata.count",)), 7),
        (page("[]", **{"x-total-count": "12"}), Total(header="X-Total-Count"), 12),
        (page("[]", **{"x-total-count": "many"}), Total(header="X-Total-Count"), None),
        (page("[]"), Total(header="X-Total-Count"), None),
        (page('{"total":-1}'), Total("total"), None),
        (page('{"total":true}'), Total("total"), None),
        (page('{"total":null}'), Total("total"), None),
        (page("<html>"), Total("total"), None),
        (page("[]", **{"x-total-count": "9" * 5000}), Total(header="X-Total-Count"), None),
    ],
)
def test_the_vendors_total_is_read_from_body_or_header(response: Response, total: Total, count: int | None) -> None:
    assert read_total(response, total) == count


def test_the_first_and_the_last_total_are_kept_and_pages_that_say_nothing_change_nothing() -> None:
    totals = Totals()
    for told in (None, 10, None, 12, None):
        totals = totals.after(told)
    assert totals == Totals(10, 12)


@pytest.mark.parametrize(
    ("first", "last", "came", "is_short"),
    [
        (10, 10, 10, False),
        (10, 10, 9, True),
        (10, 12, 10, False),  # two were added behind the walk
        (10, 8, 8, False),  # two vanished
        (10, 8, 7, True),
        (10, 10, 11, False),
        (None, None, 0, False),
        (0, 0, 0, False),
    ],
)
def test_a_listing_is_short_only_beyond_what_changed_meanwhile(
    first: int | None, last: int | None, came: int, is_short: bool
) -> None:
    assert (shortfall(Totals(first, last), came) is not None) == is_short


@pytest.mark.parametrize(
    ("before", "now", "shrank"),
    [
        (ListTotal(), ListTotal(0), False),
        (ListTotal(), ListTotal(10), False),
        (ListTotal(10), ListTotal(10), False),
        (ListTotal(10), ListTotal(12), False),
        (ListTotal(10), ListTotal(9), True),
        (ListTotal(10), ListTotal(0), True),
        (ListTotal(10, ("1", "")), ListTotal(9, ("2", "")), False),  # another parent's
        (ListTotal(10, ("1", "")), ListTotal(9, ("1", "")), True),
        (ListTotal(10, (None, "0")), ListTotal(9, (None, "1")), False),  # another part of the list
        (ListTotal(10, came=9), ListTotal(9, came=9), True),
        (ListTotal(10, came=10), ListTotal(9, came=10), False),  # nothing was still to come
    ],
)
def test_a_list_shrank_if_one_of_its_pages_tells_fewer_records_than_the_one_before(
    before: ListTotal, now: ListTotal, shrank: bool
) -> None:
    assert (shrinkage(before, now) is not None) == shrank


def test_what_came_of_a_list_is_counted_list_by_list() -> None:
    first = ListTotal().after(5, (None, "0"), 3)
    assert first == ListTotal(5, (None, "0"), 3)
    assert first.after(6, (None, "0"), 2) == ListTotal(6, (None, "0"), 5)
    assert first.after(6, (None, "1"), 2) == ListTotal(6, (None, "1"), 2)
    assert first.after(None, (None, "0"), 2) == ListTotal(5, (None, "0"), 5), "a page that tells no total"
    assert first.after(None, (None, "1"), 2) == ListTotal(0, (None, "1"), 2)
