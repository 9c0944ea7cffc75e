"""How long an answer may take: a server that sends a byte now and then would otherwise hold a pull for ever."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from avesa.connector.limits import Stopped


@dataclass(frozen=True)
class Patience:
    """Times are seconds. Large answers over slow lines come in these limits: a modem of 9.6 kbit/s is four times as
    fast as the least pace, and the longest answer that is read comes whole over a line of 1.2 Mbit/s.
    """

    connect: float = 15.0
    """For the host's name, for the connection, for the safe part of it, and for sending the request, each."""
    silence: float = 60.0
    """From one byte to the next, and until the whole head is there: it is a packet or two, once the vendor has made up
    its mind.
    """
    window: float = 60.0
    least: int = 16 * 1024
    """Bytes of the body that each window brings, but for the last one."""
    longest: float = 1_800.0
    """For an answer as a whole, however steadily it comes."""
    grace: float = 1.0
    """What is under way when a pull is asked to stop may still come for so long."""
    look: float = 0.25
    """Between two looks at whether to go on."""


class TooSlow(Exception):
    """The answer took longer than is waited for. The text is the kind of failure."""


class Watch:
    """Over one answer, from the time that its request is sent. Not safe with threads."""

    def __init__(
        self, patience: Patience, stop: Callable[[], bool], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.patience = patience
        self._stop, self._now = stop, monotonic
        self._stop_seen: float | None = None
        self.begin()

    def begin(self) -> None:
        """From now on an answer is waited for."""
        self._began = self._last = self._window_began = self._now()
        self._next_look = self._began + self.patience.look
        self._in_head, self._in_window = True, 0

    def head_came(self) -> None:
        """From now on the body is waited for."""
        self._in_head, self._in_window = False, 0
        self._last = self._window_began = self._now()

    def came(self, count: int) -> None:
        """So many bytes came just now, or none for a while. Raises TooSlow, and Stopped as `stopping` does."""
        now, patience = self._now(), self.patience
        self._in_window += count
        if count:
            self._last = now
            if now < self._next_look:
                return
        self._next_look = now + patience.look
        self.stopping(now)
        if count == 0 and now - self._last >= patience.silence:
            raise TooSlow("no answer in time")
        if now - self._began >= (patience.silence if self._in_head else patience.longest):
            raise TooSlow("the answer came too slowly")
        if not self._in_head and now - self._window_began >= patience.window:
            if self._in_window < patience.least:
                raise TooSlow("the answer came too slowly")
            self._window_began, self._in_window = now, 0

    def stopping(self, now: float | None = None) -> None:
        """Raises Stopped once the pull has been asked to stop for as long as what is under way may still come."""
        if not self._stop():
            return
        now = self._now() if now is None else now
        self._stop_seen = now if self._stop_seen is None else self._stop_seen
        if now - self._stop_seen >= self.patience.grace:
            raise Stopped
