from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from avesa.connector.paging import CursorExpired
from avesa.connector.request import Response
from avesa.connector.retry import (
    Code,
    Errors,
    Inside,
    Retry,
    asked_to_wait,
    classify,
    failure,
    retry_after,
    wait_before_retry,
)
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
    assert wait(1, 429, retry_after="2026-03-01T12:00:11Z") == 11.0
    assert wait(1, 429, retry_after="86400") == 100.0
    assert wait(1, 429, retry_after="later") == 0.5


@pytest.mark.parametrize("told", ["0", "-5", "Sun, 01 Mar 2026 11:00:00 GMT", "2026-03-01T11:00:00Z"])
def test_a_vendor_that_says_now_and_does_not_answer_is_given_growing_time_all_the_same(told: str) -> None:
    assert [wait(attempt, 503, retry_after=told) for attempt in (1, 2, 3)] == [0.5, 1.0, 1.5]


def test_a_moment_to_wait_for_is_one_by_the_clock_that_the_vendor_shows() -> None:
    ahead = {"date": "Sun, 01 Mar 2026 12:07:00 GMT", "retry-after": "Sun, 01 Mar 2026 12:07:09 GMT"}
    behind = {"date": "Sun, 01 Mar 2026 11:50:00 GMT", "retry-after": "Sun, 01 Mar 2026 11:50:09 GMT"}
    assert asked_to_wait(ahead, None, NOON) == asked_to_wait(behind, None, NOON) == 9.0
    assert asked_to_wait({**ahead, "date": "nonsense"}, None, NOON) == 429.0


def test_a_retry_after_in_the_past_means_now() -> None:
    assert retry_after("Sun, 01 Mar 2026 11:00:00 GMT", NOON) == retry_after("-5", NOON) == 0.0
    assert retry_after("inf", NOON) is None


@pytest.mark.parametrize("told", ["nan", "Mon, 01 Jan 99999999999999999999 00:00:00 GMT", "2026-99-99", ","])
def test_a_retry_after_that_says_nothing_is_none(told: str) -> None:
    assert retry_after(told, NOON) is None


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


# What an answer means


SLACK = Errors(
    inside=(Inside("ok", (False,), code="error", message="error_message"),),
    codes=(
        Code("ratelimited", "limit"),
        Code("internal_error", "retry"),
        Code("invalid_auth", "service"),
        Code("invalid_cursor", "expired"),
    ),
)
GRAPHQL = Errors(
    inside=(Inside("errors", code="errors.0.extensions.code", message="errors.0.message"),),
    codes=(Code("ComplexityException", "limit"), Code(None, "service", text="not authenticated")),
)
QUICKBOOKS = Errors(
    code="Fault.Error.0.code",
    message="Fault.Error.0.Message",
    inside=(Inside("Fault"),),
    codes=(Code("003001", "limit"), Code("3200", "service")),
)
SERVICENOW = Errors(inside=(Inside(tail="Transaction cancelled: maximum execution time exceeded", means="retry"),))
SALESFORCE = Errors(
    code="0.errorCode",
    message="0.message",
    codes=(
        Code("REQUEST_LIMIT_EXCEEDED", "limit", status=403),
        Code("INVALID_QUERY_LOCATOR", "expired", status=400),
        Code("QUERY_TIMEOUT", "retry"),
    ),
)
GRAPH = Errors(code="error.code", message="error.message", codes=(Code(None, "expired", status=410),))
AUTOTASK = Errors(code="errors.0", message="errors.0", codes=(Code(None, "limit", text="Itgenatr005"),))


def answer(status: int, body: str) -> Response:
    return Response(status, {}, body.encode(), "https://v.example")


@pytest.mark.parametrize(
    ("errors", "status", "body", "means"),
    [
        (SLACK, 200, '{"ok":true,"members":[]}', None),
        (SLACK, 200, '{"ok":false,"error":"ratelimited"}', "limit"),
        (SLACK, 200, '{"ok":false,"error":"invalid_auth"}', "service"),
        (SLACK, 200, '{"ok":false,"error":"invalid_cursor"}', "expired"),
        (SLACK, 200, '{"ok":false,"error":"channel_not_found"}', "table"),
        (SLACK, 200, '{"ok":false}', "table"),
        (SLACK, 200, '{"ok":0,"members":[]}', None),
        (SLACK, 200, "[]", None),
        (GRAPHQL, 200, '{"data":{},"errors":[]}', None),
        (GRAPHQL, 200, '{"data":{},"errors":null}', None),
        (GRAPHQL, 200, '{"errors":[{"message":"x","extensions":{"code":"ComplexityException"}}]}', "limit"),
        (GRAPHQL, 200, '{"errors":[{"message":"Not Authenticated"}]}', "service"),
        (GRAPHQL, 200, '{"errors":[{"message":"Field x does not exist"}]}', "table"),
        (QUICKBOOKS, 200, '{"Fault":{"Error":[{"code":"003001","Message":"throttled"}]}}', "limit"),
        (QUICKBOOKS, 401, '{"fault":{"error":[{"code":"3200","message":"expired"}]}}', "service"),
        (QUICKBOOKS, 400, '{"Fault":{"Error":[{"code":3200}]}}', "service"),
        (QUICKBOOKS, 200, '{"QueryResponse":{}}', None),
        (SERVICENOW, 200, '{"result":[{"a":"b"},{"error":{"message":"Transaction cancelled: maximum execution time'
         ' exceeded"},"status":"failure"}', "retry"),
        (SERVICENOW, 200, '{"result":[]}', None),
        (SALESFORCE, 403, '[{"errorCode":"REQUEST_LIMIT_EXCEEDED","message":"x"}]', "limit"),
        (SALESFORCE, 403, '[{"errorCode":"INSUFFICIENT_ACCESS","message":"x"}]', "table"),
        (SALESFORCE, 400, '[{"errorCode":"REQUEST_LIMIT_EXCEEDED"}]', "table"),
        (SALESFORCE, 400, '[{"errorCode":"INVALID_QUERY_LOCATOR"}]', "expired"),
        (SALESFORCE, 400, '[{"errorCode":"query_timeout"}]', "retry"),
        (SALESFORCE, 503, "<html>", "retry"),
        (GRAPH, 410, "", "expired"),
        (GRAPH, 404, '{"error":{"code":"x"}}', "table"),
        (AUTOTASK, 500, '{"errors":["Thread threshold Itgenatr005"]}', "limit"),
        (AUTOTASK, 500, '{"errors":["bad query"]}', "retry"),
        (Errors(), 200, '{"error":"whatever"}', None),
        (Errors(), 429, "", "limit"),
        (Errors(), 502, "", "retry"),
        (Errors(), 401, "", "service"),
        (Errors(), 404, "", "table"),
    ],
)  # fmt: skip
def test_an_answer_means_what_its_body_says_before_its_status(
    errors: Errors, status: int, body: str, means: str | None
) -> None:
    verdict = classify(answer(status, body), errors)
    assert verdict.means == means
    assert verdict.is_good == (means is None)


def test_an_outage_inside_a_good_answer_is_asked_for_again_and_a_failure_is_not() -> None:
    def wait_for(body: str) -> float | None:
        verdict = classify(answer(200, body), SLACK)
        return wait_before_retry(1, 200, {}, policy=POLICY, errors=SLACK, random=lambda: 0.5, now=NOON, verdict=verdict)

    assert wait_for('{"ok":false,"error":"internal_error"}') == 0.5
    assert wait_for('{"ok":false,"error":"channel_not_found"}') is None
    assert wait_for('{"ok":true}') is None


@pytest.mark.parametrize(
    ("errors", "status", "body", "kind", "said"),
    [
        (SLACK, 200, '{"ok":false,"error":"internal_error"}', Unavailable, "answered 200: internal_error, 1 time in"),
        (
            SLACK,
            200,
            '{"ok":false,"error":"invalid_auth"}',
            ServiceFailed,
            "refuses the credentials (200: invalid_auth)",
        ),
        (SLACK, 200, '{"ok":false,"error":"not_in_channel"}', TableFailed, "200, and in it an error: not_in_channel"),
        (SALESFORCE, 403, '[{"errorCode":"REQUEST_LIMIT_EXCEEDED","message":"m"}]', Unavailable, "403: REQUEST_LIMIT"),
        (SALESFORCE, 400, '[{"errorCode":"INVALID_QUERY_LOCATOR"}]', CursorExpired, "its own cursor any more (400"),
        (QUICKBOOKS, 200, '{"Fault":{"Error":[{"Message":"key k3y"}]}}', TableFailed, "in it an error: key ***"),
    ],
)
def test_what_is_raised_is_what_it_means_with_the_vendors_own_words(
    errors: Errors, status: int, body: str, kind: type[Exception], said: str
) -> None:
    error = failure(answer(status, body), errors, hide=("k3y",))
    assert type(error) is kind
    assert said in str(error)


def test_a_wait_that_the_body_asks_for_is_kept_to_up_to_the_cap_and_behind_the_header() -> None:
    errors = Errors(inside=(Inside("errors", means="limit", wait="errors.0.extensions.retry_in_seconds"),))

    def wait_for(seconds: object, **headers: str) -> float | None:
        body = msgspec.json.encode({"errors": [{"extensions": {"retry_in_seconds": seconds}}]}).decode()
        return wait_before_retry(
            1, 200, headers, policy=POLICY, errors=errors, random=lambda: 0.5, now=NOON,
            verdict=classify(answer(200, body), errors),
        )  # fmt: skip

    assert [wait_for(7), wait_for(7.5), wait_for(86_400), wait_for(0)] == [7.0, 7.5, 100.0, 0.5]
    assert wait_for(7, **{"retry-after": "3"}) == 3.0
    assert [wait_for(bad) for bad in ("soon", None, -1, True)] == [0.5] * 4
