"""Gives out turns to ask a vendor: one for all threads of a client, in step with all others who use its account.

The threads share what their client holds; the clients of an account share a book (`allowance_book.py`) behind a port
(`shared/allowance.py`). Far from the limits a turn is a matter of memory, near them it is one short transaction.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from avesa.connector.allowance_book import (
    POLL,
    Book,
    Grant,
    Report,
    Wish,
    costs,
    decode_book,
    encode_book,
    learn,
    leave,
    pause,
    refuse,
    report,
    take,
)
from avesa.connector.demand import ACCOUNT, Demand, Scope, demand_of, slowed_scope
from avesa.connector.limits import Limits, Wait
from avesa.connector.request import Response
from avesa.connector.vendor_meter import read_meter
from avesa.shared.allowance import Allowances, LocalAllowances
from avesa.shared.clock import to_iso
from avesa.shared.errors import AllowanceSpent, AvesaError

AHEAD = 16
"""Tickets that are taken ahead of need at most, where much is left."""

FRESH = 0.25
"""Seconds for which a client goes by what it knows of the others without looking again."""

_LOOK_AGAIN = 1.0
"""Seconds after which one who waits looks again, however long the wait: others may give something back."""

_LEFT: set[str] = set()
"""Workers of this process that ended but could not say so in the book (a full disk): they count as gone."""

_BUSY = 503
"""A status that makes the pace drop as a 429 does, but makes nobody rest."""


class Limiter:
    """Safe with threads. `close` gives back what it holds."""

    def __init__(
        self,
        limits: Limits,
        *,
        wait: Wait,
        monotonic: Callable[[], float] = time.time,
        allowances: Allowances | None = None,
        account: str = "",
        share: float = 1.0,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        """`monotonic` gives seconds by a clock that all workers of the account share, so by default the wall clock.

        `account` is the key of the vendor account (see account.py). `share` is the part of the published rates to
        use; `settings` may hold the tenant's own numbers.
        """
        self._limits = limits
        self._wait = wait
        self._now = monotonic
        self._allowances = allowances or LocalAllowances()
        self._account = account
        self._share = share
        self._settings = dict(settings or {})
        self._name = self._allowances.worker()
        self._changed = threading.Condition()
        self._demands: dict[Scope, Demand] = {}
        self._gates: dict[Demand, threading.Lock] = {}
        # What this client holds. `_places` are those that the book grants it, `_busy` those in use.
        self._open: Counter[Demand] = Counter()
        self._spare: Counter[Demand] = Counter()
        self._busy: Counter[str] = Counter()
        self._places: Mapping[str, int] = {}
        self._peak = 1
        # What the book does not know yet.
        self._finished: list[tuple[Demand, float]] = []
        self._good: Counter[str] = Counter()
        self._learned: dict[str, tuple[int, float]] = {}
        self._fresh_until = 0.0
        self._crowded = False
        self._listed = False
        self._closed = False

    @contextmanager
    def turn(self, scope: Scope = ACCOUNT) -> Iterator[None]:
        """Wait for a turn and hold it while a request is under way.

        Raises Stopped if the pull is asked to stop meanwhile, AllowanceSpent where the wait would be too long.
        """
        demand = self._demand(scope)
        # One thread asks for all that want the same; the others wait for theirs behind it.
        with self._gates[demand]:
            self._await(demand)
        try:
            yield
        finally:
            self._end(demand)

    def pause(self, seconds: float, scope: Scope = ACCOUNT) -> None:
        """Nobody begins another such request before `seconds` from now: one was told to slow down, all do."""
        key = self._demand(scope).slowed_by
        with self._changed:
            now = self._now()
            self._ask(now, then=lambda book: pause(book, key, now + seconds))

    def heard(
        self,
        response: Response,
        scope: Scope = ACCOUNT,
        *,
        at: datetime,
        limited: bool = False,
        rest: float = 0.0,
    ) -> None:
        """Learn from an answer, within its turn, what the vendor tells of its limits. `limited` says that it refused
        the request as one too many: all who are slowed down by that then rest for so many seconds.
        """
        demand = self._demand(scope)
        slowed_by = self._demand(slowed_scope(self._limits, response, scope)).slowed_by
        readings = [
            (meter.key, read_meter(meter.told, response, share=self._share, now=at, limited=limited))
            for meter in demand.meters
        ]
        with self._changed:
            now = self._now()
            for key, reading in readings:
                if reading is None:
                    continue
                known = self._learned.get(key)
                left = reading.left if known is None else min(known[0], reading.left)
                self._learned[key] = (left, now + reading.seconds)
                if left <= 2 * AHEAD:
                    self._fresh_until = 0.0
            if limited or response.status == _BUSY:

                def slow_down(book: Book) -> None:
                    refuse(book, slowed_by, now=now, adaptive=self._limits.adaptive)
                    pause(book, slowed_by, now + rest)

                self._ask(now, then=slow_down)
            else:
                self._good[demand.slowed_by] += 1

    def close(self) -> None:
        """Give back what is held. Requests still under way give back theirs as they end."""
        with self._changed:
            self._closed = True
            if self._listed:
                self._tell(self._now())

    def spent(self, seconds: float) -> AllowanceSpent:
        """What to raise where the vendor is not to be asked for so many seconds."""
        again = datetime.fromtimestamp(self._now(), UTC) + timedelta(seconds=seconds)
        told = to_iso(again.replace(microsecond=0)).replace("T", " ").removesuffix("Z")
        return AllowanceSpent(
            f"What the vendor allows is used up until {told} UTC.",
            hint="Nothing is lost: a sync after that goes on from where this one is.",
        )

    def _await(self, demand: Demand) -> None:
        longest = self._limits.longest_wait.total_seconds()
        waited = 0.0
        while True:
            with self._changed:
                seconds = self._begin(demand)
                if seconds is None:
                    # All places are taken by threads of this client: the next one that ends tells.
                    self._changed.wait(_LOOK_AGAIN / 20)
            if seconds is None:
                self._wait(0.0)
                continue
            if seconds <= 0:
                return
            if waited + seconds > longest:
                raise self.spent(seconds)
            seconds = min(seconds, _LOOK_AGAIN)
            waited += seconds
            self._wait(seconds)

    def _begin(self, demand: Demand) -> float | None:
        """0 if a request may begin now, else seconds to wait; None if one of this client's own must end first."""
        if any(self._busy[place.key] >= place.most for place in demand.places):
            return None
        now = self._now()
        ready = now < self._fresh_until and self._spare[demand] > 0
        if ready and all(self._places.get(place.key, 0) > self._busy[place.key] for place in demand.places):
            self._spare[demand] -= 1
        else:
            wish = Wish(demand, AHEAD, self._peak, self._limits.per_second)
            grant = self._ask(now, wish)
            if not grant.tickets:
                return max(grant.wait, POLL / 10)
            self._spare[demand] = grant.tickets - 1
        self._open[demand] += 1
        for place in demand.places:
            self._busy[place.key] += 1
        self._peak = max(self._peak, self._busy[""])
        return 0.0

    def _end(self, demand: Demand) -> None:
        with self._changed:
            now = self._now()
            self._open[demand] -= 1
            for place in demand.places:
                self._busy[place.key] -= 1
            self._finished.append((demand, now))
            idle = self._busy[""] == 0
            # Others may wait for what ends here; and what nobody uses is not kept from them.
            if now >= self._fresh_until or self._crowded or self._closed or (idle and self._places.get("", 0) > 1):
                self._tell(now)
                self._peak = max(1, self._busy[""])
            self._changed.notify_all()

    def _tell(self, now: float) -> None:
        """Report, if that can be done now; else with the next question, and if there is none, by `_LEFT`."""
        try:
            self._ask(now)
        except AvesaError:
            if self._closed and not +self._busy:
                _LEFT.add(self._name)

    def _ask(self, now: float, wish: Wish | None = None, *, then: Callable[[Book], None] | None = None) -> Grant:
        """Report to the book what happened here, and take from it what is wished for. Spare tickets go back."""
        held: Counter[str] = Counter()
        for demand, requests in self._open.items():
            for key, cost in costs(demand):
                held[key] += cost * requests
        figures = Report(+held, +self._busy, tuple(self._finished), dict(self._good))
        adaptive, learned = self._limits.adaptive, dict(self._learned)

        def step(document: bytes | None) -> tuple[bytes, Grant]:
            book = decode_book(document)
            report(book, self._name, figures, now=now, adaptive=adaptive, is_gone=self._is_gone)
            for key, (left, until) in learned.items():
                learn(book, key, left, until, now=now)
            if then is not None:
                then(book)
            grant = Grant(0, 0.0, figures.busy)
            if wish is not None:
                grant = take(book, self._name, wish, now=now, adaptive=adaptive)
            if self._closed and not figures.busy:
                leave(book, self._name)
            return encode_book(book), grant

        self._listed = True
        grant = self._allowances.change(self._account, step)
        self._finished.clear()
        self._good.clear()
        self._learned.clear()
        self._spare.clear()
        self._places = grant.places
        self._crowded = grant.crowded
        self._fresh_until = now + FRESH
        return grant

    def _is_gone(self, worker: str) -> bool:
        return worker in _LEFT or self._allowances.is_gone(worker)

    def _demand(self, scope: Scope) -> Demand:
        with self._changed:
            demand = self._demands.get(scope)
            if demand is None:
                demand = demand_of(self._limits, scope, share=self._share, settings=self._settings)
                self._demands[scope] = demand
                self._gates.setdefault(demand, threading.Lock())
            return demand
