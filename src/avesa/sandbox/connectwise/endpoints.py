"""The 20 lists that are served, and for each the dated versions of its records, rendered once.

What a list holds at a moment is a snapshot of the versions up to then; snapshots are kept and moved forward.
"""

from __future__ import annotations

import json
import re
import threading
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any, TypeVar, cast

from avesa.sandbox import entities as e
from avesa.sandbox import work as w
from avesa.sandbox.connectwise import business_records as business
from avesa.sandbox.connectwise import project_records as projects
from avesa.sandbox.connectwise import purchasing_records as purchasing
from avesa.sandbox.connectwise import service_records as service
from avesa.sandbox.connectwise.conditions import Field
from avesa.sandbox.connectwise.shapes import Json
from avesa.sandbox.simulation import Event
from avesa.sandbox.world import World

E = TypeVar("E", bound=e.Entity)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@dataclass(frozen=True)
class Endpoint:
    """`path` is below the API's root and may hold `{parentId}`; `parent` is the endpoint which that id is of."""

    name: str
    path: str
    kind: type[e.Entity]
    show: Callable[[Event, Any], Json]
    parent: str | None = None
    parent_key: str | None = None


def _endpoint(
    name: str,
    path: str,
    kind: type[E],
    show: Callable[[Event, E], Json],
    parent: str | None = None,
    parent_key: str | None = None,
) -> Endpoint:
    """Holds a list's kind and its renderer to the same type."""
    return Endpoint(name, path, cast("type[e.Entity]", kind), show, parent, parent_key)


ENDPOINTS: tuple[Endpoint, ...] = (
    _endpoint("tickets", "/service/tickets", w.Ticket, service.ticket),
    _endpoint("time_entries", "/time/entries", w.TimeEntry, service.time_entry),
    _endpoint("companies", "/company/companies", e.Company, business.company),
    _endpoint("contacts", "/company/contacts", e.Contact, business.contact),
    _endpoint("members", "/system/members", w.Member, service.member),
    _endpoint("configurations", "/company/configurations", e.Device, business.configuration),
    _endpoint("catalog_items", "/procurement/catalog", e.CatalogItem, purchasing.catalog_item),
    _endpoint("agreements", "/finance/agreements", e.Agreement, business.agreement),
    _endpoint(
        "agreement_additions",
        "/finance/agreements/{parentId}/additions",
        e.Addition,
        business.addition,
        "agreements",
        "agreementId",
    ),
    _endpoint("invoices", "/finance/invoices", e.Invoice, business.invoice),
    _endpoint("opportunities", "/sales/opportunities", e.Opportunity, business.opportunity),
    _endpoint("projects", "/project/projects", w.Project, projects.project),
    _endpoint("project_tickets", "/project/tickets", w.ProjectTask, projects.project_ticket),
    _endpoint("product_items", "/procurement/products", e.LineItem, purchasing.product_item),
    _endpoint("activities", "/sales/activities", w.Activity, projects.activity),
    _endpoint("schedule_entries", "/schedule/entries", w.ScheduleEntry, service.schedule_entry),
    _endpoint("expense_entries", "/expense/entries", e.Expense, business.expense_entry),
    _endpoint("purchase_orders", "/procurement/purchaseorders", e.PurchaseOrder, purchasing.purchase_order),
    _endpoint("boards", "/service/boards", w.Board, service.board),
    _endpoint("ticket_notes", "/service/tickets/{parentId}/notes", w.Note, service.note, "tickets", "ticketId"),
)
BY_NAME = {endpoint.name: endpoint for endpoint in ENDPOINTS}


@dataclass(frozen=True, slots=True)
class Version:
    """From `at` on, the record with `id` is shown so; `record` None (and `body` empty) says that it is gone."""

    at: datetime
    id: int
    parent_id: int | None
    record: Json | None
    body: bytes


@dataclass(frozen=True)
class Snapshot:
    """What a list holds after its first `count` versions, by id."""

    count: int
    rows: tuple[Version, ...]

    @cached_property
    def ids(self) -> frozenset[int]:
        return frozenset(row.id for row in self.rows)

    @cached_property
    def by_parent(self) -> dict[int | None, tuple[Version, ...]]:
        groups: dict[int | None, list[Version]] = {}
        for row in self.rows:
            groups.setdefault(row.parent_id, []).append(row)
        return {parent: tuple(rows) for parent, rows in groups.items()}


class Table:
    """One list of one world."""

    def __init__(self, endpoint: Endpoint, world: World) -> None:
        self.endpoint = endpoint
        self.versions = tuple(_versions(endpoint, world))
        self._times = [version.at for version in self.versions]
        self._lock = threading.Lock()
        self._state: dict[int, Version] = {}
        self._snapshot = Snapshot(0, ())

    def at(self, moment: datetime) -> Snapshot:
        """What the list holds at `moment`."""
        count = bisect_right(self._times, moment)
        with self._lock:
            if count != self._snapshot.count:
                if count < self._snapshot.count:
                    self._state, self._snapshot = {}, Snapshot(0, ())
                for version in self.versions[self._snapshot.count : count]:
                    if version.record is None:
                        self._state.pop(version.id, None)
                    else:
                        self._state[version.id] = version
                self._snapshot = Snapshot(count, tuple(self._state[key] for key in sorted(self._state)))
            return self._snapshot

    def history(self, until: datetime) -> dict[int, list[tuple[datetime, Json | None]]]:
        """For each record id what was shown of it and from when on, up to and including `until`; None: gone."""
        seen: dict[int, list[tuple[datetime, Json | None]]] = {}
        for version in self.versions:
            if version.at > until:
                break
            seen.setdefault(version.id, []).append((version.at, version.record))
        return seen

    @cached_property
    def fields(self) -> dict[str, Field]:
        """The fields that a condition can name, by their path in small letters with slashes."""
        found: dict[str, Field] = {}
        for version in self.versions:
            if version.record is not None:
                _learn(version.record, (), found)
        for name in ("lastUpdated", "updatedBy", "dateEntered", "enteredBy"):
            found.setdefault(name.lower(), found[f"_info/{name.lower()}"])
        return found


class Book:
    """All lists of one world. Tables are rendered when they are first asked for."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._tables: dict[str, Table] = {}
        self._lock = threading.Lock()

    def table(self, name: str) -> Table:
        with self._lock:
            if name not in self._tables:
                self._tables[name] = Table(BY_NAME[name], self.world)
            return self._tables[name]


@lru_cache(maxsize=4)
def book_of(world: World) -> Book:
    """The book of the world; equal worlds share one, since what it holds never changes."""
    return Book(world)


def encode(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _versions(endpoint: Endpoint, world: World) -> Iterator[Version]:
    parents: dict[int, int | None] = {}
    for event in world.events:
        if event.kind is not endpoint.kind:
            continue
        if event.entity is None:
            yield Version(event.at, event.id, parents.get(event.id), None, b"")
            continue
        record = endpoint.show(event, event.entity)
        parent = record[endpoint.parent_key] if endpoint.parent_key else None
        parents[event.id] = parent
        yield Version(event.at, event.id, parent, record, encode(record))


def _learn(record: Json, above: tuple[str, ...], found: dict[str, Field]) -> None:
    for name, value in record.items():
        path = (*above, name)
        key = "/".join(path).lower()
        kind = _kind(value)
        if key not in found or found[key].kind == "unknown":
            found[key] = Field(path, kind)
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, dict):
                _learn(inner, path, found)


def _kind(value: object) -> str:
    match value:
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "time" if _TIME.fullmatch(value) else "text"
        case dict() | list():
            return "object"
        case _:
            return "unknown"
