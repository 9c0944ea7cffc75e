"""The engines that every suite here runs over. One that is not installed is left out, and the reason is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from benchmarks.postgres_server import CannotStart, PostgresServer, postgres_server

from clickhouse_server import CannotServe, clickhouse_server
from warehouse_sides import ClickHouseSide, DuckDBSide, PostgresSide, Side

SIDES = ("duckdb", "postgresql", "clickhouse")


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


@pytest.fixture(scope="session")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of one server for the whole session."""
    try:
        with clickhouse_server(tmp_path_factory.mktemp("clickhouse")) as url:
            yield url
    except CannotServe as reason:
        pytest.skip(str(reason))


@pytest.fixture
def clickhouse_side(clickhouse: str) -> ClickHouseSide:
    """It, with nothing in it."""
    side = ClickHouseSide(clickhouse)
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
