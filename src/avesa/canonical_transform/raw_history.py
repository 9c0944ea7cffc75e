"""The history of raw rows, folded from their beginning: all of a source, or some of its records.

What `fold` keeps up to date bit by bit is by definition what this gives for all rows at once.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

from avesa.canonical_transform.engine import count, one_row
from avesa.canonical_transform.ledger import Verdict
from avesa.canonical_transform.listings import judge
from avesa.canonical_transform.mapping import Mapping
from avesa.canonical_transform.observations import add_absences, observations_query, uncastable_values
from avesa.canonical_transform.partial import complete_partials
from avesa.canonical_transform.raw_source import Pull, RawRows, Source, load_rows, told_of_raw
from avesa.canonical_transform.scd2 import TableShape, create_versions, lone_versions, shape_of
from avesa.canonical_transform.sql_text import literal, parquet
from avesa.canonical_transform.table_files import ROWS_PER_FILE
from avesa.shared.guard import Guard
from avesa.shared.objects import Objects

GuardOf = Callable[[Source], Guard]

MOST_ROWS = 300_000
"""So many raw rows are folded at once."""

_SAMPLE = 10_000
_AT_ONCE = 10_000
"""So many rows a thread holds back while they are dealt out."""


@dataclass(frozen=True)
class Bench:
    """What a fold works with: the engine, the raw files, and what the mapping and the guard say."""

    con: duckdb.DuckDBPyConnection
    objects: Objects
    mapping: Mapping
    guard_of: GuardOf
    scratch: Path

    @cached_property
    def shape(self) -> TableShape:
        return shape_of(self.mapping)


@dataclass(frozen=True)
class RawFigures:
    """What was seen on the way."""

    rows: RawRows
    newest_absence: datetime | None
    verdicts: dict[str, Verdict]
    uncastable: dict[str, dict[str, Any]]


def is_large(pulls: list[Pull]) -> bool:
    """Whether `fold_all` takes the rows behind these pulls in ranges of their keys."""
    return sum(pull.receipt.rows for pull in pulls) > MOST_ROWS


def fold_all(bench: Bench, source: Source, pulls: list[Pull], take: Callable[[str], object]) -> RawFigures:
    """Fold all records behind `pulls`. `take` is called with a relation of the versions of some of them, each once.

    More than MOST_ROWS rows are folded in ranges of their keys, so that memory does not grow with them, and else the
    relation is the table `versions`. Leaves `unfit` (see raw_source), `alive`, `lost` and `held_lost` (see listings).
    """
    con = bench.con
    rows = load_rows(con, bench.objects, source, pulls, bench.scratch)
    verdicts = judge(con, _listings(pulls), bench.guard_of(source))
    (newest_absence,) = one_row(con, "SELECT max(since) FROM absences")
    relation = _whole(bench, rows)
    if is_large(pulls):
        uncastable = _fold_in_ranges(bench, source, rows, relation, take)
    else:
        uncastable = _fold_at_once(bench, source, relation)
        take("versions")
    return RawFigures(rows, newest_absence, verdicts, uncastable)


def fold_some(
    bench: Bench, source: Source, pulls: list[Pull], only: str, settled: ReadOnly[str, Verdict] | None
) -> None:
    """Create `versions` of the records in the table `only` (source_id), from all rows behind `pulls`.

    The verdicts on the listings are `settled`, since they depend on all records; for None these are looked at first.
    """
    con = bench.con
    if settled is None:
        load_rows(con, bench.objects, source, pulls, bench.scratch)
        settled = judge(con, _listings(pulls), bench.guard_of(source))
    rows = load_rows(con, bench.objects, source, pulls, bench.scratch, only=only)
    judge(con, _listings(pulls), bench.guard_of(source), settled)
    _fold_at_once(
        bench, source, complete_partials(con, rows.relation, bench.scratch) if rows.partial else rows.relation
    )


def _whole(bench: Bench, rows: RawRows) -> str:
    return complete_partials(bench.con, rows.relation, bench.scratch) if rows.partial else rows.relation


def _fold_at_once(bench: Bench, source: Source, relation: str) -> dict[str, dict[str, Any]]:
    """From raw rows and `absences` to `versions`; the values that could not be cast."""
    con, absences = bench.con, count(bench.con, "absences") > 0
    with told_of_raw(source):
        con.execute(f"""
            CREATE OR REPLACE TEMP TABLE observations AS
            {observations_query(bench.mapping, bench.shape, source, relation, absences=absences)}
        """)
    uncastable = uncastable_values(con)
    if absences:
        add_absences(con)
    create_versions(con, bench.shape, source.tenant, source.service, source.table)
    return uncastable


def _fold_in_ranges(
    bench: Bench, source: Source, rows: RawRows, relation: str, take: Callable[[str], object]
) -> dict[str, dict[str, Any]]:
    """The rows are mapped once, and dealt out into one folder for each range of keys. Then each range is folded.

    Where each record was seen once, as on a first load, its version is what was seen: the ranges become files as
    they are.
    """
    con, shape, folder = bench.con, bench.shape, bench.scratch / "ranges"
    key = (source.tenant, source.service, source.table)
    absences = count(con, "absences") > 0
    (lone,) = one_row(con, "SELECT count(*) = count(DISTINCT record_id) FROM rows")
    is_first = bool(lone) and not absences
    parts = max(1, round(rows.rows / min(ROWS_PER_FILE, MOST_ROWS))) if is_first else -(-rows.rows // MOST_ROWS)
    number = _range_number(con, parts)
    con.execute("CREATE OR REPLACE TEMP TABLE rows AS FROM rows WHERE false")
    with told_of_raw(source):
        deal_out(
            con,
            f"""
            SELECT *, {number} AS range
            FROM ({observations_query(bench.mapping, shape, source, relation, absences=absences)})
            """,
            folder,
        )
    uncastable: dict[str, dict[str, Any]] = {}
    for part in range(parts):
        files = sorted((folder / f"range={part}").glob("*.parquet"))
        if not files:
            continue
        observed = parquet(files)
        add_counts(uncastable, uncastable_values(con, observed))
        if is_first:
            take(f"({lone_versions(shape, *key, observed)})")
            continue
        con.execute(f"CREATE OR REPLACE TEMP TABLE observations AS FROM {observed}")
        if absences:
            add_absences(con, f"{number} = {part}")
        create_versions(con, shape, *key)
        take("versions")
    shutil.rmtree(folder, ignore_errors=True)
    return uncastable


def deal_out(con: duckdb.DuckDBPyConnection, query: str, folder: Path) -> None:
    """Write the rows of a query into one folder `range=N` for each value of their column `range`.

    Every thread holds rows back, so if memory does not suffice for all threads it is done by one.
    """
    (threads,) = one_row(con, "SELECT current_setting('threads')")
    con.execute(f"SET partitioned_write_flush_threshold = {_AT_ONCE}")
    dealing = f"""
        COPY ({query}) TO {literal(str(folder))}
        (FORMAT parquet, COMPRESSION lz4_raw, WRITE_BLOOM_FILTER false, PARTITION_BY (range), OVERWRITE_OR_IGNORE)
    """
    try:
        con.execute(dealing)
    except duckdb.OutOfMemoryException:
        shutil.rmtree(folder, ignore_errors=True)
        con.execute("SET threads = 1")
        con.execute(dealing)
        con.execute(f"SET threads = {threads}")


def _range_number(con: duckdb.DuckDBPyConnection, parts: int) -> str:
    """An SQL expression over source_id: the number of the range that it lies in, from 0."""
    (found,) = one_row(
        con,
        f"""
        SELECT quantile_disc(record_id, {[number / parts for number in range(1, parts)]}::DOUBLE[]) FROM rows
        WHERE hash(record_id) % {max(1, count(con, "rows") // _SAMPLE)} = 0
        """,
    )
    cuts = sorted(set(found or []))
    cases = "".join(f"WHEN source_id < {literal(cut)} THEN {number} " for number, cut in enumerate(cuts))
    return f"CASE {cases}ELSE {parts - 1} END" if cuts else str(parts - 1)


def _listings(pulls: list[Pull]) -> list[Pull]:
    return [pull for pull in pulls if pull.deletes_by_absence]


def add_counts(total: dict[str, dict[str, Any]], found: dict[str, dict[str, Any]]) -> None:
    """Add what `observations.uncastable_values` found to a total; three samples of each column are kept."""
    for name, one in found.items():
        so_far = total.setdefault(name, {"count": 0, "samples": []})
        so_far["count"] += one["count"]
        so_far["samples"] = sorted({*so_far["samples"], *one["samples"]})[:3]
