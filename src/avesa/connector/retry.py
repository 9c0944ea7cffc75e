"""What an answer means, whether to ask again, after how long, and what to say when it is over. Pure decisions on
statuses, headers and what a body says of a failure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from avesa.connector.json_paths import found_at
from avesa.connector.limits import LONGEST_REST
from avesa.connector.page import CursorExpired
from avesa.connector.request import Response
from avesa.connector.times import read_http_date
from avesa.shared.errors import AvesaError, ServiceFailed, TableFailed, Unavailable
from avesa.shared.hiding import hidden


@dataclass(frozen=True)
class Retry:
    """Exponential backoff with full jitter. Times are seconds; `attempts` counts the first one."""

    attempts: int = 6
    first_wait: float = 0.5
    longest_wait: float = 60.0
    longest_retry_after: float = 300.0
    """A vendor's Retry-After is obeyed up to this."""


Meaning = Literal["retry", "limit", "table", "service", "expired", "gone", "refused", "empty", "condition"]
"""An outage that passes; too much was asked; this table cannot be pulled; the connection as a whole is refused; the
cursor or token that was sent is not known any more; the parent that a list was asked for under is not there: its list
is empty then, as after a 404; it is not ours to see, which is the same as long as another one is; there is nothing at
this address yet, which is an empty list; the condition on changes is none that the vendor knows: the table is listed
then, as after a 400.
"""


@dataclass(frozen=True)
class Code:
    """What a vendor's code means, or a piece of text in code or message; of one status alone where that is given,
    and of that status whatever it says where neither is.
    """

    code: str | None
    means: Meaning
    status: int | None = None
    text: str | None = None

    def fits(self, status: int, code: object, message: object) -> bool:
        """`code` and `message` are what the body holds there, of whatever type."""
        if self.status is not None and self.status != status:
            return False
        if self.text is not None:
            return any(self.text.lower() in told.lower() for told in (code, message) if isinstance(told, str))
        if self.code is None:
            return self.status is not None
        return not isinstance(code, bool) and isinstance(code, str | int) and str(code).lower() == self.code.lower()


@dataclass(frozen=True)
class Inside:
    """How an answer with a good status says that it is none: one of `values` at a dotted path, or anything that is
    not empty, where `values` is None. `code` and `message` are where it tells why, by default as `Errors` has it.
    `wait` is where it says how many seconds to wait. `tail` is a text near the end of a body that was cut off,
    whatever JSON it is; `path` is not looked at then.
    """

    path: str = ""
    values: tuple[str | int | bool | None, ...] | None = None
    code: str | None = None
    message: str | None = None
    wait: str | None = None
    tail: str | None = None
    means: Meaning = "table"
    """Where none of the `codes` fits."""


@dataclass(frozen=True)
class Errors:
    """Which answers are worth another try, and where a vendor's error body tells its code and its message.

    Paths are dotted; a number is a place in a list, and names are found whatever their case. `codes` are looked at
    before the status, the first that fits counts.
    """

    retry: frozenset[int] = frozenset({408, 429, 500, 502, 503, 504})
    service: frozenset[int] = frozenset({401})
    """The tenant's connection as a whole is refused."""
    code: str = "code"
    message: str = "message"
    codes: tuple[Code, ...] = ()
    inside: tuple[Inside, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """What an answer means, None where it is what was asked for. `declared` says that its code decided, not its
    status. `code` and `message` are the vendor's own, `wait` the seconds that it asks for in its body.
    """

    means: Meaning | None
    declared: bool = False
    code: str | None = None
    message: str | None = None
    wait: float | None = None

    @property
    def is_good(self) -> bool:
        return self.means is None

    @property
    def passes(self) -> bool:
        """Whether it may be different in a while."""
        return self.means in ("retry", "limit")


GOOD = Verdict(None)
NO_ANSWER = Verdict("retry")
"""What it means that no proper answer came at all."""

NO_RIGHT = "Grant the API user the right to read it, or leave it out: avesa connect TENANT SERVICE --without TABLE"

_TAIL_BYTES = 4_000
_LONGEST_SAID = 4_000


def classify(response: Response, errors: Errors) -> Verdict:
    """What an answer means: by what its body says where the service declares that, else by its status."""
    status = response.status
    if 200 <= status < 300:
        for inside in errors.inside:
            if _says(response.body, inside):
                code = found_at(response.body, inside.code or errors.code)
                message = found_at(response.body, inside.message or errors.message) or inside.tail
                verdict = _by_code(status, code, message, errors)
                verdict = verdict or _verdict(inside.means, code, message, declared=True)
                return replace(verdict, wait=_seconds(response.body, inside))
        return GOOD
    code, message = found_at(response.body, errors.code), found_at(response.body, errors.message)
    return _by_code(status, code, message, errors) or _verdict(
        _by_status(status, errors), code, message, declared=False
    )


def _by_code(status: int, code: object, message: object, errors: Errors) -> Verdict | None:
    fitting = next((one for one in errors.codes if one.fits(status, code, message)), None)
    return _verdict(fitting.means, code, message, declared=True) if fitting else None


def _verdict(means: Meaning, code: object, message: object, *, declared: bool) -> Verdict:
    """Only texts are told: a number as a code repeats the status more often than it says anything."""
    said, why = (told if isinstance(told, str) and told else None for told in (code, message))
    return Verdict(means, declared, said, why)


def _by_status(status: int, errors: Errors) -> Meaning:
    if status in errors.service:
        return "service"
    if status in errors.retry:
        return "limit" if status == 429 else "retry"
    return "table"


def _seconds(body: bytes, inside: Inside) -> float | None:
    found: object = found_at(body, inside.wait) if inside.wait is not None else None
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    return float(found) if 0 <= found < float("inf") else None


def _says(body: bytes, inside: Inside) -> bool:
    if inside.tail is not None:
        return inside.tail.encode() in body[-_TAIL_BYTES:]
    found = found_at(body, inside.path)
    if inside.values is None:
        return found not in (None, False, "", 0, [], {})
    # 0 is not false here: Python calls them equal, a vendor's flag does not.
    return any(found == value and type(found) is type(value) for value in inside.values)


def wait_before_retry(
    attempt: int,
    status: int | None,
    headers: Mapping[str, str],
    *,
    policy: Retry,
    errors: Errors,
    random: Callable[[], float],
    now: datetime,
    verdict: Verdict | None = None,
) -> float | None:
    """Seconds to wait before the next attempt, or None to give up.

    `attempt` counts from 1; `status` is None when no proper answer came; `random` gives [0, 1). `verdict` is what
    the answer means, by its status alone where it is not given.
    """
    passes = verdict.passes if verdict is not None else status is None or status in errors.retry
    if attempt >= policy.attempts or not passes:
        return None
    asked = asked_to_wait(headers, verdict, now)
    if asked:  # a vendor that says "now" and does not answer says nothing
        return min(asked, policy.longest_retry_after)
    return random() * float(min(policy.longest_wait, policy.first_wait * 2 ** (attempt - 1)))


def asked_to_wait(headers: Mapping[str, str], verdict: Verdict | None, now: datetime) -> float | None:
    """Seconds that the vendor asks to wait, in its Retry-After header or else in the body, `LONGEST_REST` at most; None
    if it does not. A moment is taken by the vendor's own clock (its Date header) where it has one.
    """
    asked = retry_after(headers.get("retry-after"), read_http_date(headers.get("date")) or now)
    asked = verdict.wait if asked is None and verdict is not None else asked
    return None if asked is None else min(asked, LONGEST_REST)


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds that a Retry-After header asks for, given in seconds, as an HTTP date, or as some vendors do in ISO 8601.
    None if unreadable.
    """
    if value is None:
        return None
    try:
        return max(0.0, float(value)) if float(value) < float("inf") else None
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(value) if value[:4].isdigit() else read_http_date(value)
    except ValueError:
        return None
    return None if moment is None else max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds())


def failure(response: Response, errors: Errors, *, attempts: int = 1, hide: Iterable[str] = ()) -> AvesaError:
    """The error that an unsuccessful answer means. Of its body only code and a shortened message are told, and
    in these the values to `hide` and the request's own proof become `***`, since some vendors repeat what they were
    sent.
    """
    status = response.status
    verdict = classify(response, errors)
    said = _said(verdict, (*hide, *([response.proof] if response.proof else [])))
    if verdict.means == "expired":
        return CursorExpired(f"The vendor does not know its own cursor any more ({status}{said}).")
    if verdict.means == "service":
        return ServiceFailed(
            f"The vendor refuses the credentials ({status}{said}).",
            hint="Check the keys and connect the service again.",
        )
    if verdict.passes:
        tries = "time" if attempts == 1 else "times"
        return Unavailable(f"The vendor answered {status}{said}, {attempts} {tries} in a row.")
    return _table_failed(status, said)


def _table_failed(status: int, said: str) -> TableFailed:
    if status in (401, 403):
        return TableFailed(
            f"The credentials lack the right to read this table ({status}{said}).",
            hint=NO_RIGHT,
        )
    if 300 <= status < 400 and status != 304:
        return TableFailed(
            f"The vendor answered with a redirect ({status}), which is not followed.",
            hint="Check the address in the service's settings.",
        )
    if 200 <= status < 300:
        return TableFailed(f"The vendor answered {status}, and in it an error{said}.")
    return TableFailed(f"The vendor answered {status}{said}.")


def _said(verdict: Verdict, hide: Iterable[str]) -> str:
    """`: InvalidObject, the message`, cut to what fits a line; empty where the body is not the vendor's error."""
    parts = [verdict.code, verdict.message]
    values = tuple(hide)
    text = ", ".join(" ".join(hidden(part[:_LONGEST_SAID], values).split())[:120] for part in parts if part)
    return f": {text}" if text else ""
