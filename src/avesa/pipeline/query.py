"""SQL over one tenant's canonical tables, read only: a view for each table, and no way to any other file."""

from __future__ import annotations

import re
import string
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, TypedDict, Unpack

import duckdb

from avesa.canonical_transform.engine import engine, first_line, tells_of_a_file
from avesa.canonical_transform.mapping import load_mapping, mapping_names
from avesa.canonical_transform.raw_history import Bench, fold_all
from avesa.canonical_transform.raw_source import Source, list_raw, read_pulls
from avesa.canonical_transform.scd2 import shape_of
from avesa.canonical_transform.sql_text import SQL_TYPES, identifier, literal, literals, parquet, pattern
from avesa.pipeline.ports import Ports
from avesa.pipeline.snapshots import canonical_table
from avesa.pipeline.transform import choose_canonical, tenant_guards, tenant_mapping
from avesa.shared.clock import to_iso
from avesa.shared.errors import MappingError, StorageError, UsageError, Where
from avesa.shared.scratch import scratch_folder


@dataclass(frozen=True)
class Result:
    """The rows of a query, with the names of its columns."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]

    def dicts(self) -> list[dict[str, Any]]:
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


class Shown(TypedDict, total=False):
    """Which tables are shown, and as of when.

    With `as_of` they hold the versions that were valid then, one for each record. With `known_at` they hold the
    history as it was known then: folded from the raw files whose pulls had ended. `tables` are the ones to show, all
    by default: who knows which they need does not wait for the logs of the others.
    """

    as_of: datetime | None
    known_at: datetime | None
    tables: Collection[str] | None


@contextmanager
def tenant_tables(
    ports: Ports,
    tenant: str,
    *,
    read: Collection[str] | None = None,
    writing: Path | None = None,
    **shown: Unpack[Shown],
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with one view for each canonical table of the tenant; those never folded are empty.

    With `known_at` only those that will be `read` are folded, all by default; the others have their columns, and an
    error in place of rows. `writing` is the one file that may be written.

    Raises MappingError for one that is to be folded and whose mapping, the tenant's own, is not valid.
    """
    as_of, known_at, tables = shown.get("as_of"), shown.get("known_at"), shown.get("tables")
    ports.tenants.services(tenant)  # an unknown tenant is told as such
    with (
        scratch_folder(ports.scratch, "query") as folder,
        engine(folder, limited=False) as con,
    ):
        allowed: list[str] = []
        for table in mapping_names() if tables is None else tables:
            is_read = read is None or table in read
            if known_at is None:
                files = _files(ports, tenant, table, folder)
                allowed += files
                rows = _relation(ports, tenant, table, files)
            elif is_read:
                _fold_as_known(con, ports, tenant, table, known_at, folder)
                rows = f"FROM known.{identifier(table)}"
            else:
                rows = _unread(ports, tenant, table)
            valid = ""
            if as_of is not None and (is_read or known_at is None):
                moment = f"TIMESTAMPTZ {literal(to_iso(as_of))}"
                valid = f" WHERE valid_from <= {moment} AND coalesce(valid_to > {moment}, true)"
            with _told_of_table(tenant, table):
                con.execute(f"CREATE VIEW {identifier(table)} AS FROM ({rows}){valid}")
        if known_at is not None:  # what the folds have left behind
            for (left,) in con.execute("SELECT table_name FROM duckdb_tables() WHERE temporary").fetchall():
                con.execute(f"DROP TABLE {identifier(left)}")
        allowed += [str(writing)] if writing else []
        con.execute(f"SET allowed_paths = {literals({*allowed, *map(pattern, allowed)})}")
        con.execute("SET enable_external_access = false")
        con.execute("SET lock_configuration = true")
        yield con


def query(ports: Ports, tenant: str, sql: str, **shown: Unpack[Shown]) -> Result:
    """Run one SELECT.

    Raises UsageError for anything that is not one, and for what the engine says against it, and MappingError.
    """
    with asked(ports, tenant, sql, **shown) as (con, statements):
        for statement in statements:
            con.execute(statement)
        return answer(con)


@contextmanager
def asked(
    ports: Ports, tenant: str, sql: str, *, writing: Path | None = None, **shown: Unpack[Shown]
) -> Iterator[tuple[duckdb.DuckDBPyConnection, list[duckdb.Statement]]]:
    """The tables for one SELECT, and what is to be executed for it. What the engine says against it, until the end of
    the block, is a UsageError, or a StorageError where a file of a table cannot be read.
    """
    where = Where(tenant=tenant)
    read = None if shown.get("known_at") is None else _named_tables(sql)
    with tenant_tables(ports, tenant, read=read, writing=writing, **shown) as con:
        try:
            statements = con.extract_statements(sql)
            selects = [statement for statement in statements if not _is_of_a_pivot(statement)]
            if len(selects) != 1 or selects[0].type not in _READING:
                raise UsageError("only one SELECT at a time can be asked.", where=where)
            yield con, statements
        except duckdb.Error as error:
            if _may_be_of_a_file(error):
                _check_tables(con, tenant, _named_tables(sql))
            raise UsageError(f"the query failed: {first_line(error)}", where=where, hint=_tables_hint()) from error


def _is_of_a_pivot(statement: duckdb.Statement) -> bool:
    """Whether it makes the type of a PIVOT's columns, which stands before its SELECT and in nobody's text."""
    return statement.type == duckdb.StatementType.CREATE and not statement.query


def _named_tables(sql: str) -> set[str]:
    """The canonical tables that a query reads; those whose names stand in it where the engine cannot tell."""
    # Not where the tables are: there the names of views stand for what they are made of.
    with duckdb.connect(config={"enable_external_access": "false"}) as con:
        try:
            named = {_in_small_letters(name) for name in con.get_table_names(sql)}
        except duckdb.Error:  # of a pivot, for one
            named = set(re.findall(r"\w+", _in_small_letters(sql)))
    return named.intersection(mapping_names())


def _check_tables(con: duckdb.DuckDBPyConnection, tenant: str, named: Collection[str]) -> None:
    """Read the tables of a query as a whole. Raises StorageError for one that cannot be read."""
    for (table,) in con.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal ORDER BY ALL").fetchall():
        if table in named:
            with _told_of_table(tenant, table):
                con.execute(f"SELECT bit_xor(hash(whole)) FROM {identifier(table)} AS whole").fetchall()


@contextmanager
def _told_of_table(tenant: str, table: str) -> Iterator[None]:
    try:
        yield
    except duckdb.Error as error:
        if not _may_be_of_a_file(error):
            raise
        raise StorageError(
            f"a file of the table cannot be read: {first_line(error)}",
            where=Where(tenant=tenant, table=table),
            hint=f"Make the table anew from raw: avesa rebuild {tenant} {table}",
        ) from error


def _may_be_of_a_file(error: duckdb.Error) -> bool:
    return isinstance(error, duckdb.IOException) or tells_of_a_file(error)


def answer(con: duckdb.DuckDBPyConnection) -> Result:
    """All that the last statement of a connection gives."""
    return Result(unlike(column[0] for column in con.description or ()), con.fetchall())


def unlike(names: Iterable[str]) -> tuple[str, ...]:
    """Names of columns, made unlike as DuckDB makes them for the columns of a table: `a`, `a_1`, `a_2`."""
    found: list[str] = []
    taken: set[str] = set()
    for name in names:
        number = 0
        while _in_small_letters(own := f"{name}_{number}" if number else name) in taken:
            number += 1
        taken.add(_in_small_letters(own))
        found.append(own)
    return tuple(found)


def _in_small_letters(name: str) -> str:
    """DuckDB takes no notice of the case of a name, if its letters are those of ASCII."""
    return name.translate(_LOWER)


def _fold_as_known(
    con: duckdb.DuckDBPyConnection, ports: Ports, tenant: str, table: str, known_at: datetime, scratch: Path
) -> None:
    """Create `known.{table}`: what folding gave when the pulls that had ended by then were all there was."""
    try:
        mapping = tenant_mapping(ports, tenant, table)
    except MappingError as error:
        raise error.located(Where(tenant, None, table)) from None
    bench = Bench(con, ports.objects, mapping, tenant_guards(ports, tenant), scratch)
    name = f"known.{identifier(table)}"
    con.execute("CREATE SCHEMA IF NOT EXISTS known")
    con.execute(f"CREATE TABLE {name} AS {_relation(ports, tenant, table, [])}")
    for service, raw_table in sorted(mapping.sources):
        source = Source(tenant, service, raw_table)
        pulls = [
            replace(pull, decision=None) if pull.decision and pull.decision.decided_at > known_at else pull
            for pull in read_pulls(ports.objects, source, list_raw(ports.objects, source))
            if pull.receipt.finished_at <= known_at
        ]
        if pulls:
            fold_all(bench, source, pulls, lambda versions: con.execute(f"INSERT INTO {name} FROM {versions}"))


def history(ports: Ports, tenant: str, table: str, source_id: str) -> list[dict[str, Any]]:
    """All versions of a record, oldest first. Raises UsageError if there is none."""
    choose_canonical([table])
    with tenant_tables(ports, tenant, tables=[table]) as con, _told_of_table(tenant, table):
        found = con.execute(
            f"SELECT * FROM {identifier(table)} WHERE source_id = ? ORDER BY source_service, source_table, valid_from",
            [source_id],
        )
        versions = answer(found).dicts()
    if not versions:
        raise UsageError(
            f"there is no {table} record {source_id!r}.",
            where=Where(tenant=tenant, table=table),
            hint=f'See some: avesa query {tenant} "SELECT source_id FROM {table} WHERE is_current LIMIT 10"',
        )
    return versions


_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_READING = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)


def _files(ports: Ports, tenant: str, table: str, scratch: Path) -> list[str]:
    found = canonical_table(ports, tenant, table, scratch)
    return list(found.local_paths(found.snapshot().files))


def _relation(ports: Ports, tenant: str, table: str, files: list[str]) -> str:
    if files:
        return f"FROM {parquet(files)}"
    return f"SELECT {_columns(ports, tenant, table, 'NULL')} WHERE false"


def _unread(ports: Ports, tenant: str, table: str) -> str:
    """In place of rows that nobody asked for, and that must not seem to be none if somebody reads them after all."""
    refusal = f"error({literal(f'{table} was not folded, since the SQL does not name it as a table.')})"
    return f"SELECT {_columns(ports, tenant, table, refusal)} WHERE {refusal}::BOOLEAN"


def _columns(ports: Ports, tenant: str, table: str, value: str) -> str:
    """A value for each column of the table, of its type."""
    try:
        shape = shape_of(tenant_mapping(ports, tenant, table))
    except MappingError:
        shape = shape_of(load_mapping(table))  # the other tables can be asked all the same
    return ", ".join(f"{value}::{SQL_TYPES[type_]} AS {identifier(name)}" for name, type_ in shape.all)


def _tables_hint() -> str:
    return f"The tables are {', '.join(mapping_names())}."
