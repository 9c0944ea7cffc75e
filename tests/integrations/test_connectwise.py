"""ConnectWise as declared, against the vendor's published interface and against the sandbox over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars
import pytest

from avesa.integrations.connectwise import SERVICE
from avesa.pipeline.ingest import ServiceOutcome, check_connection, ingest_service
from avesa.pipeline.ports import Ports
from avesa.sandbox.server import Sandbox
from avesa.sandbox.world import World
from avesa.shared.errors import ServiceFailed
from avesa.shared.tenants import TenantService
from tiny_vendor import open_ports, receipts

TABLES = [endpoint.name for endpoint in SERVICE.endpoints]


class Tenant:
    """One tenant connected to a sandbox; its clock is the vendor's."""

    def __init__(self, home: Path, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.ports: Ports = open_ports(home, sandbox.clock)
        self.ports.tenants.add_tenant("acme")
        self.settings = {
            "company_id": sandbox.credentials("connectwise")["company_id"],
            "base_url": sandbox.base_url("connectwise") + "/v4_6_release/apis/3.0",
        }
        self.connect()

    def connect(self, **wrong: str) -> None:
        held = self.sandbox.credentials("connectwise") | wrong
        self.ports.secrets.put("acme", "connectwise", {name: held[name] for name in SERVICE.secrets})
        self.service = TenantService("acme", "connectwise", settings=self.settings)
        self.ports.tenants.put(self.service)

    def ingest(self, **more: Any) -> ServiceOutcome:
        [stored] = self.ports.tenants.services("acme")
        return ingest_service(self.ports, stored, run_id="r", **more)

    def newest(self, table: str) -> dict[str, Any]:
        """The record that raw knows last, by its id."""
        infos = self.ports.objects.list(f"acme/raw/connectwise/{table}")
        files = [self.ports.objects.fetch(i.path, self.ports.scratch) for i in infos if i.path.endswith(".parquet")]
        if not files:
            return {}
        rows = polars.concat([polars.read_parquet(file) for file in files]).sort("extracted_at")
        return {row["record_id"]: json.loads(row["payload"]) for row in rows.to_dicts()}


@pytest.fixture
def tenant(tmp_path: Path) -> Iterator[Tenant]:
    world = World(days=10)
    with Sandbox(world) as sandbox:
        sandbox.clock.set(world.end - timedelta(days=4))
        yield Tenant(tmp_path, sandbox)


def test_pull_after_pull_raw_knows_the_true_state_of_every_record(tenant: Tenant) -> None:
    kinds = set()
    for _ in range(4):
        outcome = tenant.ingest()
        assert outcome.ok, [table.error for table in outcome.tables]
        kinds |= {table.kind for table in outcome.tables}
        for table in TABLES:
            history = tenant.sandbox.history("acme", table)
            alive = {str(id_): versions[-1][1] for id_, versions in history.items() if versions[-1][1] is not None}
            known = tenant.newest(table)
            assert {id_: known.get(id_) for id_ in alive} == alive, table
        tenant.sandbox.clock.advance(timedelta(hours=7))
    assert kinds == {"listing", "changes"}


def test_every_request_fits_the_published_interface(tenant: Tenant) -> None:
    tenant.ingest()
    tenant.sandbox.clock.advance(timedelta(hours=7))
    tenant.ingest()
    requests = tenant.sandbox.requests
    assert {request.status for request in requests} == {200}
    assert not any(request.unknown for request in requests)
    conditions = {value for request in requests for name, value in request.query if name == "conditions"}
    assert conditions
    for request in requests:
        names = [name for name, _ in request.query]
        assert ("page" in names) != (request.headers.get("pagination-type") == "forward-only")
        assert dict(request.query)["pageSize"] == "1000"


def test_a_listing_proves_which_ids_there_are(tenant: Tenant) -> None:
    tenant.ingest()
    [receipt] = receipts(tenant.ports, "tickets", service="connectwise")
    history = tenant.sandbox.history("acme", "tickets")
    alive = [str(id_) for id_, versions in history.items() if versions[-1][1] is not None]
    assert receipt.complete and receipt.kind == "listing"
    assert receipt.distinct_ids == receipt.rows == len(alive)


def test_good_credentials_are_told_by_one_small_request(tenant: Tenant) -> None:
    check_connection(tenant.ports, tenant.service)
    [request] = tenant.sandbox.requests
    assert dict(request.query)["pageSize"] == "1"


def test_refused_credentials_mark_the_service_and_good_ones_take_the_mark_away(tenant: Tenant) -> None:
    tenant.connect(private_key="wrong")
    with pytest.raises(ServiceFailed):
        check_connection(tenant.ports, tenant.service)
    outcome = tenant.ingest()
    assert outcome.problem is not None and not outcome.ok
    assert len(tenant.sandbox.requests) < 10  # the other tables are not tried
    [stored] = tenant.ports.tenants.services("acme")
    assert stored.problem is not None and "wrong" not in stored.problem
    problem = stored.problem
    tenant.connect()
    tenant.ports.tenants.mark("acme", "connectwise", problem)
    assert tenant.ingest().ok
    assert tenant.ports.tenants.services("acme")[0].problem is None


def test_a_table_without_the_right_fails_alone(tenant: Tenant) -> None:
    tenant.sandbox.faults.push("status", "invoices", times=None, status=403)
    outcome = tenant.ingest()
    failed = {table.table: table.error for table in outcome.tables if table.status != "ok"}
    assert list(failed) == ["invoices"]
    assert "tenant acme, connectwise/invoices" in str(failed["invoices"])
    assert outcome.problem is None


def test_a_vendor_under_pressure_is_asked_more_slowly(tenant: Tenant) -> None:
    tenant.sandbox.faults.push("status", times=3, status=429, retry_after=0)
    outcome = tenant.ingest(tables=["companies", "boards"])
    assert outcome.ok
    assert sum(table.retries for table in outcome.tables) == 3


def test_a_list_without_a_change_filter_is_listed_instead(tenant: Tenant) -> None:
    tenant.sandbox.faults.push("refuse_conditions", "configurations", times=None)
    for _ in range(3):
        outcome = tenant.ingest(tables=["configurations", "boards"])
        assert outcome.ok
        tenant.sandbox.clock.advance(timedelta(hours=7))
    assert [table.kind for table in outcome.tables] == ["listing", "changes"]
    assert [request.status for request in tenant.sandbox.requests].count(400) == 1


def test_a_link_to_another_host_is_not_followed(tenant: Tenant) -> None:
    """Only the next page's id is taken from it; the first page was the only one, so the second is empty."""
    tenant.sandbox.faults.push("foreign_link", "tickets")
    assert tenant.ingest(tables=["tickets"]).tables[0].rows == len(tenant.newest("tickets"))
