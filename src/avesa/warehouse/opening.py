"""Opens the warehouse that an address names. Only what that engine needs is imported."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from avesa.warehouse.address import Address
from avesa.warehouse.port import Warehouse
from avesa.warehouse.schemas import Schemas


@contextmanager
def open_warehouse(address: Address, schemas: Schemas, *, begin: bool = True) -> Iterator[Warehouse]:
    """With `begin` a file that is not there is made.

    Raises Unavailable if it cannot be reached, and ConfigurationError if it refuses or its driver is missing."""
    warehouse = _open(address, schemas, begin=begin)
    try:
        yield warehouse
    finally:
        warehouse.close()


def _open(address: Address, schemas: Schemas, *, begin: bool) -> Warehouse:
    match address.kind:
        case "duckdb":
            from avesa.warehouse.duckdb_warehouse import DuckDBWarehouse  # noqa: PLC0415

            return DuckDBWarehouse(address, schemas, begin=begin)
        case "postgresql":
            from avesa.warehouse.postgres_warehouse import PostgresWarehouse  # noqa: PLC0415

            return PostgresWarehouse(address, schemas)
        case _:
            from avesa.warehouse.clickhouse_warehouse import ClickHouseWarehouse  # noqa: PLC0415

            return ClickHouseWarehouse(address, schemas)
