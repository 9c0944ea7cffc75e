"""The catalogue of services, and what each declares beside what its vendor publishes."""

from __future__ import annotations

import subprocess
import sys

import pytest

from avesa.connector.incremental import Changes
from avesa.connector.service import Endpoint, Service
from avesa.integrations import load_service, service_names
from avesa.sandbox.vendor.contract import Contract, Table
from avesa.sandbox.vendor.contract import service_names as contracts
from avesa.shared.errors import UsageError

PUBLISHED = [name for name in service_names() if name in contracts()]


@pytest.mark.parametrize("name", service_names())
def test_every_service_of_the_catalogue_can_be_loaded_by_its_name(name: str) -> None:
    assert load_service(name).name == name
    assert isinstance(load_service(name), Service)


def test_an_unknown_service_is_refused_with_the_closest_names() -> None:
    with pytest.raises(UsageError, match="Did you mean connectwise"):
        load_service("conectwise")
    with pytest.raises(UsageError, match="avesa services"):
        load_service("../etc")


def test_naming_the_services_imports_none_of_them() -> None:
    code = (
        "import sys, avesa.integrations as i; i.service_names();"
        "print([m for m in sys.modules if m.startswith('avesa.integrations.')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_ingestion_needs_neither_the_engine_nor_the_table_format() -> None:
    """One bundle pulls every service; it stays small without them."""
    code = (
        "import sys, avesa.pipeline.ingest as i; i.load_service('connectwise');"
        "print(sorted({'duckdb', 'deltalake', 'pyarrow', 'numpy', 'polars', 'cryptography'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_service_has_the_tables_that_its_vendor_publishes(name: str) -> None:
    declared = {endpoint.name for endpoint in load_service(name).endpoints}
    published = Contract(name).tables
    assert declared <= set(published)
    assert sorted(set(published) - declared - {table.name for table in published.values() if is_help(table)}) == []


def is_help(table: Table) -> bool:
    """Whether it is no table of its own: it helps to read another one, lists ids of one, or tells changes of all."""
    return "helps" in table.rules or table.rules.get("feed", {}).get("kind") in ("ids", "cdc")


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_services_times_are_the_published_ones_or_it_says_why_not(name: str) -> None:
    """A table's last-modified time is where the vendor's page says. Otherwise the endpoint itself says where it is, or
    that there is none (`updated_at`, `changes`): nothing but a mistake comes from the service's default.
    """
    service, contract = load_service(name), Contract(name)
    for endpoint in service.endpoints:
        table = contract.tables[endpoint.name]
        found = service.updated_at_of(endpoint)
        if found != table.cursor:
            assert says_so(service, endpoint), f"{endpoint.name}: {found} is declared, {table.cursor} is published"
        if found is not None and table.record and table.facts.get("format") != "csv":
            assert contract.field(table.record, found) is not None, f"{endpoint.name} has no field {found}"


def says_so(service: Service, endpoint: Endpoint) -> bool:
    changes = service.changes_of(endpoint)
    told_apart = changes is not None and not (isinstance(changes, Changes) and changes.events is None)
    return endpoint.updated_at is not None or endpoint.changes != "inherit" or told_apart
