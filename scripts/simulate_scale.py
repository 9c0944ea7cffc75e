"""A day of syncs of many tenants, event by event, against the quotas of AWS and the limits of vendors.

    python scripts/simulate_scale.py                                    1,000 tenants x 10 services x 15 tables
    python scripts/simulate_scale.py --tenants 200 --map-concurrency 100
    python scripts/simulate_scale.py --lambda-concurrency 3000 --map-concurrency 2000
    python scripts/simulate_scale.py --dealt                            a plan whose order is dealt anew for each run

What is simulated: scheduled runs that leave out a service of a tenant which an earlier run has in work; a distributed
map of limited width that takes the plan in its order; tables that are pulled one after the other, at the vendor's pace
and within its daily budget; folds that wait for the fold of another service of the tenant; Lambdas that wait for the
account's limit. Tenants differ in size, a few are very large, and some vendors are slow for an hour. The same seed
gives the same day.

What is not: cold starts, and anything within a table. How long things take is what `cost_model.py` knows.
"""

from __future__ import annotations

import argparse
import heapq
import random
import sys
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from cost_model import Assumed, Measured, Usage, lambda_seconds, month, transitions

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
class Quotas:
    """Of an account in one region, as they are at first; all can be raised. DynamoDB's are of one partition."""

    lambda_concurrency: int = 1000
    children: int = 10_000
    transitions_a_second: int = 5000
    partition_writes_a_second: int = 1000
    partition_reads_a_second: int = 3000


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
    quotas: Quotas = Quotas()


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
        self._usage = Usage(
            setting.tenants, setting.services, setting.tables, FOLDS_OF_AN_ITEM, float(setting.syncs_a_day)
        )
        self._fold_seconds = lambda_seconds(
            Measured().fold_cpu_seconds, Assumed().fold_wait_seconds, self._usage.transform_mb
        )
        self._own_seconds = lambda_seconds(Measured().pull_cpu_seconds, 0.2, self._usage.ingestion_mb)
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


def quantile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def fairness(outcome: Outcome) -> float:
    """Jain's index over the tenants' mean lags: 1 where all wait alike, 1/n where one waits for all."""
    means = [sum(lags) / len(lags) for lags in outcome.lags if lags]
    squares = sum(mean * mean for mean in means)
    return sum(means) ** 2 / (len(means) * squares) if squares else 1.0


def rates(setting: Setting, outcome: Outcome) -> dict[str, tuple[float, float]]:
    """What was used a second at its busiest, and the quota: children that are in work all do their work at once."""
    measured, quotas = Measured(), setting.quotas
    busy = outcome.seconds["pulls"] + outcome.seconds["folds"]
    usage = Usage(setting.tenants, setting.services, setting.tables, FOLDS_OF_AN_ITEM, setting.syncs_a_day)
    done = transitions(usage) / 30 * (outcome.ended / max(1, usage.items / 30))
    a_second = done / busy if busy else 0.0
    pull = outcome.seconds["pulls"] / max(1, outcome.ended * setting.tables)
    at_once = min(setting.services, outcome.peak["children"])
    return {
        "Step Functions, transitions a second": (
            a_second * outcome.peak["children"],
            quotas.transitions_a_second,
        ),
        "DynamoDB, writes a second of one tenant": (
            at_once * measured.pull_dynamodb_writes / pull if pull else 0.0,
            quotas.partition_writes_a_second,
        ),
        "DynamoDB, reads a second of one tenant": (
            at_once * measured.pull_dynamodb_reads / pull if pull else 0.0,
            quotas.partition_reads_a_second,
        ),
        "Lambda, at once": (outcome.peak["lambdas"], quotas.lambda_concurrency),
        "Distributed map, children at once": (outcome.peak["children"], quotas.children),
    }


def report(setting: Setting, outcome: Outcome) -> str:
    lags = [lag for tenant in outcome.lags for lag in tenant]
    worst = [quantile(tenant, 0.95) for tenant in outcome.lags if tenant]
    usage = Usage(setting.tenants, setting.services, setting.tables, FOLDS_OF_AN_ITEM, float(setting.syncs_a_day))
    lines = [
        f"{setting.tenants:,} tenants x {setting.services} services x {setting.tables} tables, "
        f"{setting.syncs_a_day} syncs a day, {setting.map_concurrency:,} services at once, "
        f"{'dealt anew' if setting.dealt else 'in the order of names'}, seed {setting.seed}",
        "",
        f"services synced       {outcome.ended:>10,}",
        f"still in work         {outcome.skipped:>10,}   left out of a run, since an earlier one had them",
        f"budget spent          {outcome.out_of_budget:>10,}   stopped at what the vendor allows a day",
        f"folds that waited     {outcome.busy_waits:>10,}   for another service's fold of the same table",
        "",
        "lag, from a run's start until what a service landed is folded, in minutes",
        *(f"  {share:>4.0%} within {quantile(lags, share) / 60:>9.1f}" for share in (0.5, 0.95, 0.99)),
        f"  all within  {outcome.slowest_run / 60:>9.1f}",
        "fairness",
        f"  Jain's index over the tenants' mean lags {fairness(outcome):.3f}",
        f"  95 % of the luckiest tenant's services within {min(worst, default=0) / 60:.1f}, "
        f"of the unluckiest's within {max(worst, default=0) / 60:.1f} minutes",
        "",
        "quotas",
        *(
            f"  {name:42}{used:>9,.0f} of {quota:>6,}   {'over' if used > quota else f'{used / quota:.0%}'}"
            for name, (used, quota) in rates(setting, outcome).items()
        ),
        f"  Lambdas that waited for the account's limit, at most {outcome.peak['waiting for a Lambda']:,}",
        "",
        f"cost, by cost_model.py: {sum(month(usage).values()) / 30:,.0f} dollars a day",
    ]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    usual = Setting()
    for name in ("tenants", "services", "tables", "syncs_a_day", "map_concurrency", "slow_vendors", "seed"):
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=getattr(usual, name))
    for name in ("lambda_concurrency", "transitions_a_second"):
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=getattr(usual.quotas, name))
    parser.add_argument("--dealt", action="store_true", help="deal each plan's order anew")
    asked = vars(parser.parse_args(arguments))
    quotas = Quotas(
        lambda_concurrency=asked.pop("lambda_concurrency"), transitions_a_second=asked.pop("transitions_a_second")
    )
    if not 1 <= asked["services"] <= len(SERVICES) or min(asked["tenants"], asked["syncs_a_day"]) < 1:
        parser.error(f"1 to {len(SERVICES)} services, and at least one tenant and one sync")
    setting = Setting(**asked, quotas=quotas)
    print(report(setting, simulate(setting)))  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
