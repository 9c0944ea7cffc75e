"""Every service that is declared, pulled from its strict vendor over real HTTP. A new service needs no test of its own:
a contract with rules (tests/contracts/README.md), and this suite holds it to them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from avesa.connector.paging import SinglePage
from avesa.connector.service import Endpoint
from avesa.integrations import service_names
from avesa.pipeline.ingest import ServiceOutcome, check_connection
from avesa.shared.errors import AvesaError, ConfigurationError, ServiceFailed, TableFailed
from strict_tenant import PAGE, Tenant, check, check_times, strict_tenant

SERVICES = service_names()


@dataclass(frozen=True)
class Listed:
    tenant: Tenant
    outcome: ServiceOutcome


@pytest.fixture(params=SERVICES)
def tenant(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Tenant]:
    with strict_tenant(tmp_path, request.param, cursor_pages=PAGE) as tenant:
        yield tenant


@pytest.fixture(scope="module", params=SERVICES)
def listed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listed]:
    """Listed once, for tests that look at what landed and change nothing."""
    with strict_tenant(tmp_path_factory.mktemp(request.param), request.param, cursor_pages=PAGE) as tenant:
        yield Listed(tenant, tenant.ingest())


def plain(tenant: Tenant) -> Endpoint:
    """The table that single requests are tried with: the one that a connection is checked by."""
    return tenant.service.endpoint(tenant.service.check or tenant.service.endpoints[0].name)


def walked(tenant: Tenant) -> Endpoint:
    """The table that walks of several requests are tried with: the plain one, or where that comes in one answer, one
    below it, which is asked for under each of its records.
    """
    endpoint = plain(tenant)
    if isinstance(tenant.service.paging_of(endpoint, listing=True), SinglePage) and endpoint.each is None:
        lists = [below for below in tenant.service.children(endpoint.name) if below.records_as == "list"]
        if lists and len(tenant.vendor.records(endpoint.name)) > 1:
            tenant.pull(endpoint.name)
            return lists[0]
    return endpoint


def flat(tenant: Tenant) -> list[Endpoint]:
    return [endpoint for endpoint in tenant.service.endpoints if endpoint.parent is None]


def changing(tenant: Tenant) -> list[Endpoint]:
    """The tables that can be asked for changes, and tell of a change in a record that was there before."""
    rules = {name: table.rules for name, table in tenant.vendor.contract.tables.items()}
    asked = [e for e in flat(tenant) if tenant.service.changes_of(e) is not None]
    own = [e for e in asked if not rules[e.name].get("fixed_cursor") and "feed" not in rules[e.name]]
    return [e for e in own if tenant.vendor.records(e.name)]


def test_good_credentials_are_told_from_bad_ones(tenant: Tenant) -> None:
    check_connection(tenant.ports, tenant.stored, service=tenant.service)
    assert tenant.vendor.violations == []
    tenant.connect(lambda value: f"{value}-not")
    with pytest.raises((ServiceFailed, ConfigurationError)) as refused:
        check_connection(tenant.ports, tenant.stored, service=tenant.service)
    assert "-not" not in str(refused.value)


def test_a_full_listing_lands_every_record_of_every_table(listed: Listed) -> None:
    tenant, outcome = listed.tenant, listed.outcome
    assert outcome.ok, [(table.table, table.error) for table in outcome.tables if table.error]
    assert tenant.vendor.violations == []
    for endpoint in tenant.service.endpoints:
        check(tenant, endpoint.name)
        assert tenant.receipt(endpoint.name).complete
    assert any(table.pages > 2 for table in outcome.tables)
    assert [(table.table, table.warning) for table in outcome.tables if table.warning] == []


def test_records_land_as_they_came_with_an_id_and_a_time(listed: Listed) -> None:
    tenant = listed.tenant
    for endpoint in tenant.service.endpoints:
        for row in tenant.rows(endpoint.name):
            assert row["problem"] is None and row["record_id"], (endpoint.name, row)
            assert (row["updated_at"] is None) == (tenant.service.updated_at_of(endpoint) is None), endpoint.name


def test_times_land_as_the_moments_that_the_vendor_means(listed: Listed) -> None:
    for endpoint in listed.tenant.service.endpoints:
        check_times(listed.tenant, endpoint.name)


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
    tables = [endpoint.name for endpoint in changing(tenant)]
    tenant.clock.now += timedelta(hours=1)
    changed_at = tenant.clock.now
    for table in tables:
        tenant.vendor.change(table, 6)
    tenant.clock.now += timedelta(hours=1)
    tenant.ingest(tables=tables)
    later, tenant.clock.now = tenant.clock.now, changed_at
    for table in tables:
        tenant.vendor.change(table, 1)
    tenant.clock.now = later + timedelta(minutes=1)
    assert tenant.ingest(tables=tables).ok
    for table in tables:
        check(tenant, table)


def test_a_pull_that_stops_in_the_middle_goes_on_there(tenant: Tenant) -> None:
    table = walked(tenant).name
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
    endpoint = walked(tenant)
    table = endpoint.name
    # Lists of several parents are asked for at once, and may come in any order: the first one comes well.
    tenant.vendor.fail(kind, table=table, after=tenant.service.limits.concurrency + 1 if endpoint.parent else 1)
    with pytest.raises(TableFailed):
        tenant.pull(table)
    assert not tenant.receipt(table).complete
    assert tenant.pull(table).status == "ok"
    check(tenant, table)


def test_a_missing_right_fails_one_table_alone(tenant: Tenant) -> None:
    table = plain(tenant).name
    tenant.vendor.fail("status", 403, table=table, times=None)
    outcome = tenant.ingest()
    below = {table}
    for _ in tenant.service.endpoints:  # those below the ones below it too
        below |= {e.name for e in tenant.service.endpoints if e.parent and e.parent.endpoint in below}
    failed = {one.table for one in outcome.tables if one.status == "failed"}
    assert table in failed and failed <= below
    assert all(isinstance(one.error, AvesaError) for one in outcome.tables if one.status == "failed")
