"""The limit: DuckDB reads Parquet files and writes their rows again, unchanged, as AVESA writes its own.

python -m benchmarks.workers.stream_copy OUTPUT INPUT...
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

from benchmarks.cost import tell


def copy(output: Path, inputs: list[str]) -> None:
    with duckdb.connect() as con:
        con.execute("SET preserve_insertion_order = false")
        con.execute(
            f"COPY (FROM read_parquet($inputs)) TO '{output}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 30720)",
            {"inputs": inputs},
        )


if __name__ == "__main__":
    tell(lambda: copy(Path(sys.argv[1]), sys.argv[2:]))
