"""Whatever is done to a table, to its log or to the raw files behind it, verification names it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from deltalake import DeltaTable

from avesa.canonical_transform.canonical_table import CanonicalTable, Snapshot
from avesa.pipeline.verify import SAME_AS_REBUILT, verify_tenant
from landed_home import LandedHome, changes, contact, listing, rewrite

RECEIPTS = "receipts fit their files"
FOLDED = "every receipt is folded"
FILES = "the log and its files agree"
INTERVALS = "intervals are well formed"
THERE = "the table is there"
READ = "all of it can be read"

Damage = Callable[[LandedHome], object]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> LandedHome:
    """Five contacts in four pulls, folded twice: with closed versions, a deletion by absence, and a quarantined row."""
    home = LandedHome(tmp_path_factory.mktemp("whole") / "home")
    home.land(
        listing(10, *(contact(str(number), 1, 10) for number in range(5))),
        changes(20, contact("1", 15, 20, "Bea"), contact("2", 16, 20, "Ada"), contact(None, 16, 20)),
    )
    home.transform()
    home.land(
        listing(30, *(contact(id_, 1, 30) for id_ in "03"), contact("1", 15, 30, "Bea"), contact("2", 16, 30, "Ada")),
        changes(40, contact("1", 35, 40, "Ida")),
    )
    home.transform()
    return home


@pytest.fixture
def home(whole: LandedHome, tmp_path: Path) -> LandedHome:
    return whole.copy(tmp_path / "home")


def data_file(home: LandedHome, *, current: bool) -> Path:
    """A file of the table's with current or with closed versions; contact 1 is in each."""
    with duckdb.connect() as con:
        for uri in DeltaTable(str(home.canonical)).file_uris():
            if con.execute(f"SELECT bool_and(is_current = {current}) FROM '{uri}'").fetchone() == (True,):
                return Path(uri)
    raise AssertionError("no such file")


def in_table(query: str, *, current: bool = True) -> Damage:
    return lambda home: rewrite(data_file(home, current=current), query)


def in_receipt(pull: int, **fields: Any) -> Damage:
    def edit(home: LandedHome) -> None:
        place = home.raw / f"pull-{pull:05}.receipt.json"
        place.write_text(json.dumps({**json.loads(place.read_text()), **fields}))

    return edit


def in_log(name: str, value: Any) -> Damage:
    """Another number or bound in the statistics of the file with the current versions."""

    def edit(home: LandedHome) -> None:
        file = data_file(home, current=True).name
        for entry in (home.canonical / "_delta_log").glob("*.json"):
            actions = [json.loads(line) for line in entry.read_text().splitlines()]
            for add in (action["add"] for action in actions if action.get("add", {}).get("path") == file):
                if name == "size":
                    add["size"] = value
                    continue
                statistics = json.loads(add["stats"])
                if name == "numRecords":
                    statistics[name] = value
                else:
                    statistics[name]["source_id"] = value
                add["stats"] = json.dumps(statistics)
            entry.write_text("\n".join(map(json.dumps, actions)) + "\n")

    return edit


def raw_file(pull: int) -> Callable[[LandedHome], Path]:
    return lambda home: home.raw / f"pull-{pull:05}-0.parquet"


def removed(*places: Callable[[LandedHome], Path]) -> Damage:
    return lambda home: [place(home).unlink() for place in places]


def in_raw(query: str) -> Damage:
    return lambda home: rewrite(raw_file(20)(home), query)


def receipt(pull: int) -> Callable[[LandedHome], Path]:
    return lambda home: home.raw / f"pull-{pull:05}.receipt.json"


TABLE_DAMAGE: dict[str, tuple[Damage, set[str]]] = {
    "a tenant": (in_table("SELECT * REPLACE ('x' AS tenant_id) FROM '{file}'"), {FILES, SAME_AS_REBUILT}),
    "a value": (
        in_table("SELECT * REPLACE ('Eve' AS first_name) FROM '{file}'", current=False),
        {FILES, SAME_AS_REBUILT},
    ),
    "a null": (in_table("SELECT * REPLACE ('[]' AS tags) FROM '{file}'"), {FILES, SAME_AS_REBUILT}),
    "a microsecond": (
        in_table("SELECT * REPLACE (recorded_at + INTERVAL 1 MICROSECOND AS recorded_at) FROM '{file}'"),
        {FILES, SAME_AS_REBUILT},
    ),
    "a mark": (in_table("SELECT * REPLACE (NOT is_deleted AS is_deleted) FROM '{file}'"), {FILES, SAME_AS_REBUILT}),
    "a lost current row": (in_table("FROM '{file}' WHERE source_id <> '1'"), {FILES, SAME_AS_REBUILT}),
    "a lost closed row": (
        in_table("FROM '{file}' WHERE source_id <> '1'", current=False),
        {FILES, SAME_AS_REBUILT},
    ),
    "no row left": (in_table("FROM '{file}' WHERE false"), {FILES, SAME_AS_REBUILT}),
    "doubled current rows": (
        in_table("FROM '{file}' UNION ALL FROM '{file}'"),
        {FILES, INTERVALS, SAME_AS_REBUILT},
    ),
    "doubled closed rows": (
        in_table("FROM '{file}' UNION ALL FROM '{file}'", current=False),
        {FILES, INTERVALS, SAME_AS_REBUILT},
    ),
    "an overlap": (
        in_table("SELECT * REPLACE (valid_to + INTERVAL 1 HOUR AS valid_to) FROM '{file}'", current=False),
        {FILES, INTERVALS, SAME_AS_REBUILT},
    ),
    "an empty interval": (
        in_table("SELECT * REPLACE (valid_from AS valid_to) FROM '{file}'", current=False),
        {FILES, INTERVALS, SAME_AS_REBUILT},
    ),
    "two open versions": (
        in_table("SELECT * REPLACE (NULL::TIMESTAMPTZ AS valid_to) FROM '{file}'", current=False),
        {FILES, INTERVALS, SAME_AS_REBUILT},
    ),
    "a lost column": (in_table("SELECT * EXCLUDE first_name FROM '{file}'"), {FILES, SAME_AS_REBUILT}),
}

LOG_DAMAGE = {
    "the size": in_log("size", 1),
    "the number of rows": in_log("numRecords", 9),
    "the lowest key": in_log("minValues", "2"),
    "the highest key": in_log("maxValues", "2"),
}

RECEIPT_DAMAGE: dict[str, tuple[Damage, set[str]]] = {
    "rows": (in_receipt(30, rows=5), {RECEIPTS}),
    "distinct ids": (in_receipt(30, distinct_ids=5), {RECEIPTS}),
    "the digest of the ids": (in_receipt(30, ids_sha256="0" * 64), {RECEIPTS}),
    "the oldest time": (in_receipt(30, min_updated_at="2026-01-01T00:00:00Z"), {RECEIPTS}),
    "the newest time": (in_receipt(30, max_updated_at=None), {RECEIPTS}),
    "complete without a reason": (in_receipt(30, complete=False), {RECEIPTS, SAME_AS_REBUILT}),
    "complete": (in_receipt(30, complete=False, reason="stopped"), {SAME_AS_REBUILT}),
    "the kind": (in_receipt(30, kind="changes"), {SAME_AS_REBUILT}),
    "the start": (in_receipt(30, started_at="2026-01-01T00:29:00Z"), {SAME_AS_REBUILT}),
    "no files": (in_receipt(30, files=[]), {RECEIPTS, SAME_AS_REBUILT}),
    "the files of another": (in_receipt(20, files=["pull-00040-0.parquet"]), {RECEIPTS, SAME_AS_REBUILT}),
    "another tenant": (in_receipt(30, tenant_id="globex"), {READ}),
    "files of another folder": (in_receipt(30, files=["../tickets/x.parquet"]), {READ}),
    "no receipt at all": (lambda home: receipt(30)(home).write_text("{"), {READ}),
}

RAW_DAMAGE: dict[str, tuple[Damage, set[str]]] = {
    "a lost file": (removed(raw_file(10)), {RECEIPTS, SAME_AS_REBUILT}),
    "a lost pull": (removed(raw_file(30), receipt(30)), {FOLDED, SAME_AS_REBUILT}),
    "a lost receipt": (removed(receipt(40)), {FOLDED, SAME_AS_REBUILT}),
    "a torn file": (lambda home: raw_file(20)(home).write_bytes(b"PAR1 no more PAR1"), {RECEIPTS, SAME_AS_REBUILT}),
    "a payload": (
        in_raw("SELECT * REPLACE (replace(payload, 'Bea', 'Eve') AS payload) FROM '{file}'"),
        {SAME_AS_REBUILT},
    ),
    "a lost row": (in_raw("FROM '{file}' WHERE record_id IS DISTINCT FROM '1'"), {RECEIPTS, SAME_AS_REBUILT}),
    "a doubled row": (in_raw("FROM '{file}' UNION ALL (FROM '{file}' LIMIT 1)"), {RECEIPTS}),
    "all of raw": (lambda home: home.raw.rename(home.folder / "away"), {FOLDED, SAME_AS_REBUILT}),
    "the whole table": (lambda home: home.canonical.rename(home.folder / "away"), {THERE, FOLDED}),
    "table and raw": (lambda home: (home.folder / "data").rename(home.folder / "away"), {THERE}),
}


def test_what_is_whole_passes(home: LandedHome) -> None:
    assert home.failed() == {}


@pytest.mark.parametrize(("damage", "found"), TABLE_DAMAGE.values(), ids=TABLE_DAMAGE)
def test_a_data_file_that_was_changed_is_found(home: LandedHome, damage: Damage, found: set[str]) -> None:
    damage(home)
    assert set(home.failed()) == found


def test_a_data_file_that_was_changed_is_named_with_the_records_that_differ(home: LandedHome) -> None:
    file = data_file(home, current=True)
    rewrite(file, "SELECT * REPLACE (if(source_id = '3', 'Eve', first_name) AS first_name) FROM '{file}'")
    failed = home.failed()
    assert failed[FILES].wrong == (f"{file.name} is not what the log says",)
    assert failed[SAME_AS_REBUILT].wrong == ("connectwise/contacts 3",)


@pytest.mark.parametrize("what", [b"", b"PAR1 no more PAR1"])
def test_a_data_file_that_cannot_be_read_is_named(home: LandedHome, what: bytes) -> None:
    file = data_file(home, current=False)
    file.write_bytes(what)
    assert home.failed()[FILES].wrong == (f"{file.name} cannot be read",)


@pytest.mark.parametrize("damage", LOG_DAMAGE.values(), ids=LOG_DAMAGE)
def test_a_log_that_tells_otherwise_than_its_files_is_found(home: LandedHome, damage: Damage) -> None:
    damage(home)
    assert FILES in home.failed()


@pytest.mark.parametrize(("damage", "found"), RECEIPT_DAMAGE.values(), ids=RECEIPT_DAMAGE)
def test_a_receipt_that_was_changed_is_found(home: LandedHome, damage: Damage, found: set[str]) -> None:
    damage(home)
    assert set(home.failed()) == found


@pytest.mark.parametrize(("damage", "found"), RAW_DAMAGE.values(), ids=RAW_DAMAGE)
def test_raw_files_that_were_changed_or_lost_are_found(home: LandedHome, damage: Damage, found: set[str]) -> None:
    damage(home)
    assert set(home.failed()) == found


def test_a_lost_raw_file_and_a_lost_receipt_are_named(home: LandedHome) -> None:
    raw_file(10)(home).unlink()
    receipt(40)(home).unlink()
    failed = home.failed()
    assert failed[RECEIPTS].wrong == ("acme/raw/connectwise/contacts/pull-00010-0.parquet is missing",)
    assert failed[FOLDED].wrong == ("connectwise/contacts/pull-00040.receipt.json is gone, though it is folded",)
    assert "pull-00010-0.parquet is missing" in failed[SAME_AS_REBUILT].wrong[0]


def test_files_that_no_receipt_names_are_told_and_are_no_fault(home: LandedHome) -> None:
    raw_file(10)(home).with_name("left-by-a-killed-pull.parquet").write_bytes(b"half of it")
    with home.ports() as ports:
        checks = {check.what: check for check in verify_tenant(ports, "acme", ["contacts"])}
    assert all(check.ok for check in checks.values())
    assert checks["files that no receipt names are left aside"].compared == 1


def test_a_table_that_cannot_be_read_keeps_no_other_from_being_verified(home: LandedHome) -> None:
    home.land(listing(10, contact("1", 1, 10)), table="companies")
    home.transform(table="companies")
    for entry in (home.folder / "data/acme/canonical/companies/_delta_log").glob("*.json"):
        entry.write_text("{ this is no log entry")
    rewrite(data_file(home, current=True), "FROM '{file}' WHERE source_id <> '1'")
    with home.ports() as ports:
        failed = {(check.table, check.what) for check in verify_tenant(ports, "acme") if not check.ok}
    assert failed == {("companies", READ), ("contacts", FILES), ("contacts", SAME_AS_REBUILT)}


@pytest.mark.parametrize(
    "damage",
    [
        in_table("FROM '{file}' WHERE source_id <> '1'"),
        in_table("FROM '{file}' UNION ALL FROM '{file}'", current=False),
        lambda home: data_file(home, current=True).unlink(),
        lambda home: home.canonical.rename(home.folder / "away"),
    ],
)
def test_a_rebuild_mends_the_table(home: LandedHome, damage: Damage) -> None:
    damage(home)
    assert home.failed()
    home.transform(rebuild=True)
    assert home.failed() == {}


def test_what_lands_and_is_folded_meanwhile_is_merely_not_folded_yet(
    home: LandedHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process lands and folds right after the table was looked at."""
    look = CanonicalTable.snapshot

    def look_and_wait(table: CanonicalTable, version: int | None = None) -> Snapshot:
        found = look(table, version)
        monkeypatch.undo()
        home.land(changes(50, contact("1", 45, 50, "Eva")))
        home.transform()
        return found

    monkeypatch.setattr(CanonicalTable, "snapshot", look_and_wait)
    assert {what: check.wrong for what, check in home.failed().items()} == {
        FOLDED: ("connectwise/contacts/pull-00050.receipt.json",)
    }
    assert home.failed() == {}
