"""The fold, line by line: what each kind of observation does to the history of a record."""

from __future__ import annotations

from pathlib import Path

import pytest

from fold_story import agrees, change, fold_each, gone, spans, thing
from fold_table import Folding, things_mapping
from raw_files import Row, at


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
    assert [v.values[:2] for v in sorted(folding.versions(), key=lambda v: v.valid_from)] == [
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
    values = [v.values[:2] for v in sorted(folding.versions(), key=lambda v: v.valid_from)]
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
