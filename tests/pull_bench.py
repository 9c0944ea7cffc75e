"""One tenant, one vendor, and one clock for both, to pull its tables."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from avesa.pipeline.ingest import IngestOutcome, ingest_table
from avesa.pipeline.ports import Ports
from tiny_vendor import SERVICE, TinyVendor, connect_tenant, landed, open_ports

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


class Bench:
    """One tenant, one vendor, one clock for both."""

    def __init__(self, home: Path, vendor: TinyVendor) -> None:
        self.clock = Clock()
        self.vendor = vendor
        self.ports: Ports = open_ports(home, self.clock)
        self.tenant = connect_tenant(self.ports, vendor.url)
        self.service = SERVICE
        self.at(NOON)

    def at(self, moment: datetime) -> None:
        self.clock.now = moment
        self.vendor.date = format_datetime(moment, usegmt=True)

    def pull(self, table: str = "tickets", **more: Any) -> IngestOutcome:
        return ingest_table(self.ports, self.tenant, table, run_id="r1", service=self.service, **more)

    def state(self, table: str = "tickets") -> Any:
        return self.ports.watermarks.get("acme", f"tiny/{table}")

    def ids(self, table: str = "tickets") -> list[str]:
        return sorted((row["record_id"] for row in landed(self.ports, table)), key=int)


def stop_after(pages: int) -> tuple[Any, Any]:
    """A progress callback and the stop signal that it raises."""
    seen: list[int] = []
    return (lambda table, page, rows: seen.append(page)), (lambda: len(seen) >= pages)
