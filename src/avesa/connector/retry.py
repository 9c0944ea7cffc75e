"""Whether to ask again, after how long, and what to say when it is over. Pure decisions on statuses and headers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from avesa.connector.request import Response
from avesa.shared.errors import AvesaError, ServiceFailed, TableFailed, Unavailable


@dataclass(frozen=True)
class Retry:
    """Exponential backoff with full jitter. Times are seconds; `attempts` counts the first one."""

    attempts: int = 6
    first_wait: float = 0.5
    longest_wait: float = 60.0
    longest_retry_after: float = 300.0
    """A vendor's Retry-After is obeyed up to this."""


@dataclass(frozen=True)
class Errors:
    """Which answers are worth another try, and where a vendor's error body tells its code and its message."""

    retry: frozenset[int] = frozenset({408, 429, 500, 502, 503, 504})
    service: frozenset[int] = frozenset({401})
    """The tenant's connection as a whole is refused."""
    code: str = "code"
    message: str = "message"


def wait_before_retry(
    attempt: int,
    status: int | None,
    headers: Mapping[str, str],
    *,
    policy: Retry,
    errors: Errors,
    random: Callable[[], float],
    now: datetime,
) -> float | None:
    """Seconds to wait before the next attempt, or None to give up.

    `attempt` counts from 1; `status` is None when no proper answer came; `random` gives [0, 1).
    """
    if attempt >= policy.attempts or (status is not None and status not in errors.retry):
        return None
    asked = retry_after(headers.get("retry-after"), now)
    if asked is not None:
        return min(asked, policy.longest_retry_after)
    return random() * float(min(policy.longest_wait, policy.first_wait * 2 ** (attempt - 1)))


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds that a Retry-After header asks for, given in seconds or as an HTTP date. None if unreadable."""
    if value is None:
        return None
    try:
        return max(0.0, float(value)) if float(value) < float("inf") else None
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError):
        return None
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds())


def failure(response: Response, errors: Errors, *, attempts: int = 1, hide: Iterable[str] = ()) -> AvesaError:
    """The error that an unsuccessful answer means. Of its body only code and a shortened message are told, and
    in these the values to `hide` become `***`, since some vendors repeat what they were sent.
    """
    status = response.status
    said = _said(response, errors, hide)
    if status in errors.service:
        return ServiceFailed(
            f"The vendor refuses the credentials ({status}{said}).",
            hint="Check the keys and connect the service again.",
        )
    if status == 403:
        return TableFailed(
            f"The credentials lack the right to read this table ({status}{said}).",
            hint="Grant the API user the right to read it, or leave the table out.",
        )
    if status in errors.retry:
        tries = "time" if attempts == 1 else "times"
        return Unavailable(f"The vendor answered {status}{said}, {attempts} {tries} in a row.")
    if 300 <= status < 400:
        return TableFailed(
            f"The vendor answered with a redirect ({status}), which is not followed.",
            hint="Check the address in the service's settings.",
        )
    return TableFailed(f"The vendor answered {status}{said}.")


def _said(response: Response, errors: Errors, hide: Iterable[str]) -> str:
    """`: InvalidObject, the message`, cut to what fits a line; empty where the body is not the vendor's error."""
    try:
        body: Any = msgspec.json.decode(response.body[:20_000])
    except (msgspec.MsgspecError, RecursionError):
        return ""
    if not isinstance(body, dict):
        return ""
    parts = [body.get(errors.code), body.get(errors.message)]
    for value in hide:
        parts = [part.replace(value, "***") if isinstance(part, str) and value else part for part in parts]
    text = ", ".join(" ".join(part.split())[:120] for part in parts if isinstance(part, str) and part)
    return f": {text}" if text else ""
