"""Beside each loaded table lie its open rows and those of a moment, and they come back when somebody dropped them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from benchmarks.postgres_server import PostgresServer

from avesa.canonical_transform.mapping import mapping_names
from avesa.canonical_transform.mapping_schema import read_document
from avesa.shared.errors import ConfigurationError, MappingError
from avesa.warehouse.schemas import Schemas
from avesa.warehouse.statements import as_of_name, current_name
from fold_story import change, gone, thing
from fold_table import things_mapping
from raw_files import at
from warehouse_lake import TABLE, Lake, lake_in, was_in_force
from warehouse_points import watched
from warehouse_sides import DuckDBSide, PostgresSide, Side, opened, to_the_letter

Drop = Callable[[Side], None]
DROPS: dict[str, Drop] = {
    "view": lambda side: side.run(f"DROP VIEW avesa.{TABLE}_current"),
    "function": lambda side: side.drop_as_of(TABLE),
}


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = lake_in(tmp_path / "lake")
    lake.fold(change(1, thing("1", 1, 1), thing("2", 1, 1)))
    return lake


def test_as_of_gives_what_was_in_force_from_its_first_moment_on_and_at_its_last_no_more(lake: Lake, side: Side) -> None:
    lake.fold(change(10, thing("1", 10, 10, name="b"), thing("3", 10, 10)))
    lake.fold(change(20, thing("1", 20, 20, name="c"), gone("2", 20, 20)))
    with opened(side) as warehouse:
        lake.load(warehouse)
    rows = side.rows(TABLE)
    assert len(rows) == 5
    for minute, count in ((1, 2), (10, 3), (20, 2)):
        for moment in (at(minute) - timedelta(microseconds=1), at(minute), at(minute) + timedelta(microseconds=1)):
            then = [row for row in rows if was_in_force(row, moment)]
            assert to_the_letter(side.as_of(TABLE, moment)) == to_the_letter(then)
        assert len(then) == count


@pytest.mark.parametrize("what", DROPS)
@pytest.mark.parametrize("by", ["a change", "nothing new", "a load anew"])
def test_what_somebody_dropped_comes_back_with_the_next_load(lake: Lake, side: Side, what: str, by: str) -> None:
    with opened(side) as warehouse:
        lake.load(warehouse)
    DROPS[what](side)
    if by == "a change":
        lake.fold(change(2, thing("1", 2, 2, name="b")))
    with opened(side) as warehouse:
        done = lake.load(warehouse, anew=by == "a load anew")
    assert done.status == {"a change": "loaded", "nothing new": "unchanged", "a load anew": "anew"}[by]
    lake.is_in(side)


@pytest.mark.parametrize("what", DROPS)
def test_a_load_that_breaks_off_while_it_makes_them_again_is_made_good_by_the_next(
    lake: Lake, side: Side, what: str
) -> None:
    class Broken(BaseException):
        """Nobody catches it."""

    with opened(side) as warehouse:
        lake.load(warehouse)
    for point in range(100):
        with suppress(Exception):
            DROPS[what](side)

        def reached(number: int, end: int = point) -> None:
            if number == end:
                raise Broken

        try:
            with opened(side) as warehouse, watched(side, reached):
                lake.load(warehouse)
        except Broken:
            continue
        break
    assert point > 3
    lake.is_in(side)
    with opened(side) as warehouse:
        lake.load(warehouse)
    lake.is_in(side)


def test_they_are_looked_for_once_in_a_session(lake: Lake, side: Side) -> None:
    said: list[list[int]] = [[], [], []]
    with opened(side) as warehouse:
        lake.load(warehouse)
    with opened(side) as warehouse:
        for numbers in said[:2]:
            with watched(side, numbers.append):
                assert lake.load(warehouse).status == "unchanged"
        with watched(side, said[2].append):
            warehouse.holding("acme", TABLE)
    first, second, holding = map(len, said)
    assert second == holding
    assert first > second


def test_they_show_a_column_that_a_mapping_adds(lake: Lake, side: Side) -> None:
    with opened(side) as warehouse:
        lake.load(warehouse)
    lake.folding.mapping = things_mapping(columns={"name": "text", "due": "date"}, untracked=[])
    lake.fold(change(2, thing("1", 2, 2, due="2026-02-03")))
    with opened(side) as warehouse:
        lake.load(warehouse)
    lake.is_in(side, gone=("hours", "tags", "views"))
    assert "due" in side.as_of(TABLE, at(2))[0]


def test_a_column_may_be_called_as_the_moment_is(lake: Lake, side: Side) -> None:
    lake.folding.mapping = things_mapping(columns={"name": "text", "moment": "timestamp"}, untracked=[])
    lake.fold(change(2, thing("1", 2, 2, moment="1999-01-01T00:00:00Z"), thing("2", 2, 2, moment=None)))
    with opened(side) as warehouse:
        lake.load(warehouse)
    lake.is_in(side)
    assert len(side.as_of(TABLE, at(3))) == 2


def test_a_table_of_that_name_that_is_not_ours_is_told_and_left_alone(lake: Lake, side: Side) -> None:
    with opened(side) as warehouse:
        lake.load(warehouse)
    DROPS["view"](side)
    side.run(f"CREATE TABLE avesa.{TABLE}_current (id INTEGER)")
    side.run(f"INSERT INTO avesa.{TABLE}_current VALUES (7)")
    for number in range(2):
        with opened(side) as warehouse, pytest.raises(ConfigurationError, match=rf"{TABLE}_current already.*--schema"):
            lake.load(warehouse)
        assert side.rows(f"{TABLE}_current") == [{"id": 7}]
        lake.fold(change(number + 2, thing("1", number + 2, number + 2, name=f"n{number}")))
    with opened(side, Schemas("other")) as warehouse:
        lake.load(warehouse)
    lake.is_in(side, schema="other")


THEIRS = {
    "duckdb": [
        f"CREATE OR REPLACE MACRO avesa.{TABLE}_as_of(moment) AS TABLE SELECT 7 AS id",
        f"CREATE OR REPLACE MACRO avesa.{TABLE}_as_of(a, b) AS TABLE SELECT 7 AS id",
    ],
    "postgresql": [
        f"CREATE FUNCTION avesa.{TABLE}_as_of(text) RETURNS int LANGUAGE sql AS 'SELECT 7'",
        f"CREATE FUNCTION avesa.{TABLE}_as_of(timestamptz) RETURNS int LANGUAGE sql AS 'SELECT 7'",
        f"""CREATE FUNCTION avesa.{TABLE}_as_of(moment timestamptz) RETURNS SETOF avesa.{TABLE} LANGUAGE sql
            AS 'SELECT * FROM avesa.{TABLE}'""",
        f"CREATE PROCEDURE avesa.{TABLE}_as_of() LANGUAGE sql AS 'SELECT 7'",
    ],
    "clickhouse": [
        f"CREATE OR REPLACE VIEW avesa.{TABLE}_as_of AS SELECT 7 AS id",
        f"CREATE OR REPLACE VIEW avesa.{TABLE}_as_of AS SELECT {{moment:String}} AS id",
    ],
}


def test_a_function_of_that_name_that_is_not_ours_is_told_and_left_alone(lake: Lake, side: Side) -> None:
    with opened(side) as warehouse:
        lake.load(warehouse)
    before = to_the_letter(side.rows(TABLE))
    for number, theirs in enumerate(THEIRS[side.words[0]], start=2):
        side.drop_as_of(TABLE)
        side.run(theirs)
        lake.fold(change(number, thing("1", number, number, name=f"n{number}")))
        with opened(side) as warehouse, pytest.raises(ConfigurationError, match=rf"{TABLE}_as_of\b.* already"):
            lake.load(warehouse)
        assert to_the_letter(side.rows(TABLE)) == before
    side.run(f"DROP PROCEDURE avesa.{TABLE}_as_of") if side.words[0] == "postgresql" else side.drop_as_of(TABLE)
    with opened(side) as warehouse:
        lake.load(warehouse)
    lake.is_in(side)


def test_an_overload_beside_ours_is_told_since_a_call_could_reach_it(lake: Lake, postgresql_side: PostgresSide) -> None:
    with opened(postgresql_side) as warehouse:
        lake.load(warehouse)
    postgresql_side.run(f"CREATE FUNCTION avesa.{TABLE}_as_of(text) RETURNS int LANGUAGE sql AS 'SELECT 7'")
    with opened(postgresql_side) as warehouse, pytest.raises(ConfigurationError, match=r"_as_of\(text\) already"):
        lake.load(warehouse)
    postgresql_side.run(f"DROP FUNCTION avesa.{TABLE}_as_of(text)")
    with opened(postgresql_side) as warehouse:
        lake.load(warehouse)
    lake.is_in(postgresql_side)


@pytest.mark.parametrize("name", ["duckdb", "postgresql"])
def test_they_keep_working_when_a_person_adds_a_column(
    lake: Lake, name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    side: Side = DuckDBSide(str(tmp_path)) if name == "duckdb" else request.getfixturevalue("postgresql_side")
    with opened(side) as warehouse:
        lake.load(warehouse)
    side.run(f"ALTER TABLE avesa.{TABLE} ADD COLUMN note TEXT")
    assert {row["note"] for row in side.as_of(TABLE, at(1))} == {None}


def test_a_query_sees_through_the_function_to_the_tables_index_and_may_use_several_processes(
    lake: Lake, postgresql_side: PostgresSide, postgres: PostgresServer
) -> None:
    lake.fold(change(2, *(thing(f"x{number}", 2, 2) for number in range(5000))))
    with opened(postgresql_side) as warehouse:
        lake.load(warehouse)
    key = "tenant_id = 'acme' AND source_service = 'psa' AND source_table = 'tickets' AND source_id = '1'"
    explain = f"EXPLAIN SELECT * FROM avesa.{TABLE}_as_of('2026-02-01')"
    freely = [
        f"SET {name} = 0" for name in ("min_parallel_table_scan_size", "parallel_setup_cost", "parallel_tuple_cost")
    ]

    def told(*statements: str) -> str:
        ran = subprocess.run(postgres.psql("postgres", *statements), check=True, capture_output=True, text=True)
        return ran.stdout

    assert f"using {TABLE}_pkey" in told(f"{explain} WHERE {key}")
    assert "Workers Planned" in told(*freely, f"{explain} WHERE name = 'x'")


def test_each_duckdb_file_that_is_attached_answers_of_its_own(tmp_path: Path) -> None:
    """Also one that is called as its schema is."""
    for tenant in ("acme", "avesa"):
        lake = lake_in(tmp_path / tenant, tenant=tenant)
        lake.fold(change(1, thing("1", 1, 1)))
        with opened(duckdb_file(tmp_path / f"{tenant}.duckdb")) as warehouse:
            lake.load(warehouse)
    with duckdb.connect() as con:
        con.execute(f"ATTACH '{tmp_path}/acme.duckdb' (READ_ONLY); ATTACH '{tmp_path}/avesa.duckdb' (READ_ONLY)")
        for use in ("memory", "acme", "avesa.main"):
            con.execute(f"USE {use}")
            for tenant in ("acme", "avesa"):
                sql = f"SELECT tenant_id FROM {tenant}.avesa.{TABLE}_as_of('2999-01-01')"
                assert con.execute(sql).fetchall() == [(tenant,)]


def test_a_duckdb_file_that_got_another_name_is_right_after_the_next_load(lake: Lake, tmp_path: Path) -> None:
    with opened(duckdb_file(tmp_path / "before.duckdb")) as warehouse:
        lake.load(warehouse)
    (tmp_path / "before.duckdb").rename(tmp_path / "warehouse.duckdb")
    side = DuckDBSide(str(tmp_path))
    with pytest.raises(duckdb.Error, match="before"):
        side.as_of(TABLE, at(1))
    with opened(side) as warehouse:
        assert lake.load(warehouse).status == "unchanged"
    lake.is_in(side)


def duckdb_file(path: Path) -> DuckDBSide:
    side = DuckDBSide(str(path.parent))
    side.url = f"duckdb://{path}"
    return side


def test_no_two_things_in_a_schema_have_one_name_also_where_names_are_cut(postgresql_side: PostgresSide) -> None:
    longest = "t" + "x" * 54
    for table in (*mapping_names(), longest):
        read_document(json.dumps({"table": table}).encode(), f"{table}.json", overlay=True)
    with pytest.raises(MappingError, match="up to 54"):
        read_document(json.dumps({"table": f"{longest}x"}).encode(), "longer.json", overlay=True)
    made = [name for table in (*mapping_names(), longest) for name in (table, current_name(table), as_of_name(table))]
    for name in made:
        assert postgresql_side.asked(f"SELECT '{name}'::name::text AS cut") == [{"cut": name}]
    assert len(set(made)) == len(made)
