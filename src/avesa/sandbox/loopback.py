"""An HTTP server on loopback for whoever answers requests as plain values: all that is HTTP stands here."""

from __future__ import annotations

import gzip
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from avesa.sandbox.answer import Answer

_LARGEST_BODY = 1_048_576


@dataclass(frozen=True)
class Received:
    """A request as it came: `target` is path and query as sent, names of `headers` are in small letters."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def root(self) -> str:
        """The address of this server, as the client calls it."""
        return f"http://{self.headers.get('host', '')}"


Respond = Callable[[Received], Answer]


class LoopbackServer(ThreadingHTTPServer):
    """Keeps its open connections, so that stopping does not wait for clients that keep theirs alive."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, respond: Respond, host: str = "127.0.0.1", port: int = 0, *, compress: bool = False) -> None:
        if ":" in host:
            self.address_family = socket.AF_INET6
        self.respond, self.compress = respond, compress
        self.stopping = threading.Event()
        self._connections: set[socket.socket] = set()
        self._guard = threading.Lock()
        super().__init__((host, port), _Handler)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,), name="sandbox", daemon=True)
        self._thread.start()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._guard:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._guard:
            self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in the middle is no news; anything else is a fault of ours and is shown."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def stop(self) -> None:
        self.stopping.set()
        self.shutdown()
        self.server_close()
        with self._guard:
            for connection in self._connections:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: LoopbackServer

    def do_GET(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > _LARGEST_BODY:
            self.close_connection = True
            self._send(Answer(413, b'{"message": "The body is too large"}', {"Content-Type": "application/json"}))
            return
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            # Whoever asked went away in the middle of it: that is no request.
            self.close_connection = True
            return
        try:
            urlsplit(self.path)
        except ValueError:
            self._send(Answer(400, b'{"message": "The address cannot be read"}', {"Content-Type": "application/json"}))
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        self._send(self.server.respond(Received(self.command, self.path, headers, body)))

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are recorded by whoever answers them, without their secrets."""

    def _send(self, answer: Answer) -> None:
        if answer.delay:
            self.server.stopping.wait(answer.delay)
        if answer.drop:
            self.close_connection = True
            return
        body, headers = answer.body, dict(answer.headers)
        wants_gzip = "gzip" in self.headers.get("Accept-Encoding", "")
        if self.server.compress and wants_gzip and len(body) > 1024:
            body, headers["Content-Encoding"] = gzip.compress(body, compresslevel=1, mtime=0), "gzip"
        headers["Content-Length"] = str(len(body))
        headers.setdefault("Date", format_datetime(datetime.now(UTC), usegmt=True))
        if answer.cut or self.close_connection:
            self.close_connection = True
            headers["Connection"] = "close"
        reason = HTTPStatus(answer.status).phrase if answer.status in list(HTTPStatus) else "Unknown"
        head = [f"HTTP/1.1 {answer.status} {reason}", *(f"{name}: {value}" for name, value in headers.items())]
        shown = body[: len(body) // 2] if answer.cut else body
        if self.command == "HEAD":
            shown = b""
        with suppress(OSError):
            self.wfile.write("\r\n".join([*head, "", ""]).encode("latin-1", "replace") + shown)
