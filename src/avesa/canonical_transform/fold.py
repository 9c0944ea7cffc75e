"""One canonical table folded from its raw tables: what is new onto what is there, or all of it anew.

New pulls are folded in groups, in order of time: change pulls together, each complete listing alone, one commit a
group. What they touch is folded onto the open versions; the records for which these do not tell enough are folded
again from raw; a pull from before what was folded already makes the whole raw table be folded again. All ways give
the same versions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import msgspec

from avesa.canonical_transform import onto_current, table_change, table_files
from avesa.canonical_transform.canonical_table import CanonicalTable, Snapshot, delta_columns
from avesa.canonical_transform.data_file import NewFile
from avesa.canonical_transform.engine import count, use_threads
from avesa.canonical_transform.ledger import Ledger, SourceLedger, Verdict, decode_ledger, encode_ledger
from avesa.canonical_transform.listings import judge_next
from avesa.canonical_transform.mapping import Mapping
from avesa.canonical_transform.observations import add_absences, uncastable_values
from avesa.canonical_transform.quarantine import write_quarantine
from avesa.canonical_transform.raw_history import Bench, add_counts, fold_all, fold_some, is_large
from avesa.canonical_transform.raw_source import Pull, RawListing, RawRows, Source, list_raw, load_rows, read_pulls
from avesa.canonical_transform.scd2 import shape_of
from avesa.canonical_transform.sql_text import moment
from avesa.shared import layout
from avesa.shared.errors import AvesaError, StaleState
from avesa.shared.guard import Guard

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


@dataclass(frozen=True)
class _Fold:
    """One fold of one canonical table."""

    tenant: str
    bench: Bench
    table: CanonicalTable
    report: FoldReport
    quarantine: list[str]
    """The quarantine files that this fold wrote."""
    now: datetime
    looks: timedelta
    """How long a look at all names of a raw table is enough; meanwhile only those behind what is settled are read."""

    landed: frozenset[str]
    """The services that somebody has written raw files of."""

    def sources(self, ledger: Ledger) -> list[Source]:
        """Those of the mapping that may have raw files, or had some. A mapping knows far more services than a tenant
        has, and to look for the files of each costs a request.
        """
        known = [Source(self.tenant, service, table) for service, table in sorted(self.bench.mapping.sources)]
        return [source for source in known if source.service in self.landed or source.name in ledger.sources]


@dataclass
class _State:
    """How far the table is by now, and what it has folded."""

    snapshot: Snapshot
    ledger: Ledger
    save: LedgerSaver

    def known_of(self, source: Source) -> SourceLedger:
        return self.ledger.sources.get(source.name, SourceLedger())

    def keep(self, ledger: Ledger, snapshot: Snapshot) -> None:
        self.snapshot, self.ledger = snapshot, _at_version(ledger, snapshot)
        self.save(self.ledger)


def fold(
    tenant: str,
    bench: Bench,
    table: CanonicalTable,
    ledger: Ledger,
    save: LedgerSaver,
    *,
    rebuild: bool = False,
    looks: timedelta = timedelta(0),
) -> FoldReport:
    """Fold whatever raw files with a receipt are not folded yet. `save` stores the ledger after each commit.

    Names of long ago are looked at each time, or only if that was longer ago than `looks`: what another program adds
    under an old name is then found that much later, and the fold costs the same however many files there are.

    A source that cannot be read keeps no other from being folded; what is wrong with it is raised in the end. Raises
    StaleState if another writer committed in between; then it can simply be called again.
    """
    landed = frozenset(bench.objects.folders(layout.tenant_raw_prefix(tenant)))
    job = _Fold(tenant, bench, table, FoldReport(), [], table.clock(), looks, landed)
    snapshot = table.snapshot()
    in_force = None if rebuild else ledger_in_force(table, snapshot, ledger, bench.mapping)
    if in_force is None:
        _rebuild(job, snapshot, save)
        return job.report
    state = _State(snapshot, in_force, save)
    failure: AvesaError | None = None
    for source in job.sources(in_force):
        try:
            if not _fold_source(job, source, state):
                _rebuild(job, table.snapshot(), save)
                return job.report
        except StaleState:
            raise
        except AvesaError as error:
            failure = failure or error
    if failure is not None:
        raise failure
    return job.report


def ledger_in_force(table: CanonicalTable, snapshot: Snapshot, stored: Ledger, mapping: Mapping) -> Ledger | None:
    """What the table has folded: the stored ledger, or if a writer died before storing its own, the one that its
    commit noted in the log. None if neither fits table and mapping, so that all must be folded anew.
    """
    if snapshot.table_id is not None and snapshot.columns != delta_columns(shape_of(mapping).all):
        return None
    if stored.fits(snapshot, mapping.fingerprint):
        return stored
    noted = decode_ledger(table.note()) if snapshot.table_id is not None else Ledger()
    return _at_version(noted, snapshot) if noted.sources and noted.fingerprint == mapping.fingerprint else None


def _rebuild(job: _Fold, snapshot: Snapshot, save: LedgerSaver) -> None:
    """Fold everything anew and swap it in with one commit."""
    ledger = Ledger(fingerprint=job.bench.mapping.fingerprint)
    written: list[NewFile] = []
    for source in job.sources(ledger):
        raw = list_raw(job.bench.objects, source)
        if raw.receipts:
            fresh = table_files.FreshFiles(job.bench.con, job.table, job.bench.shape)
            folded = _anew(job, source, raw, read_pulls(job.bench.objects, source, raw), fresh.take)
            written += fresh.finish()
            ledger = _with_source(ledger, source, folded)
    if not ledger.sources and snapshot.table_id is None:
        return
    note = encode_ledger(ledger)
    change, snapshot = table_change.replace_all(job.table, snapshot, job.bench.shape, written, note=note)
    _count_change(job, change, rebuilt=True)
    _forget_quarantine(job, layout.PARQUET_SUFFIX)
    save(_at_version(ledger, snapshot))


def _forget_quarantine(job: _Fold, suffix: str) -> None:
    """After all was folded anew that goes into files with such names: what is no longer in quarantine leaves it."""
    there = job.bench.objects.list(layout.quarantine_prefix(job.tenant, job.bench.mapping.table))
    ours = {info.path for info in there if info.path.endswith(suffix)}
    job.bench.objects.delete(ours.difference(job.quarantine))


def _fold_source(job: _Fold, source: Source, state: _State) -> bool:
    """Whether it was folded; not if so much must be folded anew that the whole table had better be made anew."""
    raw, known = _look(job, source, state.known_of(source))
    new = known.unfolded(raw.receipts, after=raw.after)
    judged_otherwise = [name for name in known.decisions if name > raw.after] != raw.decisions or (
        bool(known.recent) and known.guard != _limits(job.bench.guard_of(source))
    )
    if new == [] and not judged_otherwise:
        if job.looks and known.recent and not raw.after:
            state.keep(_with_source(state.ledger, source, known), state.snapshot)
        return True
    pulls = read_pulls(job.bench.objects, source, raw, new)
    anew = new is None or judged_otherwise or not known.recent or _is_out_of_order(pulls, known)
    for group in [pulls] if anew else _groups(pulls):
        is_late = anew or _is_out_of_order(group, known)
        folded = None if is_late else _onto_current(job, source, raw, state.snapshot, group, known)
        if folded is None:
            raw = _whole(job, source, raw)
            names = raw.receipts if anew else _names_so_far(known, group, raw)
            everything = read_pulls(job.bench.objects, source, raw, names)
            if is_large(everything):
                return False
            folded = _anew(job, source, raw, everything, lambda versions: None)
            table_change.load_existing(job.bench.con, job.table, job.bench.shape, state.snapshot.files, source)
            table_change.find_differences(job.bench.con, job.bench.shape)
        known, ledger = folded, _with_source(state.ledger, source, folded)
        change, snapshot = table_change.commit_change(
            job.bench.con, job.table, state.snapshot, job.bench.shape, source, note=encode_ledger(ledger)
        )
        _count_change(job, change)
        state.keep(ledger, snapshot)
    if anew:
        _forget_quarantine(job, layout.quarantine_suffix(source.service, source.table))
    return True


def _look(job: _Fold, source: Source, known: SourceLedger) -> tuple[RawListing, SourceLedger]:
    """The names of raw files, all or those behind what is settled, and the ledger that knows when it was all."""
    is_recent = known.looked_at is not None and known.looked_at <= job.now < known.looked_at + job.looks
    raw = list_raw(job.bench.objects, source, after=known.settled_through if is_recent else "")
    return raw, known if raw.after else msgspec.structs.replace(known, looked_at=job.now)


def _whole(job: _Fold, source: Source, raw: RawListing) -> RawListing:
    return list_raw(job.bench.objects, source) if raw.after else raw


def _names_so_far(known: SourceLedger, group: list[Pull], raw: RawListing) -> list[str]:
    """The receipts that were folded by now, and the group's."""
    wanted = {*known.recent, *(pull.name for pull in group)}
    return [name for name in raw.receipts if name <= known.through or name in wanted]


def _groups(pulls: list[Pull]) -> Iterator[list[Pull]]:
    """Change pulls in a row together, each complete listing alone."""
    for is_listing, run in groupby(pulls, key=lambda pull: pull.deletes_by_absence):
        if is_listing:
            yield from ([pull] for pull in run)
        else:
            yield list(run)


def _is_out_of_order(pulls: list[Pull], known: SourceLedger) -> bool:
    return known.newest is not None and any(pull.receipt.started_at <= known.newest for pull in pulls)


def _anew(
    job: _Fold, source: Source, raw: RawListing, pulls: list[Pull], take: Callable[[str], object]
) -> SourceLedger:
    """A whole raw table, from its beginning; `take` gets relations of the versions of its records, each once."""
    use_threads(job.bench.con, raw_bytes=raw.bytes_of(pulls), rows=0)
    seen = fold_all(job.bench, source, pulls, take)
    add_counts(job.report.uncastable, seen.uncastable)
    _note(job, source, pulls, seen.rows)
    ledger = SourceLedger(
        newest=_newest(pulls, seen.rows),
        newest_deletion=_newest_of(seen.rows.newest_deletion, seen.newest_absence),
        looked_at=job.now,
        decisions=tuple(raw.decisions),
        guard=_limits(job.bench.guard_of(source)),
    ).with_folded(pull.name for pull in pulls)
    return _settled(job, ledger, seen.verdicts)


def _onto_current(
    job: _Fold, source: Source, raw: RawListing, snapshot: Snapshot, group: list[Pull], known: SourceLedger
) -> SourceLedger | None:
    """`added` and `removed` for the records that the group touches; None if all must be folded anew."""
    bench, con, shape = job.bench, job.bench.con, job.bench.shape
    listing = group[0] if group[0].deletes_by_absence else None
    if listing is not None and known.held is not None:
        return None
    use_threads(con, raw_bytes=raw.bytes_of(group), rows=sum(file.rows for file in snapshot.files if file.is_current))
    rows = load_rows(con, bench.objects, source, group, bench.scratch)
    assert known.newest is not None
    if rows.oldest is not None and rows.oldest <= known.newest:
        return None
    _note(job, source, group, rows)
    ids = None if listing else (rows.lowest_id or "", rows.highest_id or "")
    onto_current.meet(con, job.table, bench.mapping, shape, source, rows.relation, snapshot, ids)
    ledger = msgspec.structs.replace(
        known.with_folded(pull.name for pull in group),
        newest=_newest(group, rows),
        newest_deletion=_newest_of(known.newest_deletion, rows.newest_deletion),
    )
    verdicts = _judge_one(bench, source, listing) if listing else {}
    if listing and verdicts[listing.name] == "accepted" and count(con, "lost"):
        absent_at = _newest_of(ledger.newest_deletion, listing.receipt.started_at)
        ledger = msgspec.structs.replace(ledger, newest_deletion=absent_at)
    settled = _settled(job, ledger, verdicts)
    arrived = onto_current.compare(con, shape, known.newest, known.newest_deletion)
    if arrived.uncastable:
        add_counts(job.report.uncastable, uncastable_values(con, onto_current.NEW))
    onto_current.change(con, shape, source, arrived)
    if arrived.late:
        _add_late(job, source, raw, snapshot, group, settled)
    return settled


def _add_late(
    job: _Fold, source: Source, raw: RawListing, snapshot: Snapshot, group: list[Pull], settled: SourceLedger
) -> None:
    """Add to `added` and `removed` what becomes of the records of `late`, folded from all of raw."""
    raw = _whole(job, source, raw)
    pulls = read_pulls(job.bench.objects, source, raw, _names_so_far(settled, group, raw))
    fold_some(job.bench, source, pulls, "late", settled.unaccepted)
    table_change.load_existing(job.bench.con, job.table, job.bench.shape, snapshot.files, source, only="late")
    table_change.add_differences(job.bench.con, job.bench.shape)


def _judge_one(bench: Bench, source: Source, listing: Pull) -> dict[str, Verdict]:
    """As `listings.judge`, for the next listing alone, which then deletes: known to be alive are the open versions."""
    con = bench.con
    con.execute("""
        CREATE OR REPLACE TEMP TABLE alive AS
        SELECT source_id, since, false AS is_deleted, NULL::TIMESTAMPTZ AS absent_at
        FROM observations WHERE file IS NOT NULL
    """)
    verdict = judge_next(con, bench.guard_of(source), listing, 0)
    if verdict == "accepted":
        con.execute(f"""
            CREATE OR REPLACE TEMP TABLE absences AS
            SELECT source_id, {moment(listing.receipt.started_at)} AS since FROM lost
        """)
        add_absences(con)
    return {listing.name: verdict}


def _note(job: _Fold, source: Source, pulls: list[Pull], rows: RawRows) -> None:
    """Count what was read, and put what cannot be folded into quarantine."""
    job.report.rows += rows.rows
    job.report.receipts += len(pulls)
    if rows.unfit:
        job.report.quarantined += rows.unfit
        job.quarantine.extend(
            write_quarantine(
                job.bench.con,
                job.bench.objects,
                source,
                job.bench.mapping.table,
                pulls,
                rows.relation,
                job.bench.scratch,
            )
        )


def _newest_of(*moments: datetime | None) -> datetime | None:
    return max((one for one in moments if one is not None), default=None)


def _newest(pulls: list[Pull], rows: RawRows) -> datetime | None:
    """The newest instant of pulling; None where no pull is left."""
    return _newest_of(*(pull.receipt.started_at for pull in pulls), rows.newest)


def _settled(job: _Fold, ledger: SourceLedger, verdicts: dict[str, Verdict]) -> SourceLedger:
    settled = ledger.with_verdicts(verdicts)
    if settled.held is not None and settled.held not in job.report.held:
        job.report.held.append(settled.held)
    return settled


def _limits(guard: Guard) -> tuple[float, int]:
    return guard.share, guard.records


def _count_change(job: _Fold, change: table_change.Change, *, rebuilt: bool = False) -> None:
    job.report.added += change.added
    job.report.removed += change.removed
    job.report.rebuilt = job.report.rebuilt or rebuilt
    job.report.commits += bool(change.added or change.removed or rebuilt)


def _with_source(ledger: Ledger, source: Source, folded: SourceLedger) -> Ledger:
    return msgspec.structs.replace(ledger, sources={**ledger.sources, source.name: folded})


def _at_version(ledger: Ledger, snapshot: Snapshot) -> Ledger:
    return msgspec.structs.replace(ledger, table_id=snapshot.table_id, version=snapshot.version)
