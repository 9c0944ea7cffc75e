"""dlt: its `rest_api` source into Parquet files.

Its best case here: nested values stay in the record's own table (as JSON) rather than become tables of their own.

    python -m benchmarks.workers.ingest_dlt FOLDER ADDRESS...
"""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")

import dlt
from dlt.sources.rest_api import rest_api_source

from benchmarks.workers.ingest_each import tell_each


def ingest(folder: Path, address: str) -> None:
    base, _, path = address.rpartition("/")
    source = rest_api_source(
        {
            "client": {"base_url": base, "paginator": "header_link"},
            "resources": [{"name": "requests", "endpoint": {"path": path, "data_selector": "$"}}],
        },
        name="vendor",
    )
    source.max_table_nesting = 0
    pipeline = dlt.pipeline(
        "ingest",
        pipelines_dir=str(folder / "pipelines"),
        destination=dlt.destinations.filesystem(bucket_url=str(folder / "data")),
        dataset_name="bench",
    )
    pipeline.run(source, loader_file_format="parquet").raise_on_failed_jobs()


if __name__ == "__main__":
    tell_each(ingest)
