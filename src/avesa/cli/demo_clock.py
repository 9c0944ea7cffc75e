"""The time of a demo."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from avesa.sandbox.clock import SandboxClock
from avesa.shared.clock import Clock


def running_on(sandbox: SandboxClock, monotonic: Callable[[], float] = time.monotonic) -> Clock:
    """AVESA's clock of the demo: the sandbox's, which stands still through a day, plus the time that really passes."""
    day, began = sandbox(), monotonic()

    def now() -> datetime:
        nonlocal day, began
        if sandbox() != day:
            day, began = sandbox(), monotonic()
        return day + timedelta(seconds=monotonic() - began)

    return now
