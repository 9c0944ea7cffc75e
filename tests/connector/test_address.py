from __future__ import annotations

import pytest

from avesa.connector.address import Address, at_origin, is_under, moved, origin

TOKEN_URL = "https://login.vendor.example/oauth/token?p=1"


def test_without_an_address_of_ones_own_every_host_is_the_vendors() -> None:
    assert Address("https://api.vendor.example/v1").of(TOKEN_URL) == TOKEN_URL


@pytest.mark.parametrize(
    ("own", "vendor", "found"),
    [
        ("http://127.0.0.1:8080", "https://api.vendor.example", "http://127.0.0.1:8080/oauth/token?p=1"),
        ("http://127.0.0.1:8080/v1", "https://api.vendor.example/v1", "http://127.0.0.1:8080/oauth/token?p=1"),
        (
            "https://proxy.example/tiny/v1",
            "https://api.vendor.example/v1",
            "https://proxy.example/tiny/oauth/token?p=1",
        ),
        ("https://proxy.example/other", "https://api.vendor.example/v1", "https://proxy.example/oauth/token?p=1"),
    ],
)
def test_an_address_of_ones_own_stands_for_every_host_and_keeps_the_vendors_paths(
    own: str, vendor: str, found: str
) -> None:
    assert Address(own, vendor).of(TOKEN_URL) == found


def test_the_vendor_does_not_see_what_a_proxy_puts_in_front_of_a_path() -> None:
    proxy = Address("https://proxy.example/tiny/v1", "https://api.vendor.example/v1")
    assert proxy.vendor_path("https://proxy.example/tiny/v1/users?x=1") == "/v1/users"
    assert Address("https://api.vendor.example").vendor_path("https://api.vendor.example/users") == "/users"


def test_two_addresses_are_of_one_origin_whatever_their_spelling() -> None:
    assert origin("https://API.example:443/a?b") == origin("https://api.example") == "https://api.example"
    assert origin("https://api.example:8443") != origin("https://api.example")
    assert origin("http://[::1]:80/x") == "http://[::1]"


def test_only_the_host_changes_where_the_vendor_names_another_one() -> None:
    moved = at_origin("https://login.vendor.example/a/b?c=d%20e", "https://eu.vendor.example/")
    assert moved == "https://eu.vendor.example/a/b?c=d%20e"


@pytest.mark.parametrize(
    "url",
    [
        "http://files.vendor.example/x",
        "https://vendor.example.evil/x",
        "https://evilvendor.example/x",
        "https://user@files.vendor.example/x",
        "https://files.vendor.example:8443/x",
        "https://[/",
        "/x",
    ],
)
def test_only_hosts_below_the_named_ones_are_the_vendors(url: str) -> None:
    assert is_under("https://Files.vendor.example/x?key=1", (".vendor.example",))
    assert not is_under(url, (".vendor.example",))


@pytest.mark.parametrize(
    ("location", "leads_to"),
    [
        ("https://n123.vendor.example/api/v1/x?y=1", "https://n123.vendor.example/v1/list?a=b"),
        ("https://n123.vendor.example", "https://n123.vendor.example/v1/list?a=b"),
        ("https://api.vendor.example/v1/other", None),
        ("https://evil.example/v1/list", None),
        ("https://vendor.example.evil.example/", None),
        ("http://n123.vendor.example/", None),
        ("https://n123.vendor.example:8443/", None),
        ("https://user@n123.vendor.example/", None),
        ("/v1/elsewhere", None),
        ("", None),
        ("https://[", None),
    ],
)
def test_a_redirect_leads_to_another_host_of_the_vendors_and_nowhere_else(location: str, leads_to: str | None) -> None:
    assert moved("https://api.vendor.example/v1/list?a=b", location, (".vendor.example",)) == leads_to
