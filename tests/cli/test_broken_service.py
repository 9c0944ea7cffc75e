"""A service whose declaration cannot be used, as the command line tells of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from avesa_program import Avesa
from declared_services import GOOD, declared

BROKEN = GOOD.replace('Parent("orgs"', 'Parent("org"')
WHY = "Its declaration cannot be used: oddwerk/machines: unknown parent org."


@pytest.fixture
def broken(connected: Avesa, tmp_path: Path) -> Iterator[Avesa]:
    """acme is connected to ConnectWise, and to a service that somebody has broken since."""
    with declared(tmp_path / "services", "oddwerk", GOOD):
        connected("connect", "acme", "oddwerk", "--secrets-from", "-", stdin='{"token": "t"}')
    with declared(tmp_path / "services", "oddwerk", BROKEN):
        yield connected


def test_it_is_named_with_file_and_line(broken: Avesa) -> None:
    told = broken("services", "oddwerk", code=1).stderr
    assert told.startswith(f"Error: oddwerk: {WHY}\n  Mend ") and told.endswith("__init__.py, line 4\n")


def test_the_others_are_listed(broken: Avesa) -> None:
    found = broken("services", code=1)
    assert "ConnectWise PSA" in found.stdout and WHY in found.stderr
    assert "connectwise" in {one["name"] for one in broken.json("services", code=1)}


def test_the_others_are_synced(broken: Avesa) -> None:
    done = broken.json("sync", "acme", code=1)
    (acme,) = done["tenants"]
    assert {table["status"] for table in acme["tables"]} == {"ok"} and len(acme["tables"]) == 20
    assert [(error["service"], error["message"]) for error in acme["errors"]] == [("oddwerk", WHY)]


def test_a_table_that_another_has_is_synced_alone(broken: Avesa) -> None:
    done = broken.json("sync", "--table", "boards")
    assert [table["table"] for one in done["tenants"] for table in one["tables"]] == ["boards", "boards"]
    assert WHY in broken("sync", "acme", "--table", "machines", code=1).stderr


def test_the_others_are_planned(broken: Avesa) -> None:
    found = broken("plan", "acme", code=1)
    assert "connectwise: " in found.stdout and "oddwerk" not in found.stdout
    assert found.stderr.startswith(f"Error: tenant acme, oddwerk: {WHY}\n  Mend ")
    told = broken.json("plan", "acme", code=1)
    assert [one["service"] for one in told["services"]] == ["connectwise"]
    assert [(one["service"], one["message"]) for one in told["errors"]] == [("oddwerk", WHY)]


def test_the_status_of_the_others_is_told(broken: Avesa) -> None:
    broken("sync", "acme", "--table", "boards")
    (found,) = broken.json("status", "acme")
    services = {one["service"]: one for one in found["services"]}
    assert services["connectwise"]["problem"] is None and len(services["connectwise"]["tables"]) == 20
    assert (services["oddwerk"]["problem"], services["oddwerk"]["tables"]) == (WHY, [])
    shown = broken("status", "acme").stdout
    assert WHY in shown and "Mend " in shown and "\nboards " in shown and "avesa connect" not in shown
