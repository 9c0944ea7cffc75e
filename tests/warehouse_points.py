"""The points of a load at which it can end: before each thing that it says to a warehouse, so after the one before it.

All that a load does there goes through the calls that are watched here, so a load that comes to its end tells how many
points there are. A process of its own kills itself at one of them.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from avesa.warehouse.clickhouse_session import ClickHouseSession
from avesa.warehouse.duckdb_warehouse import DuckDBWarehouse
from avesa.warehouse.postgres_session import PostgresSession
from warehouse_lake import lake_in
from warehouse_sides import Side, opened, side_of

_CALLS: dict[str, list[tuple[type, str]]] = {
    "duckdb": [(DuckDBWarehouse, "run")],
    "postgresql": [(PostgresSession, "run"), (PostgresSession, "ingest"), (PostgresSession, "commit")],
    "clickhouse": [(ClickHouseSession, "run"), (ClickHouseSession, "insert")],
}


@contextmanager
def watched(side: Side, reached: Callable[[int], None]) -> Iterator[None]:
    """`reached` is told the number of each point, from 0 on."""
    numbers = iter(range(1_000_000))
    before = [(type_, name, getattr(type_, name)) for type_, name in _CALLS[side.words[0]]]

    def put(type_: type, name: str, call: Callable[..., Any]) -> None:
        def between(*args: Any, **options: Any) -> Any:
            reached(next(numbers))
            return call(*args, **options)

        setattr(type_, name, between)

    for place in before:
        put(*place)
    try:
        yield
    finally:
        for type_, name, call in before:
            setattr(type_, name, call)


def load_and_die(side: Side, lake: Path, version: int, point: int, *, anew: bool = False) -> int:
    """Load in a new process that kills itself at a point; its exit code."""
    code = "import warehouse_points, sys; warehouse_points.main(*sys.argv[1:])"
    command = [sys.executable, "-c", code, *side.words, str(lake), str(version), str(point), "anew" if anew else ""]
    done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, timeout=60, check=False)
    if done.returncode not in (0, -signal.SIGKILL):
        raise AssertionError(done.stderr.decode())
    return done.returncode


def main(kind: str, address: str, folder: str, version: str, point: str, anew: str) -> None:
    """What the new process does."""

    def reached(number: int) -> None:
        if number == int(point):
            os.kill(os.getpid(), signal.SIGKILL)

    side = side_of((kind, address))
    with opened(side) as warehouse, watched(side, reached):
        lake_in(Path(folder)).load(warehouse, version=int(version), anew=bool(anew))
