"""The limit: DuckDB reads Parquet files and writes their rows again, unchanged.

python -m benchmarks.workers.stream_copy FORMAT OUTPUT INPUT...
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

from benchmarks.cost import tell


def copy(file_format: str, output: Path, inputs: list[str]) -> None:
    with duckdb.connect() as con:
        con.execute("SET preserve_insertion_order = false")
        con.execute(f"COPY (FROM read_parquet($inputs)) TO '{output}' ({file_format})", {"inputs": inputs})


if __name__ == "__main__":
    tell(lambda: copy(sys.argv[1], Path(sys.argv[2]), sys.argv[3:]))
