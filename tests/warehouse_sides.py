"""The engines that tables are loaded into, opened in one way, for suites that all of them have to pass.

What a side tells of its rows it reads without the code that loaded them. Another process opens the same side by its
words: `side_of(sys.argv[1:])`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Protocol

import adbc_driver_postgresql
import duckdb
from adbc_driver_manager import AdbcConnection, AdbcStatement
from arro3.core import RecordBatchReader

from avesa.warehouse.address import warehouse_address
from avesa.warehouse.opening import open_warehouse
from avesa.warehouse.port import Warehouse
from avesa.warehouse.schemas import Schemas

Row = dict[str, Any]


class Side(Protocol):
    words: Sequence[str]
    url: str

    def rows(self, table: str, schema: str = "avesa") -> list[Row]: ...

    def drop(self, table: str, schema: str = "avesa") -> None:
        """A person drops a table there."""
        ...

    def run(self, sql: str) -> None:
        """A person's statement."""
        ...


class DuckDBSide:
    def __init__(self, folder: str) -> None:
        self.words = ("duckdb", folder)
        self.path = f"{folder}/warehouse.duckdb"
        self.url = f"duckdb://{self.path}"

    def rows(self, table: str, schema: str = "avesa") -> list[Row]:
        with duckdb.connect(self.path) as con:
            con.execute("SET TimeZone = 'UTC'")
            found = con.execute(f'FROM "{schema}"."{table}"')
            names = [column[0] for column in found.description or ()]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def drop(self, table: str, schema: str = "avesa") -> None:
        with duckdb.connect(self.path) as con:
            con.execute(f'DROP TABLE "{schema}"."{table}" CASCADE')

    def run(self, sql: str) -> None:
        with duckdb.connect(self.path) as con:
            con.execute(sql)


class PostgresSide:
    """A database of the session's server."""

    def __init__(self, url: str) -> None:
        self.words = ("postgresql", url)
        self.url = url

    def rows(self, table: str, schema: str = "avesa") -> list[Row]:
        return self.asked(f'SELECT * FROM "{schema}"."{table}"')

    def drop(self, table: str, schema: str = "avesa") -> None:
        self.run(f'DROP TABLE "{schema}"."{table}" CASCADE')

    def run(self, sql: str) -> None:
        self.asked(sql)

    def empty(self) -> None:
        """Leave nothing of earlier tests."""
        found = self.asked("SELECT nspname FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema|public)'")
        for row in found:
            self.run(f'DROP SCHEMA "{row["nspname"]}" CASCADE')

    def asked(self, *statements: str, url: str | None = None) -> list[Row]:
        """What the last of some statements gives, in one session."""
        with (
            adbc_driver_postgresql.connect(url or self.url) as database,
            AdbcConnection(database) as connection,
            AdbcStatement(connection) as statement,
        ):
            found: Any = None
            for sql in statements:
                statement.set_sql_query(sql)
                found = RecordBatchReader.from_arrow(statement.execute_query()[0]).read_all()
            # Numbers with a fraction come as texts of a type of their own.
            numeric = {field.name for field in found.schema if b"numeric" in b"".join(field.metadata.values())}
            rows = found.to_struct_array().to_pylist() if found.num_rows else []
        return [
            {name: Decimal(value) if name in numeric and value is not None else value for name, value in row.items()}
            for row in rows
        ]


def side_of(words: Sequence[str]) -> Side:
    kind, address = words
    return {"duckdb": DuckDBSide, "postgresql": PostgresSide}[kind](address)


@contextmanager
def opened(side: Side, schemas: Schemas = Schemas()) -> Iterator[Warehouse]:  # noqa: B008 — it is frozen
    with open_warehouse(warehouse_address(side.url), schemas) as warehouse:
        yield warehouse


def to_the_letter(rows: Sequence[Row], *, but: Sequence[str] = ()) -> list[str]:
    """Rows with all their columns, however an engine spells a value, in an order of their own. Times are in UTC."""
    return sorted(repr(sorted((name, _plain(value)) for name, value in row.items() if name not in but)) for row in rows)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return f"{value.normalize():f}" if isinstance(value, Decimal) else value
