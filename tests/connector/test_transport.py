"""HTTP as it goes over the wire: a real server, and what it does to a request."""

from __future__ import annotations

import base64
import gzip
import logging
import socket
import threading
import zlib
from collections.abc import Callable, Iterator

import pytest
import urllib3

from avesa.connector.request import Request
from avesa.connector.transport import NoAnswer, Transport, address_of
from tiny_vendor import Answer, TinyVendor, tiny_vendor

AUTH = ("Authorization", "Basic " + base64.b64encode(b"co:s3cr3t").decode())


@pytest.fixture
def vendor() -> Iterator[TinyVendor]:
    with tiny_vendor() as running:
        running.lists["/tickets"] = []
        yield running


@pytest.fixture
def transport() -> Iterator[Transport]:
    made = Transport(2, urllib3.Timeout(connect=5, read=5))
    yield made
    made.close()


def ask(vendor: TinyVendor, *params: tuple[str, str], **more: object) -> Request:
    return Request("GET", f"{vendor.url}/tickets", params, (AUTH, *more.get("headers", ())))  # type: ignore[misc]


@pytest.mark.parametrize(
    ("url", "params", "expected"),
    [
        ("https://v/x", (), "https://v/x"),
        ("https://v/x?q=a%2Fb+c", (), "https://v/x?q=a%2Fb+c"),
        ("https://v/x", (("q", "a b&c=d/é"),), "https://v/x?q=a%20b%26c%3Dd%2F%C3%A9"),
        ("https://v/x?page=1&q=a%2Fb", (("page", "2"),), "https://v/x?q=a%2Fb&page=2"),
        ("https://v/x?%24top=1", (("$top", "2"),), "https://v/x?%24top=2"),
        ("https://v/x", (("id", "1"), ("id", "2")), "https://v/x?id=1&id=2"),
        ("https://v/x?a=1#f", (("b", ""),), "https://v/x?a=1&b=#f"),
    ],
)
def test_parameters_take_the_place_of_those_of_their_name(
    url: str, params: tuple[tuple[str, str], ...], expected: str
) -> None:
    assert address_of(Request("GET", url, params)) == expected


def test_what_is_asked_arrives_as_it_was_meant(vendor: TinyVendor, transport: Transport) -> None:
    transport.send(ask(vendor, ("conditions", "a>=[2026-01-01] and b = 'c+d'"), headers=(("accept", "text/csv"),)))
    asked = vendor.asked[-1]
    assert asked.query == {"conditions": "a>=[2026-01-01] and b = 'c+d'"}
    assert (asked.headers["accept"], asked.headers["user-agent"]) == ("text/csv", "avesa")
    transport.send(Request("POST", f"{vendor.url}/tickets", (), (AUTH,), body='{"name":"é"}'))
    assert (vendor.asked[-1].method, vendor.asked[-1].body) == ("POST", '{"name":"é"}')


@pytest.mark.parametrize("encoding", ["gzip", "X-GZip", "deflate", "identity, gzip"])
def test_a_compressed_body_is_opened_and_counted_as_it_came(
    vendor: TinyVendor, transport: Transport, encoding: str
) -> None:
    plain = b"[" + b" " * 10_000 + b"]"
    packed = zlib.compress(plain) if encoding == "deflate" else gzip.compress(plain)
    vendor.bend = lambda *_: Answer(body=packed, headers={"Content-Encoding": encoding})
    answer = transport.send(ask(vendor))
    assert (answer.body, answer.wire_bytes) == (plain, len(packed))


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(body=b"x" * 100, cut=10), "the answer broke off"),
        (Answer(body=b"no gzip", headers={"Content-Encoding": "gzip"}), "an unreadable compressed body"),
        (Answer(body=gzip.compress(b"x" * 999), headers={"Content-Encoding": "gzip"}, cut=20), "the answer broke off"),
    ],
)
def test_a_part_of_an_answer_is_none(vendor: TinyVendor, transport: Transport, answer: Answer, kind: str) -> None:
    vendor.bend = lambda *_: answer
    with pytest.raises(NoAnswer, match=kind):
        transport.send(ask(vendor))


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_a_compressed_body_that_ends_too_early_is_no_answer(
    vendor: TinyVendor, transport: Transport, pack: Callable[[bytes], bytes]
) -> None:
    encoding = "gzip" if pack is gzip.compress else "deflate"
    vendor.bend = lambda *_: Answer(body=pack(b"x" * 100_000)[:-20], headers={"Content-Encoding": encoding})
    with pytest.raises(NoAnswer, match="an unreadable compressed body"):
        transport.send(ask(vendor))


def test_compression_without_its_frame_and_an_empty_body_are_read(vendor: TinyVendor, transport: Transport) -> None:
    bare = zlib.compress(b"[1]")[2:-4]
    for body, plain in ((bare, b"[1]"), (b"", b"")):
        vendor.bend = lambda *_, body=body: Answer(body=body, headers={"Content-Encoding": "deflate"})  # type: ignore[misc]
        assert transport.send(ask(vendor)).body == plain
    vendor.bend = lambda *_: Answer(body=b"?", headers={"Content-Encoding": "br"})
    with pytest.raises(NoAnswer, match="an unreadable compressed body"):
        transport.send(ask(vendor))


def test_who_does_not_answer_in_time_is_told_apart_from_who_is_not_there() -> None:
    hurried = Transport(1, urllib3.Timeout(connect=5, read=0.05))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/x"
        with pytest.raises(NoAnswer, match="no answer in time"):
            hurried.send(Request("GET", address))
    with pytest.raises(NoAnswer, match="no connection"):
        hurried.send(Request("GET", address))
    with pytest.raises(NoAnswer, match="its name is not known"):
        hurried.send(Request("GET", "http://vendor.invalid/x"))
    hurried.close()


def test_a_server_that_speaks_no_http_is_no_answer(transport: Transport) -> None:
    with socket.create_server(("127.0.0.1", 0)) as odd:

        def answer() -> None:
            connection, _ = odd.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"220 mail.example ESMTP\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(NoAnswer, match="the answer broke off"):
            transport.send(Request("GET", f"http://127.0.0.1:{odd.getsockname()[1]}/x"))
        thread.join()


@pytest.mark.parametrize("secret", ["two\r\nlines", "schlüssel-€"])
def test_a_header_that_cannot_be_sent_is_told_without_it(vendor: TinyVendor, transport: Transport, secret: str) -> None:
    with pytest.raises(NoAnswer) as caught:
        transport.send(Request("GET", f"{vendor.url}/tickets", (), (("X-Key", secret),)))
    assert secret not in str(caught.value) and caught.value.__suppress_context__ and vendor.asked == []


def test_no_log_shows_an_address(vendor: TinyVendor, transport: Transport, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        transport.send(ask(vendor, ("key", "s3cr3t")))
    assert "s3cr3t" not in caplog.text and "tickets" not in caplog.text


@pytest.mark.usefixtures("environment_without_proxies")
def test_the_environment_names_the_proxy(vendor: TinyVendor, monkeypatch: pytest.MonkeyPatch) -> None:
    host = vendor.url.removeprefix("http://").removesuffix("/api")
    monkeypatch.setenv("http_proxy", f"http://us%3Aer:pw@{host}")
    monkeypatch.setenv("no_proxy", "near.invalid")
    transport = Transport(1)
    assert transport.send(Request("GET", "http://vendor.invalid/api/tickets", (), (AUTH,))).status == 200
    asked = vendor.asked[-1]
    assert asked.headers["host"] == "vendor.invalid"
    assert asked.headers["proxy-authorization"] == "Basic " + base64.b64encode(b"us:er:pw").decode()
    with pytest.raises(NoAnswer, match="its name is not known"):
        transport.send(Request("GET", "http://near.invalid/x"))
    monkeypatch.delenv("http_proxy")  # looked up once for each host
    assert transport.send(Request("GET", "http://vendor.invalid/api/tickets", (), (AUTH,))).status == 200
    transport.close()


@pytest.mark.usefixtures("environment_without_proxies")
def test_no_proxy_stands_between_us_and_a_server_on_this_machine(
    vendor: TinyVendor, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy.invalid:3128")
    assert transport.send(ask(vendor)).status == 200
    monkeypatch.setenv("http_proxy", "socks5://proxy.invalid:1080")
    with pytest.raises(NoAnswer):
        transport.send(Request("GET", "http://vendor.invalid/x"))


@pytest.fixture
def environment_without_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
