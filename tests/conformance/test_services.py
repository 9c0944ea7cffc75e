"""Every service that is declared, pulled from its strict vendor over real HTTP. A new service needs no test of its own:
a contract with rules (tests/contracts/README.md), and this suite holds it to them.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars
import pytest

from avesa.connector.json_paths import values_at
from avesa.connector.paging import SearchWindow
from avesa.connector.service import Endpoint, Parent, Service
from avesa.integrations import load_service, service_names
from avesa.pipeline.ingest import IngestOutcome, ServiceOutcome, check_connection, ingest_service, ingest_table
from avesa.pipeline.ports import Ports
from avesa.shared.errors import AvesaError, ConfigurationError, ServiceFailed, TableFailed
from avesa.shared.receipt import Receipt
from avesa.shared.tenants import TenantService
from strict_vendor.contract import Contract
from strict_vendor.contract import service_names as contracts
from strict_vendor.server import Serving, strict_vendor
from tiny_vendor import open_ports, receipts

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SERVICES = [name for name in service_names() if name in contracts()]
PAGE = 3


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


class Tenant:
    """One tenant connected to one strict vendor, with small pages and no waits; both have one clock."""

    def __init__(self, home: Path, name: str, serving: Serving, clock: Clock) -> None:
        self.vendor, self.clock = serving.vendor, clock
        self.service = _hurried(load_service(name), self.vendor.contract)
        self.ports: Ports = open_ports(home, clock)
        self.ports.tenants.add_tenant("acme")
        held = self.vendor.credentials.values
        # What the vendor did not give out is part of an address, which base_url takes the place of.
        needed = [setting.name for setting in self.service.settings if setting.required or setting.name in held]
        known = {name: held.get(name, "example") for name in needed}
        self.stored = TenantService("acme", name, settings={**known, "base_url": serving.url})
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
        """All raw rows of the table, those extracted last at the end."""
        infos = self.ports.objects.list(f"acme/raw/{self.service.name}/{table}")
        files = [self.ports.objects.fetch(i.path, self.ports.scratch) for i in infos if i.path.endswith(".parquet")]
        return polars.concat(map(polars.read_parquet, files)).sort("extracted_at").to_dicts() if files else []

    def newest(self, table: str) -> dict[tuple[str | None, str], Any]:
        """The record that raw knows last, by its parent and its key."""
        found = {}
        for row in self.rows(table):
            record = json.loads(row["payload"])
            found[row["parent_id"], str(self.vendor.key(table, record))] = None if row["is_deleted"] else record
        return found

    def true(self, table: str) -> dict[tuple[str | None, str], Any]:
        """What the vendor has, in the same form. Of lists without a parent it is those that were asked for."""
        parent = self.service.endpoint(table).parent
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


def _hurried(service: Service, contract: Contract) -> Service:
    """The same service with pages of a few rows, and waits of no time between attempts."""
    retry = replace(service.retry, first_wait=0.0, longest_wait=0.0, longest_retry_after=0.0)
    rates = tuple(replace(rate, most=1_000_000, setting=None) for rate in service.limits.rates)
    limits = replace(service.limits, rates=rates, rest=timedelta(0))
    endpoints = tuple(
        replace(endpoint, paging=_small(endpoint.paging), listing_paging=_small(endpoint.listing_paging))
        for endpoint in service.endpoints
    )
    paging, listing = _small(service.paging), _small(service.listing_paging)
    return replace(service, retry=retry, limits=limits, endpoints=endpoints, paging=paging, listing_paging=listing)


def _small(paging: Any) -> Any:
    if not is_dataclass(paging) or isinstance(paging, type):
        return paging
    names = {field.name for field in fields(paging)}
    sizes = {name: PAGE for name in ("most", "size") if isinstance(getattr(paging, name, None), int) and name in names}
    inner = {"inner": _small(paging.inner)} if isinstance(paging, SearchWindow) else {}
    return replace(paging, **sizes, **inner)


@pytest.fixture(params=SERVICES)
def tenant(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Tenant]:
    clock = Clock()
    with strict_vendor(request.param, clock=clock, cursor_pages=PAGE) as serving:
        yield Tenant(tmp_path, request.param, serving, clock)
        # Shown beside a test that fails: what the vendor found wrong in the requests.
        print("\n".join(serving.vendor.violations))


def plain(tenant: Tenant) -> Endpoint:
    """The table that single requests are tried with: the one that a connection is checked by."""
    return tenant.service.endpoint(tenant.service.check or tenant.service.endpoints[0].name)


def flat(tenant: Tenant) -> list[Endpoint]:
    return [endpoint for endpoint in tenant.service.endpoints if endpoint.parent is None]


def changing(tenant: Tenant) -> list[Endpoint]:
    """The tables that can be asked for changes, and tell of a change in a record that was there before."""
    rules = {name: table.rules for name, table in tenant.vendor.contract.tables.items()}
    asked = [e for e in flat(tenant) if tenant.service.changes_of(e) is not None]
    own = [e for e in asked if not rules[e.name].get("fixed_cursor") and "feed" not in rules[e.name]]
    return [e for e in own if tenant.vendor.records(e.name)]


def check(tenant: Tenant, table: str) -> None:
    """Raw knows every record that the vendor has and no other, with the values that they have there but secret ones."""
    known = {key: record for key, record in tenant.newest(table).items() if record is not None}
    true = {key: hidden(record, tenant.service.endpoint(table)) for key, record in tenant.true(table).items()}
    assert sorted(map(str, known)) == sorted(map(str, true)), table
    for key, record in known.items():
        assert is_part(record, true[key]), (table, key, record, true[key])


def hidden(record: Any, endpoint: Endpoint) -> Any:
    """The record as it may land: with stars where something secret stands."""
    record = copy.deepcopy(record)
    for path in endpoint.secret_fields:
        *way, last = path.split(".")
        inside = [record]
        for name in way:
            below = [one[name] for one in inside if isinstance(one, dict) and name in one]
            inside = [one for value in below for one in (value if isinstance(value, list) else [value])]
        for one in inside:
            if isinstance(one, dict) and one.get(last) is not None:
                one[last] = "***"
    return record


def is_part(landed: Any, true: Any) -> bool:
    """Whether every field that landed has the vendor's value: some vendors give only the fields asked for, and null
    for those that a record lacks.
    """
    if isinstance(landed, dict) and isinstance(true, dict):
        return all(is_part(value, true.get(name)) for name, value in landed.items())
    if isinstance(landed, list) and isinstance(true, list):
        return len(landed) == len(true) and all(map(is_part, landed, true))
    return bool(landed == true)


def test_good_credentials_are_told_from_bad_ones(tenant: Tenant) -> None:
    check_connection(tenant.ports, tenant.stored, service=tenant.service)
    assert tenant.vendor.violations == []
    tenant.connect(lambda value: f"{value}-not")
    with pytest.raises((ServiceFailed, ConfigurationError)) as refused:
        check_connection(tenant.ports, tenant.stored, service=tenant.service)
    assert "-not" not in str(refused.value)


def test_a_full_listing_lands_every_record_of_every_table(tenant: Tenant) -> None:
    outcome = tenant.ingest()
    assert outcome.ok, [(table.table, table.error) for table in outcome.tables if table.error]
    assert tenant.vendor.violations == []
    for endpoint in tenant.service.endpoints:
        check(tenant, endpoint.name)
        assert tenant.receipt(endpoint.name).complete
    assert any(table.pages > 2 for table in outcome.tables)


def test_records_land_as_they_came_with_an_id_and_a_time(tenant: Tenant) -> None:
    tenant.ingest()
    for endpoint in tenant.service.endpoints:
        for row in tenant.rows(endpoint.name):
            assert row["problem"] is None and row["record_id"], (endpoint.name, row)
            assert (row["updated_at"] is None) == (tenant.service.updated_at_of(endpoint) is None), endpoint.name


def test_what_changed_and_what_came_is_known_after_the_next_pull(tenant: Tenant) -> None:
    tenant.ingest()
    tenant.clock.now += timedelta(hours=1)
    for endpoint in changing(tenant):
        tenant.vendor.change(endpoint.name, 6)
        tenant.vendor.add(endpoint.name)
    tenant.clock.now += timedelta(minutes=5)
    outcome = tenant.ingest()
    assert outcome.ok, [table.error for table in outcome.tables]
    assert tenant.vendor.violations == []
    asked = {table.table: table for table in outcome.tables if table.kind == "changes"}
    for endpoint in changing(tenant):
        assert endpoint.name in asked
        check(tenant, endpoint.name)


def test_a_change_at_the_very_moment_of_the_newest_one_is_not_missed(tenant: Tenant) -> None:
    tenant.clock.now += timedelta(hours=1)
    changed_at = tenant.clock.now
    for endpoint in changing(tenant):
        tenant.vendor.change(endpoint.name, 6)
    tenant.clock.now += timedelta(hours=1)
    tenant.ingest()
    later, tenant.clock.now = tenant.clock.now, changed_at
    for endpoint in changing(tenant):
        tenant.vendor.change(endpoint.name, 1)
    tenant.clock.now = later + timedelta(minutes=1)
    assert tenant.ingest().ok
    for endpoint in changing(tenant):
        check(tenant, endpoint.name)


def test_a_pull_that_stops_in_the_middle_goes_on_there(tenant: Tenant) -> None:
    table = plain(tenant).name
    seen: list[int] = []
    first = tenant.pull(table, progress=lambda *page: seen.append(page[1]), stop=lambda: bool(seen))
    assert first.status == "stopped"
    pages_before = sum(served.table == table for served in tenant.vendor.served)
    second = tenant.pull(table)
    assert second.status == "ok" and second.resumed
    pages = sum(served.table == table for served in tenant.vendor.served)
    assert pages_before >= 1 and 1 <= pages - pages_before < pages
    check(tenant, table)
    assert tenant.vendor.violations == []


def test_a_deleted_record_is_gone_or_marked_in_the_next_full_listing(tenant: Tenant) -> None:
    table = plain(tenant).name
    tenant.pull(table)
    tenant.clock.now += timedelta(hours=1)
    gone = str(tenant.vendor.key(table, tenant.vendor.delete(table, 1)))
    before = len(tenant.rows(table))
    tenant.pull(table, full=True)
    later = tenant.rows(table)[before:]
    # Some pagings land a row twice where one page ends and the next begins.
    alive = {row["record_id"] for row in later if not row["is_deleted"]}
    assert gone not in alive
    assert len(alive) == len([key for key in tenant.true(table) if key[1] != gone])
    assert tenant.receipt(table).complete and tenant.receipt(table).kind == "listing"


def test_a_refusal_of_the_credentials_stops_the_service(tenant: Tenant) -> None:
    tenant.vendor.fail("status", 401, times=None)
    with pytest.raises(ServiceFailed):
        tenant.pull(plain(tenant).name)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_passing_failure_is_tried_again(tenant: Tenant, status: int) -> None:
    table = plain(tenant).name
    tenant.vendor.fail("status", status, table=table)
    outcome = tenant.pull(table)
    assert outcome.status == "ok" and outcome.retries >= 1
    check(tenant, table)


def test_a_body_that_is_cut_off_is_asked_for_again(tenant: Tenant) -> None:
    table = plain(tenant).name
    tenant.vendor.fail("truncated", table=table)
    outcome = tenant.pull(table)
    assert outcome.status == "ok" and outcome.retries == 1
    check(tenant, table)


@pytest.mark.parametrize("kind", ["malformed", "wrong_shape"])
def test_a_page_that_makes_no_sense_fails_its_table_and_proves_nothing(tenant: Tenant, kind: Any) -> None:
    table = plain(tenant).name
    tenant.vendor.fail(kind, table=table, after=1)
    with pytest.raises(TableFailed):
        tenant.pull(table)
    assert not tenant.receipt(table).complete
    assert tenant.pull(table).status == "ok"
    check(tenant, table)


def test_a_missing_right_fails_one_table_alone(tenant: Tenant) -> None:
    table = plain(tenant).name
    tenant.vendor.fail("status", 403, table=table, times=None)
    outcome = tenant.ingest()
    below = {table} | {e.name for e in tenant.service.endpoints if e.parent and e.parent.endpoint == table}
    failed = {one.table for one in outcome.tables if one.status == "failed"}
    assert table in failed and failed <= below
    assert all(isinstance(one.error, AvesaError) for one in outcome.tables if one.status == "failed")
