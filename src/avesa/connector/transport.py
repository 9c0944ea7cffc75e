"""HTTP: one request out, one whole answer back, over connections that stay open. It decides nothing; what an answer
means, and whether it is worth another try, is the client's to say.
"""

from __future__ import annotations

import logging
import ssl
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import quote, unquote, unquote_plus, urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    LocationValueError,
    NameResolutionError,
    NewConnectionError,
    ProxyError,
    SSLError,
)

from avesa.connector.connection import LOOPBACK
from avesa.connector.patience import Patience, TooSlow, Watch
from avesa.connector.request import Request
from avesa.connector.watched_connections import POOLS, trusting, watched

# It would write every address with its parameters, and a key may be among them.
logging.getLogger("urllib3.connectionpool").addFilter(lambda record: record.levelno > logging.INFO)

PATIENCE = Patience()

_KINDS: tuple[tuple[type[Exception], str], ...] = (
    (NameResolutionError, "its name is not known"),
    (NewConnectionError, "no connection"),
    (ConnectTimeoutError, "no connection in time"),
    (SSLError, "no safe connection (TLS)"),
    (ProxyError, "no connection through the proxy"),
    (LocationValueError, "an address that cannot be read"),
)


MOST_BYTES = 256 * 1024 * 1024
"""Of one answer, as it came and decompressed: no list has such pages, and a process has not much more memory."""


_MOST_MEMBERS = 1_000  # of a gzip file: each costs a copy of all behind it


class NoAnswer(Exception):
    """No whole answer came. The text is the kind of failure, in words that hold nothing of what was sent."""


class TooLong(Exception):
    """The answer is longer than is read."""


@dataclass(frozen=True)
class Answer:
    """What came over the wire. Header names are lower case; `body` is decompressed, `wire_bytes` are its bytes as they
    came.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    wire_bytes: int


class Transport:
    """Safe with threads. It goes through the proxy that the environment names, but never to a server on this machine;
    redirects are not followed, cookies not kept.
    """

    def __init__(
        self,
        connections: int,
        patience: Patience = PATIENCE,
        *,
        stop: Callable[[], bool] = lambda: False,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        """`connections` stay open to each host. Which proxy stands before a host is looked up once."""
        self._connections, self._patience, self._stop, self._most = connections, patience, stop, most_bytes
        self._timeout = urllib3.Timeout(connect=patience.connect, read=patience.look)
        self._pools: dict[tuple[str | None, bool], urllib3.PoolManager] = {}
        self._pool_of_host: dict[tuple[str, str], urllib3.PoolManager] = {}

    def send(self, request: Request, *, whatever_stops: bool = False) -> Answer:
        """Raises NoAnswer where none came, only a part of one, or one that came too slowly, TooLong for one that is not
        read to its end, and Stopped as soon as asked to stop, unless this answer is to be had `whatever_stops`.
        """
        address = address_of(request)
        watch = Watch(self._patience, (lambda: False) if whatever_stops else self._stop)
        try:
            with watched(watch):
                came = self._pool(address).request(
                    request.method,
                    address,
                    body=None if request.body is None else request.body.encode(),
                    headers=_headers(request),
                    redirect=False,
                    retries=False,
                    timeout=self._timeout,
                    preload_content=False,
                    decode_content=False,
                )
                wire = self._read(came)
        except TooSlow as error:
            raise NoAnswer(str(error)) from None
        except HTTPError as error:
            # The error's own text may hold the address or a header; its kind says enough.
            kind = next((told for known, told in _KINDS if isinstance(error, known)), "the answer broke off")
            raise NoAnswer(kind) from None
        except ValueError:
            raise NoAnswer("a header or an address that cannot be sent") from None
        headers = {name.lower(): value for name, value in came.headers.itermerged()}
        try:
            body = _opened(wire, headers.get("content-encoding", ""), self._most)
        except (EOFError, OSError, zlib.error):
            raise NoAnswer("an unreadable compressed body") from None
        return Answer(came.status, headers, body, len(wire))

    def close(self) -> None:
        for pool in self._pools.values():
            pool.clear()

    def _read(self, came: urllib3.BaseHTTPResponse) -> bytes:
        told = came.headers.get("content-length", "")
        # Where the length is told, that a body ends too early is noticed by reading to its end alone.
        whole = told.isdecimal() and len(told) < 19 and int(told) <= self._most
        body: bytes = came.read() if whole else came.read(self._most + 1)
        if len(body) > self._most:
            came.close()
            raise TooLong
        came.release_conn()
        return body

    def _pool(self, address: str) -> urllib3.PoolManager:
        parts = urlsplit(address)
        host = parts.scheme, parts.netloc
        if host not in self._pool_of_host:  # the environment is asked once: that takes as long as a small request
            place = (_proxy_for(address), parts.scheme == "https")
            if place not in self._pools:
                # Two threads may both make one, and one of the two is used: nothing is open in either yet.
                self._pools.setdefault(place, _pool_of(*place, self._connections))
            self._pool_of_host[host] = self._pools[place]
        return self._pool_of_host[host]


def address_of(request: Request) -> str:
    """The address with its parameters, which take the place of those of the same name in it; all else in it stays as
    it is written.
    """
    if not request.params:
        return request.url
    url, mark, fragment = request.url.partition("#")
    place, _, query = url.partition("?")
    names = {name for name, _ in request.params}
    own = [pair for pair in query.split("&") if pair and unquote_plus(pair.partition("=")[0]) not in names]
    asked = urlencode(request.params, quote_via=quote, safe="")
    return f"{place}?{'&'.join((*own, asked))}{mark}{fragment}"


def _headers(request: Request) -> urllib3.HTTPHeaderDict:
    headers = urllib3.HTTPHeaderDict({"User-Agent": "avesa", "Accept": "application/json"})
    headers["Accept-Encoding"] = "gzip, deflate"
    for name, value in request.headers:
        headers[name] = value
    return headers


def _opened(body: bytes, encoding: str, most: int) -> bytes:
    """The body without its compression. Raises EOFError, OSError or zlib.error for one that does not come to its end:
    a decoder that takes what there is would hand on a part of a list as if it were the whole. Raises TooLong where it
    is longer than `most`.
    """
    for coding in reversed(encoding.lower().replace("x-gzip", "gzip").split(",")):
        if not body:
            return body
        match coding.strip():
            case "gzip":
                body = _gunzipped(body, most)
            case "deflate":  # RFC 9110, section 8.4.1.2: with zlib's frame; some send it without
                try:
                    body, _ = _inflated(body, zlib.MAX_WBITS, most)
                except zlib.error:
                    body, _ = _inflated(body, -zlib.MAX_WBITS, most)
            case "" | "identity":
                pass
            case _:
                raise OSError("a compression that was not asked for")
    return body


def _gunzipped(body: bytes, most: int) -> bytes:
    """All members of a gzip file (RFC 1952, section 2.2), zeros behind the last one left out."""
    members: list[bytes] = []
    left = most
    while body:
        member, rest = _inflated(body, zlib.MAX_WBITS | 16, left)
        members.append(member)
        left -= len(member)
        body = rest.lstrip(b"\0")
        if len(members) > _MOST_MEMBERS:
            raise TooLong
    return members[0] if len(members) == 1 else b"".join(members)


def _inflated(data: bytes, wbits: int, most: int) -> tuple[bytes, bytes]:
    """What `data` unpacks to, and what lies behind its end."""
    unpacking = zlib.decompressobj(wbits)
    body = unpacking.decompress(data, most + 1)
    if len(body) > most:
        raise TooLong
    if not unpacking.eof:
        raise EOFError
    return body, unpacking.unused_data


def _proxy_for(address: str) -> str | None:
    parts = urlsplit(address)
    proxies = getproxies()
    if not proxies or parts.hostname in LOOPBACK or proxy_bypass(parts.netloc):
        return None
    return proxies.get(parts.scheme) or proxies.get("all")


def _pool_of(proxy: str | None, safe: bool, connections: int) -> urllib3.PoolManager:
    pools = _manager(proxy, safe, connections)
    pools.pool_classes_by_scheme = POOLS
    return pools


def _manager(proxy: str | None, safe: bool, connections: int) -> urllib3.PoolManager:
    trusted = _trusted() if safe or (proxy or "").startswith("https:") else None
    if proxy is None:
        return urllib3.PoolManager(maxsize=connections, ssl_context=trusted)
    parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    headers = None
    if parts.username:
        headers = urllib3.make_headers(proxy_basic_auth=f"{unquote(parts.username)}:{unquote(parts.password or '')}")
    address = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    return urllib3.ProxyManager(address, maxsize=connections, ssl_context=trusted, proxy_headers=headers)


@cache
def _trusted() -> ssl.SSLContext:
    """Whom TLS trusts, read once in a process: that takes longer than most requests do."""
    return trusting()
