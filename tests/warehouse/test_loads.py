"""What is loaded is what the lake holds, whatever happened to the lake in between."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from deltalake import DeltaTable

from avesa.canonical_transform import table_files
from avesa.canonical_transform.ledger import Ledger
from avesa.shared.errors import ConfigurationError
from avesa.warehouse import plan
from avesa.warehouse.schemas import Schemas
from fold_story import change, gone, listing, thing
from fold_table import things_mapping
from raw_files import at
from warehouse_lake import TABLE, Lake, lake_in
from warehouse_sides import Side, opened, to_the_letter

MORE = {"name": "text", "hours": "decimal", "tags": "json", "views": "integer", "seen": "timestamp", "due": "date"}


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return lake_in(tmp_path / "lake")


def test_the_first_load_holds_every_row(lake: Lake, side: Side) -> None:
    lake.fold(change(1, thing("1", 1, 1, hours="1.5", tags={"a": [1]}, views=2), thing("2", 1, 1, name=None)))
    lake.fold(change(2, thing("1", 2, 2, name="b")))
    with opened(side) as warehouse:
        done = lake.load(warehouse)
    assert (done.status, done.changed, done.gone, done.rows, done.why) == ("anew", 3, 0, 3, plan.FIRST)
    lake.is_in(side)


def test_a_later_load_hands_over_the_rows_that_changed_and_no_others(lake: Lake, side: Side) -> None:
    lake.fold(change(1, *(thing(str(number), 1, 1) for number in range(50))))
    with opened(side) as warehouse:
        lake.load(warehouse)
        lake.fold(change(2, thing("7", 2, 2, name="b"), thing("new", 2, 2), gone("9", 2, 2)))
        done = lake.load(warehouse)
        # Of 7 the old version, now closed, and the new one; the new record; and of 9 the version that ended.
        assert (done.status, done.changed, done.gone, done.rows) == ("loaded", 4, 0, 52)
        lake.is_in(side)
        lake.fold(change(3, thing("7", 1.5, 3, name="late")))
        done = lake.load(warehouse)
        assert (done.changed, done.gone) == (2, 0)
    lake.is_in(side)


def test_a_row_that_is_no_more_leaves_the_warehouse(lake: Lake, side: Side) -> None:
    lake.fold(change(1, thing("1", 10, 11, name="a"), thing("2", 1, 1)))
    with opened(side) as warehouse:
        lake.load(warehouse)
        lake.fold(change(2, thing("1", 5, 12, name="a")))  # it was so already: that version begins earlier
        done = lake.load(warehouse)
    assert (done.changed, done.gone) == (1, 1)
    lake.is_in(side)


def test_where_nothing_is_new_nothing_is_done(lake: Lake, side: Side) -> None:
    lake.fold(change(1, thing("1", 1, 1)))
    with opened(side) as warehouse:
        lake.load(warehouse)
        before = side.rows("avesa_loads")
        again = lake.load(warehouse)
    assert (again.status, again.changed, again.gone) == ("unchanged", 0, 0)
    assert side.rows("avesa_loads") == before


def test_a_rebuild_that_gives_the_same_rows_hands_over_none(lake: Lake, side: Side) -> None:
    lake.fold(change(1, thing("1", 1, 1), thing("2", 1, 1)))
    with opened(side) as warehouse:
        lake.load(warehouse)
        version = lake.fold(rebuild=True)
        done = lake.load(warehouse)
    assert (done.status, done.changed, done.gone, done.version) == ("loaded", 0, 0, version)
    lake.is_in(side)


def test_small_files_that_are_merged_change_nothing(lake: Lake, side: Side, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_files, "MOST_SMALL_FILES", 2)
    lake.fold(change(1, thing("1", 1, 1)))
    with opened(side) as warehouse:
        lake.load(warehouse)
        for number in range(2, 6):
            lake.fold(
                change(number, thing("1", number, number, name=f"n{number}"), thing(f"x{number}", number, number))
            )
            done = lake.load(warehouse)
            assert (done.status, done.changed) == ("loaded", 3)
            lake.is_in(side)


def test_many_versions_are_loaded_as_one_step(lake: Lake, side: Side) -> None:
    lake.fold(change(1, thing("1", 1, 1)))
    with opened(side) as warehouse:
        lake.load(warehouse)
        for number in range(2, 14):  # a checkpoint lies in between
            lake.fold(change(number, thing("1", number, number, name=f"n{number % 3}"), thing(f"x{number}", 1, number)))
        done = lake.load(warehouse)
    assert (done.status, done.changed) == ("loaded", 25)
    lake.is_in(side)


def test_columns_that_a_mapping_adds_appear_and_fill(lake: Lake, side: Side) -> None:
    first = thing("1", 1, 1, seen="2026-01-02T03:04:05.678901Z", due="2026-02-03")
    lake.fold(change(1, first, thing("2", 1, 1)))
    with opened(side) as warehouse:
        lake.load(warehouse)
        lake.folding.mapping = things_mapping(columns=MORE)
        lake.fold()
        done = lake.load(warehouse)
        assert (done.status, done.why) == ("anew", plan.OTHER_TABLE)
        lake.is_in(side)
        lake.fold(change(2, thing("2", 2, 2, due="1999-12-31")))
        assert lake.load(warehouse).status == "loaded"
    lake.is_in(side)


def test_a_column_that_a_mapping_no_longer_has_stays_and_is_null(lake: Lake, side: Side) -> None:
    lake.folding.mapping = things_mapping(columns=MORE)
    lake.fold(change(1, thing("1", 1, 1, due="2026-02-03"), thing("2", 1, 1, due="2026-02-03")))
    with opened(side) as warehouse:
        lake.load(warehouse)
        lake.folding.mapping = things_mapping()
        lake.fold(change(2, thing("2", 2, 2)))
        lake.load(warehouse)
    lake.is_in(side, gone=("seen", "due"))


def test_a_column_that_has_another_type_there_fails_and_changes_nothing(lake: Lake, side: Side) -> None:
    lake.fold(change(1, thing("1", 1, 1, views=1)))
    with opened(side) as warehouse:
        lake.load(warehouse)
        before = side.rows(TABLE)
        lake.folding.mapping = things_mapping(columns={"name": "text", "views": "text"}, untracked=[])
        lake.fold()
        with pytest.raises(ConfigurationError, match="column views of avesa"):
            lake.load(warehouse)
        assert to_the_letter(side.rows(TABLE)) == to_the_letter(before)
    side.drop(TABLE)
    with opened(side) as warehouse:
        assert lake.load(warehouse).status == "anew"
    assert {row["views"] for row in side.rows(TABLE)} == {"1"}


def test_a_log_that_no_longer_goes_back_leads_to_a_load_anew(lake: Lake, side: Side) -> None:
    lake.fold(change(1, thing("1", 1, 1)))
    with opened(side) as warehouse:
        lake.load(warehouse)
        for number in range(2, 13):
            lake.fold(change(number, thing("1", number, number, name=f"n{number}")))
        for version in range(5):
            lake.entry(version).unlink()
        done = lake.load(warehouse)
        assert (done.status, done.why) == ("anew", plan.LOG_IS_GONE)
        lake.is_in(side)
        lake.fold(change(20, thing("1", 20, 20, name="z")))
        assert lake.load(warehouse).status == "loaded"
    lake.is_in(side)


def test_files_that_were_vacuumed_lead_to_a_load_anew(lake: Lake, side: Side) -> None:
    lake.fold(change(1, thing("1", 1, 1), thing("2", 1, 1)))
    with opened(side) as warehouse:
        lake.load(warehouse)
        lake.fold(change(2, thing("1", 2, 2, name="b")))
        live = {file.name for file in lake.folding.snapshot().files}
        for file in lake.folding.table_path.glob("*.parquet"):
            if file.name not in live:
                file.unlink()
        done = lake.load(warehouse)
    assert (done.status, done.why) == ("anew", plan.FILES_ARE_GONE)
    lake.is_in(side)


def test_what_another_program_compacts_changes_nothing(lake: Lake, side: Side) -> None:
    lake.fold(change(1, thing("1", 1, 1)))
    lake.fold(change(2, thing("1", 2, 2, name="b"), thing("2", 2, 2)))
    with opened(side) as warehouse:
        lake.load(warehouse)
        DeltaTable(str(lake.folding.table_path)).optimize.compact()
        done = lake.load(warehouse)
    assert (done.status, done.changed, done.gone) == ("loaded", 0, 0)
    lake.is_in(side)


def test_a_lake_that_was_set_back_is_told_and_nothing_changes_until_it_is_loaded_anew(
    lake: Lake, side: Side, tmp_path: Path
) -> None:
    lake.fold(change(1, thing("1", 1, 1)))
    with opened(side) as warehouse:
        lake.fold(change(2, thing("1", 2, 2, name="b")))
        lake.load(warehouse)
        before = side.rows(TABLE)
        lake.entry(1).unlink()
        with pytest.raises(ConfigurationError, match=r"holds version 1, but the lake is at version 0.*--anew"):
            lake.load(warehouse)
        lake.folding.ledger = Ledger()
        lake.fold(change(2, thing("1", 2, 2, name="c")))  # it goes on by another way to the same number
        with pytest.raises(ConfigurationError, match="version of that number is another"):
            lake.load(warehouse)
        lake.fold(change(3, thing("1", 3, 3, name="d")))
        with pytest.raises(ConfigurationError, match="version of that number is another"):
            lake.load(warehouse)
        assert to_the_letter(side.rows(TABLE)) == to_the_letter(before)
        assert lake.load(warehouse, anew=True).why == plan.ASKED
    lake.is_in(side)


def test_a_table_of_another_lake_does_not_take_the_place_of_what_is_there(
    lake: Lake, side: Side, tmp_path: Path
) -> None:
    other = lake_in(tmp_path / "other")
    lake.fold(change(1, thing("1", 1, 1)))
    for minute in (1, 2):
        other.fold(change(minute, thing("2", minute, minute)))
    with opened(side) as warehouse:
        lake.load(warehouse)
        with pytest.raises(ConfigurationError, match=r"version 0 of another table.*another lake.*--anew"):
            other.load(warehouse)
        lake.is_in(side)
        assert other.load(warehouse, anew=True).why == plan.ASKED
    other.is_in(side)


def test_a_table_whose_folder_was_moved_away_waits_for_a_word(lake: Lake, side: Side) -> None:
    lake.fold(change(1, thing("1", 1, 1)))
    with opened(side) as warehouse:
        lake.load(warehouse)
        shutil.rmtree(lake.folding.table_path)
        with pytest.raises(ConfigurationError, match=r"no such table in the lake.*avesa warehouse forget acme"):
            lake.load(warehouse, anew=True)
        lake.folding.ledger = Ledger()
        lake.fold(change(2, thing("2", 2, 2)))
        with pytest.raises(ConfigurationError, match="another table of that name"):
            lake.load(warehouse)
        assert lake.load(warehouse, anew=True).why == plan.ASKED
    lake.is_in(side)


def test_a_lake_that_was_set_back_to_before_its_mapping_changed_is_told(lake: Lake, side: Side) -> None:
    lake.fold(change(1, thing("1", 1, 1)))
    with opened(side) as warehouse:
        lake.folding.mapping = things_mapping(columns=MORE)
        lake.fold()
        lake.load(warehouse)
        lake.entry(1).unlink()
        with pytest.raises(ConfigurationError, match="another table of that name"):
            lake.load(warehouse)


def test_a_table_that_a_person_dropped_is_loaded_anew(lake: Lake, side: Side) -> None:
    lake.fold(change(1, thing("1", 1, 1)))
    with opened(side) as warehouse:
        lake.load(warehouse)
    side.drop(TABLE)
    with opened(side) as warehouse:
        assert lake.load(warehouse).status == "anew"
    lake.is_in(side)


def test_a_table_that_is_not_ours_is_left_alone(lake: Lake, side: Side) -> None:
    lake.fold(change(1, thing("1", 1, 1)))
    side.run("CREATE SCHEMA avesa")
    side.run("CREATE TABLE avesa.tickets (id INTEGER)")
    with opened(side) as warehouse, pytest.raises(ConfigurationError, match=r"avesa\.tickets already"):
        lake.load(warehouse)
    assert side.rows(TABLE) == []
    with opened(side, Schemas("other")) as warehouse:
        lake.load(warehouse)
    lake.is_in(side, schema="other")


def test_tenants_share_tables_without_touching_each_others_rows(tmp_path: Path, side: Side) -> None:
    acme, globex = (lake_in(tmp_path / name, tenant=name) for name in ("acme", "globex"))
    globex.folding.mapping = things_mapping(columns=MORE)
    for number, lake in enumerate((acme, globex)):
        lake.fold(change(1, thing("1", 1, 1, views=number), thing("2", 1, 1, due="2026-02-03")))
    with opened(side) as warehouse:
        for lake in (acme, globex, acme, globex):
            lake.load(warehouse)
            lake.fold(change(lake.version + 2, thing("1", lake.version + 2, lake.version + 2, name="b")))
        for lake in (acme, globex):
            lake.load(warehouse, anew=lake is globex)
    acme.is_in(side, gone=("seen", "due"))
    globex.is_in(side)


def test_each_tenant_can_have_a_schema_of_its_own(tmp_path: Path, side: Side) -> None:
    names = ("acme", "a-b", "a_b", "x" * 63, "x" * 62 + "y")
    lakes = [lake_in(tmp_path / name, tenant=name) for name in names]
    lakes[0].folding.mapping = things_mapping(columns={"name": "text", "views": "text"}, untracked=[])
    for number, lake in enumerate(lakes):
        lake.fold(change(1, thing(str(number), 1, 1)))
    each = Schemas(per_tenant=True)
    with opened(side, each) as warehouse:
        for lake in lakes:
            lake.load(warehouse)
    for lake in lakes:
        lake.is_in(side, schema=each.of(lake.folding.tenant))
        assert len(side.rows(TABLE, each.of(lake.folding.tenant))) == 1
    assert each.of("acme") == "avesa_acme"


def test_a_listing_that_lacks_a_record_ends_it_there_too(lake: Lake, side: Side) -> None:
    lake.fold(listing(1, *(thing(str(number), 1, 1) for number in range(30))))
    with opened(side) as warehouse:
        lake.load(warehouse)
        lake.fold(listing(2, *(thing(str(number), 1, 2) for number in range(29))))
        done = lake.load(warehouse)
    assert (done.changed, done.gone) == (1, 0)
    lake.is_in(side)


def test_texts_come_as_they_are(lake: Lake, side: Side) -> None:
    texts = ["'\"\\", "ä\U0001f600\U0010ffff", "a\nb\tc", "NULL", "\\N", "x" * 30_000, " ", "{}"]
    lake.fold(change(1, *(thing(f"{number}\\'\"", 1, 1, name=text) for number, text in enumerate(texts))))
    with opened(side) as warehouse:
        lake.load(warehouse)
    lake.is_in(side)
    assert {row["name"] for row in side.rows(TABLE)} == set(texts)


def test_numbers_and_times_come_as_they_are_at_their_edges(lake: Lake, side: Side) -> None:
    lake.folding.mapping = things_mapping(columns=MORE)
    numbers = ["0", "-0.0001", "0.5", "-1", "9999", "10000", "-10000.01", "123456789.0001"]
    numbers += ["99999999999999.9999", "-99999999999999.9999", "100000000", "0.1000"]
    times = ["0001-01-01T00:00:00Z", "1899-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.000001Z"]
    times += ["1970-01-01T00:00:00Z", "2000-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"]
    rows = [thing(f"n{number}", 1, 1, hours=number) for number in numbers]
    rows += [thing(f"t{time}", 1, 1, seen=time, due=time[:10]) for time in times]
    rows += [thing(f"i{number}", 1, 1, views=number) for number in (0, -1, 2**63 - 1, -(2**63))]
    lake.fold(change(1, *rows))
    with opened(side) as warehouse:
        lake.load(warehouse)
        lake.is_in(side)
        later = [
            replace(row, updated_at=at(2), extracted_at=at(3), fields=(row.fields or {}) | {"name": "b"})
            for row in rows
        ]
        lake.fold(change(2, *later))
        assert lake.load(warehouse).changed == 2 * len(rows)
    lake.is_in(side)
    assert len({row["hours"] for row in side.rows(TABLE)}) == len(numbers) + 1
    assert len({row["seen"] for row in side.rows(TABLE)}) == len(times) + 1
