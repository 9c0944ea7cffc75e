"""What is sent to get a token, and what is made of the answer. Nothing goes over a wire."""

from __future__ import annotations

import json
from base64 import b64decode
from urllib.parse import parse_qsl

import pytest

from avesa.connector.oauth2 import ClientCredentials, RefreshToken
from avesa.connector.request import Response
from avesa.connector.tokens import TokenFields
from avesa.shared.errors import ServiceFailed
from token_exchange import NOW, answer, asked, credentials, renewed

URL = "https://login.vendor.example/{region}/token"
KNOWN = {"region": "eu", "client_id": "app-47", "client_secret": "s&cret=ü", "refresh_token": "r 1"}
GIVEN = credentials(**KNOWN)


def test_a_client_sends_its_id_and_secret_in_a_form() -> None:
    request = asked(ClientCredentials(URL, fields=(("scope", "all {region}"),)), GIVEN)
    assert (request.method, request.url, request.params) == ("POST", "https://login.vendor.example/eu/token", ())
    assert dict(request.headers)["Content-Type"] == "application/x-www-form-urlencoded"
    assert parse_qsl(request.body or "") == [
        ("grant_type", "client_credentials"),
        ("client_id", "app-47"),
        ("client_secret", "s&cret=ü"),
        ("scope", "all eu"),
    ]


def test_a_client_can_prove_itself_by_http_basic() -> None:
    request = asked(ClientCredentials(URL, client="basic", grant="account_credentials"), GIVEN)
    headers = dict(request.headers)
    assert b64decode(headers["Authorization"].removeprefix("Basic ")).decode() == "app-47:s&cret=ü"
    assert request.body == "grant_type=account_credentials"


def test_fields_go_as_json_or_in_the_address_where_the_vendor_wants_them_there() -> None:
    in_json = asked(ClientCredentials(URL, encoding="json", fields=(("audience", "https://v"),)), GIVEN)
    assert dict(in_json.headers)["Content-Type"] == "application/json"
    assert json.loads(in_json.body or "") == {
        "grant_type": "client_credentials",
        "client_id": "app-47",
        "client_secret": "s&cret=ü",
        "audience": "https://v",
    }
    in_address = asked(ClientCredentials(URL, client="basic", encoding="query"), GIVEN)
    assert in_address.params == (("grant_type", "client_credentials"),) and in_address.body is None


def test_a_vendors_own_kind_of_grant_is_a_matter_of_its_name_and_fields() -> None:
    """Datto RMM, authentication: the password grant of a fixed public client, key and secret as user and password."""
    datto = ClientCredentials(
        "https://{platform}-api.vendor.example/auth/oauth/token",
        client_id="public-client",
        client_secret="public",
        client="basic",
        grant="password",
        fields=(("username", "{api_key}"), ("password", "{api_secret_key}")),
    )
    assert datto.names == {"platform", "api_key", "api_secret_key"}
    request = asked(datto, credentials(platform="pinotage", api_key="k", api_secret_key="s"))
    assert request.url == "https://pinotage-api.vendor.example/auth/oauth/token"
    assert request.body == "grant_type=password&username=k&password=s"
    assert b64decode(dict(request.headers)["Authorization"].removeprefix("Basic ")) == b"public-client:public"


def test_a_tenants_own_address_stands_for_the_token_endpoint_too() -> None:
    known = credentials(own="http://127.0.0.1:8080", **KNOWN)
    assert asked(ClientCredentials(URL), known).url == "http://127.0.0.1:8080/eu/token"


def test_a_refresh_token_is_exchanged_for_an_access_token() -> None:
    request = asked(RefreshToken(URL), GIVEN)
    assert parse_qsl(request.body or "")[:2] == [("grant_type", "refresh_token"), ("refresh_token", "r 1")]
    made = renewed(RefreshToken(URL), GIVEN, {"access_token": "a", "expires_in": 60, "refresh_token": "r 2"})
    assert made.token.value == "a" and made.secrets == {"refresh_token": "r 2"}


@pytest.mark.parametrize("more", [{}, {"refresh_token": "r 1"}, {"refresh_token": ""}, {"refresh_token": None}])
def test_without_a_new_refresh_token_the_old_one_stays(more: dict[str, object]) -> None:
    assert renewed(RefreshToken(URL), GIVEN, {"access_token": "a", **more}).secrets == {}


def test_a_refused_refresh_token_says_to_connect_again() -> None:
    renewal = RefreshToken(URL).renew(GIVEN)
    next(renewal)
    with pytest.raises(ServiceFailed, match=r"invalid_grant.*Connect the service again"):
        renewal.send(answer({"error": "invalid_grant"}, 400))


def test_schemes_tell_what_they_need() -> None:
    assert ClientCredentials(URL).names == {"region", "client_id", "client_secret"}
    assert RefreshToken("https://v/token", client_id="{app}").names == {"app", "client_secret", "refresh_token"}
    assert ClientCredentials(URL).rotating == () and RefreshToken(URL).rotating == ("refresh_token",)


def test_the_field_of_the_token_can_have_another_name() -> None:
    made = renewed(ClientCredentials(URL, answer=TokenFields("data.token", None)), GIVEN, {"data": {"token": "a"}})
    assert made.token.value == "a" and made.token.good_until is None


def test_a_life_counts_from_when_the_token_was_asked_for() -> None:
    response = answer({"access_token": "a", "expires_in": 3600})
    late = Response(200, {}, response.body, response.url, NOW, NOW.replace(hour=13))
    token = TokenFields().read(late, credentials())
    assert token.good_until is not None and token.good_until < NOW.replace(hour=13)


def test_no_repr_shows_what_was_renewed_or_asked() -> None:
    made = renewed(RefreshToken(URL), GIVEN, {"access_token": "a-0815", "refresh_token": "r-0815"})
    assert "0815" not in f"{made!r} {made.token!r}"
    assert "s&cret" not in repr(asked(ClientCredentials(URL), GIVEN))
