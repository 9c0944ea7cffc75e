"""Syncs that are about to begin, to be broken off at one of their writes, and what must hold once another was done."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
from deltalake import DeltaTable

from avesa.sandbox.clock import SandboxClock
from avesa.sandbox.server import Sandbox
from avesa.sandbox.world import World
from avesa.shared.clock import from_iso
from avesa.shared.objects import open_objects
from avesa.shared.receipt import Receipt, decode_receipt
from kill_points import sync_in_small_steps
from msp_days import START, Days, check_against_truth
from raw_files import PullOf, Row, land
from write_points import Point

TENANT = "acme"
TABLES = ("contacts", "tickets", "agreements", "agreement_additions")
CANONICAL = ("contacts", "tickets", "agreements")
SEED = 17
"""A world in which a contact is removed between the 20th and the 30th hour: a change pull cannot see that."""
STAGED = re.compile(r".+#\d+")


@dataclass(frozen=True)
class Sync:
    """A sync that is about to begin, all its points, and how many versions each table has after it."""

    days: Days
    points: list[Point]
    versions: dict[str, int]


@contextmanager
def syncs_about_to_begin(folder: Path, points_of: Callable[[Days], list[Point]]) -> Iterator[Callable[[str], Sync]]:
    """That of each kind, made once when it is first asked for. `points_of` lets a copy of it run to its end."""
    with ExitStack() as on_exit:

        @cache
        def of(kind: str) -> Sync:
            days = on_exit.enter_context(before_a_sync(kind, folder / kind / "home"))
            trial = copy_of(days, folder / kind / "trial")
            return Sync(days, points_of(trial), versions_of(trial))

        yield of


@contextmanager
def before_a_sync(kind: str, home: Path) -> Iterator[Days]:
    """An installation at the moment at which a sync of that kind begins: the "first" of all, a "listing" of what was
    listed before, or one that asks for "changes".
    """
    world = World(seed=SEED, start=START, days=14, companies=4, tickets_a_day=1)
    with Sandbox(worlds={TENANT: world}, clock=SandboxClock(START + timedelta(days=10))) as sandbox:
        days = Days(sandbox, home, tables=TABLES)
        days.connect()
        days.next_day(7)
        if kind != "first":
            with days.ports() as ports:
                sync_in_small_steps(ports, TENANT)
            days.next_day(20 if kind == "changes" else 30)
        land_an_unfit_row(days)
        yield days


def land_an_unfit_row(days: Days) -> None:
    """Another program's pull, whose only row has no key, so that there is something to put into quarantine."""
    with days.ports() as ports:
        moment = days.moments[-1] - timedelta(minutes=1)
        row = Row(None, {"summary": "no key"}, None, moment)
        land(ports.objects, TENANT, "connectwise", "tickets", PullOf((row,), moment))


def copy_of(days: Days, home: Path) -> Days:
    """The same installation in another folder, at the moment at which its sync begins."""
    shutil.copytree(days.home, home)
    return Days(days.sandbox, home, tables=days.tables, moments=list(days.moments))


def versions_of(days: Days) -> dict[str, int]:
    """How many versions each table has, once all of them are held against the truth."""
    return {table: check_against_truth(days, TENANT, table) for table in CANONICAL}


def is_true_and_whole(days: Days, versions: dict[str, int]) -> None:
    assert versions_of(days) == versions
    for table in TABLES:
        holds_all_that_was_shown(days, table)


def holds_all_that_was_shown(days: Days, table: str) -> None:
    """Every record as the vendor shows it now lies in a raw file that a receipt names."""
    folder = days.home / "data" / TENANT / "raw" / "connectwise" / table
    files = {file for receipt in receipts(folder) for file in receipt.files}
    landed = pl.concat([pl.read_parquet(folder / file, columns=["record_id", "updated_at"]) for file in files])
    held = set(landed.iter_rows())
    for id_, states in days.sandbox.history(TENANT, table).items():
        _, record = states[-1]
        if record is not None:
            assert (str(id_), updated(record)) in held, (table, id_)


def updated(record: dict[str, Any]) -> datetime:
    return from_iso(record["_info"]["lastUpdated"])


def receipts(folder: Path) -> list[Receipt]:
    found = [decode_receipt(path.read_bytes()) for path in folder.glob("*.receipt.json")]
    for receipt in found:
        assert all((folder / file).exists() for file in receipt.files)
        rows = sum(pl.scan_parquet(folder / file).select(pl.len()).collect().item() for file in receipt.files)
        assert rows == receipt.rows
    return found


def table_path(days: Days, table: str) -> Path:
    return days.home / "data" / TENANT / "canonical" / table


def nothing_is_left_over(days: Days) -> None:
    """No staged file, nothing in the scratch folder, no lease, and the log speaks of files that are there."""
    assert [path for path in days.home.rglob("*") if STAGED.fullmatch(path.name)] == []
    assert not any(STAGED.fullmatch(info.path) for info in open_objects(days.home / "data").list(""))
    assert list((days.home / "scratch").iterdir()) == []
    for table in CANONICAL:
        assert all(Path(uri).exists() for uri in DeltaTable(str(table_path(days, table))).file_uris())
    with days.ports() as ports, ports.watermarks.lease(TENANT, "sync"):
        assert [state.table_name for state in ports.watermarks.all(TENANT) if state.checkpoint] == []
