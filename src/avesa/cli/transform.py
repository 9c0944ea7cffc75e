"""`avesa transform` and `avesa rebuild`: fold what has landed, or everything anew."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import click

from avesa.cli.command import Command, home_option, json_option, no_tenant, tables_option
from avesa.cli.opening import opened
from avesa.cli.output import console, write_json
from avesa.cli.progress import WatchedRunLog, watching
from avesa.cli.report import TenantRun, run_json, tell_failures, warnings_of, write_runs
from avesa.cli.stopping import StopSwitch
from avesa.pipeline.ports import Ports
from avesa.pipeline.query import query
from avesa.pipeline.sync import SyncReport, new_run_id
from avesa.pipeline.transform import choose_canonical, transform_tenant
from avesa.shared.errors import AvesaError

_NOTE = "\nStopping after the tenant under way. Once more ends it at once; even then nothing is lost or doubled.\n"


@click.command(
    cls=Command,
    epilog="""
Examples:
  avesa transform                       every tenant
  avesa transform acme
  avesa transform acme --table tickets --table time_entries
""",
)
@click.argument("tenant", required=False)
@tables_option
@home_option
@json_option
def transform(tenant: str | None, tables: tuple[str, ...], as_json: bool) -> None:
    """Fold what has landed into the canonical tables.

    Raw files with a receipt that are not folded yet are taken, whoever wrote them.
    """
    _fold(tenant, tables, rebuild=False, as_json=as_json)


@click.command(
    cls=Command,
    epilog="""
Examples:
  avesa rebuild acme                every table
  avesa rebuild acme tickets        one table, or several
""",
)
@click.argument("tenant")
@click.argument("tables", nargs=-1, metavar="[TABLE]...")
@home_option
@json_option
def rebuild(tenant: str, tables: tuple[str, ...], as_json: bool) -> None:
    """Fold everything anew from raw and swap it in at once.

    Readers never see a table half made. It says whether the new table is identical to the one before, as it is
    unless the mapping changed or something had landed that was not folded yet.
    """
    _fold(tenant, tables, rebuild=True, as_json=as_json)


def _fold(tenant: str | None, tables: Sequence[str], *, rebuild: bool, as_json: bool) -> None:
    """`tables` are all where none is named."""
    chosen = choose_canonical(tables or None)
    runs: list[TenantRun] = []
    with opened() as deployment, watching(silent=as_json) as watcher, StopSwitch(note=_NOTE) as stop:
        for name in _chosen_tenants(tenant, deployment.tenants.tenants()):
            deployment.tenants.services(name)
            with deployment.of(name) as ports:
                run_id = new_run_id(ports)
                if stop():
                    runs.append(TenantRun(name, SyncReport(name, run_id), stopped=True))
                    continue
                log = WatchedRunLog(ports.run_log, watcher)
                told = replace(ports, run_log=log)
                before = _digests(ports, name, chosen) if rebuild else {}
                outcomes = transform_tenant(told, name, run_id=run_id, tables=tables or None, rebuild=rebuild)
                after = _digests(ports, name, chosen) if rebuild else {}
                warnings = warnings_of(ports, name)
            identical = {table: before[table] == after[table] for table in before.keys() & after.keys()}
            report = SyncReport(name, run_id, transforms=tuple(outcomes))
            runs.append(TenantRun(name, report, warnings=warnings, identical=identical, seconds=log.seconds))
    if as_json:
        write_json(run_json(runs))
    else:
        write_runs(console(), runs)
        for run in runs:
            if not run.report.transforms and not run.stopped:
                console().print("  nothing has landed yet")
    tell_failures(runs)
    if not all(run.complete for run in runs):
        click.get_current_context().exit(1)


def _digests(ports: Ports, tenant: str, tables: Iterable[str]) -> dict[str, tuple[Any, ...]]:
    """Of all rows and columns of each table, whatever their order. Empty where the tables cannot be read."""
    digest = "SELECT count(*), sum(hash(t)) FROM {} AS t"
    try:
        return {table: query(ports, tenant, digest.format(table), tables=[table]).rows[0] for table in tables}
    except AvesaError:
        return {}  # the rebuild itself tells what is wrong, for each table


def _chosen_tenants(tenant: str | None, everyone: Sequence[str]) -> Sequence[str]:
    if tenant is None and not everyone:
        raise no_tenant()
    return [tenant] if tenant is not None else everyone
