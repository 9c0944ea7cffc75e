"""A managed service provider's days: a sandbox, an installation that syncs it, and what really happened.

Between two syncs the vendor's world moves on; while a sync runs it stands still. So what a sync can know is exactly
what the vendor showed at that moment, and a history must say that, no more and no less.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl

from avesa.pipeline.home import open_home
from avesa.pipeline.ports import Ports
from avesa.pipeline.sync import SyncReport, sync_tenant
from avesa.sandbox.clock import SandboxClock
from avesa.sandbox.server import Sandbox
from avesa.sandbox.world import World
from avesa.shared.clock import from_iso, to_iso
from avesa.shared.s3_options import delta_options
from avesa.shared.tenants import TenantService

START = datetime(2026, 3, 2, tzinfo=UTC)
CANONICAL = ("tickets", "time_entries", "companies", "contacts", "agreements")
"""Those among the canonical tables that the raw tables below feed; each has its raw table's name."""
TABLES = (
    "companies",
    "contacts",
    "tickets",
    "time_entries",
    "agreements",
    "agreement_additions",
    "boards",
    "ticket_notes",
)

Json = dict[str, Any]
Projection = dict[str, Callable[[Json], Any]]


def path(*names: str) -> Callable[[Json], Any]:
    def find(record: Json) -> Any:
        value: Any = record
        for name in names:
            value = value.get(name) if isinstance(value, dict) else None
        return value

    return find


def text(*names: str) -> Callable[[Json], str | None]:
    find = path(*names)
    return lambda record: None if find(record) is None else str(find(record))


def number(*names: str) -> Callable[[Json], Decimal | None]:
    find = path(*names)
    return lambda record: None if find(record) is None else round(Decimal(str(find(record))), 4)


PROJECTIONS: dict[str, Projection] = {
    "tickets": {
        "summary": path("summary"),
        "status": path("status", "name"),
        "priority": path("priority", "name"),
        "severity": path("severity"),
        "impact": path("impact"),
        "board_id": text("board", "id"),
        "board_name": path("board", "name"),
        "company_id": text("company", "id"),
        "contact_id": text("contact", "id"),
        "owner_id": text("owner", "id"),
        "team_name": path("team", "name"),
        "budget_hours": number("budgetHours"),
        "actual_hours": number("actualHours"),
        "is_closed": path("closedFlag"),
        "closed_by": path("closedBy"),
    },
    "time_entries": {
        "company_id": text("company", "id"),
        "user_id": text("member", "id"),
        "hours": number("actualHours"),
        "hours_billed": number("hoursBilled"),
        "billable_option": path("billableOption"),
        "notes": path("notes"),
        "status": path("status"),
        "work_type": path("workType", "name"),
        "agreement_id": text("agreement", "id"),
    },
    "companies": {
        "name": path("name"),
        "identifier": path("identifier"),
        "status": path("status", "name"),
        "city": path("city"),
        "phone": path("phoneNumber"),
        "website": path("website"),
        "annual_revenue": number("annualRevenue"),
        "employee_count": path("numberOfEmployees"),
    },
    "contacts": {
        "first_name": path("firstName"),
        "last_name": path("lastName"),
        "company_id": text("company", "id"),
        "title": path("title"),
        "department": path("department", "name"),
    },
    "agreements": {
        "name": path("name"),
        "type": path("type", "name"),
        "status": path("agreementStatus"),
        "company_id": text("company", "id"),
        "contact_id": text("contact", "id"),
        "amount": number("billAmount"),
        "currency": path("currency", "currencyCode"),
    },
}


@dataclass
class Days:
    """A sandbox with two tenants, and an installation whose clock is the sandbox's."""

    sandbox: Sandbox
    home: Path
    root: str | None = None
    s3_options: dict[str, str] | None = None
    tables: tuple[str, ...] = TABLES
    moments: list[datetime] = field(default_factory=list)
    """When each sync began: the world's time, which stood still until it was done."""
    began: float = field(default_factory=time.monotonic)

    def clock(self) -> datetime:
        """The world's time, and what has gone by in this process since it was last moved."""
        return self.sandbox.clock() + timedelta(seconds=time.monotonic() - self.began)

    @contextmanager
    def ports(self) -> Iterator[Ports]:
        with open_home(self.home, root=self.root, s3_options=self.s3_options, clock=self.clock) as ports:
            yield ports

    @property
    def canonical(self) -> tuple[str, ...]:
        """The canonical tables that its raw tables feed."""
        return tuple(table for table in CANONICAL if table in self.tables)

    def connect(self) -> None:
        with self.ports() as ports:
            for tenant in self.sandbox.worlds:
                ports.tenants.add_tenant(tenant)
                settings = self.sandbox.settings("connectwise", tenant)
                ports.tenants.put(TenantService(tenant, "connectwise", settings=settings, tables=self.tables))
                ports.secrets.put(tenant, "connectwise", self.sandbox.secrets("connectwise", tenant))

    def next_day(self, hours: float = 24) -> None:
        self.sandbox.clock.advance(timedelta(hours=hours))
        self.began = time.monotonic()
        self.moments.append(self.sandbox.clock())

    def sync(self) -> list[SyncReport]:
        with self.ports() as ports:
            reports = [sync_tenant(ports, tenant) for tenant in self.sandbox.worlds]
        for report in reports:
            assert report.complete, [str(t.error) for t in report.tables if t.error] + list(map(str, report.errors))
        return reports

    def copied(self, home: Path) -> Days:
        """The same installation in another folder, a minute after its last sync began. The vendor is as it was then,
        but for the requests that it counted.
        """
        shutil.copytree(self.home, home)
        self.sandbox.clock.set(self.moments[-1])
        self.sandbox.faults.clear()
        return replace(self, home=home, moments=list(self.moments), began=time.monotonic() - 60)

    def start_sync(self) -> subprocess.Popen[bytes]:
        """The same in a process of its own, which can be killed."""
        code = "import msp_days, sys; msp_days.sync_as_process(*sys.argv[1:])"
        offset = str(time.time() - (time.monotonic() - self.began))
        command = [sys.executable, "-c", code, str(self.home), to_iso(self.sandbox.clock()), offset]
        return subprocess.Popen(command, cwd=Path(__file__).parent, stderr=subprocess.PIPE)

    def table(self, tenant: str, table: str) -> list[Json]:
        """Read by another engine, without any code of ours."""
        options = delta_options(self.s3_options) if self.s3_options else None
        uri = f"{self.root or self.home / 'data'}/{tenant}/canonical/{table}"
        return pl.read_delta(uri, storage_options=options).to_dicts()


def sync_as_process(home: str, world: str, began: str) -> None:
    """Sync all tenants by a clock that read `world` when the real one read `began` (epoch seconds)."""
    start = from_iso(world)
    with open_home(Path(home), clock=lambda: start + timedelta(seconds=time.time() - float(began))) as ports:
        reports = [sync_tenant(ports, tenant) for tenant in ports.tenants.tenants()]
    sys.exit(0 if all(report.complete for report in reports) else 1)


@contextmanager
def msp_days(
    home: Path,
    tenants: tuple[str, ...] = ("acme", "globex"),
    root: str | None = None,
    s3_options: dict[str, str] | None = None,
    tables: tuple[str, ...] = TABLES,
) -> Iterator[Days]:
    worlds = {tenant: World(seed=11 + number, start=START) for number, tenant in enumerate(tenants)}
    with Sandbox(worlds=worlds, clock=SandboxClock(START + timedelta(days=10))) as sandbox:
        days = Days(sandbox, home, root, s3_options, tables)
        days.connect()
        yield days


def check_against_truth(days: Days, tenant: str, table: str) -> int:
    """Hold every version of a canonical table against what the vendor showed at each sync; how many versions."""
    projection = PROJECTIONS[table]
    rows: dict[str, list[Json]] = {}
    for row in days.table(tenant, table):
        rows.setdefault(row["source_id"], []).append(row)
    truth = days.sandbox.history(tenant, table)
    shown = {str(id_): _shown(events, days.moments) for id_, events in truth.items()}
    assert set(rows) == {id_ for id_, states in shown.items() if any(_is_live(record) for _, record in states)}
    for id_, versions in rows.items():
        versions.sort(key=lambda row: row["valid_from"])
        _check_record(versions, shown[id_], projection)
    return sum(map(len, rows.values()))


def _shown(events: list[tuple[datetime, Json | None]], moments: list[datetime]) -> list[tuple[datetime, Json | None]]:
    """What the vendor showed of a record at each sync, from the first that could see it."""
    times = [when for when, _ in events]
    return [(moment, events[place - 1][1]) for moment in moments if (place := bisect_right(times, moment))]


def _is_live(record: Json | None) -> bool:
    return record is not None and not record.get("deletedFlag")


def _check_record(versions: list[Json], shown: list[tuple[datetime, Json | None]], projection: Projection) -> None:
    starts = set()
    for moment, record in shown:
        # A deletion by absence counts from the listing that noticed it, seconds after the sync began.
        at = moment if _is_live(record) else moment + timedelta(minutes=10)
        holding = [v for v in versions if v["valid_from"] <= at and (v["valid_to"] is None or v["valid_to"] > at)]
        if not _is_live(record):
            assert holding == []
            continue
        assert record is not None
        changed = from_iso(record["_info"]["lastUpdated"])
        starts.add(changed)
        assert len(holding) == 1, (moment, record["id"], versions)
        assert holding[0]["valid_from"] <= changed
        for name, value in projection.items():
            assert holding[0][name] == value(record), (name, moment, record["id"])
    # Nothing is told that was not shown, no version is split without a reason, and none touches the next wrongly.
    assert {v["valid_from"] for v in versions} <= starts
    for earlier, later in pairwise(versions):
        assert earlier["valid_to"] is not None
        assert earlier["valid_to"] <= later["valid_from"]
        if earlier["valid_to"] == later["valid_from"]:
            ours = {n for n in earlier if n not in HISTORY_COLUMNS and earlier[n] != later[n]}
            assert ours, "two versions that do not differ"


HISTORY_COLUMNS = {"valid_from", "valid_to", "is_current", "is_deleted", "recorded_at", "updated_at", "updated_by"}
