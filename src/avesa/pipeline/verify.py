"""Proof on the real data: what the tables say, what the log says, what the receipts say, and what raw says, agree."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from avesa.canonical_transform.canonical_table import Snapshot
from avesa.canonical_transform.engine import count, engine
from avesa.canonical_transform.fold import ledger_in_force
from avesa.canonical_transform.ledger import Ledger, decode_ledger
from avesa.canonical_transform.raw_history import Bench, fold_all
from avesa.canonical_transform.raw_source import Pull, Source, list_raw, read_pulls
from avesa.canonical_transform.sql_text import identifier, literals
from avesa.canonical_transform.table_change import rows_of
from avesa.pipeline.ports import Ports
from avesa.pipeline.transform import canonical_table, choose_canonical, tenant_guards, tenant_mapping
from avesa.shared.errors import ObjectMissing

MOST_KEYS = 10
"""So many of the things that differ are named."""


@dataclass(frozen=True)
class Check:
    """One thing that was compared. `wrong` names what differs, MOST_KEYS at most; `differing` counts it all."""

    table: str
    what: str
    compared: int
    unit: str
    differing: int = 0
    wrong: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return self.differing == 0


def verify_tenant(
    ports: Ports, tenant: str, tables: Iterable[str] | None = None, *, checked: Callable[[Check], None] | None = None
) -> list[Check]:
    """All checks on a tenant's canonical tables, or on those named. Changes nothing.

    `checked` is told of each check as soon as it is done. Raises UsageError for an unknown tenant or table.
    """
    ports.tenants.services(tenant)
    found: list[Check] = []
    for table in choose_canonical(tables):
        with tempfile.TemporaryDirectory(prefix="verify-", dir=ports.scratch) as folder:
            for check in _checks(ports, tenant, table, Path(folder)):
                found.append(check)
                if checked:
                    checked(check)
    return found


def _checks(ports: Ports, tenant: str, table: str, scratch: Path) -> Iterable[Check]:
    mapping = tenant_mapping(ports, tenant, table)
    sources = [Source(tenant, service, name) for service, name in sorted(mapping.sources)]
    raw = {source: list_raw(ports.objects, source) for source in sources}
    stored = canonical_table(ports, tenant, table, scratch)
    snapshot = stored.snapshot()
    if snapshot.table_id is None and not any(listing.receipts for listing in raw.values()):
        return
    told = decode_ledger(ports.watermarks.get(tenant, f"canonical/{table}").details)
    ledger = ledger_in_force(stored, snapshot, told, mapping) or Ledger()
    unfolded = [
        f"{source.name}/{name}" for source in sources for name in _unfolded(ledger, source, raw[source].receipts)
    ]
    total = sum(len(listing.receipts) for listing in raw.values())
    yield _check(table, "every receipt is folded", total, "receipts", unfolded)
    with engine(scratch) as con:
        bench = Bench(con, ports.objects, mapping, tenant_guards(ports, tenant), scratch)
        pulls = {source: read_pulls(ports.objects, source, raw[source]) for source in sources}
        yield _receipts(bench, table, pulls)
        yield _log_and_files(ports, tenant, table, bench, snapshot)
        yield _intervals(con, table)
        folded = {
            source: [pull for pull in pulls[source] if f"{source.name}/{pull.name}" not in unfolded]
            for source in sources
        }
        yield _same_as_rebuilt(bench, table, folded)


def _check(table: str, what: str, compared: int, unit: str, wrong: list[str]) -> Check:
    return Check(table, what, compared, unit, len(wrong), tuple(sorted(wrong)[:MOST_KEYS]))


def _unfolded(ledger: Ledger, source: Source, names: list[str]) -> list[str]:
    known = ledger.sources.get(source.name)
    new = known.unfolded(names) if known else names
    return names if new is None else new


def _receipts(bench: Bench, table: str, pulls: dict[Source, list[Pull]]) -> Check:
    """Are the files of each receipt there, with the rows and the ids that it tells?"""
    wrong = []
    for source, some in pulls.items():
        for pull in some:
            paths = []
            for file in pull.receipt.files:
                try:
                    paths.append(str(bench.objects.fetch(f"{source.prefix}/{file}", bench.scratch)))
                except ObjectMissing:
                    wrong.append(f"{source.prefix}/{file} is missing")
            told = (pull.receipt.rows, pull.receipt.distinct_ids, pull.receipt.ids_sha256)
            if len(paths) == len(pull.receipt.files) and _counted(bench.con, paths) != told:
                wrong.append(f"{source.prefix}/{pull.name} does not fit its files")
    return _check(table, "receipts fit their files", sum(map(len, pulls.values())), "receipts", wrong)


def _counted(con: duckdb.DuckDBPyConnection, paths: list[str]) -> tuple[int, int, str]:
    relation = f"read_parquet({literals(paths)})" if paths else "(SELECT NULL::VARCHAR AS record_id WHERE false)"
    found = con.execute(f"""
        SELECT (SELECT count(*) FROM {relation}), count(*), sha256(coalesce(string_agg(id, chr(10) ORDER BY id), ''))
        FROM (SELECT DISTINCT record_id AS id FROM {relation} WHERE record_id IS NOT NULL)
    """).fetchone()
    assert found is not None
    return int(found[0]), int(found[1]), str(found[2])


def _log_and_files(ports: Ports, tenant: str, table: str, bench: Bench, snapshot: Snapshot) -> Check:
    """Is each file of the log there, with the rows, the kind and the keys that the log tells? Fills `stored`."""
    con, wrong = bench.con, []
    there = canonical_table(ports, tenant, table, bench.scratch)
    columns = ", ".join(identifier(name) for name, _ in bench.shape.all)
    con.execute(f"CREATE OR REPLACE TEMP TABLE stored AS SELECT {columns} FROM {rows_of(there, [], bench.shape)}")
    for file in snapshot.files:
        try:
            relation = rows_of(there, [file], bench.shape)
        except ObjectMissing:
            wrong.append(f"{file.name} is missing")
            continue
        found = con.execute(f"""
            SELECT count(*), count(*) FILTER (is_current), min(source_id), max(source_id),
                count(*) FILTER (is_current <> (valid_to IS NULL))
            FROM {relation}
        """).fetchone()
        assert found is not None
        rows, current, lowest, highest, torn = found
        within = rows == 0 or (file.lowest[2] <= lowest and highest <= file.highest[2])
        if rows != file.rows or current != (rows if file.is_current else 0) or torn or not within:
            wrong.append(f"{file.name} is not what the log says")
        con.execute(f"INSERT INTO stored SELECT {columns} FROM {relation}")
    return _check(table, "the log and its files agree", len(snapshot.files), "files", wrong)


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
    for source, some in pulls.items():
        if some:
            fold_all(bench, source, some, lambda versions: con.execute(f"INSERT INTO anew FROM {versions}"))
    found = con.execute("""
        SELECT DISTINCT source_service || '/' || source_table || ' ' || source_id FROM (
            (FROM stored EXCEPT ALL FROM anew) UNION ALL (FROM anew EXCEPT ALL FROM stored)
        )
    """).fetchall()
    return _check(
        table, "a rebuild from raw gives the same rows", count(con, "anew"), "versions", [k for (k,) in found]
    )
