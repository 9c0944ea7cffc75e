from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avesa.connector.distinct import DistinctIds
from avesa.connector.landing import Landing, Rows, read_rows
from avesa.shared.clock import system_clock
from avesa.shared.errors import StorageError
from avesa.shared.objects import Objects, open_objects

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


Row = tuple[str | None, str, datetime | None]


def row(record_id: str | None, payload: str = "{}", updated_at: datetime | None = NOON) -> Row:
    return record_id, payload, updated_at


def columns(*rows: Row) -> Rows:
    ids, payloads, times = (list(column) for column in zip(*rows, strict=True))
    n = len(rows)
    flags, none = [False] * n, [None] * n
    return Rows(ids, list(none), payloads, times, flags, flags, [NOON] * n, ["r1"] * n, [1] * n, list(none))


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    return open_objects(tmp_path / "data")


def landing(objects: Objects, file_bytes: int = 1_000_000) -> Landing:
    return Landing(objects, "acme", "tiny", "tickets", clock=system_clock, file_bytes=file_bytes)


def test_a_file_has_exactly_the_published_columns_and_types(objects: Objects, tmp_path: Path) -> None:
    rows = landing(objects)
    rows.add(columns(row("1", '{"a":"ü\U0001f600"}'), row(None, updated_at=datetime(1, 1, 1, tzinfo=UTC))))
    name = rows.flush()
    table = polars.read_parquet(tmp_path / "data" / "acme" / "raw" / "tiny" / "tickets" / str(name))
    moment = polars.Datetime("us", "UTC")
    assert dict(table.schema) == {
        "record_id": polars.String(),
        "parent_id": polars.String(),
        "payload": polars.String(),
        "updated_at": moment,
        "is_deleted": polars.Boolean(),
        "is_partial": polars.Boolean(),
        "extracted_at": moment,
        "run_id": polars.String(),
        "page": polars.Int32(),
        "problem": polars.String(),
    }
    assert table["payload"][0] == '{"a":"ü\U0001f600"}'
    assert table["updated_at"].to_list() == [NOON, datetime(1, 1, 1, tzinfo=UTC)]


def test_nothing_gathered_makes_no_file(objects: Objects) -> None:
    assert landing(objects).flush() is None
    assert objects.list("acme/raw/tiny/tickets") == []


def test_a_file_is_due_when_enough_payload_has_gathered(objects: Objects) -> None:
    rows = landing(objects, file_bytes=1_000)
    rows.add(columns(row("1", "x" * 500)))
    assert not rows.is_full
    rows.add(columns(row("2", "x" * 500)))
    assert rows.is_full
    rows.flush()
    assert not rows.is_full


def test_what_is_written_is_read_back(objects: Objects, tmp_path: Path) -> None:
    rows = landing(objects)
    rows.add(columns(*(row(str(n), updated_at=NOON + timedelta(seconds=n)) for n in range(12_000))))
    name = rows.flush()
    seen = list(read_rows(objects, f"acme/raw/tiny/tickets/{name}", tmp_path / "scratch"))
    assert [r.record_id for r in seen] == [str(n) for n in range(12_000)]
    assert seen[1].updated_at is not None and seen[1].updated_at - seen[1].extracted_at == 1_000_000


@pytest.mark.parametrize("data", [b"", b"PAR1", b"PAR1" + b"\0" * 40 + b"PAR1", b"not a file at all, not at all"])
def test_a_damaged_file_is_named(objects: Objects, tmp_path: Path, data: bytes) -> None:
    objects.write("acme/raw/tiny/tickets/x.parquet", data)
    with pytest.raises(StorageError, match=r"x\.parquet is not a whole Parquet file"):
        list(read_rows(objects, "acme/raw/tiny/tickets/x.parquet", tmp_path / "scratch"))


@given(st.lists(st.none() | st.text(st.characters(exclude_categories=["Cs"])), max_size=60), st.integers(1, 900))
def test_distinct_ids_are_the_same_with_and_without_runs_on_disk(
    tmp_path_factory: pytest.TempPathFactory, ids: list[str | None], run_bytes: int
) -> None:
    scratch = tmp_path_factory.getbasetemp() / "runs"
    with DistinctIds(scratch, run_bytes) as small, DistinctIds(scratch) as large:
        for text in ids:
            small.add([text])
        large.add(ids)
        assert small.result() == large.result()
        assert large.result()[0] == len({text for text in ids if text is not None})
