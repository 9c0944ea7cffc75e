"""Whether changes are asked for, in which windows, and how far the watermark moves."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avesa.connector.change_window import (
    choose_kind,
    first_since,
    next_token,
    next_watermark,
    next_window,
    vendor_start,
)
from avesa.connector.incremental import Changes, Delta, InParams, InPath
from avesa.connector.memory import Memory
from avesa.connector.request import Request, Response
from avesa.connector.times import SECONDS, Written

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CHANGES = Changes("_info.lastUpdated", ask=("conditions", "lastUpdated>=[{since}]"), overlap=HOUR)
BOUNDED = Changes(
    "u", ask=InParams((("from", "{since}"), ("to", "{until}"))), longest_window=30 * DAY, kept_for=90 * DAY
)

moments = st.integers(-(10**15), 10**15).map(lambda microseconds: NOON + timedelta(microseconds=microseconds))


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
        (CHANGES, NOON, Memory(listed_at=NOON + HOUR), False, "listing"),  # the clock was wrong then
        (CHANGES, NOON, Memory(NOON, changes_refused_at=NOON + HOUR), False, "changes"),
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
    far = "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"
    for bad in ({}, {"date": "yesterday"}, {"date": far}, {"date": "Sun, 01 Mar 2026 12:00:00 +99999999999999"}):
        assert vendor_start(Response(200, bad, b"", "https://v.example")) is None


def test_a_path_of_one_window_is_asked_for_window_by_window_and_never_without_one() -> None:
    with pytest.raises(ValueError):
        replace(BOUNDED, ask=InPath((("day", "{since}"),)), only=False)
    with pytest.raises(ValueError):
        replace(BOUNDED, ask=InPath((("day", "{since}"),)), only=True, longest_window=None)


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


# Tokens


def test_a_delta_feed_is_listed_until_there_is_a_token() -> None:
    delta = Delta(("token",), ask=("token", "{token}"))
    memory = Memory(listed_at=NOON)
    assert choose_kind(delta, NOON, memory, full=False, relist=HOUR, now=NOON) == "listing"
    memory = Memory(listed_at=NOON, token="t1")
    assert choose_kind(delta, NOON, memory, full=False, relist=HOUR, now=NOON) == "changes"
    assert delta.asked(Request("GET", "https://v.example"), "t1").param("token") == "t1"


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


def test_a_window_of_whole_days_ends_with_tomorrow_or_where_its_last_day_counts_with_today() -> None:
    ask = InParams((("start", "{since}"), ("end", "{until}")))
    changes = Changes("date", ask=ask, form="%Y-%m-%d")
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    since = datetime(2026, 2, 1, tzinfo=UTC)
    assert next_window(changes, since, noon) == (since, datetime(2026, 3, 2, tzinfo=UTC))
    assert next_window(replace(changes, end_included=True), since, noon) == (since, datetime(2026, 3, 1, tzinfo=UTC))
