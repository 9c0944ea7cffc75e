"""The fold, line by line: what each kind of observation does to the history of a record."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from avesa.canonical_transform.raw_source import decision_name
from avesa.shared.errors import ConfigurationError, StorageError
from avesa.shared.receipt import Decision, ListingDecision, encode_decision
from fold_table import Folding, thing_values, things_mapping
from raw_files import PullOf, Row, at
from scd2_oracle import history


@pytest.fixture
def folding(tmp_path: Path) -> Folding:
    return Folding(tmp_path)


def change(number: int, *rows: Row, **more: object) -> PullOf:
    """A change pull at minute `number`, its rows extracted a second later each."""
    return PullOf(rows=tuple(rows), started_at=at(number), **more)  # type: ignore[arg-type]


def thing(id_: str, updated: float | None, extracted: float, name: str | None = "a", **fields: object) -> Row:
    return Row(
        id_, {"name": name, **fields}, None if updated is None else at(updated), at(extracted) + timedelta(seconds=1)
    )


def gone(id_: str, updated: float, extracted: float) -> Row:
    return Row(id_, None, at(updated), at(extracted) + timedelta(seconds=1), is_deleted=True)


def spans(folding: Folding, id_: str = "1") -> list[tuple[object, float, float | None, bool]]:
    """(name, from minute, to minute, ended by a deletion) of each version, in order."""
    minute = timedelta(minutes=1)
    mine = sorted((v for v in folding.versions() if v.id == id_), key=lambda v: v.valid_from)
    return [
        (
            v.values[0],
            (v.valid_from - at(0)) / minute,
            None if v.valid_to is None else (v.valid_to - at(0)) / minute,
            v.is_deleted,
        )
        for v in mine
    ]


def fold_each(folding: Folding, *pulls: PullOf) -> None:
    """Land and fold one after the other, and hold the result against the oracle and against a rebuild."""
    for pull in pulls:
        folding.land(pull)
        folding.fold()
    agrees(folding, *pulls)


def agrees(folding: Folding, *pulls: PullOf) -> None:
    expected = history(pulls, thing_values)
    assert folding.versions() == expected
    folding.fold(rebuild=True)
    assert folding.versions() == expected


def test_a_tracked_change_closes_the_version_and_opens_the_next(folding: Folding) -> None:
    fold_each(folding, change(10, thing("1", 1, 10)), change(20, thing("1", 15, 20, "b")))
    assert spans(folding) == [("a", 1, 15, False), ("b", 15, None, False)]


def test_an_unchanged_delivery_costs_no_file_and_no_commit(folding: Folding) -> None:
    folding.land(change(10, thing("1", 1, 10)))
    folding.fold()
    before = sorted(folding.table_path.rglob("*"))
    folding.land(change(20, thing("1", 1, 20)))
    assert folding.fold().commits == 0
    assert sorted(folding.table_path.rglob("*")) == before


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


def listing(number: int, *rows: Row, **more: object) -> PullOf:
    return change(number, *rows, kind="listing", **more)


def test_absence_from_a_complete_listing_deletes_at_its_start(folding: Folding) -> None:
    fold_each(
        folding,
        listing(10, thing("1", 1, 10), thing("2", 1, 10)),
        listing(20, thing("2", 1, 20)),
    )
    assert spans(folding) == [("a", 1, 20, True)]
    assert spans(folding, "2") == [("a", 1, None, False)]


def test_absence_from_an_incomplete_listing_means_nothing(folding: Folding) -> None:
    fold_each(
        folding,
        listing(10, thing("1", 1, 10), thing("2", 1, 10)),
        listing(20, thing("2", 15, 20, "b"), complete=False),
    )
    assert spans(folding) == [("a", 1, None, False)]
    assert spans(folding, "2") == [("a", 1, 15, False), ("b", 15, None, False)]


def test_a_record_that_returns_identical_opens_a_version_at_the_listing_that_has_it_again(folding: Folding) -> None:
    one, two = (lambda m: thing("1", 1, m)), (lambda m: thing("2", 1, m))
    fold_each(
        folding,
        listing(10, one(10), two(10)),
        listing(20, two(20)),
        listing(30, one(30), two(30)),
        listing(40, one(40), two(40)),
    )
    assert spans(folding) == [("a", 1, 20, True), ("a", 30, None, False)]


def test_an_empty_listing_deletes_nothing_until_a_second_one_agrees(folding: Folding) -> None:
    folding.land(listing(10, thing("1", 1, 10)))
    folding.land(listing(20))
    assert folding.fold().held
    assert spans(folding) == [("a", 1, None, False)]
    pulls = [listing(10, thing("1", 1, 10), name="x")]
    folding.land(listing(30))
    assert not folding.fold().held
    assert spans(folding) == [("a", 1, 20, True)]
    assert pulls


def test_a_shrunken_listing_is_rejected_when_its_records_come_back(folding: Folding) -> None:
    all_of = lambda m: [thing(str(n), 1, m) for n in range(60)]  # noqa: E731
    fold_each(folding, listing(10, *all_of(10)), listing(20, *all_of(20)[:30]), listing(30, *all_of(30)))
    assert all(v.valid_to is None for v in folding.versions())


def test_a_shrunken_listing_deletes_from_its_own_time_when_the_next_agrees(folding: Folding) -> None:
    all_of = lambda m: [thing(str(n), 1, m) for n in range(60)]  # noqa: E731
    fold_each(folding, listing(10, *all_of(10)), listing(20, *all_of(20)[:30]), listing(30, *all_of(30)[:30]))
    assert {v.valid_to for v in folding.versions()} == {None, at(20)}


def test_a_listing_with_records_without_a_key_deletes_nothing(folding: Folding) -> None:
    folding.land(listing(10, thing("1", 1, 10), thing("2", 1, 10)))
    folding.land(listing(20, thing("2", 1, 20), Row(None, {"name": "?"}, at(1), at(20), problem="no key")))
    report = folding.fold()
    assert report.quarantined == 1
    assert spans(folding) == [("a", 1, None, False)]


def test_a_vendor_without_times_counts_from_extraction(folding: Folding) -> None:
    fold_each(
        folding,
        listing(10, thing("1", None, 10), thing("2", None, 10)),
        listing(20, thing("1", None, 20), thing("2", None, 20, "b")),
        listing(30, thing("1", None, 30), thing("2", None, 30, "b")),
    )
    assert [name for name, *_ in spans(folding)] == ["a"]
    assert [name for name, *_ in spans(folding, "2")] == ["a", "b"]


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


def test_a_fold_that_lost_its_ledger_ends_the_same(folding: Folding) -> None:
    fold_each(folding, change(10, thing("1", 1, 10)), change(20, thing("1", 15, 20, "b")))
    before = folding.versions()
    folding.ledger = type(folding.ledger)()
    folding.fold()
    assert folding.versions() == before


def test_a_wide_table_stays_right_over_many_commits_and_checkpoints(tmp_path: Path) -> None:
    wide = {f"column_{number}": "integer" for number in range(40)} | {"name": "text"}
    folding = Folding(tmp_path, mapping=things_mapping(columns=wide, untracked=[]))
    for day in range(1, 26):
        rows = [thing(str(n), day * 10 - 1, day * 10, f"day {day if n == day % 3 else 0}") for n in range(3)]
        folding.land(change(day * 10, *rows))
        folding.fold()
    assert (folding.table_path / "_delta_log" / "_last_checkpoint").exists()
    rows = folding.rows()
    assert sorted(row["source_id"] for row in rows if row["is_current"]) == ["0", "1", "2"]
    assert len(rows) == len({(row["source_id"], row["valid_from"]) for row in rows})
    folding.fold(rebuild=True)
    key = ["source_id", "valid_from"]
    assert sorted(folding.rows(), key=lambda r: [r[k] for k in key]) == sorted(rows, key=lambda r: [r[k] for k in key])


def test_files_hold_current_or_closed_rows_and_stay_few(folding: Folding) -> None:
    for day in range(1, 30):
        folding.land(change(day * 10, thing("1", day * 10 - 1, day * 10, f"v{day}"), thing(f"n{day}", 1, day * 10)))
        folding.fold()
    files = folding.snapshot().files
    assert sum(file.is_current for file in files) == 1
    assert sum(not file.is_current for file in files) <= 9
    assert sum(file.rows for file in files if file.is_current) == 30


def test_closed_rows_are_only_appended(folding: Folding) -> None:
    for day in (1, 2):
        folding.land(change(day * 10, thing("1", day * 10 - 1, day * 10, f"v{day}")))
        folding.fold()
    before = {file.name for file in folding.snapshot().files if not file.is_current}
    folding.land(change(30, thing("1", 29, 30, "v3")))
    folding.fold()
    assert before < {file.name for file in folding.snapshot().files if not file.is_current}


def test_a_file_that_two_receipts_name_counts_once(folding: Folding) -> None:
    pull = listing(10, thing("1", 1, 10), thing("2", 1, 10), name="first")
    folding.land(pull)
    folding.fold()
    before = folding.versions()
    raw = folding.root / "data/acme/raw/vendor/things"
    (raw / "second.receipt.json").write_bytes((raw / "first.receipt.json").read_bytes())
    assert folding.fold().commits == 0
    folding.fold(rebuild=True)
    assert folding.versions() == before


def test_a_receipt_that_is_none_is_told_by_name(folding: Folding) -> None:
    folding.land(change(10, thing("1", 1, 10), name="first"))
    (folding.root / "data/acme/raw/vendor/things/bad.receipt.json").write_text("{}")
    with pytest.raises(ConfigurationError, match=r"acme, vendor/things.*bad\.receipt\.json"):
        folding.fold()


def test_a_raw_file_that_is_missing_is_told_by_name(folding: Folding) -> None:
    folding.land(change(10, thing("1", 1, 10), name="first"))
    (folding.root / "data/acme/raw/vendor/things/first-0.parquet").unlink()
    with pytest.raises(StorageError, match=r"first-0\.parquet is missing"):
        folding.fold()


def test_a_damaged_raw_file_is_told_and_changes_nothing(folding: Folding) -> None:
    folding.land(change(10, thing("1", 1, 10)))
    folding.fold()
    before = folding.versions()
    folding.land(change(20, thing("1", 15, 20, "b"), name="bad"))
    (folding.root / "data/acme/raw/vendor/things/bad-0.parquet").write_bytes(b"not parquet at all")
    with pytest.raises(StorageError):
        folding.fold()
    assert folding.versions() == before
    with pytest.raises(StorageError):
        folding.fold(rebuild=True)
    assert folding.versions() == before


def test_another_tenants_receipt_is_never_folded(folding: Folding) -> None:
    other = Folding(folding.root, tenant="globex")
    other.land(change(10, thing("1", 1, 10), name="theirs"))
    folding.land(change(10, thing("2", 1, 10), name="ours"))
    source, target = (folding.root / f"data/{tenant}/raw/vendor/things" for tenant in ("globex", "acme"))
    (target / "theirs.receipt.json").write_bytes((source / "theirs.receipt.json").read_bytes())
    with pytest.raises(ConfigurationError, match="tenant globex"):
        folding.fold()


def decide(folding: Folding, receipt: str, decision: Decision) -> None:
    made = ListingDecision(decision=decision, decided_at=at(1000), decided_by="a person")
    name = decision_name(receipt)
    folding.objects.write(f"acme/raw/vendor/things/{name}", encode_decision(made))


def test_a_held_listing_that_a_person_approves_deletes_from_its_own_time(folding: Folding) -> None:
    folding.land(listing(10, *(thing(str(n), 1, 10) for n in range(60))))
    (held,) = folding.land(listing(20, *(thing(str(n), 1, 20) for n in range(30))))
    assert folding.fold().held == [held]
    decide(folding, held, "approve")
    assert folding.fold().held == []
    assert sum(v.valid_to == at(20) for v in folding.versions()) == 30
    before = folding.versions()
    folding.fold(rebuild=True)
    assert folding.versions() == before
    assert folding.fold().commits == 0


def test_a_held_listing_that_a_person_rejects_deletes_nothing_ever(folding: Folding) -> None:
    folding.land(listing(10, *(thing(str(n), 1, 10) for n in range(60))))
    (held,) = folding.land(listing(20, *(thing(str(n), 1, 20) for n in range(30))))
    folding.fold()
    decide(folding, held, "reject")
    assert folding.fold().held == []
    folding.land(listing(30, *(thing(str(n), 1, 30) for n in range(59))))
    folding.fold()
    assert {v.valid_to for v in folding.versions() if v.id != "59"} == {None}
    assert {v.valid_to for v in folding.versions() if v.id == "59"} == {at(30)}


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


def test_a_writer_that_died_between_commit_and_ledger_is_taken_up_from_the_log(folding: Folding) -> None:
    folding.land(change(10, thing("1", 1, 10)))
    folding.fold()
    before = folding.ledger
    folding.land(change(20, thing("1", 15, 20, "b")))
    folding.fold()
    folding.ledger = before
    folding.land(change(30, thing("1", 25, 30, "c")))
    report = folding.fold()
    assert (report.receipts, report.rebuilt) == (1, False)
    assert [name for name, *_ in spans(folding)] == ["a", "b", "c"]


def test_files_that_nothing_refers_to_are_swept_after_a_week_and_fresh_ones_are_left(folding: Folding) -> None:
    for day in range(1, 20):
        folding.land(change(day * 10, thing("1", day * 10 - 1, day * 10, f"v{day}")))
        folding.fold()
    old = folding.table_path / "20200101T000000000000Z-0.parquet"
    fresh = folding.table_path / "20260101T000000000000Z-0.parquet"
    for file in (old, fresh):
        file.write_bytes(b"left by a killed writer")
    os.utime(old, (0, 0))
    folding.land(change(200, thing("1", 199, 200, "v20")))
    folding.fold()
    assert folding.snapshot().version == 19
    assert not old.exists()
    assert fresh.exists()
    folding.land(change(210, thing("1", 209, 210, "v21")))
    assert not folding.fold().rebuilt
    assert len(folding.versions()) == 21
