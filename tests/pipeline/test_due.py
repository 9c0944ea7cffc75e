from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from avesa.connector.memory import Memory, encode_memory
from avesa.connector.service import Endpoint, Parent
from avesa.integrations import load_service
from avesa.pipeline.due import Due, due_of, parents_first
from avesa.pipeline.ports import Ports
from avesa.pipeline.tenant_mappings import read_mapping
from avesa.shared.errors import UsageError
from avesa.shared.tenants import TenantService
from avesa.shared.watermarks import TableState
from tiny_vendor import open_ports

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ACME = TenantService("acme", "connectwise")


@pytest.fixture
def ports(tmp_path: Path) -> Ports:
    return open_ports(tmp_path, lambda: NOW)


def due(ports: Ports, connected: TenantService = ACME, *, table: str | None = None, full: bool = False) -> Due | None:
    return due_of(
        connected, watermarks=ports.watermarks, objects=ports.objects, now=ports.clock(), table=table, full=full
    )


def pulled(ports: Ports, table: str, ago: timedelta, checkpoint: str | None = None) -> None:
    state = TableState(
        "acme", f"connectwise/{table}", NOW - ago, checkpoint, encode_memory(Memory(pulled_at=NOW - ago))
    )
    ports.watermarks.put(state)


def test_all_tables_are_due_that_have_no_interval_of_their_own(ports: Ports) -> None:
    found = due(ports)
    assert found is not None
    assert set(found.tables) == {endpoint.name for endpoint in load_service("connectwise").endpoints}


def test_only_the_tenant_s_own_tables_are_due(ports: Ports) -> None:
    found = due(ports, replace(ACME, tables=("companies", "tickets")))
    assert found is not None
    assert set(found.tables) == {"companies", "tickets"}


def test_a_table_is_due_when_its_interval_is_over_or_something_is_unfinished(ports: Ports) -> None:
    connected = replace(ACME, tables=("tickets", "companies", "contacts"), settings={"every": "1h"})
    pulled(ports, "tickets", timedelta(minutes=10))
    pulled(ports, "companies", timedelta(minutes=61))
    pulled(ports, "contacts", timedelta(minutes=10), checkpoint="{}")
    found = due(ports, connected)
    assert found is not None
    assert set(found.tables) == {"companies", "contacts"}


def test_nothing_is_due_when_no_table_is(ports: Ports) -> None:
    connected = replace(ACME, tables=("tickets",), settings={"every": "1h"})
    pulled(ports, "tickets", timedelta(minutes=10))
    assert due(ports, connected) is None


@pytest.mark.parametrize(("table", "full"), [("tickets", False), (None, True)])
def test_what_is_named_or_listed_anew_is_due_whatever_the_time(ports: Ports, table: str | None, full: bool) -> None:
    connected = replace(ACME, tables=("tickets",), settings={"every": "1h"})
    pulled(ports, "tickets", timedelta(minutes=10))
    found = due(ports, connected, table=table, full=full)
    assert found is not None
    assert found.tables == ("tickets",)


def test_the_canonical_tables_are_those_that_the_due_tables_feed(ports: Ports) -> None:
    found = due(ports, replace(ACME, tables=("tickets", "companies")))
    assert found is not None
    assert found.canonical == ("companies", "tickets")


def test_a_tenant_s_own_mapping_counts_for_that_tenant_alone(ports: Ports) -> None:
    own = {"table": "tasks", "sources": {"connectwise": {"boards": {"name": "name"}}}}
    ports.objects.write("acme/mappings/tasks.json", json.dumps(own).encode())
    assert ("connectwise", "boards") in read_mapping(ports.objects, "acme", "tasks").sources
    connected = replace(ACME, tables=("boards",))
    acme, globex = due(ports, connected), due(ports, replace(connected, tenant_id="globex"))
    assert acme is not None
    assert globex is not None
    assert "tasks" in acme.canonical
    assert "tasks" not in globex.canonical


def test_an_own_mapping_that_is_not_valid_counts_so_that_its_fold_says_why(ports: Ports) -> None:
    ports.objects.write("acme/mappings/tasks.json", b"{")
    found = due(ports, replace(ACME, tables=("tickets",)))
    assert found is not None
    assert found.canonical == ("tasks", "tickets")


@pytest.mark.parametrize(
    "odd",
    [
        replace(ACME, service="conectwise"),
        replace(ACME, tables=("tikets",)),
        replace(ACME, settings={"every": "often"}),
        replace(ACME, settings={"evry": "1h"}),
    ],
)
def test_what_does_not_exist_is_refused(ports: Ports, odd: TenantService) -> None:
    with pytest.raises(UsageError):
        due(ports, odd)


def test_parents_come_first_and_else_the_order_stays() -> None:
    d, c = Endpoint("d", "/d", parent=Parent("b")), Endpoint("c", "/c", parent=Parent("d"))
    a, b, x = Endpoint("a", "/a"), Endpoint("b", "/b"), Endpoint("x", "/x", parent=Parent("not chosen"))
    assert [endpoint.name for endpoint in parents_first([c, a, d, x, b])] == ["b", "d", "c", "a", "x"]
