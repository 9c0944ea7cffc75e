"""Which credentials a tenant needs where a vendor takes several kinds, and where they go."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from avesa.connector.auth import At, Basic, Bearer, OneOf
from avesa.connector.connection import connection
from avesa.connector.jwt_assertion import JwtAssertion
from avesa.connector.oauth2 import ClientCredentials, RefreshToken
from avesa.connector.service import Endpoint, Service, Setting
from avesa.shared.errors import ConfigurationError, Where
from tiny_vendor import SERVICE

ACME = Where("acme", "tiny")
EITHER = replace(
    SERVICE,
    settings=(Setting("site", default="tiny.example"), Setting("cloud_id"), Setting("email")),
    secrets=("api_token", "client_id", "client_secret", "refresh_token"),
    auth=OneOf(
        (
            Basic("{email}", "{api_token}"),
            At("https://api.tiny.example/{cloud_id}", RefreshToken("https://login.tiny.example/token")),
        )
    ),
)
OAUTH = {"client_id": "i", "client_secret": "s", "refresh_token": "r"}


def test_the_first_scheme_that_the_tenant_has_credentials_for_is_used() -> None:
    with_token = connection(EITHER, {"email": "a@x"}, {"api_token": "t"}, where=ACME)
    assert isinstance(with_token.auth, Basic) and with_token.base_url == "https://tiny.example/api"
    with_oauth = connection(EITHER, {"cloud_id": "c"}, OAUTH, where=ACME)
    assert isinstance(with_oauth.auth, RefreshToken) and with_oauth.base_url == "https://api.tiny.example/c"
    both = connection(EITHER, {"email": "a@x", "cloud_id": "c"}, {"api_token": "t", **OAUTH}, where=ACME)
    assert isinstance(both.auth, Basic)


def test_where_no_way_is_complete_all_of_them_are_told() -> None:
    with pytest.raises(ConfigurationError) as caught:
        connection(EITHER, {"email": "a@x"}, {"client_id": "i"}, where=ACME)
    assert (
        "needs either setting email and secret api_token, or setting cloud_id and secret client_id and "
        "secret client_secret and secret refresh_token."
    ) in str(caught.value)


def test_what_all_ways_need_is_told_as_missing_by_itself() -> None:
    shared = replace(
        SERVICE,
        secrets=("key", "token", "client_id"),
        auth=OneOf((Bearer("{token}"), Basic("{client_id}", "{key}"))),
        headers=(("X-Company", "{company_id}"),),
    )
    with pytest.raises(ConfigurationError, match="missing setting company_id"):
        connection(shared, {}, {"token": "t"}, where=ACME)


def test_only_the_way_that_is_used_must_be_told_its_address() -> None:
    elsewhere = replace(
        EITHER,
        base_url="https://{company}.tiny.example",
        settings=(Setting("company"), Setting("cloud_id"), Setting("email")),
        auth=OneOf((Basic("{company}/{email}", "{api_token}"), *EITHER.auth.schemes[1:])),
    )
    assert connection(elsewhere, {"cloud_id": "c"}, OAUTH, where=ACME).base_url == "https://api.tiny.example/c"
    with pytest.raises(ConfigurationError, match="needs either setting company and setting email and secret api_token"):
        connection(elsewhere, {"email": "a@x"}, {"api_token": "t"}, where=ACME)
    with_key = replace(elsewhere, auth=OneOf((Basic("{email}", "{api_token}"), *EITHER.auth.schemes[1:])))
    with pytest.raises(ConfigurationError, match="missing setting company"):
        connection(with_key, {"email": "a@x"}, {"api_token": "t"}, where=ACME)


def test_a_tenants_own_address_stands_for_that_of_every_way() -> None:
    made = connection(EITHER, {"cloud_id": "c", "base_url": "http://127.0.0.1:9/c"}, OAUTH, where=ACME)
    assert made.base_url == "http://127.0.0.1:9/c" and made.vendor_base_url == "https://api.tiny.example/c"


def test_a_setting_with_an_empty_default_may_stay_empty() -> None:
    settings = (*SERVICE.settings, Setting("on_behalf_of", default=""))
    made = connection(replace(SERVICE, settings=settings), {"company_id": "c"}, {"private_key": "k"}, where=ACME)
    assert made.credentials["on_behalf_of"] == ""
    with pytest.raises(ConfigurationError, match="missing setting site"):
        connection(SERVICE, {"company_id": "c", "site": " "}, {"private_key": "k"}, where=ACME)


def test_a_setting_may_be_set_to_nothing_where_that_is_declared() -> None:
    service = replace(SERVICE, settings=(*SERVICE.settings, Setting("owner", default="me", may_be_empty=True)))
    for given, owner in (({}, "me"), ({"owner": ""}, "")):
        made = connection(service, {"company_id": "c", **given}, {"private_key": "k"}, where=ACME)
        assert made.credentials["owner"] == owner


def test_a_key_that_only_signs_may_have_line_breaks() -> None:
    signing = replace(
        SERVICE, secrets=("pem", "user"), auth=JwtAssertion("https://v.example/t", (("iss", "{user}"),), key="{pem}")
    )
    made = connection(signing, {"company_id": "c"}, {"pem": "-----\nx\n-----\n", "user": "u"}, where=ACME)
    assert made.credentials["pem"].count("\n") == 3
    with pytest.raises(ConfigurationError, match="secret user holds a line break"):
        connection(signing, {"company_id": "c"}, {"pem": "-----", "user": "u\nv"}, where=ACME)


@pytest.mark.parametrize("url", ["http://login.tiny.example/token", "ftp://login.tiny.example/token"])
def test_no_token_is_asked_for_in_plain_text(url: str) -> None:
    from avesa.connector.client import Client, Tally
    from avesa.connector.request import Request

    plain = replace(SERVICE, secrets=("client_id", "client_secret"), auth=ClientCredentials(url))
    made = connection(plain, {"company_id": "c"}, {"client_id": "i", "client_secret": "s"}, where=ACME)
    with Client(made) as client, pytest.raises(ConfigurationError):
        client.send(Request("GET", made.base_url + "/tickets"), Tally())


def test_credentials_go_to_the_hosts_that_the_service_declares_and_to_no_other() -> None:
    @dataclass(frozen=True)
    class Elsewhere(Endpoint):
        base_url: str | None = None

    two_hosts = replace(SERVICE, endpoints=(Elsewhere("logs", "/logs", base_url="https://logs-{site}/v2"),))
    made = connection(two_hosts, {"company_id": "c"}, {"private_key": "k"}, where=ACME)
    assert made.is_of_the_service("https://tiny.example/api/x") and made.is_of_the_service("https://logs-tiny.example/")
    for other in ("https://tiny.example.evil.example", "http://tiny.example", "https://tiny.example:444", "https://x"):
        assert not made.is_of_the_service(other)
    own = {"company_id": "c", "base_url": "http://127.0.0.1:9"}
    proxied = connection(two_hosts, own, {"private_key": "k"}, where=ACME)
    assert proxied.is_of_the_service("http://127.0.0.1:9/v2")
    assert not proxied.is_of_the_service("https://logs-tiny.example/")


def test_a_declaration_whose_scheme_needs_an_unknown_name_is_refused() -> None:
    with pytest.raises(ValueError, match="no setting and no secret: api_key, user"):
        replace(SERVICE, auth=OneOf((Bearer("{private_key}"), Basic("{user}", "{api_key}"))))
    with pytest.raises(ValueError, match="no setting and no secret: refresh_token"):
        replace(SERVICE, secrets=("client_id", "client_secret"), auth=RefreshToken("https://v.example/t"))


def test_the_titles_of_the_schemes_are_for_people() -> None:
    assert EITHER.auth.title == "basic or oauth2 refresh token"


def test_what_another_scheme_needs_may_look_as_it_likes() -> None:
    """The key that signs has line breaks; with a token of its own nothing is signed."""
    signs = JwtAssertion("https://v.example/token", claims=(("iss", "{client_id}"),))
    service = Service(
        "acme",
        "Acme",
        "rmm",
        "https://v.example",
        OneOf((Bearer("{token}"), signs)),
        (Endpoint("things", "/things"),),
        secrets=("token", "client_id", "private_key"),
    )
    secrets = {"token": "t", "client_id": "c", "private_key": "-----BEGIN\nKEY-----"}
    assert connection(service, {}, secrets, where=Where("acme", "acme")).auth == Bearer("{token}")
    with pytest.raises(ConfigurationError, match="line break"):
        connection(service, {}, {**secrets, "token": "t\n2"}, where=Where("acme", "acme"))
