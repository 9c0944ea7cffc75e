"""Homes whose canonical tables other engines read in place, and the statements for them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from avesa.pipeline.home import open_home
from avesa.pipeline.ports import Ports
from avesa.pipeline.transform import transform_tenant
from avesa.shared import layout
from avesa_program import Avesa
from landed_home import changes, contact, listing
from raw_files import PullOf, at, land

TENANTS = ("acme", "north-it")
SERVICE, RAW_TABLE = "connectwise", "contacts"


def two_tenants(folder: Path, *, root: Path | None = None) -> Avesa:
    """acme and north-it, each with contacts that changed, left and stayed.

    north-it has a column of its own, and one that acme has too with another type.
    """
    place = () if root is None else ("--home", str(folder), "--root", str(root))
    with open_home(folder, root=None if root is None else str(root), clock=lambda: at(10_000)) as ports:
        for tenant in TENANTS:
            ports.tenants.add_tenant(tenant)
        for tenant, columns in (
            ("acme", {"badge": "integer"}),
            ("north-it", {"badge": "text", "shoe_size": "decimal"}),
        ):
            _own_columns(ports, tenant, columns)
            for pull in _pulls(tenant):
                land(ports.objects, tenant, SERVICE, RAW_TABLE, pull)
            _fold(ports, tenant)
    return Avesa(folder, place)


def give_acme_another_column(folder: Path, *, root: Path | None = None) -> None:
    """`nickname`, which is the first name."""
    with open_home(folder, root=None if root is None else str(root), clock=lambda: at(20_000)) as ports:
        _own_columns(ports, "acme", {"badge": "integer", "nickname": "text"})
        _fold(ports, "acme")


def _own_columns(ports: Ports, tenant: str, columns: dict[str, str]) -> None:
    rules = {"badge": "badge", "nickname": "firstName", "shoe_size": "shoeSize"}
    own = {
        "table": "contacts",
        "columns": {name: {"type": type_, "description": "Its own."} for name, type_ in columns.items()},
        "sources": {SERVICE: {RAW_TABLE: {name: rules[name] for name in columns}}},
    }
    ports.objects.write(layout.tenant_mapping(tenant, "contacts"), json.dumps(own).encode())


def _fold(ports: Ports, tenant: str) -> None:
    outcomes = transform_tenant(ports, tenant, run_id="run")
    assert [outcome.error for outcome in outcomes] == [None]


def _pulls(tenant: str) -> Iterator[PullOf]:
    names = {"acme": ("Mia", "Åse", "O'Hara"), "north-it": ("Zoë", "Bea", 'Jo "J" Li')}[tenant]
    rows = [contact(str(number), 1, 10, name, badge=number, shoeSize=38.5) for number, name in enumerate(names)]
    yield listing(10, *rows)
    yield changes(20, contact("0", 15, 20, "Ida", badge=7, shoeSize=38.5))
    yield listing(
        30,
        *(
            contact(str(number), 15 if not number else 1, 30, name, badge=number or 7, shoeSize=38.5)
            for number, name in enumerate(("Ida", names[1]))
        ),
    )


@contextmanager
def duckdb_with(sql: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in which the statements were run. The extension comes as a wheel, so that nothing is fetched."""
    from duckdb_extensions import import_extension

    import_extension("delta")
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        con.execute(sql)
        yield con
