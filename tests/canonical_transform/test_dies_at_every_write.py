"""A fold ends before each of its writes in turn, as if its process died there; the next one ends in the true history.

(tests/pipeline/test_killed_at_every_write.py kills real processes, at chosen writes of a whole sync.)
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from deltalake import DeltaTable

from avesa.canonical_transform import canonical_table, table_files
from avesa.canonical_transform.fold import FoldReport
from fold_story import change, decide, gone, listing, thing
from fold_table import Folding, thing_values, versions_in
from fold_writes import before_each_write
from raw_files import PullOf, Row, at
from scd2_oracle import Version, history


class Died(BaseException):
    """No one catches it: what comes after the write is not done."""


@dataclass
class Writes:
    """Counts the writes of a fold; the one of the number `last` and all after it never happen."""

    last: int | None = None
    seen: list[str] = field(default_factory=list)

    def about_to(self, what: str) -> None:
        if self.last is not None and len(self.seen) >= self.last:
            raise Died(what)
        self.seen.append(what)


@contextmanager
def watched(writes: Writes) -> Iterator[None]:
    """The log is swept at every second commit, and each commit has a change file, so that these can be died at too."""
    with pytest.MonkeyPatch.context() as patch, before_each_write(writes.about_to, (Folding, "_save")):
        patch.setattr(canonical_table, "CLEAR_EVERY", 2)
        patch.setattr(table_files, "SMALL", 0)
        patch.setattr(table_files, "CHANGE_SHARE", 0)
        yield


UNFIT = Row(None, {"name": "?"}, at(1), at(10), problem="no key")
FIRST = (
    listing(10, *(thing(id_, 1, 10) for id_ in "12345"), UNFIT),
    change(20, thing("1", 15, 20, "b"), thing("2", 12, 20, views=1)),
)
MORE = (
    change(30, thing("1", 8, 30, "late"), thing("6", 25, 30), gone("3", 26, 30), UNFIT),
    listing(40, *(thing(id_, 1, 40) for id_ in "25"), thing("1", 15, 40, "b"), thing("6", 35, 40, "c")),
)
EMPTY = listing(60, name="empty")


@dataclass(frozen=True)
class Work:
    """What a fold finds: what was folded before, what has landed since, and a decision about the empty listing."""

    folded: tuple[PullOf, ...] = ()
    landed: tuple[PullOf, ...] = ()
    decided: bool = False
    rebuild: bool = False

    def prepared(self, folder: Path) -> Folding:
        folding = Folding(folder)
        if self.folded:
            folding.land(*self.folded)
            folding.fold()
            orphan = folding.table_path / "20200101T000000000000Z-0.parquet"
            orphan.write_bytes(b"left by a writer that died long ago")
            os.utime(orphan, (0, 0))
        folding.land(*self.landed)
        if self.decided:
            decide(folding, "empty.receipt.json", "approve")
        return folding

    @property
    def pulls(self) -> tuple[PullOf, ...]:
        return (*self.folded, *self.landed)

    @property
    def outcome(self) -> set[Version]:
        return history(self.pulls, thing_values, decisions={"empty": "approve"} if self.decided else {})


WORKS = {
    "the first fold": Work(landed=FIRST),
    "a fold of two groups": Work(folded=FIRST, landed=MORE),
    "a rebuild": Work(folded=(*FIRST, *MORE), rebuild=True),
    "a fold after a decision": Work(folded=(*FIRST, *MORE, EMPTY), decided=True),
}


def copy_of(folding: Folding, folder: Path) -> Folding:
    return Folding(shutil.copytree(folding.root, folder), ledger=folding.ledger)


def at_each_version(folding: Folding) -> list[set[Version]]:
    """What a reader can have found so far: no table yet, and the table after each commit."""
    if not DeltaTable.is_deltatable(str(folding.table_path)):
        return [set()]
    newest = DeltaTable(str(folding.table_path)).version()
    return [set(), *(versions_in(read(folding, version)) for version in range(newest + 1))]


def read(folding: Folding, version: int | None = None) -> list[dict[str, Any]]:
    return pl.read_delta(str(folding.table_path), version=version).to_dicts()


def quarantined(folding: Folding) -> set[str]:
    folder = folding.root / "data/acme/quarantine/tickets"
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


@pytest.mark.parametrize("work", WORKS.values(), ids=WORKS)
def test_a_fold_that_dies_before_any_of_its_writes_is_made_good_by_the_next(work: Work, tmp_path: Path) -> None:
    prepared = work.prepared(tmp_path / "prepared")
    whole, writes = copy_of(prepared, tmp_path / "whole"), Writes()
    with watched(writes):
        whole.fold(rebuild=work.rebuild)
    assert {"upload", "commit", "make_durable", "_save"} <= set(writes.seen)
    assert whole.versions() == work.outcome
    for last, what in enumerate(writes.seen):
        folding = copy_of(prepared, tmp_path / str(last))
        with pytest.raises(Died), watched(Writes(last)):
            folding.fold(rebuild=work.rebuild)
        assert at_each_version(folding)[-1] in at_each_version(whole), (last, what)
        folding.fold()
        assert folding.versions() == work.outcome, (last, what)
        assert folding.fold().commits == 0, (last, what)
        assert quarantined(folding) == quarantined(whole), (last, what)
        assert list((folding.root / "scratch").iterdir()) == [], (last, what)
        shutil.rmtree(folding.root)


def checkpoint_in(log: Path) -> Path:
    (newest,) = log.glob("*.checkpoint.parquet")
    return newest


POINTER = "_last_checkpoint"
LEFT_BY_A_DEATH: dict[str, Callable[[Path], object]] = {
    "before the checkpoint": lambda log: [checkpoint_in(log).unlink(), (log / POINTER).unlink()],
    "within the checkpoint": lambda log: [
        checkpoint_in(log).rename(log / f"{checkpoint_in(log).name}#1"),
        (log / POINTER).unlink(),
    ],
    "before the pointer to it": lambda log: (log / POINTER).unlink(),
    "within the pointer to it": lambda log: (log / POINTER).rename(log / f"{POINTER}#1"),
}


@pytest.fixture(scope="module")
def checkpointed(tmp_path_factory: pytest.TempPathFactory) -> Folding:
    """A table with as many commits as it takes to a checkpoint of its log."""
    folding = Folding(tmp_path_factory.mktemp("checkpointed") / "home")
    folding.root.mkdir()
    for day in range(1, 11):
        fold_day(folding, day)
    assert (folding.table_path / "_delta_log" / POINTER).exists()
    return folding


def fold_day(folding: Folding, day: int) -> FoldReport:
    folding.land(change(10 * day, thing("1", 10 * day - 1, 10 * day, f"v{day}")))
    return folding.fold()


@pytest.mark.parametrize("left", LEFT_BY_A_DEATH.values(), ids=LEFT_BY_A_DEATH)
def test_a_writer_that_dies_at_the_checkpoint_of_the_log_leaves_a_table_that_goes_on(
    left: Callable[[Path], object], checkpointed: Folding, tmp_path: Path
) -> None:
    folding = copy_of(checkpointed, tmp_path / "copy")
    left(folding.table_path / "_delta_log")
    assert folding.versions() == checkpointed.versions()
    for day in (11, 12):
        report = fold_day(folding, day)
        assert (report.commits, report.rebuilt) == (1, False)
    assert [v.values[0] for v in sorted(folding.versions(), key=lambda v: v.valid_from)] == [
        f"v{day}" for day in range(1, 13)
    ]
