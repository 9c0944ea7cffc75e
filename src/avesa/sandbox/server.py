"""The vendors on a loopback port: real HTTP over a world for each tenant, with a clock and faults to play with.

ConnectWise lies under `/connectwise/`, where the credentials of a request decide whose world answers it; any other
service under `/NAME/TENANT/`, served by the strict vendor over the same worlds. Everything under `/_sandbox/` is for
the player: the clock, the faults, the credentials (invented, worth nothing elsewhere) and the true history of every
record.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import partial
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, quote, unquote, urlsplit
from uuid import NAMESPACE_URL, uuid5

from avesa.sandbox.answer import Answer, Request
from avesa.sandbox.clock import SandboxClock
from avesa.sandbox.connectwise import vendor
from avesa.sandbox.connectwise.endpoints import BY_NAME
from avesa.sandbox.connectwise.shapes import Json
from avesa.sandbox.connectwise.vendor import ConnectWise, Credentials
from avesa.sandbox.faults import Faults, bend
from avesa.sandbox.loopback import LoopbackServer, Received
from avesa.sandbox.mapped.account import open_account
from avesa.sandbox.vendor.contract import service_names
from avesa.sandbox.vendor.server import own_mount, respond
from avesa.sandbox.vendor.vendor import StrictVendor
from avesa.sandbox.world import World
from avesa.shared.clock import from_iso, to_iso

LOOPBACK = ("127.0.0.1", "::1", "localhost")
_SECRET_HEADERS = ("authorization", "clientid", "cookie")
_MOST_RECORDED = 10_000
HAND_WRITTEN = "connectwise"
"""The service whose shapes are written by hand, all others follow from contract, rules and mappings."""


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
    the first world's days unless another is given. Refuses every host but loopback. Raises KeyError for a service
    that has no rules.
    """

    def __init__(
        self,
        world: World | None = None,
        *,
        worlds: Mapping[str, World] | None = None,
        services: Sequence[str] = (HAND_WRITTEN,),
        clock: SandboxClock | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        compress: bool = False,
    ) -> None:
        if host not in LOOPBACK:
            raise ValueError(f"the sandbox listens on loopback only, not on {host}")
        if world is not None and worlds is not None:
            raise ValueError("give one world or several, not both")
        for service in services:
            _check_service(service)
        self.services = tuple(dict.fromkeys(services))
        self.worlds = dict(worlds) if worlds else {"acme": world or World()}
        self.clock = clock or SandboxClock(next(iter(self.worlds.values())).end)
        self.faults = Faults()
        self.compress = compress
        self._tenants = {name: ConnectWise(name, its) for name, its in self.worlds.items()}
        self._accounts = {
            (service, name): open_account(service, name, world, self.clock)
            for service in self.services
            if service != HAND_WRITTEN
            for name, world in self.worlds.items()
        }
        self._requests: deque[Recorded] = deque(maxlen=_MOST_RECORDED)
        self._count = 0
        self._lock = threading.Lock()
        self._host = host
        self._port = port
        self._server: LoopbackServer | None = None

    def __enter__(self) -> Self:
        self._server = LoopbackServer(self._respond, self._host, self._port, compress=self.compress)
        self._port = self._server.server_port
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server:
            self._server.stop()

    @property
    def url(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    def base_url(self, service: str = HAND_WRITTEN, tenant: str | None = None) -> str:
        """What stands here in the place of the vendor's host; the vendor's own path follows."""
        if service == HAND_WRITTEN:
            return f"{self.url}/{service}"
        return self.url + _prefix(service, self._name(tenant))

    def address(self, service: str = HAND_WRITTEN, tenant: str | None = None) -> str:
        """The tenant's address at the service, for its setting `base_url`."""
        below = vendor.ROOT if service == HAND_WRITTEN else own_mount(self.account(service, tenant).contract)
        return self.base_url(service, tenant) + below

    def credentials(self, service: str = HAND_WRITTEN, tenant: str | None = None) -> dict[str, str]:
        """What the vendor has issued to the tenant (the first, unless named): settings and secrets, by name."""
        if service != HAND_WRITTEN:
            return dict(self.account(service, tenant).credentials.values)
        found: Credentials = self._of(tenant).credentials
        return {**found.settings, **found.secrets}

    def settings(self, service: str = HAND_WRITTEN, tenant: str | None = None) -> dict[str, str]:
        """The tenant's settings for ConnectWise, `base_url` among them. Raises KeyError for another service, which
        alone knows what of its credentials is a setting.
        """
        _only_hand_written(service)
        return {**self._of(tenant).credentials.settings, "base_url": self.address()}

    def secrets(self, service: str = HAND_WRITTEN, tenant: str | None = None) -> dict[str, str]:
        """The tenant's secrets for ConnectWise. Raises KeyError for another service."""
        _only_hand_written(service)
        return self._of(tenant).credentials.secrets

    def account(self, service: str, tenant: str | None = None) -> StrictVendor:
        """The tenant's account at a service, with all that is noted there. Raises KeyError if it is not served."""
        return self._accounts[service, self._name(tenant)]

    @property
    def requests(self) -> list[Recorded]:
        """The last 10,000 requests to vendors, oldest first."""
        with self._lock:
            return list(self._requests)

    def history(self, tenant: str, endpoint: str) -> dict[int, list[tuple[datetime, Json | None]]]:
        """What ConnectWise really showed: for each record id the (time, record) from which on it was so; None: gone.

        Up to the clock's now. Raises KeyError for an unknown tenant or endpoint.
        """
        return self._of(tenant).book.table(endpoint).history(self.clock())

    def _respond(self, received: Received) -> Answer:
        parts = urlsplit(received.target)
        path = unquote(parts.path)
        service, _, below = path.removeprefix("/").partition("/")
        account = self._accounts.get((service, below.partition("/")[0]))
        if account is not None:
            return respond(account, received, _prefix(service, below.partition("/")[0]))
        query = tuple(parse_qsl(parts.query, keep_blank_values=True))
        request = Request(received.method, path, query, received.headers, f"{received.root}/{HAND_WRITTEN}")
        if service == HAND_WRITTEN and HAND_WRITTEN in self.services:
            return self.answer(replace(request, path=f"/{below}"))
        if received.method == "POST":
            return self.command(request, received.body)
        return self.control(request)

    def answer(self, request: Request) -> Answer:
        """What ConnectWise says to a request whose path is below the vendor's prefix; recorded."""
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
            case "GET", ["_sandbox", "credentials", *named] if set(named) <= set(self.services) and len(named) < 2:
                service = named[0] if named else HAND_WRITTEN
                return _said({name: self.credentials(service, name) for name in self.worlds})
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

    def _name(self, tenant: str | None) -> str:
        return tenant if tenant is not None else next(iter(self.worlds))

    def _of(self, tenant: str | None) -> ConnectWise:
        return self._tenants[self._name(tenant)]

    def _record(self, request: Request, tenant: str | None, status: int, now: datetime) -> int:
        headers = {k: "***" if k in _SECRET_HEADERS else v for k, v in request.headers.items()}
        unknown = tuple(name for name, _ in request.query if name not in vendor.PARAMETERS)
        entry = Recorded(now, tenant, request.method, request.path, request.query, headers, status, unknown)
        with self._lock:
            self._requests.append(entry)
            self._count += 1
            return self._count


def sandbox_services() -> list[str]:
    """The names of all services that there can be in a sandbox: those with a contract and rules."""
    return service_names()


def _only_hand_written(service: str) -> None:
    if service != HAND_WRITTEN:
        raise KeyError(f"{service} is served from its rules, which do not tell settings from secrets")


def _check_service(service: str) -> None:
    if service not in sandbox_services():
        raise KeyError(f"the sandbox has no service {service}")


def _prefix(service: str, tenant: str) -> str:
    """What stands before the vendor's paths in the address of a tenant's account."""
    return f"/{service}/{quote(tenant, safe='')}"


def _host_name(host: str) -> str:
    return urlsplit(f"//{host}").hostname or ""


def _said(value: object) -> Answer:
    return Answer(200, json.dumps(value, ensure_ascii=False).encode(), {"Content-Type": "application/json"})
