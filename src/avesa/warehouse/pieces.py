"""Arrow streams in smaller batches, for who works at a whole batch before it hands on any of it."""

from __future__ import annotations

from collections.abc import Iterator

from arro3.core import RecordBatch, RecordBatchReader

from avesa.warehouse.port import Stream


def in_pieces(stream: Stream, size: int) -> RecordBatchReader:
    """The same rows in batches of about `size` bytes, and of one row at least. Nothing is copied."""
    batches = RecordBatchReader.from_arrow(stream)
    return RecordBatchReader.from_batches(
        batches.schema, [piece for batch in batches for piece in _pieces(batch, size)]
    )


def _pieces(batch: RecordBatch, size: int) -> Iterator[RecordBatch]:
    rows = max(1, batch.num_rows * size // max(1, batch.nbytes))
    for start in range(0, batch.num_rows, rows):
        yield batch.slice(start, min(rows, batch.num_rows - start))
