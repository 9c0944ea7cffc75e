"""ClickHouse for tests: its own engine out of chdb, behind a small HTTP server that speaks as ClickHouse's does.

The engine's statements and the bytes of the Arrow streams are those that a server would get; only the transport between
is ours. chdb is large, so it is installed by `make test-warehouse` alone.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from served import served


class CannotServe(Exception):
    """There is no ClickHouse to test with; the message says why."""


class Engine:
    """One statement at a time, as chdb wants it."""

    def __init__(self, folder: Path) -> None:
        try:
            from chdb.session import Session
        except ImportError:
            raise CannotServe("no ClickHouse: chdb, 180 MB, is not installed; `make test-warehouse` does it") from None
        self._session = Session(str(folder))
        self._turn = threading.Lock()

    def run(self, sql: str) -> bytes:
        with self._turn:
            return bytes(self._session.query(sql, "TabSeparated").bytes())

    def insert(self, insert: str, body: bytes) -> bytes:
        statement, _, form = insert.rpartition(" FORMAT ")
        with self._turn, self._session.send_insert(statement, form) as inserter:
            inserter.append(body)
            inserter.finish()
        return b""

    def close(self) -> None:
        self._session.close()


def _handler(engine: Engine) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            insert = parse_qs(urlsplit(self.path).query).get("query")
            try:
                answer, status = (engine.insert(insert[0], body) if insert else engine.run(body.decode())), 200
            except Exception as error:
                answer, status = str(error).encode(), 500
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:
            """Tests read no log."""

    return Handler


@contextmanager
def clickhouse_server(folder: Path) -> Iterator[str]:
    """Serve until the end of the block; the URL of a warehouse there. Raises CannotServe."""
    engine = Engine(folder)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(engine))
    server.daemon_threads = True
    with closing(engine), served(server):
        yield f"clickhouse://127.0.0.1:{server.server_address[1]}/"
