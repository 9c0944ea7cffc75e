"""The engines that every suite here runs over. One that is not installed is left out, and the reason is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from postgres_server import CannotStart, PostgresServer, postgres_server
from warehouse_sides import DuckDBSide, PostgresSide, Side

SIDES = ("duckdb", "postgresql")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One server for the whole session."""
    try:
        with postgres_server() as server:
            yield server
    except CannotStart as reason:
        pytest.skip(str(reason))


@pytest.fixture
def postgresql_side(postgres: PostgresServer) -> PostgresSide:
    """Its database, with nothing in it."""
    side = PostgresSide(postgres.url("postgres"))
    side.empty()
    return side


@pytest.fixture(params=SIDES)
def side(request: pytest.FixtureRequest, tmp_path: Path) -> Side:
    """An empty warehouse."""
    if request.param == "duckdb":
        folder = tmp_path / "warehouse"
        folder.mkdir()
        return DuckDBSide(str(folder))
    side: Side = request.getfixturevalue(f"{request.param}_side")
    return side
