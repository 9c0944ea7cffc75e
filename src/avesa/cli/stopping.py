"""A clean stop: the first signal or the end of the time asks for it, the next signal ends the program at once."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Self

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_NOTE = "\nStopping after the pages under way. Once more ends it at once.\n"
_SHOW_CURSOR = "\x1b[?25h"


class StopSwitch:
    """Call it to learn whether to stop. While it is open, SIGINT and SIGTERM turn it on."""

    def __init__(self, max_seconds: float | None = None, *, note: str = _NOTE) -> None:
        self._note = note.encode()
        self._deadline = None if max_seconds is None else time.monotonic() + max_seconds
        self._asked = threading.Event()
        self._before: dict[int, object] = {}

    def __call__(self) -> bool:
        if self._deadline is not None and time.monotonic() >= self._deadline:
            self._asked.set()
        return self._asked.is_set()

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]

    def _handle(self, number: int, frame: FrameType | None) -> None:
        # Straight to the descriptor: a signal may come while the same stream is being written to.
        if self._asked.is_set():
            if sys.stderr.isatty():
                os.write(2, _SHOW_CURSOR.encode())
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
            return
        self._asked.set()
        with suppress(OSError):
            os.write(2, self._note)
