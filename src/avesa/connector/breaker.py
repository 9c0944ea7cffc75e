"""Spares a vendor that is down, and those who wait for it: once one request came to nothing in all its attempts,
the others do not each find it out for themselves.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Down:
    """What is known of a vendor that is down. `message` where it could not be reached at all, None where it
    answered, but badly: then each request is still tried once, since only a part of it may be broken.
    """

    until: float
    message: str | None


class Breaker:
    """One for each client. Safe with threads; times are seconds by `now`."""

    def __init__(self, cool_down: float, now: Callable[[], float]) -> None:
        self._cool_down = cool_down
        self._now = now
        self._lock = threading.Lock()
        self._down: Down | None = None
        self._good_at: float | None = None

    def down(self) -> Down | None:
        """What is known, while it holds."""
        with self._lock:
            if self._down is not None and self._now() >= self._down.until:
                self._down = None
            return self._down

    def good(self) -> None:
        """A proper answer came: whatever it says, the vendor is there."""
        with self._lock:
            self._good_at = self._now()
            self._down = None

    def failed(self, since: float, message: str | None) -> None:
        """A request that began at `since` came to nothing. That says nothing of the vendor where another one went
        well meanwhile.
        """
        with self._lock:
            if self._good_at is None or self._good_at < since:
                self._down = self._down or Down(self._now() + self._cool_down, message)
