"""`avesa warehouse load` as people type it: what it says, what it refuses, and what its exit status means."""

from __future__ import annotations

import json
import os
import subprocess
from base64 import b64encode
from pathlib import Path
from typing import Any

import duckdb
import pytest

from avesa.sandbox.server import Sandbox
from avesa.shared.errors import UsageError
from avesa.shared.objects import Objects
from avesa.warehouse import load as warehouse_load
from avesa.warehouse.address import VARIABLE, warehouse_address
from avesa.warehouse.plan import plan_load
from avesa_program import PROGRAM, Avesa
from landed_home import LandedHome, changes, contact
from repeating_servers import repeating_postgres


@pytest.fixture
def home(tmp_path: Path) -> LandedHome:
    home = LandedHome(tmp_path / "home")
    home.land(changes(1, contact("1", 1, 1), contact("2", 1, 1)))
    home.transform()
    return home


@pytest.fixture
def avesa(home: LandedHome) -> Avesa:
    return Avesa(home.folder)


def names(file: Path, schema: str = "avesa") -> list[Any]:
    with duckdb.connect(str(file)) as con:
        return con.execute(f"SELECT first_name FROM {schema}.contacts_current ORDER BY source_id").fetchall()


def test_it_hands_over_everything_then_what_changed_then_nothing(avesa: Avesa, home: LandedHome, file: Path) -> None:
    load = ("warehouse", "load", "acme", "--to", f"duckdb://{file}")
    assert avesa(*load).stdout.startswith(
        "acme  contacts       loaded anew: nothing of it was there  2 rows  version 0"
    )
    assert names(file) == [("Mia",), ("Mia",)]
    home.land(changes(2, contact("2", 2, 2, name="Ben")))
    home.transform()
    told = avesa(*load).stdout
    assert "loaded  2 rows  version 1" in told
    assert names(file) == [("Mia",), ("Ben",)]
    assert avesa(*load).stdout == "acme  nothing new in 1 table\n"
    assert [one["status"] for one in avesa.json(*load)["tenants"][0]["tables"]] == ["unchanged"]


def test_what_is_not_loaded_is_told_once_behind_what_is(avesa: Avesa, file: Path, sandbox: Sandbox) -> None:
    avesa.connect("globex", sandbox.settings(tenant="globex"), sandbox.secrets(tenant="globex"))
    load = ("warehouse", "load", "--all", "--to", f"duckdb://{file}")
    for table in ("boards", "companies", "contacts"):
        avesa("sync", "globex", "--table", table)
    avesa(*load, "--table", "companies")
    first, second, last = avesa(*load).stdout.splitlines()
    assert (first[:6], second[:16], last) == ("acme  ", "globex  contacts", "globex  nothing new in 1 table")


def test_json_is_one_document_that_tells_each_table(avesa: Avesa, file: Path) -> None:
    told = avesa.json("warehouse", "load", "--all", "--to", f"duckdb://{file}")
    assert (told["complete"], told["stopped"], told["warehouse"]) == (True, False, f"duckdb://{file}")
    (tenant,) = told["tenants"]
    (table,) = tenant["tables"]
    assert table["seconds"] >= 0
    expected = {"table": "contacts", "status": "anew", "changed": 2, "gone": 0, "rows": 2, "version": 0}
    assert table == {**expected, "why": "nothing of it was there", "seconds": table["seconds"], "error": None}


def test_a_table_can_be_named_and_loaded_anew(avesa: Avesa, file: Path) -> None:
    load = ("warehouse", "load", "acme", "--to", f"duckdb://{file}", "--table", "contacts")
    avesa(*load)
    assert "loaded anew: as asked  2 rows" in avesa(*load, "--anew").stdout
    told = avesa("warehouse", "load", "acme", "--to", f"duckdb://{file}", "--table", "tickets").stdout
    assert told == "acme  nothing has been folded yet\n"


def test_tables_can_be_named_one_after_the_other_and_each_is_loaded(avesa: Avesa, home: LandedHome, file: Path) -> None:
    for table in ("tickets", "companies"):
        home.land(changes(1, contact("7", 1, 1)), table=table)
    tables = ("--table", "contacts", "--table", "tickets")
    folded = avesa.json("transform", "acme", *tables)["tenants"][0]["canonical"]
    assert [table["table"] for table in folded] == ["contacts", "tickets"]
    told = avesa.json("warehouse", "load", "acme", "--to", f"duckdb://{file}", *tables)
    assert [table["table"] for table in told["tenants"][0]["tables"]] == ["contacts", "tickets"]


def test_each_tenant_can_have_a_schema_of_its_own(avesa: Avesa, file: Path) -> None:
    avesa("warehouse", "load", "acme", "--to", f"duckdb://{file}", "--schema-per-tenant", "--schema", "msp")
    assert names(file, "msp_acme") == [("Mia",), ("Mia",)]


def test_a_table_that_fails_leaves_the_others_alone(avesa: Avesa, home: LandedHome, file: Path) -> None:
    home.land(changes(1, contact("7", 1, 1)), table="tickets")
    home.transform(table="tickets")
    for data in (home.folder / "data/acme/canonical/contacts").glob("*.parquet"):
        data.write_bytes(b"no parquet")
    load = ("warehouse", "load", "acme", "--to", f"duckdb://{file}")
    failed = avesa(*load, code=1)
    assert "acme  contacts       failed" in failed.stdout
    assert "acme  tickets        loaded anew: nothing of it was there  1 row  version 0" in failed.stdout
    assert "Error: tenant acme, contacts: " in failed.stderr
    told = avesa.json(*load, code=1)
    (tenant,) = told["tenants"]
    assert not told["complete"]
    assert {table["table"]: table["status"] for table in tenant["tables"]} == {
        "contacts": "failed",
        "tickets": "unchanged",
    }
    assert [error["table"] for error in tenant["errors"]] == ["contacts"]


def test_a_bug_in_one_table_leaves_the_others_alone(
    avesa: Avesa, home: LandedHome, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.land(changes(1, contact("7", 1, 1)), table="tickets")
    home.transform(table="tickets")

    def broken(objects: Objects, prefix: str, *args: Any, **options: Any) -> Any:
        if prefix.endswith("contacts"):
            raise KeyError("hunter2")
        return plan_load(objects, prefix, *args, **options)

    monkeypatch.setattr(warehouse_load, "plan_load", broken)
    failed = avesa("warehouse", "load", "acme", "--to", f"duckdb://{file}", code=1)
    assert "acme  contacts       failed" in failed.stdout
    assert "acme  tickets        loaded anew" in failed.stdout
    assert "Error: tenant acme, contacts: This is a bug in avesa (KeyError, " in failed.stderr
    assert "hunter2" not in failed.stdout + failed.stderr


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://loader:hunter2@db.example.com/w",
        "postgresql://db.example.com/w?password=hunter2",
        "clickhouse://loader:hunter2@ch.example.com/",
        "postgresql://loader:@db.example.com/w",
    ],
)
def test_a_password_that_is_typed_is_refused_and_not_repeated(avesa: Avesa, url: str) -> None:
    refused = avesa("warehouse", "load", "acme", "--to", url, code=2)
    assert "every user of this machine can see" in refused.stderr
    assert "PGPASSWORD" in refused.stderr or "CLICKHOUSE_PASSWORD" in refused.stderr
    assert "hunter2" not in refused.stderr


@pytest.mark.parametrize("scheme", ["postgresql", "clickhouse"])
def test_a_password_from_the_environment_is_taken_and_never_shown(
    avesa: Avesa, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    monkeypatch.setenv(VARIABLE, f"{scheme}://loader:hunter2@127.0.0.1:9/w")
    address = warehouse_address(None)
    assert (address.password, address.shown) == ("hunter2", f"{scheme}://loader@127.0.0.1:9/w")
    assert "hunter2" not in repr(address)
    failed = avesa("warehouse", "load", "acme", "--json", code=1)
    assert "hunter2" not in failed.stdout + failed.stderr
    assert "server does not answer" in failed.stderr
    assert "nothing is lost or doubled" in failed.stderr


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("load", "acme"), "no warehouse is named"),
        (("load", "--to", "duckdb:///w"), "which tenant?"),
        (("load", "acme", "--all", "--to", "duckdb:///w"), "which tenant?"),
        (("load", "nobody", "--to", "duckdb:///w"), "there is no tenant 'nobody'"),
        (("load", "acme", "--to", "oracle://db/w"), "no address of a warehouse"),
        (("load", "acme", "--to", "duckdb://host/w"), "is a file"),
        (("load", "acme", "--to", "duckdb:///w", "--table", "ticket"), "Did you mean tickets"),
        (("load", "acme", "--to", "duckdb:///w", "--schema", "a b"), "not a valid schema name"),
        (("load", "acme", "--to", "duckdb::memory:"), "Name a file"),
        (("load", "acme", "--to", "duckdb:///x/a#b.duckdb"), "%23 for #"),
        (("load", "acme", "--to", "duckdb:///w", "--to", "duckdb:///v"), "'--to' takes one value: say it once"),
    ],
)
def test_wrong_usage_is_told_with_what_to_do(avesa: Avesa, args: tuple[str, ...], says: str) -> None:
    assert says in avesa("warehouse", *args, code=2).stderr


def test_a_file_that_is_no_warehouse_is_left_as_it_is(avesa: Avesa, tmp_path: Path) -> None:
    other = tmp_path / "notes.txt"
    other.write_text("not a database")
    failed = avesa("warehouse", "load", "acme", "--to", f"duckdb://{other}", code=1)
    assert "cannot be opened as a DuckDB file" in failed.stderr
    assert other.read_text() == "not a database"
    missing = avesa("warehouse", "load", "acme", "--to", f"duckdb://{tmp_path}/no/w.duckdb", code=1)
    assert "there is no folder" in missing.stderr


def test_a_file_that_another_program_has_open_is_told(avesa: Avesa, home: LandedHome, file: Path) -> None:
    with duckdb.connect(str(file)) as con:
        con.execute("CREATE TABLE t (a INTEGER)")
        done = subprocess.run(
            [*PROGRAM, "--home", str(home.folder), "warehouse", "load", "acme", "--to", f"duckdb://{file}", "--json"],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(os.sys.path)},
        )
    assert (done.returncode, done.stdout) == (1, "")
    assert "another program has" in done.stderr


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_server_that_repeats_the_password_is_told_without_it(
    avesa: Avesa, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    pytest.importorskip("adbc_driver_postgresql")
    monkeypatch.setenv("AVESA_DEBUG", "1")
    with repeating_postgres() as server:
        server.answers(lambda heard: b"no such word: " + b64encode(b"loader:" + heard))
        monkeypatch.setenv(VARIABLE, f"postgresql://loader:hunter%2F2@{server.place}/w?sslmode=disable")
        failed = avesa("warehouse", "load", "acme", *options, code=1)
    assert server.heard == [b"hunter/2"]
    assert "Traceback" in failed.stderr and "refuses the login: no such word: ***" in failed.stderr
    for spelled in ("hunter/2", "hunter%2F2", b64encode(b"loader:hunter/2").decode()):
        assert spelled not in failed.stdout + failed.stderr


def test_what_the_driver_says_of_a_server_is_no_secret_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("adbc_driver_postgresql")
    from avesa.warehouse.postgres_session import PostgresSession

    monkeypatch.setenv(VARIABLE, "postgresql://loader:hunter2@127.0.0.1:9/w?hunter2=1")
    with pytest.raises(UsageError) as failure:
        PostgresSession(warehouse_address(None))
    assert "hunter2" not in str(failure.value)
    assert failure.value.__cause__ is None
    assert json.dumps(warehouse_address(None).shown) == '"postgresql://loader@127.0.0.1:9/w"'
