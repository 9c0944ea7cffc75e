"""Time: aware, UTC, microseconds. A clock is passed in, so tests and simulations hold it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


def to_iso(moment: datetime) -> str:
    """ISO-8601 with Z: `2026-01-31T14:05:09Z`, with six digits of fraction only where there is one."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def from_iso(text: str) -> datetime:
    """The aware UTC moment of an ISO-8601 text. Raises ValueError for anything else, naive times included."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"time without a zone: {text}")
    return moment.astimezone(UTC)
