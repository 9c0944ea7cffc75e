"""delta-rs: closes versions with a merge and inserts the new ones, on a table partitioned by `is_current`.

Its best case: the typed rows bring a hash, so one column is compared, and the partition keeps closed rows out of the
merge.

    python -m benchmarks.workers.delta_merge initial|batch FOLDER INPUT [TABLES]
"""

from __future__ import annotations

import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import DeltaTable, write_deltalake

from benchmarks.cost import tell

_OPEN = pa.scalar(None, pa.timestamp("us", tz="UTC"))


def initial(table: Path, typed: Path) -> None:
    """Write all rows as open versions."""
    source = pq.ParquetFile(typed)
    schema = _versions(source.schema_arrow.empty_table()).schema
    batches = (b for batch in source.iter_batches(65536) for b in _versions(pa.table(batch)).to_batches())
    reader = pa.RecordBatchReader.from_batches(schema, batches)
    write_deltalake(table, reader, partition_by=["is_current"])


def batch(table: Path, typed: Path) -> None:
    """Close what the rows change and insert what is new, in one commit."""
    rows = pq.read_table(typed)
    known = DeltaTable(table)
    current = known.to_pyarrow_dataset(partitions=[("is_current", "=", "true")]).to_table(
        columns=["id", "row_hash"], filter=pc.field("id").isin(rows["id"])
    )
    fresh = rows.join(current, keys=["id", "row_hash"], join_type="left anti")
    if not fresh.num_rows:
        return
    fresh = _versions(fresh)
    closing = pc.is_in(fresh["id"], value_set=current["id"])
    staged = pa.concat_tables(
        [
            fresh.append_column("merge_id", pa.nulls(fresh.num_rows, pa.string())),
            fresh.filter(closing).append_column("merge_id", fresh.filter(closing)["id"]),
        ]
    )
    (
        known.merge(
            staged,
            predicate="target.id = source.merge_id AND target.is_current = true",
            source_alias="source",
            target_alias="target",
        )
        .when_matched_update({"is_current": "false", "valid_to": "source.updated_at"})
        .when_not_matched_insert({name: f"source.{name}" for name in fresh.column_names})
        .execute()
    )


def _versions(rows: pa.Table) -> pa.Table:
    return (
        rows.append_column("valid_from", rows["updated_at"])
        .append_column("valid_to", pa.array([None] * rows.num_rows, _OPEN.type))
        .append_column("is_current", pa.array([True] * rows.num_rows, pa.bool_()))
    )


def run(step: str, folder: Path, typed: Path, tables: int) -> None:
    for number in range(tables):
        {"initial": initial, "batch": batch}[step](folder / f"requests_{number}", typed)


if __name__ == "__main__":
    tell(lambda: run(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]) if sys.argv[4:] else 1))
