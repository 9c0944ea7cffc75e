"""A clock that lies behind what is stored: nothing lands that would count as seen before a listing that is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from avesa.connector.onward_clock import CLOCKS_DIFFER, pulls_after
from avesa.shared.errors import TableFailed
from avesa.shared.layout import WITHDRAWAL_SUFFIX, moment_of, standing_receipts, timestamp_name
from avesa.shared.objects import ObjectInfo, Objects
from pull_bench import NOON, Bench, stop_after
from tiny_vendor import landed, receipts, record, tiny_vendor

SECOND, DAY, YEAR = timedelta(seconds=1), timedelta(days=1), timedelta(days=365)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with tiny_vendor() as vendor:
        vendor.lists["/tickets"] = [record(id_) for id_ in range(1, 8)]
        yield Bench(tmp_path, vendor)


def forgotten(bench: Bench) -> None:
    bench.ports.watermarks.put(replace(bench.state(), watermark=None, details=None, checkpoint=None))


def is_known_by_receipts_alone(bench: Bench) -> None:
    bench.pull()
    forgotten(bench)


def is_known_by_the_state_alone(bench: Bench) -> None:
    bench.pull()
    bench.ports.objects.delete([info.path for info in bench.ports.objects.list("acme/raw")])


def is_not_finished(bench: Bench) -> None:
    progress, stop = stop_after(1)
    assert bench.pull(progress=progress, stop=stop).status == "stopped"


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("ahead", [timedelta(minutes=10), YEAR, 10 * YEAR])
@pytest.mark.parametrize("earlier", [is_known_by_receipts_alone, is_known_by_the_state_alone, is_not_finished])
def test_a_pull_before_what_is_stored_is_refused_with_both_times_and_asks_nothing(
    bench: Bench, earlier: Callable[[Bench], None], ahead: timedelta, full: bool
) -> None:
    bench.at(NOON + ahead)
    earlier(bench)
    bench.at(NOON)
    before, asked = bench.state(), len(bench.vendor.asked)
    with pytest.raises(TableFailed, match="The clock says 2026-03-01T12:00:00Z") as caught:
        bench.pull(full=full)
    assert f"{NOON + ahead:%Y-%m-%dT%H:%M:%S}Z" in caught.value.message
    assert "avesa withdraw acme" in caught.value.hint
    assert str(caught.value.where) == "tenant acme, tiny/tickets"
    assert (bench.state(), len(bench.vendor.asked)) == (before, asked)


def test_once_the_time_of_what_is_stored_has_come_pulls_go_on(bench: Bench) -> None:
    bench.at(NOON + timedelta(minutes=10))
    bench.pull()
    bench.at(NOON + timedelta(minutes=11))
    assert bench.pull().kind == "changes"


@pytest.mark.parametrize("behind", [SECOND, CLOCKS_DIFFER])
def test_a_clock_that_is_a_little_behind_stamps_nothing_before_what_is_stored(bench: Bench, behind: timedelta) -> None:
    bench.pull()
    [listing] = receipts(bench.ports, "tickets")
    bench.at(NOON - behind)
    bench.vendor.lists["/tickets"].append(record(8, "2026-03-01T11:57:00Z"))
    bench.pull()
    changes = receipts(bench.ports, "tickets")[-1]
    assert listing.started_at < changes.started_at <= changes.finished_at
    [row] = landed(bench.ports, "tickets", changes.files)
    assert row["record_id"] == "8" and row["extracted_at"] > listing.started_at
    names = sorted(info.path for info in bench.ports.objects.list("acme/raw/tiny/tickets") if "receipt" in info.path)
    assert min(map(named, names)) >= NOON
    bench.at(NOON - behind + SECOND)
    bench.pull()  # and once more, behind that one
    assert receipts(bench.ports, "tickets")[-1].started_at > changes.started_at


def named(path: str) -> datetime:
    found = moment_of(path.rpartition("/")[2])
    assert found is not None
    return found


def test_a_clock_that_is_put_right_while_it_pulls_ends_no_pull_before_its_beginning(bench: Bench) -> None:
    bench.at(NOON + YEAR)
    bench.pull(progress=lambda *_: bench.at(NOON))
    [receipt] = receipts(bench.ports, "tickets")
    assert receipt.started_at == receipt.finished_at == NOON + YEAR
    assert {row["extracted_at"] for row in landed(bench.ports, "tickets")} == {NOON + YEAR}
    assert len(pulls_after(bench.ports.objects, "acme", "tiny", "tickets", NOON)) == 1


def test_one_look_at_the_names_tells_what_is_there_and_what_is_to_come(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.pull()
    looks: list[str] = []
    whole = Objects.list

    def told(self: Objects, prefix: str, **more: str) -> list[ObjectInfo]:
        looks.append(prefix)
        return whole(self, prefix, **more)

    monkeypatch.setattr(Objects, "list", told)
    bench.at(NOON + DAY / 2)
    assert bench.pull().kind == "changes"
    assert looks == ["acme/raw/tiny/tickets"]


def test_a_receipt_that_was_withdrawn_is_none(bench: Bench) -> None:
    bench.at(NOON + YEAR)
    bench.pull()
    [name] = pulls_after(bench.ports.objects, "acme", "tiny", "tickets", NOON)
    withdrawal = name.replace(".receipt.json", WITHDRAWAL_SUFFIX)
    bench.ports.objects.write(f"acme/raw/tiny/tickets/{withdrawal}", b"{}")
    forgotten(bench)
    bench.at(NOON)
    assert bench.pull().kind == "listing"


def test_the_receipts_that_stand_are_told_by_the_names_alone() -> None:
    names = ["b.receipt.json", "a.receipt.json", "a.parquet", "b.withdrawn.json", "a.decision.json"]
    assert standing_receipts(names) == ["a.receipt.json"]


def test_a_name_tells_the_moment_at_which_it_was_made() -> None:
    assert moment_of(timestamp_name(NOON + SECOND / 1000)) == NOON + SECOND / 1000
    for other in ("pull-00010.receipt.json", "20269999T999999999999Z-9f86d081", ""):
        assert moment_of(other) is None
