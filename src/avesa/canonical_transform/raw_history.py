"""The history of raw rows, folded from their beginning: all of a source, or some of its records.

What `fold` keeps up to date bit by bit is by definition what this gives for all rows at once.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from avesa.canonical_transform.engine import count
from avesa.canonical_transform.listings import Verdict, judge
from avesa.canonical_transform.mapping import Mapping
from avesa.canonical_transform.observations import add_absences, map_rows, uncastable_values
from avesa.canonical_transform.partial import complete_partials
from avesa.canonical_transform.quarantine import set_aside
from avesa.canonical_transform.raw_source import (
    Pull,
    Source,
    load_pulls,
    load_rows,
    note_listed,
    rows_query,
    told_of_raw,
)
from avesa.canonical_transform.scd2 import TableShape, versions_query
from avesa.canonical_transform.sql_text import literal, literals
from avesa.shared.guard import Guard
from avesa.shared.objects import Objects

GuardOf = Callable[[Source], Guard]

MOST_ROWS = 300_000
"""So many raw rows are folded at once."""

_SAMPLE = 10_000


@dataclass(frozen=True)
class Bench:
    """What a fold works with: the engine, the raw files, and what the mapping and the guard say."""

    con: duckdb.DuckDBPyConnection
    objects: Objects
    mapping: Mapping
    shape: TableShape
    guard_of: GuardOf
    scratch: Path


@dataclass(frozen=True)
class RawFigures:
    """What was seen on the way. `newest` is the newest instant of pulling."""

    rows: int
    unfit: int
    newest: datetime | None
    newest_deletion: datetime | None
    verdicts: dict[str, Verdict]
    uncastable: dict[str, dict[str, Any]]


def is_large(pulls: list[Pull]) -> bool:
    """Whether `fold_all` takes the rows behind these pulls in ranges of their keys."""
    return sum(pull.receipt.rows for pull in pulls) > MOST_ROWS


def fold_all(bench: Bench, source: Source, pulls: list[Pull], take: Callable[[], object]) -> RawFigures:
    """Fold all records behind `pulls`; `take` is called whenever `versions` holds some of them, each once.

    More than MOST_ROWS rows are folded in ranges of their keys, so that memory does not grow with them. Leaves
    `unfit` (see quarantine), and `alive`, `lost` and `held_lost` (see listings).
    """
    if is_large(pulls):
        return _fold_in_ranges(bench, source, pulls, take)
    load_rows(bench.con, bench.objects, source, pulls, bench.scratch)
    figures = _judged(bench, source, pulls)
    uncastable = _map_and_fold(bench, source)
    take()
    return replace(figures, uncastable=uncastable)


def fold_some(bench: Bench, source: Source, pulls: list[Pull], only: str, settled: ReadOnly[str, Verdict]) -> None:
    """Create `versions` of the records in the table `only` (source_id), from all rows behind `pulls`.

    The verdicts on the listings are `settled`, since they depend on all records.
    """
    con = bench.con
    load_rows(con, bench.objects, source, pulls, bench.scratch, only=only)
    set_aside(con)
    judge(con, _listings(pulls), bench.guard_of(source), settled)
    _map_and_fold(bench, source)


def _fold_in_ranges(bench: Bench, source: Source, pulls: list[Pull], take: Callable[[], object]) -> RawFigures:
    """The listings are judged on rows without their payload; then the rows are dealt out into one folder a range."""
    con, folder = bench.con, bench.scratch / "ranges"
    parts = -(-sum(pull.receipt.rows for pull in pulls) // MOST_ROWS)
    load_pulls(con, pulls)
    slim = rows_query(bench.objects, source, pulls, bench.scratch, payload="if(payload IS NULL, NULL, '')")
    whole = rows_query(bench.objects, source, pulls, bench.scratch)
    with told_of_raw(source):
        con.execute(f"CREATE OR REPLACE TEMP TABLE rows AS {slim}")
        note_listed(con)
        figures = _judged(bench, source, pulls)
        con.execute("CREATE OR REPLACE TEMP TABLE all_absences AS FROM absences")
        con.execute("CREATE OR REPLACE TEMP TABLE all_unfit AS FROM unfit WHERE false")
        number = _range_number(con, parts)
        con.execute("CREATE OR REPLACE TEMP TABLE rows AS FROM rows WHERE false")
        con.execute("SET partitioned_write_flush_threshold = 10000")
        con.execute(f"""
            COPY (SELECT *, {number.format(key="record_id")} AS range FROM ({whole}))
            TO {literal(str(folder))} (FORMAT parquet, COMPRESSION lz4_raw, PARTITION_BY (range), OVERWRITE_OR_IGNORE)
        """)
    uncastable: dict[str, dict[str, Any]] = {}
    for part in range(parts):
        files = sorted(str(file) for file in (folder / f"range={part}").glob("*.parquet"))
        if not files:
            continue
        con.execute(f"""
            CREATE OR REPLACE TEMP TABLE rows AS
            SELECT * FROM read_parquet({literals(files)}, hive_partitioning = false)
        """)
        set_aside(con)
        con.execute("INSERT INTO all_unfit BY NAME FROM unfit")
        con.execute(f"""
            CREATE OR REPLACE TEMP TABLE absences AS
            FROM all_absences WHERE {number.format(key="source_id")} = {part}
        """)
        add_counts(uncastable, _map_and_fold(bench, source))
        take()
    shutil.rmtree(folder, ignore_errors=True)
    con.execute("CREATE OR REPLACE TEMP TABLE unfit AS FROM all_unfit")
    return replace(figures, uncastable=uncastable)


def _range_number(con: duckdb.DuckDBPyConnection, parts: int) -> str:
    """An SQL expression over {key}: the number of the range that it lies in, from 0; the last one for null."""
    found = con.execute(f"""
        SELECT quantile_disc(record_id, {[number / parts for number in range(1, parts)]}) FROM rows
        WHERE hash(record_id) % {max(1, count(con, "rows") // _SAMPLE)} = 0
    """).fetchone()
    cuts = sorted(set((found[0] if found else None) or []))
    cases = " ".join(
        f"WHEN {{key}} < {literal(cut).replace('{', '{{').replace('}', '}}')} THEN {number}"
        for number, cut in enumerate(cuts)
    )
    return f"CASE {cases} ELSE {parts - 1} END" if cuts else str(parts - 1)


def _judged(bench: Bench, source: Source, pulls: list[Pull]) -> RawFigures:
    """Set aside what is unfit, and say what becomes of the listings. Reads `rows` and `listed`."""
    con = bench.con
    rows, unfit = count(con, "rows"), set_aside(con)
    newest, newest_deletion = newest_moments(con, pulls)
    verdicts = judge(con, _listings(pulls), bench.guard_of(source))
    return RawFigures(rows, unfit, newest, newest_deletion, verdicts, {})


def _map_and_fold(bench: Bench, source: Source) -> dict[str, dict[str, Any]]:
    """From `rows` and `absences` to `versions`; the values that could not be cast."""
    con = bench.con
    complete_partials(con)
    map_rows(con, bench.mapping, bench.shape, source)
    uncastable = uncastable_values(con)
    add_absences(con)
    con.execute(versions_query(bench.shape, source.tenant, source.service, source.table))
    return uncastable


def _listings(pulls: list[Pull]) -> list[Pull]:
    return [pull for pull in pulls if pull.deletes_by_absence]


def add_counts(total: dict[str, dict[str, Any]], found: dict[str, dict[str, Any]]) -> None:
    """Add what `observations.uncastable_values` found to a total; three samples of each column are kept."""
    for name, one in found.items():
        so_far = total.setdefault(name, {"count": 0, "samples": []})
        so_far["count"] += one["count"]
        so_far["samples"] = sorted({*so_far["samples"], *one["samples"]})[:3]


def newest_moments(con: duckdb.DuckDBPyConnection, pulls: list[Pull]) -> tuple[datetime | None, datetime | None]:
    """The newest instant of pulling, and of a deletion that the vendor flagged, in `rows`."""
    found = con.execute("""
        SELECT max(extracted_at), max(coalesce(updated_at, extracted_at)) FILTER (is_deleted) FROM rows
    """).fetchone()
    assert found is not None
    moments = [pull.receipt.started_at for pull in pulls] + ([found[0]] if found[0] else [])
    return max(moments, default=None), found[1]
