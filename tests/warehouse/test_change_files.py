"""Where a few rows have large files written again, a commit says what it changed, and a load reads that alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pytest

from avesa.canonical_transform import table_files
from avesa.canonical_transform.canonical_table import CHANGE_NOTE, CanonicalTable
from avesa.canonical_transform.change_file import GONE
from avesa.shared.errors import StorageError
from avesa.warehouse import plan
from fold_story import change, gone, thing
from warehouse_lake import Lake, lake_in
from warehouse_sides import Side, opened

KEY = ["source_id", "valid_from"]


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """Files of a hundred rows are large."""
    monkeypatch.setattr(table_files, "SMALL", 25)
    monkeypatch.setattr(table_files, "ROWS_PER_FILE", 100)
    return lake_in(tmp_path / "lake")


def filled(lake: Lake, records: int) -> Lake:
    lake.fold(change(1, *(thing(f"{number:06}", 1, 1) for number in range(records))))
    return lake


def change_some(lake: Lake, minute: int, ids: range, name: str) -> int:
    """The version then. A record changes its name; its old version, now closed, and its new one are a change's rows."""
    return lake.fold(change(minute, *(thing(f"{number:06}", minute, minute, name=name) for number in ids)))


def told(lake: Lake, version: int) -> Path | None:
    """The change file that a commit names."""
    for line in lake.entry(version).read_text().splitlines():
        name = json.loads(line).get("commitInfo", {}).get(CHANGE_NOTE)
        if name is not None:
            return lake.folding.table_path / name
    return None


@contextmanager
def what_is_read(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The names of the files that a load asks for."""
    names: list[str] = []
    local_path = CanonicalTable.local_path

    def watched(self: CanonicalTable, name: str) -> Path:
        names.append(name)
        return local_path(self, name)

    with monkeypatch.context() as patch:
        patch.setattr(CanonicalTable, "local_path", watched)
        yield names


def rows_of(lake: Lake, names: list[str]) -> int:
    return sum(pl.scan_parquet(lake.folding.table_path / name).select(pl.len()).collect().item() for name in names)


def test_what_a_daily_load_reads_does_not_grow_with_the_table(
    tmp_path: Path, lake: Lake, side: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = []
    for times in (1, 16):
        lake = filled(lake_in(tmp_path / str(times), tenant=f"t{times}"), 200 * times)
        with opened(side) as warehouse, what_is_read(monkeypatch) as names:
            lake.load(warehouse)
            for minute in range(2, 6):
                change_some(lake, minute, range(minute, 200 * times, 50 * times), name=f"n{minute}")
            names.clear()
            done = lake.load(warehouse)
        assert (done.status, done.changed, done.gone) == ("loaded", 32, 0)
        read.append(rows_of(lake, names))
        lake.is_in(side)
    assert read == [32, 32]


def test_a_change_file_leads_from_its_version_to_the_next(lake: Lake) -> None:
    filled(lake, 300)
    versions = [
        change_some(lake, 2, range(0, 300, 100), "b"),
        lake.fold(change(3, gone("000007", 3, 3), thing("new", 3, 3), thing("000150", 3, 3, name=None))),
        lake.fold(
            change(4, thing("000007", 4, 4), thing("000009", 0.5, 4))
        ),  # the one returns, the other began earlier
        lake.fold(change(5, thing("000011", 1, 5, views=7))),
    ]
    for version in versions:
        file = told(lake, version)
        assert file is not None and file.stat().st_size < 10_000
        said = pl.read_parquet(file)
        before, after = (pl.DataFrame(lake.rows(number), schema=said.schema) for number in (version - 1, version))
        kept = before.join(said, on=KEY, how="anti")
        came = said.filter(~pl.col(GONE))
        assert said.select(KEY).is_duplicated().sum() == 0
        assert same(pl.concat([kept.drop(GONE), came.drop(GONE)]), after.drop(GONE))
        assert said.filter(GONE).join(before, on=KEY, how="anti").is_empty()


def same(one: pl.DataFrame, other: pl.DataFrame) -> bool:
    return one.sort(KEY).equals(other.select(one.columns).sort(KEY))


def test_of_what_several_commits_say_the_latest_counts(lake: Lake, side: Side) -> None:
    filled(lake, 300)
    with opened(side) as warehouse:
        lake.load(warehouse)
        kinds = [
            change_some(lake, 2, range(0, 300, 100), "b"),
            change_some(lake, 3, range(0, 300, 2), "c"),  # so much that the files tell it well enough
            lake.fold(change(4, thing("000009", 0.5, 4), gone("000100", 4, 4))),
            lake.fold(change(5, *(thing(f"new{number}", 5, 5) for number in range(20)))),
            change_some(lake, 6, range(0, 300, 100), "d"),
        ]
        assert [told(lake, version) is not None for version in kinds] == [True, False, True, False, True]
        assert lake.load(warehouse).status == "loaded"
        lake.is_in(side)
        lake.fold(rebuild=True)
        last = change_some(lake, 7, range(0, 300, 100), "e")
        assert told(lake, last) is not None
        done = lake.load(warehouse)
        assert (done.status, done.changed, done.gone) == ("loaded", 6, 0)
    lake.is_in(side)


def test_a_change_costs_a_file_only_where_large_files_are_written_again_for_little(lake: Lake) -> None:
    filled(lake, 20)
    few = change_some(lake, 2, range(1), "b")
    new = lake.fold(change(3, *(thing(f"n{number:03}", 3, 3) for number in range(200))))
    half = change_some(lake, 4, range(20), "c")
    assert [told(lake, version) for version in (few, new, half)] == [None, None, None]
    file = told(lake, lake.fold(change(5, thing("n100", 5, 5, name="d"))))
    assert file is not None
    assert list(lake.folding.table_path.glob("_change_data/*")) == [file]


def test_change_files_that_were_vacuumed_lead_to_a_load_anew(lake: Lake, side: Side) -> None:
    filled(lake, 300)
    with opened(side) as warehouse:
        lake.load(warehouse)
        file = told(lake, change_some(lake, 2, range(0, 300, 100), "b"))
        assert file is not None
        file.unlink()
        done = lake.load(warehouse)
    assert (done.status, done.why) == ("anew", plan.FILES_ARE_GONE)
    lake.is_in(side)


@pytest.mark.parametrize("content", [b"", b"PAR1 and no more", None])
def test_a_damaged_change_file_is_told_and_changes_nothing(lake: Lake, side: Side, content: bytes | None) -> None:
    filled(lake, 300)
    with opened(side) as warehouse:
        lake.load(warehouse)
        file = told(lake, change_some(lake, 2, range(0, 300, 100), "b"))
        assert file is not None
        file.write_bytes(file.read_bytes()[:-100] if content is None else content)
        with pytest.raises(StorageError, match=file.name) as failure:
            lake.load(warehouse)
        assert failure.value.where.table == "tickets" and "--anew" in failure.value.hint
        lake.is_in(side, version=lake.version - 1)
        assert lake.load(warehouse, anew=True).why == plan.ASKED
    lake.is_in(side)
