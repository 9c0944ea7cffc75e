from __future__ import annotations

from base64 import b64decode
from datetime import timedelta

import pytest

from avesa.connector.request import Request, Response
from avesa.connector.session_token import SessionToken
from avesa.connector.tokens import TokenFields, TokenNeeded
from avesa.shared.errors import ServiceFailed
from token_exchange import NOW, asked, credentials, renewed


def test_a_login_can_be_a_bearer_token_and_an_empty_body() -> None:
    login = SessionToken(
        "https://{server}/api/auth/authenticate",
        headers=(("Authorization", "Bearer {user_token}"),),
        answer=TokenFields("tokens.access.token", seconds="tokens.access.expirySeconds"),
    )
    request = asked(login, credentials(server="n.example", user_token="jwt"))
    assert request == Request(
        "POST",
        "https://n.example/api/auth/authenticate",
        headers=(("Accept", "application/json"), ("Authorization", "Bearer jwt")),
    )


def test_a_login_can_be_user_and_password_by_http_basic() -> None:
    login = SessionToken("https://{server}/token", basic=("{user}", "{password}"))
    headers = dict(asked(login, credentials(server="j.example", user="u", password="p")).headers)
    assert b64decode(headers["Authorization"].removeprefix("Basic ")) == b"u:p"
    assert login.names == {"server", "user", "password"}


def test_a_login_can_be_a_form_in_parts() -> None:
    fields = (("GrantType", "password"), ("UserName", "{user}"), ("Password", "{password}"))
    login = SessionToken("https://b.example/login", fields=fields, encoding="multipart")
    request = asked(login, credentials(user="ü", password="p&q"))
    kind, _, boundary = dict(request.headers)["Content-Type"].partition("; boundary=")
    assert kind == "multipart/form-data"
    parts = (request.body or "").split(f"--{boundary}")
    assert parts[0] == "" and parts[-1] == "--\r\n"
    assert parts[2] == '\r\nContent-Disposition: form-data; name="UserName"\r\n\r\nü\r\n'
    with pytest.raises(ValueError, match="boundary"):
        asked(login, credentials(user="u", password=f"--{boundary}"))


def test_a_session_lasts_as_long_as_the_login_says() -> None:
    login = SessionToken("https://b.example/login", answer=TokenFields("token", None, until="expires"))
    made = renewed(login, credentials(), {"token": "t", "expires": "2026-11-25T12:20:00Z"})
    assert made.token.value == "t" and made.secrets == {}
    assert made.token.good_until == NOW + timedelta(minutes=19)


def test_a_session_is_put_on_in_the_vendors_own_way() -> None:
    login = SessionToken("https://b.example/login", header="X-Session", prefix="")
    flow = login.flow(Request("GET", "https://b.example/things"), credentials())
    assert next(flow) == TokenNeeded(login)


def test_a_login_that_is_refused_with_a_good_status_is_a_refusal() -> None:
    fields = TokenFields("Result.Token", None, accepted="Success", why="Error.Message")
    login = SessionToken("https://b.example/login", fields=(("user", "{user}"),), answer=fields)
    renewal = login.renew(credentials(user="ann"))
    next(renewal)
    body = b'{"Success":false,"Error":{"Code":1,"Message":"no such user as ann"},"Result":null}'
    with pytest.raises(ServiceFailed, match="no such user"):
        renewal.send(Response(200, {}, body, "https://b.example/login", NOW, NOW))
