"""A DuckDB file as a warehouse. The file is one program's at a time, and each load is one transaction in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property

import duckdb

from avesa.canonical_transform.change_file import GONE, KEY
from avesa.canonical_transform.engine import one_row
from avesa.canonical_transform.sql_text import identifier, literal
from avesa.shared.errors import Where
from avesa.warehouse import statements
from avesa.warehouse.address import Address
from avesa.warehouse.batches import in_pieces
from avesa.warehouse.duckdb_file import could_not_take, open_file
from avesa.warehouse.port import LOADS, MADE_BY, Held, Holding, Load, Part, Taste, not_ours, other_type, stale
from avesa.warehouse.schemas import Schemas
from avesa.warehouse.statements import as_of_name, current_name, named

TYPES = {
    "string": "VARCHAR",
    "decimal(18,4)": "DECIMAL(18,4)",
    "long": "BIGINT",
    "boolean": "BOOLEAN",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
    "date": "DATE",
}
_STAGED = "avesa_staged"
_TAKEN_AT_ONCE = 4 * 1024 * 1024
"""About so many bytes. A batch is one thread's work, and the engine has several."""


class DuckDBWarehouse:
    """The tables have no index: one makes a load several times as slow, and the engine finds rows without it."""

    taste = Taste()

    def __init__(self, address: Address, schemas: Schemas, *, begin: bool = True) -> None:
        self.address = address
        self.schemas = schemas
        self._opened: duckdb.DuckDBPyConnection | None = open_file(address.path, begin=begin)
        self._ready: dict[tuple[str, str], tuple[tuple[str, str], ...]] = {}
        """The columns that the tables have at least."""
        self._shown: set[tuple[str, str]] = set()
        """The tables that are known to be there, with what is read beside them."""
        self._catalog = identifier(str(one_row(self._con, "SELECT current_database()")[0]))

    @property
    def _con(self) -> duckdb.DuckDBPyConnection:
        if self._opened is None:
            self._opened = open_file(self.address.path, begin=False)
        return self._opened

    def holding(self, tenant: str, table: str) -> Holding:
        with _told():
            return Holding(self._held(tenant, table))

    def load(self, load: Load, parts: Iterable[Part]) -> None:
        schema = self.schemas.of(load.tenant)
        place = self._place(schema)
        with self._transaction(load.tenant, load.table) as held:
            if self._ready.get((schema, load.table)) != load.columns:
                self._prepare(schema, load)
            if held != load.after:
                raise stale(load.where)
            if load.anew:
                self.run(statements.delete_tenant(place, load.table, load.tenant))
                for part in parts:
                    self._take(part, f"INSERT INTO {named(place, load.table)} ({statements.listed(load.names)})")
            else:
                self._apply(place, load, parts)
            self.run(statements.put_held(place, load))
        self._ready[schema, load.table] = load.columns
        self._shown.add((schema, load.table))

    def show(self, tenant: str, table: str) -> None:
        schema = self.schemas.of(tenant)
        if (schema, table) not in self._shown:
            with self._transaction(tenant, table):
                self._show(schema, table)
            self._shown.add((schema, table))

    def tables(self, tenant: str) -> Sequence[str]:
        schema = self.schemas.of(tenant)
        with _told():
            return self._tables(schema, tenant) if self._columns(schema, LOADS) else []

    def schemas_with(self, tenant: str) -> Sequence[str]:
        with _told():
            found = self._names(f"""
                SELECT schema_name FROM duckdb_tables()
                WHERE database_name = current_database() AND table_name = {literal(LOADS)} ORDER BY schema_name
            """)
            return [schema for schema in found if self._tables(schema, tenant)]

    def forget(self, tenant: str, table: str) -> int | None:
        schema = self.schemas.of(tenant)
        place = self._place(schema)
        with self._transaction(tenant, table):
            there, noting = self._columns(schema, table), self._columns(schema, LOADS)
            if there and not (noting and there.keys() >= set(KEY)):
                raise not_ours(f"{schema}.{table}")
            rows = self._deleted(statements.delete_tenant(place, table, tenant)) if there else 0
            noted = self._deleted(statements.delete_held(place, table, tenant)) if noting else 0
        return rows if rows or noted else None

    def close(self) -> None:
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def run(self, sql: str) -> duckdb.DuckDBPyConnection:
        """One statement."""
        return self._con.execute(sql)

    def _apply(self, place: str, load: Load, parts: Iterable[Part]) -> None:
        columns = "".join(f"{identifier(name)} {TYPES[type_]}, " for name, type_ in load.columns)
        self.run(f"CREATE OR REPLACE TEMP TABLE {_STAGED} ({columns}{GONE} BOOLEAN)")
        for part in parts:
            self._take(part, f"INSERT INTO {_STAGED}")
        self.run(statements.delete_staged(place, load, _STAGED))
        self.run(statements.insert_staged(place, load, _STAGED))
        self.run(f"DROP TABLE {_STAGED}")

    def _tables(self, schema: str, tenant: str) -> list[str]:
        return self._names(statements.select_tables(self._place(schema), tenant))

    def _names(self, select: str) -> list[str]:
        return [str(row[0]) for row in self.run(select).fetchall()]

    def _deleted(self, delete: str) -> int:
        row = self.run(delete).fetchone()
        assert row is not None
        return int(row[0])

    def _take(self, part: Part, insert: str) -> None:
        self._con.register("avesa_part", in_pieces(part.stream, _TAKEN_AT_ONCE))
        try:
            self.run(f"{insert} SELECT * FROM avesa_part")
        finally:
            self._con.unregister("avesa_part")

    def _prepare(self, schema: str, load: Load) -> None:
        """Schema, table, columns and what is read beside it, as the load needs them."""
        place, there = self._place(schema), self._columns(schema, load.table)
        if not self._columns(schema, LOADS):
            if there:
                raise not_ours(f"{schema}.{load.table}")
            self.run(f"CREATE SCHEMA IF NOT EXISTS {place}")
            self.run(statements.create_loads(place, TYPES))
        if not there:
            self.run(statements.forget_held(place, load.table))
            self.run(statements.create_table(place, load, TYPES, key=False))
        missing = [(name, TYPES[type_]) for name, type_ in load.columns if there and name not in there]
        for name, type_ in missing:
            self.run(statements.add_column(place, load.table, name, type_))
        for name, delta in load.columns:
            if there.get(name, TYPES[delta]) != TYPES[delta]:
                raise other_type(f"{schema}.{load.table}", name, there[name], TYPES[delta])
        if missing or not there or (schema, load.table) not in self._shown:
            self._show(schema, load.table, again=bool(missing or not there))

    def _show(self, schema: str, table: str, *, again: bool = False) -> None:
        """View and macro beside the table, where they are missing; the view `again` when it got a column."""
        place, view, macro = self._place(schema), current_name(table), as_of_name(table)
        kind = self._kind(schema, view)
        if kind not in ("", "VIEW"):
            raise not_ours(f"{schema}.{view}")
        if again or not kind:
            # Without the schema's name, so that whoever attaches the file under another name can read the view.
            self.run(statements.create_view(place, table, identifier(table)))
        # With the file's name too. A macro looks from where its caller is, who may have several such files attached.
        select = statements.as_of(named(place, table), "moment::TIMESTAMP WITH TIME ZONE")
        comment = f"{MADE_BY}: {select}"
        said = self._macros.get((schema, macro))
        if said is not None and not said.startswith(MADE_BY):
            raise not_ours(f"{schema}.{macro}", "macro")
        if said != comment:
            self.run(f"CREATE OR REPLACE MACRO {named(place, macro)}(moment) AS TABLE {select}")
            self.run(f"COMMENT ON MACRO TABLE {named(place, macro)} IS {literal(comment)}")

    def _held(self, tenant: str, table: str) -> Held | None:
        schema = self.schemas.of(tenant)
        if not self._is_there(schema, table):
            return None
        row = self.run(statements.select_held(self._place(schema), tenant, table)).fetchone()
        return None if row is None else Held(str(row[0]), int(row[1]), str(row[2]), int(row[3]))

    def _place(self, schema: str) -> str:
        """With the name of the file's catalog, since a schema may have the same."""
        return f"{self._catalog}.{identifier(schema)}"

    def _is_there(self, schema: str, table: str) -> bool:
        known = (schema, table) in self._shown
        return known or bool(self._columns(schema, LOADS) and self._columns(schema, table))

    def _columns(self, schema: str, table: str) -> dict[str, str]:
        """The types of a table's columns, by their names; none if there is no such table."""
        return dict(
            self.run(f"""
                SELECT column_name, data_type FROM duckdb_columns()
                WHERE database_name = current_database() AND schema_name = {literal(schema)}
                  AND table_name = {literal(table)} ORDER BY column_index
            """).fetchall()
        )

    def _kind(self, schema: str, name: str) -> str:
        """VIEW or BASE TABLE; nothing if there is neither."""
        found = self.run(f"""
            SELECT table_type FROM information_schema.tables
            WHERE table_catalog = current_database() AND table_schema = {literal(schema)}
              AND table_name = {literal(name)}
        """).fetchone()
        return "" if found is None else str(found[0])

    @cached_property
    def _macros(self) -> dict[tuple[str, str], str]:
        """What is said of the macros that were there when the file was opened, by schema and name.

        Looked up once: it takes as long as a small load, and nobody else makes one while the file is open here.
        """
        found = self.run("""
            SELECT schema_name, function_name, coalesce(comment, '') FROM duckdb_functions()
            WHERE database_name = current_database() AND function_type = 'table_macro'
        """)
        return {(str(schema), str(name)): str(said) for schema, name, said in found.fetchall()}

    @contextmanager
    def _transaction(self, tenant: str, table: str) -> Iterator[Held | None]:
        """Gives what the table holds. All that is done inside is done at its end, or nothing of it."""
        held, is_known, at_its_end = None, False, False
        try:
            self.run("BEGIN TRANSACTION")
            held = self._held(tenant, table)
            is_known = True
            yield held
            at_its_end = True
            self.run("COMMIT")
        except BaseException as error:
            self._roll_back()
            if not isinstance(error, duckdb.Error):
                raise
            # A conflict and a disk that is full at the commit are errors of one type. What the table holds then tells.
            conflict = isinstance(error, duckdb.TransactionException) and not at_its_end
            if conflict or (is_known and self._holds_other_than(held, tenant, table)):
                raise stale(Where(tenant, None, table)) from error
            raise could_not_take(error) from error

    def _roll_back(self) -> None:
        try:
            self.run("ROLLBACK")
        except duckdb.TransactionException:
            pass  # a commit that failed has ended it
        except duckdb.Error:
            self.close()  # nothing more can be asked of it; the file is opened again for what comes next

    def _holds_other_than(self, held: Held | None, tenant: str, table: str) -> bool:
        with suppress(duckdb.Error):
            return self._held(tenant, table) != held
        return False


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except duckdb.Error as error:
        raise could_not_take(error) from error
