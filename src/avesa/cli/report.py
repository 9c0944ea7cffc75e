"""What a sync or a fold came to, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console

from avesa.cli.command import error_json, tell_errors, warn
from avesa.cli.output import counted
from avesa.pipeline.ingest import IngestOutcome
from avesa.pipeline.mapping_findings import MappingFinding, mapping_findings
from avesa.pipeline.ports import Ports
from avesa.pipeline.sync import SyncReport
from avesa.pipeline.transform import TransformOutcome
from avesa.shared.errors import AvesaError, ServiceFailed, StorageError

NOTHING_NEW = "nothing new"


@dataclass(frozen=True)
class TenantRun:
    """One tenant's part of a run. `error` where it could not even begin; `stopped` before its end."""

    tenant: str
    report: SyncReport
    stopped: bool = False
    error: AvesaError | None = None
    warnings: tuple[MappingFinding, ...] = ()
    """What has no effect in the tenant's own mappings, by mistake."""
    identical: Mapping[str, bool] = field(default_factory=dict[str, bool])
    """Of each rebuilt table, whether it came out as it was."""
    seconds: Mapping[str, float] = field(default_factory=dict[str, float])
    """How long each table took, by its name in the run log."""

    @property
    def complete(self) -> bool:
        return self.report.complete and not self.stopped and self.error is None

    def failures(self) -> list[AvesaError]:
        """Each reason once: a refused connection stands for all the tables that it stopped."""
        found = [self.error] if self.error else []
        found += self.report.errors
        for service in self.report.services:
            found += [service.problem] if service.problem else []
            for table in service.tables:
                if table.error and not (service.problem and isinstance(table.error, ServiceFailed)):
                    found.append(table.error)
        return found + [fold.error for fold in self.report.transforms if fold.error]


def run_json(runs: Sequence[TenantRun]) -> dict[str, Any]:
    return {
        "complete": all(run.complete for run in runs),
        "stopped": any(run.stopped for run in runs),
        "tenants": [
            {
                "tenant": run.tenant,
                "run_id": run.report.run_id or None,
                "complete": run.complete,
                "stopped": run.stopped,
                "tables": [
                    table_json(table, run.seconds.get(f"{table.service}/{table.table}")) for table in run.report.tables
                ],
                "canonical": [
                    fold_json(fold, run.identical.get(fold.table), run.seconds.get(f"canonical/{fold.table}"))
                    for fold in run.report.transforms
                ],
                "warnings": [vars(one) for one in run.warnings],
                "errors": [error_json(error) for error in run.failures()],
            }
            for run in runs
        ],
    }


def table_json(table: IngestOutcome, seconds: float | None = None) -> dict[str, Any]:
    """`seconds` is null where it was not begun."""
    return {
        "service": table.service,
        "table": table.table,
        "status": table.status,
        "kind": table.kind,
        "rows": table.rows,
        "pages": table.pages,
        "skipped": table.skipped,
        "calls": table.calls,
        "retries": table.retries,
        "bytes": table.bytes,
        "seconds": seconds,
        "files": list(table.files),
        "watermark": table.watermark,
        "resumed": table.resumed,
        "error": error_json(table.error) if table.error else None,
        "warning": table.warning,
    }


def fold_json(fold: TransformOutcome, identical: bool | None = None, seconds: float | None = None) -> dict[str, Any]:
    """`identical` is null but for a rebuild."""
    return {
        "table": fold.table,
        "status": fold.status,
        **vars(fold.report),
        "identical": identical,
        "seconds": seconds,
        "error": error_json(fold.error) if fold.error else None,
    }


def warnings_of(ports: Ports, tenant: str) -> tuple[MappingFinding, ...]:
    """For TenantRun. What cannot be read has failed its fold, which says so."""
    try:
        return tuple(one for one in mapping_findings(ports, tenant) if one.level == "warning")
    except StorageError:
        return ()


def tell_failures(runs: Iterable[TenantRun]) -> None:
    """On stderr: what has no effect, and what has failed."""
    runs = list(runs)
    for run in runs:
        for one in run.warnings:
            warn(f"tenant {run.tenant}: {one.message}", one.hint or "")
    tell_errors(error for run in runs for error in run.failures())


def write_runs(out: Console, runs: Iterable[TenantRun]) -> None:
    """A paragraph for each tenant: what was pulled, and a line for each canonical table with something to tell."""
    for run in runs:
        if run.error:
            continue
        tables = run.report.tables
        done = sum(table.status == "ok" for table in tables)
        waiting = sum(table.status == "not_due" for table in tables)
        asked = counted(len(tables) - waiting, "table")
        words = [f"{done} of {asked}, {counted(sum(t.rows for t in tables), 'row')}"]
        words += [f"{counted(waiting, 'table')} not due"] if waiting else []
        if not tables:
            words = ["nothing was pulled"] if run.report.errors or run.stopped else []
        words += ["stopped"] if run.stopped else []
        out.print()
        out.print(f"{run.tenant}: {'; '.join(words)}" if words else run.tenant)
        told = [(fold.table, fold_text(fold, run.identical.get(fold.table))) for fold in run.report.transforms]
        quiet = sum(text == NOTHING_NEW for _, text in told)
        for table, text in told:
            if text != NOTHING_NEW or quiet == 1:
                out.print(f"  {table:<16} {text}")
        if quiet > 1:
            out.print(f"  {NOTHING_NEW} in {counted(quiet, 'table')}")


def fold_text(fold: TransformOutcome, identical: bool | None = None) -> str:
    """`12 versions new or changed, 1 row in quarantine, …`"""
    report = fold.report
    if fold.error:
        return "failed"
    if report.rebuilt and report.removed:
        words = [f"rebuilt from {counted(report.rows, 'row')}: {counted(report.added, 'version')}"]
        if identical is not None:
            words.append("identical to the table before" if identical else "not as the table before")
    else:
        gone = report.removed - report.added
        words = [f"{counted(report.added, 'version')} new or changed"] if report.added else []
        words += [f"{counted(gone, 'version')} gone"] if gone > 0 else []
        words = words or [NOTHING_NEW]
    if report.quarantined:
        words.append(f"{counted(report.quarantined, 'row')} in quarantine")
    if uncastable := sum(int(found["count"]) for found in report.uncastable.values()):
        words.append(f"{counted(uncastable, 'value')} uncastable in {', '.join(sorted(report.uncastable))}")
    if report.held:
        words.append("deletions held until the next listing agrees")
    return ", ".join(words)
