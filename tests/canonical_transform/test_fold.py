"""The fold, line by line: what each kind of observation does to the history of a record."""

from __future__ import annotations

from pathlib import Path

import pytest

from fold_arrivals import limits
from fold_story import change, fold_each, gone, in_order, listing, spans, thing
from fold_streams import ODD_IDS
from fold_table import Folding, things_mapping
from raw_files import Row, at


def test_a_tracked_change_closes_the_version_and_opens_the_next(folding: Folding) -> None:
    fold_each(folding, change(10, thing("1", 1, 10)), change(20, thing("1", 15, 20, "b")))
    assert spans(folding) == [("a", 1, 15, False), ("b", 15, None, False)]


def test_an_untracked_change_is_written_over_in_place(folding: Folding) -> None:
    fold_each(folding, change(10, thing("1", 1, 10, views=1)), change(20, thing("1", 5, 20, views=2)))
    (version,) = folding.versions()
    assert (version.untracked, version.updated_at, version.valid_from) == ((2,), at(5), at(1))


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


@pytest.mark.parametrize("updated", [1, None])
def test_what_was_told_before_costs_no_file_and_no_commit(folding: Folding, updated: float | None) -> None:
    folding.land(listing(10, thing("1", updated, 10, tags={"x": 1, "y": 2}), thing("2", updated, 10)))
    folding.fold()
    before = sorted(folding.table_path.rglob("*"))
    folding.land(listing(20, thing("1", updated, 20, tags={"y": 2.0, "x": 1}), thing("2", updated, 20)))
    assert folding.fold().commits == 0
    assert sorted(folding.table_path.rglob("*")) == before


def test_an_untracked_json_value_is_spelled_as_it_was_last(tmp_path: Path) -> None:
    folding = Folding(tmp_path, mapping=things_mapping(untracked=["tags"]))
    folding.land(change(10, thing("1", 1, 10, tags={"x": 1, "y": 2})))
    folding.fold()
    folding.land(change(20, thing("1", 1, 20, tags={"y": 2, "x": 1})))
    folding.fold()
    before = folding.rows()
    folding.fold(rebuild=True)
    assert folding.rows() == before


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
