"""SQL over one tenant's canonical tables, read only: a view for each table, and no way to any other file."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from avesa.canonical_transform.canonical_table import Snapshot
from avesa.canonical_transform.engine import first_line
from avesa.canonical_transform.mapping import mapping_names
from avesa.canonical_transform.scd2 import shape_of
from avesa.canonical_transform.sql_text import SQL_TYPES, identifier, literals
from avesa.pipeline.ports import Ports
from avesa.pipeline.transform import canonical_table, choose_canonical, tenant_mapping
from avesa.shared.errors import UsageError, Where


@dataclass(frozen=True)
class Result:
    """The rows of a query, with the names of its columns."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]

    def dicts(self) -> list[dict[str, Any]]:
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


@contextmanager
def tenant_tables(ports: Ports, tenant: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with one view for each canonical table of the tenant; those never folded are empty."""
    ports.tenants.services(tenant)  # an unknown tenant is told as such
    with (
        tempfile.TemporaryDirectory(prefix="query-", dir=ports.scratch) as folder,
        duckdb.connect() as con,
    ):
        con.execute("SET TimeZone = 'UTC'")
        allowed: list[str] = []
        for table in mapping_names():
            files = _files(ports, tenant, table, Path(folder))
            allowed += files
            con.execute(f"CREATE VIEW {identifier(table)} AS {_relation(ports, tenant, table, files)}")
        con.execute(f"SET allowed_paths = {literals(allowed)}")
        con.execute("SET enable_external_access = false")
        con.execute("SET lock_configuration = true")
        yield con


def query(ports: Ports, tenant: str, sql: str) -> Result:
    """Run one SELECT. Raises UsageError for anything that is not one, and for what the engine says against it."""
    where = Where(tenant=tenant)
    with tenant_tables(ports, tenant) as con:
        try:
            statements = con.extract_statements(sql)
            if len(statements) != 1 or statements[0].type not in _READING:
                raise UsageError("only one SELECT at a time can be asked.", where=where)
            found = con.execute(statements[0])
            return Result(tuple(column[0] for column in found.description or ()), found.fetchall())
        except duckdb.Error as error:
            raise UsageError(f"the query failed: {first_line(error)}", where=where, hint=_tables_hint()) from error


def history(ports: Ports, tenant: str, table: str, source_id: str) -> list[dict[str, Any]]:
    """All versions of a record, oldest first. Raises UsageError if there is none."""
    choose_canonical([table])
    with tenant_tables(ports, tenant) as con:
        found = con.execute(
            f"SELECT * FROM {identifier(table)} WHERE source_id = ? ORDER BY source_service, source_table, valid_from",
            [source_id],
        )
        versions = Result(tuple(column[0] for column in found.description or ()), found.fetchall()).dicts()
    if not versions:
        raise UsageError(
            f"there is no {table} record {source_id!r}.",
            where=Where(tenant=tenant, table=table),
            hint=f'See some: avesa query {tenant} "SELECT source_id FROM {table} WHERE is_current LIMIT 10"',
        )
    return versions


def snapshots(ports: Ports, tenant: str) -> dict[str, Snapshot]:
    """The canonical tables that the tenant has, by name, as their logs tell (no data file is read)."""
    found = {name: canonical_table(ports, tenant, name, ports.scratch).snapshot() for name in mapping_names()}
    return {name: snapshot for name, snapshot in found.items() if snapshot.table_id is not None}


_READING = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)


def _files(ports: Ports, tenant: str, table: str, scratch: Path) -> list[str]:
    found = canonical_table(ports, tenant, table, scratch)
    return list(found.local_paths(found.snapshot().files))


def _relation(ports: Ports, tenant: str, table: str, files: list[str]) -> str:
    if files:
        return f"FROM read_parquet({literals(files)})"
    shape = shape_of(tenant_mapping(ports, tenant, table))
    columns = ", ".join(f"NULL::{SQL_TYPES[type_]} AS {identifier(name)}" for name, type_ in shape.all)
    return f"SELECT {columns} WHERE false"


def _tables_hint() -> str:
    return f"The tables are {', '.join(mapping_names())}."
