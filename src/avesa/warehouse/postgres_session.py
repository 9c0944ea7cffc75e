"""One session with a PostgreSQL server through ADBC, without autocommit: statements, rows as Arrow, errors as ours.

It speaks UTF-8, whatever role, database, environment and address say, and waits for no lock without a limit. A signal
is heard while the driver waits, and a statement that is broken off is cancelled at the server.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Any, TypeVar

from arro3.core import RecordBatchReader

from avesa.canonical_transform.sql_text import literal
from avesa.shared.errors import AvesaError, ConfigurationError
from avesa.warehouse.address import Address, not_installed
from avesa.warehouse.batches import in_pieces
from avesa.warehouse.call_thread import CallThread
from avesa.warehouse.port import Stream
from avesa.warehouse.postgres_failures import failure
from avesa.warehouse.postgres_passwords import passwords
from avesa.warehouse.postgres_uri import with_options

_T = TypeVar("_T")
OLDEST = 15
"""The first version whose views can be bound to the rights of whoever reads them."""
LOCK_SECONDS = 30.0
"""How long a statement waits for a lock, unless role, database or address set a limit of their own."""
_SENT_AT_ONCE = 256 * 1024
"""About so many bytes, a few hundred rows of most tables. The driver writes a whole batch before it sends any of
it, and the server waits meanwhile.
"""


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
        self._thread = CallThread()
        self._connection: Any = None

        def connect() -> None:
            self._database = adbc_driver_postgresql.connect(_with_defaults(address.url))
            connection = self._driver.AdbcConnection(self._database)
            connection.set_autocommit(False)
            self._connection = connection

        try:
            self._call(connect)
            self._begin()
        except BaseException:
            self.close()
            raise

    def run(self, sql: str) -> list[dict[str, Any]]:
        """One statement, and the rows that it gives."""

        def say() -> list[dict[str, Any]]:
            with closing(self._driver.AdbcStatement(self._connection)) as statement:
                # Rows by COPY would come with errors that have no code.
                statement.set_options(**{"adbc.postgresql.use_copy": False})
                statement.set_sql_query(sql)
                handle, _ = statement.execute_query()
                batches = RecordBatchReader.from_arrow(handle).read_all()
                return list(batches.to_struct_array().to_pylist()) if batches.num_rows else []

        return self._call(say)

    def ingest(self, stream: Stream, table: str, *, schema: str | None) -> None:
        """By COPY into a table that is there; without a schema into a temporary one."""
        options = {"adbc.ingest.target_table": table, "adbc.ingest.mode": "adbc.ingest.mode.append"}
        if schema is None:
            options["adbc.ingest.temporary"] = "true"
        else:
            options["adbc.ingest.target_db_schema"] = schema

        def copy() -> None:
            with closing(self._driver.AdbcStatement(self._connection)) as statement:
                statement.set_options(**options)
                statement.bind_stream(in_pieces(stream, _SENT_AT_ONCE))
                statement.execute_update()

        self._call(copy)

    def wait_at_most(self, seconds: float) -> None:
        """For each lock, until the end of the transaction; a limit that is stricter already stays."""
        self.run(f"SELECT set_config('lock_timeout', {literal(str(self._stricter(seconds)))}, true)")

    def commit(self) -> None:
        self._call(self._connection.commit)

    def rollback(self) -> bool:
        """Whether the session can be gone on with. Of one that broke the server has rolled back already."""
        if self._thread.is_lost:
            return False
        try:
            self._call(self._connection.rollback)
        except AvesaError:
            return False
        return True

    def close(self) -> None:
        """A call that was left alone still works at the connection, which then ends with the process."""
        if not self._thread.is_lost and self._connection is not None:
            with suppress(AvesaError):
                self._call(self._connection.close)
                self._call(self._database.close)
        self._thread.close()

    def _begin(self) -> None:
        (is_so,) = self.run(f"""
            SELECT set_config('client_encoding', 'UTF8', false) AS letters,
                current_setting('server_version_num')::int / 10000 AS version,
                (SELECT setting::bigint FROM pg_catalog.pg_settings WHERE name = 'lock_timeout') AS lock_timeout,
                CASE current_setting('lock_timeout') WHEN '0'
                    THEN set_config('lock_timeout', '{int(1000 * LOCK_SECONDS)}', false) END AS limited
        """)
        self.commit()
        if is_so["letters"] != "UTF8":
            raise ConfigurationError("the server does not speak UTF-8.", hint="Reach it without what is in between.")
        if is_so["version"] < OLDEST:
            raise ConfigurationError(
                f"the server is PostgreSQL {is_so['version']}; it takes {OLDEST} or newer.",
                hint="Upgrade it, or name another.",
            )
        self.lock_seconds = is_so["lock_timeout"] / 1000 or LOCK_SECONDS
        # So that a statement of a loader that was killed does not go on waiting for locks, with others behind it.
        # Servers on some systems cannot do it.
        try:
            self.run("SELECT set_config('client_connection_check_interval', '1s', false)")
            self.commit()
        except ConfigurationError:
            self.rollback()

    def _stricter(self, seconds: float) -> int:
        return int(1000 * min(seconds, self.lock_seconds))

    def _call(self, function: Callable[[], _T]) -> _T:
        try:
            return self._thread.call(function, self._connection and self._connection.cancel)
        except self._driver.Error as error:
            options = self._address.options
            found = failure(error, (*self._address.secrets, *passwords(options.get("passfile"))))
        raise found from None


def _with_defaults(url: str) -> str:
    """With a name that the server's own views show, a limit to how long it is tried to reach it, and UTF-8."""
    unless_said = {"fallback_application_name": "avesa"}
    if not os.environ.get("PGCONNECT_TIMEOUT"):
        unless_said["connect_timeout"] = "10"
    return with_options(url, unless_said=unless_said, always={"client_encoding": "UTF8"})
