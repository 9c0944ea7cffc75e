"""A vendor of one's own making: a loopback HTTP server with lists of records, honest until told otherwise."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from avesa.connector.auth import Basic
from avesa.connector.incremental import Changes
from avesa.connector.limits import Limits
from avesa.connector.paging import ForwardOnly, PageNumber
from avesa.connector.retry import Retry
from avesa.connector.service import Deleted, Endpoint, Parent, Service, Setting
from avesa.pipeline.ports import Ports
from avesa.shared.clock import Clock, system_clock
from avesa.shared.objects import open_objects
from avesa.shared.receipt import Receipt, decode_receipt
from avesa.shared.secret_file import FileSecrets
from avesa.shared.sqlite_state import SqliteState
from avesa.shared.tenants import TenantService
from served import served

FORWARD = ForwardOnly(most=3, headers=(("pagination-type", "forward-only"),))
NUMBERED = PageNumber(most=3, order=(("orderBy", "id asc"),))

SERVICE = Service(
    name="tiny",
    title="Tiny Vendor",
    category="psa",
    base_url="https://{site}/api",
    settings=(Setting("site", default="tiny.example"), Setting("company_id")),
    secrets=("private_key",),
    auth=Basic("{company_id}", "{private_key}"),
    paging=FORWARD,
    changes=Changes("_info.lastUpdated", ask=("conditions", "lastUpdated>=[{since}]")),
    limits=Limits(concurrency=3),
    retry=Retry(attempts=3, first_wait=0.0, longest_retry_after=0.01),
    endpoints=(
        Endpoint("tickets", "/tickets", deleted=Deleted("deletedFlag")),
        Endpoint("boards", "/boards", listing_paging=NUMBERED, secret_fields=("token",)),
        Endpoint("notes", "/tickets/{parentId}/notes", parent=Parent("tickets")),
        Endpoint("events", "/events", changes=None, key=(), relist=timedelta(0)),
    ),
)


@dataclass(frozen=True)
class Asked:
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    method: str = "GET"
    body: str = ""


@dataclass(frozen=True)
class Answer:
    """`cut` closes the connection after that many bytes of the body."""

    status: int = 200
    body: bytes = b"[]"
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None


Bend = Callable[[Asked, Answer], Answer]


class TinyVendor:
    """`lists` maps a path to its records, in the order of their ids; `bend` may change any answer."""

    def __init__(self) -> None:
        self.lists: dict[str, list[dict[str, Any]]] = {}
        self.asked: list[Asked] = []
        self.bend: Bend = lambda _, answer: answer
        self.date: str | None = None
        self.url = ""
        self.lock = threading.Lock()

    def answer(self, asked: Asked) -> Answer:
        with self.lock:
            self.asked.append(asked)
        if not asked.headers.get("authorization", "").startswith("Basic "):
            return Answer(401, b'{"code":"Unauthorized","message":"no"}')
        return self.bend(asked, self._honest(asked))

    def _honest(self, asked: Asked) -> Answer:
        path = asked.path.removeprefix("/api")
        if path not in self.lists:
            return Answer(404, b'{"code":"NotFound","message":"no such thing"}')
        rows = list(self.lists[path])
        since = re.fullmatch(r"lastUpdated>=\[(.+)\]", asked.query.get("conditions", ""))
        if since:
            rows = [row for row in rows if row["_info"]["lastUpdated"] >= since[1]]
        size = int(asked.query.get("pageSize", "25"))
        if asked.headers.get("pagination-type") == "forward-only":
            rows = [row for row in rows if row["id"] > int(asked.query.get("pageId", "0"))]
            link = f'<http://elsewhere.example/x?pageId={rows[size - 1]["id"]}>; rel="next"' if len(rows) > size else ""
            rows = rows[:size]
        else:
            page, last = int(asked.query.get("page", "1")), -(-len(rows) // size)
            rows = rows[(page - 1) * size : page * size]
            at = f"<http://elsewhere.example/x?pageSize={size}&page="
            link = f'{at}{page + 1}>; rel="next", {at}{last}>; rel="last"' if page < last else ""
        return Answer(body=json.dumps(rows).encode(), headers={"Link": link} if link else {})


@contextmanager
def tiny_vendor() -> Iterator[TinyVendor]:
    vendor = TinyVendor()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", "0"))).decode()
            answer = vendor.answer(Asked(parts.path, dict(parse_qsl(parts.query)), headers, self.command, body))
            self.send_response_only(answer.status)
            if vendor.date:
                self.send_header("Date", vendor.date)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body[: answer.cut])
            if answer.cut is not None:
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    vendor.url = f"http://127.0.0.1:{server.server_port}/api"
    with served(server):
        yield vendor


def record(id_: int, updated: str = "2026-01-01T00:00:00Z", **more: object) -> dict[str, Any]:
    return {"id": id_, "_info": {"lastUpdated": updated}, **more}


def open_ports(home: Path, clock: Clock = system_clock) -> Ports:
    state = SqliteState(home / "state.sqlite", clock)
    secrets = FileSecrets(home / "secrets" / "secrets.json")
    return Ports(
        open_objects(home / "data"),
        state.tenants,
        state.watermarks,
        secrets,
        state.run_log,
        clock,
        home / "scratch",
    )


def connect_tenant(ports: Ports, url: str, tenant: str = "acme") -> TenantService:
    ports.tenants.add_tenant(tenant)
    tenant_service = TenantService(tenant, "tiny", settings={"company_id": "co", "base_url": url})
    ports.tenants.put(tenant_service)
    ports.secrets.put(tenant, "tiny", {"private_key": "s3cr3t-key"})
    return tenant_service


def receipts(ports: Ports, table: str, tenant: str = "acme", service: str = "tiny") -> list[Receipt]:
    """Oldest first."""
    infos = ports.objects.list(f"{tenant}/raw/{service}/{table}")
    found = [decode_receipt(ports.objects.read(i.path)) for i in infos if i.path.endswith(".json")]
    return sorted(found, key=lambda receipt: receipt.finished_at)


def landed(ports: Ports, table: str, names: Sequence[str] | None = None, tenant: str = "acme") -> list[dict[str, Any]]:
    """The rows of the raw files named (all for None), read by an engine that is not ours."""
    import polars

    folder = f"{tenant}/raw/tiny/{table}"
    infos = [i.path for i in ports.objects.list(folder) if i.path.endswith(".parquet")]
    rows: list[dict[str, Any]] = []
    for path in infos:
        if names is None or path.rpartition("/")[2] in names:
            local = ports.objects.fetch(path, ports.scratch)
            rows += polars.read_parquet(local).to_dicts()
    return rows


def with_endpoint(service: Service, name: str, **changes: Any) -> Service:
    """The same service with one endpoint changed."""
    endpoints = tuple(replace(e, **changes) if e.name == name else e for e in service.endpoints)
    return replace(service, endpoints=endpoints)
