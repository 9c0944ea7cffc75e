"""PostgreSQL finds the rows that a load replaces by the index, from the first change on."""

from __future__ import annotations

import subprocess
from pathlib import Path

from benchmarks.postgres_server import PostgresServer

from avesa.shared.clock import system_clock
from avesa.warehouse import statements
from avesa.warehouse.port import Held, Load
from fold_story import change, thing
from warehouse_lake import TABLE, lake_in
from warehouse_sides import PostgresSide, opened


def test_the_change_after_a_first_load_finds_its_rows_by_the_index(
    postgresql_side: PostgresSide, postgres: PostgresServer, tmp_path: Path
) -> None:
    lake = lake_in(tmp_path / "lake")
    lake.fold(change(1, *(thing(str(number), 1, 1) for number in range(5000))))
    with opened(postgresql_side) as warehouse:
        lake.load(warehouse)
    postgresql_side.run(f"CREATE TABLE avesa.staged AS SELECT * FROM avesa.{TABLE} LIMIT 20")
    postgresql_side.run("ANALYZE avesa.staged")
    held = Held("", 0, "", 0)
    load = Load("acme", TABLE, lake.folding.snapshot().columns, held, held, system_clock())
    explained = f"EXPLAIN {statements.delete_staged('avesa', load, 'avesa.staged')}"
    told = subprocess.run(postgres.psql("postgres", explained), check=True, capture_output=True, text=True).stdout
    assert f"Index Scan using {TABLE}_pkey" in told
