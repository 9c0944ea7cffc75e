"""AVESA's mapping alone: raw rows with JSON payloads in, typed columns out, nothing kept.

    python -m benchmarks.workers.avesa_mapping RAW [--fifteen]

RAW may be a pattern. All columns are mapped by all threads, or fifteen of them by one.
"""

from __future__ import annotations

import sys

from avesa.canonical_transform.engine import MEMORY_LIMIT
from avesa.canonical_transform.mapping_sql import source_query
from benchmarks.columns import FIFTEEN, TYPES
from benchmarks.cost import tell
from benchmarks.names import SERVICE, TABLE
from benchmarks.workers.avesa_fold import bench_mapping


def map_all(raw: str, *, fifteen: bool) -> None:
    import duckdb

    with duckdb.connect(config={"memory_limit": MEMORY_LIMIT}) as con:
        if fifteen:
            con.execute("SET threads = 1")
        con.execute("SET TimeZone = 'UTC'")
        con.execute(f"""
            CREATE VIEW raw_rows AS
            SELECT *, parse_filename(filename) AS file
            FROM read_parquet('{raw}', filename = true, file_row_number = true)
        """)
        query = source_query(bench_mapping(FIFTEEN if fifteen else TYPES), SERVICE, TABLE, "raw_rows")
        con.execute(f"SELECT bit_xor(hash(mapped)) FROM ({query}) AS mapped").fetchone()


if __name__ == "__main__":
    tell(lambda: map_all(sys.argv[1], fifteen=sys.argv[2:] == ["--fifteen"]))
