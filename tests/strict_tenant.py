"""One tenant of one declared service, connected to its strict vendor: small pages, no waits, one clock for both."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars

from avesa.connector.json_paths import values_at
from avesa.connector.paging import InTurn, OrElse, SearchWindow
from avesa.connector.service import Endpoint, Parent, Service
from avesa.integrations import load_service
from avesa.pipeline.ingest import IngestOutcome, ServiceOutcome, ingest_service, ingest_table
from avesa.pipeline.ports import Ports
from avesa.sandbox.vendor.contract import get
from avesa.sandbox.vendor.server import Serving, strict_vendor
from avesa.shared.receipt import Receipt
from avesa.shared.tenants import TenantService
from tiny_vendor import open_ports, receipts

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
PAGE = 3


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


class Tenant:
    """`settings` are laid over those that the vendor gave out; with `page` 0 pages are as large as declared."""

    def __init__(
        self, home: Path, name: str, serving: Serving, clock: Clock, settings: dict[str, str], page: int
    ) -> None:
        self.vendor, self.clock = serving.vendor, clock
        self.service = _hurried(load_service(name), page)
        self.ports: Ports = open_ports(home, clock)
        self.ports.tenants.add_tenant("acme")
        held = self.vendor.credentials.values
        # What the vendor did not give out is part of an address, which base_url takes the place of.
        needed = [setting.name for setting in self.service.settings if setting.required or setting.name in held]
        known = {name: held.get(name, "example") for name in needed}
        self.stored = TenantService("acme", name, settings={**known, **settings, "base_url": serving.url})
        self.ports.tenants.put(self.stored)
        self.connect()

    def connect(self, secret: Callable[[str], str] = lambda value: value) -> None:
        held = self.vendor.credentials.values
        self.ports.secrets.put("acme", self.service.name, {name: secret(held[name]) for name in self.service.secrets})

    def ingest(self, **more: Any) -> ServiceOutcome:
        return ingest_service(self.ports, self.stored, run_id="r", service=self.service, **more)

    def pull(self, table: str, **more: Any) -> IngestOutcome:
        return ingest_table(self.ports, self.stored, table, run_id="r", service=self.service, **more)

    def rows(self, table: str) -> list[dict[str, Any]]:
        """All raw rows of the table, those extracted last at the end; `record` is the payload decoded."""
        infos = self.ports.objects.list(f"acme/raw/{self.service.name}/{table}")
        files = [self.ports.objects.fetch(i.path, self.ports.scratch) for i in infos if i.path.endswith(".parquet")]
        rows = polars.concat(map(polars.read_parquet, files)).sort("extracted_at").to_dicts() if files else []
        return [{**row, "record": json.loads(row["payload"])} for row in rows]

    def asked(self, table: str) -> list[dict[str, str]]:
        """The parameters of every request for a table that was answered as asked."""
        return [dict(served.query) for served in self.vendor.served if served.table == table and served.status == 200]

    def newest(self, table: str) -> dict[tuple[str | None, str], Any]:
        """The record that raw knows last, by its parent and its key."""
        found = {}
        for row in self.rows(table):
            key = row["parent_id"], str(self.vendor.key(table, row["record"]))
            found[key] = None if row["is_deleted"] else row["record"]
        return found

    def true(self, table: str) -> dict[tuple[str | None, str], Any]:
        """What the vendor has, in the same form. Of lists without a parent it is those that were asked for."""
        parent = self.service.endpoint(table).parent
        if parent and parent.field:
            above = (values_at(json.dumps(record), parent.field) for record in self.true(parent.endpoint).values())
            named = {str(value) for found in above for value in found}
            records = {str(self.vendor.key(table, record)): record for record in self.vendor.records(table)}
            return {(None, key): record for key, record in records.items() if key in named}
        places: dict[str | None, list[tuple[str, ...]]]
        if parent:
            places = {self._id(parent.endpoint, *key): [self._place(*key, parent)] for key in self._parents(parent)}
        else:
            declared = self.vendor.contract.tables[table]
            places = {None: [()] if "feed" in declared.rules else self.vendor.rows.places(declared)}
        return {
            (parent_id, str(self.vendor.key(table, record))): record
            for parent_id, several in places.items()
            for place in several
            for record in self.vendor.records(table, place)
        }

    def _parents(self, parent: Parent) -> list[tuple[str | None, str]]:
        """The places of the records that a table is asked for under."""
        above = self.true(parent.endpoint)
        return [key for key, record in above.items() if has(record, parent)]

    def _id(self, table: str, above: str | None, key: str) -> str:
        """The id that a record has in raw."""
        under = above is not None and self.service.endpoint(table).unique_under_parent
        return json.dumps([above, key], separators=(",", ":")) if under else key

    @staticmethod
    def _place(above: str | None, key: str, parent: Parent) -> tuple[str, ...]:
        return (above or "", key) if len(parent.params) > 1 else (key,)

    def receipt(self, table: str) -> Receipt:
        return receipts(self.ports, table, service=self.service.name)[-1]


def has(record: Any, parent: Parent) -> bool:
    """Whether a table is asked for under this record."""
    found = values_at(json.dumps(record), parent.having) if parent.having else [True]
    return any(value in parent.values if parent.values else value for value in found)


def _hurried(service: Service, page: int) -> Service:
    """The same service with pages of a few rows, and waits of no time between attempts."""
    retry = replace(service.retry, first_wait=0.0, longest_wait=0.0, longest_retry_after=0.0)
    rates = tuple(replace(rate, most=1_000_000, setting=None) for rate in service.limits.rates)
    pace = replace(service.limits.adaptive, start=None, most=None, least=1_000_000.0)
    told = tuple(replace(one, per=timedelta(milliseconds=1)) for one in service.limits.told)
    limits = replace(service.limits, rates=rates, told=told, adaptive=pace, rest=timedelta(0))
    endpoints = tuple(
        replace(endpoint, paging=_sized(endpoint.paging, page), listing_paging=_sized(endpoint.listing_paging, page))
        for endpoint in service.endpoints
    )
    paging, listing = _sized(service.paging, page), _sized(service.listing_paging, page)
    return replace(service, retry=retry, limits=limits, endpoints=endpoints, paging=paging, listing_paging=listing)


def _sized(paging: Any, page: int) -> Any:
    if not page or not is_dataclass(paging) or isinstance(paging, type):
        return paging
    names = {field.name for field in fields(paging)}
    sizes = {
        name: max(page, getattr(paging, "least", 1))
        for name in ("most", "size")
        if isinstance(getattr(paging, name, None), int) and name in names
    }
    wraps = isinstance(paging, SearchWindow | InTurn | OrElse)
    inner = {name: _sized(getattr(paging, name), page) for name in ("inner", "other") if wraps and name in names}
    return replace(paging, **sizes, **inner)


@contextmanager
def strict_tenant(
    home: Path, name: str, *, settings: dict[str, str] | None = None, page: int = PAGE, **vendor: Any
) -> Iterator[Tenant]:
    """`vendor` are the options of `StrictVendor`. No request may break a rule of the vendor."""
    clock = Clock()
    with strict_vendor(name, clock=clock, **vendor) as serving:
        tenant = Tenant(home, name, serving, clock, settings or {}, page)
        yield tenant
        assert tenant.vendor.violations == [], tenant.vendor.violations


def check(tenant: Tenant, table: str) -> None:
    """Raw knows every record that the vendor has and no other, with the values that they have there but secret ones."""
    known = {key: record for key, record in tenant.newest(table).items() if record is not None}
    true = {key: hidden(record, tenant.service.endpoint(table)) for key, record in tenant.true(table).items()}
    assert sorted(map(str, known)) == sorted(map(str, true)), table
    for key, record in known.items():
        assert is_part(record, true[key]), (table, key, record, true[key])


def check_times(tenant: Tenant, table: str) -> None:
    """Each record landed at the moment that the vendor means by what stands in it, whatever zone that is told in."""
    path = tenant.service.updated_at_of(tenant.service.endpoint(table))
    for row in tenant.rows(table) if path else ():
        told = get(row["record"], path)
        assert row["updated_at"] == tenant.vendor.moment(table, path, told), (table, path, told, row["updated_at"])


def hidden(record: Any, endpoint: Endpoint) -> Any:
    """The record as it may land: with stars where something secret stands."""
    record = copy.deepcopy(record)
    for path in endpoint.secret_fields:
        *way, last = path.split(".")
        inside = [record]
        for name in way:
            below = (
                everything_in(inside) if name == "**" else [one.get(name) for one in inside if isinstance(one, dict)]
            )
            inside = [one for value in below for one in (value if isinstance(value, list) else [value])]
        for one in inside:
            if isinstance(one, dict) and one.get(last) is not None:
                one[last] = "***"
    return record


def everything_in(values: list[Any]) -> list[Any]:
    """The values themselves and all that is in them."""
    found = []
    for value in values:
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        found += [value, *everything_in(list(inner))]
    return found


def is_part(landed: Any, true: Any) -> bool:
    """Whether every field that landed has the vendor's value: some vendors give only the fields asked for, and null
    for those that a record lacks.
    """
    if isinstance(landed, dict) and isinstance(true, dict):
        return all(is_part(value, true.get(name)) for name, value in landed.items())
    if isinstance(landed, list) and isinstance(true, list):
        return len(landed) == len(true) and all(map(is_part, landed, true))
    return bool(landed == true)
