"""Calls into C that last: they run in a thread of their own, so that signals are heard while they do.

Python handles a signal between two of its own steps in the main thread. A driver that waits there for a server takes
none, and of two signals that come meanwhile one is left. So the caller waits in Python instead, which a handler may
also break off by an exception.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import TypeVar

_T = TypeVar("_T")
_WAIT_SECONDS = 0.2
_PATIENCE_SECONDS = 10.0


class CallThread:
    """One call at a time. It ends with the process, whatever it is at."""

    def __init__(self) -> None:
        self._steps: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self.is_lost = False
        """Whether a call was left alone: what it works at may not be touched any more."""
        threading.Thread(target=self._serve, name="avesa-calls", daemon=True).start()

    def call(self, function: Callable[[], _T], cancel: Callable[[], None] | None) -> _T:
        """What the function gives or raises.

        If the wait for it is broken off, `cancel` is called in another thread, and has to make the call come to an end,
        which is waited for. A call that nothing can cancel is left alone.
        """
        results: list[_T] = []
        errors: list[BaseException] = []
        ended = threading.Event()

        def step() -> None:
            try:
                results.append(function())
            except BaseException as error:  # noqa: BLE001 - it is raised in the other thread
                errors.append(error)
            finally:
                ended.set()

        try:
            self._steps.put(step)
            # A signal that comes just before a wait does not end it, so none is long.
            while not ended.wait(_WAIT_SECONDS):
                pass
        except BaseException:
            self._break_off(ended, cancel)
            raise
        if errors:
            raise errors.pop()
        return results.pop()

    def close(self) -> None:
        self._steps.put(None)

    def _break_off(self, ended: threading.Event, cancel: Callable[[], None] | None) -> None:
        if ended.is_set():
            return
        self.is_lost = True  # also if the wait for its end is broken off
        if cancel is not None:
            # It reaches out to the same server, and may wait as long.
            threading.Thread(target=_quietly, args=(cancel,), daemon=True).start()
            self.is_lost = not ended.wait(_PATIENCE_SECONDS)

    def _serve(self) -> None:
        # A signal is for the thread that waits, which not every system would choose by itself.
        if hasattr(signal, "pthread_sigmask"):
            signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
        while (step := self._steps.get()) is not None:
            step()
            del step  # or what it was about would be kept until the next one


def _quietly(function: Callable[[], None]) -> None:
    with suppress(Exception):
        function()
