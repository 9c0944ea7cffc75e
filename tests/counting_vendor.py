"""A vendor that counts: every request over its limit is refused with 429 and written down as a breach.

It goes by its own clock and its own windows, and knows nothing of the connector.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Protocol

from served import served


class Counting(Protocol):
    def admits(self, now: float) -> bool:
        """Whether a request that comes now is within the limit; it is counted if so."""
        ...


class Rolling:
    """At most `most` in the `seconds` behind every request."""

    def __init__(self, most: int, seconds: float) -> None:
        self.most, self.seconds = most, seconds
        self._times: deque[float] = deque()

    def admits(self, now: float) -> bool:
        while self._times and self._times[0] <= now - self.seconds:
            self._times.popleft()
        if len(self._times) >= self.most:
            return False
        self._times.append(now)
        return True


class Fixed:
    """At most `most` from one multiple of `seconds` (and `offset`) to the next."""

    def __init__(self, most: int, seconds: float, offset: float = 0.0) -> None:
        self.most, self.seconds, self.offset = most, seconds, offset
        self._window, self._count = -1, 0

    def admits(self, now: float) -> bool:
        window = int((now - self.offset) // self.seconds)
        if window != self._window:
            self._window, self._count = window, 0
        self._count += 1
        return self._count <= self.most


class Bucket:
    """Holds `most` and loses them evenly in `seconds`."""

    def __init__(self, most: int, seconds: float) -> None:
        self.most, self.seconds = most, seconds
        self._level, self._at = 0.0, 0.0

    def admits(self, now: float) -> bool:
        self._level = max(0.0, self._level - (now - self._at) * self.most / self.seconds)
        self._at = now
        if self._level + 1 > self.most + 1e-9:
            return False
        self._level += 1
        return True


class CountingVendor:
    """`admitted` and `breaches` are the moments of requests by the vendor's clock; `most_at_once` counts those under
    way together. `refuse` may ask for an answer of another status; `hold` returns when the answer may go out.
    """

    def __init__(self, counting: Counting) -> None:
        self.counting = counting
        self.admitted: list[float] = []
        self.breaches: list[float] = []
        self.most_at_once = 0
        self.refuse: Callable[[], int | None] = lambda: None
        self.hold: Callable[[], object] = lambda: None
        self.url = ""
        self._under_way = 0
        self._lock = threading.Lock()

    def enter(self) -> int:
        """A status for a request that comes now."""
        with self._lock:
            now = time.monotonic()
            self._under_way += 1
            self.most_at_once = max(self.most_at_once, self._under_way)
            if status := self.refuse():
                return status
            within = self.counting.admits(now)
            (self.admitted if within else self.breaches).append(now)
            return 200 if within else 429

    def leave(self) -> None:
        with self._lock:
            self._under_way -= 1


@contextmanager
def counting_vendor(counting: Counting) -> Iterator[CountingVendor]:
    vendor = CountingVendor(counting)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            status = vendor.enter()
            vendor.hold()
            # Before the answer is out, or the next request could come before this one is counted as gone.
            vendor.leave()
            self.send_response_only(status)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"[]")

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 64
        daemon_threads = True

    server = Server(("127.0.0.1", 0), Handler)
    vendor.url = f"http://127.0.0.1:{server.server_port}"
    with served(server):
        yield vendor
