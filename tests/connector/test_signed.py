"""Signatures, each against one that is put together here by hand."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Literal
from urllib.parse import quote

import pytest

from avesa.connector.address import Address
from avesa.connector.client import Client, Tally
from avesa.connector.connection import connection
from avesa.connector.credentials import Credentials
from avesa.connector.request import Request, Response
from avesa.connector.service import Setting
from avesa.connector.signed import DuoSignature, canonical, rfc2822
from avesa.shared.errors import Where
from tiny_vendor import SERVICE, tiny_vendor

AT = datetime(2012, 8, 21, 17, 29, 18, tzinfo=UTC)
DATE = "Tue, 21 Aug 2012 17:29:18 -0000"
GIVEN = {"api_host": "API-9.duosecurity.com", "ikey": "DIKEY", "skey": "s3cr3t"}
NOTHING = (
    "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
    "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"
)
"""SHA-512 of nothing."""
USERS = Request(
    "GET",
    "https://api-9.duosecurity.com/admin/v1/users",
    (("offset", "0"), ("limit", "300"), ("username", "First Last~é+&=")),
)


def credentials(base_url: str = "https://API-9.duosecurity.com", vendor: str | None = None) -> Credentials:
    return Credentials(GIVEN, frozenset({"skey"}), AT, Address(base_url, vendor))


def signature(request: Request) -> str:
    user, _, password = b64decode(dict(request.headers)["Authorization"].removeprefix("Basic ")).decode().partition(":")
    assert user == "DIKEY"
    return password


def test_version_5_signs_date_method_host_path_parameters_body_and_own_headers() -> None:
    signed = next(DuoSignature().flow(USERS, credentials()))
    assert isinstance(signed, Request) and dict(signed.headers)["Date"] == DATE
    text = (
        f"{DATE}\nGET\napi-9.duosecurity.com\n/admin/v1/users\n"
        f"limit=300&offset=0&username=First%20Last~%C3%A9%2B%26%3D\n{NOTHING}\n{NOTHING}"
    )
    assert signature(signed) == hmac.new(b"s3cr3t", text.encode(), hashlib.sha512).hexdigest()
    assert signed.params == USERS.params and signed.url == USERS.url


def test_version_2_signs_the_first_five_lines_with_sha1() -> None:
    signed = next(DuoSignature(version=2).flow(USERS, credentials()))
    assert isinstance(signed, Request)
    text = (
        f"{DATE}\nGET\napi-9.duosecurity.com\n/admin/v1/users\nlimit=300&offset=0&username=First%20Last~%C3%A9%2B%26%3D"
    )
    assert signature(signed) == hmac.new(b"s3cr3t", text.encode(), hashlib.sha1).hexdigest()


def test_parameters_of_every_request_are_signed_with_it() -> None:
    given = Credentials(GIVEN | {"account_id": "DA 1"}, frozenset({"skey"}), AT, credentials().address)
    scheme = DuoSignature(params=(("account_id", "{account_id}"),))
    signed = next(scheme.flow(USERS, given))
    assert isinstance(signed, Request) and signed.param("account_id") == "DA 1"
    text = f"{DATE}\nGET\napi-9.duosecurity.com\n/admin/v1/users\naccount_id=DA%201&limit=300&offset=0&username="
    text += f"First%20Last~%C3%A9%2B%26%3D\n{NOTHING}\n{NOTHING}"
    assert signature(signed) == hmac.new(b"s3cr3t", text.encode(), hashlib.sha512).hexdigest()
    assert scheme.names - DuoSignature().names == {"account_id"}


def test_the_vendors_own_example_comes_out_as_published() -> None:
    """The example of version 2 that Duo's published clients are tested with."""
    params = (
        (
            "\u469a\u287b\u35d0\u8ef3\u6727\u502a\u0810\ud091\xc8\uc170",
            "\u0f45\u1a76\u341a\u654c\uc23f\u9b09\uabe2\u8343\u1b27\u60d0",
        ),
        (
            "\u7449\u7e4b\uccfb\u59ff\ufe5f\u83b7\uadcc\u900c\ucfd1\u7813",
            "\u8db7\u5022\u92d3\u42ef\u207d\u8730\uacfe\u5617\u0946\u4e30",
        ),
        (
            "\u7470\u9314\u901c\u9eae\u40d8\u4201\u82d8\u8c70\u1d31\ua042",
            "\u17d9\u0ba8\u9358\uaadf\ua42a\u48be\ufb96\u6fe9\ub7ff\u32f3",
        ),
        (
            "\uc2c5\u2c1d\u2620\u3617\u96b3F\u8605\u20e8\uac21\u5934",
            "\ufba9\u41aa\ubd83\u840b\u2615\u3e6e\u652d\ua8b5\ud56bU",
        ),
    )
    request = Request("PoSt", "https://foO.BAr52.cOm/Foo/BaR2/qux", params)
    text = canonical(request, "foO.BAr52.cOm", "/Foo/BaR2/qux", "Fri, 07 Dec 2012 17:18:00 -0000", 2)
    key = b"gtdfxv9YgVBYcF6dl2Eq17KUQJN2PLM2ODVTkvoT"
    assert hmac.new(key, text.encode(), hashlib.sha1).hexdigest() == "f01811cbbf9561623ab45b893096267fd46a5178"


def test_no_parameters_make_an_empty_line_and_a_body_its_digest() -> None:
    request = Request(
        "POST", "https://x/accounts/v1/account/list", headers=(("X-Duo-B", "2"), ("x-duo-a", "1")), body="{}"
    )
    lines = canonical(request, "x", "/accounts/v1/account/list", DATE, 5).split("\n")
    own = hashlib.sha512(b"x-duo-a\x001\x00x-duo-b\x002").hexdigest()
    assert lines[1:] == ["POST", "x", "/accounts/v1/account/list", "", hashlib.sha512(b"{}").hexdigest(), own]


def test_parameters_are_sorted_by_their_encoded_names_and_then_values() -> None:
    request = Request("GET", "https://x/a", (("b", "2"), ("a_", "1"), ("a", "2"), ("a", "10"), ("é", ""), ("A", "z")))
    assert canonical(request, "x", "/a", DATE, 2).split("\n")[4] == "%C3%A9=&A=z&a=10&a=2&a_=1&b=2"


def test_the_vendors_host_and_path_are_signed_whatever_the_request_passes_through() -> None:
    through = Request("GET", "http://127.0.0.1:1/duo/admin/v1/users", USERS.params)
    proxy = credentials("http://127.0.0.1:1/duo", "https://API-9.duosecurity.com")
    by_proxy, directly = next(DuoSignature().flow(through, proxy)), next(DuoSignature().flow(USERS, credentials()))
    assert isinstance(by_proxy, Request) and isinstance(directly, Request)
    assert signature(by_proxy) == signature(directly)


@pytest.mark.parametrize(("late", "again"), [(timedelta(seconds=59), False), (timedelta(seconds=61), True)])
def test_a_signature_that_grew_old_while_it_waited_is_made_anew_once(late: timedelta, again: bool) -> None:
    flow = DuoSignature().flow(USERS, credentials())
    next(flow)
    refused = Response(401, {}, b"", USERS.url, AT + late, AT + late)
    if not again:
        with pytest.raises(StopIteration):
            flow.send(refused)
        return
    second = flow.send(refused)
    assert isinstance(second, Request) and dict(second.headers)["Date"] == "Tue, 21 Aug 2012 17:30:19 -0000"
    with pytest.raises(StopIteration):
        flow.send(Response(401, {}, b"", USERS.url, AT + 2 * late, AT + 2 * late))


@pytest.mark.parametrize("version", [2, 5])
def test_a_request_that_is_answered_is_signed_once(version: Literal[2, 5]) -> None:
    flow = DuoSignature(version=version).flow(USERS, credentials())
    next(flow)
    with pytest.raises(StopIteration):
        flow.send(Response(200, {}, b"", USERS.url, AT + timedelta(hours=1), AT))


def test_dates_are_english_and_utc() -> None:
    assert rfc2822(AT) == DATE
    assert rfc2822(datetime.fromisoformat("2026-01-01T00:30:00+01:00")) == "Wed, 31 Dec 2025 23:30:00 -0000"


def test_it_tells_what_it_needs() -> None:
    assert DuoSignature().names == {"api_host", "ikey", "skey"}


def test_what_arrives_over_http_is_what_was_signed() -> None:
    with tiny_vendor() as vendor:
        signing = replace(
            SERVICE,
            base_url="https://{api_host}/api",
            settings=(Setting("api_host"),),
            secrets=("ikey", "skey"),
            auth=DuoSignature(),
        )
        settings, secrets = {"api_host": "api-1.example", "base_url": vendor.url}, {"ikey": "i", "skey": "s3cr3t"}
        link = connection(signing, settings, secrets, where=Where("acme", "tiny"))
        strange = {"b": "First Last~é+&=/%20", "a_1": "", "conditions": "x>=[2026]"}
        with Client(link) as sender:
            sender.send(Request("GET", vendor.url + "/tickets", tuple(strange.items())), Tally())
    [asked] = vendor.asked
    assert asked.query == {name: value for name, value in strange.items() if value}
    parameters = "&".join(f"{name}={quote(strange[name], safe='~')}" for name in sorted(strange))
    nothing = hashlib.sha512(b"").hexdigest()
    lines = (asked.headers["date"], "GET", "api-1.example", "/api/tickets", parameters, nothing, nothing)
    signature = hmac.new(b"s3cr3t", "\n".join(lines).encode(), hashlib.sha512).hexdigest()
    assert b64decode(asked.headers["authorization"].removeprefix("Basic ")).decode() == f"i:{signature}"
