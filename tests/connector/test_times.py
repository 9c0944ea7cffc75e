"""How vendors write moments: read exactly, and written so that nothing is asked for too late."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avesa.connector.times import (
    MILLISECONDS,
    SECONDS,
    TICKS,
    Epoch,
    FirstOf,
    Form,
    Iso,
    MicrosoftDate,
    Times,
    Written,
    read_time,
    zoned,
    zoned_form,
)
from avesa.shared.errors import ConfigurationError

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
MICROSECOND = timedelta(microseconds=1)
BERLIN = "Europe/Berlin"
SERVICENOW = Written("%Y-%m-%d %H:%M:%S", never=("",))


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-01T12:00:00Z", NOON),
        ("2026-03-01T14:00:00+02:00", NOON),
        ("2026-03-01 12:00:00", NOON),
        ("2026-03-01T12:00:00.1234567Z", NOON + timedelta(microseconds=123456)),
        ("2026-03-01", NOON - 12 * HOUR),
        (None, None),
    ],
)
def test_times_are_read_in_all_iso_forms_and_are_utc_without_a_zone(text: str | None, moment: datetime | None) -> None:
    assert read_time(text) == moment


@pytest.mark.parametrize("value", ["soon", "", 1772366400, True, ["2026"], "0001-01-01T00:00:00+05:00"])
def test_other_values_are_no_times(value: object) -> None:
    with pytest.raises(ValueError):
        read_time(value)


@pytest.mark.parametrize(
    ("times", "value", "moment"),
    [
        (Iso(), "2026-03-01T12:00:00.000+0000", NOON),
        (Iso(), "2026-03-01T06:30:00-0530", NOON),
        (Iso(), "2026-03-01 12:00:00", NOON),
        (Iso(), " 2026-03-01T12:00Z ", NOON),
        (Iso(BERLIN), "2026-03-01T13:00:00", NOON),
        (Iso(BERLIN), "2026-03-01T12:00:00Z", NOON),
        (Iso(BERLIN), "2026-03-01", NOON - 13 * HOUR),
        (SECONDS, 1772366400, NOON),
        (SECONDS, "1772366400", NOON),
        (SECONDS, 1772366400.0, NOON),
        (SECONDS, "1772366400.000216", NOON + timedelta(microseconds=216)),
        (SECONDS, 1772366400.000216, NOON + timedelta(microseconds=216)),
        (SECONDS, "1772366400.9999999", NOON + timedelta(microseconds=999_999)),
        (SECONDS, "-0.0000001", datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)),
        (SECONDS, 0, datetime(1970, 1, 1, tzinfo=UTC)),
        (MILLISECONDS, 1772366400123, NOON + timedelta(milliseconds=123)),
        (MILLISECONDS, "1772366400123", NOON + timedelta(milliseconds=123)),
        (TICKS, "17723664000000019", NOON + MICROSECOND),
        (MicrosoftDate(), "/Date(1772366400123)/", NOON + timedelta(milliseconds=123)),
        (MicrosoftDate(), "/Date(1772366400000+0000)/", NOON),
        (MicrosoftDate(), "/Date(1772366400000-0700)/", NOON),
        (MicrosoftDate(), "/Date(-1000)/", datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)),
        (SERVICENOW, "2026-03-01 12:00:00", NOON),
        (Written("%m/%d/%Y %H:%M", "America/New_York"), "03/01/2026 07:00", NOON),
        (FirstOf((Iso(), SECONDS)), "2026-03-01T12:00:00Z", NOON),
        (FirstOf((Iso(), SECONDS)), 1772366400, NOON),
    ],
)
def test_each_form_is_read_as_the_moment_that_it_means(times: Times, value: object, moment: datetime) -> None:
    assert times.read(value) == moment


@pytest.mark.parametrize(
    ("times", "value"),
    [
        (SERVICENOW, ""),
        (Iso(never=("1970-01-01T00:00:00Z",)), "1970-01-01T00:00:00.000Z"),
        (Iso(never=("0001-01-01T00:00:00Z",)), "0001-01-01T00:00:00Z"),
        (Epoch(never=(0,)), 0),
        (Epoch(never=(0,)), "0"),
        (MicrosoftDate(never=("",)), ""),
        (FirstOf((Iso(never=("",)), SECONDS)), ""),
        *((times, None) for times in (Iso(), SECONDS, MicrosoftDate(), SERVICENOW, FirstOf((Iso(),)))),
    ],
)
def test_what_means_never_is_no_time(times: Times, value: object) -> None:
    assert times.read(value) is None


@pytest.mark.parametrize(
    ("times", "value"),
    [
        *(
            (times, value)
            for times in (Iso(), SECONDS, MicrosoftDate(), Written("%Y-%m-%d"))
            for value in ("soon", "", [], True)
        ),
        (Iso(), 1772366400),
        (SECONDS, "2026-03-01"),
        (SECONDS, "NaN"),
        (SECONDS, float("inf")),
        (SECONDS, "1_000"),
        (SECONDS, 10**24),
        (SECONDS, "1e99"),
        (MicrosoftDate(), 1772366400000),
        (MicrosoftDate(), "/Date()/"),
        (SERVICENOW, "2026-02-30 12:00:00"),
        (FirstOf((Iso(), SECONDS)), "soon"),
    ],
)
def test_anything_else_is_no_time_of_that_form(times: Times, value: object) -> None:
    with pytest.raises(ValueError):
        times.read(value)


moments = st.integers(10**14, 38 * 10**14).map(lambda micro: datetime(1970, 1, 1, tzinfo=UTC) + micro * MICROSECOND)
ZONES = ("UTC", BERLIN, "America/New_York", "Australia/Lord_Howe", "America/Havana", "Asia/Kathmandu")
forms: st.SearchStrategy[Form] = st.one_of(
    st.sampled_from([SECONDS, MILLISECONDS, TICKS, Epoch(digits=6), Epoch(digits=2)]),
    st.builds(Written, st.sampled_from(["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"]), st.sampled_from(ZONES)),
)


@given(forms, moments)
def test_what_is_written_is_never_taken_for_a_later_moment(form: Form, moment: datetime) -> None:
    read = form.read(form.write(moment))
    assert read is not None and read <= moment
    assert form.earliest(form.write(moment)) <= moment < form.earliest(form.write(moment)) + timedelta(hours=28)


@given(forms, moments, moments)
def test_a_later_moment_is_never_written_as_an_earlier_one(form: Form, one: datetime, other: datetime) -> None:
    first, second = sorted((one, other))
    assert form.earliest(form.write(first)) <= form.earliest(form.write(second))


@given(st.sampled_from([Epoch(digits=6), TICKS, Written("%Y-%m-%dT%H:%M:%S.%fZ")]), moments)
def test_a_form_that_can_tell_microseconds_loses_none(form: Form, moment: datetime) -> None:
    assert form.read(form.write(moment)) == moment


@given(st.integers(0, 10**11), st.integers(0, 999_999))
def test_a_fraction_of_seconds_is_exact_as_text(second: int, micro: int) -> None:
    expected = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=second, microseconds=micro)
    assert SECONDS.read(f"{second}.{micro:06}") == expected


def test_an_hour_that_comes_twice_is_asked_for_from_before_it() -> None:
    form = Written("%Y-%m-%d %H:%M", BERLIN)
    twice = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo(BERLIN))
    first, second = twice.astimezone(UTC), twice.replace(fold=1).astimezone(UTC)
    assert second - first == HOUR
    # Asked as 02:30, a vendor could take it for the second one and leave out an hour.
    assert form.write(first) < "2026-10-25 02:00"
    assert form.write(second) == "2026-10-25 02:30"
    assert form.earliest(form.write(second)) == first
    assert form.read("2026-10-25 02:30") == first


def test_a_zone_comes_from_the_tenants_settings() -> None:
    settings = {"timezone": BERLIN}
    assert zoned(Iso("{timezone}"), settings) == Iso(BERLIN)
    assert zoned(FirstOf((SECONDS, Iso("{timezone}"))), settings) == FirstOf((SECONDS, Iso(BERLIN)))
    assert zoned_form(Written("%Y", "{timezone}"), settings) == Written("%Y", BERLIN)
    assert zoned_form(SECONDS, settings) == SECONDS


@pytest.mark.parametrize("name", ["Europe/Atlantis", "", "../etc/passwd", "Berlin\0"])
def test_an_unknown_zone_is_refused_with_examples(name: str) -> None:
    with pytest.raises(ConfigurationError, match="not the name of a time zone") as caught:
        zoned(Iso("{timezone}"), {"timezone": name})
    assert "Europe/Berlin" in caught.value.hint


def test_a_form_that_cannot_be_read_back_is_refused() -> None:
    with pytest.raises(ValueError):
        Written("%Y-%Q")
