"""A sandbox with two tenants, and homes that are connected to it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from avesa.sandbox.clock import SandboxClock
from avesa.sandbox.server import Sandbox
from avesa.sandbox.world import World
from avesa.warehouse.address import VARIABLE
from avesa_program import Avesa

START = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture(scope="session")
def worlds() -> dict[str, World]:
    return {name: World(seed=seed, start=START, days=9, companies=4) for seed, name in ((7, "acme"), (8, "globex"))}


@pytest.fixture
def sandbox(worlds: dict[str, World]) -> Iterator[Sandbox]:
    with Sandbox(worlds=worlds, clock=SandboxClock(START + timedelta(days=3))) as running:
        yield running


@pytest.fixture(autouse=True)
def no_warehouse_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A DuckDB file to load into, which is not there yet."""
    return tmp_path / "warehouse.duckdb"


@pytest.fixture
def avesa(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Avesa:
    """A home that is empty, in an environment that says nothing of one."""
    monkeypatch.delenv("AVESA_HOME", raising=False)
    monkeypatch.delenv("AVESA_DEBUG", raising=False)
    monkeypatch.chdir(tmp_path)
    return Avesa(tmp_path / "home")


@pytest.fixture
def connected(avesa: Avesa, sandbox: Sandbox) -> Avesa:
    """acme and globex are connected to the sandbox, and nothing has been synced."""
    for tenant in sandbox.worlds:
        avesa.connect(tenant, sandbox.settings(tenant=tenant), sandbox.secrets(tenant=tenant))
    return avesa


@pytest.fixture(scope="session")
def synced(worlds: dict[str, World], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Avesa]:
    """acme was synced on three days, globex is known and never was. For tests that only read."""
    program = Avesa(tmp_path_factory.mktemp("synced") / "home")
    clock = SandboxClock(START + timedelta(days=3))
    with Sandbox(worlds=worlds, clock=clock) as running:
        for tenant in running.worlds:
            program.connect(tenant, running.settings(tenant=tenant), running.secrets(tenant=tenant))
        for _ in range(3):
            program("sync", "acme", "--full")
            clock.advance(timedelta(days=2))
        yield program
