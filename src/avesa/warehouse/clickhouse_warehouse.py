"""ClickHouse as a warehouse. It has no transactions, so that a load is made of steps that can be done again.

Rows bear the version of the Delta log that they came by, and of each key the one of the highest version counts
(ReplacingMergeTree). A load first notes what it is about to do, then sends its rows, then notes that it is done. One
that broke off is done again to the very version that was noted: the same rows come again and count once. People read
views that show of each key what counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from io import BytesIO
from typing import Any

from arro3.io import write_ipc_stream

from avesa.canonical_transform import sql_text
from avesa.canonical_transform.change_file import GONE, KEY
from avesa.canonical_transform.sql_text import identifier
from avesa.shared.clock import to_iso
from avesa.warehouse.address import Address
from avesa.warehouse.clickhouse_session import ClickHouseSession
from avesa.warehouse.ddl.dialect import in_force
from avesa.warehouse.port import (
    LOADS,
    MADE_BY,
    VERSION,
    Held,
    Holding,
    Load,
    Part,
    Taste,
    not_ours,
    other_type,
    stale,
)
from avesa.warehouse.schemas import Schemas
from avesa.warehouse.statements import as_of_name, current_name, listed, named

TYPES = {
    "string": "Nullable(String)",
    "decimal(18,4)": "Nullable(Decimal(18, 4))",
    "long": "Nullable(Int64)",
    "boolean": "Nullable(Bool)",
    "timestamp": "Nullable(DateTime64(6, 'UTC'))",
    "date": "Nullable(Date32)",
}
KEY_TYPES = {
    **dict.fromkeys(("tenant_id", "source_service", "source_table"), "LowCardinality(String)"),
    "source_id": "String",
    "valid_from": "DateTime64(6, 'UTC')",
}
_DURABLE = "SETTINGS fsync_after_insert = 1, fsync_part_directory = 1"
_INTERNAL = (VERSION, GONE)
_MOMENT = "{moment:DateTime64(6, 'UTC')}"
"""What a reader of the view says in parentheses: SELECT … FROM tickets_as_of(moment = '2026-03-05')."""


class ClickHouseWarehouse:
    """Of a table `tickets` the rows lie in `tickets_rows`, each tenant's in a partition of its own."""

    taste = Taste(version=True)

    def __init__(self, address: Address, schemas: Schemas) -> None:
        self.address = address
        self.schemas = schemas
        self._session = ClickHouseSession(address)
        self._ready: dict[tuple[str, str], tuple[tuple[str, str], ...]] = {}
        """The columns that the tables have at least."""
        self._shown: set[tuple[str, str]] = set()
        """The tables that are known to be there, with what is read beside them."""
        self.run("SELECT 1 AS one")

    def holding(self, tenant: str, table: str) -> Holding:
        schema = self.schemas.of(tenant)
        if not self._is_there(schema, table):
            return Holding()
        return self._holding(schema, tenant, table)[0]

    def load(self, load: Load, parts: Iterable[Part]) -> None:
        schema = self.schemas.of(load.tenant)
        if self._ready.get((schema, load.table)) != load.columns:
            self._prepare(schema, load)
            self._ready[schema, load.table] = load.columns
            self._shown.add((schema, load.table))
        holding, number = self._holding(schema, load.tenant, load.table)
        if holding.held != load.after:
            raise stale(load.where)
        self._note(schema, load, number + 1, begun=True)
        if load.anew:
            self._replace(schema, load, parts)
        else:
            for part in parts:
                self.insert(part, named(identifier(schema), f"{load.table}_rows"), [*load.names, VERSION, GONE])
        self._note(schema, load, number + 2, begun=False)

    def show(self, tenant: str, table: str) -> None:
        schema = self.schemas.of(tenant)
        if (schema, table) not in self._shown:
            self._show(schema, table, list(self._columns(schema, f"{table}_rows")))
            self._shown.add((schema, table))

    def tables(self, tenant: str) -> Sequence[str]:
        schema = self.schemas.of(tenant)
        return self._tables(schema, tenant) if self._columns(schema, f"{LOADS}_rows") else []

    def schemas_with(self, tenant: str) -> Sequence[str]:
        found = self.run(
            f"SELECT database FROM system.tables WHERE name = {literal(f'{LOADS}_rows')} ORDER BY database"
        )
        return [row["database"] for row in found if self._tables(row["database"], tenant)]

    def forget(self, tenant: str, table: str) -> int | None:
        """The note goes first: rows without one count as none, so that a load takes their place as a whole."""
        schema, name = self.schemas.of(tenant), f"{table}_rows"
        place = identifier(schema)
        there, noting = self._columns(schema, name), self._columns(schema, f"{LOADS}_rows")
        if there and not (noting and there.keys() >= {*KEY, *_INTERNAL}):
            raise not_ours(f"{schema}.{name}")
        if not noting:
            if self._columns(schema, table):
                raise not_ours(f"{schema}.{table}")
            return None
        noted = self._holding(schema, tenant, table)[1] > 0
        rows = self._count(place, name, tenant) if there else 0
        self._forget(place, f"table_name = {literal(table)} AND tenant_id = {literal(tenant)}")
        if there:
            self.run(f"ALTER TABLE {named(place, name)} DROP PARTITION {literal(tenant)}")
        self.run(f"DROP TABLE IF EXISTS {named(place, _beside(table, tenant))}")
        return rows if rows or noted else None

    def close(self) -> None:
        self._session.close()

    def run(self, sql: str) -> list[dict[str, Any]]:
        """One statement, and the rows that it gives."""
        return self._session.run(sql)

    def insert(self, part: Part, table: str, names: Iterable[str]) -> None:
        """The rows of a part, as one block."""
        body = BytesIO()
        write_ipc_stream(part.stream, body, compression=None)
        self._session.insert(table, listed(list(names)), body.getvalue())

    def _replace(self, schema: str, load: Load, parts: Iterable[Part]) -> None:
        """The tenant's partition by one that was filled beside it, at once."""
        place = identifier(schema)
        rows, beside = named(place, f"{load.table}_rows"), named(place, _beside(load.table, load.tenant))
        self.run(f"DROP TABLE IF EXISTS {beside}")
        if load.then.rows == 0:
            self.run(f"ALTER TABLE {rows} DROP PARTITION {literal(load.tenant)}")
            return
        self.run(f"CREATE TABLE {beside} AS {rows}")
        for part in parts:
            self.insert(part, beside, [*load.names, VERSION])
        self.run(f"ALTER TABLE {rows} REPLACE PARTITION {literal(load.tenant)} FROM {beside}")
        self.run(f"DROP TABLE {beside}")

    def _prepare(self, schema: str, load: Load) -> None:
        """Database, table, columns and views as the load needs them."""
        place, name = identifier(schema), f"{load.table}_rows"
        there = self._columns(schema, name)
        if not self._columns(schema, f"{LOADS}_rows"):
            for foreign in (load.table, name):
                if self._columns(schema, foreign):
                    raise not_ours(f"{schema}.{foreign}")
            self.run(f"CREATE DATABASE IF NOT EXISTS {place}")
            self.run(_create_loads(place))
        self._show_loads(place)
        if not there:
            # It holds no tenant's rows, whatever was loaded into it before.
            self._forget(place, f"table_name = {literal(load.table)}")
            self.run(_create_table(place, load))
        missing = [(column, type_) for column, type_ in load.columns if there and column not in there]
        for column, type_ in missing:
            self.run(f"ALTER TABLE {named(place, name)} ADD COLUMN IF NOT EXISTS {identifier(column)} {TYPES[type_]}")
        for column, type_ in load.columns:
            wanted = KEY_TYPES.get(column, TYPES[type_])
            if there.get(column, wanted) != wanted:
                raise other_type(f"{schema}.{load.table}", column, there[column], wanted)
        if missing or not there or (schema, load.table) not in self._shown:
            self._show(schema, load.table, list(self._columns(schema, name)))

    def _show(self, schema: str, table: str, columns: list[str]) -> None:
        """The views that people read: those that are missing, and all if the table got a column.

        The one over the whole table is made last. So if that has every column, the others have.
        """
        place, current, as_of = identifier(schema), current_name(table), as_of_name(table)
        there = self._views(schema, (as_of, current, table))
        shown = [column for column in columns if column not in _INTERNAL]
        as_they_are = list(self._columns(schema, table)) == shown
        source = f"SELECT {listed(shown)} FROM {named(place, f'{table}_rows')} FINAL"
        for name, condition in (
            (as_of, f" WHERE {in_force(_MOMENT, identifier)} COMMENT {literal(MADE_BY)}"),
            (current, " WHERE is_current"),
            (table, ""),
        ):
            if name not in there or not as_they_are:
                self.run(f"CREATE OR REPLACE VIEW {named(place, name)} AS {source}{condition}")

    def _views(self, schema: str, names: tuple[str, str, str]) -> set[str]:
        """Which of the three are there. Raises ConfigurationError if one is no view, or the first does not say that we
        made it: nobody else's is replaced.
        """
        found = self.run(f"""
            SELECT name, engine, comment FROM system.tables
            WHERE database = {literal(schema)} AND name IN ({", ".join(map(literal, names))})
        """)
        for row in found:
            if row["engine"] != "View" or (row["name"] == names[0] and row["comment"] != MADE_BY):
                raise not_ours(f"{schema}.{row['name']}", "view" if row["engine"] == "View" else "table")
        return {str(row["name"]) for row in found}

    def _show_loads(self, place: str) -> None:
        self.run(f"""
            CREATE VIEW IF NOT EXISTS {named(place, LOADS)} AS
            SELECT tenant_id, table_name, table_id, version, log_entry, rows, loaded_at
            FROM {named(place, f"{LOADS}_rows")} FINAL WHERE version >= 0
        """)

    def _tables(self, schema: str, tenant: str) -> list[str]:
        found = self.run(f"""
            SELECT DISTINCT table_name FROM {named(identifier(schema), f"{LOADS}_rows")}
            WHERE tenant_id = {literal(tenant)} ORDER BY table_name
        """)
        return [str(row["table_name"]) for row in found]

    def _forget(self, place: str, which: str) -> None:
        """How far they were loaded."""
        self.run(f"ALTER TABLE {named(place, f'{LOADS}_rows')} DELETE WHERE {which} SETTINGS mutations_sync = 2")

    def _count(self, place: str, name: str, tenant: str) -> int:
        found = self.run(
            f"SELECT count() AS number FROM {named(place, name)} FINAL WHERE tenant_id = {literal(tenant)}"
        )
        return int(found[0]["number"])

    def _holding(self, schema: str, tenant: str, table: str) -> tuple[Holding, int]:
        """And the number of the note that says so, 0 where there is none."""
        for row in self.run(f"""
            SELECT * FROM {named(identifier(schema), f"{LOADS}_rows")} FINAL
            WHERE tenant_id = {literal(tenant)} AND table_name = {literal(table)}
        """):
            held = Held(row["table_id"], row["version"], row["log_entry"], row["rows"])
            begun = Held(row["begun_table_id"], row["begun_version"], row["begun_log_entry"], row["begun_rows"])
            return (
                Holding(
                    held if held.version >= 0 else None,
                    begun if begun.version >= 0 else None,
                    bool(row["begun_anew"]),
                ),
                int(row["number"]),
            )
        return Holding(), 0

    def _note(self, schema: str, load: Load, number: int, *, begun: bool) -> None:
        nothing = Held("", -1, "", 0)
        done, doing = ((load.after or nothing), load.then) if begun else (load.then, nothing)
        values = [
            *(literal(load.tenant), literal(load.table)),
            *(literal(done.table_id), str(done.version), literal(done.log_entry), str(done.rows)),
            f"parseDateTime64BestEffort({literal(to_iso(load.at))}, 6, 'UTC')",
            *(literal(doing.table_id), str(doing.version), literal(doing.log_entry), str(doing.rows)),
            "true" if load.anew and begun else "false",
            str(number),
        ]
        self.run(f"INSERT INTO {named(identifier(schema), f'{LOADS}_rows')} VALUES ({', '.join(values)})")

    def _is_there(self, schema: str, table: str) -> bool:
        known = (schema, table) in self._shown
        return known or bool(self._columns(schema, f"{LOADS}_rows") and self._columns(schema, f"{table}_rows"))

    def _columns(self, schema: str, table: str) -> dict[str, str]:
        """The types of a table's columns, by their names, in order; none if there is no such table."""
        found = self.run(f"""
            SELECT name, type FROM system.columns WHERE database = {literal(schema)} AND table = {literal(table)}
            ORDER BY position
        """)
        return {str(row["name"]): str(row["type"]) for row in found}


def _beside(table: str, tenant: str) -> str:
    """The name of a table that is filled to take the place of a partition."""
    return f"{table}_anew_{tenant}"


def literal(text: str) -> str:
    """As `sql_text.literal`, for an engine that takes a backslash for an escape."""
    return sql_text.literal(text.replace("\\", "\\\\"))


def _create_loads(place: str) -> str:
    """Version -1 where nothing is held, or nothing begun."""
    return f"""
        CREATE TABLE IF NOT EXISTS {named(place, f"{LOADS}_rows")} (
            tenant_id String, table_name String, table_id String, version Int64, log_entry String, rows Int64,
            loaded_at DateTime64(6, 'UTC'), begun_table_id String, begun_version Int64, begun_log_entry String,
            begun_rows Int64, begun_anew Bool, number UInt64
        ) ENGINE = ReplacingMergeTree(number) ORDER BY (tenant_id, table_name) {_DURABLE}"""


def _create_table(place: str, load: Load) -> str:
    columns = [f"{identifier(name)} {KEY_TYPES.get(name, TYPES[type_])}" for name, type_ in load.columns]
    return f"""
        CREATE TABLE IF NOT EXISTS {named(place, f"{load.table}_rows")} (
            {", ".join(columns)}, {VERSION} UInt64, {GONE} UInt8
        ) ENGINE = ReplacingMergeTree({VERSION}, {GONE})
        PARTITION BY tenant_id ORDER BY ({", ".join(KEY)}) {_DURABLE}"""
