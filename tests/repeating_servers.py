"""Servers that ask for a password, refuse it, and repeat it in what they say, spelled in one way or another."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import BaseRequestHandler, ThreadingTCPServer

from served import served

Says = Callable[[bytes], bytes]
_ENCRYPTION = (80877103, 80877104)


class _Postgres(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    says: Says
    heard: list[bytes]


class _PostgresHandler(BaseRequestHandler):
    server: _Postgres
    request: socket.socket

    def handle(self) -> None:
        while True:
            size, code = struct.unpack("!II", self._read(8))
            self._read(size - 8)
            if code not in _ENCRYPTION:
                break
            self.request.sendall(b"N")
        self.request.sendall(struct.pack("!cII", b"R", 8, 3))
        _, size = struct.unpack("!cI", self._read(5))
        password = self._read(size - 4)[:-1]
        self.server.heard.append(password)
        fields = b"SFATAL\0VFATAL\0C28P01\0M" + self.server.says(password) + b"\0\0"
        self.request.sendall(struct.pack("!cI", b"E", len(fields) + 4) + fields)

    def _read(self, size: int) -> bytes:
        read = b""
        while len(read) < size:
            more = self.request.recv(size - len(read))
            if not more:
                raise EOFError
            read += more
        return read


class RepeatingPostgres:
    """`says` makes of the password what the server answers; `heard` are the passwords that came."""

    def __init__(self, server: _Postgres) -> None:
        self._server = server
        self.heard = server.heard
        self.place = f"127.0.0.1:{server.server_address[1]}"

    def answers(self, says: Says) -> None:
        self._server.says = says


@contextmanager
def repeating_postgres() -> Iterator[RepeatingPostgres]:
    server = _Postgres(("127.0.0.1", 0), _PostgresHandler)
    server.heard = []
    with served(server):
        yield RepeatingPostgres(server)


class RepeatingClickHouse:
    """`says` makes of the password what the server answers; `heard` are the passwords that came."""

    def __init__(self) -> None:
        self.says: Says = lambda password: password
        self.heard: list[bytes] = []
        self.place = ""


@contextmanager
def repeating_clickhouse() -> Iterator[RepeatingClickHouse]:
    side = RepeatingClickHouse()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            password = self.headers["X-ClickHouse-Key"].encode("latin-1")
            side.heard.append(password)
            answer = side.says(password)
            self.send_response(500)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:
            """Tests read no log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    side.place = f"127.0.0.1:{server.server_address[1]}"
    with served(server):
        yield side
