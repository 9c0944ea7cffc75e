"""The catalogue of services, and what each declares beside what its vendor publishes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from avesa.connector.ids_then_records import IdsThenRecords
from avesa.connector.incremental import Changes
from avesa.connector.paging import SearchWindow
from avesa.connector.request import Request
from avesa.connector.service import Endpoint, Service
from avesa.integrations import load_service, service_names
from avesa.sandbox.vendor.contract import Contract, Table
from avesa.sandbox.vendor.contract import service_names as contracts
from avesa.shared.errors import UsageError


def test_every_service_has_a_contract_and_every_contract_a_service() -> None:
    assert list(service_names()) == contracts()


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


def test_loading_a_service_imports_the_module_of_no_other() -> None:
    """A function of one service has to start fast. Each is loaded here as if it were the first."""
    code = """
import sys
from avesa.integrations import load_service, service_names
for name in service_names():
    load_service(name)
    loaded = {module.split(".")[2] for module in sys.modules if module.startswith("avesa.integrations.")}
    print(name, *sorted(loaded - {name}))
    for module in [module for module in sys.modules if module.startswith("avesa.integrations.")]:
        del sys.modules[module]
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:-1] == list(service_names())


def test_ingestion_needs_neither_the_engine_nor_the_table_format() -> None:
    """One bundle pulls every service; it stays small without them."""
    code = (
        "import sys, avesa.pipeline.ingest as i; i.load_service('connectwise');"
        "print(sorted({'duckdb', 'deltalake', 'pyarrow', 'numpy', 'polars', 'cryptography'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", service_names())
def test_a_service_has_the_tables_that_its_vendor_publishes(name: str) -> None:
    declared = {endpoint.name for endpoint in load_service(name).endpoints}
    published = Contract(name).tables
    assert declared <= set(published)
    assert sorted(set(published) - declared - {table.name for table in published.values() if is_help(table)}) == []


@pytest.mark.parametrize("name", service_names())
def test_a_services_lists_are_declared_as_published(name: str) -> None:
    """Where they are, where the records lie in an answer, what their key is, whose they are and what they feed. What an
    endpoint reads otherwise on purpose, the contract's rules say under `reads`.
    """
    service, contract = load_service(name), Contract(name)
    for endpoint in service.endpoints:
        table = contract.tables[endpoint.name]
        serving = (table, *(one for one in contract.tables.values() if one.rules.get("helps") == table.name))
        served = [one for one in contract.operations if any(each in one.tables for each in serving)]
        assert any(
            one.method == method and one.values(path) is not None
            for one in served
            for method, path in asked_at(service, endpoint)
        ), f"{endpoint.name}: no operation that serves it is at {endpoint.method} {endpoint.path}"
        below = {below_each(one.rules["under_each"]) for one in served if "under_each" in one.rules}
        assert {table.records, *below} & set(as_tuple(endpoint.records)), f"{endpoint.name}: {endpoint.records}"
        published = {name: table.facts[fact] for name, fact in (("key", "primary_key"), ("canonical", "canonical"))}
        published["parent"] = (table.parent or {}).get("endpoint")
        above = endpoint.parent and endpoint.parent.endpoint
        declared = {"key": list(endpoint.key), "canonical": endpoint.canonical, "parent": above}
        reads = {name: read for name, read in table.rules.get("reads", {}).items() if name != "records"}
        assert declared == {**published, **reads}, endpoint.name


@pytest.mark.parametrize("name", service_names())
def test_a_list_whose_rows_shift_is_held_to_the_total_that_its_vendor_publishes(name: str) -> None:
    """Nothing else tells that a record vanished while it was read, so that another one was left out."""
    service, contract = load_service(name), Contract(name)
    for endpoint in service.endpoints:
        changes, rules = service.changes_of(endpoint), contract.tables[endpoint.name].rules.get("paging", {})
        ways = rules if isinstance(rules, list) else [rules]
        tells = any(told["what"] == "total" for way in ways for told in way.get("tells", ()))
        paging = service.paging_of(endpoint, listing=True)
        shifts = paging.shifts(paging.first(Request(endpoint.method, f"https://v.example{endpoint.path}")))
        if shifts and tells and not (changes and changes.only):
            assert service.total_of(endpoint) is not None, endpoint.name


def asked_at(service: Service, endpoint: Endpoint) -> Iterator[tuple[str, str]]:
    """The method and the path of the requests whose answers hold the records, with the usual settings."""
    usual = endpoint.path
    for setting in service.settings:
        usual = usual.replace(f"{{{setting.name}}}", setting.default or f"{{{setting.name}}}")
    yield endpoint.method, usual
    paging = service.paging_of(endpoint, listing=True)
    while isinstance(paging, SearchWindow):
        paging = paging.inner
    if isinstance(paging, IdsThenRecords):
        yield paging.method, endpoint.path.removesuffix(paging.listed) + paging.path


def below_each(rule: dict[str, str]) -> str:
    return f"{rule['of']}.*.{rule['list']}"


def as_tuple(records: str | tuple[str, ...]) -> tuple[str, ...]:
    return (records,) if isinstance(records, str) else records


def is_help(table: Table) -> bool:
    """Whether it is no table of its own: it helps to read another one, lists ids of one, or tells changes of all."""
    return "helps" in table.rules or table.rules.get("feed", {}).get("kind") in ("ids", "cdc")


@pytest.mark.parametrize("name", service_names())
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
