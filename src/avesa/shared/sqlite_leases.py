"""Who is at work, in SQLite: a lease ends with its block, with its process or with its time, whichever is first."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta

from avesa.shared.clock import Clock, from_iso, to_iso
from avesa.shared.errors import Busy, Where
from avesa.shared.leases import has_ended, held
from avesa.shared.process_identity import THIS_PROCESS, host_name, is_alive
from avesa.shared.sqlite_database import SqliteFile


@dataclass(frozen=True)
class _Held:
    host: str
    pid: int
    process: str
    until: str


class SqliteLeases:
    """The port `LeaseStore`. `seconds` is how long a lease lasts that is not renewed."""

    def __init__(self, database: SqliteFile, clock: Clock, seconds: float) -> None:
        self._database = database
        self._clock = clock
        self._seconds = seconds

    def hold(self, tenant_id: str, name: str) -> AbstractContextManager[None]:
        """Raises Busy if somebody else who is alive holds it."""
        return held(self, tenant_id, name, self._seconds)

    def take(self, tenant_id: str, name: str, token: str) -> None:
        now = self._clock()
        with self._database.writing() as db:
            row = db.execute(
                "SELECT host, pid, process, until, token FROM leases WHERE tenant_id = ? AND name = ?",
                (tenant_id, name),
            ).fetchone()
            if row and not has_ended(row[4]) and _counts(found := _Held(*row[:4]), now):
                raise Busy(
                    f"{name} is in work by process {found.pid} on {found.host.partition(' ')[0]}.",
                    where=Where(tenant_id),
                    hint="Nothing was done. Try again when it has ended.",
                )
            db.execute(
                "INSERT OR REPLACE INTO leases (tenant_id, name, token, host, pid, process, until) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (tenant_id, name, token, host_name(), os.getpid(), THIS_PROCESS, self._until(now)),
            )

    def renew(self, tenant_id: str, name: str, token: str) -> bool:
        statement = "UPDATE leases SET until = ? WHERE tenant_id = ? AND name = ? AND token = ?"
        with self._database.writing() as db:
            return db.execute(statement, (self._until(self._clock()), tenant_id, name, token)).rowcount == 1

    def release(self, tenant_id: str, name: str, token: str) -> None:
        statement = "DELETE FROM leases WHERE tenant_id = ? AND name = ? AND token = ?"
        with self._database.writing() as db:
            db.execute(statement, (tenant_id, name, token))

    def _until(self, now: datetime) -> str:
        return to_iso(now + timedelta(seconds=self._seconds))


def _counts(found: _Held, now: datetime) -> bool:
    if from_iso(found.until) <= now:
        return False
    return is_alive(found.host, found.pid, found.process)
