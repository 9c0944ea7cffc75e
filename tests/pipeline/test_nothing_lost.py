"""Bad answers and bad luck: each gets a clear error for whom it concerns, and the next sync ends in the truth."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from avesa.connector import client
from avesa.connector.retry import wait_before_retry
from avesa.pipeline.sync import SyncReport, sync_tenant
from avesa.pipeline.transform import transform_tenant
from avesa.shared.errors import Busy, ServiceFailed, StorageError, TableFailed, Unavailable
from msp_days import CANONICAL, TABLES, Days, check_against_truth, msp_days


@pytest.fixture(autouse=True)
def _unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tried again is tried at once, where the vendor names no time: chance gives the shortest wait."""
    monkeypatch.setattr(client, "wait_before_retry", lambda *a, **k: wait_before_retry(*a, **{**k, "random": float}))


@pytest.fixture
def days(tmp_path: Path) -> Iterator[Days]:
    """One tenant, synced once; then a day goes by."""
    with msp_days(tmp_path / "home", tenants=("acme",)) as days:
        days.next_day()
        days.sync()
        days.next_day()
        yield days


def sync(days: Days, tenant: str = "acme", **options: Any) -> SyncReport:
    with days.ports() as ports:
        return sync_tenant(ports, tenant, **options)


def failures(report: SyncReport) -> dict[str, Exception | None]:
    return {table.table: table.error for table in report.tables if table.status == "failed"}


def ends_in_the_truth(days: Days) -> None:
    """After one more sync without trouble, every table tells what the vendor showed."""
    days.sandbox.faults.clear()
    days.sync()
    for table in CANONICAL:
        check_against_truth(days, "acme", table)


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("not_json", "JSON"),
        ("object", "list"),
        ("endless", "never end"),
    ],
)
def test_pages_that_make_no_sense_fail_their_table_alone(days: Days, kind: str, says: str) -> None:
    days.sandbox.faults.push(kind, "contacts", times=None)  # type: ignore[arg-type]
    report = sync(days)
    assert list(failures(report)) == ["contacts"]
    error = failures(report)["contacts"]
    assert isinstance(error, TableFailed)
    assert says in str(error)
    assert "tenant acme, connectwise/contacts" in str(error)
    assert {table.table for table in report.tables if table.status == "ok"} == set(TABLES) - {"contacts"}
    ends_in_the_truth(days)


def test_a_missing_right_fails_the_table_that_needs_it_and_says_so(days: Days) -> None:
    days.sandbox.faults.push("status", "time_entries", status=403, times=None)
    report = sync(days)
    assert "right" in str(failures(report)["time_entries"])
    assert len(failures(report)) == 1
    ends_in_the_truth(days)


def test_a_refused_connection_is_named_and_marked_and_others_go_on(tmp_path: Path) -> None:
    with msp_days(tmp_path / "home") as days:
        days.next_day()
        with days.ports() as ports:
            ports.secrets.put(
                "acme", "connectwise", {**days.sandbox.secrets("connectwise", "acme"), "private_key": "x"}
            )
            reports = {tenant: sync_tenant(ports, tenant) for tenant in ("acme", "globex")}
            (service,) = ports.tenants.services("acme")
            assert service.problem and "401" in service.problem
            assert isinstance(reports["acme"].services[0].problem, ServiceFailed)
            assert not reports["acme"].complete
            assert reports["globex"].complete
            ports.secrets.put("acme", "connectwise", days.sandbox.secrets("connectwise", "acme"))
            assert sync_tenant(ports, "acme").complete
            assert ports.tenants.services("acme")[0].problem is None
        for table in CANONICAL:
            check_against_truth(days, "acme", table)
            check_against_truth(days, "globex", table)


@pytest.mark.parametrize("fault", [{"status": 429, "retry_after": 0}, {"status": 500}, {"status": 503}])
def test_a_vendor_that_is_busy_for_a_moment_is_asked_again(days: Days, fault: dict[str, int]) -> None:
    days.sandbox.faults.push("status", "tickets", times=2, **fault)
    report = sync(days)
    assert report.complete
    assert next(table for table in report.tables if table.table == "tickets").retries == 2
    ends_in_the_truth(days)


def test_a_connection_that_is_cut_is_tried_again(days: Days) -> None:
    days.sandbox.faults.push("cut", "tickets")
    days.sandbox.faults.push("drop", "companies")
    assert sync(days).complete
    ends_in_the_truth(days)


def test_an_empty_answer_where_there_were_records_fails_its_table_and_deletes_nothing(days: Days) -> None:
    before = len(days.table("acme", "contacts"))
    days.sandbox.faults.push("empty", "contacts", times=None)
    for _ in range(3):
        report = sync(days, full=True)
        (contacts,) = [table for table in report.tables if table.table == "contacts"]
        assert contacts.status == "failed" and "came back empty" in str(contacts.error)
        assert all(table.status == "ok" for table in report.tables if table is not contacts)
    assert len(days.table("acme", "contacts")) == before
    assert not any(row["is_deleted"] for row in days.table("acme", "contacts"))
    ends_in_the_truth(days)


def test_an_empty_answer_that_is_believed_deletes_nothing_before_a_second_one_agrees(days: Days) -> None:
    before = len(days.table("acme", "contacts"))
    days.sandbox.faults.push("empty", "contacts", times=None)
    report = sync(days, full=True, allow_empty=True)
    held = [transform for transform in report.transforms if transform.report.held]
    assert [transform.table for transform in held] == ["contacts"]
    assert len(days.table("acme", "contacts")) == before
    assert all(row["is_current"] for row in days.table("acme", "contacts") if row["valid_to"] is None)
    days.sandbox.faults.clear()
    days.next_day()
    days.sync()
    assert not any(row["is_deleted"] and row["valid_to"] < days.moments[-1] for row in days.table("acme", "contacts"))


def test_a_record_without_its_key_is_quarantined_and_takes_nothing_with_it(days: Days) -> None:
    days.sandbox.faults.push("no_id", "companies", times=None)
    report = sync(days)
    (companies,) = [transform for transform in report.transforms if transform.table == "companies"]
    assert companies.report.quarantined > 0
    assert not any(row["is_deleted"] for row in days.table("acme", "companies"))
    ends_in_the_truth(days)


def test_texts_where_records_should_be_are_quarantined_and_delete_nothing(days: Days) -> None:
    days.sandbox.faults.push("texts", "contacts", times=None)
    report = sync(days, full=True)
    (contacts,) = [transform for transform in report.transforms if transform.table == "contacts"]
    assert contacts.report.quarantined == 2
    ends_in_the_truth(days)


def test_a_value_of_the_wrong_type_is_null_and_counted_until_it_comes_right(days: Days) -> None:
    days.sandbox.faults.push("wrong_type", "time_entries", times=None)
    report = sync(days, full=True)
    (entries,) = [transform for transform in report.transforms if transform.table == "time_entries"]
    assert sum(one["count"] for one in entries.report.uncastable.values()) > 0
    days.next_day()
    ends_in_the_truth(days)


def test_an_unreadable_time_is_quarantined_and_deletes_nothing(days: Days) -> None:
    days.sandbox.faults.push("bad_time", "contacts", times=None)
    report = sync(days)
    (contacts,) = [transform for transform in report.transforms if transform.table == "contacts"]
    assert contacts.report.quarantined > 0
    ends_in_the_truth(days)


def test_two_syncs_of_one_tenant_the_second_says_so_and_leaves(days: Days) -> None:
    with (
        days.ports() as ports,
        ports.watermarks.lease("acme", "sync"),
        days.ports() as others,
        pytest.raises(Busy, match="acme"),
    ):
        sync_tenant(others, "acme")
    ends_in_the_truth(days)


def test_two_transforms_at_once_fold_each_row_once(days: Days) -> None:
    """Another writer commits between reading the table and committing: the fold starts again on the new state."""
    report = sync(days, transform=False)
    assert report.complete
    with days.ports() as ports:
        real = ports.watermarks.lease
        racing = []

        def racer(tenant: str, name: str) -> Any:
            if name == "canonical/tickets" and not racing:
                racing.append(name)
                with days.ports() as others:
                    racing.extend(transform_tenant(others, tenant, run_id="other", tables=["tickets"]))
            return real(tenant, name)

        ports.watermarks.lease = racer  # type: ignore[method-assign]
        outcomes = transform_tenant(ports, "acme", run_id="mine")
        assert all(outcome.status == "ok" for outcome in outcomes)
        assert len(racing) == 2
    for table in CANONICAL:
        check_against_truth(days, "acme", table)


def test_a_stopped_pull_goes_on_from_its_checkpoint(days: Days) -> None:
    seen: list[str] = []

    def page_seen(tenant: str, service: str, table: str, pages: int, rows: int) -> None:
        seen.append(table)

    report = sync(days, full=True, stop=lambda: seen.count("ticket_notes") >= 5, page_seen=page_seen)
    assert not report.complete
    assert report.transforms == ()
    with days.ports() as ports:
        assert any(state.checkpoint for state in ports.watermarks.all("acme"))
    ends_in_the_truth(days)


def test_a_dead_vendor_leaves_everything_as_it_was(days: Days) -> None:
    before = {table: days.table("acme", table) for table in CANONICAL}
    with days.ports() as ports:
        (service,) = ports.tenants.services("acme")
        settings = {**service.settings, "base_url": "http://127.0.0.1:9/v4_6_release/apis/3.0"}
        ports.tenants.put(type(service)("acme", "connectwise", settings=settings, tables=("boards",)))
        report = sync_tenant(ports, "acme")
        assert isinstance(failures(report)["boards"], Unavailable)
        assert "tenant acme, connectwise/boards" in str(failures(report)["boards"])
        ports.tenants.put(service)
    assert {table: days.table("acme", table) for table in CANONICAL} == before
    ends_in_the_truth(days)


def test_a_full_disk_is_said_and_once_there_is_room_nothing_is_missing(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    try:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this user may not mount a small disk")
    try:
        with msp_days(disk / "home", tenants=("acme",)) as days:
            days.next_day()
            days.sync()
            days.next_day()
            filler = disk / "filler"
            free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
            filler.write_bytes(b"x" * max(0, free - 300 * 1024))
            while True:
                try:
                    report = sync(days)
                except StorageError as error:
                    assert "full" in str(error)
                    break
                errors = [*failures(report).values(), *(t.error for t in report.transforms if t.error)]
                if errors:
                    assert all(isinstance(e, StorageError) and "full" in str(e) for e in errors), errors
                    break
                days.next_day()
            filler.unlink()
            days.next_day()
            ends_in_the_truth(days)
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_sync_into_another_place_or_one_that_lost_its_data_begins_from_nothing(days: Days, tmp_path: Path) -> None:
    """An hour after a listing, when else only what changed would be asked for."""
    days.sync()
    days.next_day(hours=1)
    elsewhere = replace(days, root=str(tmp_path / "elsewhere"), moments=[days.moments.pop()])
    ends_in_the_truth(elsewhere)
    days.next_day(hours=1)
    ends_in_the_truth(days)  # also what was told elsewhere meanwhile
    shutil.rmtree(days.home / "data")
    days.moments.clear()
    days.next_day(hours=1)
    ends_in_the_truth(days)
