"""One day of syncs, event by event: who is planned, who waits for whom, who is done when."""

from __future__ import annotations

import heapq
import random
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count

from scripts.cost_model import Usage, lambda_seconds
from scripts.figures import ASSUMED, MEASURED, QUOTAS, Quotas

from avesa.connector.limits import SHARE, Rate
from avesa.integrations import load_service

DAY = 86_400.0
SERVICES = (
    "autotask",
    "connectwise",
    "crowdstrike",
    "halopsa",
    "hubspot",
    "jira",
    "microsoft365",
    "quickbooks",
    "stripe",
    "xero",
)
CANONICAL = 12
FOLDS_OF_AN_ITEM = 5


@dataclass(frozen=True)
class Setting:
    tenants: int = 1000
    services: int = 10
    tables: int = 15
    syncs_a_day: int = 24
    map_concurrency: int = 500
    slow_vendors: int = 2
    """So many vendors answer ten times slower for an hour of the day."""
    seed: int = 7
    dealt: bool = False
    """Whether a plan's order is dealt anew for each run, or that of the tenants' names."""
    quotas: Quotas = QUOTAS

    @property
    def usage(self) -> Usage:
        return Usage(self.tenants, self.services, self.tables, FOLDS_OF_AN_ITEM, self.syncs_a_day)


@dataclass(frozen=True)
class Vendor:
    """`seconds_a_call` is the pace that the account's limits leave, `calls_a_day` its budget; none: infinity."""

    name: str
    seconds_a_call: float
    calls_a_day: float
    slow_from: float
    slow_to: float

    def call_seconds(self, now: float) -> float:
        answer = 0.5 * (10 if self.slow_from <= now < self.slow_to else 1)
        return max(answer, self.seconds_a_call)


@dataclass
class Item:
    """One service of one tenant, through the day. `calls` are those of one sync without much news."""

    tenant: int
    vendor: Vendor
    calls: float
    tables: tuple[int, ...]
    """The canonical tables that it feeds."""
    in_work: bool = False
    spent: float = 0.0


@dataclass
class Outcome:
    """`lags` are the seconds from a run's start to the end of a service's folds, by tenant. `peak` and `seconds` are
    what was used at most, and altogether.
    """

    lags: list[list[float]]
    runs: int = 0
    ended: int = 0
    skipped: int = 0
    out_of_budget: int = 0
    busy_waits: int = 0
    slowest_run: float = 0.0
    peak: Counter[str] = field(default_factory=Counter)
    seconds: Counter[str] = field(default_factory=Counter)


def vendors(setting: Setting, chance: random.Random) -> list[Vendor]:
    """The services' own published limits, of which AVESA takes its share."""
    slow = set(chance.sample(SERVICES[: setting.services], min(setting.slow_vendors, setting.services)))
    found = []
    for name in SERVICES[: setting.services]:
        rates = [rate for rate in load_service(name).limits.rates if _of_the_account(rate)]
        short = [rate for rate in rates if rate.per < timedelta(hours=12)]
        long = [rate for rate in rates if rate.per >= timedelta(hours=12)]
        begins = chance.uniform(0, DAY - 3600) if name in slow else DAY
        found.append(
            Vendor(
                name,
                max((rate.per.total_seconds() / (rate.most * SHARE) for rate in short), default=0.0),
                min((rate.most * SHARE for rate in long), default=float("inf")),
                begins,
                begins + 3600,
            )
        )
    return found


def _of_the_account(rate: Rate) -> bool:
    return rate.group is None and not rate.each and not rate.points


def items(setting: Setting, chance: random.Random) -> list[Item]:
    """Tenants differ as firms do: most are small, few are a hundred times as large."""
    known = vendors(setting, chance)
    found = []
    for tenant in range(setting.tenants):
        size = min(100.0, chance.paretovariate(1.2))
        for vendor in known:
            calls = setting.tables + sum(chance.random() < 0.2 for _ in range(setting.tables)) * size
            tables = tuple(sorted(chance.sample(range(CANONICAL), FOLDS_OF_AN_ITEM)))
            found.append(Item(tenant, vendor, calls, tables))
    return found


class Day:
    """The clock, and who waits for what: `_map` for a place in the map, `_lambdas` for one of the account's."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._chance = random.Random(setting.seed)  # noqa: S311 — a simulation
        self._items = items(setting, self._chance)
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self._now = 0.0
        self._map: deque[tuple[Item, _Run]] = deque()
        self._children = self._running = 0
        self._waiting: deque[Callable[[], None]] = deque()
        self._folding: dict[tuple[int, int], deque[Callable[[], None]]] = {}
        usage = setting.usage
        self._fold_seconds = lambda_seconds(MEASURED.fold_cpu_seconds, ASSUMED.fold_wait_seconds, usage.transform_mb)
        self._own_seconds = lambda_seconds(MEASURED.pull_cpu_seconds, 0.2, usage.ingestion_mb)
        self.outcome = Outcome([[] for _ in range(setting.tenants)])

    def run(self) -> Outcome:
        for number in range(self._setting.syncs_a_day):
            self._at(number * DAY / self._setting.syncs_a_day, self._start_run)
        while self._events:
            self._now, _, then = heapq.heappop(self._events)
            then()
        return self.outcome

    def _at(self, when: float, then: Callable[[], None]) -> None:
        heapq.heappush(self._events, (when, next(self._order), then))

    def _after(self, seconds: float, then: Callable[[], None]) -> None:
        self._at(self._now + seconds, then)

    def _start_run(self) -> None:
        self.outcome.runs += 1
        run = _Run(self._now)
        planned = [item for item in self._items if not item.in_work]
        self.outcome.skipped += len(self._items) - len(planned)
        if self._setting.dealt:
            self._chance.shuffle(planned)
        for item in planned:
            item.in_work = True
            self._map.append((item, run))
        self._fill_the_map()

    def _fill_the_map(self) -> None:
        width = min(self._setting.map_concurrency, self._setting.quotas.children)
        while self._map and self._children < width:
            item, run = self._map.popleft()
            self._children += 1
            self._most("children", self._children)
            self._with_a_lambda(lambda item=item, run=run: self._pull(item, run))

    def _with_a_lambda(self, then: Callable[[], None]) -> None:
        if self._running < self._setting.quotas.lambda_concurrency:
            self._running += 1
            self._most("lambdas", self._running)
            then()
        else:
            self._waiting.append(then)
            self._most("waiting for a Lambda", len(self._waiting))

    def _give_back_a_lambda(self) -> None:
        if self._waiting:
            self._waiting.popleft()()
        else:
            self._running -= 1

    def _pull(self, item: Item, run: _Run) -> None:
        left = item.vendor.calls_a_day - item.spent
        calls = min(item.calls * self._chance.uniform(0.8, 1.2), left)
        if calls < item.calls * 0.8:
            self.outcome.out_of_budget += 1
        calls = max(0.0, calls)
        item.spent += calls
        seconds = calls * item.vendor.call_seconds(self._now) + self._setting.tables * self._own_seconds
        self.outcome.seconds["pulls"] += seconds
        self._after(seconds, lambda: self._pulled(item, run))

    def _pulled(self, item: Item, run: _Run) -> None:
        self._give_back_a_lambda()
        self._fold(item, run, 0)

    def _fold(self, item: Item, run: _Run, index: int) -> None:
        """Folds of one item come one after the other here; of two services of a tenant, one waits for the other."""
        if index == len(item.tables):
            self._end(item, run)
            return
        key = (item.tenant, item.tables[index])
        if key in self._folding:
            self.outcome.busy_waits += 1
            self._folding[key].append(lambda: self._begin_fold(item, run, index))
            return
        self._folding[key] = deque()
        self._begin_fold(item, run, index)

    def _begin_fold(self, item: Item, run: _Run, index: int) -> None:
        self._with_a_lambda(
            lambda: self._after(self._fold_seconds, lambda: self._folded(item, run, index)),
        )

    def _folded(self, item: Item, run: _Run, index: int) -> None:
        self._give_back_a_lambda()
        self.outcome.seconds["folds"] += self._fold_seconds
        key = (item.tenant, item.tables[index])
        if self._folding[key]:
            self._folding[key].popleft()()
        else:
            del self._folding[key]
        self._fold(item, run, index + 1)

    def _end(self, item: Item, run: _Run) -> None:
        item.in_work = False
        lag = self._now - run.started
        self.outcome.ended += 1
        self.outcome.lags[item.tenant].append(lag)
        self.outcome.slowest_run = max(self.outcome.slowest_run, lag)
        self._children -= 1
        self._fill_the_map()

    def _most(self, what: str, now: int) -> None:
        self.outcome.peak[what] = max(self.outcome.peak[what], now)


@dataclass(frozen=True)
class _Run:
    started: float


def simulate(setting: Setting) -> Outcome:
    return Day(setting).run()
