"""A sync in a process of its own that kills itself at one chosen point of a write: before it, in the middle of it, or
after it (see write_points).
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import threading
import time
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from avesa.canonical_transform.mapping import load_mapping, mapping_names
from avesa.connector.outcome import PullOptions
from avesa.pipeline.home import open_home
from avesa.pipeline.ingest import ingest_service
from avesa.pipeline.ports import Ports
from avesa.pipeline.transform import transform_tenant
from avesa.shared.clock import from_iso, to_iso
from forked import Forker
from write_points import KINDS, SMALL_PAGES, Half, Point, watched

for _table in mapping_names():  # read before any process is forked off, for all of them
    load_mapping(_table)


def sync_in_small_steps(ports: Ports, tenant: str) -> None:
    """What a sync does, with pages and files so small that each table has several. Raises if anything fails."""
    run_id = to_iso(ports.clock())
    with ports.watermarks.lease(tenant, "sync"):
        for one in ports.tenants.services(tenant):
            options = PullOptions(save_every=0)
            done = ingest_service(ports, one, run_id=run_id, service=SMALL_PAGES, options=options)
            assert done.ok, [str(table.error) for table in done.tables if table.error]
        for outcome in transform_tenant(ports, tenant, run_id=run_id):
            assert outcome.status == "ok", outcome.error


def run_watched(home: Path, world: datetime, began: float, told: Path, point: Point | None = None) -> int:
    """Sync tenant acme in a new process by a clock that read `world` when `began` (epoch seconds) was; its exit code.

    Without a point every one that it passes is written to the file `told`.
    """
    chosen = json.dumps(asdict(point) if point else None)
    code, error = _forker().run("main", str(home), to_iso(world), str(began), str(told), chosen)
    if code not in (0, -signal.SIGKILL):
        raise AssertionError(error or f"it ended with {code}")
    return code


@cache
def _forker() -> Forker:
    """One for all the runs of a process."""
    forker = Forker("kill_points")
    atexit.register(forker.end)
    return forker


def points_told(told: Path) -> list[Point]:
    return sorted({Point(**json.loads(line)) for line in told.read_text().splitlines()})


def main(home: str, world: str, began: str, told: str, point: str) -> None:
    """What the new process does."""
    chosen = json.loads(point)
    start = from_iso(world)
    turn = threading.Lock()

    def tell(reached: Point, half: Half) -> None:
        if reached.kind in KINDS:
            with turn, Path(told).open("a") as file:
                file.write(json.dumps(asdict(reached)) + "\n")

    def die(reached: Point, half: Half) -> None:
        if reached == Point(**chosen):
            half()
            os.kill(os.getpid(), signal.SIGKILL)

    def clock() -> datetime:
        return start + timedelta(seconds=time.time() - float(began))

    with open_home(Path(home), clock=clock) as ports, watched(die if chosen else tell):
        sync_in_small_steps(ports, "acme")
