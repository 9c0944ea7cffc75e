"""Connections whose every read is under watch, so that an answer has an end in time as a whole.

A socket's own timeout begins anew with each byte. Here it is only how often to look whether to go on.
"""

from __future__ import annotations

import io
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from http.client import HTTPResponse
from socket import socket
from typing import TYPE_CHECKING, Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from avesa.connector.connecting import open_socket
from avesa.connector.patience import Watch

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_WATCH: ContextVar[Watch] = ContextVar("watch")

_AT_ONCE = 64 * 1024
"""Bytes to read at once where nobody knows how many there will be."""


@contextmanager
def watched(watch: Watch) -> Iterator[None]:
    """What this thread sends and reads inside it, over the pools below, is under `watch`."""
    before = _WATCH.set(watch)
    try:
        yield
    finally:
        _WATCH.reset(before)


class _WatchedReader(io.RawIOBase):
    """The bytes of a socket. `opened` is the file that keeps it open."""

    def __init__(self, sock: socket, opened: io.RawIOBase, watch: Watch) -> None:
        self._sock, self._opened, self._watch = sock, opened, watch

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        while True:
            try:
                count = self._sock.recv_into(buffer)
            except TimeoutError:
                self._watch.came(0)
                continue
            if count:
                self._watch.came(count)
            return count

    def close(self) -> None:
        self._opened.close()
        super().close()


class _WatchedResponse(HTTPResponse):
    def __init__(self, sock: socket, *args: Any, **more: Any) -> None:
        super().__init__(sock, *args, **more)
        self._watch = _WATCH.get()
        self._watch.begin()
        self.fp = io.BufferedReader(_WatchedReader(sock, self.fp.detach(), self._watch), _AT_ONCE)

    def begin(self) -> None:
        super().begin()
        self._watch.head_came()


class _Connection(HTTPConnection):
    response_class = _WatchedResponse

    def _new_conn(self) -> socket:
        return open_socket(self, self._dns_host, _WATCH.get())


class _SafeConnection(HTTPSConnection):
    response_class = _WatchedResponse

    def _new_conn(self) -> socket:
        return open_socket(self, self._dns_host, _WATCH.get())

    def _tunnel(self) -> None:
        # What a proxy says to CONNECT is an answer too, and is looked at as often.
        sock, patience = self.sock, _WATCH.get().patience
        sock.settimeout(patience.look)
        super()._tunnel()
        sock.settimeout(patience.connect)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SafePool(HTTPSConnectionPool):
    ConnectionCls = _SafeConnection


POOLS = {"http": _Pool, "https": _SafePool}


class _WatchedTls(ssl.SSLSocket):
    def do_handshake(self, block: bool = False) -> None:
        watch, longest = _WATCH.get(), self.gettimeout()
        assert longest is not None
        until = time.monotonic() + longest
        self.settimeout(watch.patience.look)
        try:
            while True:
                try:
                    super().do_handshake(block)
                except TimeoutError:
                    if time.monotonic() >= until:
                        raise
                    watch.stopping()
                else:
                    break
        except BaseException:
            self.close()
            raise
        self.settimeout(longest)


def trusting() -> ssl.SSLContext:
    """TLS with those that the system trusts, which hears of a stop while it is agreed on."""
    context = ssl.create_default_context()
    context.sslsocket_class = _WatchedTls
    return context
