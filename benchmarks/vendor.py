"""A vendor on this machine: pages of records by number, with a Link header, and whatever delay is asked for.

Prints its port and serves until its standard input ends. Its CPU time is nobody's: it runs in a process of its own.

    python -m benchmarks.vendor BODIES TOTAL PAGE DELAY_MS
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from benchmarks import drift, vendor_records

PATH = "/requests"
_ROOT = Path(__file__).resolve().parent.parent


class Vendor(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, bodies: list[bytes], total: int, size: int, delay_s: float) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.bodies, self.total, self.size, self.delay_s = bodies, total, size, delay_s

    @property
    def pages(self) -> int:
        return -(-self.total // self.size)


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Vendor

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        number = int(parse_qs(address.query).get("page", ["1"])[0])
        if address.path.startswith(drift.PATH):
            self._send(drift.body(address.path.removeprefix(drift.PATH)), [])
            return
        time.sleep(self.server.delay_s)
        vendor = self.server
        self._send(vendor_records.page(vendor.bodies, number, vendor.size, vendor.total), self._links(number))

    def _links(self, number: int) -> list[str]:
        here = f"http://127.0.0.1:{self.server.server_address[1]}{PATH}"
        last = self.server.pages
        links = [f'<{here}?page={number + 1}>; rel="next"'] if number < last else []
        return [*links, f'<{here}?page={last}>; rel="last"']

    def _send(self, body: bytes, links: list[str]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if links:
            self.send_header("Link", ", ".join(links))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: nobody reads it."""


@contextmanager
def running(python: Path, folder: Path, *, total: int, size: int, delay_ms: int = 0) -> Iterator[str]:
    """The base address of a vendor in a process of its own, for as long as the context lasts. What it sends lies in
    `folder`.
    """
    bodies = folder / "vendor-records.jsonl"
    vendor_records.make(bodies)
    command = [str(python), "-m", "benchmarks.vendor", str(bodies), str(total), str(size), str(delay_ms)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=_ROOT, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.stdin.close()


def serve(bodies: Path, total: int, size: int, delay_ms: float) -> None:
    vendor = Vendor(vendor_records.read(bodies), total, size, delay_ms / 1000)
    threading.Thread(target=vendor.serve_forever, daemon=True).start()
    sys.stdout.write(f"{vendor.server_address[1]}\n")
    sys.stdout.flush()
    sys.stdin.read()
    vendor.shutdown()


if __name__ == "__main__":
    serve(Path(sys.argv[1]), *(int(number) for number in sys.argv[2:5]))
