"""What the demo verifies: the tables against the sandbox's true history, a rebuild, the intervals, an idle sync.

The sandbox stood still during each sync, so what AVESA can know is what the world held at those moments.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import duckdb

from avesa.canonical_transform.engine import one_row
from avesa.pipeline.ports import Ports
from avesa.pipeline.query import answer, tenant_tables
from avesa.pipeline.sync import SyncReport
from avesa.pipeline.transform import transform_tenant
from avesa.pipeline.verify import verify_tenant
from avesa.sandbox.server import HAND_WRITTEN, Sandbox
from avesa.shared.clock import from_iso

COMPARED: Mapping[tuple[str, str], Mapping[str, str]] = {
    ("tickets", "tickets"): {
        "summary": "summary",
        "status": "status.name",
        "priority": "priority.name",
        "owner_name": "owner.name",
        "board_name": "board.name",
        "is_closed": "closedFlag",
        "company_id": "company.id",
        "actual_hours": "actualHours",
    },
    ("companies", "companies"): {"name": "name", "status": "status.name", "website": "website"},
    ("contacts", "contacts"): {"first_name": "firstName", "last_name": "lastName", "company_id": "company.id"},
    ("time_entries", "time_entries"): {
        "hours": "actualHours",
        "notes": "notes",
        "user_id": "member.id",
        "status": "status",
    },
    ("users", "members"): {"username": "identifier", "title": "title", "is_admin": "adminFlag"},
    ("devices", "configurations"): {"name": "name", "status": "status.name", "contact_id": "contact.id"},
    ("products", "catalog_items"): {"name": "description", "unit_price": "price", "is_recurring": "recurringFlag"},
    ("agreements", "agreements"): {"name": "name", "status": "agreementStatus", "amount": "billAmount"},
    ("invoices", "invoices"): {"number": "invoiceNumber", "status": "status.name", "balance": "balance"},
    ("opportunities", "opportunities"): {
        "stage": "stage.name",
        "status": "status.name",
        "owner_id": "primarySalesRep.id",
    },
    ("projects", "projects"): {"name": "name", "status": "status.name", "actual_hours": "actualHours"},
    ("tasks", "project_tickets"): {"name": "summary", "status": "status.name", "actual_hours": "actualHours"},
    ("tasks", "activities"): {"name": "name", "status": "status.name", "description": "notes"},
}
"""Of a canonical and a raw table: each column and where the vendor's record has it, written down here a second time
on purpose."""

TABLES = tuple(sorted({table for table, _ in COMPARED}))

SHOWN_FAULTS = 5


@dataclass(frozen=True)
class SyncMoment:
    """`at` by the sandbox's clock, which stood still; `ended` by AVESA's, which ran on."""

    at: datetime
    ended: datetime


@dataclass(frozen=True)
class Check:
    """`counted` says how much was looked at; `faults` are the first few things that are not as they should be."""

    what: str
    counted: int
    unit: str
    faults: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return not self.faults and self.counted > 0


def check_history(ports: Ports, sandbox: Sandbox, tenants: Sequence[str], moments: Sequence[SyncMoment]) -> Check:
    """Each version in force at each sync equals the record as it then was, and there are no others."""
    compared, faults = 0, []
    for tenant in tenants:
        with tenant_tables(ports, tenant, tables={table for table, _ in COMPARED}) as con:
            for source, columns in COMPARED.items():
                number, found = _compare(con, sandbox, tenant, source, columns, moments)
                compared += number
                faults += found
    return Check("versions equal the sandbox's true history", compared, "comparisons", tuple(faults[:SHOWN_FAULTS]))


def check_verified(ports: Ports, tenants: Sequence[str]) -> Check:
    """What `avesa verify` compares, for every tenant."""
    checks = [check for tenant in tenants for check in verify_tenant(ports, tenant)]
    faults = [f"{check.table}: {check.what}: {name}" for check in checks for name in check.wrong]
    compared = sum(check.compared for check in checks)
    what = "avesa verify: receipts, log, files and a fold from raw agree"
    return Check(what, compared, "comparisons", tuple(faults[:SHOWN_FAULTS]))


def check_rebuild(ports: Ports, tenants: Sequence[str], run_id: str, tables: Collection[str] = TABLES) -> Check:
    """Folding everything anew from raw gives the same rows in every column."""
    rows, faults = 0, []
    for tenant in tenants:
        before = _all_rows(ports, tenant, tables)
        outcomes = transform_tenant(ports, tenant, run_id=run_id, rebuild=True)
        faults += [str(outcome.error) for outcome in outcomes if outcome.error]
        after = _all_rows(ports, tenant, tables)
        for table, old in before.items():
            rows += len(old)
            if after[table] != old:
                faults.append(f"{tenant}: {table} differs after a rebuild")
    return Check("a rebuild from the raw files gives identical tables", rows, "versions", tuple(faults[:SHOWN_FAULTS]))


def check_intervals(ports: Ports, tenants: Sequence[str], tables: Collection[str] = TABLES) -> Check:
    """No version ends before it begins, none overlaps the next, and at most one of a record is open."""
    rows, faults = 0, []
    for tenant in tenants:
        with tenant_tables(ports, tenant, tables=tables) as con:
            counted = {table: one_row(con, _INTERVALS.format(table)) for table in tables}
        for table, (total, backwards, overlapping, open_twice, mislabelled) in counted.items():
            rows += total
            for what, number in (
                ("end before they begin", backwards),
                ("overlap the next", overlapping),
                ("are open although a later one exists", open_twice),
                ("are marked wrongly as current or deleted", mislabelled),
            ):
                if number:
                    faults.append(f"{tenant}: {number} versions of {table} {what}")
    return Check("intervals are well formed, one open at most", rows, "versions", tuple(faults[:SHOWN_FAULTS]))


def check_idle(reports: Sequence[SyncReport], *, raw: bool = True) -> Check:
    """A sync with nothing new at the vendor lands no row and commits nothing. With `raw` False rows may land once more:
    many vendors can only be asked for what a window overlaps, or for everything.
    """
    faults = [
        f"{table.tenant}: {table.rows} rows of {table.table} ({table.status})"
        for report in reports
        for table in report.tables
        if (raw and table.rows) or table.status not in ("ok", "not_due")
    ]
    faults += [
        f"{fold.tenant}: {fold.report.commits} commits to {fold.table}"
        for report in reports
        for fold in report.transforms
        if fold.report.commits or fold.status != "ok"
    ]
    tables = sum(len(report.tables) for report in reports)
    what = "a second sync adds no raw row and no commit" if raw else "a second sync commits nothing"
    return Check(what, tables, "raw tables", tuple(faults[:SHOWN_FAULTS]))


_INTERVALS = """
    WITH followed AS (
        SELECT *, lead(valid_from) OVER (
            PARTITION BY source_service, source_table, source_id ORDER BY valid_from, valid_to NULLS LAST
        ) AS next_from
        FROM {}
    )
    SELECT
        count(*),
        count(*) FILTER (valid_to <= valid_from),
        count(*) FILTER (next_from < valid_to),
        count(*) FILTER (next_from IS NOT NULL AND valid_to IS NULL),
        count(*) FILTER (is_current <> (valid_to IS NULL) OR (is_deleted AND valid_to IS NULL))
    FROM followed
"""


def _compare(
    con: duckdb.DuckDBPyConnection,
    sandbox: Sandbox,
    tenant: str,
    source: tuple[str, str],
    columns: Mapping[str, str],
    moments: Sequence[SyncMoment],
) -> tuple[int, list[str]]:
    table, raw_table = source
    versions: dict[str, list[dict[str, Any]]] = {}
    sql = f"""
        SELECT source_id, valid_from, valid_to, {", ".join(columns)} FROM {table}
        WHERE source_service = '{HAND_WRITTEN}' AND source_table = '{raw_table}' ORDER BY valid_from
    """
    for row in answer(con.execute(sql)).dicts():
        versions.setdefault(row["source_id"], []).append(row)
    true = {str(id_): shown for id_, shown in sandbox.history(tenant, raw_table).items()}
    compared, faults = 0, []
    for id_ in sorted({*versions, *true}):
        unseen = {version["valid_from"] for version in versions.get(id_, [])}
        for moment in moments:
            record = _as_shown(true.get(id_, []), moment.at)
            # A deletion is noticed while the sync runs, a moment later by its own clock.
            at = moment.ended if record is None else moment.at
            version = _in_force(versions.get(id_, []), at)
            compared += 1
            if version is not None:
                unseen.discard(version["valid_from"])
            if _differs(version, record, columns):
                faults.append(f"{tenant}: {table} {id_} is not as it was at {moment.at:%Y-%m-%d %H:%M}")
        faults += [f"{tenant}: {table} {id_} has a version from {at} that no sync saw" for at in sorted(unseen)]
    return compared, faults


def _as_shown(history: Sequence[tuple[datetime, Mapping[str, Any] | None]], at: datetime) -> Mapping[str, Any] | None:
    """The record at a moment; None where it did not exist yet, was gone, or was flagged as deleted."""
    record = None
    for since, shown in history:
        if since > at:
            break
        record = shown
    return None if record is None or record.get("deletedFlag") else record


def _in_force(versions: Sequence[dict[str, Any]], at: datetime) -> dict[str, Any] | None:
    for version in versions:
        if version["valid_from"] <= at and (version["valid_to"] is None or at < version["valid_to"]):
            return version
    return None


def _differs(version: Mapping[str, Any] | None, record: Mapping[str, Any] | None, columns: Mapping[str, str]) -> bool:
    if version is None or record is None:
        return (version is None) != (record is None)
    if version["valid_from"] > from_iso(record["_info"]["lastUpdated"]):
        return True
    return any(_text(version[column]) != _text(_at(record, path)) for column, path in columns.items())


def _at(record: Any, path: str) -> Any:
    for name in path.split("."):
        record = record.get(name) if isinstance(record, dict) else None
    return record


def _text(value: object) -> str | None:
    """Numbers by value, all else by its text; an absent value as null."""
    match value:
        case None:
            return None
        case bool():
            return str(value)
        case int() | float() | Decimal():
            return f"{Decimal(str(value)).normalize():f}"
        case _:
            return str(value)


def _all_rows(ports: Ports, tenant: str, tables: Collection[str]) -> dict[str, list[tuple[Any, ...]]]:
    order = "source_service, source_table, source_id, valid_from"
    with tenant_tables(ports, tenant, tables=tables) as con:
        return {table: con.execute(f"SELECT * FROM {table} ORDER BY {order}").fetchall() for table in tables}
