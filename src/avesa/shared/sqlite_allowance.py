"""What is taken of each vendor account's allowance, in SQLite, for all processes on the machine.

A commit does not wait for the disk: after a power cut the last moments may be missing, and then the vendor says 429
at worst.
"""

from __future__ import annotations

import os
import secrets
import threading
from pathlib import Path

from avesa.shared.allowance import Result, Step
from avesa.shared.process_identity import THIS_PROCESS, host_name, is_alive
from avesa.shared.sqlite_database import Database

_TABLE = """
CREATE TABLE IF NOT EXISTS allowances (
    account TEXT PRIMARY KEY,
    document BLOB NOT NULL
) STRICT, WITHOUT ROWID"""


class SqliteAllowances:
    """The port `Allowances`. It has a connection of its own to the file, which is opened when it is first used."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._host = host_name()
        self._lock = threading.Lock()
        self._opened: Database | None = None

    def change(self, account: str, step: Step[Result]) -> Result:
        with self._database().writing() as db:
            row = db.execute("SELECT document FROM allowances WHERE account = ?", (account,)).fetchone()
            before = row[0] if row else None
            document, result = step(before)
            if document != before:
                db.execute("INSERT OR REPLACE INTO allowances (account, document) VALUES (?, ?)", (account, document))
        return result

    def worker(self) -> str:
        return "|".join((self._host, str(os.getpid()), THIS_PROCESS, secrets.token_hex(4)))

    def is_gone(self, worker: str) -> bool:
        host, pid, process, _ = worker.split("|")
        return not is_alive(host, int(pid), process)

    def close(self) -> None:
        with self._lock:
            if self._opened is not None:
                self._opened.close()

    def _database(self) -> Database:
        with self._lock:
            if self._opened is None:
                opened = Database(self._path, durable=False)
                with opened.writing() as db:
                    db.execute(_TABLE)
                self._opened = opened
            return self._opened
