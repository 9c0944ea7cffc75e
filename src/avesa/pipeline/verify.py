"""Proof on the real data: what the tables say, what the log says, what the receipts say, and what raw says, agree."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import duckdb

from avesa.canonical_transform.canonical_table import Snapshot
from avesa.canonical_transform.data_file import DataFile
from avesa.canonical_transform.engine import count, engine, session
from avesa.canonical_transform.fold import ledger_in_force
from avesa.canonical_transform.ledger import Ledger, SourceLedger, decode_ledger
from avesa.canonical_transform.raw_columns import wrong_columns
from avesa.canonical_transform.raw_history import Bench, fold_all
from avesa.canonical_transform.raw_source import Pull, RawListing, Source, list_raw, read_pulls
from avesa.canonical_transform.sql_text import identifier, parquet
from avesa.canonical_transform.table_files import rows_of
from avesa.pipeline.ports import Ports
from avesa.pipeline.snapshots import canonical_table
from avesa.pipeline.transform import choose_canonical, tenant_guards, tenant_mapping
from avesa.shared import layout
from avesa.shared.clock import to_iso
from avesa.shared.errors import AvesaError, ObjectMissing, StorageError
from avesa.shared.receipt import Receipt
from avesa.shared.scratch import scratch_folder

MOST_KEYS = 10
"""So many of the things that differ are named."""

FOLDED = "every receipt is folded"
RECEIPTS_FIT = "receipts fit their files"
LEFT_ASIDE = "files that no receipt names are left aside"
FILES_AGREE = "the log and its files agree"
SAME_AS_REBUILT = "a rebuild from raw gives the same rows"
CAN_BE_READ = "all of it can be read"


@dataclass(frozen=True)
class Check:
    """One thing that was compared. `wrong` names what differs, MOST_KEYS at most; `differing` counts it all. `raw_rows`
    are those that it was folded from, where it was.
    """

    table: str
    what: str
    compared: int
    unit: str
    differing: int = 0
    wrong: tuple[str, ...] = ()
    raw_rows: int | None = None

    @property
    def ok(self) -> bool:
        return self.differing == 0


def verify_tenant(
    ports: Ports, tenant: str, tables: Iterable[str] | None = None, *, checked: Callable[[Check], None] | None = None
) -> list[Check]:
    """All checks on a tenant's canonical tables, or on those named. Changes nothing.

    `checked` is told of each check as soon as it is done. What cannot be read is a check that failed, and the next
    table goes on. Raises UsageError for an unknown tenant or table.
    """
    ports.tenants.services(tenant)
    found: list[Check] = []
    chosen = choose_canonical(tables)
    with scratch_folder(ports.scratch, "verify") as folder, engine(folder) as database:
        for table in chosen:
            for check in _checks_to_the_end(ports, database, tenant, table):
                found.append(check)
                if checked:
                    checked(check)
    return found


def _checks_to_the_end(ports: Ports, database: duckdb.DuckDBPyConnection, tenant: str, table: str) -> Iterator[Check]:
    try:
        with (
            scratch_folder(ports.scratch, "verify") as folder,
            session(database) as con,
        ):
            yield from _checks(ports, con, tenant, table, folder)
    except AvesaError as error:
        yield _check(table, CAN_BE_READ, 1, "tables", [str(error)])


def _checks(ports: Ports, con: duckdb.DuckDBPyConnection, tenant: str, table: str, scratch: Path) -> Iterator[Check]:
    mapping = tenant_mapping(ports, tenant, table)
    sources = [Source(tenant, service, name) for service, name in sorted(mapping.sources)]
    stored = canonical_table(ports, tenant, table, scratch)
    # In this order: what a sync lands or folds meanwhile is then merely not folded yet.
    told = decode_ledger(ports.watermarks.get(tenant, f"canonical/{table}").details)
    snapshot = stored.snapshot()
    raw = {source: list_raw(ports.objects, source) for source in sources}
    if snapshot.table_id is None and told.table_id is not None:
        yield _check(table, "the table is there", 1, "tables", [f"{stored.prefix} was folded and is gone"])
    if snapshot.table_id is None and not any(listing.receipts for listing in raw.values()):
        return
    ledger = ledger_in_force(stored, snapshot, told, mapping) or Ledger()
    unfolded: set[str] = set()
    gone: list[str] = []
    for source in sources:
        new, lost = _unfolded(ledger.sources.get(source.name, SourceLedger()), raw[source].receipts)
        unfolded.update(f"{source.name}/{name}" for name in new)
        gone += [f"{source.name}/{name} is gone, though it is folded" for name in lost]
    total = sum(len(listing.receipts) for listing in raw.values())
    yield _check(table, FOLDED, total, "receipts", [*unfolded, *gone])
    bench = Bench(con, ports.objects, mapping, tenant_guards(ports, tenant), scratch)
    pulls = {source: read_pulls(ports.objects, source, raw[source]) for source in sources}
    yield _receipts(bench, table, pulls)
    unnamed = sum(len(_unnamed(raw[source], pulls[source])) for source in sources)
    if unnamed:
        yield _check(table, LEFT_ASIDE, unnamed, "files", [])
    yield _log_and_files(ports, tenant, table, bench, snapshot)
    yield _intervals(con, table)
    folded = {
        source: [pull for pull in pulls[source] if f"{source.name}/{pull.name}" not in unfolded] for source in sources
    }
    try:
        yield _same_as_rebuilt(bench, table, folded)
    except StorageError as error:
        yield _check(table, SAME_AS_REBUILT, 0, "versions", [error.message])


def _check(table: str, what: str, compared: int, unit: str, wrong: list[str]) -> Check:
    return Check(table, what, compared, unit, len(wrong), tuple(sorted(wrong)[:MOST_KEYS]))


def _unfolded(known: SourceLedger, names: list[str]) -> tuple[list[str], list[str]]:
    """Which of all receipts are not folded, and which were folded and are gone. All, where the ledger cannot tell."""
    new = known.unfolded(names)
    if new is not None:
        return new, []
    gone = sorted(set(known.recent) - set(names))
    return [name for name in names if not gone or (name > known.through and name not in known.recent)], gone


def _unnamed(raw: RawListing, pulls: list[Pull]) -> set[str]:
    """Raw files that a pull left behind which is not finished, or was killed; nothing is made of them."""
    named = {file for pull in pulls for file in pull.receipt.files}
    return {file for file in raw.sizes if file.endswith(layout.PARQUET_SUFFIX)} - named


def _receipts(bench: Bench, table: str, pulls: dict[Source, list[Pull]]) -> Check:
    """Are the files of each receipt there, with the columns of raw files, and the rows, ids and times that it tells?"""
    wrong = []
    for source, some in pulls.items():
        for pull in some:
            paths: list[Path] = []
            for file in pull.receipt.files:
                try:
                    paths.append(bench.objects.fetch(f"{source.prefix}/{file}", bench.scratch))
                except ObjectMissing:
                    wrong.append(f"{source.prefix}/{file} is missing")
            if len(paths) < len(pull.receipt.files):
                continue
            try:
                columns = [f"in {path.name} {amiss}" for path in paths if (amiss := wrong_columns(bench.con, path))]
                differing = columns or _differing(pull.receipt, _counted(bench.con, paths))
            except duckdb.Error:
                wrong.append(f"{source.prefix}/{pull.name} names a file that cannot be read")
                continue
            if differing:
                wrong.append(f"{source.prefix}/{pull.name} does not fit its files: {'; '.join(differing)}")
    return _check(table, RECEIPTS_FIT, sum(map(len, pulls.values())), "receipts", wrong)


@dataclass(frozen=True)
class Counted:
    """What the files behind a receipt hold, under the names that the receipt has for it."""

    rows: int
    distinct_ids: int
    ids_sha256: str
    min_updated_at: datetime | None
    max_updated_at: datetime | None


def _differing(receipt: Receipt, counted: Counted) -> list[str]:
    """Each field of a receipt that is not as its files say, with what stands there and what they say."""
    wrong = [
        f"{name} is {_text(told)}, by the files {_text(found)}"
        for name, found in vars(counted).items()
        if (told := getattr(receipt, name)) != found
    ]
    if receipt.complete and receipt.reason is not None:
        wrong.append("complete is true, though it gives a reason why it is not")
    if not receipt.complete and receipt.reason is None:
        wrong.append("complete is false, and reason is null")
    return wrong


def _text(value: object) -> str:
    match value:
        case None:
            return "null"
        case datetime() if value.tzinfo is not None:
            return to_iso(value)
        case _:
            return str(value)


def _counted(con: duckdb.DuckDBPyConnection, paths: list[Path]) -> Counted:
    nothing = "(SELECT NULL::VARCHAR AS record_id, NULL::TIMESTAMPTZ AS updated_at WHERE false)"
    relation = parquet(paths) if paths else nothing
    found = con.execute(f"""
        SELECT rows, count(id), sha256(coalesce(string_agg(id, chr(10) ORDER BY id), '')), oldest, newest
        FROM (
            SELECT count(*) AS rows, min(updated_at::TIMESTAMPTZ) AS oldest, max(updated_at::TIMESTAMPTZ) AS newest
            FROM {relation}
        ) LEFT JOIN (SELECT DISTINCT record_id AS id FROM {relation} WHERE record_id IS NOT NULL) ON true
        GROUP BY ALL
    """).fetchone()
    assert found is not None
    rows, ids, digest, oldest, newest = found
    return Counted(int(rows), int(ids), str(digest), oldest, newest)


def _log_and_files(ports: Ports, tenant: str, table: str, bench: Bench, snapshot: Snapshot) -> Check:
    """Is each file of the log there, of the size, with the rows, the kind and the bounds that the log tells? Fills
    `stored`.
    """
    con, wrong = bench.con, []
    there = canonical_table(ports, tenant, table, bench.scratch)
    sizes = {Path(info.path).name: info.size for info in ports.objects.list(there.prefix)}
    columns = ", ".join(identifier(name) for name, _ in bench.shape.all)
    con.execute(f"CREATE OR REPLACE TEMP TABLE stored AS SELECT {columns} FROM {rows_of(there, [], bench.shape)}")
    for file in snapshot.files:
        try:
            relation = rows_of(there, [file], bench.shape)
            fits = _fits(con, file, relation) and sizes.get(file.name) == file.size
            con.execute(f"INSERT INTO stored SELECT {columns} FROM {relation}")
        except ObjectMissing:
            wrong.append(f"{file.name} is missing")
        except duckdb.Error:
            wrong.append(f"{file.name} cannot be read")
        else:
            if not fits:
                wrong.append(f"{file.name} is not what the log says")
    return _check(table, FILES_AGREE, len(snapshot.files), "files", wrong)


def _fits(con: duckdb.DuckDBPyConnection, file: DataFile, relation: str) -> bool:
    found = con.execute(f"""
        SELECT count(*), count(*) FILTER (is_current), count(*) FILTER (is_current <> (valid_to IS NULL)),
            [min(source_service), min(source_table), min(source_id)],
            [max(source_service), max(source_table), max(source_id)]
        FROM {relation}
    """).fetchone()
    assert found is not None
    rows, current, torn, lowest, highest = found
    if rows != file.rows or current != (rows if file.is_current else 0) or torn:
        return False
    return rows == 0 or file.bounds(tuple(lowest), tuple(highest))


def _intervals(con: duckdb.DuckDBPyConnection, table: str) -> Check:
    """Of each record: no interval is empty, none overlap, and at most the last one is open."""
    found = con.execute("""
        SELECT DISTINCT source_service || '/' || source_table || ' ' || source_id FROM (
            SELECT *, lead(valid_from) OVER (
                PARTITION BY source_service, source_table, source_id ORDER BY valid_from
            ) AS next_from
            FROM stored
        )
        WHERE valid_from >= valid_to OR next_from < coalesce(valid_to, 'infinity') OR next_from = valid_from
    """).fetchall()
    return _check(table, "intervals are well formed", count(con, "stored"), "versions", [key for (key,) in found])


def _same_as_rebuilt(bench: Bench, table: str, pulls: dict[Source, list[Pull]]) -> Check:
    """Does folding everything anew from raw give the same rows?"""
    con = bench.con
    con.execute("CREATE OR REPLACE TEMP TABLE anew AS FROM stored WHERE false")
    raw_rows = 0
    for source, some in pulls.items():
        if some:
            seen = fold_all(bench, source, some, lambda versions: con.execute(f"INSERT INTO anew FROM {versions}"))
            raw_rows += seen.rows.rows
    found = con.execute("""
        SELECT DISTINCT source_service || '/' || source_table || ' ' || source_id FROM (
            (FROM stored EXCEPT ALL FROM anew) UNION ALL (FROM anew EXCEPT ALL FROM stored)
        )
    """).fetchall()
    check = _check(table, SAME_AS_REBUILT, count(con, "anew"), "versions", [key for (key,) in found])
    return replace(check, raw_rows=raw_rows)
