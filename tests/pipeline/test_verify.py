"""Verification finds nothing on tables that are right, and names what differs on tables that are not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from avesa.pipeline.query import query
from avesa.pipeline.sync import sync_tenant
from avesa.pipeline.transform import transform_tenant
from avesa.pipeline.verify import Check, verify_tenant
from avesa.shared.errors import StorageError
from landed_home import rewrite
from msp_days import CANONICAL, Days, check_against_truth, msp_days


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Days]:
    with msp_days(tmp_path_factory.mktemp("synced") / "home", tenants=("acme",)) as days:
        for _ in range(2):
            days.next_day()
            days.sync()
        yield days


@pytest.fixture
def days(synced: Days, tmp_path: Path) -> Days:
    return synced.copied(tmp_path / "home")


def failed(days: Days) -> dict[str, Check]:
    with days.ports() as ports:
        return {check.what: check for check in verify_tenant(ports, "acme", ["tickets"]) if not check.ok}


def test_tables_that_are_right_pass_every_check(days: Days) -> None:
    with days.ports() as ports:
        checks = verify_tenant(ports, "acme")
    assert {check.table for check in checks} == set(CANONICAL)
    assert len(checks) == 5 * len(CANONICAL)
    assert all(check.ok and check.compared > 0 for check in checks)


def test_it_changes_nothing(days: Days) -> None:
    before = {path: path.stat().st_mtime_ns for path in (days.home / "data").rglob("*")}
    with days.ports() as ports:
        verify_tenant(ports, "acme")
    assert {path: path.stat().st_mtime_ns for path in (days.home / "data").rglob("*")} == before


def current_file(days: Days) -> Path:
    from avesa.canonical_transform.canonical_table import CanonicalTable

    with days.ports() as ports:
        snapshot = CanonicalTable(ports.objects, "acme", "tickets", ports.scratch, ports.clock).snapshot()
    return next(days.home / "data/acme/canonical/tickets" / file.name for file in snapshot.files if file.is_current)


def test_a_changed_value_is_found_by_its_key(days: Days) -> None:
    file = current_file(days)
    with duckdb.connect() as con:
        (victim,) = con.execute(f"SELECT min(source_id) FROM '{file}'").fetchone() or ()
    rewrite(
        file, f"SELECT * REPLACE (CASE source_id WHEN '{victim}' THEN 'x' ELSE summary END AS summary) FROM '{{file}}'"
    )
    found = failed(days)
    assert set(found) == {"the log and its files agree", "a rebuild from raw gives the same rows"}
    assert found["a rebuild from raw gives the same rows"].wrong == (f"connectwise/tickets {victim}",)


def test_a_lost_row_is_found_in_the_log_and_against_raw(days: Days) -> None:
    rewrite(current_file(days), "SELECT * FROM '{file}' ORDER BY source_id OFFSET 1")
    found = failed(days)
    assert set(found) == {"the log and its files agree", "a rebuild from raw gives the same rows"}


def test_an_overlap_is_found(days: Days) -> None:
    rewrite(
        current_file(days),
        "SELECT * FROM '{file}' UNION ALL "
        "SELECT * REPLACE (valid_from + INTERVAL 1 SECOND AS valid_from) FROM '{file}'",
    )
    assert failed(days)["intervals are well formed"].differing > 0


def test_a_missing_file_is_named(days: Days) -> None:
    file = current_file(days)
    file.unlink()
    assert failed(days)["the log and its files agree"].wrong == (f"{file.name} is missing",)


def test_a_receipt_that_does_not_fit_its_files_is_named(days: Days) -> None:
    receipt = max((days.home / "data/acme/raw/connectwise/tickets").glob("*.receipt.json"))
    told = json.loads(receipt.read_text())
    oldest = told.pop("min_updated_at")
    receipt.write_text(json.dumps({**told, "rows": 45, "complete": True, "reason": "stopped"}))
    assert failed(days)["receipts fit their files"].wrong == (
        f"acme/raw/connectwise/tickets/{receipt.name} does not fit its files: rows is 45, by the files {told['rows']}; "
        f"min_updated_at is null, by the files {oldest}; complete is true, though it gives a reason why it is not",
    )


def test_what_is_landed_and_not_folded_is_named(days: Days) -> None:
    days.next_day()
    with days.ports() as ports:
        sync_tenant(ports, "acme", transform=False)
    assert failed(days)["every receipt is folded"].differing == 1
    with days.ports() as ports:
        transform_tenant(ports, "acme", run_id="now")
    assert failed(days) == {}


def test_a_rebuild_mends_what_was_found(days: Days) -> None:
    rewrite(current_file(days), "SELECT * FROM '{file}' ORDER BY source_id OFFSET 1")
    assert failed(days)
    with days.ports() as ports:
        transform_tenant(ports, "acme", run_id="mend", rebuild=True)
    assert failed(days) == {}


def test_a_damaged_table_file_is_told_others_go_on_and_a_rebuild_mends_it(days: Days) -> None:
    current_file(days).write_bytes(b"PAR1 not any more PAR1")
    days.next_day()
    with days.ports() as ports:
        report = sync_tenant(ports, "acme")
        broken = {outcome.table: outcome for outcome in report.transforms if outcome.status == "failed"}
        assert list(broken) == ["tickets"]
        assert isinstance(broken["tickets"].error, StorageError)
        assert len(report.transforms) == len(CANONICAL)
        transform_tenant(ports, "acme", run_id="mend", tables=["tickets"], rebuild=True)
    assert failed(days) == {}
    check_against_truth(days, "acme", "tickets")


def test_a_broken_mapping_of_one_table_stops_that_table_alone(days: Days) -> None:
    place = days.home / "data/acme/mappings/tickets.json"
    place.parent.mkdir(parents=True)
    place.write_text('{"table": "tickets", "columns": {"mood": {"type": "feeling", "description": "?"}}}')
    days.next_day()
    with days.ports() as ports:
        report = sync_tenant(ports, "acme")
        (outcome,) = [outcome for outcome in report.transforms if outcome.status == "failed"]
        assert "acme/mappings/tickets.json" in str(outcome.error) and "columns.mood.type" in str(outcome.error)
        assert query(ports, "acme", "SELECT count(*) FROM contacts").rows[0][0] > 0
    place.unlink()
    days.sync()
    check_against_truth(days, "acme", "tickets")


def test_a_damaged_log_is_told_for_its_table_alone_and_the_table_comes_back_from_raw(days: Days) -> None:
    table = days.home / "data/acme/canonical/tickets"
    for entry in (table / "_delta_log").glob("*.json"):
        entry.write_text("{ this is no log entry")
    days.next_day()
    with days.ports() as ports:
        report = sync_tenant(ports, "acme")
        (broken,) = [outcome for outcome in report.transforms if outcome.status == "failed"]
        assert broken.table == "tickets" and isinstance(broken.error, StorageError)
        assert "tenant acme, tickets" in str(broken.error) and "folded again from raw" in str(broken.error)
        assert len(report.transforms) == len(CANONICAL)
    table.rename(days.home / "moved away")
    days.sync()
    check_against_truth(days, "acme", "tickets")
    assert failed(days) == {}
