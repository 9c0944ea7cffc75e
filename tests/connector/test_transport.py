"""HTTP as it goes over the wire: a real server, and what it does to a request."""

from __future__ import annotations

import base64
import gzip
import logging
import socket
import ssl
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from avesa.connector.patience import Patience
from avesa.connector.request import Request
from avesa.connector.transport import NoAnswer, TooLong, Transport, _trusted, address_of
from tiny_vendor import Answer, TinyVendor, tiny_vendor

DAY = timedelta(days=1)
AUTH = ("Authorization", "Basic " + base64.b64encode(b"co:s3cr3t").decode())


@pytest.fixture
def vendor() -> Iterator[TinyVendor]:
    with tiny_vendor() as running:
        running.lists["/tickets"] = []
        yield running


@pytest.fixture
def transport() -> Iterator[Transport]:
    made = Transport(2, Patience(connect=5, silence=5))
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


@pytest.mark.parametrize(
    "answer",
    [
        Answer(body=b"x" * 2_000),
        Answer(body=gzip.compress(b"x" * 2_000), headers={"Content-Encoding": "gzip"}),
        Answer(body=gzip.compress(b"x" * 900) * 2, headers={"Content-Encoding": "gzip"}),
        Answer(body=zlib.compress(b"x" * 2_000), headers={"Content-Encoding": "deflate"}),
        Answer(body=zlib.compress(b"x" * 2_000)[2:-4], headers={"Content-Encoding": "deflate"}),
        Answer(body=gzip.compress(b"") * 1_200, headers={"Content-Encoding": "gzip"}),
        Answer(body=gzip.compress(gzip.compress(b"x" * 100_000)), headers={"Content-Encoding": "gzip, gzip"}),
    ],
)
def test_more_than_memory_is_meant_for_is_not_read(vendor: TinyVendor, answer: Answer) -> None:
    vendor.bend = lambda *_: answer
    transport = Transport(1, most_bytes=1_500)
    with pytest.raises(TooLong):
        transport.send(ask(vendor))
    vendor.bend = lambda *_: Answer(body=gzip.compress(b"x" * 700) * 2, headers={"Content-Encoding": "gzip"})
    assert transport.send(ask(vendor)).body == b"x" * 1_400
    transport.close()


@pytest.mark.parametrize("size", [1_000, 2_000])
def test_a_body_whose_length_nobody_told_is_read_to_its_end_and_not_beyond_the_most(size: int) -> None:
    transport = Transport(1, most_bytes=1_500)
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = head + b"".join(b"64\r\n" + b"x" * 100 + b"\r\n" for _ in range(size // 100))
    with raw_server(chunks + b"0\r\n\r\n") as address:
        if size > 1_500:
            with pytest.raises(TooLong):
                transport.send(Request("GET", address))
        else:
            assert transport.send(Request("GET", address)).body == b"x" * size
    with (
        raw_server(chunks) as address,
        pytest.raises(NoAnswer),
    ):
        Transport(1).send(Request("GET", address))
    transport.close()


def test_one_connection_serves_many_requests_and_one_that_was_closed_while_idle_is_opened_again() -> None:
    answers = [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]"] * 2
    transport = Transport(1)
    closed = threading.Semaphore(0)
    with raw_server(*answers, times=2, closed=closed) as address:
        for _ in range(2):
            assert [transport.send(Request("GET", address)).body for _ in answers] == [b"[]", b"[]"]
            assert closed.acquire(timeout=10)
    transport.close()


def test_compression_without_its_frame_and_an_empty_body_are_read(vendor: TinyVendor, transport: Transport) -> None:
    bare = zlib.compress(b"[1]")[2:-4]
    for body, plain in ((bare, b"[1]"), (b"", b"")):
        vendor.bend = lambda *_, body=body: Answer(body=body, headers={"Content-Encoding": "deflate"})  # type: ignore[misc]
        assert transport.send(ask(vendor)).body == plain
    vendor.bend = lambda *_: Answer(body=b"?", headers={"Content-Encoding": "br"})
    with pytest.raises(NoAnswer, match="an unreadable compressed body"):
        transport.send(ask(vendor))


def test_who_does_not_answer_in_time_is_told_apart_from_who_is_not_there() -> None:
    hurried = Transport(1, Patience(connect=5, silence=0.05, look=0.01))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/x"
        with pytest.raises(NoAnswer, match="no answer in time"):
            hurried.send(Request("GET", address))
    with pytest.raises(NoAnswer, match="no connection"):
        hurried.send(Request("GET", address))
    with pytest.raises(NoAnswer, match="its name is not known"):
        hurried.send(Request("GET", "http://vendor.invalid/x"))
    hurried.close()


@contextmanager
def raw_server(*answers: bytes, times: int = 1, closed: threading.Semaphore | None = None) -> Iterator[str]:
    """Sends `answers`, one to each request, and closes (which `closed` tells); as often as `times` says."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            for _ in range(times):
                connection, _ = server.accept()
                with connection:
                    for answer in answers:
                        connection.recv(65536)
                        with suppress(OSError):
                            connection.sendall(answer)
                if closed is not None:
                    closed.release()

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/x"
        thread.join()


def test_a_server_that_speaks_no_http_is_no_answer(transport: Transport) -> None:
    with raw_server(b"220 mail.example ESMTP\r\n") as address, pytest.raises(NoAnswer, match="the answer broke off"):
        transport.send(Request("GET", address))


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


@pytest.fixture
def certified(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A server that answers over TLS as `localhost`, and the file that makes it trusted."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - DAY, now + DAY)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = tmp_path / "key.pem", tmp_path / "certificate.pem"
    files[0].write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + certificate.public_bytes(Encoding.PEM)
    )
    files[1].write_bytes(certificate.public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files[0])
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection, suppress(OSError), context.wrap_socket(connection, server_side=True) as safe:
                    if safe.recv(65536):
                        safe.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]")

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"https://localhost:{server.getsockname()[1]}/x", files[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.fixture
def trust(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], None]]:
    """Makes all that is in a file trusted, until the test ends."""

    def trust(file: Path) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        _trusted.cache_clear()

    yield trust
    _trusted.cache_clear()


def test_a_server_is_believed_only_with_a_certificate_that_is_trusted_and_its_own(
    certified: tuple[str, Path], trust: Callable[[Path], None], transport: Transport
) -> None:
    address, file = certified
    with pytest.raises(NoAnswer, match=r"no safe connection \(TLS\)"):
        transport.send(Request("GET", address))
    trust(file)
    with pytest.raises(NoAnswer, match=r"no safe connection \(TLS\)"):
        Transport(1).send(Request("GET", address.replace("localhost", "127.0.0.1")))
    assert Transport(1).send(Request("GET", address)).body == b"[]"


def test_tls_goes_through_a_proxy_to_the_server_itself(
    environment_without_proxies: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("avesa.connector.transport.proxy_bypass", lambda _: False)
    said: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as proxy:

        def answer() -> None:
            connection, _ = proxy.accept()
            with connection:
                said.append(connection.recv(65536))
                connection.sendall(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        monkeypatch.setenv("https_proxy", f"http://user:pw@127.0.0.1:{proxy.getsockname()[1]}")
        with pytest.raises(NoAnswer, match="no connection through the proxy") as caught:
            Transport(1).send(Request("GET", "https://vendor.invalid/secret?key=s3cr3t", (), (AUTH,)))
        thread.join()
    [asked] = said
    assert asked.startswith(b"CONNECT vendor.invalid:443 ")
    assert b"s3cr3t" not in asked and AUTH[1].encode() not in asked, "what is asked is for the server alone"
    assert "pw" not in str(caught.value)
