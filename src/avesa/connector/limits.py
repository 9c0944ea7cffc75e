"""How fast a vendor may be asked, said as data: rates, requests at once, and what its answers tell of what is left.

The numbers are the vendor's own as published; AVESA takes a share of them (`SHARE`, or a tenant's `limit_share`), so
that people and other integrations keep theirs. `limiter.py` holds requests to it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from math import floor
from typing import Literal

SHARE = 0.9
"""Of what a vendor allows, AVESA takes this part."""

SHARE_SETTING = "limit_share"
"""The setting of a tenant's service that puts another share in its place: above 0, at most 1."""

LONGEST_REST = 31 * 86_400.0
"""Seconds for which a vendor's word not to ask is obeyed: the longest budgets are those of a month, and whoever says
more has mistaken the unit.
"""


@dataclass(frozen=True)
class Rate:
    """At most `most` in any span of `per`: `Rate(60, per=timedelta(minutes=1))`.

    It counts the whole account, or with `group` the endpoints that name that group, together. With `each` every
    endpoint (of the group, if one is named) is counted by itself. With `points` it counts the endpoints' `cost`
    instead of requests. `zone` names the time zone at whose midnight a daily budget begins anew; without it the span
    rolls, which is also right for windows that the vendor begins at its own times. `setting` names a setting of the
    service that holds the tenant's own number, where that depends on its plan; `most` stands in for an empty one.

    A leaky bucket of 40 that loses 2 a second is `Rate(40, per=timedelta(seconds=20))`.
    """

    most: int
    per: timedelta = timedelta(seconds=1)
    group: str | None = None
    each: bool = False
    points: bool = False
    zone: str | None = None
    setting: str | None = None

    def __post_init__(self) -> None:
        if self.most < 1 or self.per <= timedelta(0):
            raise ValueError("a rate allows at least 1 in a span of time")
        if self.zone is not None and self.per != timedelta(days=1):
            raise ValueError("only a budget of one day begins at midnight")


@dataclass(frozen=True)
class AtOnce:
    """At most `most` requests under way, of a group of endpoints, or with `each` of every endpoint by itself.

    No share is taken of it: a place is given back as soon as the answer is there. `setting` is as for `Rate`.
    """

    most: int
    group: str | None = None
    each: bool = False
    setting: str | None = None


@dataclass(frozen=True)
class Adaptive:
    """The pace where a vendor publishes no number: it grows until the vendor says no, and then drops.

    Times are requests a second: `start` at first (None: as fast as the other limits let), `step` more for each
    second that goes well, `drop` times as many after a 429 or 503, never below `least` or above `most`.
    """

    start: float | None = None
    step: float = 0.5
    drop: float = 0.5
    least: float = 0.2
    most: float | None = None


ResetForm = Literal["seconds", "milliseconds", "epoch", "epoch_milliseconds", "iso", "http_date"]


@dataclass(frozen=True)
class Told:
    """What a vendor's answers tell of what is left: names of headers, or dotted paths into the body where `in_body`.

    `remaining` and `limit` are numbers; `used_of` is a header that holds `used/limit` somewhere in its text. `reset`
    is when it begins anew, in the form `reset_as`; a vendor that does not tell is asked again after `per`. AVESA
    leaves the rest of its share alone where the limit is known, and otherwise uses it up to nothing, but never
    beyond. `group` and `each` are whom it is about, as for `Rate`; `points` whether it counts cost.
    """

    remaining: str | None = None
    limit: str | None = None
    used_of: str | None = None
    reset: str | None = None
    reset_as: ResetForm = "seconds"
    per: timedelta = timedelta(minutes=1)
    in_body: bool = False
    group: str | None = None
    each: bool = False
    points: bool = False

    def __post_init__(self) -> None:
        if (self.remaining is None) == (self.used_of is None):
            raise ValueError("either what remains is told, or what is used of the limit")


@dataclass(frozen=True)
class Limits:
    """All that one vendor account allows. Where a 429 is spoken of, any answer is meant that refuses a request as one
    too many, by its status or by what `Errors` declares.

    `concurrency` requests at once; `per_second` is a pace of our own choice, evenly spaced. `rates`, `at_once` and
    `told` hold together, each of them. `adaptive` is how to behave where nobody publishes a number, and after a 429.
    `slows` is whom a 429 slows down: the account, the endpoint's group, or that endpoint alone. `slows_all` is a
    header and a text in it by which a vendor says that it is about the whole account after all, such as
    `("RateLimit-Reason", "quota")`. `rest` is how long to rest at least where a 429 names no time. A wait longer than
    `longest_wait` ends the pull with a checkpoint instead. After a request that came to nothing in all its attempts,
    others are not tried again and again for `cool_down`.
    """

    concurrency: int = 4
    per_second: float | None = None
    rates: tuple[Rate, ...] = ()
    at_once: tuple[AtOnce, ...] = ()
    told: tuple[Told, ...] = ()
    adaptive: Adaptive = field(default_factory=Adaptive)
    slows: Literal["account", "group", "endpoint"] = "account"
    rest: timedelta = timedelta(0)
    slows_all: tuple[str, str] | None = None
    longest_wait: timedelta = timedelta(minutes=5)
    cool_down: timedelta = timedelta(minutes=1)

    @property
    def groups(self) -> frozenset[str]:
        """The groups of endpoints that it speaks of."""
        named: tuple[Rate | AtOnce | Told, ...] = (*self.rates, *self.at_once, *self.told)
        return frozenset(one.group for one in named if one.group is not None)


def part_of(number: int, share: float) -> int:
    """The whole part of a share, whatever a binary fraction makes of it: 0.9 of 600 is 540."""
    return floor(number * share + 1e-9)


def read_share(text: str | None) -> float:
    """The share of a setting's text. Raises ValueError for what is not above 0 and at most 1."""
    if not text:
        return SHARE
    share = float(text)
    if not 0 < share <= 1:
        raise ValueError(text)
    return share


class Stopped(Exception):
    """A wait was cut short because the pull was asked to stop."""


Wait = Callable[[float], None]
"""Waits so many seconds; raises Stopped as soon as the pull is asked to stop."""


def waiter(stop: Callable[[], bool], step: float = 0.05) -> Wait:
    """A `Wait` in real time that looks at `stop` every `step` seconds."""

    def wait(seconds: float) -> None:
        until = time.monotonic() + seconds
        while True:
            if stop():
                raise Stopped
            left = until - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(step, left))

    return wait
