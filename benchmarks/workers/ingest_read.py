"""What a pipeline left behind. Runs in the environment of the pipeline.

ids: how many records and which, as a few figures that are equal where the ids are. values: the records of each of the
numbered folders, `texts` where their JSON was kept, else `values`, and `refused` where there are none for a reason.

    python -m benchmarks.workers.ingest_read ids|values ENGINE FOLDER
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from benchmarks import drift
from benchmarks.workers.ingest_each import REFUSED

_FILES = {
    "avesa": "**/data/acme/raw/**/*.parquet",
    "dlt_rest": "data/bench/requests/*.parquet",
    "airbyte": "records.jsonl",
    "singer": "messages.jsonl",
    "requests": "requests.parquet",
    "polars": "requests.parquet",
}


def rows(engine: str, folder: Path, columns: list[str] | None) -> Iterator[dict[str, Any]]:
    """The records in the folder; of Parquet files these columns alone, None for all."""
    for path in sorted(folder.glob(_FILES[engine])):
        if path.suffix == ".jsonl":
            with path.open() as lines:
                messages = (json.loads(line, parse_float=Decimal) for line in lines)
                yield from (m.get("record", m) for m in messages if m.get("type", "RECORD") == "RECORD")
        elif engine == "avesa":
            yield from _of_ours(path)
        elif engine == "polars":  # it alone reads its integers of 128 bits
            import polars as pl

            yield from pl.read_parquet(path, columns=columns).to_dicts()
        else:
            import pyarrow.parquet as pq

            for batch in pq.ParquetFile(path).iter_batches(10_000, columns=columns):
                yield from batch.to_pylist()


def _of_ours(path: Path) -> Iterator[dict[str, Any]]:
    import duckdb

    with duckdb.connect() as con:
        found = con.execute("SELECT record_id, payload FROM read_parquet(?)", [str(path)])
        while some := found.fetchmany(10_000):
            yield from ({"record_id": record_id, "payload": payload} for record_id, payload in some)


def ids(engine: str, folder: Path) -> dict[str, Any]:
    name = "record_id" if engine == "avesa" else "id"
    found = sorted(str(row[name]) for row in rows(engine, folder, [name]))
    return {"held": {"rows": len(found), "ids": hashlib.sha256("\n".join(found).encode()).hexdigest()}}


def values(engine: str, folder: Path) -> dict[str, Any]:
    return {"cases": [_case(engine, own) for own in sorted(folder.iterdir(), key=lambda path: int(path.name))]}


def _case(engine: str, folder: Path) -> dict[str, Any]:
    refused = folder / REFUSED
    if refused.exists():
        return {"refused": refused.read_text()}
    found = [_merged(row) for row in rows(engine, folder, None)]
    if engine == "avesa":
        return {"texts": [row["payload"] for row in found]}
    return {"values": found}


def _merged(row: dict[str, Any]) -> dict[str, Any]:
    """A row of dlt with the values of variant columns, such as `v__v_text`, in the place of the nulls beside them."""
    merged = dict(row)
    for name, value in row.items():
        plain, found, _ = name.partition("__v_")
        if found and value is not None and row.get(plain, 0) is None:
            merged[plain] = value
    return merged


def _written(value: Any) -> Any:
    if isinstance(value, Decimal):
        return {drift.DIGITS: str(value)}
    return value.isoformat() if isinstance(value, date) else str(value)


if __name__ == "__main__":
    told = {"ids": ids, "values": values}[sys.argv[1]](sys.argv[2], Path(sys.argv[3]))
    sys.stdout.write(json.dumps(told, default=_written) + "\n")
