"""One canonical table folded from its raw tables: what is new onto what is there, or all of it anew.

New pulls are folded in groups, in order of time: change pulls together, each complete listing alone, one commit a
group. What they touch is folded onto the open versions; the records for which these do not tell enough are folded
again from raw; a pull from before what was folded already makes the whole raw table be folded again. All ways give
the same versions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from avesa.canonical_transform import table_change
from avesa.canonical_transform.canonical_table import CanonicalTable, NewFile, Snapshot, delta_columns
from avesa.canonical_transform.engine import count, engine
from avesa.canonical_transform.ledger import Ledger, SourceLedger
from avesa.canonical_transform.listings import Guard, Verdict, judge, judge_next
from avesa.canonical_transform.mapping import Mapping
from avesa.canonical_transform.observations import (
    add_absences,
    continue_current,
    drop_unchanged,
    find_late,
    map_rows,
    uncastable_values,
)
from avesa.canonical_transform.partial import complete_partials
from avesa.canonical_transform.quarantine import set_aside, write_quarantine
from avesa.canonical_transform.raw_source import Pull, Source, load_rows, read_pulls, receipt_names
from avesa.canonical_transform.scd2 import MACROS, TableShape, shape_of, versions_query
from avesa.shared.objects import Objects

LedgerSaver = Callable[[Ledger], None]


@dataclass
class FoldReport:
    """What a fold did. `added` counts versions that are new or changed, `removed` those that were before them."""

    receipts: int = 0
    rows: int = 0
    added: int = 0
    removed: int = 0
    commits: int = 0
    quarantined: int = 0
    rebuilt: bool = False
    uncastable: dict[str, dict[str, Any]] = field(default_factory=dict)
    held: list[str] = field(default_factory=list)
    """Receipts of listings that lack too many records and wait for a second one."""

    def figures(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if value}

    def count_uncastable(self, found: dict[str, dict[str, Any]]) -> None:
        for name, one in found.items():
            total = self.uncastable.setdefault(name, {"count": 0, "samples": []})
            total["count"] += one["count"]
            total["samples"] = sorted({*total["samples"], *one["samples"]})[:3]


@dataclass(frozen=True)
class FoldContext:
    """All that one fold of one canonical table works with."""

    tenant: str
    objects: Objects
    table: CanonicalTable
    mapping: Mapping
    shape: TableShape
    scratch: Path
    guard: Guard
    report: FoldReport
    con: duckdb.DuckDBPyConnection

    def sources(self) -> list[Source]:
        return [Source(self.tenant, service, table) for service, table in sorted(self.mapping.sources)]


def fold(
    tenant: str,
    mapping: Mapping,
    objects: Objects,
    table: CanonicalTable,
    ledger: Ledger,
    save: LedgerSaver,
    scratch: Path,
    *,
    guard: Guard | None = None,
    rebuild: bool = False,
) -> FoldReport:
    """Fold whatever raw files with a receipt are not folded yet. `save` stores the ledger after each commit.

    Raises StaleState if another writer committed in between; then it can simply be called again.
    """
    with engine(scratch) as con:
        con.execute(MACROS)
        context = FoldContext(
            tenant, objects, table, mapping, shape_of(mapping), scratch, guard or Guard(), FoldReport(), con
        )
        snapshot = table.snapshot()
        if rebuild or not _continues(context, ledger, snapshot):
            _rebuild(context, snapshot, save)
        else:
            for source in context.sources():
                snapshot, ledger = _fold_source(context, source, snapshot, ledger, save)
        return context.report


def _continues(context: FoldContext, ledger: Ledger, snapshot: Snapshot) -> bool:
    if not ledger.fits(snapshot, context.mapping.fingerprint):
        return False
    return snapshot.table_id is None or snapshot.columns == delta_columns(context.shape.all)


def _rebuild(context: FoldContext, snapshot: Snapshot, save: LedgerSaver) -> None:
    """Fold everything anew and swap it in with one commit."""
    con = context.con
    ledger = Ledger(fingerprint=context.mapping.fingerprint)
    written: list[NewFile] = []
    for source in context.sources():
        names = receipt_names(context.objects, source)
        if names:
            folded = _versions_from_raw(context, source, read_pulls(context.objects, source, names))
            written += table_change.write_versions(con, context.table)
            ledger = _with_source(ledger, source, folded)
    if not ledger.sources and snapshot.table_id is None:
        return
    change, snapshot = table_change.replace_all(context.table, snapshot, context.shape, written)
    _count_change(context, change, rebuilt=True)
    save(_at_version(ledger, snapshot))


def _fold_source(
    context: FoldContext, source: Source, snapshot: Snapshot, ledger: Ledger, save: LedgerSaver
) -> tuple[Snapshot, Ledger]:
    known = ledger.sources.get(source.name, SourceLedger())
    names = receipt_names(context.objects, source)
    new = known.unfolded(names)
    if new == []:
        return snapshot, ledger
    pulls = read_pulls(context.objects, source, new if new is not None else names)
    if new is None or not known.recent or _is_out_of_order(pulls, known):
        groups = [pulls]
        anew = True
    else:
        groups = list(_groups(pulls))
        anew = False
    for group in groups:
        folded = None if anew else _fold_onto_current(context, source, snapshot, group, known)
        if folded is None:
            folded = _fold_source_anew(context, source, snapshot, names if anew else _names_so_far(known, group, names))
        change, snapshot = table_change.commit_change(context.con, context.table, snapshot, context.shape, source)
        _count_change(context, change)
        known = folded
        ledger = _at_version(_with_source(ledger, source, folded), snapshot)
        save(ledger)
    return snapshot, ledger


def _names_so_far(known: SourceLedger, group: list[Pull], names: list[str]) -> list[str]:
    """The receipts that were folded by now, and the group's."""
    wanted = {*known.recent, *(pull.name for pull in group)}
    return [name for name in names if name <= known.through or name in wanted]


def _groups(pulls: list[Pull]) -> Iterator[list[Pull]]:
    """Change pulls in a row together, each complete listing alone."""
    for is_listing, run in groupby(pulls, key=lambda pull: pull.deletes_by_absence):
        if is_listing:
            yield from ([pull] for pull in run)
        else:
            yield list(run)


def _is_out_of_order(pulls: list[Pull], known: SourceLedger) -> bool:
    return known.newest is not None and any(pull.receipt.started_at <= known.newest for pull in pulls)


def _fold_source_anew(context: FoldContext, source: Source, snapshot: Snapshot, names: list[str]) -> SourceLedger:
    """All of a raw table from its beginning: `versions` and `existing` for all of its records."""
    folded = _versions_from_raw(context, source, read_pulls(context.objects, source, names))
    table_change.load_existing(context.con, context.table, context.shape, snapshot.files, "existing", source, keys=None)
    return folded


def _versions_from_raw(context: FoldContext, source: Source, pulls: list[Pull]) -> SourceLedger:
    con = context.con
    load_rows(con, context.objects, source, pulls, context.scratch)
    context.report.rows += count(con, "rows")
    context.report.receipts += len(pulls)
    _quarantine(context, source, pulls)
    newest, newest_deletion = _newest(con, pulls)
    verdicts = judge(con, [pull for pull in pulls if pull.deletes_by_absence], context.guard)
    complete_partials(con)
    map_rows(con, context.mapping, context.shape, source)
    context.report.count_uncastable(uncastable_values(con))
    add_absences(con)
    con.execute(versions_query(context.shape, context.tenant, source.service, source.table))
    return _settled(
        context,
        SourceLedger(newest=newest, newest_deletion=newest_deletion).with_folded(pull.name for pull in pulls),
        verdicts,
    )


def _fold_onto_current(
    context: FoldContext, source: Source, snapshot: Snapshot, group: list[Pull], known: SourceLedger
) -> SourceLedger | None:
    """`versions` and `existing` for the records that the group touches; None if all must be folded anew."""
    con, shape = context.con, context.shape
    listing = group[0] if group[0].deletes_by_absence else None
    if listing is not None and known.held is not None:
        return None
    load_rows(con, context.objects, source, group, context.scratch)
    oldest = con.execute("SELECT min(extracted_at) FROM rows").fetchone()
    assert known.newest is not None
    if oldest is not None and oldest[0] is not None and oldest[0] <= known.newest:
        return None
    context.report.rows += count(con, "rows")
    context.report.receipts += len(group)
    _quarantine(context, source, group)
    newest, newest_deletion = _newest(con, group)

    current_files = [file for file in snapshot.files if file.is_current]
    closed_files = [file for file in snapshot.files if not file.is_current]
    touched = None if listing else "SELECT record_id FROM rows"
    table_change.load_existing(con, context.table, shape, current_files, "current", source, touched)
    verdicts = _judge_one(context, listing)
    settled = _settled(
        context,
        msgspec.structs.replace(
            known.with_folded(pull.name for pull in group),
            newest=newest,
            newest_deletion=max(filter(None, (known.newest_deletion, newest_deletion)), default=None),
        ),
        {**known.unaccepted, **verdicts},
    )
    map_rows(con, context.mapping, shape, source)
    context.report.count_uncastable(uncastable_values(con))
    drop_unchanged(con, shape)
    add_absences(con)
    unseen = "SELECT source_id FROM observations WHERE source_id NOT IN (SELECT source_id FROM current)"
    table_change.load_existing(con, context.table, shape, closed_files, "closed_rows", source, unseen)
    known_closed = "closed_rows" if shape.keeps_history else "observations"
    con.execute(f"CREATE OR REPLACE TEMP TABLE closed AS SELECT DISTINCT source_id FROM {known_closed}")
    find_late(con, known.newest, known.newest_deletion)
    continue_current(con, shape)
    con.execute(versions_query(shape, context.tenant, source.service, source.table))
    con.execute("""
        CREATE OR REPLACE TEMP TABLE existing AS
        FROM current WHERE source_id IN (SELECT source_id FROM observations)
    """)
    if count(con, "late"):
        _fold_late(context, source, snapshot, group, settled)
    return settled


def _fold_late(
    context: FoldContext, source: Source, snapshot: Snapshot, group: list[Pull], settled: SourceLedger
) -> None:
    """Add to `versions` and `existing` the records of `late`, folded from all of raw."""
    con, shape = context.con, context.shape
    con.execute("ALTER TABLE versions RENAME TO versions_onto_current")
    con.execute("ALTER TABLE existing RENAME TO existing_onto_current")
    names = _names_so_far(settled, group, receipt_names(context.objects, source))
    pulls = read_pulls(context.objects, source, names)
    load_rows(con, context.objects, source, pulls, context.scratch, only="late")
    set_aside(con)
    judge(con, [pull for pull in pulls if pull.deletes_by_absence], context.guard, settled.unaccepted)
    complete_partials(con)
    map_rows(con, context.mapping, shape, source)
    add_absences(con)
    con.execute(versions_query(shape, context.tenant, source.service, source.table))
    table_change.load_existing(
        con, context.table, shape, snapshot.files, "existing", source, "SELECT source_id FROM late"
    )
    for name in ("versions", "existing"):
        con.execute(f"INSERT INTO {name} BY NAME FROM {name}_onto_current")
        con.execute(f"DROP TABLE {name}_onto_current")


def _judge_one(context: FoldContext, listing: Pull | None) -> dict[str, Verdict]:
    """As `listings.judge`, for the next listing alone: those known to be alive are the open versions."""
    con = context.con
    con.execute("CREATE OR REPLACE TEMP TABLE absences (source_id VARCHAR, since TIMESTAMPTZ)")
    if listing is None:
        return {}
    con.execute("CREATE OR REPLACE TEMP TABLE alive AS SELECT source_id, false AS is_deleted FROM current")
    verdict = judge_next(con, context.guard, 0)
    if verdict == "accepted":
        con.execute("INSERT INTO absences SELECT source_id, $moment FROM lost", {"moment": listing.receipt.started_at})
    return {listing.name: verdict}


def _quarantine(context: FoldContext, source: Source, pulls: list[Pull]) -> None:
    unfit = set_aside(context.con)
    if unfit:
        context.report.quarantined += unfit
        write_quarantine(context.con, context.objects, source, context.mapping.table, pulls, context.scratch)


def _newest(con: duckdb.DuckDBPyConnection, pulls: list[Pull]) -> tuple[datetime, datetime | None]:
    """The newest instant of pulling, and of a deletion that the vendor flagged."""
    found = con.execute("""
        SELECT max(extracted_at), max(coalesce(updated_at, extracted_at)) FILTER (is_deleted) FROM rows
    """).fetchone()
    assert found is not None
    moments = [pull.receipt.started_at for pull in pulls] + ([found[0]] if found[0] else [])
    return max(moments), found[1]


def _settled(context: FoldContext, ledger: SourceLedger, verdicts: dict[str, Verdict]) -> SourceLedger:
    unaccepted = {name: verdict for name, verdict in verdicts.items() if verdict != "accepted"}
    held = next((name for name, verdict in unaccepted.items() if verdict == "held"), None)
    if held is not None and held not in context.report.held:
        context.report.held.append(held)
    return msgspec.structs.replace(ledger, unaccepted=unaccepted, held=held)


def _count_change(context: FoldContext, change: table_change.Change, *, rebuilt: bool = False) -> None:
    context.report.added += change.added
    context.report.removed += change.removed
    context.report.rebuilt = context.report.rebuilt or rebuilt
    context.report.commits += bool(change.added or change.removed or rebuilt)


def _with_source(ledger: Ledger, source: Source, folded: SourceLedger) -> Ledger:
    return msgspec.structs.replace(ledger, sources={**ledger.sources, source.name: folded})


def _at_version(ledger: Ledger, snapshot: Snapshot) -> Ledger:
    return msgspec.structs.replace(ledger, table_id=snapshot.table_id, version=snapshot.version)
