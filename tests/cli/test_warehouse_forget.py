"""`avesa warehouse forget` as people type it."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from avesa_program import PROGRAM, Avesa
from landed_home import LandedHome, changes, contact


@pytest.fixture
def home(tmp_path: Path) -> LandedHome:
    home = LandedHome(tmp_path / "home")
    for table in ("contacts", "tickets"):
        home.land(changes(1, contact("1", 1, 1), contact("2", 1, 1)), table=table)
        home.transform(table=table)
    return home


@pytest.fixture
def avesa(home: LandedHome) -> Avesa:
    return Avesa(home.folder)


def rows(file: Path, schema: str = "avesa") -> dict[str, int]:
    with duckdb.connect(str(file)) as con:
        return {
            table: con.execute(f"SELECT count(*) FROM {schema}.{table} WHERE tenant_id = 'acme'").fetchall()[0][0]
            for table in ("contacts", "tickets", "avesa_loads")
        }


@pytest.mark.parametrize("is_known", [False, True])
def test_a_tenant_is_forgotten_whether_it_is_still_known_or_not(avesa: Avesa, file: Path, is_known: bool) -> None:
    avesa("warehouse", "load", "acme", "--to", f"duckdb://{file}")
    if not is_known:
        avesa("tenant", "remove", "acme", "--yes")
    forget = ("warehouse", "forget", "acme", "--to", f"duckdb://{file}", "--yes")
    assert avesa(*forget).stdout == "acme  contacts       2 rows deleted\nacme  tickets        2 rows deleted\n"
    assert rows(file) == {"contacts": 0, "tickets": 0, "avesa_loads": 0}
    assert avesa(*forget).stdout == "acme  nothing of it is in schema avesa\n"
    assert [one["tenant"] for one in avesa.json("tenant", "list")] == ["acme"] * is_known
    if is_known:
        assert "loaded anew: nothing of it was there" in avesa("warehouse", "load", "acme", "--to", forget[4]).stdout


def test_tables_and_schema_can_be_named(avesa: Avesa, file: Path) -> None:
    place = ("--to", f"duckdb://{file}", "--schema", "msp", "--schema-per-tenant")
    avesa("warehouse", "load", "acme", *place)
    forget = ("warehouse", "forget", "acme", *place, "--yes", "--table")
    told = avesa.json(*forget, "tickets", "--table", "companies")
    place = {"warehouse": f"duckdb://{file}", "schema": "msp_acme", "elsewhere": []}
    tables = [{"table": "tickets", "rows": 2}]
    assert told == {"complete": True, **place, "tenant": "acme", "tables": tables, "errors": []}
    assert rows(file, "msp_acme") == {"contacts": 2, "tickets": 0, "avesa_loads": 1}


def test_who_names_the_wrong_schema_is_told_where_the_rows_are(avesa: Avesa, file: Path) -> None:
    for more in (("--schema-per-tenant",), ("--schema", "msp")):
        avesa("warehouse", "load", "acme", "--to", f"duckdb://{file}", *more)
    forget = ("warehouse", "forget", "acme", "--to", f"duckdb://{file}", "--yes")
    told = avesa(*forget)
    assert told.stdout == "acme  nothing of it is in schema avesa\n"
    assert told.stderr == "Not deleted is what it has in other schemas: avesa_acme, msp\n"
    assert avesa.json(*forget, "--schema-per-tenant")["elsewhere"] == ["msp"]


def test_a_table_that_is_not_ours_fails_and_the_others_are_forgotten(avesa: Avesa, file: Path) -> None:
    load = ("warehouse", "load", "acme", "--to", f"duckdb://{file}")
    avesa(*load)
    with duckdb.connect(str(file)) as con:
        con.execute("CREATE TABLE avesa.companies (mine INTEGER)")
    failed = avesa("warehouse", "forget", *load[2:], "--yes", code=1)
    assert "acme  companies      failed\nacme  contacts       2 rows deleted\n" in failed.stdout
    assert "Error: tenant acme, companies: there is a table avesa.companies already" in failed.stderr
    told = avesa.json("warehouse", "forget", *load[2:], "--yes", code=1)
    assert (told["complete"], [error["table"] for error in told["errors"]]) == (False, ["companies"])


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (("acme",), 2, "no warehouse is named"),
        (("../acme", "--to", "duckdb:///w"), 2, "not a valid tenant name"),
        (("acme", "--to", "duckdb:///w", "--table", "ticket"), 2, "Did you mean tickets"),
        (("acme", "--to", "duckdb:///w"), 2, "Add --yes"),
        (("acme", "--to", "duckdb:w.duckdb", "--yes"), 1, "there is no file"),
    ],
)
def test_what_cannot_be_done_is_told_and_no_file_is_made(
    avesa: Avesa, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, args: tuple[str, ...], code: int, says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert says in avesa("warehouse", "forget", *args, code=code).stderr
    assert not (tmp_path / "w.duckdb").exists()


@pytest.mark.parametrize(("answer", "code", "left"), [("n", 1, 2), ("y", 0, 0)])
def test_on_a_terminal_it_asks_first(avesa: Avesa, file: Path, answer: str, code: int, left: int) -> None:
    place = ("acme", "--to", f"duckdb://{file}")
    avesa("warehouse", "load", *place)
    ours, its = pty.openpty()
    try:
        program = subprocess.Popen(
            [*PROGRAM, "--home", str(avesa.home), "warehouse", "forget", *place],
            **dict.fromkeys(("stdin", "stdout", "stderr"), its),
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TERM": "dumb", "COLUMNS": "500"},
        )
        said = b""
        while b"?" not in said:
            said += os.read(ours, 1000)
        os.write(ours, f"{answer}\n".encode())
        assert program.wait(60) == code
    finally:
        os.close(its)
        os.close(ours)
    assert f"Delete the rows of tenant acme in schema avesa of duckdb://{file}?" in said.decode()
    assert rows(file)["tickets"] == left
