"""The sandbox's clock stands, is moved, or runs, but never past its limit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from avesa.sandbox.clock import SandboxClock

START = datetime(2026, 3, 2, 8, tzinfo=UTC)


def test_a_clock_stands_still_until_it_is_moved() -> None:
    clock = SandboxClock(START)
    assert clock() == clock.now() == START
    assert clock.advance(timedelta(hours=2)) == START + timedelta(hours=2)
    assert clock.set(START) == clock() == START


def test_a_running_clock_follows_the_time_at_its_speed() -> None:
    real = 1000.0
    clock = SandboxClock(START, speed=60, limit=lambda: START + timedelta(days=9), monotonic=lambda: real)
    real = 1010.0
    assert clock() == START + timedelta(minutes=10)
    clock.advance(timedelta(days=1))
    real = 1011.0
    assert clock() == START + timedelta(days=1, minutes=11)


def test_a_running_clock_never_passes_its_limit() -> None:
    real = 0.0
    limit = START + timedelta(minutes=1)
    clock = SandboxClock(START, speed=3600, limit=lambda: limit, monotonic=lambda: real)
    real = 10.0
    assert clock() == limit
    assert clock.advance(timedelta(days=400)) == limit


def test_times_without_a_zone_and_negative_speeds_are_refused() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        SandboxClock(datetime(2026, 3, 2))  # noqa: DTZ001
    with pytest.raises(ValueError, match="backwards"):
        SandboxClock(START, speed=-1)
    for speed in (float("inf"), float("nan")):
        with pytest.raises(ValueError, match="is no number"):
            SandboxClock(START, speed=speed)


def test_a_clock_that_runs_very_fast_is_at_its_limit() -> None:
    real = 0.0
    limit = START + timedelta(days=9)
    clock = SandboxClock(START, speed=1e300, limit=lambda: limit, monotonic=lambda: real)
    assert clock() == START
    real = 1000.0
    assert clock() == limit
