"""urllib3 and polars.read_json: pages by the Link header, one Parquet file at the end.

python -m benchmarks.workers.ingest_polars FOLDER ADDRESS...
"""

from __future__ import annotations

from pathlib import Path

import polars as pl
import urllib3
from requests.utils import parse_header_links

from benchmarks.workers.ingest_each import tell_each


def ingest(folder: Path, address: str) -> None:
    frames = []
    following: str | None = address
    with urllib3.PoolManager() as pool:
        while following is not None:
            answer = pool.request("GET", following)
            assert answer.status == 200
            frames.append(pl.read_json(answer.data))
            links = parse_header_links(answer.headers.get("Link", ""))
            following = next((link["url"] for link in links if link.get("rel") == "next"), None)
    pl.concat(frames, how="diagonal_relaxed").write_parquet(folder / "requests.parquet", compression="zstd")


if __name__ == "__main__":
    tell_each(ingest)
