from __future__ import annotations

from datetime import timedelta

import pytest

from avesa.connector.connection import check_settings
from avesa.connector.pull_settings import check_pull_setting, every_of, is_pull_setting, overlap_of, relist_of
from avesa.connector.service import Endpoint
from avesa.shared.errors import UsageError, Where
from tiny_vendor import SERVICE

TICKETS = Endpoint("tickets", "/tickets", every=timedelta(minutes=5))


@pytest.mark.parametrize(
    ("name", "value", "seconds"),
    [
        ("overlap_seconds", "120", 120),
        ("overlap_seconds.tickets", "0", 0),
        ("every", "45s", 45),
        ("every.tickets", "15m", 900),
        ("relist", "6h", 21_600),
        ("relist.tickets", "1 d", 86_400),
        ("every", "0m", 0),
    ],
)
def test_settings_are_seconds_or_durations(name: str, value: str, seconds: int) -> None:
    assert is_pull_setting(name)
    assert check_pull_setting(name, value) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("overlap_seconds", "2m"),
        ("overlap_seconds", "-1"),
        ("overlap_seconds", "1.5"),
        ("overlap_seconds", "99999999"),
        ("every", "often"),
        ("every", "15"),
        ("every", "1w"),
        ("relist.tickets", "-1d"),
        ("relist", ""),
    ],
)
def test_anything_else_is_refused_with_what_was_expected(name: str, value: str) -> None:
    with pytest.raises(UsageError, match=name):
        check_pull_setting(name, value)


def test_the_setting_of_a_table_goes_before_that_of_all_and_both_before_the_declaration() -> None:
    minutes = timedelta(minutes=1)
    assert every_of({}, TICKETS) == 5 * minutes
    assert every_of({"every": "20m"}, TICKETS) == 20 * minutes
    assert every_of({"every": "20m", "every.tickets": "30m"}, TICKETS) == 30 * minutes
    assert relist_of({"relist.boards": "2d"}, TICKETS) == timedelta(days=1)
    assert overlap_of({}, "tickets") is None
    assert overlap_of({"overlap_seconds.tickets": "60"}, "tickets") == minutes


def test_any_service_takes_them_and_only_for_tables_that_it_has() -> None:
    check_settings(SERVICE, {"every.tickets": "15m", "overlap_seconds": "5"}, where=Where("acme"))
    with pytest.raises(UsageError, match="names no table"):
        check_settings(SERVICE, {"every.nothing": "15m"}, where=Where("acme"))
    with pytest.raises(UsageError, match="a duration such as"):
        check_settings(SERVICE, {"relist": "soon"}, where=Where("acme"))
    with pytest.raises(UsageError, match="no setting"):
        check_settings(SERVICE, {"everything": "1h"}, where=Where("acme"))
