"""docs/analytics.md: each of its questions, asked of the tables of two tenants, has the answer that stands there."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import duckdb
import pytest

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
def con(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    home = tmp_path_factory.mktemp("analytics")
    ANALYTICS.build_home(home)
    with ANALYTICS.database(home) as con:
        yield con


def test_there_are_a_dozen_questions_and_more_and_each_has_an_answer() -> None:
    assert len(QUESTIONS) >= 12
    assert all(question.answer.count("\n") > 2 for question in QUESTIONS)


@pytest.mark.parametrize("number", range(len(QUESTIONS)))
def test_the_answer_on_the_page_is_the_one_of_the_tables(con: duckdb.DuckDBPyConnection, number: int) -> None:
    asked = QUESTIONS[number]
    assert ANALYTICS.answer(asked.sql, con) == asked.answer, asked.sql


def test_the_page_is_as_the_script_writes_it(con: duckdb.DuckDBPyConnection) -> None:
    page = ANALYTICS.PAGE.read_text(encoding="utf-8")
    assert ANALYTICS.answered(page, con) == page
    unanswered = page.replace(f"\n{QUESTIONS[0].answer}", "").replace(QUESTIONS[1].answer, "No rows.\n")
    assert ANALYTICS.answered(unanswered, con) == page
