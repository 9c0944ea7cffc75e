"""Arrow streams as batches in memory: whole ones, or smaller ones for who works at a whole batch before it hands on any
of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from arro3.core import RecordBatch, RecordBatchReader, Schema

from avesa.shared.errors import StorageError
from avesa.warehouse.port import Stream


def batches_of(stream: Stream) -> tuple[Schema, Iterator[RecordBatch]]:
    """Its columns, and its batches as they come. Raises StorageError where the engine that makes them breaks off."""
    reader = RecordBatchReader.from_arrow(stream)
    return reader.schema, _told(reader)


def _told(reader: RecordBatchReader) -> Iterator[RecordBatch]:
    try:
        yield from reader
    except Exception as error:
        if type(error) is not Exception:  # the type of what comes through the interface between the two libraries
            raise
        raise _unreadable(str(error)) from None


def in_pieces(stream: Stream, size: int) -> RecordBatchReader:
    """The same rows in batches of about `size` bytes, and of one row at least. Nothing is copied."""
    schema, batches = batches_of(stream)
    return RecordBatchReader.from_batches(schema, [piece for batch in batches for piece in _pieces(batch, size)])


def _pieces(batch: RecordBatch, size: int) -> Iterator[RecordBatch]:
    rows = max(1, batch.num_rows * size // max(1, batch.nbytes))
    for start in range(0, batch.num_rows, rows):
        yield batch.slice(start, min(rows, batch.num_rows - start))


def _unreadable(said: str) -> StorageError:
    """The engine's own words may hold values, and only its kind of error is told: not that of a thread which it stopped
    because another one had failed.
    """
    kind = re.search(r"([A-Z][A-Za-z ]* Error):", said)
    told = f" ({kind[1]})" if kind and kind[1] != "INTERRUPT Error" else ""
    return StorageError(
        f"the rows could not be read from the lake{told}.",
        hint="Nothing was changed. Check free space, memory (AVESA_MEMORY_LIMIT) and the files, then load again.",
    )
