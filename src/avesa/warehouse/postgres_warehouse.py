"""PostgreSQL as a warehouse, through ADBC: rows go there as Arrow, by COPY, and each load is one transaction."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from avesa.canonical_transform.change_file import GONE, KEY
from avesa.canonical_transform.sql_text import identifier, literal
from avesa.shared.errors import Busy
from avesa.warehouse import postgres_readers, postgres_views, statements
from avesa.warehouse.address import Address
from avesa.warehouse.port import LOADS, Held, Holding, Load, Part, Taste, not_ours, other_type, stale
from avesa.warehouse.postgres_session import PostgresSession
from avesa.warehouse.postgres_waits import Wanted, in_use, load_of, shape_of
from avesa.warehouse.schemas import Schemas
from avesa.warehouse.statements import named

TYPES = {
    "string": "text",
    "decimal(18,4)": "numeric(18,4)",
    "long": "bigint",
    "boolean": "boolean",
    "timestamp": "timestamp with time zone",
    "date": "date",
}
_STAGED = "avesa_staged"
SHAPE_SECONDS = 2.0
"""How long a change of a shape waits at a time, since all who want to read the table wait behind it."""
SHAPE_PAUSES = (1.0, 2.0, 4.0)
"""Between the times that it is tried. Who waited reads meanwhile."""


class PostgresWarehouse:
    """A load holds a lock on its table of that tenant; who waited for it finds another state and begins again."""

    taste = Taste(null_characters=False)

    def __init__(self, address: Address, schemas: Schemas) -> None:
        self.address = address
        self.schemas = schemas
        self._opened: PostgresSession | None = PostgresSession(address)
        self._ready: dict[tuple[str, str], tuple[tuple[str, str], ...]] = {}
        """The columns that the tables have at least."""
        self._shown: set[tuple[str, str]] = set()
        """The tables that are known to be there, with what is read beside them."""

    @property
    def _session(self) -> PostgresSession:
        if self._opened is None:
            self._opened = PostgresSession(self.address)
        return self._opened

    def holding(self, tenant: str, table: str) -> Holding:
        wanted = load_of(self.schemas.of(tenant), tenant, table)
        with self._told_whom(wanted), self._transaction():
            return Holding(self._held(tenant, table))

    def load(self, load: Load, parts: Iterable[Part]) -> None:
        schema = self.schemas.of(load.tenant)
        place = identifier(schema)
        # What changes the shape of a table keeps its readers waiting, so it is not a part of the load.
        if self._ready.get((schema, load.table)) != load.columns:
            self._shape(schema, load.table, lambda: self._prepare(schema, load))
            self._ready[schema, load.table] = load.columns
            self._shown.add((schema, load.table))
        wanted = load_of(schema, load.tenant, load.table)
        with self._told_whom(wanted), self._transaction():
            self._lock(wanted)
            if self._held(load.tenant, load.table) != load.after:
                raise stale(load.where)
            if load.anew:
                self.run(statements.delete_tenant(place, load.table, load.tenant))
                for part in parts:
                    self.ingest(part, load.table, schema=schema)
                # Or the next load would read the whole table, which the planner takes for a small one.
                self.run(f"ANALYZE {named(place, load.table)}")
            else:
                self._apply(place, load, parts)
            self.run(statements.put_held(place, load))

    def show(self, tenant: str, table: str) -> None:
        schema = self.schemas.of(tenant)
        if (schema, table) not in self._shown:
            self._shape(schema, table, lambda: self._show(schema, table))
            self._shown.add((schema, table))

    def tables(self, tenant: str) -> Sequence[str]:
        schema = self.schemas.of(tenant)
        with self._transaction():
            return self._tables(schema, tenant) if self._columns(schema, LOADS) else []

    def schemas_with(self, tenant: str) -> Sequence[str]:
        with self._transaction():
            found = self.run(f"""
                SELECT nspname AS name FROM pg_catalog.pg_class AS c
                JOIN pg_catalog.pg_namespace AS n ON n.oid = relnamespace
                WHERE relname = {literal(LOADS)} AND relkind = 'r'
                  AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
                ORDER BY nspname
            """)
            return [row["name"] for row in found if self._tables(row["name"], tenant)]

    def forget(self, tenant: str, table: str) -> int | None:
        schema = self.schemas.of(tenant)
        place = identifier(schema)
        wanted = load_of(schema, tenant, table)
        with self._told_whom(wanted), self._transaction():
            self._lock(wanted)
            there, noting = self._columns(schema, table), self._columns(schema, LOADS)
            if there and not (noting and there.keys() >= set(KEY)):
                raise not_ours(f"{schema}.{table}")
            # A role that may delete, and does not own the table, would be shown no rows, and leave them without a word.
            self.run("SET LOCAL row_security = off")
            rows = self._deleted(statements.delete_tenant(place, table, tenant)) if there else 0
            noted = self._deleted(statements.delete_held(place, table, tenant)) if noting else 0
        return rows if rows or noted else None

    def close(self) -> None:
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def run(self, sql: str) -> list[dict[str, Any]]:
        """One statement, and the rows that it gives."""
        return self._session.run(sql)

    def ingest(self, part: Part, table: str, *, schema: str | None) -> None:
        """Rows into a table that is there, by the names of their columns; without a schema into a temporary one."""
        self._session.ingest(part.stream, table, schema=schema)

    def _apply(self, place: str, load: Load, parts: Iterable[Part]) -> None:
        columns = ", ".join(f"{identifier(name)} {TYPES[type_]}" for name, type_ in load.columns)
        self.run(f"CREATE TEMPORARY TABLE {_STAGED} ({columns}, {GONE} boolean) ON COMMIT DROP")
        for part in parts:
            self.ingest(part, _STAGED, schema=None)
        self.run(f"ANALYZE {_STAGED}")
        self.run(statements.delete_staged(place, load, f"pg_temp.{_STAGED}"))
        self.run(statements.insert_staged(place, load, f"pg_temp.{_STAGED}"))

    def _shape(self, schema: str, table: str, change: Callable[[], None]) -> None:
        for pause in SHAPE_PAUSES:
            try:
                with self._transaction():
                    change()
            except Busy:
                time.sleep(pause)
            else:
                return
        with self._told_whom(shape_of(schema, table)), self._transaction():
            change()

    def _prepare(self, schema: str, load: Load) -> None:
        """Schema, table, columns, what is read beside it and who may read it, as the load needs them."""
        place, there = identifier(schema), self._columns(schema, load.table)
        self._check_owner(schema, load.table)
        if (
            there
            and all(there.get(name) == TYPES[type_] for name, type_ in load.columns)
            and self._columns(schema, LOADS)
        ):
            if (schema, load.table) not in self._shown:
                self._show(schema, load.table)
            return
        self._session.wait_at_most(SHAPE_SECONDS)
        self._lock(shape_of(schema, load.table))
        there = self._columns(schema, load.table)
        if not self._columns(schema, LOADS):
            if there:
                raise not_ours(f"{schema}.{load.table}")
            if not self._has_schema(schema):
                self.run(f"CREATE SCHEMA {place}")
            self.run(statements.create_loads(place, TYPES))
            for statement in postgres_readers.create(place):
                self.run(statement)
        if not there:
            self.run(statements.forget_held(place, load.table))
            self.run(statements.create_table(place, load, TYPES, key=True))
            for statement in postgres_readers.guard(place, load.table):
                self.run(statement)
        for name, type_ in load.columns:
            if there and name not in there:
                self.run(statements.add_column(place, load.table, name, TYPES[type_]))
            elif there.get(name, TYPES[type_]) != TYPES[type_]:
                raise other_type(f"{schema}.{load.table}", name, there[name], TYPES[type_])
        self._show(schema, load.table, again=True)

    def _show(self, schema: str, table: str, *, again: bool = False) -> None:
        """View and function beside the table, where they are missing; the view `again` when it got a column."""
        place = identifier(schema)
        look = postgres_views.look(place, table)
        if again or postgres_views.create(place, table, self.run(look), again=False):
            self._session.wait_at_most(SHAPE_SECONDS)
            self._lock(shape_of(schema, table))
            for statement in postgres_views.create(place, table, self.run(look), again=again):
                self.run(statement)

    def _held(self, tenant: str, table: str) -> Held | None:
        schema = self.schemas.of(tenant)
        if not self._is_there(schema, table):
            return None
        for row in self.run(statements.select_held(identifier(schema), tenant, table)):
            return Held(row["table_id"], row["version"], row["log_entry"], row["rows"])
        return None

    def _is_there(self, schema: str, table: str) -> bool:
        known = (schema, table) in self._shown
        return known or bool(self._columns(schema, LOADS) and self._columns(schema, table))

    def _columns(self, schema: str, table: str) -> dict[str, str]:
        """The types of a table's columns, by their names; none if there is no such table."""
        found = self.run(f"""
            SELECT attname AS name, format_type(atttypid, atttypmod) AS type
            FROM pg_catalog.pg_attribute
            WHERE attrelid = to_regclass({literal(named(identifier(schema), table))})
              AND attnum > 0 AND NOT attisdropped
            ORDER BY attnum
        """)
        return {row["name"]: row["type"] for row in found}

    def _has_schema(self, schema: str) -> bool:
        return bool(self.run(f"SELECT 1 AS one FROM pg_catalog.pg_namespace WHERE nspname = {literal(schema)}"))

    def _tables(self, schema: str, tenant: str) -> list[str]:
        return [row["table_name"] for row in self.run(statements.select_tables(identifier(schema), tenant))]

    def _deleted(self, delete: str) -> int:
        return int(self.run(f"WITH gone AS ({delete} RETURNING 1) SELECT count(*) AS number FROM gone")[0]["number"])

    def _check_owner(self, schema: str, table: str) -> None:
        for row in self.run(postgres_readers.select_hidden(identifier(schema), table)):
            raise postgres_readers.rows_are_hidden(**row)

    def _lock(self, wanted: Wanted) -> None:
        """Until the end of the transaction, against all who lock the same name."""
        self.run(f"SELECT pg_advisory_xact_lock({wanted.key})")

    @contextmanager
    def _told_whom(self, wanted: Wanted) -> Iterator[None]:
        """Whom was waited for, if it was in vain."""
        try:
            yield
        except Busy:
            raise in_use(self._session, wanted) from None

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            yield
            self._session.commit()
        except BaseException:
            if self._opened is not None and not self._opened.rollback():
                self.close()  # it broke; another is begun for what comes next
            raise
