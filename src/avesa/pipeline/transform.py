"""From raw files to canonical tables: whatever a tenant has landed and not folded yet, table by table."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from difflib import get_close_matches
from functools import cached_property
from typing import Literal

import duckdb

from avesa.canonical_transform.engine import engine, session
from avesa.canonical_transform.fold import FoldReport, fold
from avesa.canonical_transform.ledger import Ledger, decode_ledger, encode_ledger
from avesa.canonical_transform.mapping import Mapping, Source, mapping_names
from avesa.canonical_transform.raw_history import Bench, GuardOf
from avesa.canonical_transform.raw_source import Source as RawSource
from avesa.pipeline.left_behind import left_behind
from avesa.pipeline.ports import Ports
from avesa.pipeline.snapshots import canonical_table
from avesa.pipeline.tenant_mappings import landed_sources, read_mapping
from avesa.shared import layout
from avesa.shared.errors import AvesaError, Busy, StaleState, UsageError, Where, internal_error
from avesa.shared.guard import Guard, guard_of
from avesa.shared.run_log import RunEntry
from avesa.shared.scratch import scratch_folder
from avesa.shared.storage_failure import storage_failure

ATTEMPTS = 5
"""So often a fold starts again because another writer committed first."""
LOOKS = timedelta(days=1)
"""So often a sync looks whether another program has added raw files under old names."""


@dataclass(frozen=True)
class TransformOutcome:
    """What the fold of one canonical table came to. One that failed may have a report: it was done, and could not be
    written down in the run log.
    """

    tenant: str
    table: str
    status: Literal["ok", "failed"]
    report: FoldReport
    error: AvesaError | None = None


def transform_tenant(
    ports: Ports,
    tenant: str,
    *,
    run_id: str,
    tables: Iterable[str] | None = None,
    rebuild: bool = False,
    looks: timedelta = timedelta(0),
) -> list[TransformOutcome]:
    """Fold the canonical tables of a tenant, or those named; one that fails does not stop the others.

    `looks` is how often raw files with old names are looked for, each time by default (see `fold`). With `rebuild`
    each table is folded anew from raw and swapped in at once. Raises UsageError for an unknown table.
    """
    chosen = choose_canonical(tables)
    with scratch_folder(ports.scratch, "fold") as folder, engine(folder) as database:
        run = _Run(ports, database, tenant, run_id, rebuild=rebuild, looks=looks)
        outcomes = [_transform(run, table) for table in chosen]
    return [outcome for outcome in outcomes if outcome is not None]


def choose_canonical(names: Iterable[str] | None) -> list[str]:
    """Canonical tables by name, all for None. Raises UsageError with the closest names for an unknown one."""
    known = mapping_names()
    for name in names or ():
        if name not in known:
            close = get_close_matches(name, known, n=3, cutoff=0.5)
            raise UsageError(
                f"There is no canonical table {name!r}.",
                hint=f"Did you mean {' or '.join(close)}?" if close else f"There are {', '.join(known)}.",
            )
    return known if names is None else sorted(set(names))


def tenant_mapping(ports: Ports, tenant: str, table: str) -> Mapping:
    """Our mapping with the tenant's own laid over it. Raises MappingError."""
    return read_mapping(ports.objects, tenant, table)


def tenant_guards(ports: Ports, tenant: str) -> GuardOf:
    """When a listing of a source may delete: as the settings of the tenant's service say, or said when it was
    disconnected, else the default.
    """
    settings = {one.service: one.settings for one in ports.tenants.services(tenant)}

    def guard(source: RawSource) -> Guard:
        if source.service not in settings:
            settings[source.service] = left_behind(ports.watermarks, tenant, source.service).guard
        return guard_of(settings[source.service], source.table)

    return guard


@dataclass(frozen=True)
class _Run:
    """The folds of one run for one tenant, and what it finds there."""

    ports: Ports
    database: duckdb.DuckDBPyConnection
    tenant: str
    run_id: str
    rebuild: bool
    looks: timedelta

    @cached_property
    def folded(self) -> set[str]:
        """The canonical tables that are there."""
        return set(self.ports.objects.folders(layout.tenant_canonical_prefix(self.tenant)))

    @cached_property
    def landed(self) -> set[Source]:
        return landed_sources(self.ports.objects, self.tenant)

    @cached_property
    def failed(self) -> set[str]:
        """The canonical tables whose last fold failed, as the run log has them."""
        latest = self.ports.run_log.latest(self.tenant)
        return {entry.table for entry in latest if entry.stage == "transform" and entry.status == "failed"}

    def has_work(self, mapping: Mapping) -> bool:
        """Also where nothing has landed, but the last fold failed: the run log is told that it no longer does."""
        if mapping.table in self.folded or self.landed.intersection(mapping.sources):
            return True
        return _name(mapping.table) in self.failed


def _transform(run: _Run, table: str) -> TransformOutcome | None:
    """None where nothing has landed that the table is made of."""
    started_at = run.ports.clock()
    where = Where(run.tenant, None, table)
    try:
        mapping = tenant_mapping(run.ports, run.tenant, table)
        if not run.has_work(mapping):
            return None
        with run.ports.watermarks.lease(run.tenant, _name(table)):
            report = _fold_until_it_holds(run, mapping)
    except AvesaError as error:
        return _failed(run, table, started_at, error.located(where))
    except OSError as error:
        blocked = storage_failure("use", str(run.ports.scratch), error)
        return _failed(run, table, started_at, blocked.located(where))
    except BaseException as error:  # noqa: BLE001 - told as an InternalError; a panic is no Exception
        return _failed(run, table, started_at, internal_error(error).located(where))
    try:
        _log(run, table, started_at, report, None)
    except AvesaError as error:
        return TransformOutcome(run.tenant, table, "failed", report, error.located(where))
    return TransformOutcome(run.tenant, table, "ok", report)


def _failed(run: _Run, table: str, started_at: datetime, error: AvesaError) -> TransformOutcome:
    """Written down too; where that fails, the error itself is what counts."""
    if not isinstance(error, Busy):
        with suppress(AvesaError):
            _log(run, table, started_at, None, error)
    return TransformOutcome(run.tenant, table, "failed", FoldReport(), error)


def _fold_until_it_holds(run: _Run, mapping: Mapping) -> FoldReport:
    ports, tenant = run.ports, run.tenant
    for attempt in range(1, ATTEMPTS + 1):
        with (
            scratch_folder(ports.scratch, "fold") as folder,
            session(run.database) as con,
        ):
            table = canonical_table(ports, tenant, mapping.table, folder)
            bench = Bench(con, ports.objects, mapping, tenant_guards(ports, tenant), folder)
            saver = _LedgerInState(ports, tenant, _name(mapping.table))
            try:
                return fold(tenant, bench, table, saver.ledger, saver.save, rebuild=run.rebuild, looks=run.looks)
            except StaleState:
                if attempt == ATTEMPTS:
                    raise
    raise AssertionError("unreachable")


def _name(table: str) -> str:
    """What state, lease and run log call a canonical table."""
    return f"canonical/{table}"


class _LedgerInState:
    """The ledger of a fold, kept in the watermark store under `canonical/table`, by compare-and-set."""

    def __init__(self, ports: Ports, tenant: str, name: str) -> None:
        self._watermarks = ports.watermarks
        self._state = ports.watermarks.get(tenant, name)

    @property
    def ledger(self) -> Ledger:
        return decode_ledger(self._state.details)

    def save(self, ledger: Ledger) -> None:
        newest = [source.newest for source in ledger.sources.values() if source.newest]
        self._state = self._watermarks.put(
            replace(self._state, watermark=max(newest, default=None), details=encode_ledger(ledger))
        )


def _log(run: _Run, table: str, started_at: datetime, report: FoldReport | None, error: AvesaError | None) -> None:
    run.ports.run_log.write(
        RunEntry(
            run.run_id,
            run.tenant,
            "transform",
            _name(table),
            "ok" if error is None else "failed",
            started_at,
            run.ports.clock(),
            error=None if error is None else error.message,
            figures=report.figures() if report else {},
        )
    )
