"""Records that are deleted and come back, and observations that tell only a part."""

from __future__ import annotations

from pathlib import Path

import pytest

from avesa.shared.objects import Objects
from fold_story import agrees, change, fold_each, gone, in_order, listing, spans, thing
from fold_table import Folding, things_mapping
from raw_files import Row, at

GONE_AND_BACK = (
    listing(10, thing("1", 1, 10), thing("2", 1, 10)),
    listing(20, thing("2", 1, 20)),
    listing(30, thing("1", 1, 30), thing("2", 1, 30)),
)


def test_a_deletion_wins_a_tie_and_ends_the_version(folding: Folding) -> None:
    fold_each(
        folding, change(10, thing("1", 1, 10)), change(20, gone("1", 15, 20)), change(30, thing("1", 15, 30, "b"))
    )
    assert spans(folding) == [("a", 1, 15, True)]


def test_a_deletion_that_comes_before_its_record(folding: Folding) -> None:
    fold_each(
        folding,
        change(5, thing("2", 1, 5)),
        change(10, gone("1", 8, 10)),
        change(20, thing("1", 3, 20)),
        change(30, thing("1", 6, 30, "b")),
    )
    assert spans(folding) == [("a", 3, 6, False), ("b", 6, 8, True)]


def test_a_deleted_record_that_changes_later_lives_again_after_a_gap(folding: Folding) -> None:
    fold_each(folding, change(10, thing("1", 1, 10)), change(20, gone("1", 15, 20)), change(30, thing("1", 25, 30)))
    assert spans(folding) == [("a", 1, 15, True), ("a", 25, None, False)]


def test_a_partial_observation_takes_what_it_lacks_from_the_one_before(folding: Folding) -> None:
    partial = Row("1", {"hours": 2}, at(15), at(20), is_partial=True)
    nulled = Row("1", {"name": None}, at(25), at(30), is_partial=True)
    fold_each(folding, change(10, thing("1", 1, 10, hours=1)), change(19, partial), change(29, nulled))
    assert [v.values[:2] for v in in_order(folding)] == [
        ("a", 1.0),
        ("a", 2.0),
        (None, 2.0),
    ]


def test_a_record_and_its_deletion_in_one_batch(folding: Folding) -> None:
    fold_each(folding, change(5, thing("2", 1, 5)), change(10, gone("1", 8, 10), thing("1", 3, 10.1)))
    assert spans(folding) == [("a", 3, 8, True)]


def test_a_record_deleted_and_made_again_in_one_batch(folding: Folding) -> None:
    fold_each(
        folding,
        change(10, thing("1", 1, 10)),
        change(20, gone("1", 12, 20), thing("1", 15, 20.1), thing("3", 11, 20), gone("3", 12, 20.1)),
    )
    assert spans(folding) == [("a", 1, 12, True), ("a", 15, None, False)]
    assert spans(folding, "3") == [("a", 11, 12, True)]


def test_a_deletion_alone_is_no_version_and_waits_for_what_is_older(folding: Folding) -> None:
    deletion, older, newer = (
        change(20, gone("1", 15, 20)),
        change(30, thing("1", 5, 30)),
        change(40, thing("1", 35, 40)),
    )
    folding.land(change(10, thing("2", 1, 10)), deletion)
    folding.fold()
    assert spans(folding) == []
    folding.land(older)
    folding.fold()
    assert spans(folding) == [("a", 5, 15, True)]
    folding.land(newer)
    folding.fold()
    agrees(folding, change(10, thing("2", 1, 10)), deletion, older, newer)
    assert spans(folding) == [("a", 5, 15, True), ("a", 35, None, False)]


def test_a_late_deletion_ends_the_version_that_was_then_and_the_later_one_stands(folding: Folding) -> None:
    fold_each(
        folding,
        change(10, thing("1", 1, 10)),
        change(20, thing("1", 15, 20, "b")),
        change(30, gone("1", 8, 30)),
    )
    assert spans(folding) == [("a", 1, 8, True), ("b", 15, None, False)]


def test_a_second_deletion_of_what_is_gone_changes_nothing(folding: Folding) -> None:
    fold_each(
        folding,
        change(10, thing("1", 1, 10)),
        change(20, gone("1", 15, 20)),
        change(30, gone("1", 15, 30)),
        change(40, gone("1", 35, 40)),
    )
    assert spans(folding) == [("a", 1, 15, True)]


def test_a_partial_observation_with_nothing_before_it_is_all_there_is(folding: Folding) -> None:
    fold_each(folding, change(10, Row("1", {"hours": 2}, at(1), at(10), is_partial=True)))
    assert [v.values[:2] for v in folding.versions()] == [(None, 2.0)]


def test_a_late_whole_observation_changes_what_the_partial_ones_behind_it_are_filled_with(folding: Folding) -> None:
    fold_each(
        folding,
        change(10, thing("1", 1, 10, "a", hours=1)),
        change(20, Row("1", {"hours": 2}, at(15), at(20), is_partial=True)),
        change(30, thing("1", 8, 30, "late", hours=7)),
    )
    assert [v.values[:2] for v in in_order(folding)] == [
        ("a", 1.0),
        ("late", 7.0),
        ("late", 2.0),
    ]


def test_a_partial_observation_reaches_over_a_deletion_to_what_was_before(folding: Folding) -> None:
    fold_each(
        folding,
        change(10, thing("1", 1, 10, "a", hours=1)),
        change(20, gone("1", 15, 20)),
        change(30, Row("1", {"hours": 2}, at(25), at(30), is_partial=True)),
    )
    assert [v.values[:2] for v in in_order(folding)] == [("a", 1.0), ("a", 2.0)]


def test_where_nothing_is_tracked_only_deletions_make_versions(tmp_path: Path) -> None:
    folding = Folding(tmp_path, mapping=things_mapping(untracked=["name", "hours", "tags", "views"]))
    for pull in (
        change(10, thing("1", 1, 10)),
        change(20, thing("1", 15, 20, "b")),
        change(30, gone("1", 25, 30)),
        change(40, thing("1", 35, 40, "c")),
    ):
        folding.land(pull)
        folding.fold()
    assert [(v.untracked[0], v.valid_from, v.valid_to) for v in in_order(folding)] == [
        ("b", at(1), at(25)),
        ("c", at(35), None),
    ]


@pytest.fixture
def looked_up(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The receipts that are read: all of them, where a record must be folded again from raw."""
    paths: list[str] = []
    read = Objects.read
    monkeypatch.setattr(Objects, "read", lambda self, path: (paths.append(path), read(self, path))[1])
    return paths


def test_a_record_that_came_back_costs_nothing_more_when_it_is_told_again(
    folding: Folding, looked_up: list[str]
) -> None:
    fold_each(folding, *GONE_AND_BACK)
    again = listing(40, thing("1", 1, 40), thing("2", 1, 40))
    folding.land(again)
    looked_up.clear()
    assert folding.fold().commits == 0
    assert len(looked_up) == 1
    agrees(folding, *GONE_AND_BACK, again)


def test_a_listing_that_shows_what_came_back_as_it_is_and_changed_tells_both(folding: Folding) -> None:
    """As it is, it lives on from that listing: so the change, which is older than it, was undone."""
    fold_each(folding, *GONE_AND_BACK, listing(40, thing("1", 35, 39, "b"), thing("1", 1, 40), thing("2", 1, 40)))
    assert spans(folding) == [("a", 1, 20, True), ("a", 30, 35, False), ("b", 35, 40, False), ("a", 40, None, False)]


@pytest.mark.parametrize("scd_type", [1, 2])
def test_a_record_that_lives_again_after_its_deletion_has_no_past_looked_up(
    tmp_path: Path, scd_type: int, looked_up: list[str]
) -> None:
    folding = Folding(tmp_path, mapping=things_mapping(scd_type=scd_type))
    for pull in (change(10, thing("1", 5, 10)), change(20, gone("1", 15, 20)), change(30, thing("2", 25, 30))):
        folding.land(pull)
        folding.fold()
    folding.land(change(40, thing("1", 35, 40), thing("3", 36, 40)))
    looked_up.clear()
    folding.fold()
    assert len(looked_up) == 1
    assert {v.id: v.valid_from for v in folding.versions() if v.valid_to is None} == {
        "1": at(35), "2": at(25), "3": at(36)
    }  # fmt: skip
