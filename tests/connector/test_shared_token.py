"""One token for all threads of a tenant's service, over real HTTP: fetched once, renewed in time, sent nowhere else."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from avesa.connector.client import Client, Tally
from avesa.connector.limits import Stopped
from avesa.connector.oauth2 import ClientCredentials
from avesa.connector.request import Request, Response
from avesa.connector.retry import Code, Errors, Inside
from avesa.connector.session_token import SessionToken
from avesa.connector.shared_token import SharedToken
from avesa.connector.tokens import TokenFields, TokenNeeded
from avesa.shared.errors import (
    AvesaError,
    ServiceFailed,
    TableFailed,
    Unavailable,
)
from token_exchange import answer
from token_users import HeldClock, at_once, get
from token_vendor import (
    TOKEN_URL,
    Answer,
    Asked,
    TokenVendor,
    ask,
    link,
    token_vendor,
)

# One token for all


def test_eight_threads_share_one_token(vendor: TokenVendor) -> None:
    with Client(link(vendor.url)) as client:
        assert at_once(8, lambda: get(client, vendor)) == []
    assert len(vendor.logins) == 1
    assert [asked.token for asked in vendor.asked if asked.path == "/things"] == ["access-1"] * 8


def test_a_token_request_counts_as_a_call_and_has_none_of_the_services_headers(vendor: TokenVendor) -> None:
    tally = Tally()
    with Client(link(vendor.url)) as client:
        client.get(ask(vendor.url), tally)
    assert tally.calls == 2
    assert vendor.logins[0].path == "/oauth/token" and "x-app" not in vendor.logins[0].headers


def test_a_token_is_renewed_before_its_end(vendor: TokenVendor) -> None:
    clock = HeldClock()
    with Client(link(vendor.url), clock=clock) as client:
        for seconds in (0, 3539, 1):
            clock.now += timedelta(seconds=seconds)
            get(client, vendor)
    used = [asked.token for asked in vendor.asked if asked.path == "/things"]
    assert used == ["access-1", "access-1", "access-2"]


def test_a_token_that_ends_early_is_renewed_once_for_all_who_were_refused(vendor: TokenVendor) -> None:
    all_refused = threading.Barrier(4)  # as many as the service takes at once

    def hold(asked: Asked, answer: Answer) -> Answer:
        if answer.status == 401:
            all_refused.wait(10)
        return answer

    with Client(link(vendor.url)) as client:
        get(client, vendor)
        vendor.ended.add("access-1")
        vendor.bend = hold
        assert at_once(4, lambda: get(client, vendor)) == []
    assert len(vendor.logins) == 2
    assert [asked.token for asked in vendor.asked if asked.path == "/things"][-4:] == ["access-2"] * 4


def test_a_token_that_is_refused_inside_a_good_answer_is_renewed_too(vendor: TokenVendor) -> None:
    errors = Errors(codes=(Code("token_expired", "service"),), inside=(Inside("ok", (False,), code="error"),))
    refusal = Answer(200, {"ok": False, "error": "token_expired"})
    vendor.bend = lambda asked, answer: refusal if answer.status == 401 else answer
    with Client(link(vendor.url, errors=errors)) as client:
        get(client, vendor)
        vendor.ended.add("access-1")
        get(client, vendor)
    assert [asked.token for asked in vendor.asked if asked.path == "/things"] == ["access-1", "access-1", "access-2"]


def test_a_fresh_token_that_is_refused_too_is_the_vendors_refusal(vendor: TokenVendor) -> None:
    vendor.bend = lambda asked, answer: Answer(401, {"code": "no"}) if asked.path == "/things" else answer
    with Client(link(vendor.url)) as client, pytest.raises(ServiceFailed):
        get(client, vendor)
    assert [asked.path for asked in vendor.asked] == ["/oauth/token", "/things", "/oauth/token", "/things"]


def test_a_session_that_the_vendor_ended_is_begun_anew(vendor: TokenVendor) -> None:
    login = SessionToken(
        "https://vendor.example/oauth/token",
        fields=(("grant_type", "client_credentials"), ("client_secret", "{client_secret}")),
        answer=TokenFields(seconds=None),
    )
    with Client(link(vendor.url, auth=login)) as client:
        get(client, vendor)
        vendor.ended.add("access-1")
        get(client, vendor)
    used = [(asked.path, asked.token) for asked in vendor.asked]
    login_, things = ("/oauth/token", ""), "/things"
    assert used == [login_, (things, "access-1"), (things, "access-1"), login_, (things, "access-2")]


# What the token endpoint may answer


def test_a_busy_token_endpoint_is_asked_again_within_the_services_limits(vendor: TokenVendor) -> None:
    busy = [Answer(503, {}), Answer(429, {}, {"Retry-After": "0"})]
    vendor.bend = lambda asked, answer: busy.pop() if busy and asked.path == "/oauth/token" else answer
    tally, waits = Tally(), list[float]()
    with Client(link(vendor.url), wait=waits.append, monotonic=lambda: sum(waits)) as client:
        client.get(ask(vendor.url), tally)
    assert tally.retries == 2 and len(waits) >= 2


def test_those_who_waited_share_a_failure_and_the_next_one_asks_again() -> None:
    connection = link("http://127.0.0.1:1")
    assert isinstance(connection.auth, ClientCredentials)
    one_token = TokenNeeded(connection.auth)
    asking, others_wait, others_came = threading.Event(), threading.Event(), threading.Semaphore(0)
    calls, raised = list[Request](), list[AvesaError]()

    def clock() -> datetime:  # the first thing that anybody looks at
        if threading.current_thread().name != "first":
            others_came.release()
        return datetime(2026, 11, 25, tzinfo=UTC)

    def busy(request: Request) -> Response:
        calls.append(request)
        asking.set()
        others_wait.wait(10)
        return answer({}, 503)

    shared = SharedToken(connection, clock=clock, wait=lambda _: None)

    def one() -> None:
        try:
            shared.get(one_token, busy)
        except AvesaError as error:
            raised.append(error.located(replace(error.where, table=threading.current_thread().name)))

    names = ("first", "second", "third", "fourth")
    threads = [threading.Thread(target=one, name=name) for name in names]
    threads[0].start()
    assert asking.wait(10)
    for thread in threads[1:]:
        thread.start()
        assert others_came.acquire(timeout=10)
    others_wait.set()
    for thread in threads:
        thread.join()
    assert [type(error) for error in raised] == [Unavailable] * 4
    assert {error.where.table for error in raised} == set(names)
    assert len(calls) == 1
    with pytest.raises(Unavailable):
        shared.get(one_token, busy)
    assert len(calls) == 2


def test_a_refused_login_is_not_tried_again_by_the_other_tables(vendor: TokenVendor) -> None:
    vendor.bend = lambda asked, answer: Answer(401, {"error": "invalid_client"})
    with Client(link(vendor.url)) as client:
        raised = at_once(8, lambda: get(client, vendor))
    assert [type(error) for error in raised] == [ServiceFailed] * 8
    assert len(vendor.asked) == 1


@pytest.mark.parametrize("body", [b"<html>soon back</html>", {"access_token": ""}])
def test_garbage_from_the_token_endpoint_is_worth_another_run(vendor: TokenVendor, body: object) -> None:
    vendor.bend = lambda asked, answer: Answer(200, body)
    with Client(link(vendor.url)) as client, pytest.raises(Unavailable, match="without a token") as caught:
        get(client, vendor)
    assert caught.value.where.tenant == "acme"


def test_a_wait_for_a_token_ends_when_a_stop_is_asked_for(vendor: TokenVendor) -> None:
    with Client(link(vendor.url), stop=lambda: True) as client, pytest.raises(Stopped):
        get(client, vendor)
    assert vendor.asked == []


# Where credentials go


def test_credentials_go_to_no_host_but_the_services(vendor: TokenVendor) -> None:
    with token_vendor() as other, Client(link(vendor.url)) as client:
        with pytest.raises(TableFailed, match="another host"):
            client.send(ask(other.url), Tally())
        assert other.asked == []


def test_a_tenants_own_address_goes_before_the_one_that_the_token_came_with(vendor: TokenVendor) -> None:
    fields = TokenFields(host="instance_url", hosts=(".vendor.example",))
    vendor.bend = lambda asked, answer: (
        replace(answer, body={**answer.body, "instance_url": "https://eu.vendor.example"})
        if asked.path == "/oauth/token"
        else answer
    )
    with Client(link(vendor.url, auth=ClientCredentials(TOKEN_URL, answer=fields))) as client:
        assert get(client, vendor).url == f"{vendor.url}/things"
