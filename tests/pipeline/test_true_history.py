"""The whole way, over real HTTP: what the canonical tables tell is what the vendor really showed, whatever happens
on the way."""

from __future__ import annotations

import random
import shutil
from pathlib import Path
from typing import Any

import pytest

from avesa.pipeline.home import open_home
from avesa.pipeline.query import query
from avesa.pipeline.transform import transform_tenant
from avesa.shared.clock import system_clock
from msp_days import CANONICAL, Days, check_against_truth, msp_days
from s3_server import S3Root

SYNCS = 6


def everything(days: Days) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """All canonical rows, in order."""
    order = ("source_service", "source_table", "source_id", "valid_from")
    return {
        (tenant, table): sorted(days.table(tenant, table), key=lambda row: [row[name] for name in order])
        for tenant in days.sandbox.worlds
        for table in CANONICAL
    }


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Several days, each synced without trouble."""
    with msp_days(tmp_path_factory.mktemp("days") / "home") as days:
        for _ in range(SYNCS):
            days.next_day()
            days.sync()
        yield days


@pytest.mark.parametrize("table", CANONICAL)
@pytest.mark.parametrize("tenant", ["acme", "globex"])
def test_every_version_is_what_the_vendor_showed(synced: Days, tenant: str, table: str) -> None:
    assert check_against_truth(synced, tenant, table) > 10


def test_there_is_history_worth_the_name(synced: Days) -> None:
    rows = [row for table in everything(synced).values() for row in table]
    assert sum(not row["is_current"] for row in rows) > 100
    assert any(row["is_deleted"] for row in rows)


def test_a_rebuild_gives_the_same_tables(synced: Days) -> None:
    before = everything(synced)
    with synced.ports() as ports:
        for tenant in synced.sandbox.worlds:
            outcomes = transform_tenant(ports, tenant, run_id="rebuild", rebuild=True)
            assert all(outcome.report.rebuilt for outcome in outcomes)
    assert everything(synced) == before


@pytest.mark.parametrize("seed", range(2))
def test_raw_files_in_any_order_and_any_batches_give_the_same_tables(synced: Days, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    days = Days(synced.sandbox, tmp_path / "home", moments=synced.moments)
    days.connect()
    source, target = synced.home / "data", days.home / "data"
    receipts = sorted(path.relative_to(source) for path in source.rglob("*.receipt.json"))
    chance.shuffle(receipts)
    for file in source.rglob("raw/**/*.parquet"):
        place = target / file.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, place)
    while receipts:
        for _ in range(min(len(receipts), chance.randint(1, 40))):
            receipt = receipts.pop()
            shutil.copy(source / receipt, target / receipt)
        with open_home(days.home, clock=system_clock) as ports:
            for tenant in days.sandbox.worlds:
                for outcome in transform_tenant(ports, tenant, run_id="shuffled"):
                    assert outcome.status == "ok", outcome.error
    assert everything(days) == everything(synced)


def test_a_sync_killed_at_random_points_ends_in_the_true_history(tmp_path: Path) -> None:
    chance = random.Random(5)
    with msp_days(tmp_path / "home") as days:
        kills = 0
        for _ in range(2):
            days.next_day()
            for patience in (0.8, 1.2, 1.8):
                process = days.start_sync()
                try:
                    process.wait(timeout=patience * chance.uniform(0.5, 1.5))
                except Exception:  # still at work
                    process.kill()
                    kills += 1
                process.communicate()
            days.sync()
        assert kills > 1
        for tenant in days.sandbox.worlds:
            for table in CANONICAL:
                check_against_truth(days, tenant, table)
        before = everything(days)
        with days.ports() as ports:
            for tenant in days.sandbox.worlds:
                transform_tenant(ports, tenant, run_id="rebuild", rebuild=True)
        assert everything(days) == before


def test_a_bucket_on_s3_serves_as_well_as_a_folder(tmp_path: Path, s3_root: S3Root) -> None:
    with msp_days(tmp_path / "home", ("acme",), s3_root.url, s3_root.options) as days:
        for _ in range(3):
            days.next_day()
            days.sync()
        assert not (tmp_path / "home" / "data").exists()
        for table in CANONICAL:
            assert check_against_truth(days, "acme", table) > 10
        before = {table: days.table("acme", table) for table in CANONICAL}
        with days.ports() as ports:
            assert query(ports, "acme", "SELECT count(*) FROM tickets").rows[0][0] == len(before["tickets"])
            transform_tenant(ports, "acme", run_id="rebuild", rebuild=True)
        for table, rows in before.items():
            assert sorted(days.table("acme", table), key=str) == sorted(rows, key=str)
        assert list((tmp_path / "home" / "scratch").iterdir()) == []
