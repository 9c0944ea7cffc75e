"""One session with a PostgreSQL server through ADBC, without autocommit: statements, rows as Arrow, errors as ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from arro3.core import RecordBatchReader

from avesa.canonical_transform.engine import first_line
from avesa.shared.errors import AvesaError, ConfigurationError, StorageError, Unavailable
from avesa.shared.hiding import hidden
from avesa.warehouse.address import Address, not_installed
from avesa.warehouse.port import Stream
from avesa.warehouse.postgres_passwords import passwords

if TYPE_CHECKING:
    import adbc_driver_manager

OLDEST = 15
"""The first version whose views can be bound to the rights of whoever reads them."""
_TELLING = ("08", "28", "3D", "3F", "42", "53", "54", "55", "57", "58")
"""Classes of errors whose message names objects and limits, never values."""


class PostgresSession:
    """What fails is raised as one of our errors, and never with a value or a password in it."""

    def __init__(self, address: Address) -> None:
        try:
            import adbc_driver_manager  # noqa: PLC0415 — an extra: only who loads into PostgreSQL needs it
            import adbc_driver_postgresql  # noqa: PLC0415
        except ModuleNotFoundError:
            raise not_installed("PostgreSQL") from None
        self._address = address
        self._driver = adbc_driver_manager
        with self._told():
            self._database = adbc_driver_postgresql.connect(_with_defaults(address.url))
            self._connection = self._driver.AdbcConnection(self._database)
            self._connection.set_autocommit(False)
        version = int(self.run("SELECT current_setting('server_version_num')::int AS number")[0]["number"]) // 10_000
        self.commit()
        if version < OLDEST:
            raise ConfigurationError(
                f"the server is PostgreSQL {version}; it takes {OLDEST} or newer.", hint="Upgrade it, or name another."
            )

    def run(self, sql: str) -> list[dict[str, Any]]:
        """One statement, and the rows that it gives."""
        with self._statement() as statement:
            statement.set_sql_query(sql)
            handle, _ = statement.execute_query()
            batches = RecordBatchReader.from_arrow(handle).read_all()
            return list(batches.to_struct_array().to_pylist()) if batches.num_rows else []

    def ingest(self, stream: Stream, table: str, *, schema: str | None) -> None:
        """By COPY into a table that is there; without a schema into a temporary one."""
        options = {"adbc.ingest.target_table": table, "adbc.ingest.mode": "adbc.ingest.mode.append"}
        if schema is None:
            options["adbc.ingest.temporary"] = "true"
        else:
            options["adbc.ingest.target_db_schema"] = schema
        with self._statement() as statement:
            statement.set_options(**options)
            statement.bind_stream(stream)
            statement.execute_update()

    def commit(self) -> None:
        with self._told():
            self._connection.commit()

    def rollback(self) -> None:
        """Of a session that broke the server has done it already."""
        with suppress(self._driver.Error):
            self._connection.rollback()

    def close(self) -> None:
        with suppress(self._driver.Error):
            self._connection.close()
            self._database.close()

    @contextmanager
    def _statement(self) -> Iterator[adbc_driver_manager.AdbcStatement]:
        with self._told():
            statement = self._driver.AdbcStatement(self._connection)
            try:
                yield statement
            finally:
                statement.close()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except self._driver.Error as error:
            secrets = (*self._address.secrets, *passwords(self._address.options.get("passfile")))
            failure = _failure(error.sqlstate or "", first_line(hidden(str(error), secrets)))
        else:
            return
        raise failure from None


def _failure(state: str, line: str) -> AvesaError:
    said = line.rpartition("ERROR:")[2].rpartition("FATAL:")[2].strip() if not state or state[:2] in _TELLING else ""
    detail = f": {said}" if said else f" (SQLSTATE {state})"
    # What refuses a connection comes without a code.
    match "28" if not state and "Failed to connect" in line and "FATAL:" in line else state[:2]:
        case "" | "08" | "57":
            return Unavailable(
                f"the PostgreSQL server does not answer{detail}",
                hint="Check host, port and network, then load again: nothing is lost or doubled.",
            )
        case "40" | "55" | "53":
            return StorageError(
                f"the PostgreSQL server could not do it now{detail}", hint="Nothing was changed there. Load again."
            )
        case "28":
            return ConfigurationError(
                f"the PostgreSQL server refuses the login{detail}",
                hint="Set PGPASSWORD or write the password into ~/.pgpass; check user and database in the address.",
            )
        case _ if state == "42501":
            return ConfigurationError(
                f"the PostgreSQL role lacks a right{detail}",
                hint="The role that loads has to own its tables: let it make the schema (GRANT CREATE ON DATABASE).",
            )
        case _:
            return ConfigurationError(f"the PostgreSQL server refuses it{detail}", hint="Nothing was changed there.")


def _with_defaults(url: str) -> str:
    """With a name that the server's own views show, and a limit to how long it is tried to reach it."""
    parts = urlsplit(url)
    names = {name for name, _ in parse_qsl(parts.query)}
    more = {"application_name": "avesa", "connect_timeout": "10"}
    added = [f"{name}={value}" for name, value in more.items() if name not in names]
    return f"postgresql://{parts.netloc}{parts.path}?{'&'.join([*filter(None, [parts.query]), *added])}"
