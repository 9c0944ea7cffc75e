"""When a listing that lacks records may delete them."""

from __future__ import annotations

import pytest

from avesa.shared.errors import UsageError
from avesa.shared.guard import Guard, guard_of


@pytest.mark.parametrize(
    ("known", "lost", "listed", "suspected"),
    [
        (0, 0, 0, False),
        (1, 1, 0, True),
        (30, 20, 10, False),
        (30, 21, 9, True),
        (1000, 50, 950, False),
        (1000, 51, 949, True),
    ],
)
def test_an_empty_listing_or_one_that_lacks_too_much_is_suspected(
    known: int, lost: int, listed: int, suspected: bool
) -> None:
    assert Guard().suspects(known, lost, listed) is suspected


def test_the_settings_set_it_for_a_service_and_for_one_table() -> None:
    settings = {"deletes_share": "0.2", "deletes_records": "5", "deletes_share.tickets": "1"}
    assert guard_of({}, "tickets") == Guard(0.05, 20)
    assert guard_of(settings, "contacts") == Guard(0.2, 5)
    assert guard_of(settings, "tickets") == Guard(1.0, 5)


@pytest.mark.parametrize(
    "settings",
    [{"deletes_share": "20"}, {"deletes_share": "much"}, {"deletes_records": "1.5"}, {"deletes_records": "-1"}],
)
def test_a_value_that_makes_no_sense_is_refused_by_name(settings: dict[str, str]) -> None:
    with pytest.raises(UsageError, match=next(iter(settings))):
        guard_of(settings, "tickets")
