"""What a demo came to, as a person and as a program read it."""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from avesa.cli.demo_checks import Check, SyncMoment
from avesa.cli.history import write_timeline
from avesa.cli.output import counted, moment, shown, write_table
from avesa.cli.report import TenantRun
from avesa.pipeline.sync import SyncReport


@dataclass(frozen=True)
class DemoDay:
    """One simulated day: what the syncs of both tenants came to."""

    day: int
    moment: SyncMoment
    reports: tuple[SyncReport, ...]
    seconds: float

    @property
    def figures(self) -> dict[str, Any]:
        return {
            "day": self.day,
            "synced_at": self.moment.at,
            "rows": sum(table.rows for report in self.reports for table in report.tables),
            "versions": sum(fold.report.added for report in self.reports for fold in report.transforms),
            "complete": all(report.complete for report in self.reports),
            "seconds": round(self.seconds, 1),
        }

    @property
    def errors(self) -> list[str]:
        return [str(error) for report in self.reports for error in TenantRun(report.tenant, report).failures()]


@dataclass(frozen=True)
class DemoOutcome:
    """All that there is to show. `life` are the versions of one ticket of `tenant`, oldest first."""

    days: tuple[DemoDay, ...]
    checks: tuple[Check, ...]
    tables: list[dict[str, Any]]
    deletions: list[dict[str, Any]]
    tenant: str
    life: list[dict[str, Any]]
    untracked: Set[str]
    home: Path
    next: list[str]
    seconds: float

    @property
    def errors(self) -> list[str]:
        return [error for day in self.days for error in day.errors]

    @property
    def ok(self) -> bool:
        return all(check.ok for check in self.checks) and all(day.figures["complete"] for day in self.days)


def outcome_json(outcome: DemoOutcome) -> dict[str, Any]:
    return {
        "ok": outcome.ok,
        "home": str(outcome.home),
        "days": [day.figures for day in outcome.days],
        "tables": outcome.tables,
        "ticket": outcome.life,
        "deletions": outcome.deletions,
        "checks": [{**vars(check), "ok": check.ok} for check in outcome.checks],
        "errors": outcome.errors,
        "next": outcome.next,
        "seconds": round(outcome.seconds, 1),
    }


def show_outcome(out: Console, outcome: DemoOutcome) -> None:
    show_tables(out, outcome.tables)
    if outcome.life:
        out.print(f"\nOne ticket's life at {outcome.tenant}", style="bold")
        write_timeline(out, "tickets", outcome.life, outcome.untracked)
    show_deletions(out, outcome.deletions)
    show_checks(out, outcome.checks, outcome.errors)
    out.print(f"\nDone in {outcome.seconds:.1f} s. Try next:", style="bold")
    for command in outcome.next:
        out.print(f"  {command}")


def day_line(day: DemoDay) -> str:
    figures = day.figures
    line = (
        f"day {day.day}  {day.moment.at:%a %Y-%m-%d %H:%M}  "
        f"{counted(figures['rows'], 'raw row'):>14}  {counted(figures['versions'], 'version'):>14}  "
        f"{figures['seconds']:>4} s"
    )
    return line if figures["complete"] else f"{line}  incomplete"


def show_tables(out: Console, tables: list[dict[str, Any]]) -> None:
    out.print()
    figures = {(one["tenant"], one["table"]): (one["current"], one["closed"]) for one in tables}
    tenants = list(dict.fromkeys(one["tenant"] for one in tables))
    numbers = [f"{tenant}\n{what}" for tenant in tenants for what in ("current rows", "closed versions")]
    rows = [
        (table, *(number for tenant in tenants for number in figures.get((tenant, table), (0, 0))))
        for table in sorted({one["table"] for one in tables})
    ]
    write_table(("\ncanonical table", *numbers), rows, right=numbers)


def show_deletions(out: Console, deletions: list[dict[str, Any]]) -> None:
    out.print("\nDeleted at the vendor, and noticed", style="bold")
    for one in deletions:
        what = f"{one['table']} {one['source_id']} ({shown(one['name'], width=50)})"
        out.print(f"  {one['tenant']}  {what}, gone from {moment(one['valid_to'])}")
    if not deletions:
        out.print("  none in these days")


def show_checks(out: Console, checks: Iterable[Check], errors: Iterable[str]) -> None:
    out.print("\nVerified", style="bold")
    for check in checks:
        out.print(f"  {'ok    ' if check.ok else 'FAILED'}  {check.what} ({check.counted:,} {check.unit})")
        for fault in check.faults:
            out.print(f"          {fault}")
    for error in errors:
        out.print(f"  FAILED  {error}")
