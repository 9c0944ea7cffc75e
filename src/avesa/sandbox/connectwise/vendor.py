"""How ConnectWise PSA answers: who may ask, which records, in which order, in which pages, or which error.

A pure function of the world's book, the time and the request. Paging and conditions follow the vendor's published
rules: https://developer.connectwise.com/Best_Practices/PSA_Pagination.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode

from avesa.sandbox.answer import Answer, Request
from avesa.sandbox.connectwise.conditions import (
    InvalidCondition,
    compile_conditions,
    compile_order,
    find_field,
)
from avesa.sandbox.connectwise.endpoints import ENDPOINTS, Endpoint, Table, Version, book_of, encode
from avesa.sandbox.connectwise.shapes import Json
from avesa.sandbox.world import World

ROOT = "/v4_6_release/apis/3.0"
VERSION = "2025.1"
DEFAULT_PAGE, LARGEST_PAGE = 25, 1000
PARAMETERS = frozenset(
    {
        "conditions",
        "childConditions",
        "customFieldConditions",
        "orderBy",
        "fields",
        "page",
        "pageSize",
        "pageId",
    }
)
_PATTERNS = [
    (re.compile(endpoint.path.replace("{parentId}", r"(?P<parent>[^/]+)") + r"(?P<count>/count)?"), endpoint)
    for endpoint in ENDPOINTS
]
_MOST_KEPT = 64


@dataclass(frozen=True, repr=False)
class Credentials:
    """What one tenant's API member signs in with. Invented, and worth nothing outside a sandbox."""

    company_id: str
    public_key: str
    private_key: str
    client_id: str

    @property
    def settings(self) -> dict[str, str]:
        return {"company_id": self.company_id}

    @property
    def secrets(self) -> dict[str, str]:
        return {
            "public_key": self.public_key,
            "private_key": self.private_key,
            "client_id": self.client_id,
        }


def invent_credentials(tenant: str) -> Credentials:
    """The same for the same tenant, so that a command can be repeated."""

    def invented(what: str) -> str:
        digest = hashlib.sha256(f"sandbox/{tenant}/{what}".encode()).digest()
        return base64.b32encode(digest).decode()[:16].title()

    client_id = str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{tenant}.example.test"))
    return Credentials(f"{tenant}_msp", invented("public"), invented("private"), client_id)


class Refused(Exception):
    """The request is answered with an error of the vendor's shape."""

    def __init__(self, status: int, code: str, message: str, field: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.field = field


@dataclass(frozen=True)
class Asked:
    """What a request is about: the list, its parent's id if it has one, and whether only the number is asked for."""

    endpoint: Endpoint
    parent_id: int | None
    count_only: bool


@dataclass(frozen=True)
class _Page:
    size: int
    number: int
    after_id: int
    forward_only: bool


class ConnectWise:
    """One tenant's ConnectWise: its world and the credentials that open it."""

    root = ROOT

    def __init__(self, tenant: str, world: World) -> None:
        self.tenant = tenant
        self.credentials = invent_credentials(tenant)
        self.book = book_of(world)
        self._selections: dict[tuple[object, ...], tuple[Version, ...]] = {}
        self._lock = threading.Lock()

    def admits(self, request: Request) -> bool:
        """Are the key pair and the client id of this request this tenant's?"""
        keys = self.credentials
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        try:
            given = base64.b64decode(encoded.strip(), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return False
        return (
            scheme.lower() == "basic"
            and given == f"{keys.company_id}+{keys.public_key}:{keys.private_key}"
            and request.headers.get("clientid", "").lower() == keys.client_id
        )

    def answer(self, request: Request, moment: datetime) -> Answer:
        """The answer to an admitted request at that time of the world."""
        try:
            return self._answer(request, moment)
        except Refused as refused:
            return error(refused.status, refused.code, refused.message, refused.field)

    def _answer(self, request: Request, moment: datetime) -> Answer:
        if request.method != "GET":
            raise Refused(405, "MethodNotAllowed", f"{request.method} is not supported here")
        asked = locate(request.path)
        if asked is None:
            raise Refused(404, "NotFound", "The resource does not exist")
        page = _read_page(request)
        table = self.book.table(asked.endpoint.name)
        rows = self._select(asked, table, request, moment)
        if asked.count_only:
            return _json({"count": len(rows)})
        if page.forward_only:
            rest = [row for row in rows if row.id > page.after_id]
            shown = rest[: page.size]
            following = {"pageId": str(shown[-1].id)} if len(rest) > page.size else {}
            links = [("next", following)] if following else []
        else:
            start = (page.number - 1) * page.size
            shown = list(rows[start : start + page.size])
            links = _neighbours(page, len(rows))
        fields = request.parameter("fields")
        answer = _json(_bodies(shown, fields, table))
        header = ", ".join(f'<{_url(request, change)}>; rel="{rel}"' for rel, change in links)
        return replace(answer, headers={**answer.headers, "Link": header}) if header else answer

    def _select(self, asked: Asked, table: Table, request: Request, moment: datetime) -> tuple[Version, ...]:
        """The rows that the request asks for, sorted; kept, since a client comes back for the next page."""
        snapshot = table.at(moment)
        parent = asked.endpoint.parent
        if parent and asked.parent_id not in self.book.table(parent).at(moment).ids:
            raise Refused(404, "NotFound", f"{parent} {asked.parent_id} does not exist")
        filters = [request.parameter(n) for n in ("conditions", "childConditions", "customFieldConditions")]
        order = request.parameter("orderBy")
        key = (asked.endpoint.name, asked.parent_id, snapshot.count, *filters, order)
        with self._lock:
            if key in self._selections:
                return self._selections[key]
        rows = snapshot.by_parent.get(asked.parent_id, ()) if parent else snapshot.rows
        rows = _sorted(_filtered(rows, table, *filters), order, table)
        with self._lock:
            while len(self._selections) >= _MOST_KEPT:
                del self._selections[next(iter(self._selections))]
            self._selections[key] = rows
        return rows


def locate(path: str) -> Asked | None:
    """Which list the path below the root is; None if there is none."""
    for pattern, endpoint in _PATTERNS:
        if match := pattern.fullmatch(path):
            parent = match.groupdict().get("parent")
            if parent is not None and not re.fullmatch(r"\d{1,10}", parent):
                return None
            return Asked(endpoint, int(parent) if parent else None, match["count"] is not None)
    return None


def unauthorized() -> Answer:
    """What the vendor says without naming which of the keys is wrong."""
    return error(401, "Unauthorized", "The credentials or the client id are missing or not valid")


def error(status: int, code: str, message: str, field: str = "") -> Answer:
    """An error in the vendor's shape."""
    details = [{"code": code, "message": message, "resource": "", "field": field}]
    return _json({"code": code, "message": message, "errors": details}, status)


def _json(value: object, status: int = 200) -> Answer:
    body = value if isinstance(value, bytes) else encode(value)
    return Answer(status, body, {"Content-Type": "application/json; charset=utf-8", "api-current-version": VERSION})


def _bodies(rows: list[Version], fields: str | None, table: Table) -> bytes:
    if not fields:
        return b"[" + b",".join(row.body for row in rows) + b"]"
    paths = []
    for name in fields.split(","):
        try:
            paths.append(find_field(name.strip(), table.fields).path)
        except InvalidCondition:
            continue  # a field that no record has simply does not come back
    return encode([_projected(row.record or {}, paths) for row in rows])


def _projected(record: Json, paths: list[tuple[str, ...]]) -> Json:
    """Only these paths of the record, in the record's order."""
    shown: Json = {}
    for name, value in record.items():
        inner = [path[1:] for path in paths if path[0] == name]
        if not inner:
            continue
        if () in inner:
            shown[name] = value
        elif isinstance(value, dict):
            shown[name] = _projected(value, inner)
        elif isinstance(value, list):
            shown[name] = [_projected(v, inner) if isinstance(v, dict) else v for v in value]
        else:
            shown[name] = value
    return shown


def _filtered(
    rows: tuple[Version, ...],
    table: Table,
    conditions: str | None,
    child_conditions: str | None,
    custom_conditions: str | None,
) -> tuple[Version, ...]:
    try:
        for text in (conditions, child_conditions):
            if text:
                holds = compile_conditions(text, table.fields)
                rows = tuple(row for row in rows if row.record and holds(row.record))
        if custom_conditions:
            below = {
                name.removeprefix("customfields/"): replace(field, path=field.path[1:])
                for name, field in table.fields.items()
                if name.startswith("customfields/")
            }
            holds = compile_conditions(custom_conditions, below)
            rows = tuple(
                row for row in rows if any(holds(item) for item in (row.record or {}).get("customFields") or ())
            )
    except InvalidCondition as problem:
        raise Refused(400, "InvalidConditions", str(problem), "conditions") from None
    return rows


def _sorted(rows: tuple[Version, ...], order: str | None, table: Table) -> tuple[Version, ...]:
    """By id unless told otherwise; equal rows stay in the order of their ids."""
    if not order:
        return rows
    try:
        keys: list[tuple[Callable[..., Any], bool]] = list(compile_order(order, table.fields))
    except InvalidCondition as problem:
        raise Refused(400, "InvalidOrderBy", str(problem), "orderBy") from None
    found = list(rows)
    for key, descending in reversed(keys):
        found.sort(key=partial(_sort_value, key), reverse=descending)
    return tuple(found)


def _sort_value(key: Callable[[Any], Any], row: Version) -> Any:
    return key(row.record)


def _read_page(request: Request) -> _Page:
    size = _whole(request, "pageSize", DEFAULT_PAGE, least=1, most=LARGEST_PAGE)
    style = request.headers.get("pagination-type", "navigable").strip().lower()
    if style not in ("navigable", "forward-only"):
        raise Refused(400, "InvalidPaginationType", "pagination-type is navigable or forward-only", "pagination-type")
    if style == "navigable":
        return _Page(size, _whole(request, "page", 1, least=1), 0, False)
    for name in ("page", "orderBy"):
        if request.parameter(name) is not None:
            raise Refused(400, "InvalidPagination", f"{name} cannot be used with forward-only paging", name)
    return _Page(size, 1, _whole(request, "pageId", 0, least=0), True)


def _whole(request: Request, name: str, default: int, *, least: int, most: int = 2**31 - 1) -> int:
    text = request.parameter(name)
    if text is None:
        return default
    if not re.fullmatch(r"\d{1,10}", text) or not least <= int(text) <= most:
        raise Refused(400, "InvalidParameter", f"{name} must be a whole number from {least} to {most}", name)
    return int(text)


def _neighbours(page: _Page, total: int) -> list[tuple[str, dict[str, str]]]:
    """The links of navigable paging, as they apply."""
    last = max(1, -(-total // page.size))
    links: list[tuple[str, dict[str, str]]] = []
    if page.number > 1:
        links += [("first", {"page": "1"}), ("prev", {"page": str(min(page.number - 1, last))})]
    if page.number < last:
        links += [("next", {"page": str(page.number + 1)}), ("last", {"page": str(last)})]
    return links


def _url(request: Request, change: dict[str, str]) -> str:
    """The request's own absolute URL with some parameters changed."""
    changed = {name.lower() for name in change}
    query = [(name, value) for name, value in request.query if name.lower() not in changed]
    if not any(name.lower() == "pagesize" for name, _ in query):
        query.append(("pageSize", str(DEFAULT_PAGE)))
    return f"{request.root}{quote(request.path)}?{urlencode([*query, *change.items()], quote_via=quote)}"
