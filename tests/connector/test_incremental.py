from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avesa.connector.incremental import (
    Boundary,
    Changes,
    Delta,
    InBody,
    InHeader,
    InParams,
    InPath,
    Memory,
    choose_kind,
    decode_memory,
    encode_memory,
    first_since,
    next_token,
    next_watermark,
    next_window,
    vendor_start,
)
from avesa.connector.request import Request, Response
from avesa.connector.times import MILLISECONDS, SECONDS, Written

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
CHANGES = Changes("_info.lastUpdated", ask=("conditions", "lastUpdated>=[{since}]"), overlap=HOUR)
moments = st.integers(-(10**15), 10**15).map(lambda microseconds: NOON + timedelta(microseconds=microseconds))


def test_the_window_begins_an_overlap_behind_the_watermark_and_is_rounded_down() -> None:
    since = CHANGES.since(NOON + timedelta(microseconds=999_999))
    request = CHANGES.asked(Request("GET", "https://v.example"), since)
    assert request.params == (("conditions", "lastUpdated>=[2026-03-01T11:00:00Z]"),)


@given(st.none() | moments, st.none() | moments, moments)
def test_a_watermark_never_falls_and_never_passes_the_beginning(
    old: datetime | None, newest: datetime | None, began: datetime
) -> None:
    new = next_watermark(old, newest, began)
    assert old is None or (new is not None and new >= old)
    assert new is None or new <= max(began, old or began)
    assert newest is not None or new == old


@pytest.mark.parametrize(
    ("changes", "watermark", "memory", "full", "kind"),
    [
        (CHANGES, None, Memory(), False, "listing"),
        (CHANGES, NOON, Memory(listed_at=NOON), False, "changes"),
        (CHANGES, NOON, Memory(listed_at=NOON), True, "listing"),
        (CHANGES, NOON, Memory(listed_at=NOON - 25 * HOUR), False, "listing"),
        (CHANGES, NOON, Memory(), False, "listing"),
        (None, NOON, Memory(listed_at=NOON), False, "listing"),
        (CHANGES, NOON, Memory(NOON, changes_refused_at=NOON - HOUR), False, "listing"),
        (CHANGES, NOON, Memory(NOON, changes_refused_at=NOON - 800 * HOUR), False, "changes"),
    ],
)
def test_a_listing_comes_first_when_due_when_asked_for_and_where_changes_are_unknown(
    changes: Changes | None, watermark: datetime | None, memory: Memory, full: bool, kind: str
) -> None:
    assert choose_kind(changes, watermark, memory, full=full, relist=24 * HOUR, now=NOON) == kind


def test_the_vendors_clock_is_read_from_the_date_less_the_time_the_answer_took() -> None:
    headers = {"date": "Sun, 01 Mar 2026 12:00:00 GMT"}
    answer = Response(200, headers, b"", "https://v.example", NOON, NOON + timedelta(seconds=3))
    assert vendor_start(answer) == NOON - timedelta(seconds=3)
    for bad in ({}, {"date": "yesterday"}):
        assert vendor_start(Response(200, bad, b"", "https://v.example")) is None


def test_the_boundary_holds_the_rows_that_the_next_window_will_hold() -> None:
    boundary = Boundary(lambda newest: newest - HOUR if newest else None)
    for hours in range(10):
        boundary.add(str(hours), NOON + hours * HOUR)
    assert boundary.digests(NOON + 8 * HOUR) == ("8", "9")


def test_the_boundary_stays_small_and_keeps_the_newest_of_an_ascending_list() -> None:
    boundary = Boundary(lambda newest: newest, most=100)
    for second in range(5_000):
        boundary.add(str(second), NOON + timedelta(seconds=second))
    assert boundary.digests(NOON + timedelta(seconds=4_999)) == ("4999",)
    for row in range(5_000):
        boundary.add(f"x{row}", NOON + timedelta(seconds=4_999))
    assert len(boundary.digests(None)) <= 100


def test_where_the_next_window_begins_is_not_worked_out_for_every_row() -> None:
    asked: list[datetime | None] = []

    def floor(newest: datetime | None) -> datetime | None:
        asked.append(newest)
        return newest

    boundary = Boundary(floor)
    for second in range(10_000):
        boundary.add(str(second), NOON + timedelta(seconds=second))
    assert len(asked) <= 110
    assert boundary.digests(NOON + timedelta(seconds=9_998)) == ("9998", "9999")


def test_memory_survives_its_json_and_an_unreadable_one_is_empty() -> None:
    memory = Memory(NOON, ("a", "b"), NOON)
    assert decode_memory(encode_memory(memory)) == memory
    assert decode_memory("{") == decode_memory(None) == Memory()


# How changes are asked for

REQUEST = Request("POST", "https://v.example/x", (("a", "1"),), (), '{"filter":[{"op":"gte"},{}],"limit":100}')


def test_the_window_stands_in_parameters() -> None:
    changes = Changes("u", ask=InParams((("from", "{since}"), ("to", "{until}"))), form=SECONDS)
    asked = changes.asked(REQUEST, NOON, NOON + HOUR)
    assert asked.params == (("a", "1"), ("from", "1772366400"), ("to", "1772370000"))


def test_the_window_stands_in_a_filter_whose_own_braces_stay() -> None:
    changes = Changes("u", ask=("filter", '{"updated":{"gt":"{since}"}}'))
    assert changes.asked(REQUEST, NOON).param("filter") == '{"updated":{"gt":"2026-03-01T12:00:00Z"}}'


def test_a_window_of_whole_days_ends_with_tomorrow_or_where_its_last_day_counts_with_today() -> None:
    ask = InParams((("start", "{since}"), ("end", "{until}")))
    changes = Changes("date", ask=ask, form="%Y-%m-%d")
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    since = datetime(2026, 2, 1, tzinfo=UTC)
    assert next_window(changes, since, noon) == (since, datetime(2026, 3, 2, tzinfo=UTC))
    assert next_window(replace(changes, end_included=True), since, noon) == (since, datetime(2026, 3, 1, tzinfo=UTC))


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


def test_a_path_of_one_window_is_asked_for_window_by_window_and_never_without_one() -> None:
    with pytest.raises(ValueError):
        replace(BOUNDED, ask=InPath((("day", "{since}"),)), only=False)
    with pytest.raises(ValueError):
        replace(BOUNDED, ask=InPath((("day", "{since}"),)), only=True, longest_window=None)


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


@given(moments, st.integers(0, 200 * 86_400), st.sampled_from([SECONDS, "%Y-%m-%d", Written("%Y-%m-%d %H:%M")]))
def test_windows_follow_each_other_without_a_gap_up_to_now_and_none_is_too_long(
    since: datetime, seconds: int, form: Any
) -> None:
    changes = replace(BOUNDED, form=form)
    since, now = changes.rounded(since), since + timedelta(seconds=seconds)
    window = next_window(changes, since, now)
    begin = since
    while window is not None:
        assert window[1] is not None
        assert changes.rounded(window[0]) <= begin <= window[1]
        assert window[1] - window[0] <= 31 * DAY
        begin = window[1]
        window = next_window(changes, since, now, window)
    assert begin >= changes.rounded(now)


def test_a_window_without_an_end_is_the_only_one() -> None:
    window = next_window(CHANGES, NOON, NOON + DAY)
    assert window == (NOON, None)
    assert next_window(CHANGES, NOON, NOON + DAY, window) is None


def test_what_the_vendor_does_not_keep_is_listed_instead() -> None:
    def kind(age: timedelta) -> str:
        memory = Memory(listed_at=NOON)
        return choose_kind(BOUNDED, NOON - age, memory, full=False, relist=HOUR, now=NOON)

    assert (kind(89 * DAY), kind(90 * DAY)) == ("changes", "listing")


def test_what_cannot_be_listed_is_asked_for_as_far_back_as_it_is_kept() -> None:
    only = replace(BOUNDED, only=True)
    assert choose_kind(only, None, Memory(), full=True, relist=HOUR, now=NOON) == "changes"
    assert first_since(only, None, NOON, full=False) == NOON - 90 * DAY
    assert first_since(only, NOON - HOUR, NOON, full=False) == NOON - HOUR
    assert first_since(only, NOON - HOUR, NOON, full=True) == NOON - 90 * DAY
    assert first_since(only, NOON - 200 * DAY, NOON, full=False) == NOON - 90 * DAY


@pytest.mark.parametrize(
    "wrong",
    [{"longest_window": DAY}, {"longest_window": timedelta(0), "ask": BOUNDED.ask}, {"only": True}],
)
def test_what_does_not_fit_together_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        replace(CHANGES, **wrong)


# Tokens


def test_a_delta_feed_is_listed_until_there_is_a_token() -> None:
    delta = Delta(("token",), ask=("token", "{token}"))
    memory = Memory(listed_at=NOON)
    assert choose_kind(delta, NOON, memory, full=False, relist=HOUR, now=NOON) == "listing"
    memory = Memory(listed_at=NOON, token="t1")
    assert choose_kind(delta, NOON, memory, full=False, relist=HOUR, now=NOON) == "changes"
    assert delta.asked(REQUEST, "t1").param("token") == "t1"


def test_a_token_goes_with_the_parameters_of_the_first_walk_unless_it_stands_for_them() -> None:
    request = Request("GET", "https://v.example", (("fields", "a,b"),))
    delta = Delta(("token",), ask=("token", "{token}"))
    assert delta.asked(request, "t1").params == (("fields", "a,b"), ("token", "t1"))
    assert replace(delta, alone=True).asked(request, "t1").params == (("token", "t1"),)


@pytest.mark.parametrize(
    ("body", "token"),
    [
        (b'{"@odata.deltaLink":"https://other.example/users/delta?$deltatoken=a%2Bb&x=1"}', "a+b"),
        (b'{"@odata.deltaLink":"https://other.example/users/delta"}', None),
        (b'{"@odata.nextLink":"https://other.example/users/delta?$skiptoken=c"}', None),
        (b"[]", None),
    ],
)
def test_of_a_delta_link_only_the_token_is_used(body: bytes, token: str | None) -> None:
    graph = Delta(("@odata.deltaLink",), ask=("$deltatoken", "{token}"), in_link="$deltatoken")
    assert next_token(Response(200, {}, body, "https://v.example"), graph) == token
