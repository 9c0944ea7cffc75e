from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from avesa.connector.memory import Memory
from avesa.connector.schedule import calls_a_day, is_due, next_due, pulls_a_day

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("pulled_at", "every", "unfinished", "due"),
    [
        (None, HOUR, False, True),
        (NOON - 30 * MINUTE, HOUR, False, False),
        (NOON - 30 * MINUTE, HOUR, True, True),
        (NOON - 30 * MINUTE, timedelta(0), False, True),
        (NOON - 56 * MINUTE, HOUR, False, True),  # a little early, so that each hour's sync finds it due
        (NOON - 2 * HOUR, HOUR, False, True),
        (NOON + 365 * DAY, HOUR, False, True),  # the clock was wrong then
        (NOON + MINUTE, HOUR, False, True),
    ],
)
def test_a_table_is_due_when_its_interval_is_over_and_when_something_is_unfinished(
    pulled_at: datetime | None, every: timedelta, unfinished: bool, due: bool
) -> None:
    assert is_due(Memory(pulled_at=pulled_at), every, NOON, unfinished=unfinished) == due


def test_when_it_is_due_is_known_only_after_a_pull() -> None:
    assert next_due(Memory(), HOUR) is None
    assert next_due(Memory(pulled_at=NOON), HOUR) == NOON + 54 * MINUTE


def test_the_calls_of_a_day_are_those_of_its_listings_and_of_the_pulls_between() -> None:
    def calls(every: timedelta, relist: timedelta, changes: float | None = 1) -> float:
        return calls_a_day(syncs=15 * MINUTE, every=every, relist=relist, listing_calls=50, changes_calls=changes)

    assert calls(timedelta(0), DAY) == 95 + 50
    assert calls(HOUR, DAY) == 23 + 50
    assert calls(HOUR, 6 * HOUR) == 20 + 200
    assert calls(HOUR, 7 * DAY) == pytest.approx(24 - 1 / 7 + 50 / 7)
    assert calls(timedelta(0), DAY, None) == 96 * 50
    assert calls(6 * HOUR, HOUR) == 4 * 50
    assert calls(HOUR, timedelta(0)) == 24 * 50


def test_what_has_no_list_is_only_asked_for_changes_and_what_has_no_changes_is_only_listed() -> None:
    assert pulls_a_day(syncs=HOUR, every=timedelta(0), relist=6 * HOUR) == (20, 4)
    assert pulls_a_day(syncs=HOUR, every=2 * HOUR, relist=6 * HOUR, listed=False) == (12, 0)
    assert pulls_a_day(syncs=HOUR, every=2 * HOUR, relist=6 * HOUR, asked=False) == (0, 12)
