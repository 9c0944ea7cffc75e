"""Raw files as any other program could write them from the published format, for tests of the fold."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from arro3.core import Array, DataType, Table
from arro3.io import write_parquet

from avesa.shared import layout
from avesa.shared.objects import Objects
from avesa.shared.receipt import Receipt, encode_receipt

START = datetime(2026, 1, 1, tzinfo=UTC)
_MICROSECONDS = DataType.timestamp("us", tz="UTC")


def at(minutes: float) -> datetime:
    """So many minutes after the beginning of the test's time."""
    return START + timedelta(minutes=minutes)


@dataclass(frozen=True)
class Row:
    """One raw row. `fields` is the record; None stands for a deletion without a record."""

    id: str | None
    fields: dict[str, Any] | None
    updated_at: datetime | None
    extracted_at: datetime
    is_deleted: bool = False
    is_partial: bool = False
    page: int = 1
    problem: str | None = None
    payload: str | None = None

    @property
    def text(self) -> str:
        return self.payload if self.payload is not None else json.dumps(self.fields or {})


@dataclass(frozen=True)
class PullOf:
    """One pull: its rows, split into files at `splits`."""

    rows: tuple[Row, ...]
    started_at: datetime
    kind: str = "changes"
    complete: bool = True
    name: str = ""
    splits: tuple[int, ...] = ()
    run_id: str = "run"
    extra: dict[str, Any] = field(default_factory=dict)


def parquet_bytes(rows: Sequence[Row], run_id: str = "run") -> bytes:
    def moments(values: list[datetime | None]) -> Array:
        whole = [
            None if v is None else (v - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) for v in values
        ]
        return Array(whole, DataType.int64()).cast(_MICROSECONDS)

    table = Table.from_pydict(
        {
            "record_id": Array([r.id for r in rows], DataType.string()),
            "parent_id": Array([None for _ in rows], DataType.string()),
            "payload": Array([r.text for r in rows], DataType.string()),
            "updated_at": moments([r.updated_at for r in rows]),
            "is_deleted": Array([r.is_deleted for r in rows], DataType.bool()),
            "is_partial": Array([r.is_partial for r in rows], DataType.bool()),
            "extracted_at": moments([r.extracted_at for r in rows]),
            "run_id": Array([run_id for _ in rows], DataType.string()),
            "page": Array([r.page for r in rows], DataType.int32()),
            "problem": Array([r.problem for r in rows], DataType.string()),
        }
    )
    out = io.BytesIO()
    write_parquet(table, out, compression="zstd(1)")
    return out.getvalue()


def land(objects: Objects, tenant: str, service: str, table: str, pull: PullOf) -> str:
    """Write a pull's files and then its receipt; the receipt's name."""
    stem = pull.name or layout.timestamp_name(pull.started_at)
    bounds = [0, *pull.splits, len(pull.rows)]
    files = []
    for number, (start, end) in enumerate(pairwise(bounds)):
        if start == end:
            continue
        file = f"{stem}-{number}.parquet"
        objects.write(
            f"{layout.raw_prefix(tenant, service, table)}/{file}", parquet_bytes(pull.rows[start:end], pull.run_id)
        )
        files.append(file)
    ids = sorted({row.id for row in pull.rows if row.id is not None}, key=str.encode)
    moments = [row.updated_at for row in pull.rows if row.updated_at is not None]
    receipt = Receipt(
        tenant_id=tenant,
        service=service,
        table=table,
        run_id=pull.run_id,
        kind=pull.kind,  # type: ignore[arg-type]
        complete=pull.complete,
        reason=None if pull.complete else "stopped",
        started_at=pull.started_at,
        finished_at=max([pull.started_at, *(row.extracted_at for row in pull.rows)]),
        files=tuple(files),
        pages=1,
        rows=len(pull.rows),
        distinct_ids=len(ids),
        min_updated_at=min(moments, default=None),
        max_updated_at=max(moments, default=None),
        bytes=sum(len(row.text) for row in pull.rows),
        calls=1,
        retries=0,
        ids_sha256=hashlib.sha256("\n".join(ids).encode()).hexdigest(),
    )
    objects.write(layout.receipt_file(tenant, service, table, stem), encode_receipt(receipt))
    return f"{stem}{layout.RECEIPT_SUFFIX}"
