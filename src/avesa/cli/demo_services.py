"""The demo of any services: one tenant, connected to each of them in the sandbox, and a proof against its world."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from rich.console import Console

from avesa.cli.demo_checks import (
    Check,
    SyncMoment,
    check_history,
    check_idle,
    check_intervals,
    check_rebuild,
    check_verified,
)
from avesa.cli.demo_clock import running_on
from avesa.cli.demo_show import show_checks
from avesa.cli.demo_truth import Compared, check_allowed, check_world, compare
from avesa.cli.output import counted, write_table
from avesa.cli.report import TenantRun
from avesa.cli.sandbox_connections import connection_values
from avesa.pipeline.home import open_home
from avesa.pipeline.ports import Ports
from avesa.pipeline.snapshots import snapshots
from avesa.pipeline.sync import PageSeen, SyncReport, new_run_id, sync_tenant
from avesa.pipeline.transform import TransformOutcome, transform_tenant
from avesa.sandbox.clock import SandboxClock
from avesa.sandbox.mapped.rows import WorldRows
from avesa.sandbox.server import HAND_WRITTEN, Sandbox
from avesa.sandbox.world import DEFAULT_START, World
from avesa.shared.allowance import Result, Step
from avesa.shared.tenants import TenantService

TENANT = "northwind-it"


def _slowly() -> float:
    """Seconds that a demo's day takes by AVESA's clock: a hundredth of those that pass, so that vendors that compare
    clocks find no difference, however busy the machine is.
    """
    return time.monotonic() / 100


class Unspent:
    """Allowances of which nothing is ever used up: a demo's vendors are on this machine and count no requests, and
    its days pass without time to wait in.
    """

    def change(self, account: str, step: Step[Result]) -> Result:
        return step(None)[1]

    def worker(self) -> str:
        return "demo"

    def is_gone(self, worker: str) -> bool:
        return False


@dataclass(frozen=True)
class ServiceDay:
    """What a sync of one service came to on one simulated day."""

    day: int
    service: str
    report: SyncReport
    seconds: float

    @property
    def figures(self) -> dict[str, Any]:
        return {
            "day": self.day,
            "service": self.service,
            "tables": sum(table.status != "not_due" for table in self.report.tables),
            "rows": sum(table.rows for table in self.report.tables),
            "calls": sum(table.calls for table in self.report.tables),
            "complete": self.report.complete,
            "seconds": round(self.seconds, 1),
        }

    @property
    def errors(self) -> list[str]:
        return [str(error) for error in TenantRun(self.report.tenant, self.report).failures()]


@dataclass(frozen=True)
class FoldDay:
    """What the fold of one simulated day came to, for all services together."""

    day: int
    transforms: tuple[TransformOutcome, ...]
    seconds: float

    @property
    def figures(self) -> dict[str, Any]:
        return {
            "day": self.day,
            "tables": len(self.transforms),
            "versions": sum(fold.report.added for fold in self.transforms),
            "complete": not self.errors,
            "seconds": round(self.seconds, 1),
        }

    @property
    def errors(self) -> list[str]:
        return [str(fold.error) for fold in self.transforms if fold.error]


@dataclass(frozen=True)
class ServicesOutcome:
    """All that there is to show of a demo of services."""

    days: tuple[ServiceDay, ...]
    folds: tuple[FoldDay, ...]
    compared: tuple[Compared, ...]
    checks: tuple[Check, ...]
    tables: dict[str, tuple[int, int]]
    """Current rows and closed versions of each canonical table."""
    home: Path
    seconds: float

    @property
    def errors(self) -> list[str]:
        pulled = [error for day in self.days for error in day.errors]
        return pulled + [error for fold in self.folds for error in fold.errors]

    @property
    def ok(self) -> bool:
        return all(check.ok for check in self.checks) and not self.errors


def play_services(
    folder: Path, services: Sequence[str], days: int, seed: int, out: Console, page_seen: PageSeen
) -> ServicesOutcome:
    """Sync every service at the end of each simulated day, then verify what that left behind."""
    began = time.monotonic()
    world = World(seed=seed, start=DEFAULT_START, days=days + 1)
    clock = SandboxClock(DEFAULT_START + timedelta(hours=20))
    with (
        Sandbox(worlds={TENANT: world}, services=services, clock=clock) as sandbox,
        open_home(folder, clock=running_on(clock, _slowly)) as home,
    ):
        ports = replace(home, allowances=Unspent())
        connect_services(ports, sandbox)
        out.print(f"{counted(len(sandbox.services), 'service')} of one world at {sandbox.url} (invented data).\n")
        done: list[ServiceDay] = []
        folds: list[FoldDay] = []
        moments: list[SyncMoment] = []
        for day in range(1, days + 1):
            for one in sync_day(ports, sandbox.services, day, page_seen):
                done.append(one)
                out.print(service_line(one))
            folds.append(fold_day(ports, day))
            out.print(fold_line(folds[-1]))
            moments.append(SyncMoment(clock(), ports.clock()))
            if day < days:
                clock.advance(timedelta(days=1))
        compared = [
            found
            for service in sandbox.services
            if service != HAND_WRITTEN
            for found in compare(ports, TENANT, service, sandbox.account(service))
        ]
        checks = verify_services(ports, sandbox, moments, compared)
        tables = table_figures(ports)
    return ServicesOutcome(tuple(done), tuple(folds), tuple(compared), checks, tables, folder, time.monotonic() - began)


def connect_services(ports: Ports, sandbox: Sandbox) -> None:
    ports.tenants.add_tenant(TENANT)
    for name in sandbox.services:
        settings, secrets = connection_values(sandbox, TENANT, name)
        ports.tenants.put(TenantService(TENANT, name, settings=settings))
        ports.secrets.put(TENANT, name, secrets)


def sync_day(ports: Ports, services: Sequence[str], day: int, page_seen: PageSeen) -> Iterator[ServiceDay]:
    """Each service in turn; nothing is folded yet."""
    for service in services:
        began = time.monotonic()
        report = sync_tenant(ports, TENANT, service=service, page_seen=page_seen, transform=False)
        yield ServiceDay(day, service, report, time.monotonic() - began)


def fold_day(ports: Ports, day: int) -> FoldDay:
    """Fold what the day's syncs have landed."""
    began = time.monotonic()
    transforms = transform_tenant(ports, TENANT, run_id=new_run_id(ports))
    return FoldDay(day, tuple(transforms), time.monotonic() - began)


def verify_services(
    ports: Ports, sandbox: Sandbox, moments: Sequence[SyncMoment], compared: Sequence[Compared]
) -> tuple[Check, ...]:
    """Those that fit the services; the one that syncs again goes after those that look at what the days left. Where
    nothing is mapped yet there is no canonical table to check.
    """
    tables = sorted(snapshots(ports, TENANT))
    accounts = {name: sandbox.account(name) for name in sandbox.services if name != HAND_WRITTEN}
    checks: list[Check] = []
    if HAND_WRITTEN in sandbox.services:
        checks.append(check_history(ports, sandbox, [TENANT], moments))
    if any(account.rows.world_tables for account in accounts.values() if isinstance(account.rows, WorldRows)):
        checks.append(check_world(compared))
    if tables:
        checks.append(check_intervals(ports, [TENANT], tables))
    checks.append(check_idle([sync_tenant(ports, TENANT)], raw=False))
    if tables:
        checks += [check_rebuild(ports, [TENANT], new_run_id(ports), tables), check_verified(ports, [TENANT])]
    if accounts:
        checks.append(check_allowed(accounts))
    return tuple(checks)


def table_figures(ports: Ports) -> dict[str, tuple[int, int]]:
    return {
        table: (
            sum(file.rows for file in snapshot.files if file.is_current),
            sum(file.rows for file in snapshot.files if not file.is_current),
        )
        for table, snapshot in snapshots(ports, TENANT).items()
    }


def service_line(day: ServiceDay) -> str:
    figures = day.figures
    line = (
        f"day {day.day}  {day.service:<18}{counted(figures['tables'], 'table'):>10}"
        f"{counted(figures['rows'], 'raw row'):>16}{counted(figures['calls'], 'request'):>16}"
        f"{figures['seconds']:>8} s"
    )
    return line if figures["complete"] else f"{line}  incomplete"


def fold_line(day: FoldDay) -> str:
    figures = day.figures
    return (
        f"day {day.day}  {'folded':<18}{counted(figures['tables'], 'table'):>10}"
        f"{counted(figures['versions'], 'version'):>16}{'':>16}{figures['seconds']:>8} s"
    )


def services_json(outcome: ServicesOutcome) -> dict[str, Any]:
    return {
        "ok": outcome.ok,
        "home": str(outcome.home),
        "days": [day.figures for day in outcome.days],
        "folds": [fold.figures for fold in outcome.folds],
        "tables": [
            {"table": table, "current": current, "closed": closed}
            for table, (current, closed) in sorted(outcome.tables.items())
        ],
        "compared": [
            {name: value for name, value in vars(one).items() if name != "faults"} | {"differing": len(one.faults)}
            for one in outcome.compared
        ],
        "checks": [{**vars(check), "ok": check.ok} for check in outcome.checks],
        "errors": outcome.errors,
        "seconds": round(outcome.seconds, 1),
    }


def show_services(out: Console, outcome: ServicesOutcome, program: str) -> None:
    out.print()
    if outcome.compared:
        names = (
            "service",
            "raw table",
            "canonical table",
            "records",
            "columns",
            "values compared",
            "differing",
            "not asked for",
        )
        rows = [
            (
                one.service,
                one.table,
                one.canonical,
                one.records,
                one.columns,
                one.values,
                len(one.faults),
                ", ".join(one.unasked),
            )
            for one in outcome.compared
        ]
        write_table(names, rows, right=names[3:7])
        out.print()
    figures = [(table, *numbers) for table, numbers in sorted(outcome.tables.items())]
    write_table(
        ("canonical table", "current rows", "closed versions"), figures, right=("current rows", "closed versions")
    )
    show_checks(out, outcome.checks, outcome.errors)
    avesa = f"{shlex.quote(program)} --home {shlex.quote(str(outcome.home))}"
    out.print(f"\nDone in {outcome.seconds:.1f} s. Try next:", style="bold")
    by_service = "SELECT source_service, count(*) AS companies FROM companies WHERE is_current GROUP BY ALL ORDER BY 1"
    for command in (f"{avesa} status", f'{avesa} query {TENANT} "{by_service}"', f"{avesa} verify {TENANT}"):
        out.print(f"  {command}")
