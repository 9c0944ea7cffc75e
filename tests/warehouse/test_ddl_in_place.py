"""What `avesa warehouse ddl` prints makes the tables readable in place: the engines that run here say what
`avesa query` says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from avesa.cli.output import plain
from avesa_program import Avesa
from warehouse_homes import TENANTS, duckdb_with, give_acme_another_column, two_tenants

HISTORY = """SELECT tenant_id, source_id, first_name, badge, valid_from, valid_to, is_current, is_deleted
    FROM {table} ORDER BY tenant_id, source_id, valid_from"""


@pytest.fixture(scope="module")
def avesa(tmp_path_factory: pytest.TempPathFactory) -> Avesa:
    folder = tmp_path_factory.mktemp("in place")
    return two_tenants(folder / "home", root=folder / 'the tenants\' "data"')


def statements(avesa: Avesa, engine: str, *more: str) -> list[str]:
    return [one["sql"] for one in avesa.json("warehouse", "ddl", *more, "--engine", engine)["statements"]]


def asked(avesa: Avesa, sql: str, *more: str) -> list[list[str]]:
    """What `avesa query` says of every tenant, as text."""
    return [
        [plain(value) for value in row.values()]
        for tenant in TENANTS
        for row in avesa.json("query", tenant, sql, *more)
    ]


def in_duckdb(avesa: Avesa, sql: str, *more: str) -> list[list[str]]:
    with duckdb_with(avesa("warehouse", "ddl", *(more or ["--all"]), "--engine", "duckdb").stdout) as con:
        return [[plain(value) for value in row] for row in con.execute(sql).fetchall()]


def test_duckdb_reads_all_tenants_with_the_tenant_in_front(avesa: Avesa) -> None:
    told = asked(avesa, HISTORY.format(table="contacts"))
    assert len(told) == 8  # of each tenant three records, of which one changed once and one left
    assert in_duckdb(avesa, HISTORY.format(table="avesa.contacts")) == told
    with duckdb_with(avesa("warehouse", "ddl", "--all", "--engine", "duckdb").stdout) as con:
        for view in ("contacts", "contacts_current", "tickets"):
            described = con.execute(f"DESCRIBE avesa.{view}").fetchall()
            assert described[0][0] == "tenant_id"


def test_the_current_view_has_one_row_for_each_record_that_is_there(avesa: Avesa) -> None:
    current = in_duckdb(
        avesa, "SELECT tenant_id, source_id, first_name, is_deleted FROM avesa.contacts_current ORDER BY ALL"
    )
    assert current == [
        ["acme", "0", "Ida", "false"],
        ["acme", "1", "Åse", "false"],
        ["north-it", "0", "Ida", "false"],
        ["north-it", "1", "Bea", "false"],
    ]


@pytest.mark.parametrize("moment", ["2026-01-01T00:01:00Z", "2026-01-01T00:14:59.999999Z", "2026-01-01T00:30:00Z"])
def test_as_of_gives_what_was_in_force_then(avesa: Avesa, moment: str) -> None:
    columns = "tenant_id, source_id, first_name"
    told = asked(avesa, f"SELECT {columns} FROM contacts ORDER BY ALL", "--as-of", moment)
    assert told
    assert in_duckdb(avesa, f"SELECT {columns} FROM avesa.contacts_as_of('{moment}') ORDER BY ALL") == told


def test_one_tenant_alone_has_its_own_schema_and_no_other(avesa: Avesa) -> None:
    sql = 'SELECT source_id, first_name, shoe_size FROM "avesa_north-it".contacts_current ORDER BY ALL'
    assert in_duckdb(avesa, sql, "north-it") == [["0", "Ida", "38.5"], ["1", "Bea", "38.5"]]
    printed = avesa("warehouse", "ddl", "north-it", "--engine", "duckdb").stdout
    assert "acme" not in printed and '"avesa".' not in printed


def test_a_column_that_only_some_have_is_empty_for_the_others_and_one_of_two_types_becomes_text(avesa: Avesa) -> None:
    sql = "SELECT tenant_id, badge, shoe_size FROM avesa.contacts WHERE source_id = '1' ORDER BY ALL"
    assert in_duckdb(avesa, sql) == [["acme", "1", ""], ["north-it", "1", "38.5"]]
    assert in_duckdb(avesa, "SELECT typeof(badge) FROM avesa.contacts LIMIT 1") == [["VARCHAR"]]


def test_a_table_that_nobody_has_is_left_out_and_its_view_over_all_is_empty(avesa: Avesa) -> None:
    told = avesa.json("warehouse", "ddl", "--all", "--engine", "duckdb")
    assert {"tenant": "acme", "table": "tickets"} in told["left_out"]
    assert not [one for one in told["statements"] if one["tenant"] == "acme" and "tickets" in one["name"]]
    assert "-- acme.tickets was never folded." in avesa("warehouse", "ddl", "--all", "--engine", "duckdb").stdout
    assert in_duckdb(avesa, "SELECT count(*), count(closed_at) FROM avesa.tickets_current") == [["0", "0"]]
    assert in_duckdb(avesa, "SELECT count(*) FROM avesa.tickets_as_of('2026-01-01')") == [["0"]]


def test_statements_can_be_run_again_and_show_the_columns_that_there_are_now(tmp_path: Path) -> None:
    avesa = two_tenants(tmp_path)
    with duckdb_with(avesa("warehouse", "ddl", "--all", "--engine", "duckdb").stdout) as con:
        give_acme_another_column(tmp_path)
        con.execute(avesa("warehouse", "ddl", "--all", "--engine", "duckdb").stdout)
        found = con.execute("SELECT tenant_id, count(*), count(nickname) FROM avesa.contacts GROUP BY 1 ORDER BY 1")
        assert found.fetchall() == [("acme", 4, 4), ("north-it", 4, 0)]


def test_clickhouse_reads_them_too(avesa: Avesa) -> None:
    pytest.importorskip("chdb", reason="ClickHouse in process (chdb) is not installed")
    moment = "2026-01-01 00:14:59"
    found = in_clickhouse(
        avesa,
        statements(avesa, "clickhouse", "--all"),
        "SELECT tenant_id, source_id, first_name, badge FROM avesa.contacts ORDER BY tenant_id, source_id, valid_from",
        "SELECT tenant_id, count() FROM avesa.contacts_current GROUP BY ALL ORDER BY ALL",
        f"SELECT tenant_id, source_id, first_name FROM avesa.contacts_as_of(moment = '{moment}') ORDER BY ALL",
        "SELECT count() FROM avesa.tickets_current",
    )
    assert found[0] == [row[:4] for row in asked(avesa, HISTORY.format(table="contacts"))]
    assert found[1] == [["acme", "2"], ["north-it", "2"]]
    then = asked(avesa, "SELECT tenant_id, source_id, first_name FROM contacts ORDER BY ALL", "--as-of", moment)
    assert found[2] == then
    assert found[3] == [["0"]]


def test_clickhouse_too_shows_new_columns_when_the_statements_are_run_again(tmp_path: Path) -> None:
    pytest.importorskip("chdb", reason="ClickHouse in process (chdb) is not installed")
    avesa = two_tenants(tmp_path / "home", root=tmp_path / "data")
    before = statements(avesa, "clickhouse", "--all")
    give_acme_another_column(tmp_path / "home", root=tmp_path / "data")
    files = sorted((tmp_path / "data").rglob("*"))
    both = [*before, *statements(avesa, "clickhouse", "--all")]
    (found,) = in_clickhouse(avesa, both, "SELECT count(), count(nickname) FROM avesa.contacts")
    assert found == [["8", "4"]]
    assert sorted((tmp_path / "data").rglob("*")) == files


_CLICKHOUSE = """
import json, sys
from chdb.session import Session
asked = json.load(sys.stdin)
con = Session()
for sql in asked["statements"]:
    con.query(sql)
print(json.dumps([[json.loads(line) for line in str(con.query(sql, "JSONCompactStringsEachRow")).splitlines()]
    for sql in asked["queries"]]))
"""


def in_clickhouse(avesa: Avesa, made_by: list[str], *queries: str) -> list[list[list[str]]]:
    """In a process of its own: the engine reads files below the folder that it was started in, and there is one of
    it in a process."""
    told = {"statements": made_by, "queries": queries}
    folder = Path(avesa.place[-1])
    ran = subprocess.run(
        [sys.executable, "-c", _CLICKHOUSE],
        check=False,
        cwd=folder,
        input=json.dumps(told),
        text=True,
        capture_output=True,
    )
    assert ran.returncode == 0, ran.stderr
    found: list[list[list[str]]] = json.loads(ran.stdout)
    return found
