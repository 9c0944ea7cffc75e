"""The embedded state of an installation: tenants, watermarks, leases, the run log and allowances in one SQLite file."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

from avesa.shared.clock import Clock, system_clock
from avesa.shared.leases import LEASE_SECONDS
from avesa.shared.sqlite_allowance import SqliteAllowances
from avesa.shared.sqlite_database import Database
from avesa.shared.sqlite_read_only import ReadOnlyDatabase
from avesa.shared.sqlite_run_log import SqliteRunLog
from avesa.shared.sqlite_tenants import SqliteTenantServices
from avesa.shared.sqlite_watermarks import SqliteWatermarks


class SqliteState:
    """Four ports over one file, safe for many threads and processes.

    `clock` is what leases expire by. All workers on one file must go by the same time: a worker whose clock runs
    ahead takes the leases of others for expired. With `read_only_in`, a folder for copies, the file is only read.
    Raises ConfigurationError and StorageError as `Database` and `ReadOnlyDatabase` do.
    """

    def __init__(
        self,
        path: Path,
        clock: Clock = system_clock,
        *,
        lease_seconds: float = LEASE_SECONDS,
        read_only_in: Path | None = None,
    ) -> None:
        self._database = Database(path) if read_only_in is None else ReadOnlyDatabase(path, read_only_in)
        self.tenants = SqliteTenantServices(self._database, str(path.parent))
        self.watermarks = SqliteWatermarks(self._database, clock, lease_seconds=lease_seconds)
        self.run_log = SqliteRunLog(self._database)
        self.allowances = SqliteAllowances(path)

    def __enter__(self) -> SqliteState:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self.allowances.close()
        self._database.close()
