"""What cannot be folded waits in quarantine with reason and place, and what cannot be cast is counted, until mended."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from avesa.pipeline.quarantined import quarantined_rows
from avesa.pipeline.query import query
from landed_home import LandedHome, changes, contact, listing, rewrite
from raw_files import Row, at, land

UNFIT = {
    "the record has no key": ("record_id", "NULL"),
    "unreadable updated_at": ("problem", "'unreadable updated_at'"),
    "the row has no payload": ("payload", "NULL"),
    "the row does not say when it was extracted": ("extracted_at", "NULL"),
}
"""The column of the raw file that is spoilt, and by what."""


@pytest.fixture
def home(tmp_path: Path) -> LandedHome:
    return LandedHome(tmp_path / "home")


def quarantined(home: LandedHome) -> list[dict[str, Any]]:
    with home.ports() as ports:
        return quarantined_rows(ports, "acme", ["contacts"], payload=True)


def names(home: LandedHome) -> dict[str, str]:
    with home.ports() as ports:
        return dict(query(ports, "acme", "SELECT source_id, first_name FROM contacts WHERE is_current").rows)


def spoil(home: LandedHome, reason: str) -> None:
    """Make the row of contact 2 unfit."""
    column, value = UNFIT[reason]
    query = f"SELECT * REPLACE (if(record_id = '2', {value}, {column}) AS {column}) FROM '{{file}}'"
    rewrite(home.raw / "pull-00010-0.parquet", query)


@pytest.mark.parametrize("reason", UNFIT)
def test_what_cannot_be_folded_waits_with_reason_file_and_row_and_the_rest_goes_on(
    home: LandedHome, reason: str
) -> None:
    home.land(changes(10, *(contact(id_, 1, 10) for id_ in "1234")))
    spoil(home, reason)
    assert home.transform().report.quarantined == 1
    (row,) = quarantined(home)
    assert (row["reason"], row["file"], row["row"], row["receipt"]) == (
        reason,
        "pull-00010-0.parquet",
        1,
        "pull-00010.receipt.json",
    )
    assert row["record_id"] == (None if "key" in reason else "2")
    assert row["payload"] == (None if "payload" in reason else json.dumps({"id": "2", "firstName": "Mia"}))
    assert set(names(home)) == {"1", "3", "4"}


@pytest.mark.parametrize("reason", UNFIT)
def test_a_rebuild_takes_up_what_became_readable_and_it_leaves_the_quarantine(home: LandedHome, reason: str) -> None:
    home.land(changes(10, *(contact(id_, 1, 10) for id_ in "123")))
    shutil.copy(home.raw / "pull-00010-0.parquet", home.folder / "as the vendor sent it")
    spoil(home, reason)
    home.transform()
    shutil.copy(home.folder / "as the vendor sent it", home.raw / "pull-00010-0.parquet")
    home.transform()
    assert len(quarantined(home)) == 1
    home.transform(rebuild=True)
    assert quarantined(home) == []
    assert set(names(home)) == {"1", "2", "3"}


def test_a_row_in_quarantine_is_no_observation_until_the_vendor_tells_it_readably(home: LandedHome) -> None:
    bad = Row("1", {"firstName": "?"}, None, at(20), problem="unreadable updated_at")
    home.land(changes(10, contact("1", 1, 10)), changes(20, bad))
    home.transform()
    assert names(home) == {"1": "Mia"}
    home.land(changes(30, contact("1", 15, 30, "Bea")))
    home.transform()
    assert names(home) == {"1": "Bea"}
    assert len(quarantined(home)) == 1


def test_a_row_in_quarantine_counts_as_listed(home: LandedHome) -> None:
    bad = Row("2", {"firstName": "?"}, None, at(20), problem="unreadable updated_at")
    home.land(listing(10, contact("1", 1, 10), contact("2", 1, 10)), listing(20, contact("1", 1, 20), bad))
    home.transform()
    assert set(names(home)) == {"1", "2"}


def test_a_row_of_a_file_that_two_receipts_name_waits_once(home: LandedHome) -> None:
    """A pull that was killed between its receipt and its watermark leaves a second one."""
    home.land(changes(10, contact("1", 1, 10), contact(None, 1, 10)))
    shutil.copy(home.raw / "pull-00010.receipt.json", home.raw / "pull-00011.receipt.json")
    home.transform()
    (row,) = quarantined(home)
    assert (row["file"], row["row"], row["receipt"]) == ("pull-00010-0.parquet", 1, "pull-00010.receipt.json")


def test_rows_of_two_raw_tables_wait_side_by_side(home: LandedHome) -> None:
    home.land(changes(10, contact("1", 1, 10), contact(None, 1, 10)))
    home.land(changes(10, contact(None, 1, 10)), table="companies")
    for table in ("contacts", "companies"):
        home.transform(table=table)
    with home.ports() as ports:
        rows = quarantined_rows(ports, "acme")
    assert [(row["canonical_table"], row["source_table"]) for row in rows] == [
        ("companies", "companies"),
        ("contacts", "contacts"),
    ]


def test_rows_of_two_raw_tables_of_one_canonical_table_wait_side_by_side(home: LandedHome) -> None:
    """Under receipts of one name, as another program may call them."""
    home.land(changes(10, contact(None, 1, 10)))
    with home.ports() as ports:
        land(ports.objects, "acme", "halopsa", "users", changes(10, contact(None, 1, 10)))
    home.transform()
    assert [row["source_service"] for row in quarantined(home)] == ["connectwise", "halopsa"]


def test_rows_of_a_receipt_that_was_removed_leave_the_quarantine(home: LandedHome) -> None:
    home.land(changes(10, contact(None, 1, 10)), changes(20, contact("1", 1, 20), contact(None, 1, 20)))
    home.transform()
    (home.raw / "pull-00010.receipt.json").unlink()
    home.transform()
    assert [row["receipt"] for row in quarantined(home)] == ["pull-00020.receipt.json"]


OWN = {
    "table": "contacts",
    "columns": {"birthday": {"type": "date", "description": "The day of birth."}},
    "sources": {"connectwise": {"contacts": {"birthday": "birthDay"}}},
}


def own_mapping(home: LandedHome, rule: Any) -> None:
    with home.ports() as ports:
        text = json.dumps({**OWN, "sources": {"connectwise": {"contacts": {"birthday": rule}}}})
        ports.objects.write("acme/mappings/contacts.json", text.encode())


def test_values_that_cannot_be_cast_are_counted_by_column_with_samples_in_the_run_log(home: LandedHome) -> None:
    own_mapping(home, "birthDay")
    days = ["31.12.1999", "1.2.2000", "soon", "never", "1999-01-31"]
    home.land(changes(10, *(contact(str(n), 1, 10, birthDay=day, inactiveFlag="?") for n, day in enumerate(days))))
    home.transform()
    with home.ports() as ports:
        (entry,) = [entry for entry in ports.run_log.latest("acme") if entry.table == "canonical/contacts"]
        born = query(ports, "acme", "SELECT source_id, birthday::VARCHAR FROM contacts ORDER BY ALL").rows
    told = entry.figures["uncastable"]["birthday"]
    assert told["count"] == 4
    assert len(told["samples"]) == 3 and set(told["samples"]) < set(days)
    assert born == [("0", None), ("1", None), ("2", None), ("3", None), ("4", "1999-01-31")]


def test_a_mended_mapping_makes_values_of_what_could_not_be_cast(home: LandedHome) -> None:
    own_mapping(home, "birthDay")
    home.land(changes(10, contact("1", 1, 10, birthDay="31.12.1999")))
    assert home.transform().report.uncastable["birthday"]["count"] == 1
    own_mapping(home, {"path": "birthDay", "format": "%d.%m.%Y"})
    mended = home.transform(rebuild=True)
    assert mended.report.uncastable == {}
    with home.ports() as ports:
        assert query(ports, "acme", "SELECT birthday::VARCHAR FROM contacts").rows == [("1999-12-31",)]
