"""Where a request says which changes are asked for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from avesa.connector.incremental import Changes, Delta, InBody, InHeader, InParams, InPath
from avesa.connector.request import Request
from avesa.connector.times import MILLISECONDS, SECONDS, Written

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
CHANGES = Changes("_info.lastUpdated", ask=("conditions", "lastUpdated>=[{since}]"), overlap=HOUR)


def test_the_window_begins_an_overlap_behind_the_watermark_and_is_rounded_down() -> None:
    since = CHANGES.since(NOON + timedelta(microseconds=999_999))
    request = CHANGES.asked(Request("GET", "https://v.example"), since)
    assert request.params == (("conditions", "lastUpdated>=[2026-03-01T11:00:00Z]"),)


# How changes are asked for

REQUEST = Request("POST", "https://v.example/x", (("a", "1"),), (), '{"filter":[{"op":"gte"},{}],"limit":100}')


def test_the_window_stands_in_parameters() -> None:
    changes = Changes("u", ask=InParams((("from", "{since}"), ("to", "{until}"))), form=SECONDS)
    asked = changes.asked(REQUEST, NOON, NOON + HOUR)
    assert asked.params == (("a", "1"), ("from", "1772366400"), ("to", "1772370000"))


def test_the_window_stands_behind_what_a_listing_asks_for() -> None:
    changes = Changes("u", ask=InParams((("a", "{filter}, u>={since}"), ("b", "{filter}{since}"))), form=SECONDS)
    assert changes.asked(REQUEST, NOON, None).params == (("a", "1, u>=1772366400"), ("b", "1772366400"))


def test_the_window_stands_in_a_filter_whose_own_braces_stay() -> None:
    changes = Changes("u", ask=("filter", '{"updated":{"gt":"{since}"}}'))
    assert changes.asked(REQUEST, NOON).param("filter") == '{"updated":{"gt":"2026-03-01T12:00:00Z"}}'


def test_the_window_stands_in_a_header() -> None:
    changes = Changes("u", ask=InHeader("If-Modified-Since"), form="%Y-%m-%dT%H:%M:%S")
    assert changes.asked(REQUEST, NOON).headers == (("If-Modified-Since", "2026-03-01T12:00:00"),)


@pytest.mark.parametrize(
    ("ask", "body"),
    [
        (InBody((("filter.0.value", "{since}"),)), '{"filter":[{"op":"gte","value":"1772366400000"},{}],"limit":100}'),
        (InBody((("limit", "{since}"),), number=True), '{"filter":[{"op":"gte"},{}],"limit":1772366400000}'),
        (InBody((("v.input.since", "{since}"),)), '{"filter":[{"op":"gte"},{}],"limit":100,"v":{"input":{"since":'
         '"1772366400000"}}}'),
    ],
)  # fmt: skip
def test_the_window_stands_at_a_path_of_the_body(ask: InBody, body: str) -> None:
    changes = Changes("u", ask=ask, form=MILLISECONDS)
    assert changes.asked(REQUEST, NOON).body == body


def test_the_window_stands_in_the_path() -> None:
    asked = InPath((("day", "{since}"),)).put(Request("GET", "https://v.example/{day}/of/{other}"), {"since": "1/2"})
    assert asked.url == "https://v.example/1%2F2/of/{other}"


def test_a_request_without_a_body_gets_one_and_a_place_that_is_not_there_is_an_error() -> None:
    ask = Changes("u", ask=InBody((("a.b", "{since}"),)), form=SECONDS)
    assert ask.asked(Request("POST", "https://v.example"), NOON).body == '{"a":{"b":"1772366400"}}'
    with pytest.raises(ValueError, match="no place 2"):
        Changes("u", ask=InBody((("filter.2.value", "{since}"),))).asked(REQUEST, NOON)


def test_the_window_begins_where_the_vendor_reads_what_is_written() -> None:
    minutes = Changes("u", ask=("jql", "updated >= '{since}'"), form=Written("%Y-%m-%d %H:%M", "{timezone}"))
    here = minutes.of_tenant({"timezone": "America/New_York"}, overlap=HOUR)
    moment = NOON + timedelta(seconds=59)
    assert here.since(moment) == NOON - HOUR
    assert here.asked(REQUEST, here.since(moment)).param("jql") == "updated >= '2026-03-01 06:00'"


# Windows that the vendor bounds

DAY = timedelta(days=1)
BOUNDED = Changes(
    "u", ask=InParams((("from", "{since}"), ("to", "{until}"))), longest_window=30 * DAY, kept_for=90 * DAY
)


@pytest.mark.parametrize(
    "wrong",
    [{"longest_window": DAY}, {"longest_window": timedelta(0), "ask": BOUNDED.ask}, {"only": True}],
)
def test_what_does_not_fit_together_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        replace(CHANGES, **wrong)


def test_a_token_goes_with_the_parameters_of_the_first_walk_unless_it_stands_for_them() -> None:
    request = Request("GET", "https://v.example", (("fields", "a,b"),))
    delta = Delta(("token",), ask=("token", "{token}"))
    assert delta.asked(request, "t1").params == (("fields", "a,b"), ("token", "t1"))
    assert replace(delta, alone=True).asked(request, "t1").params == (("token", "t1"),)
