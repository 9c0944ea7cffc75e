"""The plain COPY of an engine: the rows of a file into a new table of the same shape, with nothing around it.

python -m benchmarks.workers.warehouse_copy DATABASE FILE
python -m benchmarks.workers.warehouse_copy COMMAND...

The one makes a table of a DuckDB file from Parquet; the other runs the command that copies into PostgreSQL.
"""

from __future__ import annotations

import subprocess
import sys

import duckdb

from benchmarks.cost import Figures, tell


def copy(words: list[str]) -> Figures:
    if len(words) > 2:
        subprocess.run(words, check=True)
        return {}
    database, file = words
    with duckdb.connect(database) as con:
        con.execute(f"CREATE TABLE plain AS FROM read_parquet('{file}')")
    return {}


if __name__ == "__main__":
    tell(lambda: copy(sys.argv[1:]))
