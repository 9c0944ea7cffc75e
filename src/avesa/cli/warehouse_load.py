"""`avesa warehouse load`: what changed in the canonical tables, into an engine of your own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import click
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from avesa.cli.command import Command, error_json, home_option, json_option, no_tenant, tables_option, tell_errors
from avesa.cli.opening import opened
from avesa.cli.output import console, counted, write_json
from avesa.cli.stopping import StopSwitch
from avesa.cli.warehouse_place import place_options
from avesa.pipeline.ports import Deployment
from avesa.pipeline.transform import choose_canonical
from avesa.shared.errors import AvesaError, UsageError, Where
from avesa.warehouse.address import warehouse_address
from avesa.warehouse.load import LoadOutcome, load_tenant
from avesa.warehouse.opening import open_warehouse
from avesa.warehouse.port import Warehouse
from avesa.warehouse.schemas import Schemas

_NOTE = "\nStopping after the table under way. Once more ends it at once; even then nothing is lost or doubled.\n"


@click.command(
    cls=Command,
    epilog="""
Examples:
  avesa warehouse load acme --to duckdb:///srv/warehouse.duckdb
  avesa warehouse load --all --to postgresql://loader@db.example.com/warehouse
  avesa warehouse load acme --to clickhouse://loader@ch.example.com/ --table tickets --table contacts
  avesa warehouse load --all --to postgresql:///warehouse --schema-per-tenant
  avesa warehouse load acme --to duckdb:///srv/warehouse.duckdb --table tickets --anew
  AVESA_WAREHOUSE_URL=postgresql://loader@db.example.com/warehouse avesa warehouse load --all --json

Run it after each sync: it hands over the rows that changed since the version that the warehouse holds, in one
transaction with the new version, so that a run that is killed or repeated neither loses nor doubles a row.
The address holds no password. PostgreSQL: PGPASSWORD or ~/.pgpass. ClickHouse: CLICKHOUSE_PASSWORD.
Exit status: 0 all loaded, 1 something failed or was stopped, 2 wrong usage. More: docs/warehouse.md
""",
)
@click.argument("tenant", required=False)
@click.option("--all", "everyone", is_flag=True, help="Every tenant.")
@tables_option
@place_options
@click.option("--anew", is_flag=True, help="Load each table from nothing, and swap it in at once.")
@home_option
@json_option
def load(
    tenant: str | None,
    everyone: bool,
    to: str | None,
    tables: tuple[str, ...],
    schema: str,
    schema_per_tenant: bool,
    anew: bool,
    as_json: bool,
) -> None:
    """Load what changed into DuckDB, PostgreSQL or ClickHouse.

    That is, in TENANT's canonical tables.
    """
    if (tenant is None) != everyone:
        raise UsageError("which tenant?", hint="Name one, or say --all.")
    choose_canonical(tables or None)
    address = warehouse_address(to)
    with opened(only_reads=True) as deployment:
        tenants = _chosen(deployment, tenant)
        with (
            open_warehouse(address, Schemas(schema, per_tenant=schema_per_tenant)) as warehouse,
            StopSwitch(note=_NOTE) as stop,
            _watching(silent=as_json) as watcher,
        ):
            runs = [_load(deployment, warehouse, name, tables or None, watcher, stop, anew=anew) for name in tenants]
    if as_json:
        write_json(_json(address.shown, runs))
    tell_errors(error for run in runs for error in run.failures)
    if any(run.stopped for run in runs):
        click.echo("Stopped; the next load goes on from here.", err=True)
    if not all(run.complete for run in runs):
        click.get_current_context().exit(1)


@dataclass(frozen=True)
class _Run:
    """One tenant's part. `error` where it could not even begin."""

    tenant: str
    outcomes: Sequence[LoadOutcome] = ()
    stopped: bool = False
    error: AvesaError | None = None

    @property
    def failures(self) -> list[AvesaError]:
        found = [self.error] if self.error else []
        return found + [outcome.error for outcome in self.outcomes if outcome.error]

    @property
    def complete(self) -> bool:
        return not self.stopped and not self.failures


def _chosen(deployment: Deployment, tenant: str | None) -> Sequence[str]:
    if tenant is not None:
        deployment.tenants.services(tenant)  # an unknown one is told before anything is opened
        return [tenant]
    everyone = deployment.tenants.tenants()
    if not everyone:
        raise no_tenant()
    return everyone


def _load(
    deployment: Deployment,
    warehouse: Warehouse,
    tenant: str,
    tables: Sequence[str] | None,
    watcher: _Watcher,
    stop: Callable[[], bool],
    *,
    anew: bool,
) -> _Run:
    if stop():
        return _Run(tenant, stopped=True)
    try:
        with deployment.of(tenant) as ports:
            outcomes = load_tenant(
                ports,
                warehouse,
                tenant,
                tables=tables,
                anew=anew,
                progress=watcher.progress,
                finished=watcher.finished,
                stop=stop,
            )
    except AvesaError as error:
        return _Run(tenant, error=error.located(Where(tenant)))
    if not outcomes and not stop():
        watcher.nothing(tenant)
    watcher.unchanged(tenant, sum(outcome.status == "unchanged" for outcome in outcomes))
    return _Run(tenant, outcomes, stopped=stop())


@dataclass
class _Watcher:
    """A line for each table that was loaded or failed, one for all others together, and on a terminal a bar for the
    one under way.
    """

    bars: Progress | None
    silent: bool
    _task: TaskID | None = field(default=None, init=False)

    def progress(self, tenant: str, table: str, done: int, rows: int) -> None:
        if self.bars is not None:
            if self._task is None:
                self._task = self.bars.add_task(f"{tenant}  {table}", what="")
            self.bars.update(self._task, completed=done, total=rows, what=f"{done:,} of {counted(rows, 'row')}")

    def finished(self, outcome: LoadOutcome) -> None:
        if self.bars is not None and self._task is not None:
            self.bars.remove_task(self._task)
        self._task = None
        if outcome.status != "unchanged":
            self._tell(finished_line(outcome))

    def unchanged(self, tenant: str, tables: int) -> None:
        if tables:
            self._tell(f"{tenant}  nothing new in {counted(tables, 'table')}")

    def nothing(self, tenant: str) -> None:
        self._tell(f"{tenant}  nothing has been folded yet")

    def _tell(self, line: str) -> None:
        if not self.silent:
            (self.bars.console if self.bars is not None else console()).print(line)


@contextmanager
def _watching(*, silent: bool) -> Iterator[_Watcher]:
    out = console()
    if silent or not out.is_terminal:
        yield _Watcher(None, silent)
        return
    columns = (TextColumn("{task.description}"), BarColumn(20), TextColumn("{task.fields[what]}"), TimeElapsedColumn())
    with Progress(*columns, console=out, transient=True) as bars:
        yield _Watcher(bars, silent)


def finished_line(outcome: LoadOutcome) -> str:
    """`acme  tickets  loaded  12 rows, 1 gone  version 7  0.2 s`"""
    head = [outcome.tenant, f"{outcome.table:<13}"]
    if outcome.status == "failed":
        return "  ".join([*head, "failed"])
    version = f"version {outcome.version}"
    rows = counted(outcome.changed, "row") + (f", {outcome.gone:,} gone" if outcome.gone else "")
    done = f"loaded anew: {outcome.why}" if outcome.status == "anew" else "loaded"
    parts = [done, rows, version]
    return "  ".join([*head, *parts, f"{outcome.seconds:.1f} s"])


def _json(shown: str, runs: Sequence[_Run]) -> dict[str, Any]:
    return {
        "complete": all(run.complete for run in runs),
        "stopped": any(run.stopped for run in runs),
        "warehouse": shown,
        "tenants": [
            {
                "tenant": run.tenant,
                "complete": run.complete,
                "tables": [_table_json(outcome) for outcome in run.outcomes],
                "errors": [error_json(error) for error in run.failures],
            }
            for run in runs
        ],
    }


def _table_json(outcome: LoadOutcome) -> dict[str, Any]:
    return {
        "table": outcome.table,
        "status": outcome.status,
        "changed": outcome.changed,
        "gone": outcome.gone,
        "rows": outcome.rows,
        "version": outcome.version,
        "why": outcome.why or None,
        "seconds": round(outcome.seconds, 3),
        "error": error_json(outcome.error) if outcome.error else None,
    }
