"""dbt: a snapshot on DuckDB, `check` over all columns or `timestamp` on `updated_at`, straight from Parquet.

python -m benchmarks.workers.dbt_snapshot check|timestamp FOLDER INPUT [TABLES]
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("DBT_SEND_ANONYMOUS_USAGE_STATS", "false")

from dbt.cli.main import dbtRunner

from benchmarks.cost import tell

_STRATEGY = {
    "check": "strategy='check', check_cols='all'",
    "timestamp": "strategy='timestamp', updated_at='updated_at'",
}


def prepare(strategy: str, folder: Path, typed: Path, tables: int) -> None:
    """Write the project; the snapshots read the Parquet file at hand."""
    snapshots = folder / "snapshots"
    snapshots.mkdir(parents=True, exist_ok=True)
    (folder / "dbt_project.yml").write_text(
        "name: bench\nversion: '1.0'\nprofile: bench\nflags:\n  send_anonymous_usage_stats: false\n"
    )
    (folder / "profiles.yml").write_text(
        "bench:\n  target: dev\n  outputs:\n    dev:\n      type: duckdb\n      threads: 1\n"
        f"      path: '{folder / 'versions.duckdb'}'\n"
    )
    for number in range(tables):
        name = f"requests_{number}"
        (snapshots / f"{name}.sql").write_text(
            f"{{% snapshot {name} %}}\n"
            f"{{{{ config(target_schema='bench', unique_key='id', {_STRATEGY[strategy]}) }}}}\n"
            f"SELECT * EXCLUDE row_hash FROM read_parquet('{typed}')\n"
            "{% endsnapshot %}\n"
        )


def run(folder: Path) -> None:
    where = ["--project-dir", str(folder), "--profiles-dir", str(folder), "--log-path", str(folder / "logs")]
    result = dbtRunner().invoke(["--quiet", "snapshot", *where])
    if not result.success:
        raise SystemExit(f"dbt snapshot failed: {result.exception or result.result}")


if __name__ == "__main__":
    home = Path(sys.argv[2])
    prepare(sys.argv[1], home, Path(sys.argv[3]), int(sys.argv[4]) if sys.argv[4:] else 1)
    tell(lambda: run(home))
