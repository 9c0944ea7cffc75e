"""A manifest names the files of a table, for engines that do not read Delta's log."""

from __future__ import annotations

from pathlib import Path

import duckdb
from deltalake import DeltaTable

from avesa.canonical_transform.sql_text import literals
from avesa_program import Avesa
from landed_home import LandedHome, changes, contact
from warehouse_homes import two_tenants


def files_of(data: Path, tenant: str) -> list[str]:
    written = data / tenant / "canonical" / "contacts" / "_symlink_format_manifest" / "manifest"
    return written.read_text(encoding="utf-8").splitlines()


def test_the_files_of_a_manifest_hold_what_the_table_holds(tmp_path: Path) -> None:
    avesa = two_tenants(tmp_path / "home")
    assert "north-it: 1 manifest" in avesa("warehouse", "manifest", "--all").stdout
    (row,) = avesa.json("query", "acme", "SELECT count(*) AS n, count(*) FILTER (is_current) AS c FROM contacts")
    found = duckdb.sql(f"""
        SELECT count(*), count(*) FILTER (is_current)
        FROM read_parquet({literals(files_of(tmp_path / "home" / "data", "acme"))})
    """).fetchall()
    assert found == [(row["n"], row["c"])]
    assert avesa.json("warehouse", "manifest", "acme") == [{"tenant": "acme", "table": "contacts", "files": 2}]


def test_it_is_not_among_what_a_vacuum_deletes(tmp_path: Path) -> None:
    home = LandedHome(tmp_path / "home")
    home.land(changes(10, contact("1", 1, 10)))
    home.transform()
    Avesa(home.folder)("warehouse", "manifest", "acme")
    home.land(changes(20, contact("1", 15, 20, "Bea")))
    home.transform()
    table = DeltaTable(home.canonical)
    dead = table.vacuum(retention_hours=0, dry_run=True, enforce_retention_duration=False, full=True)
    (left,) = files_of(home.folder / "data", "acme")
    assert [Path(name).name for name in dead] == [Path(left).name]
