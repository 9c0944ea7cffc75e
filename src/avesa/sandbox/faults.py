"""What can go wrong with a vendor, on demand: the next answers to matching requests are bent in a chosen way.

Faults are taken in the order in which they were pushed, one for each request, so a test knows what it gets.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from fnmatch import fnmatchcase
from typing import Any, Literal, get_args
from urllib.parse import quote, urlencode

from avesa.sandbox.answer import Answer, Request

Kind = Literal[
    "status",  # `status` (429, 500, 502, 503, 401, 403, 404, 400 ...), with Retry-After if `retry_after` is given
    "not_json",  # 200 with a page of HTML
    "object",  # an object where the list is expected
    "texts",  # a list of texts instead of records
    "empty",  # an empty list without a next page
    "shrunken",  # every other record is missing
    "repeat_page",  # the page before comes again, with the right link to the next
    "endless",  # the first page again and again, always with a next page
    "no_id",  # the first record has no id
    "text_id",  # the first record's id is a text
    "wrong_type",  # a text, a number and a flag of the first record are of another type
    "bad_time",  # the first record's lastUpdated cannot be read
    "refuse_conditions",  # 400 if the request has conditions, as lists without a change filter do
    "foreign_link",  # the link to the next page leads to another host
    "cut",  # the connection ends in the middle of the body
    "drop",  # the connection ends without an answer
    "slow",  # the answer comes `seconds` later
]
KINDS: frozenset[str] = frozenset(get_args(Kind))


@dataclass(frozen=True)
class Fault:
    """`path` is an endpoint's name, or a pattern of the path below the vendor's root (`/service/*`).

    `times` None means from now on. `after` lets so many matching requests pass first. `retry_after` is in seconds;
    with `as_date` the header names the moment instead, by the sandbox's clock.
    """

    kind: Kind
    path: str = "*"
    times: int | None = 1
    after: int = 0
    tenant: str | None = None
    status: int = 500
    retry_after: int | None = None
    as_date: bool = False
    seconds: float = 0.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no such fault: {self.kind}; there are {', '.join(sorted(KINDS))}")
        if (self.times is not None and self.times < 1) or self.after < 0 or self.seconds < 0:
            raise ValueError("times is at least 1; after and seconds are not negative")

    def matches(self, tenant: str, endpoint: str | None, path: str) -> bool:
        return self.tenant in (None, tenant) and (self.path == endpoint or fnmatchcase(path, self.path))


class Faults:
    """The faults that wait for their request. Safe to use from several threads."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []
        self._monotonic = monotonic
        self._rate: tuple[int, int] | None = None
        self._window: dict[str, tuple[int, int]] = {}

    def push(self, kind: Kind, path: str = "*", **options: Any) -> Fault:
        """Add a fault; the options are the fields of `Fault`. Raises ValueError for what makes no sense."""
        try:
            fault = Fault(kind, path, **options)
        except TypeError as problem:
            raise ValueError(f"a fault has no such option: {problem}") from None
        with self._lock:
            self._waiting.append(fault)
        return fault

    def limit_rate(self, per_second: int | None, *, retry_after: int = 1) -> None:
        """From now on answer 429 to a tenant's requests beyond `per_second` in a second; None lifts the limit."""
        with self._lock:
            self._rate = (per_second, retry_after) if per_second else None
            self._window.clear()

    def clear(self) -> None:
        """Forget all faults and the rate limit."""
        with self._lock:
            self._waiting.clear()
            self._rate = None

    def waiting(self) -> list[Fault]:
        """The faults still to come, with the times that are left of each."""
        with self._lock:
            return list(self._waiting)

    def take(self, tenant: str, endpoint: str | None, path: str) -> Fault | None:
        """The fault for this request, if there is one; it is used up by that."""
        with self._lock:
            if limited := self._over_rate(tenant):
                return limited
            for place, fault in enumerate(self._waiting):
                if not fault.matches(tenant, endpoint, path):
                    continue
                if fault.after:
                    self._waiting[place] = replace(fault, after=fault.after - 1)
                    continue
                if fault.times == 1:
                    del self._waiting[place]
                elif fault.times is not None:
                    self._waiting[place] = replace(fault, times=fault.times - 1)
                return fault
            return None

    def _over_rate(self, tenant: str) -> Fault | None:
        if self._rate is None:
            return None
        most, retry_after = self._rate
        second = int(self._monotonic())
        counted_in, count = self._window.get(tenant, (second, 0))
        count = count + 1 if counted_in == second else 1
        self._window[tenant] = (second, count)
        return Fault("status", status=429, retry_after=retry_after) if count > most else None


def bend(fault: Fault, request: Request, ask: Callable[[Request], Answer], now: datetime) -> Answer:
    """The answer to the request with the fault in it; `ask` gives the honest one."""
    match fault.kind:
        case "status":
            return _status(fault, now)
        case "refuse_conditions":
            refused = request.parameter("conditions") is not None
            return _error(400, "InvalidConditions", "conditions are not supported here") if refused else ask(request)
        case "drop":
            return Answer(0, drop=True)
        case "repeat_page":
            return _repeated(request, ask)
        case "endless":
            return _endless(request, ask)
        case _:
            honest = ask(request)
            return _bent_body(fault, honest) if honest.status == 200 else honest


def _bent_body(fault: Fault, honest: Answer) -> Answer:
    bodies = {
        "not_json": b"<html><body>We will be back soon.</body></html>",
        "object": b'{"message":"not a list"}',
        "texts": b'["one","two"]',
        "empty": b"[]",
    }
    headers = dict(honest.headers)
    body = bodies.get(fault.kind, honest.body)
    match fault.kind:
        case "slow":
            return replace(honest, delay=fault.seconds)
        case "cut":
            return replace(honest, cut=True)
        case "not_json":
            headers["Content-Type"] = "text/html"
        case "empty":
            headers.pop("Link", None)
        case "foreign_link":
            host = headers.get("Link", "").partition("://")[2].partition("/")[0]
            headers["Link"] = headers.get("Link", "").replace(host, "elsewhere.example.test") if host else ""
        case "shrunken":
            body = _dump(json.loads(honest.body)[::2])
        case "no_id" | "text_id" | "wrong_type" | "bad_time":
            records = json.loads(honest.body)
            if isinstance(records, list) and records:
                _spoil(fault.kind, records[0])
            body = _dump(records)
    return replace(honest, body=body, headers={name: value for name, value in headers.items() if value})


def _spoil(kind: Kind, record: dict[str, Any]) -> None:
    if kind == "no_id":
        record.pop("id", None)
    elif kind == "text_id":
        record["id"] = f"{record.get('id')}-x"
    elif kind == "bad_time":
        record.setdefault("_info", {})["lastUpdated"] = "the day before yesterday"
    else:
        for type_, instead in ((str, {"unexpected": True}), (bool, "perhaps"), (float, "a lot")):
            name = next((n for n, v in record.items() if type(v) is type_), None)
            if name:
                record[name] = instead


def _repeated(request: Request, ask: Callable[[Request], Answer]) -> Answer:
    """The body of the page before, under this page's links."""
    honest = ask(request)
    number = _number(request, "page", 1)
    forward = request.parameter("pageId") is not None
    changed = ("pageId", "0") if forward else ("page", str(max(1, number - 1)))
    before = ask(replace(request, query=_with(request, *changed)))
    return replace(honest, body=before.body)


def _endless(request: Request, ask: Callable[[Request], Answer]) -> Answer:
    forward = request.headers.get("pagination-type", "").lower() == "forward-only"
    name, first = ("pageId", "0") if forward else ("page", "1")
    honest = ask(replace(request, query=_with(request, name, first)))
    following = str(_number(request, name, int(first)) + 1)
    query = urlencode(_with(request, name, following), quote_via=quote)
    link = f'<{request.root}{request.path}?{query}>; rel="next"'
    return replace(honest, headers={**honest.headers, "Link": link})


def _number(request: Request, name: str, default: int) -> int:
    text = request.parameter(name) or ""
    return int(text) if text.isdecimal() else default


def _with(request: Request, name: str, value: str) -> tuple[tuple[str, str], ...]:
    return (*((k, v) for k, v in request.query if k.lower() != name.lower()), (name, value))


def _status(fault: Fault, now: datetime) -> Answer:
    honest = _error(fault.status, "Fault", f"The sandbox was told to answer {fault.status}")
    if fault.retry_after is None:
        return honest
    moment = now + timedelta(seconds=fault.retry_after)
    value = format_datetime(moment, usegmt=True) if fault.as_date else str(fault.retry_after)
    return replace(honest, headers={**honest.headers, "Retry-After": value})


def _error(status: int, code: str, message: str) -> Answer:
    body = {"code": code, "message": message, "errors": None}
    return Answer(status, _dump(body), {"Content-Type": "application/json; charset=utf-8"})


def _dump(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
