"""The fold, line by line: what each kind of observation does to the history of a record."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from avesa.shared.objects import Objects
from fold_arrivals import limits
from fold_story import agrees, change, fold_each, gone, listing, spans, thing
from fold_streams import ODD_IDS
from fold_table import Folding, things_mapping
from raw_files import Row, at
from scd2_oracle import Version

FAR = (
    datetime.min.replace(tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    datetime(9999, 12, 31, tzinfo=UTC),
)


def in_order(folding: Folding) -> list[Version]:
    return sorted(folding.versions(), key=lambda version: version.valid_from)


def test_a_tracked_change_closes_the_version_and_opens_the_next(folding: Folding) -> None:
    fold_each(folding, change(10, thing("1", 1, 10)), change(20, thing("1", 15, 20, "b")))
    assert spans(folding) == [("a", 1, 15, False), ("b", 15, None, False)]


def test_an_untracked_change_is_written_over_in_place(folding: Folding) -> None:
    fold_each(folding, change(10, thing("1", 1, 10, views=1)), change(20, thing("1", 5, 20, views=2)))
    (version,) = folding.versions()
    assert (version.untracked, version.updated_at, version.valid_from) == ((2,), at(5), at(1))


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


def test_values_that_differ_only_in_spelling_are_the_same(folding: Folding) -> None:
    fold_each(
        folding,
        change(10, thing("1", 1, 10, hours="1.0", tags={"x": 1, "y": [1, {"a": None}]})),
        change(20, thing("1", 15, 20, hours=1, tags={"y": [1, {"a": None}], "x": 1})),
    )
    assert len(folding.versions()) == 1


def test_null_to_value_and_back(folding: Folding) -> None:
    fold_each(
        folding, change(10, thing("1", 1, 10, None)), change(20, thing("1", 2, 20)), change(30, thing("1", 3, 30, None))
    )
    assert [name for name, *_ in spans(folding)] == [None, "a", None]


def test_a_value_that_cannot_be_cast_becomes_null_and_is_counted(folding: Folding) -> None:
    folding.land(change(10, thing("1", 1, 10, hours="many"), thing("2", 1, 10, hours=2)))
    report = folding.fold()
    assert report.uncastable == {"hours": {"count": 1, "samples": ["many"]}}
    assert {v.values[1] for v in folding.versions()} == {None, 2.0}


def test_rows_that_cannot_be_folded_go_to_quarantine_once(folding: Folding) -> None:
    bad = Row("9", {"name": "x"}, None, at(10), problem="unreadable updated_at")
    folding.land(change(10, thing("1", 1, 10), bad, Row(None, {"name": "y"}, at(1), at(10))))
    assert folding.fold().quarantined == 2
    folding.fold(rebuild=True)
    (file,) = (folding.root / "data/acme/quarantine/tickets").iterdir()
    import polars as pl

    rows = pl.read_parquet(file).to_dicts()
    assert [(r["record_id"], r["reason"], r["row"]) for r in rows] == [
        ("9", "unreadable updated_at", 1),
        (None, "the record has no key", 2),
    ]
    assert {v.id for v in folding.versions()} == {"1"}


def test_type_1_keeps_only_the_current_version(tmp_path: Path) -> None:
    folding = Folding(tmp_path, mapping=things_mapping(scd_type=1))
    for pull in (
        change(10, thing("1", 1, 10), thing("2", 1, 10)),
        change(20, thing("1", 15, 20, "b")),
        change(30, gone("2", 25, 30)),
    ):
        folding.land(pull)
        folding.fold()
    assert spans(folding) == [("b", 15, None, False)]
    assert spans(folding, "2") == []
    folding.land(change(40, thing("2", 20, 40, "late")))
    folding.fold()
    assert spans(folding, "2") == []


def test_a_mapping_that_gains_a_column_fills_it_from_raw(folding: Folding) -> None:
    folding.mapping = things_mapping(columns={"name": "text", "views": "integer"})
    folding.land(change(10, thing("1", 1, 10, hours=1)), change(20, thing("1", 15, 20, hours=2)))
    folding.fold()
    assert len(folding.rows()) == 1
    folding.mapping = things_mapping()
    assert folding.fold().rebuilt
    assert sorted(float(row["hours"]) for row in folding.rows()) == [1, 2]


def test_compound_keys_are_records_of_their_own(folding: Folding) -> None:
    one, two = '["1","7"]', '["1","8"]'
    fold_each(folding, change(10, thing(one, 1, 10), thing(two, 1, 10)), change(20, thing(two, 15, 20, "b")))
    assert spans(folding, one) == [("a", 1, None, False)]
    assert spans(folding, two) == [("a", 1, 15, False), ("b", 15, None, False)]


def test_a_field_that_appears_or_disappears_is_a_change_of_its_value(folding: Folding) -> None:
    fold_each(
        folding,
        change(10, thing("1", 1, 10)),
        change(20, thing("1", 15, 20, hours=2)),
        change(30, thing("1", 25, 30)),
        change(40, Row("1", {}, at(35), at(40))),
    )
    values = [v.values[:2] for v in in_order(folding)]
    assert values == [("a", None), ("a", 2.0), ("a", None), (None, None)]


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


def test_a_column_that_a_mapping_drops_is_gone_and_versions_that_differ_in_it_alone_become_one(
    folding: Folding,
) -> None:
    folding.land(change(10, thing("1", 1, 10, hours=1)), change(20, thing("1", 15, 20, hours=2)))
    folding.fold()
    assert len(folding.rows()) == 2
    folding.mapping = things_mapping(columns={"name": "text", "views": "integer"})
    assert folding.fold().rebuilt
    (row,) = folding.rows()
    assert "hours" not in row
    assert row["updated_at"] == at(15)


def test_a_column_that_is_no_longer_tracked_makes_one_version_of_those_that_differ_in_it_alone(
    folding: Folding,
) -> None:
    folding.land(change(10, thing("1", 1, 10, hours=1)), change(20, thing("1", 15, 20, hours=2)))
    folding.fold()
    folding.mapping = things_mapping(untracked=["hours", "views"])
    folding.fold()
    (row,) = folding.rows()
    assert (row["valid_from"], float(row["hours"])) == (at(1), 2.0)


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


@pytest.mark.parametrize("updated", [1, None])
def test_what_was_told_before_costs_no_file_and_no_commit(folding: Folding, updated: float | None) -> None:
    folding.land(listing(10, thing("1", updated, 10, tags={"x": 1, "y": 2}), thing("2", updated, 10)))
    folding.fold()
    before = sorted(folding.table_path.rglob("*"))
    folding.land(listing(20, thing("1", updated, 20, tags={"y": 2.0, "x": 1}), thing("2", updated, 20)))
    assert folding.fold().commits == 0
    assert sorted(folding.table_path.rglob("*")) == before


GONE_AND_BACK = (
    listing(10, thing("1", 1, 10), thing("2", 1, 10)),
    listing(20, thing("2", 1, 20)),
    listing(30, thing("1", 1, 30), thing("2", 1, 30)),
)


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


@pytest.mark.parametrize("moment", FAR)
def test_a_time_far_from_ours_is_a_time_like_any_other(folding: Folding, moment: datetime) -> None:
    far = Row("1", {"name": "far"}, moment, at(10))
    fold_each(folding, change(10, far), change(20, thing("1", 15, 20)), change(30, thing("2", 15, 30)))
    assert {v.valid_from for v in folding.versions()} == {moment, at(15)}


def test_an_untracked_json_value_is_spelled_as_it_was_last(tmp_path: Path) -> None:
    folding = Folding(tmp_path, mapping=things_mapping(untracked=["tags"]))
    folding.land(change(10, thing("1", 1, 10, tags={"x": 1, "y": 2})))
    folding.fold()
    folding.land(change(20, thing("1", 1, 20, tags={"y": 2, "x": 1})))
    folding.fold()
    before = folding.rows()
    folding.fold(rebuild=True)
    assert folding.rows() == before


def test_the_last_moment_that_there_is_can_be_folded(folding: Folding) -> None:
    """The latest time of many a vendor's clock, 9999-12-31T23:59:59.9999999Z, stands for never."""
    fold_each(folding, change(10, Row("1", {"name": "a"}, datetime.max.replace(tzinfo=UTC), at(10)), thing("2", 1, 10)))
    assert {v.id for v in folding.versions()} == {"1", "2"}


@pytest.mark.parametrize("id_", ["\U0010ffff\U0010ffff", "\U00020bb7野家", "x" * 20_000, "", "a\0b"])
def test_a_table_may_have_one_record_whatever_its_id(folding: Folding, id_: str) -> None:
    fold_each(
        folding,
        listing(10, thing(id_, 5, 10)),
        change(20, thing(id_, 15, 20, "b")),
        listing(30, thing(id_, 25, 30, "c")),
        listing(40, thing(id_, 25, 40, "c"), thing("1", 35, 40)),
        change(50, thing(id_, 12, 50, "late")),
    )
    assert [name for name, *_ in spans(folding, id_)] == ["a", "late", "b", "c"]


@pytest.mark.parametrize("small", [False, True])
def test_an_id_is_any_text_a_null_character_and_the_last_of_all_texts_too(folding: Folding, small: bool) -> None:
    """In one file and in ranges of keys, whose bounds are such ids."""
    with limits(small=small, ranges=small):
        fold_each(
            folding,
            change(10, *(thing(id_, 5, 10) for id_ in ODD_IDS)),
            listing(20, *(thing(id_, 15, 20, "b") for id_ in ODD_IDS)),
            listing(30, *(thing(id_, 15, 30, "b") for id_ in ODD_IDS[1:])),
        )
    assert len(folding.versions()) == 2 * len(ODD_IDS)
