"""One tenant of one declared service, connected to its strict vendor; both have one clock."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars

from avesa.integrations import load_service
from avesa.pipeline.ingest import IngestOutcome, ingest_table
from avesa.pipeline.ports import Ports
from avesa.shared.tenants import TenantService
from strict_vendor.server import Serving, strict_vendor
from tiny_vendor import open_ports


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


class StrictBench:
    def __init__(self, home: Path, name: str, serving: Serving, clock: Clock, settings: dict[str, str]) -> None:
        self.vendor, self.clock = serving.vendor, clock
        service = load_service(name)
        self.service = replace(service, retry=replace(service.retry, first_wait=0.0, longest_wait=0.0))
        self.ports: Ports = open_ports(home, clock)
        self.ports.tenants.add_tenant("acme")
        held = self.vendor.credentials.values
        known = {one.name: held[one.name] for one in service.settings if one.name in held}
        self.stored = TenantService("acme", name, settings={**known, **settings, "base_url": serving.url})
        self.ports.tenants.put(self.stored)
        self.ports.secrets.put("acme", name, {secret: held[secret] for secret in service.secrets})

    def pull(self, table: str, **more: Any) -> IngestOutcome:
        return ingest_table(self.ports, self.stored, table, run_id="r", service=self.service, **more)

    def rows(self, table: str) -> list[dict[str, Any]]:
        """All raw rows of the table, those extracted last at the end; `record` is the payload decoded."""
        infos = self.ports.objects.list(f"acme/raw/{self.service.name}/{table}")
        files = [self.ports.objects.fetch(i.path, self.ports.scratch) for i in infos if i.path.endswith(".parquet")]
        rows = polars.concat(map(polars.read_parquet, files)).sort("extracted_at").to_dicts() if files else []
        return [{**row, "record": json.loads(row["payload"])} for row in rows]

    def asked(self, table: str) -> list[dict[str, str]]:
        """The parameters of every request for a table that was answered as asked."""
        return [dict(served.query) for served in self.vendor.served if served.table == table and served.status == 200]


@contextmanager
def strict_bench(
    home: Path, name: str, *, settings: dict[str, str] | None = None, **vendor: Any
) -> Iterator[StrictBench]:
    """`vendor` are the options of `StrictVendor`. No request may break a rule of the vendor."""
    clock = Clock()
    with strict_vendor(name, clock=clock, **vendor) as serving:
        bench = StrictBench(home, name, serving, clock, settings or {})
        yield bench
        assert bench.vendor.violations == []
