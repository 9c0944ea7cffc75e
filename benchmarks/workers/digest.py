"""What an engine's table holds, as a few numbers that are equal where the contents are.

Prints JSON: `rows` and `current_rows`; `current`, over the ids and values of the current rows; `versions`, over those
of all rows and whether they are current. Times are left out: engines differ in which clock opens a version.

    python -m benchmarks.workers.digest avesa|delta|dlt|dbt_check|dbt_timestamp FOLDER
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import duckdb
from deltalake import DeltaTable

from benchmarks.columns import SQL_TYPE, TYPES


def relation(engine: str, folder: Path) -> tuple[str, list[str]]:
    """SQL that gives id, the values and `is_current`, and the files that it reads."""
    match engine:
        case "avesa":
            files = DeltaTable(folder / "data/acme/canonical/requests").file_uris()
            return "SELECT source_id AS id, * FROM read_parquet($files)", files
        case "delta":
            files = DeltaTable(folder / "requests_0").file_uris()
            return "SELECT * FROM read_parquet($files, hive_types = {'is_current': BOOLEAN})", files
        case "dlt":
            return "SELECT *, _dlt_valid_to IS NULL AS is_current FROM held.bench.requests_0", []
        case _:
            return "SELECT *, dbt_valid_to IS NULL AS is_current FROM held.bench.requests_0", []


def digest(engine: str, folder: Path) -> dict[str, int]:
    query, files = relation(engine, folder)
    values = ", ".join(f"{name}::{SQL_TYPE[type_]}" for name, type_ in TYPES.items())
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        if not files:
            con.execute(f"ATTACH '{folder / 'versions.duckdb'}' AS held (READ_ONLY)")
        found = con.execute(
            f"""
            SELECT count(*), count(*) FILTER (is_current),
                sum(content::HUGEINT) FILTER (is_current),
                sum(hash(content, is_current)::HUGEINT)
            FROM (SELECT is_current, hash(id, {values}) AS content FROM ({query}))
            """,
            {"files": files} if files else {},
        ).fetchone()
    assert found is not None
    return dict(zip(("rows", "current_rows", "current", "versions"), map(int, found), strict=True))


if __name__ == "__main__":
    sys.stdout.write(json.dumps({"held": digest(sys.argv[1], Path(sys.argv[2]))}) + "\n")
