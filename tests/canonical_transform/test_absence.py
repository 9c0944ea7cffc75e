"""Deletion by absence: what listings say about the records that they do not hold."""

from __future__ import annotations

from fold_story import agrees, decide, fold_each, listing, spans, thing
from fold_table import Folding
from raw_files import Row, at


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
