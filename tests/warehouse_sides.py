"""The engines that tables are loaded into, opened in one way, for suites that all of them have to pass.

What a side tells of its rows it reads without the code that loaded them. Another process opens the same side by its
words: `side_of(sys.argv[1:])`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from io import BytesIO
from typing import Any, Protocol

import adbc_driver_postgresql
import duckdb
import urllib3
from adbc_driver_manager import AdbcConnection, AdbcDatabase, AdbcStatement
from arro3.core import RecordBatchReader
from arro3.io import read_ipc_stream

from avesa.warehouse.address import warehouse_address
from avesa.warehouse.opening import open_warehouse
from avesa.warehouse.port import Warehouse
from avesa.warehouse.schemas import Schemas

Row = dict[str, Any]


class Side(Protocol):
    words: Sequence[str]
    url: str
    takes_null_characters: bool

    def rows(self, table: str, schema: str = "avesa") -> list[Row]: ...

    def as_of(self, table: str, moment: datetime, schema: str = "avesa") -> list[Row]:
        """What the function beside a table gives."""
        ...

    def drop_as_of(self, table: str) -> None:
        """A person drops that function."""
        ...

    def drop(self, table: str, schema: str = "avesa") -> None:
        """A person drops a table there."""
        ...

    def run(self, sql: str) -> None:
        """A person's statement."""
        ...


class DuckDBSide:
    takes_null_characters = True

    def __init__(self, folder: str) -> None:
        self.words = ("duckdb", folder)
        self.path = f"{folder}/warehouse.duckdb"
        self.url = f"duckdb://{self.path}"

    def rows(self, table: str, schema: str = "avesa") -> list[Row]:
        return self._asked(f'FROM "{schema}"."{table}"')

    def as_of(self, table: str, moment: datetime, schema: str = "avesa") -> list[Row]:
        return self._asked(f"""FROM "{schema}"."{table}_as_of"('{moment.isoformat()}')""")

    def drop_as_of(self, table: str) -> None:
        self.run(f"DROP MACRO TABLE avesa.{table}_as_of")

    def _asked(self, sql: str) -> list[Row]:
        with duckdb.connect(self.path) as con:
            con.execute("SET TimeZone = 'UTC'")
            found = con.execute(sql)
            names = [column[0] for column in found.description or ()]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def drop(self, table: str, schema: str = "avesa") -> None:
        with duckdb.connect(self.path) as con:
            con.execute(f'DROP TABLE "{schema}"."{table}" CASCADE')

    def run(self, sql: str) -> None:
        with duckdb.connect(self.path) as con:
            con.execute(sql)


@cache
def _database(url: str) -> AdbcDatabase:
    """To which sessions are opened. It reads the server's types once, which takes ten times as long as a session."""
    return adbc_driver_postgresql.connect(url)


class PostgresSide:
    """A database of the session's server."""

    takes_null_characters = False

    def __init__(self, url: str) -> None:
        self.words = ("postgresql", url)
        self.url = url

    def rows(self, table: str, schema: str = "avesa") -> list[Row]:
        return self.asked(f'SELECT * FROM "{schema}"."{table}"')

    def as_of(self, table: str, moment: datetime, schema: str = "avesa") -> list[Row]:
        return self.asked(f"""SELECT * FROM "{schema}"."{table}_as_of"('{moment.isoformat()}')""")

    def drop_as_of(self, table: str) -> None:
        self.run(f"DROP FUNCTION avesa.{table}_as_of")

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
        with AdbcConnection(_database(url or self.url)) as connection, AdbcStatement(connection) as statement:
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


class ClickHouseSide:
    """A server of the session, which in another process is only reached through the URL."""

    takes_null_characters = True

    def __init__(self, url: str) -> None:
        self.words = ("clickhouse", url)
        self.url = url

    def rows(self, table: str, schema: str = "avesa") -> list[Row]:
        return self._rows(f'SELECT * FROM "{schema}"."{table}"')

    def as_of(self, table: str, moment: datetime, schema: str = "avesa") -> list[Row]:
        when = f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"
        return self._rows(f"""SELECT * FROM "{schema}"."{table}_as_of"(moment = '{when}')""")

    def drop_as_of(self, table: str) -> None:
        self.run(f"DROP VIEW avesa.{table}_as_of")

    def _rows(self, sql: str) -> list[Row]:
        answer = self._ask(f"{sql} FORMAT ArrowStream")
        return list(read_ipc_stream(BytesIO(answer)).read_all().to_struct_array().to_pylist()) if answer else []

    def drop(self, table: str, schema: str = "avesa") -> None:
        self.run(f'DROP TABLE "{schema}"."{table}_rows"')

    def run(self, sql: str) -> None:
        """What is said in the words of the other engines."""
        said = sql.replace("CREATE SCHEMA", "CREATE DATABASE").replace("INTEGER)", "Int64) ENGINE = Memory")
        self._ask(said)

    def empty(self) -> None:
        """Leave nothing of earlier tests."""
        answer = self._ask("SELECT name FROM system.databases FORMAT TSV").decode()
        for name in set(answer.split()) - {"system", "default", "information_schema", "INFORMATION_SCHEMA"}:
            self._ask(f'DROP DATABASE "{name}" SYNC')

    def _ask(self, sql: str) -> bytes:
        answer = urllib3.request("POST", self.url.replace("clickhouse:", "http:"), body=sql.encode(), timeout=60)
        assert answer.status == 200, answer.data
        return bytes(answer.data)


def side_of(words: Sequence[str]) -> Side:
    kind, address = words
    sides: dict[str, type[Side]] = {"duckdb": DuckDBSide, "postgresql": PostgresSide, "clickhouse": ClickHouseSide}
    return sides[kind](address)


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
