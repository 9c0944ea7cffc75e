"""Deletion by absence: what listings say about the records that they do not hold."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from avesa.canonical_transform.ledger import encode_ledger
from avesa.shared.guard import Guard
from fold_story import agrees, change, decide, fold_each, gone, listing, spans, thing
from fold_table import Folding, thing_values
from raw_files import PullOf, Row, at
from scd2_oracle import history


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
    first, empty, again = listing(10, thing("1", 1, 10)), listing(20), listing(30)
    folding.land(first, empty)
    assert folding.fold().held
    assert spans(folding) == [("a", 1, None, False)]
    folding.land(again)
    assert not folding.fold().held
    assert spans(folding) == [("a", 1, 20, True)]
    agrees(folding, first, empty, again)


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


def many(count: int, minute: int) -> list[Row]:
    return [thing(str(number), 1, minute) for number in range(count)]


@pytest.mark.parametrize(
    ("known", "lost", "held"), [(40, 20, False), (40, 21, True), (420, 21, False), (420, 22, True)]
)
def test_a_listing_is_held_if_it_lacks_more_than_20_records_and_more_than_5_percent(
    folding: Folding, known: int, lost: int, held: bool
) -> None:
    pulls = listing(10, *many(known, 10)), listing(20, *many(known - lost, 20))
    folding.land(pulls[0])
    folding.fold()
    folding.land(pulls[1])
    assert bool(folding.fold().held) is held
    assert sum(v.is_deleted for v in folding.versions()) == (0 if held else lost)
    agrees(folding, *pulls)


def test_the_limits_can_be_set(tmp_path: Path) -> None:
    folding = Folding(tmp_path, guard=Guard(share=0.1, records=2))
    for number, (count, held) in enumerate([(30, False), (27, False), (24, True)]):
        folding.land(listing(10 * (number + 1), *many(count, 10 * (number + 1))))
        assert bool(folding.fold().held) is held


def test_other_limits_judge_anew_what_was_held(folding: Folding) -> None:
    folding.land(listing(10, *many(60, 10)), listing(20, *many(30, 20)))
    assert folding.fold().held
    folding.guard = Guard(share=0.5, records=20)
    assert not folding.fold().held
    assert sum(v.valid_to == at(20) for v in folding.versions()) == 30
    folding.guard = Guard()
    assert folding.fold().held
    assert {v.valid_to for v in folding.versions()} == {None}


def test_the_rows_of_a_held_listing_are_observations_like_any_other(folding: Folding) -> None:
    fold_each(folding, listing(10, *many(60, 10)), listing(20, thing("1", 15, 20, "b"), thing("new", 15, 20)))
    assert spans(folding) == [("a", 1, 15, False), ("b", 15, None, False)]
    assert spans(folding, "new") == [("a", 15, None, False)]


def test_a_listing_says_nothing_of_what_was_extracted_after_it_began(folding: Folding) -> None:
    fold_each(
        folding,
        change(10, thing("2", 1, 10)),
        listing(20, thing("2", 1, 22)),
        change(15, thing("1", 5, 21)),
    )
    assert spans(folding) == [("a", 5, None, False)]


def test_a_record_that_returns_changed_lives_again_from_its_change(folding: Folding) -> None:
    fold_each(
        folding,
        listing(10, thing("1", 1, 10), thing("2", 1, 10)),
        listing(20, thing("2", 1, 20)),
        listing(30, thing("1", 25, 30), thing("2", 1, 30)),
    )
    assert spans(folding) == [("a", 1, 20, True), ("a", 25, None, False)]


def test_a_record_without_times_that_returns_identical_lives_again_from_when_it_was_seen(folding: Folding) -> None:
    two = lambda m: thing("2", None, m)  # noqa: E731
    fold_each(
        folding,
        listing(10, thing("1", None, 10), two(10)),
        listing(20, two(20)),
        listing(30, thing("1", None, 30), two(30)),
    )
    second = 1 / 60
    assert spans(folding) == [("a", 10 + second, 20, True), ("a", 30 + second, None, False)]


def test_a_record_that_goes_and_returns_again_and_again(folding: Folding) -> None:
    two = lambda m: thing("2", 1, m)  # noqa: E731
    fold_each(
        folding,
        listing(10, thing("1", 1, 10), two(10)),
        listing(20, two(20)),
        listing(30, thing("1", 1, 30), two(30)),
        listing(40, two(40)),
        listing(50, thing("1", 1, 50), two(50)),
    )
    assert spans(folding) == [("a", 1, 20, True), ("a", 30, 40, True), ("a", 50, None, False)]


def test_a_change_that_is_older_than_the_absence_does_not_bring_a_record_back(folding: Folding) -> None:
    fold_each(
        folding,
        listing(10, thing("1", 1, 10), thing("2", 1, 10)),
        listing(20, thing("2", 1, 20)),
        change(30, thing("1", 15, 30, "b")),
    )
    assert spans(folding) == [("a", 1, 15, False), ("b", 15, 20, True)]


def test_a_record_that_a_listing_tells_as_deleted_is_deleted_when_it_says(folding: Folding) -> None:
    fold_each(
        folding, listing(10, thing("1", 1, 10), thing("2", 1, 10)), listing(20, gone("1", 15, 20), thing("2", 1, 20))
    )
    assert spans(folding) == [("a", 1, 15, True)]


def test_an_incomplete_listing_agrees_with_nothing(folding: Folding) -> None:
    fold_each(folding, listing(10, thing("1", 1, 10)), listing(20), listing(30, complete=False))
    assert spans(folding) == [("a", 1, None, False)]


def test_a_listing_with_records_without_a_key_agrees_with_nothing(folding: Folding) -> None:
    keyless = Row(None, {"name": "?"}, at(1), at(30), problem="no key")
    pulls = listing(10, thing("1", 1, 10)), listing(20), listing(30, keyless), listing(40)
    fold_each(folding, *pulls[:3])
    assert spans(folding) == [("a", 1, None, False)]
    folding.land(pulls[3])
    folding.fold()
    agrees(folding, *pulls)
    assert spans(folding) == [("a", 1, 20, True)]


def test_a_listing_is_wrong_if_one_of_its_missing_records_comes_back_and_the_next_is_held_for_the_rest(
    folding: Folding,
) -> None:
    fold_each(
        folding,
        listing(10, *many(60, 10)),
        listing(20, *many(30, 20)),
        listing(30, *many(31, 30)),
        listing(40, *many(31, 40)),
    )
    assert Counter(v.valid_to for v in folding.versions()) == {None: 31, at(30): 29}


def test_a_listing_that_lacks_more_agrees_with_the_one_before_and_waits_for_the_rest_of_it(folding: Folding) -> None:
    fold_each(folding, listing(10, *many(90, 10)), listing(20, *many(60, 20)), listing(30, *many(30, 30)))
    assert Counter(v.valid_to for v in folding.versions()) == {None: 60, at(20): 30}


def test_what_a_change_pull_saw_after_a_held_listing_is_gone_from_the_listing_that_agrees(folding: Folding) -> None:
    fold_each(folding, listing(10, thing("1", 1, 10)), listing(20), change(25, thing("1", 22, 25)), listing(30))
    assert spans(folding) == [("a", 1, 20, True), ("a", 22, None, False)]
    folding.land(listing(40))
    folding.fold()
    assert spans(folding) == [("a", 1, 20, True), ("a", 22, 30, True)]


def test_a_decision_holds_whenever_it_is_made(folding: Folding) -> None:
    """Before the listing was folded, and also where the guard would have let it delete."""
    first, second = listing(10, *many(60, 10)), listing(20, *many(30, 20), name="shrunken")
    third = listing(30, *many(29, 30), name="one less")
    decide(folding, "shrunken.receipt.json", "approve")
    decide(folding, "one less.receipt.json", "reject")
    for pull in (first, second, third):
        folding.land(pull)
        assert folding.fold().held == []
    assert Counter(v.valid_to for v in folding.versions()) == {None: 30, at(20): 30}


@pytest.mark.parametrize("pull", [listing(20, complete=False, name="it"), change(20, name="it")])
def test_a_decision_about_what_is_no_complete_listing_means_nothing(folding: Folding, pull: PullOf) -> None:
    folding.land(listing(10, *many(3, 10)), pull)
    decide(folding, "it.receipt.json", "approve")
    folding.fold()
    assert {v.valid_to for v in folding.versions()} == {None}


def test_a_change_from_between_two_listings_that_show_a_record_as_it_came_back_is_late(folding: Folding) -> None:
    """The listing of minute 40 shows it as of minute 1 once more: that observation holds from minute 40."""
    two = lambda m: thing("2", 1, m)  # noqa: E731
    fold_each(
        folding,
        listing(10, thing("1", 1, 10), two(10)),
        listing(20, two(20)),
        listing(30, thing("1", 1, 30), two(30)),
        listing(40, thing("1", 1, 40), two(40)),
        change(50, thing("1", 35, 50, "b")),
    )
    assert spans(folding) == [("a", 1, 20, True), ("a", 30, 35, False), ("b", 35, 40, False), ("a", 40, None, False)]


def test_a_change_told_after_its_record_came_back_stands_where_it_belongs(folding: Folding) -> None:
    """The listing showed it as of minute 15, and held from minute 30; the change pull says what was in minute 15."""
    fold_each(
        folding,
        listing(10, thing("1", 1, 10), thing("2", 1, 10)),
        listing(20, thing("2", 1, 20)),
        listing(30, thing("1", 15, 30, "b"), thing("2", 1, 30)),
        change(40, thing("1", 15, 40, "b")),
    )
    assert spans(folding) == [("a", 1, 15, False), ("b", 15, 20, True), ("b", 30, None, False)]


def test_an_absence_in_the_very_instant_of_a_record_ends_what_is_told_of_the_time_before(folding: Folding) -> None:
    """Of a record and its absence in one instant the absence wins, so that no version is left to tell of it."""
    ahead = Row("1", {"name": "a"}, at(20), at(10))
    fold_each(
        folding,
        change(10, ahead, thing("2", 1, 10)),
        listing(20, thing("2", 1, 20)),
        change(30, thing("1", 15, 30, "b")),
    )
    assert spans(folding) == [("b", 15, 20, True)]


def test_a_record_that_an_incomplete_listing_showed_again_is_known_to_the_listing_that_agrees(folding: Folding) -> None:
    """Gone from minute 20, as the listing of minute 30 confirms, back in minute 25, and gone in minute 30."""
    fold_each(
        folding,
        change(10, thing("1", 1, 10)),
        listing(20),
        listing(25, thing("1", 1, 25), complete=False),
        listing(30),
        listing(40),
    )
    assert spans(folding) == [("a", 1, 20, True), ("a", 25, 30, True)]


def test_a_late_change_from_before_its_absence_does_not_bring_a_record_back_to_life(folding: Folding) -> None:
    """Dead since minute 20, it cannot be missed in minute 30, and lives again from its change in minute 25."""
    two = lambda m: thing("2", 1, m)  # noqa: E731
    fold_each(
        folding,
        change(10, thing("1", 1, 10), two(10)),
        listing(20, two(20)),
        change(25, thing("1", 15, 25, "b")),
        listing(30, two(30)),
        listing(40, thing("1", 25, 40, "c"), two(40)),
    )
    assert spans(folding) == [("a", 1, 15, False), ("b", 15, 20, True), ("c", 25, None, False)]


def test_a_record_that_was_deleted_after_a_held_listing_stays_deleted_when_it_is_confirmed(folding: Folding) -> None:
    fold_each(
        folding,
        change(10, thing("1", 1, 10)),
        listing(20),
        change(25, gone("1", 25, 25)),
        listing(30),
        listing(40),
        listing(50, thing("1", 28, 50, "c")),
    )
    assert spans(folding) == [("a", 1, 20, True), ("c", 28, None, False)]


def test_a_listing_folded_together_with_a_slow_pull_says_nothing_of_what_came_after_it_began(folding: Folding) -> None:
    before, slow = change(10, thing("2", 1, 10)), change(15, thing("1", 5, 21))
    complete = listing(20, thing("2", 1, 22))
    folding.land(before)
    folding.fold()
    folding.land(slow, complete)
    folding.fold()
    agrees(folding, before, slow, complete)
    assert spans(folding) == [("a", 5, None, False)]


def test_a_listing_with_two_receipts_does_not_agree_with_itself(folding: Folding) -> None:
    """A pull that was killed between its receipt and its watermark leaves a second receipt of the same beginning."""
    folding.land(listing(10, *many(60, 10)))
    folding.fold()
    folding.land(listing(20, *many(30, 20), name="shrunken"))
    raw = folding.root / "data/acme/raw/vendor/things"
    (raw / "shrunken-again.receipt.json").write_bytes((raw / "shrunken.receipt.json").read_bytes())
    assert len(folding.fold().held) == 1
    assert {v.valid_to for v in folding.versions()} == {None}


def test_a_listing_with_two_receipts_that_was_held_waits_no_more_once_the_next_agrees(folding: Folding) -> None:
    first, held = listing(10, *many(60, 10)), listing(20, *many(30, 20), name="held")
    again, agreeing = replace(held, name="held-again"), listing(30, *many(30, 30))
    folding.land(first, held, again, agreeing)
    assert folding.fold().held == []
    agrees(folding, first, held, again, agreeing)
    assert Counter(v.valid_to for v in folding.versions()) == {None: 30, at(20): 30}
    folding.land(change(40, thing("0", 35, 40, "b")))
    assert folding.fold().receipts == 1


def test_what_is_noted_of_listings_that_may_not_delete_does_not_grow_with_them(folding: Folding) -> None:
    """A vendor that has one record without a key, forever. What was missing once must not be deleted by a late row."""

    def lacking(minute: int) -> PullOf:
        return listing(minute, thing("0", 1, minute), Row(None, {"name": "?"}, None, at(minute), problem="no key"))

    pulls = [listing(10, *many(3, 10)), *(lacking(10 * number) for number in range(2, 150))]
    folding.land(*pulls)
    folding.fold()
    assert len(encode_ledger(folding.ledger)) < 100 * len("YYYYMMDDTHHMMSSffffffZ-12345678.receipt.json: rejected")
    late = change(3000, thing("1", 5, 3000, "late"))
    folding.land(late)
    folding.fold()
    agrees(folding, *pulls, late)
    assert spans(folding) == [("a", 1, 5, False), ("late", 5, None, False)]


def test_of_two_listings_of_one_instant_that_lack_too_much_the_first_waits(tmp_path: Path) -> None:
    folding = Folding(tmp_path, guard=Guard(share=0, records=0))
    pulls = (
        listing(10, *many(3, 10)),
        listing(20, thing("0", 1, 20), name="first"),
        listing(20, thing("1", 1, 20), name="second"),
        listing(30, thing("0", 1, 30)),
    )
    for pull in pulls:
        folding.land(pull)
        report = folding.fold()
    assert report.held == []
    expected = history(pulls, thing_values, share=0, records=0)
    assert folding.versions() == expected
    assert {v.id: v.valid_to for v in expected} == {"0": None, "1": at(20), "2": at(20)}
