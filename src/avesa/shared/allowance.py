"""Port: what the workers of one vendor account have taken of its allowance. One small document for each account.

Embedded: SQLite, for all processes on the machine. On AWS it is one item, read and then put on condition of its
version, again and again until nobody came between. What is in the document is the connector's own affair.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from typing import Protocol, TypeVar

Result = TypeVar("Result")

Step = Callable[[bytes | None], tuple[bytes, Result]]
"""From the document (None where there is none yet) to the next one, and whatever the caller wants to know.
It may be run again on a newer document, so it changes nothing else.
"""


class Allowances(Protocol):
    def change(self, account: str, step: Step[Result]) -> Result:
        """Replace the account's document by what `step` makes of it, with nobody in between. Nothing is written where
        that is the same: who waits asks often.
        """
        ...

    def worker(self) -> str:
        """A new name for one who takes part. It tells others on this machine whether its process still lives."""
        ...

    def is_gone(self, worker: str) -> bool:
        """Whether that worker's process has surely ended. False where nobody can tell."""
        ...


class LocalAllowances:
    """For the threads of this process alone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._documents: dict[str, bytes] = {}

    def change(self, account: str, step: Step[Result]) -> Result:
        with self._lock:
            self._documents[account], result = step(self._documents.get(account))
        return result

    def worker(self) -> str:
        return secrets.token_hex(8)

    def is_gone(self, worker: str) -> bool:
        return False
