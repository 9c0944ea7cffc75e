from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avesa.connector.incremental import (
    Boundary,
    Changes,
    Memory,
    choose_kind,
    decode_memory,
    encode_memory,
    next_watermark,
    read_time,
    vendor_start,
)
from avesa.connector.request import Request, Response

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


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-01T12:00:00Z", NOON),
        ("2026-03-01T14:00:00+02:00", NOON),
        ("2026-03-01 12:00:00", NOON),
        ("2026-03-01T12:00:00.1234567Z", NOON + timedelta(microseconds=123456)),
        ("2026-03-01", NOON - 12 * HOUR),
        (None, None),
    ],
)
def test_times_are_read_in_all_iso_forms_and_are_utc_without_a_zone(text: str | None, moment: datetime | None) -> None:
    assert read_time(text) == moment


@pytest.mark.parametrize("value", ["soon", "", 1772366400, True, ["2026"], "0001-01-01T00:00:00+05:00"])
def test_other_values_are_no_times(value: object) -> None:
    with pytest.raises(ValueError):
        read_time(value)


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


def test_memory_survives_its_json_and_an_unreadable_one_is_empty() -> None:
    memory = Memory(NOON, ("a", "b"), NOON)
    assert decode_memory(encode_memory(memory)) == memory
    assert decode_memory("{") == decode_memory(None) == Memory()
