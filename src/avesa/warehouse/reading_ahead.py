"""The parts of a load, of which the next one is read while the warehouse takes the one before it.

A part is read once. DuckDB asks a stream for its columns by beginning it, unless it is one that tells them.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from arro3.core import RecordBatch, RecordBatchReader

from avesa.warehouse.batches import batches_of
from avesa.warehouse.difference import ROWS_PER_PART
from avesa.warehouse.port import Part


@contextmanager
def read_ahead(parts: Iterator[Part]) -> Iterator[Iterator[Part]]:
    """The parts, read: two at most are in memory, and each can be taken once.

    What reads them may be used for nothing else in the block. At its end nothing is read any more, however it ends.
    """
    with ThreadPoolExecutor(1, "avesa-reading") as reader:
        yield _read_ahead(reader, parts)


def _read_ahead(reader: ThreadPoolExecutor, parts: Iterator[Part]) -> Iterator[Part]:
    some = (held for part in parts for held in _in_memory(part))

    def read() -> Part | None:
        return next(some, None)

    coming = reader.submit(read)
    while (part := coming.result()) is not None:
        coming = reader.submit(read)
        yield part


def _in_memory(part: Part) -> Iterator[Part]:
    """The part, whose rows are let go of as they are taken; one that is too large for that as several."""
    schema, batches = batches_of(part.stream)
    held: list[RecordBatch] = []
    rows = 0
    for batch in batches:
        held.append(batch)
        rows += batch.num_rows
        if rows >= ROWS_PER_PART:
            yield Part(rows, RecordBatchReader.from_batches(schema, held))
            held, rows = [], 0
    if held:
        yield Part(rows, RecordBatchReader.from_batches(schema, held))
