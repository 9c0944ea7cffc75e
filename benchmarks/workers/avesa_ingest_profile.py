"""Where the time of an ingestion goes: CPU time by part, in microseconds a record, the parts without each other.

python -m benchmarks.workers.avesa_ingest_profile HOME ADDRESS
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from avesa.connector import arrivals, client, distinct, extract, landing
from benchmarks.workers.avesa_ingest import ingest

PARTS: tuple[tuple[Any, str, str], ...] = (
    (client.Client, "send", "HTTP: ask, receive, put the body together"),
    (extract, "digest_of", "digest of each page"),
    (extract, "read_page", "split the page, read key and time of each record"),
    (arrivals.Arrivals, "_fresh", "what was landed before"),
    (arrivals.Arrivals, "_rows", "rows"),
    (distinct.DistinctIds, "add", "count the ids"),
    (distinct.DistinctIds, "result", "digest of the ids"),
    (landing, "to_batch", "rows to Arrow"),
    (landing, "write_parquet", "Arrow to Parquet"),
)
REST = "all else: checkpoint, receipt, state, threads"


def profiled(home: Path, address: str) -> dict[str, float]:
    spent: dict[str, float] = defaultdict(float)
    lock = threading.Lock()

    def timed(function: Callable[..., Any], title: str) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            began = time.thread_time()
            try:
                return function(*arguments, **named)
            finally:
                with lock:
                    spent[title] += time.thread_time() - began

        return call

    for owner, name, title in PARTS:
        setattr(owner, name, timed(getattr(owner, name), title))
    began = time.process_time()
    rows = ingest(home, address)["rows"]
    spent[REST] = time.process_time() - began - sum(spent.values())
    return {title: seconds / int(rows) * 1e6 for title, seconds in sorted(spent.items(), key=lambda item: -item[1])}


if __name__ == "__main__":
    told = profiled(Path(sys.argv[1]), sys.argv[2])
    sys.stdout.write(json.dumps({"microseconds": told}) + "\n")
