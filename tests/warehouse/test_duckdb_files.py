"""The file of a DuckDB warehouse: which one an address names, and what is left of it where the disk is full."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from urllib.parse import quote

import duckdb
import pytest

from avesa.shared.errors import StaleState, StorageError, UsageError
from avesa.warehouse.address import warehouse_address
from avesa.warehouse.duckdb_warehouse import DuckDBWarehouse
from avesa.warehouse.opening import open_warehouse
from avesa.warehouse.port import Held, Load, Part
from avesa.warehouse.schemas import Schemas
from fold_story import change, thing
from full_disks import CannotMount, fill, no_file_longer_than, small_disk
from warehouse_lake import TABLE, Lake, lake_in
from warehouse_sides import DuckDBSide, opened


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = lake_in(tmp_path / "lake")
    lake.fold(change(1, *(thing(f"record-{number}", 1, 1, name=f"{number}" * 50) for number in range(200))))
    return lake


def opened_at(url: str) -> AbstractContextManager[DuckDBWarehouse]:
    return open_warehouse(warehouse_address(url), Schemas())  # type: ignore[return-value]


@pytest.mark.parametrize(
    "name", ["a#b", "a?b=c", "50%", "%41", "a b", "it's", 'a"b', "ü", "md:x", "a*[b]", "a;b", "a\nb", "x.y.duckdb"]
)
@pytest.mark.parametrize("relative", [False, True])
def test_the_file_that_is_named_is_the_one_that_is_written(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, relative: bool
) -> None:
    folder = tmp_path / "warehouses"
    folder.mkdir()
    monkeypatch.chdir(folder)
    with opened_at(f"duckdb:./{quote(name)}" if relative else f"duckdb://{folder}/{quote(name)}") as warehouse:
        lake.load(warehouse)
    assert [file.name for file in folder.iterdir()] == [name]
    with duckdb.connect(str(folder / name), read_only=True) as con:
        assert con.execute(f"SELECT count(*) FROM avesa.{TABLE}").fetchall() == [(200,)]


@pytest.mark.parametrize("name", ["a#b", "a#", "a?b", "a?", "50%", "a%zz", "a%00b", "%FF", "a\tb", "a\nb"])
def test_a_name_that_can_be_read_in_more_than_one_way_is_refused_with_how_to_write_it(name: str) -> None:
    with pytest.raises(UsageError, match="more than one way") as told:
        warehouse_address(f"duckdb:///srv/{name}")
    assert "%23 for #, %3F for ?, %25 for %" in told.value.hint


@pytest.mark.parametrize(
    "url",
    [
        *("duckdb::memory:", "duckdb:///:memory:", "duckdb::memory:w", "duckdb:%3Amemory%3A", "duckdb:./:memory:"),
        *("duckdb:md:w", "duckdb:sqlite:w.db", "duckdb:s3://bucket/w.duckdb", "duckdb:", "duckdb:/", "duckdb://h/w"),
    ],
)
def test_what_is_no_file_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="a DuckDB warehouse is a file") as told:
        warehouse_address(url)
    assert "duckdb:///srv/warehouse.duckdb" in told.value.hint


def test_a_name_that_no_file_can_have_is_told(tmp_path: Path) -> None:
    with (
        pytest.raises(StorageError, match=r"cannot open .*: File name too long"),
        opened_at(f"duckdb://{tmp_path}/{'x' * 300}"),
    ):
        pass


def test_a_file_is_the_same_warehouse_however_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path)
    digest = warehouse_address("duckdb:w").digest
    assert warehouse_address(f"duckdb://{tmp_path}/other/../%77").digest == digest
    monkeypatch.chdir("other")
    assert warehouse_address("duckdb:w").digest != digest


class Disk:
    """A folder on a disk that can be made full; `full` leaves so many bytes for what comes."""

    def __init__(self, folder: Path, full: Callable[[int], AbstractContextManager[object]]) -> None:
        self.folder = folder
        self.full = full


@pytest.fixture(params=["a limit to files", "a small file system"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    folder = tmp_path / "disk"
    folder.mkdir()
    if request.param == "a limit to files":
        yield Disk(folder, no_file_longer_than)
        return

    def full(but: int) -> ExitStack:
        stack = ExitStack()
        stack.callback(fill(folder, but=but).unlink)
        return stack

    try:
        with small_disk(folder, "2m"):
            yield Disk(folder, full)
    except CannotMount:
        pytest.skip("this user may not mount a small disk")


def test_a_disk_that_is_full_at_the_end_of_a_load_is_told_as_that_and_nothing_is_half_loaded(
    lake: Lake, disk: Disk
) -> None:
    with opened_at(f"duckdb://{disk.folder}/warehouse.duckdb") as warehouse:
        with disk.full(4096), pytest.raises(StorageError, match=r"could not take it: .*Could not write file"):
            lake.load(warehouse)
        assert warehouse.holding("acme", TABLE).held is None
        lake.load(warehouse)
    lake.is_in(DuckDBSide(str(disk.folder)))


def test_an_engine_that_gives_up_is_opened_again_for_what_comes_next(lake: Lake, disk: Disk) -> None:
    """Where it cannot write down what the log of its file holds, DuckDB takes nothing more until it is opened again."""
    with opened_at(f"duckdb://{disk.folder}/warehouse.duckdb") as warehouse:
        lake.load(warehouse)
        lake.fold(change(2, *(thing(f"record-{number}", 2, 2, name=f"{number}" * 60) for number in range(200))))
        warehouse.run("SET checkpoint_threshold = '1KB'")
        with disk.full(0), pytest.raises(StorageError, match="could not take it: "):
            lake.load(warehouse)
        lake.is_in(DuckDBSide(str(disk.folder)), version=0)
        lake.load(warehouse)
    lake.is_in(DuckDBSide(str(disk.folder)))


@pytest.mark.parametrize("room", [0, 4096, 8192])
def test_a_disk_that_is_full_while_the_file_is_made_leaves_none(lake: Lake, disk: Disk, room: int) -> None:
    url = f"duckdb://{disk.folder}/warehouse.duckdb"
    with disk.full(room):
        with (
            pytest.raises(StorageError, match=r"cannot make .*/disk/warehouse\.duckdb: [\w ]+\. Make room"),
            opened_at(url),
        ):
            pass
        assert {file.name for file in disk.folder.iterdir()} <= {"filler"}
    with opened_at(url) as warehouse:
        lake.load(warehouse)
    lake.is_in(DuckDBSide(str(disk.folder)))


def test_a_file_that_came_meanwhile_is_not_replaced(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    side = DuckDBSide(str(tmp_path))
    with opened(side) as warehouse:
        lake.load(warehouse)
    monkeypatch.setattr(Path, "exists", lambda path: False)  # as it was a moment ago
    with opened(side):
        pass
    monkeypatch.undo()
    lake.is_in(side)
    assert {path.name for path in tmp_path.iterdir()} == {"lake", "warehouse.duckdb"}


@pytest.mark.parametrize("first", ["acme", "globex"])
def test_who_is_overtaken_by_another_is_told_as_that(lake: Lake, tmp_path: Path, first: str) -> None:
    """Only inside one process can two have the same file open."""
    side = DuckDBSide(str(tmp_path))
    loaded = lake if first == "acme" else lake_in(tmp_path / first, tenant=first)
    if loaded is not lake:
        loaded.fold(change(1, thing("1", 1, 1)))
    with opened(side) as one, opened(side) as other:
        loaded.load(other)
        held = one.holding("acme", TABLE).held
        load = Load("acme", TABLE, lake.folding.snapshot().columns, held, Held("x", 9, "x", 0), lake.folding.clock())

        def overtaken() -> Iterator[Part]:
            lake.load(other, anew=True)
            yield from ()

        with pytest.raises(StaleState, match="another program loaded the table meanwhile"):
            one.load(load, overtaken())
    lake.is_in(side)


def test_a_copy_of_the_file_holds_nothing_of_a_tenant_that_was_forgotten(lake: Lake, tmp_path: Path) -> None:
    """As docs/warehouse.md says: DuckDB leaves the bytes of deleted rows in a file, and a copy is a warehouse too."""
    other = lake_in(tmp_path / "other", tenant="globex")
    other.fold(change(1, thing("the-secret-of-globex", 1, 1)))
    (tmp_path / "copy").mkdir()
    side, copy = DuckDBSide(str(tmp_path)), DuckDBSide(str(tmp_path / "copy"))
    with opened(side) as warehouse:
        lake.load(warehouse)
        other.load(warehouse)
        warehouse.forget("globex", TABLE)
    assert b"the-secret-of-globex" in Path(side.path).read_bytes()
    with duckdb.connect() as con:
        con.execute(f"ATTACH '{side.path}' AS old (READ_ONLY); ATTACH '{copy.path}' AS new")
        con.execute("COPY FROM DATABASE old TO new")
    assert b"the-secret-of-globex" not in Path(copy.path).read_bytes()
    lake.fold(change(2, thing("record-1", 2, 2, name="b")))
    with opened(copy) as warehouse:
        assert lake.load(warehouse).status == "loaded"
    lake.is_in(copy)
