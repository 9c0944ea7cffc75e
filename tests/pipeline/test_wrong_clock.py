"""The clock was wrong for a while: nothing is lost silently, and the way back ends in what the vendor showed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from avesa.pipeline.home import open_home
from avesa.pipeline.sync import SyncReport, sync_tenant
from avesa.pipeline.verify import verify_tenant
from avesa.pipeline.withdraw import EarlyPulls, early_pulls, withdraw_pulls
from avesa.shared.errors import Busy, StorageError, TableFailed, UsageError
from avesa.shared.layout import RECEIPT_SUFFIX, WITHDRAWAL_SUFFIX, timestamp_name
from avesa.shared.watermarks import TableState
from landed_home import LandedHome, changes, contact, listing
from msp_days import Days, check_against_truth, msp_days
from raw_files import PullOf, at

TABLES = ("contacts", "tickets", "ticket_notes")
MINUTE, DAY, YEAR = timedelta(minutes=1), timedelta(days=1), timedelta(days=365)


@dataclass
class Wrong:
    """Days on a machine whose clock is `off`, while the vendor's is right."""

    days: Days
    off: timedelta = timedelta(0)

    def sync(self, **options: Any) -> SyncReport:
        with open_home(self.days.home, clock=lambda: self.days.clock() + self.off) as ports:
            return sync_tenant(ports, "acme", **options)

    def later(self, by: timedelta) -> None:
        """Time goes by in which no sync sees the vendor by a right clock."""
        self.days.next_day(by / timedelta(hours=1))
        self.days.moments.pop()

    def early(self) -> list[EarlyPulls]:
        with self.days.ports() as ports:
            return early_pulls(ports, "acme")

    def withdraw(self) -> list[EarlyPulls]:
        with self.days.ports() as ports:
            found = early_pulls(ports, "acme")
            withdraw_pulls(ports, found, withdrawn_by="a person")
        return found

    def set(self, **settings: str) -> None:
        with self.days.ports() as ports:
            (connected,) = ports.tenants.services("acme")
            ports.tenants.put(replace(connected, settings={**connected.settings, **settings}))

    def ends_in_the_truth(self) -> None:
        for _ in range(2):
            self.days.next_day()
            assert self.sync().complete
        for table in self.days.canonical:
            assert check_against_truth(self.days, "acme", table)
        with self.days.ports() as ports:
            assert all(check.ok for check in verify_tenant(ports, "acme", self.days.canonical))


@pytest.fixture
def wrong(tmp_path: Path) -> Iterator[Wrong]:
    with msp_days(tmp_path / "home", tenants=("acme",), tables=TABLES) as days:
        yield Wrong(days)


def refused(report: SyncReport) -> set[str]:
    assert not report.complete
    failed = {table.table for table in report.tables if table.status == "failed"}
    for table in report.tables:
        assert isinstance(table.error, TableFailed) and "The clock says" in table.error.message
    return failed


@pytest.mark.parametrize(("ahead", "full"), [(10 * MINUTE, False), (YEAR, True)])
def test_after_pulls_of_the_future_each_table_is_refused_until_they_are_withdrawn(
    wrong: Wrong, ahead: timedelta, full: bool
) -> None:
    wrong.days.next_day()
    assert wrong.sync().complete
    wrong.later(DAY)
    wrong.off = ahead
    assert wrong.sync(full=True).complete
    wrong.off = timedelta(0)
    wrong.later(5 * MINUTE)
    assert refused(wrong.sync(full=full)) == set(TABLES)
    found = wrong.withdraw()
    assert {one.table for one in found} == set(TABLES) and all(len(one.receipts) == 1 for one in found)
    assert wrong.early() == []
    wrong.ends_in_the_truth()


def test_a_first_sync_of_the_future_is_withdrawn_whole(wrong: Wrong) -> None:
    wrong.later(DAY)
    wrong.off = YEAR
    assert wrong.sync().complete
    wrong.off = timedelta(0)
    wrong.withdraw()
    wrong.ends_in_the_truth()


def test_a_table_of_which_every_pull_was_withdrawn_is_empty_until_it_is_pulled_anew(wrong: Wrong) -> None:
    wrong.later(DAY)
    wrong.off = YEAR
    assert wrong.sync().complete
    wrong.off = timedelta(0)
    wrong.withdraw()
    wrong.days.sandbox.faults.push("status", "tickets", status=403, times=None)
    report = wrong.sync()
    assert {table.table for table in report.tables if table.status == "failed"} == {"tickets", "ticket_notes"}
    assert all(fold.error is None for fold in report.transforms)
    assert wrong.days.table("acme", "tickets") == []
    wrong.days.sandbox.faults.clear()
    assert wrong.sync().complete
    assert wrong.days.table("acme", "tickets")


def test_a_clock_that_is_set_back_is_refused_and_all_goes_on_once_it_is_right(wrong: Wrong) -> None:
    wrong.days.next_day()
    assert wrong.sync().complete
    wrong.later(DAY)
    wrong.off = -YEAR
    assert refused(wrong.sync(full=True)) == set(TABLES)
    wrong.off = timedelta(0)
    assert wrong.early() == []
    wrong.ends_in_the_truth()


def test_a_clock_a_little_ahead_needs_nothing_but_time(wrong: Wrong) -> None:
    wrong.days.next_day()
    wrong.off = 10 * MINUTE
    assert wrong.sync().complete
    wrong.off = timedelta(0)
    wrong.later(5 * MINUTE)
    assert refused(wrong.sync()) == set(TABLES)
    wrong.ends_in_the_truth()


def test_a_table_with_an_interval_is_not_left_out_until_a_time_to_come(wrong: Wrong) -> None:
    wrong.days.next_day()
    wrong.set(every="1h")
    wrong.off = YEAR
    assert wrong.sync().complete
    wrong.off = timedelta(0)
    wrong.later(DAY)
    assert refused(wrong.sync()) == set(TABLES)


def test_a_table_that_is_being_pulled_is_not_touched(wrong: Wrong) -> None:
    wrong.later(DAY)
    wrong.off = YEAR
    assert wrong.sync().complete
    with wrong.days.ports() as ports:
        found = early_pulls(ports, "acme")
        with ports.watermarks.lease("acme", "connectwise/tickets"), pytest.raises(Busy):
            withdraw_pulls(ports, found, withdrawn_by=None)
    wrong.off = timedelta(0)
    assert "tickets" in {one.table for one in wrong.withdraw()}
    wrong.ends_in_the_truth()


def test_a_withdrawal_that_was_cut_short_is_found_again(wrong: Wrong, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong.later(DAY)
    wrong.off = YEAR
    assert wrong.sync().complete
    wrong.off = timedelta(0)

    def full(state: TableState) -> TableState:
        raise StorageError("the disk is full.")

    with wrong.days.ports() as ports, monkeypatch.context() as patched:
        patched.setattr(ports.watermarks, "put", full)
        with pytest.raises(StorageError):
            withdraw_pulls(ports, early_pulls(ports, "acme"), withdrawn_by=None)
    assert sorted(len(one.receipts) for one in wrong.early()) == [0] + [1] * (len(TABLES) - 1)
    assert refused(wrong.sync()) == set(TABLES)
    wrong.withdraw()
    wrong.ends_in_the_truth()


def test_an_unknown_tenant_is_refused(wrong: Wrong) -> None:
    with wrong.days.ports() as ports, pytest.raises(UsageError):
        early_pulls(ports, "nobody")


def timed(pull: PullOf) -> PullOf:
    return replace(pull, name=timestamp_name(pull.started_at))


def versions(home: LandedHome) -> dict[str, tuple[datetime, datetime | None, bool]]:
    import polars

    rows = polars.read_delta(str(home.canonical)).to_dicts()
    return {row["source_id"]: (row["valid_from"], row["valid_to"], row["is_deleted"]) for row in rows}


def test_what_was_landed_before_a_listing_of_the_future_is_alive_again_without_it(tmp_path: Path) -> None:
    """As it lies where the clock was put right and syncs went on."""
    home = LandedHome(tmp_path / "home")
    years = at(10_000) + 10 * YEAR
    minute = (years - at(0)) / MINUTE
    home.land(timed(listing(minute, contact("1", 1, minute))), timed(changes(20, contact("2", 15, 20))))
    home.transform()
    assert versions(home)["2"] == (at(15), years, True)
    with home.ports() as ports:
        (found,) = early_pulls(ports, "acme")
        assert (found.service, found.table, len(found.receipts)) == ("connectwise", "contacts", 1)
        withdraw_pulls(ports, [found], withdrawn_by="a person")
    home.land(timed(listing(9_000, contact("1", 1, 9_000), contact("2", 15, 9_000))))
    home.transform()
    assert versions(home) == {"1": (at(1), None, False), "2": (at(15), None, False)}
    assert not home.failed()
    [withdrawal] = home.raw.glob(f"*{WITHDRAWAL_SUFFIX}")
    assert json.loads(withdrawal.read_text())["withdrawn_by"] == "a person"
    assert (home.raw / withdrawal.name.replace(WITHDRAWAL_SUFFIX, RECEIPT_SUFFIX)).exists()
    # A pull that is let stand after all counts again.
    withdrawal.unlink()
    home.transform()
    assert versions(home)["2"] == (at(15), years, True)


def test_what_of_the_future_is_no_further_than_clocks_differ_stands(tmp_path: Path) -> None:
    home = LandedHome(tmp_path / "home")
    home.land(timed(listing(10_001, contact("1", 1, 10_001))))
    with home.ports() as ports:
        assert early_pulls(ports, "acme") == []
