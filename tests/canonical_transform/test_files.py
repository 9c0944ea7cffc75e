"""The files behind the fold: which are written, which are read, and what is said of those that are wrong."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from random import Random

import pytest

from avesa.shared.errors import ConfigurationError, StorageError
from avesa.shared.layout import change_file
from fold_story import agrees, change, fold_each, listing, spans, thing
from fold_table import Folding, things_mapping
from landed_home import rewrite
from raw_files import Row, at


def test_an_unchanged_delivery_costs_no_file_and_no_commit(folding: Folding) -> None:
    folding.land(change(10, thing("1", 1, 10)))
    folding.fold()
    before = sorted(folding.table_path.rglob("*"))
    folding.land(change(20, thing("1", 1, 20)))
    assert folding.fold().commits == 0
    assert sorted(folding.table_path.rglob("*")) == before


def test_a_fold_that_lost_its_ledger_ends_the_same(folding: Folding) -> None:
    fold_each(folding, change(10, thing("1", 1, 10)), change(20, thing("1", 15, 20, "b")))
    before = folding.versions()
    folding.ledger = type(folding.ledger)()
    folding.fold()
    assert folding.versions() == before


def test_a_wide_table_stays_right_over_many_commits_and_checkpoints(tmp_path: Path) -> None:
    wide = {f"column_{number}": "integer" for number in range(40)} | {"name": "text"}
    folding = Folding(tmp_path, mapping=things_mapping(columns=wide, untracked=[]))
    for day in range(1, 26):
        rows = [thing(str(n), day * 10 - 1, day * 10, f"day {day if n == day % 3 else 0}") for n in range(3)]
        folding.land(change(day * 10, *rows))
        folding.fold()
    assert (folding.table_path / "_delta_log" / "_last_checkpoint").exists()
    rows = folding.rows()
    assert sorted(row["source_id"] for row in rows if row["is_current"]) == ["0", "1", "2"]
    assert len(rows) == len({(row["source_id"], row["valid_from"]) for row in rows})
    folding.fold(rebuild=True)
    key = ["source_id", "valid_from"]
    assert sorted(folding.rows(), key=lambda r: [r[k] for k in key]) == sorted(rows, key=lambda r: [r[k] for k in key])


def test_files_hold_current_or_closed_rows_and_stay_few(folding: Folding) -> None:
    for day in range(1, 30):
        folding.land(change(day * 10, thing("1", day * 10 - 1, day * 10, f"v{day}"), thing(f"n{day}", 1, day * 10)))
        folding.fold()
    files = folding.snapshot().files
    assert sum(file.is_current for file in files) == 1
    assert sum(not file.is_current for file in files) <= 9
    assert sum(file.rows for file in files if file.is_current) == 30


def test_closed_rows_are_only_appended(folding: Folding) -> None:
    for day in (1, 2):
        folding.land(change(day * 10, thing("1", day * 10 - 1, day * 10, f"v{day}")))
        folding.fold()
    before = {file.name for file in folding.snapshot().files if not file.is_current}
    folding.land(change(30, thing("1", 29, 30, "v3")))
    folding.fold()
    assert before < {file.name for file in folding.snapshot().files if not file.is_current}


def test_a_file_that_two_receipts_name_counts_once(folding: Folding) -> None:
    pull = listing(10, thing("1", 1, 10), thing("2", 1, 10), name="first")
    folding.land(pull)
    folding.fold()
    before = folding.versions()
    raw = folding.root / "data/acme/raw/vendor/things"
    (raw / "second.receipt.json").write_bytes((raw / "first.receipt.json").read_bytes())
    assert folding.fold().commits == 0
    folding.fold(rebuild=True)
    assert folding.versions() == before


def test_a_receipt_that_is_none_is_told_by_name(folding: Folding) -> None:
    folding.land(change(10, thing("1", 1, 10), name="first"))
    (folding.root / "data/acme/raw/vendor/things/bad.receipt.json").write_text("{}")
    with pytest.raises(ConfigurationError, match=r"acme, vendor/things.*bad\.receipt\.json"):
        folding.fold()


def test_a_raw_file_that_is_missing_is_told_by_name(folding: Folding) -> None:
    folding.land(change(10, thing("1", 1, 10), name="first"))
    (folding.root / "data/acme/raw/vendor/things/first-0.parquet").unlink()
    with pytest.raises(StorageError, match=r"first-0\.parquet is missing"):
        folding.fold()


def test_a_damaged_raw_file_is_told_and_changes_nothing(folding: Folding) -> None:
    folding.land(change(10, thing("1", 1, 10)))
    folding.fold()
    before = folding.versions()
    folding.land(change(20, thing("1", 15, 20, "b"), name="bad"))
    (folding.root / "data/acme/raw/vendor/things/bad-0.parquet").write_bytes(b"not parquet at all")
    with pytest.raises(StorageError):
        folding.fold()
    assert folding.versions() == before
    with pytest.raises(StorageError):
        folding.fold(rebuild=True)
    assert folding.versions() == before


def damaged(content: bytes, chance: Random) -> bytes:
    """Cut off, or with a few bits turned."""
    if chance.random() < 0.4:
        return content[: chance.randrange(len(content))]
    turned = bytearray(content)
    for _ in range(chance.choice([1, 4, 20])):
        turned[chance.randrange(len(turned))] ^= 1 << chance.randrange(8)
    return bytes(turned)


@pytest.mark.parametrize("kind", ["raw", "canonical"])
def test_whatever_is_wrong_with_a_file_is_told_as_such(folding: Folding, kind: str) -> None:
    """The reader of Parquet has many ways to say so. A bit in a value may also turn and nobody can tell here."""
    chance = Random(1)
    folding.land(change(10, *(thing(str(n), 1, 10, "x" * 50, tags={"a": n}) for n in range(50)), name="first"))
    folding.fold()
    folding.land(change(20, *(thing(str(n), 15, 20, "y" * 50, tags={"a": n}) for n in range(50)), name="second"))
    raw = folding.root / "data/acme/raw/vendor/things/second-0.parquet"
    (file,) = [raw] if kind == "raw" else folding.table_path.glob("*.parquet")
    content, told = file.read_bytes(), 0
    for number in range(40):
        broken = Folding(shutil.copytree(folding.root, folding.root / str(number)), ledger=folding.ledger)
        (broken.root / file.relative_to(folding.root)).write_bytes(damaged(content, chance))
        try:
            broken.fold()
        except StorageError:
            told += 1
        shutil.rmtree(broken.root)
    assert told >= 20


def test_a_source_that_cannot_be_read_keeps_no_other_from_being_folded(tmp_path: Path) -> None:
    """Nor what was landed of it before the file that is missing."""
    mapping = things_mapping(services=("broken", "vendor"))
    folding = Folding(tmp_path, mapping=mapping)
    for service in ("broken", "vendor"):
        folding.land(change(10, thing("1", 1, 10)), service=service)
    folding.fold()
    folding.land(
        change(20, thing("2", 15, 20)),
        listing(30, *(thing(id_, 1, 30) for id_ in "12"), name="missing"),
        service="broken",
    )
    folding.land(change(20, thing("3", 15, 20)))
    file = folding.root / "data/acme/raw/broken/things/missing-0.parquet"
    content = file.read_bytes()
    file.unlink()
    with pytest.raises(StorageError, match=r"broken/things: .*missing-0\.parquet is missing"):
        folding.fold()
    assert {row["source_id"] for row in folding.rows()} == {"1", "2", "3"}
    file.write_bytes(content)
    assert folding.fold().receipts == 1


@pytest.mark.parametrize("kind", ["TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP", "VARCHAR"])
def test_the_times_of_a_raw_file_may_be_written_in_another_unit_or_as_text(folding: Folding, kind: str) -> None:
    pull = change(10, thing("1", 5, 10), thing("2", None, 10), name="first")
    folding.land(pull)
    times = ", ".join(f"timezone('UTC', {name})::{kind} AS {name}" for name in ("updated_at", "extracted_at"))
    file = folding.root / "data/acme/raw/vendor/things/first-0.parquet"
    rewrite(file, f"SELECT * REPLACE ({times}) FROM read_parquet('{{file}}')")
    folding.fold()
    agrees(folding, pull)


def test_another_tenants_receipt_is_never_folded(folding: Folding) -> None:
    other = Folding(folding.root, tenant="globex")
    other.land(change(10, thing("1", 1, 10), name="theirs"))
    folding.land(change(10, thing("2", 1, 10), name="ours"))
    source, target = (folding.root / f"data/{tenant}/raw/vendor/things" for tenant in ("globex", "acme"))
    (target / "theirs.receipt.json").write_bytes((source / "theirs.receipt.json").read_bytes())
    with pytest.raises(ConfigurationError, match="tenant globex"):
        folding.fold()


def test_a_writer_that_died_between_commit_and_ledger_is_taken_up_from_the_log(folding: Folding) -> None:
    folding.land(change(10, thing("1", 1, 10)))
    folding.fold()
    before = folding.ledger
    folding.land(change(20, thing("1", 15, 20, "b")))
    folding.fold()
    folding.ledger = before
    folding.land(change(30, thing("1", 25, 30, "c")))
    report = folding.fold()
    assert (report.receipts, report.rebuilt) == (1, False)
    assert [name for name, *_ in spans(folding)] == ["a", "b", "c"]


def test_change_files_and_those_that_nothing_refers_to_are_swept_after_a_week(
    folding: Folding,
) -> None:
    for day in range(1, 20):
        folding.land(change(day * 10, thing("1", day * 10 - 1, day * 10, f"v{day}")))
        folding.fold()
    old = folding.table_path / "20200101T000000000000Z-0.parquet"
    fresh = folding.table_path / "20260101T000000000000Z-0.parquet"
    old_change, fresh_change = (folding.table_path / change_file(file.name) for file in (old, fresh))
    old_change.parent.mkdir()
    for file in (old, fresh, old_change, fresh_change):
        file.write_bytes(b"left by a killed writer")
    for file in (old, old_change):
        os.utime(file, (0, 0))
    folding.land(change(200, thing("1", 199, 200, "v20")))
    folding.fold()
    assert folding.snapshot().version == 19
    assert not old.exists() and not old_change.exists()
    assert fresh.exists() and fresh_change.exists()
    folding.land(change(210, thing("1", 209, 210, "v21")))
    assert not folding.fold().rebuilt
    assert len(folding.versions()) == 21


def test_a_file_that_two_receipts_name_is_counted_once(folding: Folding) -> None:
    unfit = Row(None, {"name": "?"}, at(1), at(10), problem="no key")
    folding.land(change(10, thing("1", 1, 10, hours="many"), unfit, name="first"))
    raw = folding.root / "data/acme/raw/vendor/things"
    (raw / "second.receipt.json").write_bytes((raw / "first.receipt.json").read_bytes())
    report = folding.fold()
    assert (report.rows, report.quarantined, report.uncastable["hours"]["count"]) == (2, 1, 1)


@pytest.mark.parametrize("column", ["updated_at", "extracted_at"])
@pytest.mark.parametrize("moment", ["10000-01-01 00:00:00+00", "infinity", "0001-01-01 (BC) 00:00:00+00"])
def test_a_row_with_a_time_that_no_reader_can_show_goes_to_quarantine(
    folding: Folding, column: str, moment: str
) -> None:
    folding.land(change(10, thing("1", 1, 10), thing("2", 1, 10), name="first"))
    far = f"if(record_id = '2', TIMESTAMPTZ '{moment}', {column})"
    rewrite(
        folding.root / "data/acme/raw/vendor/things/first-0.parquet",
        f"SELECT * REPLACE ({far} AS {column}) FROM '{{file}}'",
    )
    assert folding.fold().quarantined == 1
    assert {v.id for v in folding.versions()} == {"1"}


def test_a_receipt_that_tells_too_many_rows_loses_none(folding: Folding) -> None:
    (name,) = folding.land(change(10, thing("1", 1, 10), thing("2", 1, 10)))
    receipt = folding.root / "data/acme/raw/vendor/things" / name
    receipt.write_bytes(receipt.read_bytes().replace(b'"rows": 2', b'"rows": 2000000'))
    folding.fold()
    assert {v.id for v in folding.versions()} == {"1", "2"}
