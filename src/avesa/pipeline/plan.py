"""What a tenant's services cost in calls a day, set against what each vendor allows.

The calls of a pull are those that pulls took lately, as the run log tells. What was never pulled is estimated: one
call for a plain table, one for each known parent record for a table that is asked for under a parent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from avesa.connector.connection import check_settings
from avesa.connector.demand import published
from avesa.connector.limits import SHARE_SETTING, Rate, read_share
from avesa.connector.pull_settings import every_of, relist_of
from avesa.connector.schedule import pulls_a_day
from avesa.connector.service import Endpoint, Service
from avesa.integrations import load_service
from avesa.pipeline.ingest import choose_tables
from avesa.pipeline.ports import Ports
from avesa.shared.errors import AvesaError, ConfigurationError, UsageError, Where
from avesa.shared.run_log import RunEntry
from avesa.shared.tenants import TenantService

LATELY = timedelta(days=7)
USUAL_EVERY = timedelta(hours=1)
"""How often a tenant is taken to be synced whose run log does not tell yet."""

_DAY = timedelta(days=1)
_SHORTEST = timedelta(hours=1)
"""A run log that spans less than this tells nothing of how often a tenant is synced."""


@dataclass(frozen=True)
class TablePlan:
    """One raw table on a usual day. Calls are those of one pull; `known` is False where they are an estimate."""

    table: str
    changes_a_day: float
    listings_a_day: float
    calls_of_changes: float
    calls_of_listing: float
    known: bool

    @property
    def calls_a_day(self) -> float:
        return self.changes_a_day * self.calls_of_changes + self.listings_a_day * self.calls_of_listing


@dataclass(frozen=True)
class Budget:
    """One published limit over a day. `needed` and `allowed` are requests, or the vendor's points; `taken` is the part
    of what is allowed that AVESA takes at most.
    """

    says: str
    needed: float
    allowed: float
    taken: float

    @property
    def used(self) -> float:
        """The part of what is allowed that is needed; above `taken` it does not suffice."""
        return self.needed / self.allowed

    @property
    def suffices(self) -> bool:
        return self.used <= self.taken


@dataclass(frozen=True)
class ServicePlan:
    """`every` is the time between two syncs, `every_known` whether the run log or the caller told it. `budgets` is
    empty where the vendor publishes none. `warnings` say what does not suffice and what to change.
    """

    service: str
    every: timedelta
    every_known: bool
    tables: tuple[TablePlan, ...]
    budgets: tuple[Budget, ...]
    warnings: tuple[str, ...]

    @property
    def calls_a_day(self) -> float:
        return sum(table.calls_a_day for table in self.tables)


@dataclass(frozen=True)
class TenantPlan:
    """`errors` are of the services that cannot be planned, each with its `where`."""

    services: tuple[ServicePlan, ...]
    errors: tuple[AvesaError, ...] = ()


def plan_tenant(ports: Ports, tenant: str, *, every: timedelta | None = None) -> TenantPlan:
    """Each enabled service of the tenant. `every` plans for another time between two syncs.

    A service whose declaration, settings or tables cannot be used does not stop the others. Raises UsageError for an
    unknown tenant.
    """
    now = ports.clock()
    entries = [
        entry
        for entry in ports.run_log.entries(tenant, limit=100_000)
        if entry.stage == "ingest" and now - entry.finished_at <= LATELY
    ]
    plans: list[ServicePlan] = []
    errors: list[AvesaError] = []
    for one in ports.tenants.services(tenant):
        if one.enabled:
            try:
                plans.append(plan_service(one, load_service(one.service), entries, every=every))
            except (UsageError, ConfigurationError) as error:
                errors.append(error.located(Where(tenant, one.service)))
    return TenantPlan(tuple(plans), tuple(errors))


def plan_service(
    connected: TenantService, service: Service, entries: Sequence[RunEntry], *, every: timedelta | None = None
) -> ServicePlan:
    """`entries` are the tenant's pulls of late, newest first. Raises UsageError for an unknown setting or table,
    ConfigurationError for a limit that is no number.
    """
    pulls: dict[str, list[RunEntry]] = {}
    for entry in entries:
        name, _, table = entry.table.partition("/")
        if name == service.name and entry.status == "ok" and "calls" in entry.figures:
            pulls.setdefault(table, []).append(entry)
    seen = every or _time_between(pulls.values())
    rows = {table: _rows(found) for table, found in pulls.items()}
    check_settings(service, connected.settings, where=Where(connected.tenant_id, service.name))
    chosen = choose_tables(service, connected.tables)
    settings = {**service.defaults(), **connected.settings}
    tables = tuple(
        _table(service, endpoint, pulls.get(endpoint.name, []), rows, seen or USUAL_EVERY, settings)
        for endpoint in chosen
    )
    share = read_share(settings.get(SHARE_SETTING))
    budgets = [
        budget
        for rate in service.limits.rates
        for budget in _budgets(rate, chosen, {t.table: t.calls_a_day for t in tables}, settings, share)
    ]
    plan = ServicePlan(service.name, seen or USUAL_EVERY, seen is not None, tables, tuple(budgets), ())
    return replace(plan, warnings=tuple(_warnings(plan, service)))


def _table(
    service: Service,
    endpoint: Endpoint,
    pulls: list[RunEntry],
    rows: Mapping[str, int],
    syncs: timedelta,
    settings: Mapping[str, str],
) -> TablePlan:
    changes = service.changes_of(endpoint)
    asked_a_day, listings = pulls_a_day(
        syncs=syncs,
        every=every_of(settings, endpoint),
        relist=relist_of(settings, endpoint),
        asked=changes is not None,
        listed=changes is None or not changes.only,
    )
    of_listing, of_changes = _calls(pulls, "listing"), _calls(pulls, "changes")
    known = (of_listing is not None or listings == 0) and (of_changes is not None or asked_a_day == 0)
    above = endpoint.parent
    guess = 1.0 if above is None else float(max(1, -(-rows.get(above.endpoint, 1) // above.at_once)))
    return TablePlan(
        endpoint.name,
        asked_a_day,
        listings,
        1.0 if of_changes is None else of_changes,
        guess if of_listing is None else of_listing,
        known,
    )


def _calls(pulls: Iterable[RunEntry], kind: str) -> float | None:
    """What a pull of this kind took on average; one that went on from a checkpoint counts all of its calls."""
    calls = [int(entry.figures["calls"]) for entry in pulls if entry.figures.get("kind") == kind]
    return sum(calls) / len(calls) if calls else None


def _rows(pulls: Iterable[RunEntry]) -> int:
    """The rows of the newest listing."""
    return next((int(entry.figures.get("rows", 0)) for entry in pulls if entry.figures.get("kind") == "listing"), 1)


def _time_between(pulls: Iterable[list[RunEntry]]) -> timedelta | None:
    """The usual time between two pulls of a table, by the table that was pulled most often."""
    times: list[datetime] = max(([entry.started_at for entry in found] for found in pulls), key=len, default=[])
    if len(times) < 2 or max(times) - min(times) < _SHORTEST:
        return None
    return (max(times) - min(times)) / (len(times) - 1)


def _budgets(
    rate: Rate, chosen: Sequence[Endpoint], calls: Mapping[str, float], settings: Mapping[str, str], share: float
) -> list[Budget]:
    """The account's or the group's budget, or that of each table by itself where it is counted so."""
    allowed = published(rate, settings) * (_DAY / rate.per)
    counted = [one for one in chosen if rate.group is None or rate.group in one.limit_groups]
    needed = {one.name: calls[one.name] * (one.cost if rate.points else 1) for one in counted}
    says = f"{published(rate, settings):,} {'points' if rate.points else 'requests'} {_span(rate)}"
    if rate.each:
        return [Budget(f"{says}, {name}", need, allowed, share) for name, need in needed.items()]
    return [Budget(says + (f", {rate.group}" if rate.group else ""), sum(needed.values()), allowed, share)]


def _span(rate: Rate) -> str:
    if rate.zone is not None:
        return f"a day ({rate.zone})"
    names = {1: "a second", 60: "a minute", 3600: "an hour", 86400: "a day"}
    seconds = rate.per.total_seconds()
    return names.get(int(seconds) if seconds.is_integer() else 0, f"in {seconds:g} seconds")


def _warnings(plan: ServicePlan, service: Service) -> Iterable[str]:
    for budget in plan.budgets:
        if budget.suffices:
            continue
        dearest = max(plan.tables, key=lambda table: table.calls_a_day)
        part = dearest.calls_a_day / plan.calls_a_day
        listed = dearest.listings_a_day * dearest.calls_of_listing > dearest.calls_a_day / 2
        relists = listed and service.changes_of(service.endpoint(dearest.table)) is not None
        means = (
            f"look for its deletions less often (relist.{dearest.table})"
            if relists
            else f"pull it less often than the others (every.{dearest.table})"
        )
        yield (
            f"It takes {budget.needed:,.0f} a day and may take {budget.allowed * budget.taken:,.0f} of {budget.says}. "
            f"Sync less often than every {_minutes(plan.every)}, or begin with {dearest.table} ({part:.0%} of the "
            f"calls): {means}."
        )


def _minutes(every: timedelta) -> str:
    return f"{every.total_seconds() / 60:,.0f} minutes"
