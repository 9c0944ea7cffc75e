"""What is null in the current rows because the vendor's value does not fit its column: which records, which values.

No table holds what it could not take, so the raw rows are mapped again, as the mapping says now.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from avesa.canonical_transform.engine import count, engine, session
from avesa.canonical_transform.listings import judge
from avesa.canonical_transform.mapping import Mapping
from avesa.canonical_transform.observations import observations_query
from avesa.canonical_transform.partial import complete_partials
from avesa.canonical_transform.raw_history import Bench
from avesa.canonical_transform.raw_source import Source, list_raw, load_rows, read_pulls, told_of_raw
from avesa.canonical_transform.sql_text import identifier, literal, parquet
from avesa.pipeline.ports import Ports
from avesa.pipeline.snapshots import canonical_table
from avesa.pipeline.tenant_mappings import landed_sources
from avesa.pipeline.transform import choose_canonical, tenant_guards, tenant_mapping
from avesa.shared.errors import AvesaError, Where
from avesa.shared.scratch import scratch_folder

PAYLOAD = "payload"
"""Stands for the column where the whole record is no JSON, so that all columns are null."""


@dataclass(frozen=True)
class Sample:
    """A record, by its `source_id`, and the first 80 characters of its value; null for a whole record."""

    source_id: str
    value: str | None


@dataclass(frozen=True)
class UncastableColumn:
    """One column of one canonical table, for the records of one raw table: how many have a value that does not fit."""

    canonical_table: str
    column: str
    type: str
    source_service: str
    source_table: str
    records: int
    samples: tuple[Sample, ...]


@dataclass(frozen=True)
class Uncastable:
    """`errors` are of the tables that could not be looked through."""

    columns: list[UncastableColumn] = field(default_factory=list[UncastableColumn])
    errors: list[AvesaError] = field(default_factory=list[AvesaError])


def uncastable_now(
    ports: Ports, tenant: str, tables: Iterable[str] | None = None, *, most_samples: int = 3
) -> Uncastable:
    """Of the current rows, as they are folded. Reads all raw files of the tables. Raises UsageError for an unknown
    tenant or table.
    """
    chosen = choose_canonical(tables)
    ports.tenants.services(tenant)
    found = Uncastable()
    landed = landed_sources(ports.objects, tenant)
    with (
        scratch_folder(ports.scratch, "uncastable") as folder,
        engine(folder) as database,
    ):
        for table in chosen:
            try:
                mapping = tenant_mapping(ports, tenant, table)
                for service, raw_table in sorted(landed.intersection(mapping.sources)):
                    with (
                        scratch_folder(ports.scratch, "uncastable") as scratch,
                        session(database) as con,
                    ):
                        bench = Bench(con, ports.objects, mapping, tenant_guards(ports, tenant), scratch)
                        source = Source(tenant, service, raw_table)
                        if _load_current(ports, bench, source) and _load_uncastable(bench, source):
                            found.columns.extend(_told(bench, source, most_samples))
            except AvesaError as error:
                found.errors.append(error.located(Where(tenant, None, table)))
    return found


def _load_current(ports: Ports, bench: Bench, source: Source) -> bool:
    """The view `current` of the source's current rows as they are folded; False where there is no such file."""
    table = canonical_table(ports, source.tenant, bench.mapping.table, bench.scratch)
    files = [file for file in table.snapshot().files if file.is_current]
    if not files:
        return False
    bench.con.execute(f"""
        CREATE OR REPLACE TEMP VIEW current AS
        SELECT * FROM {parquet(table.local_paths(files))}
        WHERE source_service = {literal(source.service)} AND source_table = {literal(source.table)}
    """)
    return True


def _load_uncastable(bench: Bench, source: Source) -> int:
    """Create `bad` (source_id, column_name, value): what the last observation of each record has that does not fit."""
    con = bench.con
    pulls = read_pulls(bench.objects, source, list_raw(bench.objects, source))
    rows = load_rows(con, bench.objects, source, pulls, bench.scratch)
    judge(con, [pull for pull in pulls if pull.deletes_by_absence], bench.guard_of(source))
    relation = complete_partials(con, rows.relation, bench.scratch) if rows.partial else rows.relation
    absences = count(con, "absences") > 0
    with told_of_raw(source):
        con.execute(f"""
            CREATE OR REPLACE TEMP TABLE bad AS
            SELECT source_id, unnest(uncastable, recursive := true)
            FROM (
                SELECT source_id, arg_max(uncastable, (since, extracted_at, page)) AS uncastable
                FROM ({observations_query(bench.mapping, bench.shape, source, relation, absences=absences)})
                WHERE NOT is_deleted GROUP BY source_id
            )
        """)
    return count(con, "bad")


def _told(bench: Bench, source: Source, most_samples: int) -> Iterator[UncastableColumn]:
    """Of the columns of `bad`, those that are null in `current`."""
    con = bench.con
    folded = {name for name, *_ in con.execute("DESCRIBE current").fetchall()}
    for (column,) in con.execute("SELECT DISTINCT column_name FROM bad ORDER BY column_name").fetchall():
        if column != PAYLOAD and column not in folded:
            continue  # the mapping has got this column since the last fold
        is_null = "true" if column == PAYLOAD else f"current.{identifier(column)} IS NULL"
        rows = con.execute(f"""
            SELECT source_id, bad.value, count(*) OVER () AS records FROM bad JOIN current USING (source_id)
            WHERE bad.column_name = {literal(column)} AND {is_null}
            ORDER BY source_id LIMIT {most_samples}
        """).fetchall()
        if rows:
            samples = tuple(Sample(id_, value) for id_, value, _ in rows)
            place = (bench.mapping.table, column, _type_of(bench.mapping, column), source.service, source.table)
            yield UncastableColumn(*place, int(rows[0][2]), samples)


def _type_of(mapping: Mapping, name: str) -> str:
    return next((column.type for column in mapping.columns if column.name == name), "json")
