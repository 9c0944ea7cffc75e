"""How much of a raw table's folder a fold looks at: all of it now and then, and else what came lately."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from avesa.shared.guard import Guard
from avesa.shared.objects import Objects
from fold_story import change, decide, listing, thing
from fold_table import Folding, things_mapping
from raw_files import at

MANY = 130
"""More than the ledger keeps by name."""


class Clock:
    now = at(10_000)

    def __call__(self):  # type: ignore[no-untyped-def]
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def folding(tmp_path: Path, clock: Clock) -> Folding:
    """A table with many folded pulls, whose old names are looked at once a day."""
    folding = Folding(tmp_path, looks=timedelta(days=1), clock=clock)
    folding.land(*(change(10 + n, thing(str(n % 7), 9 + n, 10 + n, f"v{n}"), name=f"{n:04}") for n in range(MANY)))
    folding.fold()
    return folding


def test_what_is_new_is_found_among_few_names(folding: Folding, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    whole = Objects.list

    def counted(self: Objects, prefix: str, **more: str) -> object:
        found = whole(self, prefix, **more)
        seen.append(len(found))
        return found

    monkeypatch.setattr(Objects, "list", counted)
    folding.land(change(500, thing("1", 499, 500, "new"), name="0500"))
    assert folding.fold().receipts == 1
    # A file and a receipt for each of the names that are kept as such, and for the new one.
    assert 2 <= max(seen) <= 2 * 101
    assert folding.fold().receipts == 0


def test_only_services_that_have_landed_something_or_had_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mapping knows far more services than a tenant has, and in a bucket each look is a request."""
    looked: list[str] = []
    whole = Objects.list

    def told(self: Objects, prefix: str, **more: str) -> object:
        looked.extend([prefix] if "/raw/" in prefix else [])
        return whole(self, prefix, **more)

    folding = Folding(tmp_path, mapping=things_mapping(services=("first", "second", "third")))
    folding.land(change(10, thing("1", 9, 10, "a")), service="second")
    monkeypatch.setattr(Objects, "list", told)
    folding.fold()
    assert set(looked) == {"acme/raw/second/things"}
    folding.land(change(20, thing("1", 19, 20, "b")), service="third")
    assert folding.fold().receipts == 1
    assert set(looked) == {"acme/raw/second/things", "acme/raw/third/things"}
    shutil.rmtree(tmp_path / "data/acme/raw/second")
    looked.clear()
    folding.fold()
    assert "acme/raw/second/things" in looked


def test_an_old_name_is_found_a_day_later_and_folded_where_it_belongs(folding: Folding, clock: Clock) -> None:
    folding.land(change(15, thing("1", 12, 15, "between"), name="0005b"))
    assert folding.fold().receipts == 0
    clock.now += timedelta(hours=23)
    assert folding.fold().receipts == 0
    clock.now += timedelta(hours=1)
    assert folding.fold().receipts == MANY + 1
    found = folding.versions()
    assert any(version.values[0] == "between" for version in found)
    folding.fold(rebuild=True)
    assert folding.versions() == found


def test_a_look_at_all_finds_it_at_once(folding: Folding) -> None:
    folding.land(change(15, thing("1", 12, 15, "between"), name="0005b"))
    folding.looks = timedelta(0)
    assert folding.fold().receipts == MANY + 1


def test_a_late_row_finds_the_history_behind_old_names(folding: Folding) -> None:
    folding.land(change(500, thing("1", 12.5, 500, "late"), name="0500"))
    folding.fold()
    found = folding.versions()
    assert any(version.values[0] == "late" for version in found)
    folding.fold(rebuild=True)
    assert folding.versions() == found


def test_a_listing_that_waits_is_not_forgotten_among_old_names(tmp_path: Path, clock: Clock) -> None:
    folding = Folding(tmp_path, looks=timedelta(days=1), clock=clock, guard=Guard(share=0.0, records=0))
    (first,) = folding.land(change(10, *(thing(str(n), 9, 10) for n in range(5)), name="0000"))
    folding.fold()
    (held,) = folding.land(listing(20, thing("0", 9, 20), name="0001"))
    assert folding.fold().held == [held]
    folding.land(*(change(30 + n, thing("0", 29 + n, 30 + n, f"v{n}"), name=f"{2 + n:04}") for n in range(MANY)))
    folding.fold()
    decide(folding, held, "approve")
    folding.fold()
    assert {version.id for version in folding.versions() if version.valid_to is None} == {"0"}
    assert first < held
