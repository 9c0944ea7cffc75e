"""Who is at work, in SQLite: a lease ends with its block, with its process or with its time, whichever is first.

A lease spares two workers the same work. It does not guard the data: that is done by compare-and-set, so a
holder that was paused past its time does no harm when it goes on.
"""

from __future__ import annotations

import logging
import os
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from avesa.shared.clock import Clock, from_iso, to_iso
from avesa.shared.errors import AvesaError, Busy, Where
from avesa.shared.process_identity import THIS_PROCESS, host_name, is_alive
from avesa.shared.sqlite_database import Database

LEASE_SECONDS = 60.0

_LOG = logging.getLogger(__name__)
_ENDED: set[str] = set()
"""Tokens of leases that have ended but could not be given back (a full disk): they count no more."""


@dataclass(frozen=True)
class _Held:
    host: str
    pid: int
    process: str
    until: str


class SqliteLeases:
    """Leases by tenant and name. A holder renews its lease every third of `seconds`, in a thread of its own."""

    def __init__(self, database: Database, clock: Clock, seconds: float) -> None:
        self._database = database
        self._clock = clock
        self._seconds = seconds

    @contextmanager
    def hold(self, tenant_id: str, name: str) -> Iterator[None]:
        """Raises Busy if somebody else who is alive holds it."""
        token = self._take(tenant_id, name)
        ended = threading.Event()
        keeper = threading.Thread(
            target=self._keep, args=(tenant_id, name, token, ended), name=f"lease {name}", daemon=True
        )
        keeper.start()
        try:
            yield
        finally:
            ended.set()
            keeper.join()
            self._release(tenant_id, name, token)

    def _take(self, tenant_id: str, name: str) -> str:
        token = secrets.token_hex(16)
        now = self._clock()
        with self._database.writing() as db:
            row = db.execute(
                "SELECT host, pid, process, until, token FROM leases WHERE tenant_id = ? AND name = ?",
                (tenant_id, name),
            ).fetchone()
            if row and row[4] not in _ENDED and _counts(held := _Held(*row[:4]), now):
                raise Busy(
                    f"{name} is in work by process {held.pid} on {held.host.partition(' ')[0]}.",
                    where=Where(tenant_id),
                    hint="Nothing was done. Try again when it has ended.",
                )
            db.execute(
                "INSERT OR REPLACE INTO leases (tenant_id, name, token, host, pid, process, until) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (tenant_id, name, token, host_name(), os.getpid(), THIS_PROCESS, self._until(now)),
            )
        return token

    def _keep(self, tenant_id: str, name: str, token: str, ended: threading.Event) -> None:
        while not ended.wait(self._seconds / 3):
            try:
                if not self._renew(tenant_id, name, token):
                    _LOG.warning("tenant %s: the lease of %s was lost to another worker", tenant_id, name)
                    return
            except AvesaError as problem:
                _LOG.warning("tenant %s: the lease of %s could not be renewed: %s", tenant_id, name, problem)

    def _renew(self, tenant_id: str, name: str, token: str) -> bool:
        statement = "UPDATE leases SET until = ? WHERE tenant_id = ? AND name = ? AND token = ?"
        with self._database.writing() as db:
            return db.execute(statement, (self._until(self._clock()), tenant_id, name, token)).rowcount == 1

    def _release(self, tenant_id: str, name: str, token: str) -> None:
        statement = "DELETE FROM leases WHERE tenant_id = ? AND name = ? AND token = ?"
        # One that cannot be given back is no failure of its own: what happened in the block is what counts.
        try:
            with self._database.writing() as db:
                db.execute(statement, (tenant_id, name, token))
        except AvesaError:
            _ENDED.add(token)

    def _until(self, now: datetime) -> str:
        return to_iso(now + timedelta(seconds=self._seconds))


def _counts(held: _Held, now: datetime) -> bool:
    if from_iso(held.until) <= now:
        return False
    return is_alive(held.host, held.pid, held.process)
