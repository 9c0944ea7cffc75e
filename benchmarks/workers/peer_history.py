"""Puts older, closed versions into a peer's table, in the form in which the peer itself would have left them.

python -m benchmarks.workers.peer_history delta|dlt|dbt_check|dbt_timestamp FOLDER GENERATION...
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

_ADDED = {
    "dlt": "row_hash, updated_at AS _dlt_valid_from, updated_at + INTERVAL 1 DAY AS _dlt_valid_to",
    "dbt_check": "md5(id || updated_at) AS dbt_scd_id, updated_at AS dbt_updated_at, updated_at AS dbt_valid_from, "
    "updated_at + INTERVAL 1 DAY AS dbt_valid_to",
}
_ADDED["dbt_timestamp"] = _ADDED["dbt_check"]


def into_duckdb(engine: str, folder: Path, generations: list[str]) -> None:
    with duckdb.connect(str(folder / "versions.duckdb")) as con:
        con.execute("SET TimeZone = 'UTC'")
        for typed in generations:
            con.execute(
                f"INSERT INTO bench.requests_0 BY NAME "
                f"SELECT * EXCLUDE row_hash, {_ADDED[engine]} FROM read_parquet('{typed}')"
            )
        # Batches with random keys leave open and closed versions side by side, and so no block is all closed.
        con.execute("CREATE TABLE bench.mixed AS FROM bench.requests_0 ORDER BY hash(id, updated_at)")
        con.execute("DELETE FROM bench.requests_0")
        con.execute("INSERT INTO bench.requests_0 FROM bench.mixed")
        con.execute("DROP TABLE bench.mixed")
        con.execute("CHECKPOINT")


def into_delta(folder: Path, generations: list[str]) -> None:
    """One commit and its own files for each generation, in the partition of the closed rows."""
    from deltalake import write_deltalake

    for typed in generations:
        with duckdb.connect() as con:
            con.execute("SET TimeZone = 'UTC'")
            rows = con.execute(f"""
                SELECT *, updated_at AS valid_from, updated_at + INTERVAL 1 DAY AS valid_to, false AS is_current
                FROM read_parquet('{typed}')
                """).to_arrow_reader(65536)
            write_deltalake(folder / "requests_0", rows, mode="append")


if __name__ == "__main__":
    if sys.argv[1] == "delta":
        into_delta(Path(sys.argv[2]), sys.argv[3:])
    else:
        into_duckdb(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
