"""How fast a vendor may be asked: one limiter for all tables of a tenant's service, since the vendor counts them
together.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """`concurrency` requests at once, and at most `per_second` begun in a second where that is set."""

    concurrency: int = 4
    per_second: float | None = None


class Stopped(Exception):
    """A wait was cut short because the pull was asked to stop."""


Wait = Callable[[float], None]
"""Waits so many seconds; raises Stopped as soon as the pull is asked to stop."""


def waiter(stop: Callable[[], bool], step: float = 0.05) -> Wait:
    """A `Wait` in real time that looks at `stop` every `step` seconds."""

    def wait(seconds: float) -> None:
        until = time.monotonic() + seconds
        while True:
            if stop():
                raise Stopped
            left = until - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(step, left))

    return wait


class Limiter:
    """Gives out turns. Safe with threads."""

    def __init__(self, limits: Limits, *, wait: Wait, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._turns = threading.Semaphore(limits.concurrency)
        self._interval = 1 / limits.per_second if limits.per_second else 0.0
        self._wait = wait
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._free_at = 0.0

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a turn and hold it. Raises Stopped if the pull is asked to stop meanwhile."""
        with self._turns:
            while (seconds := self._claim()) > 0:
                self._wait(seconds)
            yield

    def pause(self, seconds: float) -> None:
        """Nobody begins another request before `seconds` from now: one was told to slow down, all do."""
        with self._lock:
            self._free_at = max(self._free_at, self._monotonic() + seconds)

    def _claim(self) -> float:
        """0 if a request may begin now (its share of the rate is then taken), else seconds to wait first."""
        with self._lock:
            now = self._monotonic()
            if now < self._free_at:
                return self._free_at - now
            if self._interval:
                self._free_at = now + self._interval
            return 0.0
