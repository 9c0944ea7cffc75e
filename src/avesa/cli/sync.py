"""`avesa sync` and `avesa ingest`: one tenant or all, each for itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import click

from avesa.cli.command import Command, aws_environment, home_option, json_option, no_tenant
from avesa.cli.opening import opened, opened_aws
from avesa.cli.output import console, write_json
from avesa.cli.progress import WatchedRunLog, Watcher, watching
from avesa.cli.report import TenantRun, run_json, tell_failures, warnings_of, write_runs
from avesa.cli.stopping import StopSwitch
from avesa.cli.sync_on_aws import sync_on_aws
from avesa.integrations import load_service
from avesa.pipeline.due import choose_services
from avesa.pipeline.ports import Deployment
from avesa.pipeline.sync import SyncReport, sync_tenant
from avesa.shared.errors import AvesaError, ConfigurationError, UsageError, Where
from avesa.shared.tenants import TenantServices

_F = TypeVar("_F", bound=Callable[..., Any])


def _sync_options(function: _F) -> _F:
    options = (
        click.argument("tenant", required=False),
        click.option("--service", metavar="NAME", help="This service alone."),
        click.option("--table", metavar="NAME", help="This raw table alone, as `avesa services NAME` calls it."),
        click.option("--full", is_flag=True, help="List everything anew instead of asking for changes."),
        click.option(
            "--allow-empty",
            is_flag=True,
            help="Believe a listing without rows even where there were rows before.",
        ),
        click.option(
            "--max-seconds",
            type=click.FloatRange(min=0),
            metavar="N",
            help="Stop cleanly after so many seconds; exit status 1 if there was more to do.",
        ),
        click.option("--local", is_flag=True, help="With --aws: do it in this process, not by the workflow."),
        home_option,
        json_option,
    )
    for option in reversed(options):
        function = option(function)
    return function


@click.command(
    cls=Command,
    epilog="""
Examples:
  avesa sync                                  every tenant
  avesa sync acme                             one tenant
  avesa sync acme --service connectwise --table tickets
  avesa sync acme --full                      list everything anew
  avesa sync acme --table boards --full --allow-empty       it really is empty now
  avesa sync --max-seconds 600 --json
  avesa --aws dev sync acme                   start the workflow there and follow it
  avesa --aws dev sync acme --local           do it here, on the data there

Ctrl-C stops between two pages, and the next sync goes on from there. A second Ctrl-C ends at once; even then
nothing is lost or doubled.
Exit status: 0 all complete, 1 something failed or was stopped, 2 wrong usage.
""",
)
@_sync_options
def sync(
    tenant: str | None,
    service: str | None,
    table: str | None,
    full: bool,
    allow_empty: bool,
    max_seconds: float | None,
    local: bool,
    as_json: bool,
) -> None:
    """Pull what changed, then fold it into the canonical tables.

    All tenants when none is named. One that fails does not stop the others.
    """
    asked = Asked(service, table, full, allow_empty, transform=True)
    if aws_environment() and not local:
        _start(tenant, asked, max_seconds=max_seconds, as_json=as_json)
    else:
        _run(tenant, asked, max_seconds=max_seconds, as_json=as_json)


@click.command(
    cls=Command,
    epilog="""
Examples:
  avesa ingest acme
  avesa ingest acme --table tickets
  avesa transform acme       fold later what was pulled
""",
)
@_sync_options
def ingest(
    tenant: str | None,
    service: str | None,
    table: str | None,
    full: bool,
    allow_empty: bool,
    max_seconds: float | None,
    local: bool,
    as_json: bool,
) -> None:
    """Pull what changed into raw files, and fold nothing."""
    if aws_environment() and not local:
        raise UsageError("the workflow folds what it pulls.", hint="Use sync, or pull here with --local.")
    asked = Asked(service, table, full, allow_empty, transform=False)
    _run(tenant, asked, max_seconds=max_seconds, as_json=as_json)


@dataclass(frozen=True)
class Asked:
    """What the command line asks for, of each tenant."""

    service: str | None
    table: str | None
    full: bool
    allow_empty: bool
    transform: bool


def _run(tenant: str | None, asked: Asked, *, max_seconds: float | None, as_json: bool) -> None:
    with opened() as deployment:
        tenants = _chosen_tenants(deployment.tenants, tenant, asked.service, asked.table)
        with StopSwitch(max_seconds) as stop, watching(silent=as_json) as watcher:
            runs = [_sync_one(deployment, name, asked, stop=stop, watcher=watcher) for name in tenants]
    if as_json:
        write_json(run_json(runs))
    else:
        write_runs(console(), runs)
    tell_failures(runs)
    if any(run.stopped for run in runs):
        click.echo("Stopped; the next sync goes on from here.", err=True)
    if not all(run.complete for run in runs):
        click.get_current_context().exit(1)


def _sync_one(deployment: Deployment, tenant: str, asked: Asked, *, stop: StopSwitch, watcher: Watcher) -> TenantRun:
    nothing = SyncReport(tenant, "")
    if stop():
        return TenantRun(tenant, nothing, stopped=True)
    try:
        with deployment.of(tenant) as ports:
            log = WatchedRunLog(ports.run_log, watcher)
            report = sync_tenant(
                replace(ports, run_log=log),
                tenant,
                service=asked.service,
                table=asked.table,
                full=asked.full,
                allow_empty=asked.allow_empty,
                stop=stop,
                page_seen=watcher.page,
                transform=asked.transform,
            )
            warnings = warnings_of(ports, tenant) if asked.transform else ()
    except UsageError:
        raise
    except AvesaError as error:
        return TenantRun(tenant, nothing, error=error.located(Where(tenant)))
    return TenantRun(tenant, report, stopped=stop(), warnings=warnings, seconds=log.seconds)


def _start(tenant: str | None, asked: Asked, *, max_seconds: float | None, as_json: bool) -> None:
    """By the workflow. Raises UsageError for what it cannot be told."""
    for option, given in (("--allow-empty", asked.allow_empty), ("--max-seconds", max_seconds is not None)):
        if given:
            raise UsageError(f"the workflow knows no {option}.", hint="Add --local to do it in this process.")
    with opened_aws() as deployment:
        tenants = _chosen_tenants(deployment.tenants, tenant, asked.service, asked.table)
        named = {"tenant": tenant, "service": asked.service, "table": asked.table, "full": asked.full or None}
        event = {name: value for name, value in named.items() if value is not None}
        sync_on_aws(deployment, tenants, event, as_json=as_json)


def _chosen_tenants(known: TenantServices, tenant: str | None, service: str | None, table: str | None) -> list[str]:
    """The tenant named, or all that have what is asked for. Raises UsageError if there is nothing to do."""
    if service is not None:
        load_service(service)
    if tenant is not None:
        choose_services(known, tenant, service, table)
        return [tenant]
    everyone = known.tenants()
    if not everyone:
        raise no_tenant()
    chosen: list[str] = []
    refused: list[AvesaError] = []
    for name in everyone:
        try:
            choose_services(known, name, service, table)
        except (UsageError, ConfigurationError) as error:
            refused.append(error)
        else:
            chosen.append(name)
    if not chosen:
        raise refused[0]
    return chosen
