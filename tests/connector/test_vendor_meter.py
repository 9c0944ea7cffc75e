"""What is read from a vendor's answer about its limits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from avesa.connector.limits import Told
from avesa.connector.request import Response
from avesa.connector.vendor_meter import Reading, read_meter

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
EPOCH = int(NOW.timestamp())


def answer(status: int = 200, body: bytes = b"[]", **headers: object) -> Response:
    return Response(status, {k.replace("_", "-"): str(v) for k, v in headers.items()}, body, "https://v.example")


def read(told: Told, response: Response, share: float = 1.0) -> Reading | None:
    return read_meter(told, response, share=share, now=NOW, limited=response.status == 429)


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("seconds", "30"),
        ("milliseconds", "30000"),
        ("epoch", str(EPOCH + 30)),
        ("epoch_milliseconds", str(1000 * EPOCH + 30_000)),
        ("iso", "2026-03-01T12:00:30Z"),
        ("iso", "2026-03-01T13:00:30+01:00"),
        ("http_date", "Sun, 01 Mar 2026 12:00:30 GMT"),
    ],
)
def test_a_reset_is_read_in_the_form_that_the_vendor_uses(form: Any, text: str) -> None:
    told = Told("X-RateLimit-Remaining", reset="X-RateLimit-Reset", reset_as=form)
    assert read(told, answer(x_ratelimit_remaining=5, x_ratelimit_reset=text)) == Reading(5, 30.0)


def test_a_moment_goes_by_the_vendors_own_clock() -> None:
    told = Told("left", reset="reset", reset_as="epoch")
    ahead = answer(left=5, reset=EPOCH + 100, date="Sun, 01 Mar 2026 12:01:00 GMT")
    assert read(told, ahead) == Reading(5, 40.0)


def test_the_share_of_others_is_left_alone_where_the_limit_is_known() -> None:
    told = Told("left", limit="limit", per=timedelta(seconds=10))
    assert read(told, answer(left=150, limit=600), share=0.9) == Reading(90, 10.0)
    assert read(told, answer(left=60, limit=600), share=0.9) == Reading(0, 10.0)


@pytest.mark.parametrize("text", ["api-usage=14/15000", "14 / 15000 (per-app)"])
def test_a_header_can_tell_how_much_of_the_limit_is_used(text: str) -> None:
    told = Told(used_of="Sforce-Limit-Info", per=timedelta(hours=1))
    assert read(told, answer(sforce_limit_info=text)) == Reading(14_986, 3600.0)


def test_what_is_left_can_stand_in_the_body() -> None:
    told = Told("data.complexity.after", reset="data.complexity.reset_in_x_seconds", in_body=True)
    body = b'{"data": {"complexity": {"after": 49000, "reset_in_x_seconds": 12}, "boards": []}}'
    assert read(told, answer(body=body)) == Reading(49_000, 12.0)
    assert read(told, answer(body=b'{"data": null}')) is None
    assert read(told, answer(body=b"<html>")) is None


def test_a_429_that_tells_when_it_begins_anew_means_that_nothing_is_left() -> None:
    told = Told("left", reset="reset")
    assert read(told, answer(429, reset=8)) == Reading(0, 8.0)
    assert read(told, answer(429)) is None


def test_a_limit_of_zero_is_no_budget() -> None:
    told = Told("left", limit="limit", reset="reset")
    assert read(told, answer(429, left=0, limit=0, reset=8)) is None


@pytest.mark.parametrize("text", ["", "soon", "nan", "inf", "1e999"])
def test_what_cannot_be_read_tells_nothing(text: str) -> None:
    assert read(Told("left"), answer(left=text)) is None
    unread = read(Told("left", reset="reset"), answer(left=1, reset=text))
    assert unread == Reading(1, 60.0)


def test_numbers_that_no_limit_can_be_are_read_as_the_largest_that_count() -> None:
    told = Told("left", reset="reset")
    assert read(told, answer(left="1e300", reset="1e300")) == Reading(10**15, 31 * 86_400.0)
    used = Told(used_of="Sforce-Limit-Info", per=timedelta(hours=1))
    assert read(used, answer(sforce_limit_info=f"{'9' * 400}/{'9' * 400}")) is None


def test_a_moment_beyond_the_calendar_says_nothing() -> None:
    told = Told("left", reset="reset", reset_as="http_date", per=timedelta(seconds=10))
    far = "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"
    assert read(told, answer(left=5, reset=far, date=far)) == Reading(5, 10.0)
