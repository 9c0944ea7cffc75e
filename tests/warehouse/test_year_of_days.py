"""A year of days that is loaded day by day is in the end what one load makes of it.

The engines beside DuckDB, to which a statement costs a journey, are loaded every week; with AVESA_LOAD_DAYS=all every
day too.
"""

from __future__ import annotations

import os

import duckdb
import pytest

from avesa.canonical_transform.canonical_table import CanonicalTable
from avesa.canonical_transform.engine import engine, session
from avesa.canonical_transform.fold import fold
from avesa.canonical_transform.ledger import Ledger
from avesa.canonical_transform.raw_history import Bench
from avesa.shared.clock import system_clock
from avesa.shared.guard import Guard
from avesa.warehouse.load import load_table
from avesa.warehouse.schemas import Schemas
from fold_story import change, gone, thing
from raw_files import PullOf
from warehouse_lake import TABLE, Lake, lake_in
from warehouse_sides import Side, opened

DAYS = 365
DAY = 1440
EVERY = 1 if os.environ.get("AVESA_LOAD_DAYS") == "all" else 7


pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A version for each day."""
    lake = lake_in(tmp_path_factory.mktemp("year"))
    scratch = lake.folding.root / "scratch"
    scratch.mkdir(parents=True)
    with engine(scratch) as database:
        for day in range(DAYS):
            fold_day(lake, day, database)
    assert lake.version == DAYS - 1
    return lake


def test_a_year_loaded_day_by_day_is_what_one_load_makes_of_it(year: Lake, side: Side) -> None:
    every = 1 if side.words[0] == "duckdb" else EVERY
    with opened(side) as warehouse, engine(year.folding.root / "scratch") as con:
        for version in [*range(0, DAYS, every), DAYS - 1]:
            done = load_table(con, year.folding.table(), warehouse, "acme", TABLE, version=version)
            assert done is not None
            expected = "anew" if version == 0 else "unchanged" if done.changed == 0 else "loaded"
            assert (done.status, done.version) == (expected, version)
    year.is_in(side)
    with opened(side, Schemas("once")) as warehouse:
        assert year.load(warehouse).status == "anew"
    year.is_in(side, schema="once")
    assert len(year.rows()) > 2 * DAYS


def fold_day(lake: Lake, day: int, database: duckdb.DuckDBPyConnection) -> None:
    """As `Lake.fold`, in an engine that is there already."""
    folding = lake.folding
    folding.land(pull_of(day))
    scratch = folding.root / "scratch"
    with session(database) as con:
        table = CanonicalTable(folding.objects, "acme", TABLE, scratch, system_clock)
        bench = Bench(con, folding.objects, folding.mapping, lambda source: Guard(), scratch)
        fold("acme", bench, table, folding.ledger, lambda ledger: keep(lake, ledger))


def keep(lake: Lake, ledger: Ledger) -> None:
    lake.folding.ledger = ledger


def pull_of(day: int) -> PullOf:
    """A new ticket each day, which changes after a day and after a week; every tenth goes, some come late."""
    now = day * DAY
    rows = [thing(str(day), now - 9, now, hours=day)]
    rows += [thing(str(day - age), now - 5, now, name=f"after {age}") for age in (1, 7) if day >= age]
    rows += [gone(str(day - 9), now - 4, now)] if day % 10 == 9 else []
    rows += [thing(str(day - 2), now - DAY, now, name="late", views=day)] if day % 25 == 20 else []
    return change(now, *rows)
