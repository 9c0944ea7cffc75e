"""`avesa --aws ENV sync`: the workflow of an environment does it; a person starts it here and sees it go on."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from avesa.cli.output import console, counted, shown, write_json
from avesa.cli.progress import Watcher, watching
from avesa.cli.stopping import StopSwitch
from avesa.shared.clock import system_clock
from avesa.shared.errors import AvesaError, ConfigurationError
from avesa.shared.layout import timestamp_name

if TYPE_CHECKING:
    from avesa.aws.deployment import AwsDeployment
    from avesa.aws.remote_sync import RemoteRun

MOST_WATCHED = 20
"""Of more tenants no single tables are told, since each is asked for at every turn."""


def sync_on_aws(
    deployment: AwsDeployment,
    tenants: list[str],
    event: Mapping[str, object],
    *,
    as_json: bool,
) -> None:
    """Start a run, tell each table as it is done, and what it came to. Exits with 1 where not all is complete."""
    from avesa.aws.remote_sync import follow_sync, start_sync  # noqa: PLC0415 — the libraries need not be there

    if deployment.state_machine is None:
        raise ConfigurationError(
            "no workflow is named for this environment.", hint="Set STATE_MACHINE_ARN, or sync here with --local."
        )
    run_id = timestamp_name(system_clock())
    arn = start_sync(deployment.states, deployment.state_machine, run_id, event)
    if not as_json:
        console().print(f"Run {run_id} has begun.")
    with StopSwitch(note=_NOTE) as stop, watching(silent=as_json) as watcher:
        log = _Followed(deployment, run_id, tenants if len(tenants) <= MOST_WATCHED else [], watcher)
        run = follow_sync(deployment.states, arn, run_id, stop=stop, look=log.look, pause=time.sleep)
    if as_json:
        write_json({**_as_json(run), "complete": run.complete})
    else:
        _tell(run)
    if not run.complete:
        click.get_current_context().exit(1)


_NOTE = "\nNot followed any more; the sync goes on. Once more ends this program at once.\n"


class _Followed:
    """Tells each new entry of the run in the run log, once."""

    def __init__(self, deployment: AwsDeployment, run_id: str, tenants: list[str], watcher: Watcher) -> None:
        self._log, self._run_id, self._tenants, self._watcher = deployment.run_log, run_id, tenants, watcher
        self._told = set[tuple[str, str, str, str]]()

    def look(self) -> None:
        for tenant in self._tenants:
            try:
                entries = self._log.latest(tenant)
            except AvesaError:
                continue  # it is progress only; the run's own report tells what it came to
            for entry in sorted(entries, key=lambda one: one.finished_at):
                key = (tenant, entry.stage, entry.table, entry.finished_at.isoformat())
                if entry.run_id == self._run_id and key not in self._told:
                    self._told.add(key)
                    self._watcher.finished(entry)


def _as_json(run: RemoteRun) -> dict[str, object]:
    report = run.report
    return {
        "run_id": run.run_id,
        "status": run.status,
        "error": run.error,
        "report": None
        if report is None
        else {name: getattr(report, name) for name in ("items", "tables", "folds", "rows", "failures", "failed")},
    }


def _tell(run: RemoteRun) -> None:
    out = console()
    report = run.report
    if report is not None:
        tables = ", ".join(f"{number:,} {status}" for status, number in report.tables.items()) or "none due"
        folds = ", ".join(f"{number:,} {status}" for status, number in report.folds.items()) or "none"
        out.print(f"Tables: {tables}. {counted(report.rows, 'row')}. Folds: {folds}.")
        for line in report.failed:
            click.echo(f"Error: {shown(line)}", err=True)
        if "busy" in {*report.tables, *report.folds}:
            click.echo("What is busy was in work in another run all the time; the next sync takes it up.", err=True)
        if report.failures > len(report.failed):
            click.echo(f"Error: and {report.failures - len(report.failed):,} more", err=True)
    elif run.error is not None:
        click.echo(f"Error: run {run.run_id} broke as a whole: {shown(run.error)}", err=True)
        click.echo("  What it did is kept. Start it again, or redrive the execution; see docs/runbook.md.", err=True)
    else:
        click.echo(f"Run {run.run_id} goes on.", err=True)
