"""docs/analytics.md: each of its questions, asked of the tables of two tenants, has the answer that stands there.

The tables are asked where they lie, through the views of `avesa warehouse ddl`, and loaded into DuckDB and PostgreSQL.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import duckdb
import pytest
from benchmarks.postgres_server import PostgresServer

from avesa.pipeline.home import open_home
from avesa.warehouse.load import load_tenant
from warehouse_sides import DuckDBSide, PostgresSide, Side, opened

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "write_analytics.py"


def load_script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("write_analytics", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclasses look themselves up
    spec.loader.exec_module(module)
    return module


ANALYTICS = load_script()
QUESTIONS = ANALYTICS.questions(ANALYTICS.PAGE.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("analytics")
    ANALYTICS.build_home(home)
    return home


@pytest.fixture(scope="module")
def con(home: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with ANALYTICS.database(home) as con:
        yield con


@pytest.fixture(scope="module")
def loaded_duckdb(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    side = DuckDBSide(str(tmp_path_factory.mktemp("loaded")))
    load_all(home, side)
    with duckdb.connect(side.path, read_only=True) as con:
        con.execute("USE avesa; SET TimeZone = 'UTC'")
        yield con


@pytest.fixture(scope="module")
def loaded_postgres(home: Path, postgres: PostgresServer) -> PostgresSide:
    """A database of its own, which no other test empties."""
    for sql in ("DROP DATABASE IF EXISTS analytics", "CREATE DATABASE analytics"):
        subprocess.run(postgres.psql("postgres", sql), check=True)
    side = PostgresSide(postgres.url("analytics"))
    load_all(home, side)
    return side


def load_all(home: Path, side: Side) -> None:
    with open_home(home) as ports, opened(side) as warehouse:
        for tenant in ANALYTICS.TOOLS:
            assert {outcome.status for outcome in load_tenant(ports, warehouse, tenant)} == {"anew"}


def test_there_are_a_dozen_questions_and_more_and_each_has_an_answer() -> None:
    assert len(QUESTIONS) >= 12
    assert all(question.answer.count("\n") > 2 for question in QUESTIONS)


@pytest.mark.parametrize("number", range(len(QUESTIONS)))
def test_the_answer_on_the_page_is_the_one_of_the_tables(con: duckdb.DuckDBPyConnection, number: int) -> None:
    asked = QUESTIONS[number]
    assert ANALYTICS.answer(asked.sql, con) == asked.answer, asked.sql


@pytest.mark.parametrize("number", range(len(QUESTIONS)))
def test_it_is_the_one_of_the_tables_that_are_loaded_into_duckdb(
    loaded_duckdb: duckdb.DuckDBPyConnection, number: int
) -> None:
    asked = QUESTIONS[number]
    assert ANALYTICS.answer(asked.sql, loaded_duckdb) == asked.answer, asked.sql


@pytest.mark.parametrize("number", range(len(QUESTIONS)))
def test_it_is_the_one_of_the_tables_that_are_loaded_into_postgresql(
    loaded_postgres: PostgresSide, number: int
) -> None:
    asked = QUESTIONS[number]
    rows = loaded_postgres.asked("SET search_path = avesa", "SET TimeZone = 'UTC'", asked.sql)
    found = ANALYTICS.as_table(list(rows[0]), [row.values() for row in rows])
    assert found == asked.answer, asked.sql


def test_the_page_is_as_the_script_writes_it(con: duckdb.DuckDBPyConnection) -> None:
    page = ANALYTICS.PAGE.read_text(encoding="utf-8")
    assert ANALYTICS.answered(page, con) == page
    unanswered = page.replace(f"\n{QUESTIONS[0].answer}", "").replace(QUESTIONS[1].answer, "No rows.\n")
    assert ANALYTICS.answered(unanswered, con) == page
