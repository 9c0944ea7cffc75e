"""Texts are in PostgreSQL what they are in the lake, whatever role, database, environment or address say of letters.

psql reads them, and not the driver that wrote them.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from benchmarks.postgres_server import PostgresServer

from avesa.shared.errors import ConfigurationError
from fold_story import change, thing
from warehouse_lake import TABLE, Lake, lake_in
from warehouse_sides import PostgresSide, opened

LATIN = "Zoë Ångström ß½ ÿ"
WIDE = "漢字 Łódź — 🦆"


def lake_with(folder: Path, *names: str) -> Lake:
    lake = lake_in(folder)
    lake.fold(change(1, *(thing(str(number), 1, 1, name=name) for number, name in enumerate(names))))
    return lake


def read_by_psql(postgres: PostgresServer, database: str = "postgres") -> set[str]:
    """The names in the table, which the server itself tells as UTF-8 in digits."""
    program, *words = postgres.psql(database, f"SELECT encode(convert_to(name, 'UTF8'), 'hex') FROM avesa.{TABLE}")
    told = subprocess.run(
        [program, "-At", *words],
        capture_output=True,
        text=True,
        check=True,
        env={name: value for name, value in os.environ.items() if not name.startswith("PG")},
    ).stdout
    return {bytes.fromhex(line).decode() for line in told.split()}


@pytest.fixture
def settings_go(postgresql_side: PostgresSide) -> Iterator[None]:
    yield
    postgresql_side.run("ALTER ROLE loader RESET client_encoding")
    postgresql_side.run("ALTER DATABASE postgres RESET client_encoding")


@pytest.mark.usefixtures("settings_go")
@pytest.mark.parametrize("place", ["environment", "options", "role", "database", "address", "address, spelled", "auto"])
def test_the_session_speaks_utf_8_whoever_says_otherwise(
    postgresql_side: PostgresSide,
    postgres: PostgresServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
) -> None:
    url = postgresql_side.url
    match place:
        case "environment":
            monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
        case "options":
            monkeypatch.setenv("PGOPTIONS", "-c client_encoding=LATIN1")
        case "role":
            postgresql_side.run("ALTER ROLE loader SET client_encoding = 'LATIN1'")
        case "database":
            postgresql_side.run("ALTER DATABASE postgres SET client_encoding = 'LATIN1'")
        case "address":
            url += "&client_encoding=latin1"
        case "address, spelled":
            url += "&client%5Fencoding=latin1&options=-c%20client_encoding%3Dlatin1"
        case _:
            monkeypatch.setenv("LC_ALL", "C")
            url += "&client_encoding=auto"
    lake = lake_with(tmp_path, LATIN, WIDE)
    with opened(PostgresSide(url)) as warehouse:
        lake.load(warehouse)
        lake.fold(change(2, thing("0", 2, 2, name=WIDE)))
        lake.load(warehouse)
    assert read_by_psql(postgres) == {LATIN, WIDE}


@pytest.fixture
def latin_1(postgres: PostgresServer, postgresql_side: PostgresSide) -> Iterator[PostgresSide]:
    """A database that can hold no other letters."""
    create = postgres.psql("postgres", "CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0")
    subprocess.run(create, check=True)
    yield PostgresSide(postgres.url("latin"))
    subprocess.run(postgres.psql("postgres", "DROP DATABASE latin WITH (FORCE)"), check=True)


def test_a_database_of_few_letters_holds_those_as_they_are(
    latin_1: PostgresSide, postgres: PostgresServer, tmp_path: Path
) -> None:
    lake = lake_with(tmp_path, LATIN)
    with opened(latin_1) as warehouse:
        lake.load(warehouse)
    assert read_by_psql(postgres, "latin") == {LATIN}


def test_letters_that_a_database_cannot_hold_are_refused_and_told(
    latin_1: PostgresSide, postgres: PostgresServer, tmp_path: Path
) -> None:
    lake = lake_with(tmp_path, LATIN)
    with opened(latin_1) as warehouse:
        lake.load(warehouse)
        lake.fold(change(2, thing("0", 2, 2, name=WIDE)))
        with pytest.raises(ConfigurationError, match=r"cannot hold a letter .* its encoding is not UTF-8") as told:
            lake.load(warehouse)
    assert "ENCODING 'UTF8'" in told.value.hint
    assert "22P05" in told.value.message
    assert read_by_psql(postgres, "latin") == {LATIN}
