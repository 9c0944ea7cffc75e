"""What was done when, in SQLite. It holds the newest runs of each stage and table and lets older ones go."""

from __future__ import annotations

from typing import Any

import msgspec

from avesa.shared.clock import from_iso, to_iso
from avesa.shared.run_log import RunEntry
from avesa.shared.sqlite_database import SqliteFile

KEPT = 200
"""Entries for each tenant, stage and table: over a week of hourly runs, at about half a KiB each."""

_COLUMNS = "tenant_id, stage, table_name, run_id, status, started_at, finished_at, error, figures"


class SqliteRunLog:
    """The port `RunLog`. Newest means written last."""

    def __init__(self, database: SqliteFile) -> None:
        self._database = database

    def write(self, entry: RunEntry) -> None:
        place = (entry.tenant_id, entry.stage, entry.table)
        figures = msgspec.json.encode(dict(entry.figures)).decode()
        times = (to_iso(entry.started_at), to_iso(entry.finished_at))
        row = (*place, entry.run_id, entry.status, *times, entry.error, figures)
        trim = """
            DELETE FROM runs WHERE tenant_id = ?1 AND stage = ?2 AND table_name = ?3 AND id <= (
                SELECT id FROM runs WHERE tenant_id = ?1 AND stage = ?2 AND table_name = ?3
                ORDER BY id DESC LIMIT 1 OFFSET ?4)"""
        with self._database.writing() as db:
            db.execute(f"INSERT INTO runs ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
            db.execute(trim, (*place, KEPT))

    def latest(self, tenant_id: str) -> list[RunEntry]:
        query = f"""
            SELECT {_COLUMNS} FROM runs
            WHERE id IN (SELECT max(id) FROM runs WHERE tenant_id = ? GROUP BY stage, table_name)
            ORDER BY table_name, stage"""
        return self._entries(query, (tenant_id,))

    def entries(self, tenant_id: str, *, limit: int = 100) -> list[RunEntry]:
        query = f"SELECT {_COLUMNS} FROM runs WHERE tenant_id = ? ORDER BY id DESC LIMIT ?"
        return self._entries(query, (tenant_id, limit))

    def forget(self, tenant_id: str, below: str = "") -> None:
        statement = "DELETE FROM runs WHERE tenant_id = ?1 AND substr(table_name, 1, length(?2)) = ?2"
        with self._database.writing() as db:
            db.execute(statement, (tenant_id, below))

    def _entries(self, query: str, values: tuple[str | int, ...]) -> list[RunEntry]:
        with self._database.reading() as db:
            return [_entry(row) for row in db.execute(query, values)]


def _entry(row: tuple[Any, ...]) -> RunEntry:
    tenant_id, stage, table, run_id, status, started_at, finished_at, error, figures = row
    return RunEntry(
        run_id=run_id,
        tenant_id=tenant_id,
        stage=stage,
        table=table,
        status=status,
        started_at=from_iso(started_at),
        finished_at=from_iso(finished_at),
        error=error,
        figures=msgspec.json.decode(figures, type=dict[str, Any]),
    )
