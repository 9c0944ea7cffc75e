"""Observations that come late, out of order, at one instant or without a time of their own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fold_story import agrees, change, fold_each, gone, listing, spans, thing
from fold_table import Folding, things_mapping
from raw_files import Row, at

LONG_AGO = (datetime.min.replace(tzinfo=UTC), datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC))
TO_COME = (datetime(2026, 2, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC), datetime.max.replace(tzinfo=UTC))


def test_a_late_row_splits_a_version(folding: Folding) -> None:
    fold_each(
        folding,
        change(10, thing("1", 1, 10), thing("2", 1, 10)),
        change(20, thing("1", 9, 20, "a")),
        change(30, thing("1", 5, 30, "late")),
    )
    assert spans(folding) == [("a", 1, 5, False), ("late", 5, 9, False), ("a", 9, None, False)]


def test_a_late_row_precedes_all_versions(folding: Folding) -> None:
    fold_each(folding, change(10, thing("1", 5, 10)), change(20, thing("1", 2, 20, "first")))
    assert spans(folding) == [("first", 2, 5, False), ("a", 5, None, False)]


def test_a_late_row_shortens_a_closed_version(folding: Folding) -> None:
    fold_each(
        folding,
        change(10, thing("1", 1, 10)),
        change(20, thing("1", 15, 20, "b")),
        change(30, thing("1", 12, 30, "b")),
    )
    assert spans(folding) == [("a", 1, 12, False), ("b", 12, None, False)]


def test_a_pull_that_arrives_out_of_order_gives_the_same_history(folding: Folding) -> None:
    pulls = [change(10, thing("1", 1, 10)), change(20, thing("1", 15, 20, "b")), change(30, thing("1", 25, 30, "c"))]
    for pull in (pulls[2], pulls[0], pulls[1]):
        folding.land(pull)
        folding.fold()
    agrees(folding, *pulls)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_two_contents_at_one_instant_the_one_extracted_last_wins(folding: Folding, order: tuple[int, int]) -> None:
    pulls = [change(10, thing("1", 1, 10)), change(20, thing("1", 1, 20, "b"))]
    for number in order:
        folding.land(pulls[number])
        folding.fold()
    agrees(folding, *pulls)
    assert spans(folding) == [("b", 1, None, False)]


def test_a_late_row_within_a_run_of_unchanged_deliveries_brings_the_later_one_back(folding: Folding) -> None:
    fold_each(
        folding,
        change(10, thing("1", 1, 10)),
        change(20, thing("1", 15, 20)),
        change(30, thing("1", 8, 30, "b")),
    )
    assert spans(folding) == [("a", 1, 8, False), ("b", 8, 15, False), ("a", 15, None, False)]


def test_two_spellings_of_one_instant_are_one(tmp_path: Path) -> None:
    folding = Folding(tmp_path, mapping=things_mapping(columns={"name": "text", "due": "timestamp"}, untracked=[]))
    folding.land(change(10, thing("1", 1, 10, due="2026-01-31T14:05:09Z")))
    folding.land(change(20, thing("1", 15, 20, due="2026-01-31T15:05:09.000+01:00")))
    folding.fold()
    assert len(folding.rows()) == 1


def test_an_observation_without_a_time_of_its_own_holds_from_when_it_was_extracted(folding: Folding) -> None:
    fold_each(folding, change(10, thing("1", None, 10)), change(20, thing("1", None, 20, "b")))
    second = 1 / 60
    assert spans(folding) == [("a", 10 + second, 20 + second, False), ("b", 20 + second, None, False)]


def test_a_row_between_the_start_of_a_version_and_its_last_observation_is_late(folding: Folding) -> None:
    """The delivery of minute 15 changed nothing tracked, yet it is what the version was last seen at."""
    fold_each(
        folding,
        change(10, thing("1", 1, 10)),
        change(20, thing("1", 15, 20, views=1)),
        change(30, thing("1", 12, 30, "b")),
    )
    assert spans(folding) == [("a", 1, 12, False), ("b", 12, 15, False), ("a", 15, None, False)]
    (current,) = [v for v in folding.versions() if v.valid_to is None]
    assert (current.updated_at, current.untracked) == (at(15), (1,))


def test_an_undated_row_extracted_before_the_newest_that_was_folded_is_late(folding: Folding) -> None:
    pulls = [change(10, thing("1", None, 10)), change(20, thing("1", None, 20, "b")), change(30, thing("1", None, 30))]
    for pull in (pulls[0], pulls[2], pulls[1]):
        folding.land(pull)
        folding.fold()
    agrees(folding, *pulls)
    assert [name for name, *_ in spans(folding)] == ["a", "b", "a"]


def test_a_dated_row_between_two_undated_deliveries_is_late(folding: Folding) -> None:
    fold_each(
        folding,
        change(10, thing("1", None, 10)),
        change(20, thing("1", None, 20)),
        change(30, thing("1", 15, 30, "b")),
    )
    second = 1 / 60
    assert spans(folding) == [
        ("a", 10 + second, 15, False),
        ("b", 15, 20 + second, False),
        ("a", 20 + second, None, False),
    ]


def test_dated_and_undated_observations_of_one_record_stand_in_one_order_of_time(folding: Folding) -> None:
    fold_each(
        folding,
        change(10, thing("1", None, 10)),
        change(20, thing("1", 5, 20, "b")),
        change(30, thing("1", 25, 30, "c")),
        change(40, thing("1", None, 40, "d")),
        change(50, thing("1", 35, 50, "e")),
    )
    assert [name for name, *_ in spans(folding)] == ["b", "a", "c", "e", "d"]


@pytest.mark.parametrize("pages", [(1, 2), (2, 1)])
def test_of_two_contents_at_one_instant_and_one_extraction_the_later_page_wins(
    folding: Folding, pages: tuple[int, int]
) -> None:
    rows = [Row("1", {"name": name}, at(1), at(10), page=page) for name, page in zip("ab", pages, strict=True)]
    fold_each(folding, change(5, thing("2", 1, 5)), change(10, *rows))
    assert spans(folding) == [("ab"[pages.index(2)], 1, None, False)]


def test_a_content_told_again_at_its_instant_was_learned_of_the_first_time(folding: Folding) -> None:
    fold_each(
        folding,
        change(10, thing("1", 1, 10, hours="1.0")),
        change(20, thing("1", 1, 20, hours=2)),
        change(30, thing("1", 1, 30, hours=1)),
    )
    (version,) = folding.versions()
    assert version.values[1] == 1.0
    assert version.recorded_at == at(10) + timedelta(seconds=1)


def test_several_new_observations_of_one_record_in_one_batch(folding: Folding) -> None:
    fold_each(
        folding,
        change(10, thing("1", 1, 10), thing("2", 1, 10)),
        change(20, thing("1", 12, 20, "b"), thing("1", 14, 20.1, "b"), thing("1", 16, 20.2, "a"), gone("2", 15, 20)),
    )
    assert spans(folding) == [("a", 1, 12, False), ("b", 12, 16, False), ("a", 16, None, False)]
    assert spans(folding, "2") == [("a", 1, 15, True)]


def test_one_observation_of_a_batch_may_repeat_the_open_version_and_another_change_it(folding: Folding) -> None:
    fold_each(folding, change(10, thing("1", 1, 10)), change(20, thing("1", 1, 20), thing("1", 15, 20.1, "b")))
    assert spans(folding) == [("a", 1, 15, False), ("b", 15, None, False)]


def test_a_repetition_and_another_content_at_its_instant_in_one_batch(folding: Folding) -> None:
    fold_each(folding, change(10, thing("1", 1, 10)), change(20, thing("1", 1, 20.1), thing("1", 1, 20, "b")))
    assert spans(folding) == [("a", 1, None, False)]


def test_an_untracked_column_of_a_late_row_does_not_overwrite_a_newer_one(folding: Folding) -> None:
    fold_each(
        folding,
        change(10, thing("1", 1, 10, views=1)),
        change(20, thing("1", 15, 20, views=3)),
        change(30, thing("1", 8, 30, views=2)),
    )
    (version,) = folding.versions()
    assert (version.untracked, version.updated_at) == ((3,), at(15))


def test_a_late_row_has_its_own_record_folded_again_and_no_other(folding: Folding) -> None:
    folding.land(change(10, *(thing(str(number), 5, 10) for number in range(5))))
    folding.fold()
    folding.land(change(20, thing("3", 2, 20, "first")))
    report = folding.fold()
    assert (report.added, report.removed, report.rebuilt) == (1, 0, False)
    assert spans(folding, "3") == [("first", 2, 5, False), ("a", 5, None, False)]


@pytest.mark.parametrize("moment", LONG_AGO)
def test_a_time_long_ago_is_a_time_like_any_other(folding: Folding, moment: datetime) -> None:
    far = Row("1", {"name": "far"}, moment, at(10))
    fold_each(folding, change(10, far), change(20, thing("1", 15, 20)), change(30, thing("2", 15, 30)))
    assert {v.valid_from for v in folding.versions()} == {moment, at(15)}


@pytest.mark.parametrize("moment", TO_COME)
def test_a_time_of_change_to_come_is_none_so_that_later_changes_and_deletions_count(
    folding: Folding, moment: datetime
) -> None:
    early = Row("1", {"name": "early"}, moment, at(10))
    fold_each(folding, listing(10, early, thing("2", 1, 10)), change(20, thing("1", 15, 20)))
    assert spans(folding) == [("early", 10, 15, False), ("a", 15, None, False)]
    gone = Row("3", {"name": "early"}, moment, at(30))
    pulls = listing(30, gone, thing("1", 15, 30), thing("2", 1, 30)), listing(40, thing("1", 15, 40), thing("2", 1, 40))
    for pull in pulls:
        folding.land(pull)
        folding.fold()
    assert spans(folding, "3") == [("early", 30, 40, True)]


def test_the_last_moment_that_there_is_can_be_folded(folding: Folding) -> None:
    """The latest time of many a vendor's clock, 9999-12-31T23:59:59.9999999Z, stands for never."""
    fold_each(folding, change(10, Row("1", {"name": "a"}, datetime.max.replace(tzinfo=UTC), at(10)), thing("2", 1, 10)))
    assert {v.id for v in folding.versions()} == {"1", "2"}
