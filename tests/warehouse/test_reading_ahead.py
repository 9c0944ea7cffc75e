"""The next part of a load is read while the warehouse takes the one before it, and each once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Event

import duckdb
import pytest
from arro3.core import Array, DataType, RecordBatch, RecordBatchReader, Table

from avesa.shared.errors import StorageError
from avesa.warehouse.batches import batches_of, in_pieces
from avesa.warehouse.port import Part
from avesa.warehouse.reading_ahead import read_ahead

PATIENCE_SECONDS = 20.0


@dataclass
class Watched:
    """Some rows, and whether and how often they were asked for."""

    numbers: list[int]
    asked: Event = field(default_factory=Event)
    times: int = 0

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        self.times += 1
        self.asked.set()
        return Table.from_batches([batch_of(self.numbers)]).__arrow_c_stream__(requested_schema)


@dataclass
class Damaged:
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        raise duckdb.InvalidInputException("no magic bytes")


def batch_of(numbers: list[int], *, letters: int = 1) -> RecordBatch:
    texts = [None if number % 3 == 0 else f"{number}" * letters for number in numbers]
    return RecordBatch.from_pydict(
        {
            "number": Array(numbers, DataType.int64()),
            "text": Array(texts, DataType.utf8()),
            "odd": Array([number % 2 == 1 for number in numbers], DataType.bool()),
        }
    )


def parts_of(*streams: Watched | Damaged) -> Iterator[Part]:
    return (Part(1, stream) for stream in streams)


def test_the_next_part_is_read_before_it_is_asked_for_and_no_other() -> None:
    streams = [Watched([number]) for number in range(4)]
    with read_ahead(parts_of(*streams)) as parts:
        next(parts)
        assert streams[1].asked.wait(PATIENCE_SECONDS)
        assert not streams[2].asked.is_set()
        next(parts)
        assert streams[2].asked.wait(PATIENCE_SECONDS)
        assert not streams[3].asked.is_set()
    assert [stream.times for stream in streams] == [1, 1, 1, 0]


def test_an_engine_that_looks_at_the_columns_first_reads_a_part_once() -> None:
    streams = [Watched([1, 2]), Watched([3])]
    with duckdb.connect() as con, read_ahead(parts_of(*streams)) as parts:
        con.execute("CREATE TABLE taken (number BIGINT, text VARCHAR, odd BOOLEAN)")
        for part in parts:
            con.register("part", part.stream)
            con.execute("INSERT INTO taken SELECT * FROM part")
            con.unregister("part")
        taken = con.execute("FROM taken").fetchall()
    assert taken == [(1, "1", True), (2, "2", False), (3, None, True)]
    assert [stream.times for stream in streams] == [1, 1]


def test_what_cannot_be_read_is_raised_where_it_would_be_taken() -> None:
    with read_ahead(parts_of(Watched([1]), Damaged())) as parts:
        next(parts)
        with pytest.raises(duckdb.InvalidInputException, match="magic"):
            next(parts)


def test_a_file_of_very_many_rows_is_taken_in_several_parts() -> None:
    with duckdb.connect() as con:
        rows = 3_000_000  # the engine hands on a million at once
        whole = con.sql(f"SELECT i AS number FROM range({rows}) AS r (i)")
        with read_ahead(iter([Part(rows, whole)])) as parts:
            taken = [(part.rows, RecordBatchReader.from_arrow(part.stream).read_all().num_rows) for part in parts]
    assert len(taken) > 1 and all(told == held for told, held in taken)
    assert sum(held for _, held in taken) == rows


def test_rows_that_cannot_be_read_to_their_end_are_told_without_what_stands_in_them() -> None:
    with duckdb.connect() as con:
        con.execute("SET threads = 1")  # of several, one is at times told only that another failed
        rows = con.sql(
            "SELECT CASE WHEN i = 400000 THEN error('hunter2') ELSE 'a' END AS a FROM range(500000) AS r (i)"
        )
        with (
            read_ahead(iter([Part(500_000, rows)])) as parts,
            pytest.raises(StorageError, match=r"read from the lake \(Invalid Input Error\)") as told,
        ):
            next(parts)
    assert "hunter2" not in str(told.value)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Out of Memory Error: failed to allocate hunter2", "from the lake (Out of Memory Error)."),
        ("INTERRUPT Error: Interrupted!", "from the lake."),
        ("hunter2", "from the lake."),
    ],
)
def test_only_the_kind_of_what_broke_off_is_told(said: str, told: str) -> None:
    def breaking() -> Iterator[RecordBatch]:
        yield batch_of([1])
        raise Exception(f"C Data interface error: {said}")

    _, batches = batches_of(RecordBatchReader.from_batches(batch_of([1]).schema, breaking()))
    with pytest.raises(StorageError) as error:
        list(batches)
    assert error.value.message == f"the rows could not be read {told}"


@pytest.mark.parametrize(("rows", "letters"), [(1000, 1), (1000, 200), (3, 9000), (0, 1)])
def test_pieces_are_small_and_hold_the_same_rows(rows: int, letters: int) -> None:
    batch = batch_of(list(range(rows)), letters=letters)
    pieces = list(in_pieces(Table.from_batches([batch]), 4096))
    assert all(piece.num_rows * batch.nbytes <= 4096 * rows or piece.num_rows == 1 for piece in pieces)
    together = RecordBatchReader.from_batches(batch.schema, pieces).read_all()
    assert together.to_struct_array().to_pylist() == batch.to_struct_array().to_pylist()
