"""dlt: its `scd2` merge into DuckDB, fed with Arrow batches from Parquet.

Its best case: typed Arrow data, Parquet on the way, and a row version that comes with the rows. `merge_key` makes it
leave alone the records that a batch does not hold.

    python -m benchmarks.workers.dlt_scd2 initial|batch FOLDER INPUT [TABLES]
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")

import dlt
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.cost import tell


def run(folder: Path, typed: Path, tables: int) -> None:
    """One run of one pipeline, with a resource for each table."""
    pipeline = dlt.pipeline(
        "bench",
        pipelines_dir=str(folder / "pipelines"),
        destination=dlt.destinations.duckdb(str(folder / "versions.duckdb")),
        dataset_name="bench",
    )

    def rows() -> Iterator[pa.Table]:
        for batch in pq.ParquetFile(typed).iter_batches(65536):
            yield pa.table(batch)

    resources = [
        dlt.resource(
            rows,
            name=f"requests_{number}",
            merge_key="id",
            write_disposition={
                "disposition": "merge",
                "strategy": "scd2",
                "row_version_column_name": "row_hash",
            },
        )
        for number in range(tables)
    ]
    pipeline.run(resources, loader_file_format="parquet").raise_on_failed_jobs()


if __name__ == "__main__":
    tell(lambda: run(Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]) if sys.argv[4:] else 1))
