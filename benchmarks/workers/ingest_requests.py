"""requests, json and pyarrow, as one usually writes it: pages by the Link header, one Parquet file at the end.

python -m benchmarks.workers.ingest_requests FOLDER ADDRESS...
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import requests

from benchmarks.workers.ingest_each import tell_each


def ingest(folder: Path, address: str) -> None:
    tables = []
    following: str | None = address
    with requests.Session() as session:
        while following is not None:
            answer = session.get(following)
            answer.raise_for_status()
            tables.append(pa.Table.from_pylist(answer.json()))
            following = answer.links.get("next", {}).get("url")
    pq.write_table(
        pa.concat_tables(tables, promote_options="permissive"), folder / "requests.parquet", compression="zstd"
    )


if __name__ == "__main__":
    tell_each(ingest)
