"""The parts of a load, of which the next one is read while the warehouse takes the one before it.

A part is read once. DuckDB asks a stream for its columns by beginning it, unless it is one that tells them.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from arro3.core import RecordBatchReader

from avesa.warehouse.batches import read_batches
from avesa.warehouse.port import Part, Stream


@contextmanager
def read_ahead(parts: Iterator[Part]) -> Iterator[Iterator[Part]]:
    """The parts, read: two at most are in memory, and each can be taken once.

    What reads them may be used for nothing else in the block. At its end nothing is read any more, however it ends.
    """
    with ThreadPoolExecutor(1, "avesa-reading") as reader:
        yield _read_ahead(reader, parts)


def _read_ahead(reader: ThreadPoolExecutor, parts: Iterator[Part]) -> Iterator[Part]:
    def read() -> Part | None:
        part = next(parts, None)
        return part and Part(part.rows, _in_memory(part.stream))

    coming = reader.submit(read)
    while (part := coming.result()) is not None:
        coming = reader.submit(read)
        yield part


def _in_memory(stream: Stream) -> RecordBatchReader:
    """Its rows, which are let go of as they are taken."""
    return RecordBatchReader.from_batches(*read_batches(stream))
