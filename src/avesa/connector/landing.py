"""The raw Parquet files of one pull: rows are gathered in compact Arrow batches and become durable file by file.

| column | Arrow type |
|---|---|
| record_id, parent_id, payload, run_id, problem | string |
| updated_at, extracted_at | timestamp[us, UTC] |
| is_deleted, is_partial | bool |
| page | int32 |
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import repeat
from pathlib import Path
from typing import Any, NamedTuple

from arro3.core import Array, DataType, Field, RecordBatch, RecordBatchReader, Schema
from arro3.io import read_parquet, write_parquet

from avesa.shared.clock import Clock
from avesa.shared.errors import StorageError
from avesa.shared.layout import raw_file, timestamp_name
from avesa.shared.objects import Objects
from avesa.shared.scratch import scratch_folder

FILE_BYTES = 48 * 1024 * 1024
"""A file is written when this much payload has gathered, so memory does not grow with the number of pages."""

_BATCH_ROWS = 5_000
_BATCH_BYTES = 1 * 1024 * 1024
_PAGE_BYTES, _PAGE_ROWS = 512 * 1024, 256
"""A page of the file that fits the processor's cache is compressed a tenth faster, and makes the file half a per cent
larger.
"""
_ROW_BYTES = 64  # of a row's columns beside its payload
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_TIME = DataType.timestamp("us", tz="UTC")

_FIELDS = (
    Field("record_id", DataType.string()),
    Field("parent_id", DataType.string()),
    Field("payload", DataType.string()),
    Field("updated_at", _TIME),
    Field("is_deleted", DataType.bool()),
    Field("is_partial", DataType.bool()),
    Field("extracted_at", _TIME),
    Field("run_id", DataType.string()),
    Field("page", DataType.int32()),
    Field("problem", DataType.string()),
)
SCHEMA = Schema(_FIELDS)


class Rows(NamedTuple):
    """Rows of a raw file, column by column, in the order of its columns. All of them are equally long."""

    record_id: list[str | None]
    parent_id: list[str | None]
    payload: list[str]
    updated_at: list[datetime | None]
    is_deleted: list[bool]
    is_partial: list[bool]
    extracted_at: list[datetime]
    run_id: list[str]
    page: list[int]
    problem: list[str | None]


class Landing:
    """Takes rows, writes files. `flush` is what makes them durable; nothing is visible before."""

    def __init__(
        self,
        objects: Objects,
        tenant: str,
        service: str,
        table: str,
        *,
        clock: Clock,
        file_bytes: int = FILE_BYTES,
    ) -> None:
        self._objects = objects
        self._place = (tenant, service, table)
        self._clock = clock
        self._file_bytes = file_bytes
        self._pending = _no_rows()
        self._pending_bytes = 0
        self._batches: list[RecordBatch] = []
        self._bytes = 0

    @property
    def is_full(self) -> bool:
        return self._bytes + self._pending_bytes >= self._file_bytes

    def add(self, rows: Rows) -> None:
        columns: Iterator[tuple[list[Any], list[Any]]] = zip(self._pending, rows, strict=True)
        for column, more in columns:
            column.extend(more)
        self._pending_bytes += sum(map(len, rows.payload)) + _ROW_BYTES * len(rows.payload)
        if len(self._pending.payload) >= _BATCH_ROWS or self._pending_bytes >= _BATCH_BYTES:
            self._pack()

    def flush(self) -> str | None:
        """Write what has gathered as one file; its name once it is durable, None if nothing had gathered.

        After a StorageError the rows are still held.
        """
        self._pack()
        if not self._batches:
            return None
        # Written in memory (compressed, so a fraction of the rows) since the writer aborts on a full disk.
        buffer = BytesIO()
        write_parquet(
            RecordBatchReader.from_batches(SCHEMA, self._batches),
            buffer,
            compression="zstd(1)",
            column_dictionary_enabled={"payload": False, "record_id": False},
            data_page_size_limit=_PAGE_BYTES,
            write_batch_size=_PAGE_ROWS,
        )
        path = raw_file(*self._place, timestamp_name(self._clock()))
        self._objects.write(path, buffer.getvalue())
        self._batches, self._bytes = [], 0
        return path.rpartition("/")[2]

    def _pack(self) -> None:
        if not self._pending.payload:
            return
        self._batches.append(to_batch(self._pending))
        self._bytes += self._pending_bytes
        self._pending, self._pending_bytes = _no_rows(), 0


def _no_rows() -> Rows:
    return Rows([], [], [], [], [], [], [], [], [], [])


def to_batch(rows: Rows) -> RecordBatch:
    """Rows, at least one, as one Arrow batch of `SCHEMA`."""
    arrays = []
    columns: Iterator[tuple[Field, list[Any]]] = zip(_FIELDS, rows, strict=True)
    for field, column in columns:
        if field.type == _TIME:
            arrays.append(Array(_microseconds(column), DataType.int64()).cast(_TIME))
        else:
            arrays.append(Array(column, field.type))
    return RecordBatch.from_arrays(arrays, schema=SCHEMA)


class Seen(NamedTuple):
    """What the connector itself reads of a raw file's row; `extracted_at` and `updated_at` are microseconds."""

    record_id: str | None
    updated_at: int | None
    is_deleted: bool
    extracted_at: int
    payload: str | None = None


def read_rows(objects: Objects, path: str, scratch: Path, *, payloads: bool = False) -> Iterator[Seen]:
    """The rows of one raw file, batch by batch, with their payloads if these are asked for. Raises StorageError for
    what is no raw file.
    """
    with scratch_folder(scratch, "rows") as folder:
        local = objects.fetch(path, folder)
        for batch in _batches(local, path):
            yield from map(
                Seen,
                batch["record_id"].to_pylist(),
                batch["updated_at"].cast(DataType.int64()).to_pylist(),
                batch["is_deleted"].to_pylist(),
                batch["extracted_at"].cast(DataType.int64()).to_pylist(),
                batch["payload"].to_pylist() if payloads else repeat(None),
            )


def _batches(local: Path, path: str) -> Iterator[RecordBatch]:
    with local.open("rb") as file:
        head = file.read(4)
        size = file.seek(0, 2)
        file.seek(max(0, size - 4))
        whole = size >= 12 and head == file.read(4) == b"PAR1"
    broken = StorageError(f"{path} is not a whole Parquet file.")
    if not whole:
        raise broken
    try:
        reader = read_parquet(local, batch_size=8192)
        for batch in reader:
            yield RecordBatch.from_arrow(batch)
    except BaseException as error:
        # The reader tells of damage by a panic, which is no Exception.
        if isinstance(error, Exception) or type(error).__name__ == "PanicException":
            raise broken from None
        raise


def _microseconds(moments: list[datetime | None]) -> list[int | None]:
    first = moments[0]
    if first is not None and moments.count(first) == len(moments):  # of one page, as `extracted_at` is
        return [(first - _EPOCH) // _MICROSECOND] * len(moments)
    return [None if moment is None else (moment - _EPOCH) // _MICROSECOND for moment in moments]
