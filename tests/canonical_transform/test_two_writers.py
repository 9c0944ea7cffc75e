"""Several processes fold one table at once, without any lease: one wins, the others start again, and the table tells
what one fold alone would tell. A lease that ran out while its holder slept comes to the same.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from fold_table import thing_values
from fold_workers import Done, FoldWorker, SharedTable, Writer, fold_until_it_holds, fold_workers
from fold_writes import before_each_write
from raw_files import PullOf, Row, at
from scd2_oracle import history

NewTable = Callable[[], SharedTable]


@pytest.fixture(params=["folder", "bucket"])
def new_table(request: pytest.FixtureRequest, tmp_path: Path) -> NewTable:
    """Makes tables that do not exist yet."""
    made: list[SharedTable] = []
    s3_root = request.getfixturevalue("s3_root") if request.param == "bucket" else None

    def new() -> SharedTable:
        name = f"table-{len(made)}"
        root, options = (f"{s3_root.url}/{name}", s3_root.options) if s3_root else (str(tmp_path / name), {})
        made.append(SharedTable(root, tmp_path / f"{name}.db", options))
        return made[-1]

    return new


def all_at_once(workers: list[FoldWorker], table: SharedTable, *, rebuilding: int = 0) -> list[Done]:
    """All fold the table, the first `rebuilding` of them from the beginning."""
    for number, worker in enumerate(workers):
        worker.start(table, rebuild=number < rebuilding)
    return [worker.done() for worker in workers]


def pulls_of_a_vendor(seed: int, count: int) -> list[PullOf]:
    """Pulls ten minutes apart, one in four a listing; some rows are older than what was pulled before them."""
    chance = random.Random(seed)
    pulls = []
    for number in range(1, count + 1):
        kind = "listing" if number % 4 == 1 else "changes"
        ids = [str(id_) for id_ in range(8) if chance.random() < (0.9 if kind == "listing" else 0.4)]
        rows = []
        for id_ in ids:
            updated = at(10 * number - chance.choice([1, 2, 3, 12, 25]))
            extracted = at(10 * number) + timedelta(seconds=chance.randint(1, 30))
            fields = {"name": chance.choice("abc"), "hours": number, "views": chance.randint(0, 3)}
            rows.append(Row(id_, fields, updated, extracted, is_deleted=kind == "changes" and chance.random() < 0.1))
        pulls.append(PullOf(tuple(rows), at(10 * number), kind=kind, name=f"pull-{number:03}"))
    return pulls


def rounds_of(pulls: list[PullOf]) -> list[list[PullOf]]:
    """What lands before each round: mostly three in order, and every third round one that was kept back."""
    rounds = [pulls[start : start + 3] for start in range(0, len(pulls), 3)]
    for number in range(0, len(rounds) - 1, 3):
        rounds[number + 1].append(rounds[number].pop())
    return rounds


def ends_the_same_from_the_beginning(table: SharedTable) -> None:
    """Nothing is left to fold, and a rebuild finds nothing else."""
    before, commits = table.versions(), table.delta.version()
    assert fold_until_it_holds(table) == Done(stale=0, commits=0)
    assert table.delta.version() == commits
    fold_until_it_holds(table, rebuild=True)
    assert table.versions() == before


@pytest.mark.parametrize(("writers", "rounds"), [(2, 7), (4, 4)])
@pytest.mark.parametrize("rebuilding", [0, 1])
def test_writers_at_once_lose_and_double_nothing(
    new_table: NewTable, writers: int, rounds: int, rebuilding: int
) -> None:
    table = new_table()
    landed: list[PullOf] = []
    stale = 0
    with fold_workers(writers) as workers:
        for pulls in rounds_of(pulls_of_a_vendor(writers + rebuilding, 3 * rounds)):
            table.land(*pulls)
            landed += pulls
            stale += sum(done.stale for done in all_at_once(workers, table, rebuilding=rebuilding))
            assert table.versions() == history(landed, thing_values)
    assert stale > 0
    ends_the_same_from_the_beginning(table)


@pytest.mark.parametrize("rebuilding", [0, 1])
def test_of_first_folds_at_once_one_makes_the_table(new_table: NewTable, rebuilding: int) -> None:
    pulls = pulls_of_a_vendor(9, 4)
    stale = 0
    with fold_workers(2) as workers:
        for _ in range(4):
            table = new_table()
            table.land(*pulls)
            stale += sum(done.stale for done in all_at_once(workers, table, rebuilding=rebuilding))
            assert table.versions() == history(pulls, thing_values)
    assert stale > 0
    ends_the_same_from_the_beginning(table)


def row(id_: str, updated: float, extracted: float, name: str) -> Row:
    return Row(id_, {"name": name}, at(updated), at(extracted))


FIRST = PullOf((row("1", 1, 10, "a"), row("2", 1, 10, "a")), at(10), kind="listing", name="pull-1")
THEN = (
    PullOf((row("1", 15, 20, "b"),), at(20), name="pull-2"),
    PullOf((row("1", 15, 30, "b"), row("2", 1, 30, "a")), at(30), kind="listing", name="pull-3"),
    PullOf((row("1", 35, 40, "c"), row("3", 36, 40, "n")), at(40), name="pull-4"),
)


@pytest.fixture
def table(tmp_path: Path) -> SharedTable:
    """A table that was folded once, before three more pulls landed."""
    table = SharedTable(str(tmp_path / "data"), tmp_path / "state.db")
    table.land(FIRST)
    fold_until_it_holds(table)
    table.land(*THEN)
    return table


def test_a_writer_that_wakes_up_with_an_old_ledger_takes_nothing_back(table: SharedTable) -> None:
    """It read the ledger, slept while another one folded everything, and goes on by what that one noted."""
    sleeper = Writer(table)
    fold_until_it_holds(table)
    assert sleeper.fold() == 0
    assert table.versions() == history([FIRST, *THEN], thing_values)
    ends_the_same_from_the_beginning(table)


@pytest.mark.parametrize(("mine", "theirs"), [("fold", "fold"), ("rebuild", "fold"), ("fold", "rebuild")])
def test_another_writer_comes_in_before_any_write_and_nothing_is_lost_or_doubled(
    table: SharedTable, tmp_path: Path, mine: str, theirs: str
) -> None:
    """One writer goes through all of its fold while the other is about to write, wherever that is."""
    begun = copy_of(table, tmp_path / "begun")
    writes: list[str] = []
    with before_each_write(writes.append, (Writer, "save")):
        Writer(table).fold(rebuild=mine == "rebuild")
    assert {"upload", "commit", "save"} <= set(writes)
    stale = 0
    for place, write in enumerate(writes):
        shared = copy_of(begun, tmp_path / str(place))
        countdown = [place]

        def come_in(_: str, shared: SharedTable = shared, countdown: list[int] = countdown) -> None:
            countdown[0] -= 1
            if countdown[0] == -1:
                fold_until_it_holds(shared, rebuild=theirs == "rebuild")

        with before_each_write(come_in, (Writer, "save")):
            stale += fold_until_it_holds(shared, rebuild=mine == "rebuild").stale
        assert shared.versions() == history([FIRST, *THEN], thing_values), (place, write)
        assert fold_until_it_holds(shared) == Done(stale=0, commits=0), (place, write)
    assert stale > 2


def copy_of(table: SharedTable, folder: Path) -> SharedTable:
    folder.mkdir()
    shutil.copytree(table.root, folder / "data")
    shutil.copy(table.state, folder / "state.db")
    return SharedTable(str(folder / "data"), folder / "state.db")
