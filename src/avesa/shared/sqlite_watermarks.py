"""How far each table is, in SQLite. A write counts only if nobody wrote since the writer read."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

from avesa.shared.clock import Clock, from_iso, system_clock, to_iso
from avesa.shared.leases import LEASE_SECONDS
from avesa.shared.sqlite_database import SqliteFile
from avesa.shared.sqlite_leases import SqliteLeases
from avesa.shared.watermarks import TableState, stale_state

_COLUMNS = "tenant_id, table_name, watermark, checkpoint, details, version"
_Row = tuple[str, str, str | None, str | None, str | None, int]


class SqliteWatermarks:
    """The port `Watermarks`. `clock` is what leases expire by, each `lease_seconds` after its last renewal.

    Where nothing may be written nobody is told of a lease, and it is everybody's: a loader of a warehouse, which needs
    no other one's leave, can do without.
    """

    def __init__(
        self, database: SqliteFile, clock: Clock = system_clock, *, lease_seconds: float = LEASE_SECONDS
    ) -> None:
        self._database = database
        self._leases = SqliteLeases(database, clock, lease_seconds)

    def get(self, tenant_id: str, table_name: str) -> TableState:
        query = f"SELECT {_COLUMNS} FROM last_updated WHERE tenant_id = ? AND table_name = ?"
        with self._database.reading() as db:
            row = db.execute(query, (tenant_id, table_name)).fetchone()
        return _state(row) if row else TableState(tenant_id, table_name)

    def all(self, tenant_id: str, below: str = "") -> list[TableState]:
        query = f"""
            SELECT {_COLUMNS} FROM last_updated
            WHERE tenant_id = ?1 AND substr(table_name, 1, length(?2)) = ?2 ORDER BY table_name"""
        with self._database.reading() as db:
            return [_state(row) for row in db.execute(query, (tenant_id, below))]

    def put(self, state: TableState) -> TableState:
        stored = replace(state, version=state.version + 1)
        values = (
            None if state.watermark is None else to_iso(state.watermark),
            state.checkpoint,
            state.details,
            stored.version,
            state.tenant_id,
            state.table_name,
        )
        insert = """
            INSERT INTO last_updated (watermark, checkpoint, details, version, tenant_id, table_name)
            VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"""
        update = """
            UPDATE last_updated SET watermark = ?, checkpoint = ?, details = ?, version = ?
            WHERE tenant_id = ? AND table_name = ? AND version = ?"""
        with self._database.writing() as db:
            if state.version == 0:
                written = db.execute(insert, values).rowcount
            else:
                written = db.execute(update, (*values, state.version)).rowcount
        if not written:
            raise stale_state(state)
        return stored

    def forget(self, tenant_id: str, below: str = "") -> None:
        statement = "DELETE FROM last_updated WHERE tenant_id = ?1 AND substr(table_name, 1, length(?2)) = ?2"
        with self._database.writing() as db:
            db.execute(statement, (tenant_id, below))

    def lease(self, tenant_id: str, name: str) -> AbstractContextManager[None]:
        return self._leases.hold(tenant_id, name) if self._database.may_write else nullcontext()


def _state(row: _Row) -> TableState:
    tenant_id, table_name, watermark, checkpoint, details, version = row
    return TableState(
        tenant_id=tenant_id,
        table_name=table_name,
        watermark=None if watermark is None else from_iso(watermark),
        checkpoint=checkpoint,
        details=details,
        version=version,
    )
