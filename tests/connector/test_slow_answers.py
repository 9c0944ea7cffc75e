"""Servers that send a byte now and then, over real sockets; all times are short here."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from functools import partial
from socket import SHUT_RDWR, create_server, socket

import pytest

from avesa.connector.client import Client, Tally
from avesa.connector.connection import connection
from avesa.connector.limits import Stopped
from avesa.connector.patience import Patience
from avesa.connector.request import Request
from avesa.connector.transport import NoAnswer, Transport
from avesa.shared.errors import Unavailable, Where
from tiny_vendor import SERVICE

SHORT = Patience(connect=5, silence=0.5, window=0.5, least=4_000, longest=60, grace=0.05, look=0.02)
LONG = Patience(grace=0.05, look=0.02)
BY_LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
TO_THE_END = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

Trickle = tuple[bytes, bytes]
"""What comes at once, and what then comes again and again, byte by byte."""

TRICKLES: dict[str, Trickle] = {
    "status line": (b"HTTP/1.1 200 ", b"O"),
    "header": (b"HTTP/1.1 200 OK\r\nX-Header: ", b"x"),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"X: 1\r\n"),
    "continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "body by length": (BY_LENGTH, b"x"),
    "body to the end": (TO_THE_END, b"x"),
    "chunks": (CHUNKED, b"1\r\nx\r\n"),
    "chunk": (CHUNKED + b"fffff\r\n", b"x"),
    "size of a chunk": (CHUNKED, b"0"),
    "trailers": (CHUNKED + b"0\r\n", b"X: 1\r\n"),
}


class Trickler:
    """Sends one trickle to each who asks, a byte after each `pause`, until they hang up."""

    def __init__(self, server: socket, trickle: Trickle, pause: float) -> None:
        self.url = f"http://127.0.0.1:{server.getsockname()[1]}/x"
        self.began = threading.Event()
        self._server, self._trickle, self._pause = server, trickle, pause
        self._over = threading.Event()

    def serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._server.accept()
                with connection, suppress(OSError):
                    self._send(connection)

    def _send(self, connection: socket) -> None:
        connection.recv(65_536)
        at_once, again = self._trickle
        connection.sendall(at_once)
        self.began.set()
        while True:
            for byte in again:
                connection.sendall(bytes([byte]))
                if self._over.wait(self._pause):
                    return

    def end(self) -> None:
        self._over.set()
        self._server.shutdown(SHUT_RDWR)


@contextmanager
def trickling(trickle: Trickle, pause: float = 0.01) -> Iterator[Trickler]:
    with create_server(("127.0.0.1", 0)) as server:
        running = Trickler(server, trickle, pause)
        thread = threading.Thread(target=running.serve)
        thread.start()
        try:
            yield running
        finally:
            running.end()
            thread.join()


@contextmanager
def transport(patience: Patience, stop: Callable[[], bool] = lambda: False) -> Iterator[Transport]:
    made = Transport(1, patience, stop=stop)
    try:
        yield made
    finally:
        made.close()


@pytest.mark.parametrize("part", TRICKLES)
def test_an_answer_that_trickles_is_none(part: str) -> None:
    with trickling(TRICKLES[part]) as vendor, transport(SHORT) as sender:
        for _ in range(2):
            began = time.monotonic()
            with pytest.raises(NoAnswer, match="the answer came too slowly"):
                sender.send(Request("GET", vendor.url))
            assert 0.4 < time.monotonic() - began < 5


@pytest.mark.parametrize("part", TRICKLES)
def test_a_stop_is_heard_while_an_answer_trickles(part: str) -> None:
    with trickling(TRICKLES[part]) as vendor, transport(LONG, vendor.began.is_set) as sender:
        began = time.monotonic()
        with pytest.raises(Stopped):
            sender.send(Request("GET", vendor.url))
        assert time.monotonic() - began < 5


def test_a_stop_is_heard_while_nothing_comes() -> None:
    with (
        trickling((BY_LENGTH, b"x" * 5), pause=30) as vendor,
        transport(LONG, vendor.began.is_set) as sender,
        pytest.raises(Stopped),
    ):
        sender.send(Request("GET", vendor.url))


def test_what_is_to_be_had_whatever_stops_is_waited_for_within_the_limits() -> None:
    with trickling(TRICKLES["chunks"]) as vendor, transport(SHORT, lambda: True) as sender:
        with pytest.raises(NoAnswer, match="the answer came too slowly"):
            sender.send(Request("GET", vendor.url), whatever_stops=True)
        with pytest.raises(Stopped):
            sender.send(Request("GET", vendor.url))


def test_a_large_answer_over_a_slow_line_comes_whole_however_long_it_takes() -> None:
    slow_line = Patience(connect=5, silence=0.5, window=0.2, least=5, longest=60, look=0.02)
    body = b"x" * 60
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 60\r\n\r\n"
    with trickling((answer, body)) as vendor, transport(slow_line) as sender:
        began = time.monotonic()
        assert sender.send(Request("GET", vendor.url)).body == body
        assert time.monotonic() - began > slow_line.silence


@contextmanager
def full_server() -> Iterator[str]:
    """Its queue is full, so that a connection to it is neither made nor refused."""
    with create_server(("127.0.0.1", 0), backlog=0) as server, ExitStack() as waiting:
        for _ in range(4):
            one = waiting.enter_context(socket())
            one.setblocking(False)
            one.connect_ex(server.getsockname())
        yield f"http://127.0.0.1:{server.getsockname()[1]}/x"


@pytest.mark.skipif(sys.platform != "linux", reason="what a full queue does is the system's")
def test_a_server_that_takes_no_connection_holds_nobody_up() -> None:
    with full_server() as url:
        with transport(replace(SHORT, connect=0.2)) as sender, pytest.raises(NoAnswer, match="no connection in time"):
            sender.send(Request("GET", url))
        began = time.monotonic()
        with transport(LONG, lambda: True) as sender, pytest.raises(Stopped):
            sender.send(Request("GET", url))
        assert time.monotonic() - began < 5


def test_a_server_that_does_not_agree_on_tls_does_not_hold_up_a_stop() -> None:
    with create_server(("127.0.0.1", 0)) as server:
        asked = threading.Event()

        def accept() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65_536)
                asked.set()
                connection.recv(65_536)

        thread = threading.Thread(target=accept)
        thread.start()
        with transport(LONG, asked.is_set) as sender, pytest.raises(Stopped):
            sender.send(Request("GET", f"https://127.0.0.1:{server.getsockname()[1]}/x"))
        thread.join()


@pytest.mark.parametrize("part", ["status line", "headers"])
def test_a_proxy_that_trickles_holds_nobody_up(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with trickling(TRICKLES[part]) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url.removesuffix("/x"))
        with transport(SHORT) as sender, pytest.raises(NoAnswer, match="the answer came too slowly"):
            sender.send(Request("GET", "https://vendor.invalid/x"))
    with trickling(TRICKLES[part], pause=30) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url.removesuffix("/x"))
        with transport(LONG, proxy.began.is_set) as sender, pytest.raises(Stopped):
            sender.send(Request("GET", "https://vendor.invalid/x"))


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("avesa.connector.client.Transport", partial(Transport, patience=SHORT))


def client(vendor: Trickler, stop: Callable[[], bool] = lambda: False) -> Client:
    settings = {"company_id": "co", "base_url": vendor.url}
    return Client(connection(SERVICE, settings, {"private_key": "s3cr3t"}, where=Where("acme", "tiny")), stop=stop)


@pytest.mark.usefixtures("impatient")
def test_an_answer_that_came_too_slowly_is_tried_again_and_told() -> None:
    tally = Tally()
    with (
        trickling(TRICKLES["body by length"]) as vendor,
        client(vendor) as sender,
        pytest.raises(Unavailable, match="the answer came too slowly, 3 times in a row"),
    ):
        sender.get(Request("GET", vendor.url), tally)
    assert (tally.calls, tally.retries) == (3, 2)


@pytest.mark.usefixtures("impatient")
def test_a_client_that_is_asked_to_stop_leaves_the_answer_that_is_under_way() -> None:
    tally = Tally()
    with (
        trickling(TRICKLES["chunks"]) as vendor,
        client(vendor, vendor.began.is_set) as sender,
        pytest.raises(Stopped),
    ):
        sender.get(Request("GET", vendor.url), tally)
    assert tally.calls == 1
