"""`avesa plan`: what a tenant's syncs cost in calls a day, and whether the vendors allow so many."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import click

from avesa.cli.command import Command, Number, end_with, error_json, home_option, json_option
from avesa.cli.opening import opened_ports
from avesa.cli.output import console, counted, shown, write_json, write_table
from avesa.pipeline.plan import ServicePlan, plan_tenant


@click.command(
    cls=Command,
    epilog="""
Examples:
  avesa plan acme
  avesa plan acme --every 15      what if it is synced every 15 minutes
  avesa plan acme --json

Calls are what pulls took in the last 7 days; ~ marks an estimate, where there was none.
Exit status: 0 also where a budget does not suffice, 1 where a service cannot be planned, 2 wrong usage.
""",
)
@click.argument("tenant")
@click.option(
    "--every",
    type=Number(min=0.1, max=525_600),
    metavar="MINUTES",
    help="Time between two syncs, at most a year. [default: as the last days show, or 60]",
)
@home_option
@json_option
def plan(tenant: str, every: float | None, as_json: bool) -> None:
    """Show the calls a day that TENANT costs, and what is allowed."""
    with opened_ports(tenant, only_reads=True) as ports:
        paused = [one.service for one in ports.tenants.services(tenant) if not one.enabled]
        found = plan_tenant(ports, tenant, every=None if every is None else timedelta(minutes=every))
    if as_json:
        services = [plan_json(one) for one in found.services]
        write_json({"tenant": tenant, "services": services, "errors": [error_json(one) for one in found.errors]})
    elif paused and not (found.services or found.errors):
        are = "are" if paused[1:] else "is"
        console().print(f"{' and '.join(paused)} of {tenant} {are} paused, so no sync asks anything.")
    elif not (found.services or found.errors):
        console().print(
            f"{tenant} is not connected to any service. Run: avesa connect {tenant} SERVICE --secrets-from FILE"
        )
    else:
        for one in found.services:
            _show(one)
    end_with(found.errors)


def plan_json(one: ServicePlan) -> dict[str, Any]:
    """Numbers a day are rounded to a tenth. `budgets` is empty where the vendor publishes none."""
    return {
        "service": one.service,
        "every_minutes": _tenth(one.every.total_seconds() / 60),
        "every_known": one.every_known,
        "calls_a_day": _tenth(one.calls_a_day),
        "tables": [
            {
                "table": table.table,
                "changes_a_day": _tenth(table.changes_a_day),
                "listings_a_day": _tenth(table.listings_a_day),
                "calls_of_changes": _tenth(table.calls_of_changes),
                "calls_of_listing": _tenth(table.calls_of_listing),
                "calls_a_day": _tenth(table.calls_a_day),
                "known": table.known,
            }
            for table in one.tables
        ],
        "budgets": [
            {
                "says": budget.says,
                "needed_a_day": _tenth(budget.needed),
                "allowed_a_day": _tenth(budget.allowed),
                "used": round(budget.used, 4),
                "taken_at_most": budget.taken,
                "suffices": budget.suffices,
            }
            for budget in one.budgets
        ],
        "warnings": list(one.warnings),
    }


def _show(one: ServicePlan) -> None:
    out = console()
    minutes = f"{one.every.total_seconds() / 60:,.0f}"
    source = "" if one.every_known else ", which is a guess: there is no history yet"
    calls = counted(round(one.calls_a_day), "call")
    out.print(f"{one.service}: {calls} a day, synced every {minutes} minutes{source}")
    numbers = ("changes a day", "calls each", "listings a day", "calls each ", "calls a day")
    rows = [
        (
            table.table,
            f"{table.changes_a_day:,.1f}",
            f"{table.calls_of_changes:,.1f}",
            f"{table.listings_a_day:,.1f}",
            f"{table.calls_of_listing:,.1f}",
            f"{'' if table.known else '~'}{table.calls_a_day:,.0f}",
        )
        for table in sorted(one.tables, key=lambda table: -table.calls_a_day)
    ]
    write_table(("table", *numbers), rows, right=numbers, whole=["table"])
    if not one.budgets:
        out.print("The vendor publishes no number; AVESA slows down when it is told to.")
    else:
        budgets = [
            (b.says, f"{b.allowed:,.0f}", f"{b.needed:,.0f}", f"{b.used:.1%}", "" if b.suffices else "too little")
            for b in one.budgets
        ]
        columns = ("the vendor allows", "a day", "needed a day", "used", "")
        write_table(columns, budgets, right=columns[1:4])
    for warning in one.warnings:
        out.print(f"Warning: {shown(warning)}")


def _tenth(number: float) -> float:
    return round(number, 1)
