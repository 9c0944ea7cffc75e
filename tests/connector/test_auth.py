from __future__ import annotations

from base64 import b64decode

import pytest

from avesa.connector.auth import At, Auth, Basic, Bearer, HeaderKey, OneOf, QueryKey
from avesa.connector.request import Request

REQUEST = Request("GET", "https://v.example/a")


def sent(auth: Auth, **credentials: str) -> dict[str, str]:
    return dict(next(auth.flow(REQUEST, credentials)).headers)


def test_basic_puts_the_company_in_front_of_the_public_key() -> None:
    header = sent(Basic("{company}+{public}", "{private}"), company="acme", public="pub", private="prüf")
    assert b64decode(header["Authorization"].removeprefix("Basic ")).decode() == "acme+pub:prüf"


def test_a_key_goes_into_the_header_that_the_vendor_names() -> None:
    assert sent(HeaderKey("X-Key", "{key}"), key="k") == {"X-Key": "k"}


def test_a_bearer_token_goes_into_the_authorization_header() -> None:
    assert sent(Bearer("{token}"), token="t") == {"Authorization": "Bearer t"}


@pytest.mark.parametrize("auth", [Basic("{a}", "{b}"), HeaderKey("X", "{a}"), Bearer("{a}")])
def test_a_scheme_without_a_login_sends_one_request_and_is_done(auth: Auth) -> None:
    assert len(list(auth.flow(REQUEST, {"a": "1", "b": "2"}))) == 1


def test_a_key_goes_into_a_parameter_where_the_vendor_takes_it_nowhere_else() -> None:
    asked = next(QueryKey("api_key", "{key}").flow(REQUEST.with_params(("page", "2")), {"key": "k&"}))
    assert asked.params == (("page", "2"), ("api_key", "k&"))


def test_a_scheme_tells_the_credentials_that_it_needs() -> None:
    assert Basic("{company}+{public}", "{private}").names == {"company", "public", "private"}
    assert HeaderKey("X", "{a}").names == QueryKey("x", "{a}").names == Bearer("{a}").names == {"a"}
    assert At("https://{site}", Bearer("{a}")).names == {"a", "site"}
    assert OneOf((Basic("{a}", "{b}"), Bearer("{a}"))).names == {"a"}


def test_of_several_schemes_the_first_one_with_credentials_is_used() -> None:
    either = OneOf((Basic("{user}", "{password}"), Bearer("{token}")))
    assert either.chosen({"user": "u", "password": "", "token": "t"}) == Bearer("{token}")
    assert either.chosen({"user": "u", "password": "p", "token": "t"}) == either.schemes[0]
    assert either.chosen({"user": "u"}) is None
    assert sent(either, token="t") == {"Authorization": "Bearer t"}
