"""What a vendor does when it has a bad day: each fault waits for the requests that it fits, then does its work."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["status", "malformed", "truncated", "wrong_shape"]


@dataclass
class Fault:
    """`table` None fits every table; `times` None lasts; `after` requests that fit are let through first."""

    kind: Kind
    status: int = 500
    table: str | None = None
    times: int | None = 1
    after: int = 0
    code: str | None = None
    headers: dict[str, str] = field(default_factory=dict)


class Faults:
    """Safe with threads."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._lock = threading.Lock()

    def push(self, fault: Fault) -> None:
        with self._lock:
            self._waiting.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._waiting.clear()

    def take(self, table: str) -> Fault | None:
        with self._lock:
            for fault in self._waiting:
                if fault.table not in (None, table):
                    continue
                if fault.after > 0:
                    fault.after -= 1
                    continue
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self._waiting.remove(fault)
                return fault
        return None
