"""The sandbox's time: it stands still until it is moved, or runs with the real time, never ahead of it."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from avesa.shared.clock import Clock, system_clock


class SandboxClock:
    """A clock that a test sets and moves; with `speed` above 0 it also runs, `speed` times as fast as real time.

    A running clock never passes `limit` (the real now unless told otherwise), so that the worlds behind it never
    claim a change in the future. Calling the clock gives its time, so it serves as a `Clock` everywhere.
    """

    def __init__(
        self,
        start: datetime,
        *,
        speed: float = 0.0,
        limit: Clock | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        if not 0 <= speed < math.inf:
            raise ValueError("a clock cannot run backwards, nor at a speed that is no number")
        self._lock = threading.Lock()
        self._monotonic = monotonic
        self._speed = speed
        self._limit = limit or system_clock
        self._set_at = monotonic()
        self._base = _utc(start)

    def __call__(self) -> datetime:
        with self._lock:
            return self._now()

    def now(self) -> datetime:
        """The sandbox's time, aware UTC."""
        return self()

    def set(self, moment: datetime) -> datetime:
        """Put the clock to `moment` (aware) and give back what it shows then."""
        with self._lock:
            self._base = _utc(moment)
            self._set_at = self._monotonic()
            return self._now()

    def advance(self, by: timedelta) -> datetime:
        """Move the clock by `by` and give back what it shows then."""
        with self._lock:
            self._base = self._now() + by
            self._set_at = self._monotonic()
            return self._now()

    def _now(self) -> datetime:
        if not self._speed:
            return self._base
        gone = (self._monotonic() - self._set_at) * self._speed
        limit = self._limit()
        return limit if gone >= (limit - self._base).total_seconds() else self._base + timedelta(seconds=gone)


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("time without a zone")
    return moment.astimezone(UTC)
