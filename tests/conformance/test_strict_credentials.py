"""Strict vendors issue tokens, check signatures anew, and refuse what is used up, forged or out of date."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import replace
from email.utils import format_datetime

import httpx2
import pytest

from avesa.sandbox.vendor.credentials import Credentials
from avesa.sandbox.vendor.messages import Asked, Refused
from avesa.sandbox.vendor.rsa import key_pair
from avesa.sandbox.vendor.server import Serving, strict_vendor
from conformance.every_walk import WALKS
from conformance.walks import NOW, Ask, basic, send
from conformance.walks_workplace import google_claims, jwt


@pytest.fixture(scope="module")
def client() -> Iterator[httpx2.Client]:
    with httpx2.Client(timeout=20) as client:
        yield client


def serve(service: str) -> Iterator[Serving]:
    with strict_vendor(service, clock=lambda: NOW) as serving:
        yield serving


xero = pytest.fixture(lambda: (yield from serve("xero")), name="xero")
google = pytest.fixture(lambda: (yield from serve("google_workspace")), name="google")
duo = pytest.fixture(lambda: (yield from serve("duo")), name="duo")


def refreshed(serving: Serving, client: httpx2.Client, token: str, secret: str = "xero-secret") -> httpx2.Response:
    return client.post(
        serving.root + "/connect/token",
        data={"grant_type": "refresh_token", "refresh_token": token},
        headers={"Authorization": basic("xero-client", secret)},
    )


def test_a_refresh_token_is_replaced_at_every_use(xero: Serving, client: httpx2.Client) -> None:
    first = refreshed(xero, client, "xero-refresh").json()
    second = refreshed(xero, client, first["refresh_token"]).json()
    assert len({"xero-refresh", first["refresh_token"], second["refresh_token"]}) == 3
    assert first["access_token"] != second["access_token"]
    assert xero.vendor.violations == []


def test_a_refresh_token_that_is_used_twice_dies_and_takes_the_new_one_with_it(
    xero: Serving, client: httpx2.Client
) -> None:
    newer = refreshed(xero, client, "xero-refresh").json()["refresh_token"]
    again = refreshed(xero, client, "xero-refresh")
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert refreshed(xero, client, newer).status_code == 400
    assert len(xero.vendor.violations) == 2


def test_a_wrong_client_secret_is_refused_without_a_token(xero: Serving, client: httpx2.Client) -> None:
    answer = refreshed(xero, client, "xero-refresh", secret="guessed")
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert refreshed(xero, client, "xero-refresh").is_success


def test_an_expired_access_token_is_refused_and_that_is_no_fault_of_the_client(
    xero: Serving, client: httpx2.Client
) -> None:
    walk = WALKS["xero"]
    sign = walk.enter(xero, client)
    xero.vendor.credentials.expire_tokens()
    assert send(xero, client, walk.first, sign).status_code == 401
    assert xero.vendor.violations == []


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("iss", "somebody@else.example"),
        ("aud", "https://elsewhere.example/token"),
        ("exp", int(NOW.timestamp()) - 1),
        ("exp", int(NOW.timestamp()) + 7200),
        ("sub", None),
        ("scope", ""),
    ],
)
def test_an_assertion_with_a_wrong_claim_is_refused(
    google: Serving, client: httpx2.Client, claim: str, value: object
) -> None:
    claims = google_claims(google.vendor.credentials.values) | {claim: value}
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": jwt(claims)}
    answer = client.post(google.root + "/token", data=form)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_an_assertion_whose_claims_were_changed_after_signing_is_refused(
    google: Serving, client: httpx2.Client
) -> None:
    mine = google_claims(google.vendor.credentials.values)
    head, _, signature = jwt(mine).split(".")
    forged = jwt(mine | {"sub": "owner@acme.example"}).split(".")[1]
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": f"{head}.{forged}.{signature}"}
    answer = client.post(google.root + "/token", data=form)
    assert "signature" in answer.json()["error_description"]


def test_the_key_signs_what_it_verifies_and_nothing_else() -> None:
    pair = key_pair()
    signature = pair.sign(b"message")
    assert pair.verifies(b"message", signature)
    assert not pair.verifies(b"massage", signature)
    assert not pair.verifies(b"message", signature[:-1])
    assert pair.pem().startswith("-----BEGIN PRIVATE KEY-----\nMII")


def duo_asked(serving: Serving, client: httpx2.Client, lines: list[str], date: str, key: str = "duo-secret-key") -> int:
    """The code of Duo's refusal, 0 where it answers, to a request for groups with two parameters."""
    signature = hmac.new(key.encode(), "\n".join(lines).encode(), hashlib.sha1).hexdigest()
    headers = {"Date": date, "Authorization": basic("DISTRICT0000000000AA", signature)}
    body = client.get(serving.url + "/admin/v1/groups?offset=0&limit=5", headers=headers).json()
    return int(body.get("code", 0))


def test_duos_older_signature_is_known_too_and_its_parameters_must_be_sorted(
    duo: Serving, client: httpx2.Client
) -> None:
    date, host = format_datetime(NOW), duo.root.removeprefix("http://")
    sorted_lines = [date, "GET", host, "/admin/v1/groups", "limit=5&offset=0"]
    assert duo_asked(duo, client, sorted_lines, date) == 0
    assert duo_asked(duo, client, [*sorted_lines[:4], "offset=0&limit=5"], date) == 40103
    assert duo_asked(duo, client, sorted_lines, date, key="another") == 40103


def test_duo_refuses_a_date_far_from_its_clock(duo: Serving, client: httpx2.Client) -> None:
    late = format_datetime(NOW.replace(hour=13))
    lines = [late, "GET", duo.root.removeprefix("http://"), "/admin/v1/groups", "limit=5&offset=0"]
    assert duo_asked(duo, client, lines, late) == 40105


def test_wrong_credentials_are_told_from_none_where_the_vendor_does(client: httpx2.Client) -> None:
    with strict_vendor("slack") as serving:
        sent: list[dict[str, str]] = [{}, {"Authorization": "Bearer xoxb-guessed"}]
        answers = [client.get(serving.url + "/users.list?limit=3", headers=headers) for headers in sent]
        told = [answer.json()["error"] for answer in answers]
        assert told == ["not_authed", "invalid_auth"]
        assert len(serving.vendor.violations) == 1


@pytest.mark.parametrize(("query", "is_tried"), [((("key", "other"),), True), ((("kez", "k"),), False), ((), False)])
def test_a_key_in_a_parameter_is_compared(query: tuple[tuple[str, str], ...], is_tried: bool) -> None:
    rules = {"auth": [{"kind": "query", "name": "key", "value": "{api_key}"}], "credentials": {"api_key": "k"}}
    credentials = Credentials(rules, lambda: NOW)
    asked = Asked("GET", "/things", "/things", (("key", "k"),), {}, b"", "")
    credentials.check(asked)
    with pytest.raises(Refused) as refused:
        credentials.check(replace(asked, query=query))
    assert refused.value.violation is not is_tried


def test_an_address_of_no_operation_is_refused_and_noted(client: httpx2.Client) -> None:
    with strict_vendor("connectwise") as serving:
        sign = WALKS["connectwise"].enter(serving, client)
        assert send(serving, client, Ask("/service/ticket"), sign).status_code == 404
        assert send(serving, client, replace(WALKS["connectwise"].first, method="POST"), sign).status_code == 405
        assert len(serving.vendor.violations) == 2
