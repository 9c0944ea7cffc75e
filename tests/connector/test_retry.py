from __future__ import annotations

from datetime import UTC, datetime

import pytest

from avesa.connector.request import Response
from avesa.connector.retry import Errors, Retry, failure, retry_after, wait_before_retry
from avesa.shared.errors import AvesaError, ServiceFailed, TableFailed, Unavailable

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
POLICY = Retry(attempts=4, first_wait=1.0, longest_wait=3.0, longest_retry_after=100.0)


def wait(attempt: int, status: int | None, chance: float = 0.5, **headers: str) -> float | None:
    return wait_before_retry(
        attempt,
        status,
        {name.replace("_", "-"): value for name, value in headers.items()},
        policy=POLICY,
        errors=Errors(),
        random=lambda: chance,
        now=NOON,
    )


@pytest.mark.parametrize("status", [None, 429, 500, 502, 503, 504])
def test_outages_are_retried_with_growing_jittered_waits_until_the_attempts_are_used_up(status: int | None) -> None:
    assert [wait(attempt, status) for attempt in (1, 2, 3, 4)] == [0.5, 1.0, 1.5, None]
    assert wait(1, status, chance=0.0) == 0.0


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 409])
def test_answers_that_will_not_change_are_not_retried(status: int) -> None:
    assert wait(1, status) is None


def test_the_vendors_own_wait_wins_up_to_a_cap() -> None:
    assert wait(1, 429, retry_after="7") == 7.0
    assert wait(1, 503, retry_after="Sun, 01 Mar 2026 12:00:09 GMT") == 9.0
    assert wait(1, 429, retry_after="86400") == 100.0
    assert wait(1, 429, retry_after="later") == 0.5


def test_a_retry_after_in_the_past_means_now() -> None:
    assert retry_after("Sun, 01 Mar 2026 11:00:00 GMT", NOON) == retry_after("-5", NOON) == 0.0
    assert retry_after("inf", NOON) is None


@pytest.mark.parametrize(
    ("status", "kind", "may_retry"),
    [
        (401, ServiceFailed, False),
        (403, TableFailed, False),
        (400, TableFailed, False),
        (404, TableFailed, False),
        (302, TableFailed, False),
        (429, Unavailable, True),
        (503, Unavailable, True),
    ],
)
def test_each_status_becomes_the_error_that_a_caller_can_act_on(
    status: int, kind: type[AvesaError], may_retry: bool
) -> None:
    error = failure(Response(status, {}, b"", "https://v.example"), Errors())
    assert type(error) is kind
    assert error.retry is may_retry
    assert str(status) in str(error)


def test_only_code_and_a_short_message_of_the_vendors_answer_are_told_without_secrets() -> None:
    body = b'{"code":"Bad","message":"key k3y is\\n' + b"x" * 500 + b'","password":"hunter2"}'
    error = str(failure(Response(400, {}, body, "https://v.example"), Errors(), hide=("k3y",)))
    assert "Bad, key *** is x" in error
    assert "k3y" not in error and "hunter2" not in error and len(error) < 250


@pytest.mark.parametrize("body", [b"<html>", b"[1]", b'{"code":7}', b"\xff", b"[" * 9000])
def test_an_error_body_of_another_shape_is_left_out(body: bytes) -> None:
    assert str(failure(Response(400, {}, body, "https://v.example"), Errors())) == "The vendor answered 400."
