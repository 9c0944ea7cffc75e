"""What an answer says about a token, when one is good, and what a flow does with it. Nothing is sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from avesa.connector.oauth2 import ClientCredentials
from avesa.connector.request import Request
from avesa.connector.tokens import Token, TokenFields, TokenNeeded, is_good, with_token
from avesa.shared.errors import ServiceFailed, Unavailable
from token_exchange import NOW, answer, credentials

GRANT = ClientCredentials("https://login.vendor.example/token")
REQUEST = Request("GET", "https://api.vendor.example/things")


def read(body: object, fields: TokenFields | None = None, **values: str) -> Token:
    return (fields or TokenFields()).read(answer(body), credentials(**values))


def test_a_token_is_renewed_a_minute_before_its_end() -> None:
    token = read({"access_token": "t", "expires_in": 3600})
    assert token.good_until == NOW + timedelta(seconds=3540)
    assert is_good(token, None, NOW + timedelta(seconds=3539))
    assert not is_good(token, None, NOW + timedelta(seconds=3540))


def test_a_short_life_loses_a_quarter_and_no_more() -> None:
    assert read({"access_token": "t", "expires_in": 40}).good_until == NOW + timedelta(seconds=30)


@pytest.mark.parametrize("seconds", [None, 0, -5, "soon", True, [], "inf", "nan"])
def test_a_token_without_a_known_life_is_used_until_it_is_refused(seconds: Any) -> None:
    token = read({"access_token": "t", "expires_in": seconds})
    assert token.good_until is None
    assert is_good(token, None, NOW + timedelta(days=4000))
    assert not is_good(token, token, NOW)


def test_a_life_can_be_a_text_a_time_or_what_the_vendor_publishes() -> None:
    hour = NOW + timedelta(seconds=3540)
    assert read({"access_token": "t", "expires_in": "3600"}).good_until == hour
    until = TokenFields("Result.Token", seconds=None, until="Result.Ends")
    assert read({"Result": {"Token": "t", "Ends": "2026-11-25T13:00:00Z"}}, until).good_until == hour
    assert read({"access_token": "t"}, TokenFields(life=timedelta(hours=1))).good_until == hour
    assert read({"access_token": "t", "expires_in": 1e300}).good_until is not None
    assert read({"Result": {"Token": "t", "Ends": "2026-11-25T11:59:00Z"}}, until).good_until is None
    assert read({"Result": {"Token": "t", "Ends": "tomorrow"}}, until).good_until is None


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>we will be back</html>", b"[]", b"null", b"\xff", b"[" * 5000, {}, {"access_token": None},
     {"access_token": ""}, {"access_token": 7}, {"access_token": "a\r\nX: b"}, {"access_token": "ü"}],
)  # fmt: skip
def test_an_answer_without_a_token_is_worth_another_try_later(body: object) -> None:
    with pytest.raises(Unavailable, match="200 without a token"):
        read(body)


def test_a_refusal_says_what_to_do_and_shows_no_secret() -> None:
    body = {"error": "invalid_grant", "error_description": "the token r-0815 has ended"}
    for status in (400, 401, 403, 200):
        with pytest.raises(ServiceFailed) as caught:
            TokenFields().read(answer(body, status), credentials(refresh_token="r-0815"))
        said = str(caught.value)
        assert "invalid_grant, the token *** has ended" in said and "Connect the service again" in said


@pytest.mark.parametrize("status", [429, 500, 503])
def test_pressure_at_the_token_endpoint_is_no_refusal(status: int) -> None:
    with pytest.raises(Unavailable, match=str(status)):
        TokenFields().read(answer(b"busy", status), credentials())


@pytest.mark.parametrize("status", [302, 404])
def test_a_wrong_address_is_told_as_such(status: int) -> None:
    with pytest.raises(ServiceFailed, match="Check the address"):
        TokenFields().read(answer(b"", status), credentials())


HOSTED = TokenFields(host="instance_url", hosts=(".vendor.example", ".vendor-cloud.example"))


@pytest.mark.parametrize("host", ["https://eu7.vendor.example", "https://A.Vendor-Cloud.example/"])
def test_an_answer_may_name_the_address_to_use_where_the_scheme_says_so(host: str) -> None:
    assert read({"access_token": "t", "instance_url": host}, HOSTED).host == host
    assert read({"access_token": "t", "instance_url": host}).host is None
    assert read({"access_token": "t"}, HOSTED).host is None


@pytest.mark.parametrize(
    "host",
    ["http://eu7.vendor.example", "https://vendor.example.evil.example", "https://evilvendor.example",
     "https://u:p@eu7.vendor.example", "https://evil.example/.vendor.example", "https://eu7.vendor.example:444",
     "https://evil.example?.vendor.example", "https://evil.example#.vendor.example", "https://[", 7, ""],
)  # fmt: skip
def test_no_token_goes_to_an_address_that_is_not_the_vendors(host: object) -> None:
    with pytest.raises(ServiceFailed, match="not the vendor's"):
        read({"access_token": "t", "instance_url": host}, HOSTED)


def test_a_tenants_own_address_goes_before_the_one_that_an_answer_names() -> None:
    body = {"access_token": "t", "instance_url": "https://evil.example"}
    assert HOSTED.read(answer(body), credentials(own="http://127.0.0.1:1")).host is None


@pytest.mark.parametrize("hosts", [(), ("vendor.example",), (".",)])
def test_a_declaration_must_say_under_what_names_an_address_is_believed(hosts: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="beginning with a dot"):
        TokenFields(host="instance_url", hosts=hosts)


def test_a_flow_puts_the_shared_token_on() -> None:
    flow = with_token(GRANT, REQUEST, prefix="Zoho-oauthtoken ")
    assert next(flow) == TokenNeeded(GRANT)
    assert flow.send(Token("t1")) == REQUEST.with_headers(("Authorization", "Zoho-oauthtoken t1"))
    with pytest.raises(StopIteration):
        flow.send(answer({}, 200))


def test_a_refused_token_is_renewed_once_and_a_second_refusal_stands() -> None:
    flow = with_token(GRANT, REQUEST)
    next(flow)
    flow.send(Token("t1"))
    assert flow.send(answer({}, 401)) == TokenNeeded(GRANT, refused=Token("t1"))
    assert flow.send(Token("t2")) == REQUEST.with_headers(("Authorization", "Bearer t2"))
    with pytest.raises(StopIteration):
        flow.send(answer({}, 401))


def test_a_401_that_is_declared_to_mean_something_else_costs_no_new_token() -> None:
    flow = with_token(GRANT, REQUEST)
    next(flow)
    flow.send(Token("t1"))
    with pytest.raises(StopIteration):
        flow.send(replace(answer({}, 401), refuses=False))


def test_a_request_goes_to_the_address_that_came_with_the_token() -> None:
    flow = with_token(GRANT, REQUEST)
    next(flow)
    sent = flow.send(Token("t1", host="https://eu7.vendor.example"))
    assert isinstance(sent, Request) and sent.url == "https://eu7.vendor.example/things"


def test_no_repr_shows_a_token_or_a_credential() -> None:
    shown = f"{Token('t-0815')!r} {TokenNeeded(GRANT, Token('t-0815'))!r} {credentials(key='t-0815')!r}"
    assert "0815" not in shown
