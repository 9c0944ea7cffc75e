"""`avesa demo`: two tenants, some simulated days, and a proof that their history is right."""

from __future__ import annotations

import shlex
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from avesa.cli.command import Command, home, home_option, json_option
from avesa.cli.demo_checks import (
    TABLES,
    Check,
    SyncMoment,
    check_history,
    check_idle,
    check_intervals,
    check_rebuild,
    check_verified,
)
from avesa.cli.demo_clock import running_on
from avesa.cli.demo_home import prepare_demo_home
from avesa.cli.demo_services import play_services, services_json, show_services
from avesa.cli.demo_show import DemoDay, DemoOutcome, day_line, outcome_json, show_outcome
from avesa.cli.output import console, write_json
from avesa.cli.progress import watching
from avesa.cli.sandbox_connections import served_services
from avesa.pipeline.home import open_home
from avesa.pipeline.ports import Ports
from avesa.pipeline.query import history, query
from avesa.pipeline.snapshots import snapshots
from avesa.pipeline.sync import new_run_id, sync_tenant
from avesa.pipeline.transform import tenant_mapping
from avesa.sandbox.clock import SandboxClock
from avesa.sandbox.server import Sandbox
from avesa.sandbox.world import DEFAULT_START, World
from avesa.shared.errors import UsageError
from avesa.shared.tenants import TenantService

TENANTS = ("northwind-it", "harbor-msp")
SERVICE = "connectwise"

_ONE_TICKET = """
    SELECT source_id FROM tickets GROUP BY source_id
    ORDER BY
        count(DISTINCT coalesce(is_escalated, false)) + count(DISTINCT is_closed) DESC,  -- it was seen to happen
        count(*) DESC,
        source_id
    LIMIT 1
"""
_CALLED = {"contacts": "full_name", "invoices": "number", "tickets": "summary", "time_entries": "notes"}
"""The column by which people call a record, where it is not its name."""
_DELETIONS = (
    " UNION ALL ".join(
        f"""SELECT '{table}' AS "table", source_id, {_CALLED.get(table, "name")} AS name, valid_to
    FROM {table} WHERE is_deleted"""
        for table in TABLES
    )
    + " ORDER BY valid_to, 1, 2"
)


@click.command(
    cls=Command,
    epilog="""
Examples:
  avesa demo
  avesa demo --days 10 --seed 3
  avesa demo --keep /tmp/avesa-demo      in a folder of your own
  avesa demo --service jira --service xero
  avesa demo --all                       one tenant with every service, some minutes

Nothing leaves this machine: the vendor is the sandbox, on loopback.
""",
)
@click.option("--service", "services", multiple=True, metavar="NAME", help="This one instead; can be given often.")
@click.option("--all", "all_services", is_flag=True, help="Every service.")
@click.option("--days", type=click.IntRange(1, 60), help="Simulated days. [default: 5, of named services 3]")
@click.option("--seed", default=7, show_default=True, help="Another seed is another world.")
@click.option(
    "--keep",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Where it works and leaves its tables. [default: demo in the home folder]",
)
@home_option
@json_option
def demo(
    services: tuple[str, ...], all_services: bool, days: int | None, seed: int, keep: Path | None, as_json: bool
) -> None:
    """See it work, with invented data and a proof.

    Two tenants with ConnectWise are synced over some simulated days; then their history is verified and shown. With
    --service or --all it is one tenant with these services, which all show the same small world, and what comes out is
    held against that.
    """
    if services and all_services:
        raise UsageError("--service and --all do not go together.")
    chosen = served_services(None if all_services else services)
    folder = prepare_demo_home(keep or home() / "demo").resolve()
    out = Console(quiet=True) if as_json else console()
    if chosen:
        with watching(silent=as_json or not out.is_terminal) as watcher:
            played = play_services(folder, chosen, days or 3, seed, out, watcher.page)
        write_json(services_json(played)) if as_json else show_services(out, played, _program())
        ok = played.ok
    else:
        outcome = play(folder, days or 5, seed, out)
        write_json(outcome_json(outcome)) if as_json else show_outcome(out, outcome)
        ok = outcome.ok
    if not ok:
        click.get_current_context().exit(1)


def play(folder: Path, days: int, seed: int, out: Console) -> DemoOutcome:
    """Live through the days, verify what they left behind, and read what there is to show."""
    began = time.monotonic()
    worlds = {
        name: World(seed=seed + number, start=DEFAULT_START, days=days + 1) for number, name in enumerate(TENANTS)
    }
    clock = SandboxClock(DEFAULT_START)
    with Sandbox(worlds=worlds, clock=clock) as sandbox, open_home(folder, clock=running_on(clock)) as ports:
        connect_tenants(ports, sandbox)
        out.print(f"{len(TENANTS)} tenants, each with a ConnectWise of its own at {sandbox.url} (invented data).\n")
        done = []
        for day in simulated_days(ports, clock, days):
            done.append(day)
            out.print(day_line(day))
        checks = verify(ports, sandbox, done)
        tenant, ticket = TENANTS[0], best_ticket(ports, TENANTS[0])
        return DemoOutcome(
            days=tuple(done),
            checks=checks,
            tables=table_figures(ports),
            deletions=[{"tenant": name, **one} for name in TENANTS for one in query(ports, name, _DELETIONS).dicts()],
            tenant=tenant,
            life=history(ports, tenant, "tickets", ticket) if ticket else [],
            untracked=tenant_mapping(ports, tenant, "tickets").untracked,
            home=folder,
            next=next_commands(folder, tenant, ticket),
            seconds=time.monotonic() - began,
        )


def verify(ports: Ports, sandbox: Sandbox, days: Sequence[DemoDay]) -> tuple[Check, ...]:
    """The checks, cheapest question first; the one that syncs again goes after those of the history."""
    moments = [day.moment for day in days]
    return (
        check_history(ports, sandbox, TENANTS, moments),
        check_intervals(ports, TENANTS),
        check_idle([sync_tenant(ports, tenant) for tenant in TENANTS]),
        check_rebuild(ports, TENANTS, new_run_id(ports)),
        check_verified(ports, TENANTS),
    )


def connect_tenants(ports: Ports, sandbox: Sandbox) -> None:
    for tenant in TENANTS:
        ports.tenants.add_tenant(tenant)
        ports.tenants.put(TenantService(tenant, SERVICE, settings=sandbox.settings(SERVICE, tenant)))
        ports.secrets.put(tenant, SERVICE, sandbox.secrets(SERVICE, tenant))


def simulated_days(ports: Ports, clock: SandboxClock, days: int) -> Iterator[DemoDay]:
    """Sync both tenants at the end of each working day; the first brings all that was there before."""
    clock.advance(timedelta(hours=20))
    for day in range(1, days + 1):
        began, at = time.monotonic(), clock()
        reports = tuple(sync_tenant(ports, tenant) for tenant in TENANTS)
        yield DemoDay(day, SyncMoment(at, ports.clock()), reports, time.monotonic() - began)
        if day < days:
            clock.advance(timedelta(days=1))


def table_figures(ports: Ports) -> list[dict[str, Any]]:
    """Current rows and closed versions of each canonical table of each tenant."""
    return [
        {
            "tenant": tenant,
            "table": table,
            "current": sum(file.rows for file in snapshot.files if file.is_current),
            "closed": sum(file.rows for file in snapshot.files if not file.is_current),
        }
        for tenant in TENANTS
        for table, snapshot in snapshots(ports, tenant).items()
    ]


def best_ticket(ports: Ports, tenant: str) -> str | None:
    """The ticket with the most to tell: seen being escalated and closed if there is such a one, then by versions."""
    rows = query(ports, tenant, _ONE_TICKET, tables=["tickets"]).rows
    return str(rows[0][0]) if rows else None


def next_commands(folder: Path, tenant: str, ticket: str | None) -> list[str]:
    avesa = f"{shlex.quote(_program())} --home {shlex.quote(str(folder))}"
    by_status = "SELECT status, count(*) AS tickets FROM tickets WHERE is_current GROUP BY ALL ORDER BY 2 DESC"
    return [
        f"{avesa} status",
        f'{avesa} query {tenant} "{by_status}"',
        *([f"{avesa} history {tenant} tickets {ticket} --json"] if ticket else []),
        f"{avesa} verify {tenant}",
        f"{avesa} rebuild {tenant}",
        f"{shlex.quote(_program())} sandbox     # a vendor to connect to",
    ]


def _program() -> str:
    """`avesa` where the shell finds it, else the path that it was started by."""
    return sys.argv[0] if Path(sys.argv[0]).name == "avesa" and not shutil.which("avesa") else "avesa"
