"""The history of raw rows, folded from their beginning: all of a source, or some of its records.

What `fold` keeps up to date bit by bit is by definition what this gives for all rows at once.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass
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
from avesa.canonical_transform.raw_source import Pull, Source, load_rows
from avesa.canonical_transform.scd2 import TableShape, versions_query
from avesa.shared.guard import Guard
from avesa.shared.objects import Objects

GuardOf = Callable[[Source], Guard]


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


def versions_from_raw(
    bench: Bench,
    source: Source,
    pulls: list[Pull],
    *,
    only: str | None = None,
    settled: ReadOnly[str, Verdict] | None = None,
) -> RawFigures:
    """Create `versions` from the rows behind `pulls`. Leaves `unfit` (see quarantine) and `lost` (see listings).

    `only` names a table of source_id that limits it to some records; the verdicts on the listings must then be
    `settled`, since they depend on all records.
    """
    con = bench.con
    load_rows(con, bench.objects, source, pulls, bench.scratch, only=only)
    rows, unfit = count(con, "rows"), set_aside(con)
    newest, newest_deletion = newest_moments(con, pulls)
    verdicts = judge(con, [pull for pull in pulls if pull.deletes_by_absence], bench.guard_of(source), settled)
    complete_partials(con)
    map_rows(con, bench.mapping, bench.shape, source)
    uncastable = uncastable_values(con)
    add_absences(con)
    con.execute(versions_query(bench.shape, source.tenant, source.service, source.table))
    return RawFigures(rows, unfit, newest, newest_deletion, verdicts, uncastable)


def newest_moments(con: duckdb.DuckDBPyConnection, pulls: list[Pull]) -> tuple[datetime | None, datetime | None]:
    """The newest instant of pulling, and of a deletion that the vendor flagged, in `rows`."""
    found = con.execute("""
        SELECT max(extracted_at), max(coalesce(updated_at, extracted_at)) FILTER (is_deleted) FROM rows
    """).fetchone()
    assert found is not None
    moments = [pull.receipt.started_at for pull in pulls] + ([found[0]] if found[0] else [])
    return max(moments, default=None), found[1]
