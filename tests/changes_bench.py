"""One tenant and one table of a vendor that answers as a test says, for the ways in which vendors tell what changed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from avesa.connector.paging import ForwardOnly
from avesa.connector.service import Endpoint, Service
from avesa.pipeline.ingest import IngestOutcome, ingest_table
from avesa.pipeline.ports import Ports
from avesa.shared.watermarks import TableState
from pull_bench import NOON, Clock
from tiny_vendor import SERVICE, Answer, Asked, TinyVendor, connect_tenant, landed, open_ports, tiny_vendor

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BY_ID = ForwardOnly(most=3)

Json = dict[str, Any]


class Bench:
    """One tenant of a service with the one endpoint `things` (or others beside it), and a vendor that answers as
    `answer` says.
    """

    def __init__(self, home: Path, vendor: TinyVendor, endpoint: Endpoint, **service: Any) -> None:
        self.clock, self.vendor = Clock(), vendor
        self.ports: Ports = open_ports(home, self.clock)
        self.tenant = connect_tenant(self.ports, vendor.url)
        self.service: Service = replace(SERVICE, **{"endpoints": (endpoint,), "paging": BY_ID, **service})
        self.at(NOON)

    def at(self, moment: datetime) -> None:
        self.clock.now = moment
        self.vendor.date = format_datetime(moment, usegmt=True)

    def pull(self, **more: Any) -> IngestOutcome:
        ports, table = more.pop("ports", self.ports), more.pop("table", "things")
        return ingest_table(ports, self.tenant, table, run_id="r", service=self.service, **more)

    @property
    def state(self) -> TableState:
        return self.ports.watermarks.get("acme", "tiny/things")

    @property
    def rows(self) -> list[Json]:
        return landed(self.ports, "things")

    def answers(self, answer: Callable[[Asked], Any]) -> None:
        """`answer` gives the JSON of a page, or an Answer."""

        def bend(asked: Asked, _: Answer) -> Answer:
            found = answer(asked)
            return found if isinstance(found, Answer) else Answer(body=json.dumps(found).encode())

        self.vendor.bend = bend


@contextmanager
def bench(home: Path, endpoint: Endpoint, **service: Any) -> Iterator[Bench]:
    with tiny_vendor() as vendor:
        yield Bench(home, vendor, endpoint, **service)


def stop_after(pages: int) -> dict[str, Any]:
    seen: list[int] = []
    return {"progress": lambda table, page, rows: seen.append(page), "stop": lambda: len(seen) >= pages}


def iso(moment: datetime) -> str:
    return moment.isoformat()


def second(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(seconds=1)
