"""Tenants and their services, in SQLite."""

from __future__ import annotations

import sqlite3

import msgspec

from avesa.shared.layout import checked_name
from avesa.shared.sqlite_database import SqliteFile
from avesa.shared.tenants import TenantService, not_connected, unknown_tenant

_COLUMNS = "tenant_id, service, enabled, settings, tables, schedule, problem"


class SqliteTenantServices:
    """The port `TenantServices`. `place` is what people call where it lies."""

    def __init__(self, database: SqliteFile, place: str) -> None:
        self._database = database
        self._place = place

    def add_tenant(self, tenant_id: str) -> bool:
        checked_name(tenant_id)
        with self._database.writing() as db:
            return db.execute("INSERT OR IGNORE INTO tenants VALUES (?)", (tenant_id,)).rowcount == 1

    def tenants(self) -> list[str]:
        with self._database.reading() as db:
            return _tenants(db)

    def remove_tenant(self, tenant_id: str) -> None:
        with self._database.writing() as db:
            self._require(db, tenant_id)
            db.execute("DELETE FROM tenants WHERE tenant_id = ?", (tenant_id,))

    def remove(self, tenant_id: str, service: str) -> None:
        with self._database.writing() as db:
            self._require(db, tenant_id)
            db.execute("DELETE FROM tenant_services WHERE tenant_id = ? AND service = ?", (tenant_id, service))

    def put(self, service: TenantService) -> None:
        checked_name(service.service, "service")
        row = (
            service.tenant_id,
            service.service,
            service.enabled,
            msgspec.json.encode(dict(service.settings), order="sorted").decode(),
            None if service.tables is None else msgspec.json.encode(service.tables).decode(),
            service.schedule,
            service.problem,
        )
        with self._database.writing() as db:
            self._require(db, service.tenant_id)
            db.execute(f"INSERT OR REPLACE INTO tenant_services ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)", row)

    def services(self, tenant_id: str) -> list[TenantService]:
        query = f"SELECT {_COLUMNS} FROM tenant_services WHERE tenant_id = ? ORDER BY service"
        with self._database.reading() as db:
            rows = db.execute(query, (tenant_id,)).fetchall()
            if not rows:
                self._require(db, tenant_id)
        return [
            TenantService(
                tenant_id=tenant,
                service=service,
                enabled=bool(enabled),
                settings=msgspec.json.decode(settings, type=dict[str, str]),
                tables=None if tables is None else msgspec.json.decode(tables, type=tuple[str, ...]),
                schedule=schedule,
                problem=problem,
            )
            for tenant, service, enabled, settings, tables, schedule, problem in rows
        ]

    def mark(self, tenant_id: str, service: str, problem: str | None) -> None:
        statement = "UPDATE tenant_services SET problem = ? WHERE tenant_id = ? AND service = ?"
        with self._database.writing() as db:
            self._require(db, tenant_id)
            if not db.execute(statement, (problem, tenant_id, service)).rowcount:
                raise not_connected(tenant_id, service)

    def _require(self, db: sqlite3.Connection, tenant_id: str) -> None:
        if not db.execute("SELECT 1 FROM tenants WHERE tenant_id = ?", (tenant_id,)).fetchone():
            raise unknown_tenant(tenant_id, _tenants(db), place=self._place)


def _tenants(db: sqlite3.Connection) -> list[str]:
    return [tenant for (tenant,) in db.execute("SELECT tenant_id FROM tenants ORDER BY tenant_id")]
