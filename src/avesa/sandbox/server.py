"""The vendors on a loopback port: real HTTP over a world for each tenant, with a clock and faults to play with.

The credentials of a request decide whose world answers it. Everything under `/_sandbox/` is for the player: the
clock, the faults, the credentials (invented, worth nothing elsewhere) and the true history of every record.
"""

from __future__ import annotations

import gzip
import json
import socket
import sys
import threading
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit
from uuid import NAMESPACE_URL, uuid5

from avesa.sandbox.answer import Answer, Request
from avesa.sandbox.clock import SandboxClock
from avesa.sandbox.connectwise import vendor
from avesa.sandbox.connectwise.endpoints import BY_NAME
from avesa.sandbox.connectwise.shapes import Json
from avesa.sandbox.connectwise.vendor import ConnectWise, Credentials
from avesa.sandbox.faults import Faults, bend
from avesa.sandbox.world import World
from avesa.shared.clock import from_iso, to_iso

LOOPBACK = ("127.0.0.1", "::1", "localhost")
_SECRET_HEADERS = ("authorization", "clientid", "cookie")
_MOST_RECORDED = 10_000
_LARGEST_BODY = 65_536


@dataclass(frozen=True)
class Recorded:
    """A request that was answered. Headers that hold secrets say `***`; `unknown` are undeclared parameters."""

    at: datetime
    tenant: str | None
    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    status: int
    unknown: tuple[str, ...]


class Sandbox:
    """A context manager that serves while it is open.

    Give one `world` (its tenant is then called `acme`) or `worlds` by tenant. The clock stands still at the end of
    the first world's days unless another is given. Refuses every host but loopback.
    """

    def __init__(
        self,
        world: World | None = None,
        *,
        worlds: Mapping[str, World] | None = None,
        clock: SandboxClock | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        compress: bool = False,
    ) -> None:
        if host not in LOOPBACK:
            raise ValueError(f"the sandbox listens on loopback only, not on {host}")
        if world is not None and worlds is not None:
            raise ValueError("give one world or several, not both")
        self.worlds = dict(worlds) if worlds else {"acme": world or World()}
        self.clock = clock or SandboxClock(next(iter(self.worlds.values())).end)
        self.faults = Faults()
        self.compress = compress
        self._tenants = {name: ConnectWise(name, its) for name, its in self.worlds.items()}
        self._requests: deque[Recorded] = deque(maxlen=_MOST_RECORDED)
        self._count = 0
        self._lock = threading.Lock()
        self._host = host
        self._port = port
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._server = _Server(self, self._host, self._port)
        self._port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="sandbox", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server and self._thread:
            self._server.stop()
            self._thread.join()

    @property
    def url(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    def base_url(self, service: str = "connectwise") -> str:
        """What stands here in the place of the vendor's host; the vendor's own path follows."""
        _only_connectwise(service)
        return f"{self.url}/{service}"

    def settings(self, service: str = "connectwise", tenant: str | None = None) -> dict[str, str]:
        """The tenant's settings for the service, `base_url` among them."""
        settings = self._of(tenant).credentials.settings
        return {**settings, "base_url": self.base_url(service) + vendor.ROOT}

    def secrets(self, service: str = "connectwise", tenant: str | None = None) -> dict[str, str]:
        """The tenant's secrets for the service."""
        _only_connectwise(service)
        return self._of(tenant).credentials.secrets

    def credentials(self, service: str = "connectwise", tenant: str | None = None) -> dict[str, str]:
        """company_id, public_key, private_key, client_id of the tenant (of the first, unless named)."""
        _only_connectwise(service)
        found: Credentials = self._of(tenant).credentials
        return {**found.settings, **found.secrets}

    @property
    def requests(self) -> list[Recorded]:
        """The last 10,000 requests to vendors, oldest first."""
        with self._lock:
            return list(self._requests)

    def history(
        self, tenant: str, endpoint: str, service: str = "connectwise"
    ) -> dict[int, list[tuple[datetime, Json | None]]]:
        """What was really shown: for each record id the (time, record) from which on it was so; None: gone.

        Up to the clock's now. Raises KeyError for an unknown tenant or endpoint.
        """
        _only_connectwise(service)
        return self._of(tenant).book.table(endpoint).history(self.clock())

    def answer(self, request: Request) -> Answer:
        """What the vendor says to a request whose path is below the vendor's prefix; recorded."""
        now = self.clock()
        tenant = next((t for t in self._tenants.values() if t.admits(request)), None)
        below = request.path.removeprefix(vendor.ROOT)
        if not request.path.startswith(vendor.ROOT + "/"):
            answer = vendor.error(404, "NotFound", "The resource does not exist")
        elif tenant is None:
            answer = vendor.unauthorized()
        else:
            asked = vendor.locate(below)
            inner = replace(request, path=below, root=request.root + vendor.ROOT)
            fault = self.faults.take(tenant.tenant, asked.endpoint.name if asked else None, below)
            ask = partial(tenant.answer, moment=now)
            answer = bend(fault, inner, ask, now) if fault else ask(inner)
        number = self._record(request, tenant.tenant if tenant else None, answer.status, now)
        extra = {"Date": format_datetime(now, usegmt=True), "x-cw-request-id": str(uuid5(NAMESPACE_URL, str(number)))}
        return replace(answer, headers={**answer.headers, **extra})

    def control(self, request: Request) -> Answer:
        """The player's own resources under `/_sandbox/`."""
        if "origin" in request.headers or _host_name(request.headers.get("host", "")) not in LOOPBACK:
            return vendor.error(403, "Forbidden", "only programs on this machine may play with the sandbox")
        match request.method, request.path.strip("/").split("/"):
            case "GET", ["_sandbox", "clock"]:
                return _said({"now": to_iso(self.clock())})
            case "GET", ["_sandbox", "credentials"]:
                return _said({name: self.credentials(tenant=name) for name in self._tenants})
            case "GET", ["_sandbox", "history", tenant, endpoint] if tenant in self.worlds and endpoint in BY_NAME:
                history = self.history(tenant, endpoint)
                return _said({str(k): [[to_iso(at), shown] for at, shown in v] for k, v in history.items()})
            case "DELETE", ["_sandbox", "faults"]:
                self.faults.clear()
                return _said({"faults": 0})
            case _:
                return vendor.error(404, "NotFound", "The sandbox has no such resource")

    def command(self, request: Request, body: bytes) -> Answer:
        """A POST of JSON to the clock or the faults."""
        if "origin" in request.headers or _host_name(request.headers.get("host", "")) not in LOOPBACK:
            return vendor.error(403, "Forbidden", "only programs on this machine may play with the sandbox")
        try:
            order = json.loads(body)
            if not isinstance(order, dict):
                raise ValueError("expected a JSON object")
            match request.path.strip("/"):
                case "_sandbox/clock":
                    return _said({"now": to_iso(self._move_clock(order))})
                case "_sandbox/faults" if "limit_rate" in order:
                    self.faults.limit_rate(order["limit_rate"], retry_after=order.get("retry_after", 1))
                    return _said({"faults": len(self.faults.waiting())})
                case "_sandbox/faults":
                    self.faults.push(**order)
                    return _said({"faults": len(self.faults.waiting())})
        except (ValueError, TypeError, OverflowError) as problem:
            return vendor.error(400, "InvalidObject", str(problem))
        return vendor.error(404, "NotFound", "The sandbox has no such resource")

    def _move_clock(self, order: Json) -> datetime:
        if isinstance(order.get("set"), str):
            return self.clock.set(from_iso(order["set"]))
        if isinstance(order.get("advance_seconds"), int | float):
            return self.clock.advance(timedelta(seconds=order["advance_seconds"]))
        raise ValueError('expected {"advance_seconds": number} or {"set": "2026-01-31T00:00:00Z"}')

    def _of(self, tenant: str | None) -> ConnectWise:
        return self._tenants[tenant if tenant is not None else next(iter(self._tenants))]

    def _record(self, request: Request, tenant: str | None, status: int, now: datetime) -> int:
        headers = {k: "***" if k in _SECRET_HEADERS else v for k, v in request.headers.items()}
        unknown = tuple(name for name, _ in request.query if name not in vendor.PARAMETERS)
        entry = Recorded(now, tenant, request.method, request.path, request.query, headers, status, unknown)
        with self._lock:
            self._requests.append(entry)
            self._count += 1
            return self._count


def _only_connectwise(service: str) -> None:
    if service != "connectwise":
        raise KeyError(f"the sandbox has no service {service}")


def _host_name(host: str) -> str:
    return urlsplit(f"//{host}").hostname or ""


def _said(value: object) -> Answer:
    return Answer(200, json.dumps(value, ensure_ascii=False).encode(), {"Content-Type": "application/json"})


class _Server(ThreadingHTTPServer):
    """Keeps its open connections, so that stopping does not wait for clients that keep theirs alive."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, sandbox: Sandbox, host: str, port: int) -> None:
        if ":" in host:
            self.address_family = socket.AF_INET6
        self.sandbox = sandbox
        self.stopping = threading.Event()
        self._connections: set[socket.socket] = set()
        self._guard = threading.Lock()
        super().__init__((host, port), _Handler)

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


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        self._serve(b"")

    do_HEAD = do_PUT = do_PATCH = do_GET

    def do_DELETE(self) -> None:
        self._serve(b"")

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > _LARGEST_BODY:
            self.close_connection = True
            self._send(vendor.error(413, "TooLarge", "The body is too large"))
            return
        self._serve(self.rfile.read(int(length)))

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are recorded by the sandbox, without their secrets."""

    def _serve(self, body: bytes) -> None:
        sandbox = self.server.sandbox
        try:
            parts = urlsplit(self.path)
        except ValueError:
            self._send(vendor.error(400, "InvalidRequest", "The address cannot be read"))
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        path = unquote(parts.path)
        query = tuple(parse_qsl(parts.query, keep_blank_values=True))
        root = f"http://{headers.get('host', '')}/connectwise"
        request = Request(self.command, path, query, headers, root)
        if path.startswith("/connectwise/"):
            self._send(sandbox.answer(replace(request, path=path.removeprefix("/connectwise"))))
        elif self.command == "POST":
            self._send(sandbox.command(request, body))
        else:
            self._send(sandbox.control(request))

    def _send(self, answer: Answer) -> None:
        if answer.delay:
            self.server.stopping.wait(answer.delay)
        if answer.drop:
            self.close_connection = True
            return
        body, headers = answer.body, dict(answer.headers)
        wants_gzip = "gzip" in self.headers.get("Accept-Encoding", "")
        if self.server.sandbox.compress and wants_gzip and len(body) > 1024:
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
