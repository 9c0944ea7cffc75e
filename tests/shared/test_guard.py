"""When a listing that lacks records may delete them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avesa.shared.errors import UsageError
from avesa.shared.guard import Guard, guard_of


@pytest.mark.parametrize(
    ("known", "lost", "listed", "suspected"),
    [
        (0, 0, 0, False),
        (0, 0, 5, False),
        (1, 1, 0, True),
        (20, 20, 1, False),
        (30, 20, 10, False),
        (30, 21, 9, True),
        (420, 21, 399, False),
        (419, 21, 398, True),
        (1000, 50, 950, False),
        (1000, 51, 949, True),
    ],
)
def test_an_empty_listing_or_one_that_lacks_too_much_is_suspected(
    known: int, lost: int, listed: int, suspected: bool
) -> None:
    assert Guard().suspects(known, lost, listed) is suspected


@pytest.mark.parametrize(("share", "known", "lost"), [("0.29", 100, 29), ("0.35", 180, 63), ("0.7", 90, 63)])
def test_exactly_the_share_is_not_more_than_the_share(share: str, known: int, lost: int) -> None:
    guard = guard_of({"deletes_share": share}, "tickets")
    assert not guard.suspects(known, lost, known - lost)
    assert guard.suspects(known, lost + 1, known - lost - 1)


@given(st.integers(0, 100), st.integers(0, 30), st.integers(0, 1000).map(lambda n: 100 * n), st.integers(-1, 1))
def test_around_the_share_the_guard_reckons_as_a_person_would(
    percent: int, records: int, known: int, more: int
) -> None:
    lost = max(0, percent * known // 100 + more)
    guard = guard_of({"deletes_share": str(percent / 100), "deletes_records": str(records)}, "tickets")
    assert guard.suspects(known, lost, 1) is (lost > records and 100 * lost > percent * known)


def test_the_settings_set_it_for_a_service_and_for_one_table() -> None:
    settings = {
        "deletes_share": "0.2",
        "deletes_records": "5",
        "deletes_share.tickets": "1",
        "deletes_records.notes": "0",
    }
    assert guard_of({}, "tickets") == Guard(0.05, 20)
    assert guard_of(settings, "contacts") == Guard(0.2, 5)
    assert guard_of(settings, "tickets") == Guard(1.0, 5)
    assert guard_of(settings, "notes") == Guard(0.2, 0)


@pytest.mark.parametrize(
    "settings",
    [
        {"deletes_share": "20"},
        {"deletes_share": "much"},
        {"deletes_share": "nan"},
        {"deletes_share": "-0.1"},
        {"deletes_records": "1.5"},
        {"deletes_records": "-1"},
        {"deletes_records": "inf"},
        {"deletes_records.tickets": "few"},
    ],
)
def test_a_value_that_makes_no_sense_is_refused_by_name(settings: dict[str, str]) -> None:
    with pytest.raises(UsageError, match=next(iter(settings)).partition(".")[0]):
        guard_of(settings, "tickets")
