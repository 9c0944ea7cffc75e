"""What the workers of one vendor account have taken, and what may be taken now. All of it is pure: times are passed in.

The one idea: a request counts from the moment that it may begin until its answer is there, and then for as long as
the vendor's window lasts. The vendor counts it somewhere between the two. So whatever sequence of requests, however
slow, and wherever the vendor's window begins (fixed, rolling or a bucket), none ever holds more than the vendor allows.
Compare: counting from the beginning alone breaks as soon as one request is slower than the next.

A worker takes tickets, some ahead of need where much is left, and reports now and then which are used up. What it
holds counts as taken until it reports, or until it is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from math import ceil, inf
from zoneinfo import ZoneInfo

import msgspec

from avesa.connector.demand import Demand, Window
from avesa.connector.limits import Adaptive

LEASE = 90.0
"""Seconds after which a worker that reports nothing counts as gone. A request is answered or given up before."""

POLL = 0.01
"""Seconds to wait before asking again for what another worker holds and may report at any moment."""

_GRAINS = 200
"""A window's log is kept in so many steps, each rounded up to its end: that keeps it small and stays safe."""

_SLACK = 0.002
"""Seconds that are added to each window, for clocks that do not run alike."""

_CATCH_UP = 0.02
"""Seconds by which a request that begins late does not delay the ones behind it."""

_OBSERVED = 10.0
"""Seconds over which the pace is observed that a vendor bore before it said no."""

_SOONEST = 0.25
"""Seconds that an observation lasts at least."""

_ONE_DROP = 2.0
"""Refusals within so many seconds are one: they were on their way together."""


class Worker(msgspec.Struct):
    """`held` counts by window or meter what is taken and not reported as used, `busy` the places by their key."""

    until: float
    held: dict[str, int] = {}
    busy: dict[str, int] = {}


class Used(msgspec.Struct):
    """What was used up in a window: moments, each at the end of its step, and how much."""

    seconds: float
    zone: str | None = None
    log: list[tuple[float, int]] = []


class Left(msgspec.Struct):
    """What the vendor said is left for AVESA until a moment."""

    amount: int
    until: float


class Pace(msgspec.Struct):
    """Requests a second, learned. At `lift` it is no limit any more."""

    rate: float
    dropped_at: float = 0.0
    lift: float | None = None


class Book(msgspec.Struct):
    workers: dict[str, Worker] = {}
    used: dict[str, Used] = {}
    left: dict[str, Left] = {}
    paused: dict[str, float] = {}
    paces: dict[str, Pace] = {}
    free_at: dict[str, float] = {}


@dataclass(frozen=True)
class Report:
    """A worker's own figures now: what its requests under way hold, and what is used up since the last report.

    `finished` holds, for each request that ended, its demand and the moment; `good` counts by the key that a
    refusal would slow down how many answers were no refusals.
    """

    held: Mapping[str, int] = field(default_factory=dict[str, int])
    busy: Mapping[str, int] = field(default_factory=dict[str, int])
    finished: tuple[tuple[Demand, float], ...] = ()
    good: Mapping[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True)
class Wish:
    """One request may begin, please; if much is left, tickets for up to `ahead` more, and `places` in all."""

    demand: Demand
    ahead: int = 0
    places: int = 1
    per_second: float | None = None


@dataclass(frozen=True)
class Grant:
    """`tickets` is 0 if the worker must wait, `wait` then says how many seconds. `places` are those it now holds in
    all, by key. `crowded` says that others are at work and little is left, so it should report at once.
    """

    tickets: int
    wait: float = 0.0
    places: Mapping[str, int] = field(default_factory=dict[str, int])
    crowded: bool = False


def decode_book(document: bytes | None) -> Book:
    """An unreadable book is an empty one: at worst the vendor says 429."""
    try:
        return msgspec.json.decode(document, type=Book) if document else Book()
    except msgspec.MsgspecError:
        return Book()


def encode_book(book: Book) -> bytes:
    return msgspec.json.encode(book)


def report(
    book: Book, name: str, told: Report, *, now: float, adaptive: Adaptive, is_gone: Callable[[str], bool]
) -> None:
    """Write down a worker's figures, and what those who are gone have left."""
    for other in [n for n, w in book.workers.items() if n != name and (w.until <= now or is_gone(n))]:
        gone = book.workers.pop(other)
        for key, amount in gone.held.items():
            _use(book, key, min(now, gone.until), amount)
    for demand, moment in told.finished:
        for window in demand.windows:
            _known(book, window)
            _use(book, window.key, moment, window.cost)
        for meter in demand.meters:
            if meter.key in book.left:
                book.left[meter.key].amount -= meter.cost
        observed = book.used.setdefault(_observed(demand.slowed_by), Used(_OBSERVED))
        _append(observed, moment, 1)
    for key, count in told.good.items():
        _grow(book, key, count, adaptive)
    # A whole second, so that one who only asks again changes nothing, and nothing need be written.
    book.workers[name] = Worker(ceil(now) + LEASE, dict(told.held), dict(told.busy))
    _prune(book, now)


def take(book: Book, name: str, wish: Wish, *, now: float, adaptive: Adaptive) -> Grant:
    """Tickets for a worker that has just reported, or how long it must wait."""
    demand = wish.demand
    me = book.workers[name]
    others = [worker for n, worker in book.workers.items() if n != name]
    rooms, waits = [], [_paused(book, demand, now)]
    for window in demand.windows:
        _known(book, window)
        room, wait = _room(book, window, now)
        rooms.append((room, window.most // window.cost))
        waits.append(wait)
    for meter in demand.meters:
        left = book.left.get(meter.key)
        if left is not None:
            amount = left.amount - sum(worker.held.get(meter.key, 0) for worker in book.workers.values())
            rooms.append((amount // meter.cost, max(1, left.amount) // meter.cost))
            if amount < meter.cost:
                waits.append(left.until - now if left.amount < meter.cost else min(POLL, left.until - now))
    spaced = _spacing(book, wish, adaptive)
    for key, rate in spaced:
        # No later than tickets ever reach ahead, for the case that the clock was put back.
        book.free_at[key] = min(book.free_at.get(key, now), now + 1 / rate + _CATCH_UP)
        waits.append(book.free_at[key] - now)
    places = {}
    for place in demand.places:
        free = place.most - sum(worker.busy.get(place.key, 0) for worker in book.workers.values())
        # Places are only kept beyond the request while nobody else is there to want them.
        spare = 0 if others else wish.places - me.busy.get(place.key, 0) - 1
        places[place.key] = me.busy.get(place.key, 0) + 1 + max(0, min(spare, free - 1))
        if free < 1:
            waits.append(POLL)
    crowded = bool(others) and any(2 * room < most for room, most in rooms)
    crowded |= bool(others) and any(
        2 * sum(w.busy.get(p.key, 0) for w in book.workers.values()) >= p.most for p in demand.places
    )
    if (wait := max(waits)) > 0:
        return Grant(0, wait, dict(me.busy), crowded)
    ahead = min([wish.ahead, *(max(0, (room - most // 2) // 8) for room, most in rooms)])
    ahead = min([ahead, *(int(rate * _CATCH_UP) for _, rate in spaced)])
    for key, rate in spaced:
        book.free_at[key] = max(book.free_at[key], now - _CATCH_UP) + (1 + ahead) / rate
    for key, cost in costs(demand):
        me.held[key] = me.held.get(key, 0) + cost * (1 + ahead)
    me.busy.update(places)
    return Grant(1 + ahead, 0.0, places, crowded)


def costs(demand: Demand) -> Iterable[tuple[str, int]]:
    """What one request holds, by the keys of its windows and meters."""
    yield from ((window.key, window.cost) for window in demand.windows)
    yield from ((meter.key, meter.cost) for meter in demand.meters)


def leave(book: Book, name: str) -> None:
    """A worker that has reported everything goes."""
    book.workers.pop(name, None)


def pause(book: Book, key: str, until: float) -> None:
    """Nobody begins a request that `key` slows down before then; "" is the whole account."""
    book.paused[key] = max(book.paused.get(key, 0.0), until)


def refuse(book: Book, key: str, *, now: float, adaptive: Adaptive) -> None:
    """The vendor said no: the pace drops, once for all refusals that come together."""
    pace = book.paces.get(key)
    if pace is None:
        observed = adaptive.start or _observed_rate(book, key, now)
        pace = book.paces[key] = Pace(observed, lift=None if adaptive.start else 2 * observed)
    elif now - pace.dropped_at < _ONE_DROP:
        return
    pace.rate = max(adaptive.least, pace.rate * adaptive.drop)
    pace.dropped_at = now


def learn(book: Book, key: str, amount: int, until: float, *, now: float) -> None:
    """The vendor told what is left for AVESA, and until when that holds. Answers can overtake one another, so of two
    about the same time the lower one counts.
    """
    known = book.left.get(key)
    if known is None or known.until <= now:
        book.left[key] = Left(amount, until)
    else:
        known.amount = min(known.amount, amount)
        # An empty one that is told of again lasts as long as the vendor now says.
        if amount <= 0:
            known.until = until


def midnight_after(moment: float, zone: str) -> float:
    local = datetime.fromtimestamp(moment, _zone(zone)) + timedelta(days=1)
    return local.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()


def _room(book: Book, window: Window, now: float) -> tuple[int, float]:
    """How many more requests fit, and how long to wait until one does (0 where one does now)."""
    used = book.used[window.key]
    held = sum(worker.held.get(window.key, 0) for worker in book.workers.values())
    free = window.most - held - sum(amount for _, amount in used.log)
    room = free // window.cost
    if room >= 1:
        return room, 0.0
    for moment, amount in used.log:
        free += amount
        if free >= window.cost:
            return 0, _ends(used, moment) - now + 1e-6
    return 0, POLL


def _known(book: Book, window: Window) -> None:
    if window.key not in book.used:
        book.used[window.key] = Used(window.seconds, window.zone)


def _use(book: Book, key: str, moment: float, amount: int) -> None:
    if key in book.used:
        _append(book.used[key], moment, amount)
    elif key in book.left:
        book.left[key].amount -= amount


def _append(used: Used, moment: float, amount: int) -> None:
    """The log stays in order, and one entry for each step."""
    grain = used.seconds / _GRAINS
    at = ceil(moment / grain) * grain
    for place in range(len(used.log) - 1, -1, -1):
        known, before = used.log[place]
        if known == at:
            used.log[place] = (at, before + amount)
            return
        if known < at:
            used.log.insert(place + 1, (at, amount))
            return
    used.log.insert(0, (at, amount))


def _ends(used: Used, moment: float) -> float:
    """When a use at that moment no longer counts."""
    if used.zone is not None:
        # The moment is the end of its step, which may lie behind midnight: then it counts for the day to come.
        return midnight_after(moment, used.zone)
    return moment + used.seconds + _SLACK


def _prune(book: Book, now: float) -> None:
    for used in book.used.values():
        # After a clock was put back, nothing may count for longer than the window lasts.
        latest = now + used.seconds / _GRAINS + LEASE
        used.log = [(min(moment, latest), amount) for moment, amount in used.log if _ends(used, moment) > now]
    book.left = {key: left for key, left in book.left.items() if left.until > now}
    book.paused = {key: until for key, until in book.paused.items() if until > now}


def _paused(book: Book, demand: Demand, now: float) -> float:
    return max(book.paused.get("", 0.0), book.paused.get(demand.slowed_by, 0.0)) - now


def _spacing(book: Book, wish: Wish, adaptive: Adaptive) -> list[tuple[str, float]]:
    """The keys by which requests are spaced, each with its requests a second."""
    found = [("our own", wish.per_second)] if wish.per_second else []
    key = wish.demand.slowed_by
    if adaptive.start is not None and key not in book.paces:
        book.paces[key] = Pace(adaptive.start)
    learned = [name for name in {key, ""} if name in book.paces]
    return [*found, *((f"learned {name}", book.paces[name].rate) for name in learned)]


def _grow(book: Book, key: str, count: int, adaptive: Adaptive) -> None:
    pace = book.paces.get(key)
    if pace is None:
        return
    # At full pace this is `step` more for each second; a vendor that is asked seldom proves little.
    pace.rate = min(adaptive.most or inf, pace.rate + adaptive.step * count / pace.rate)
    if pace.lift is not None and pace.rate >= pace.lift:
        del book.paces[key]


def _observed(key: str) -> str:
    return f"observed {key}"


def _observed_rate(book: Book, key: str, now: float) -> float:
    used = book.used.get(_observed(key))
    if used is None or not used.log:
        return 1 / _SOONEST
    return sum(amount for _, amount in used.log) / max(_SOONEST, now - used.log[0][0])


def _zone(name: str) -> tzinfo:
    # Some systems have no list of zones; UTC needs none.
    return UTC if name == "UTC" else ZoneInfo(name)
