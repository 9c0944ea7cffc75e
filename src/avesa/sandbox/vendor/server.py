"""The strict vendor on a free port of this machine."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from avesa.sandbox.vendor.messages import Answer, Asked
from avesa.sandbox.vendor.vendor import StrictVendor


class Serving:
    """A vendor that answers; `root` is the address of its host, `url` the one below which its paths lie."""

    def __init__(self, vendor: StrictVendor, root: str) -> None:
        self.vendor, self.root = vendor, root
        self.url = root + vendor.contract.mounts[-1 if len(vendor.contract.mounts) > 1 else 0]


@contextmanager
def strict_vendor(service: str, **options: Any) -> Iterator[Serving]:
    """Serve one vendor until the block ends. `options` are those of `StrictVendor`."""
    vendor = StrictVendor(service, **options)
    server = _Server(("127.0.0.1", 0), _Handler)
    server.vendor = vendor
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield Serving(vendor, f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    vendor: StrictVendor


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        length = self.headers.get("Content-Length", "0")
        body = self.rfile.read(int(length)) if length.isdigit() else b""
        vendor = self.server.vendor
        parts = urlsplit(self.path)
        root = f"http://{self.headers.get('Host', '')}"
        path, mount = _below_mount(vendor, _plain(parts.path))
        headers = {name.lower(): value for name, value in self.headers.items()}
        query = tuple(parse_qsl(parts.query, keep_blank_values=True))
        asked = Asked(self.command, path, self.path, query, headers, body, root + mount)
        self._send(vendor.answer(asked))

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Requests are kept by the vendor, without their secrets."""

    def _send(self, answer: Answer) -> None:
        # RFC 9110, section 6.4.1: such an answer has no body.
        content = b"" if answer.status == 304 else answer.content()
        with suppress(OSError):
            self.send_response_only(answer.status)
            self.send_header("Date", format_datetime(self.server.vendor.clock(), usegmt=True))
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            if answer.cut:
                self.send_header("Connection", "close")
                self.close_connection = True
            self.end_headers()
            self.wfile.write(content[: len(content) // 2] if answer.cut else content)


def _below_mount(vendor: StrictVendor, path: str) -> tuple[str, str]:
    """The path below the vendor's mount, and the mount; a token endpoint lies at the host's root."""
    for mount in vendor.contract.mounts:
        if mount and path.startswith(f"{mount}/"):
            return path.removeprefix(mount), mount
    return path, ""


def _plain(path: str) -> str:
    """Marks that may be written either way in a path (RFC 3986, section 2.3); a slash inside of a value stays."""
    for mark in "'()@:$,":
        path = path.replace(f"%{ord(mark):02X}", mark)
    return path
