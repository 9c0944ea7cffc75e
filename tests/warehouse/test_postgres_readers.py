"""Who may read what in PostgreSQL: each role the rows of its own tenants and nobody else's, in tables and in views."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.postgres_server import PostgresServer

from avesa.warehouse.schemas import Schemas
from fold_story import change, thing
from warehouse_lake import Lake, lake_in
from warehouse_sides import PostgresSide, opened

READ = ("tickets", "tickets_current", "avesa_loads")


@pytest.fixture(scope="module")
def lakes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Lake]:
    folder = tmp_path_factory.mktemp("lakes")
    lakes = {tenant: lake_in(folder / tenant, tenant=tenant) for tenant in ("acme", "globex")}
    for number, lake in enumerate(lakes.values()):
        lake.fold(change(1, *(thing(str(id_), 1, 1) for id_ in range(2 + number))))
    return lakes


@pytest.fixture
def side(postgresql_side: PostgresSide, lakes: dict[str, Lake]) -> PostgresSide:
    """Two tenants in one schema, and a role that may read its tables."""
    with opened(postgresql_side) as warehouse:
        for lake in lakes.values():
            lake.load(warehouse)
    for sql in (
        "DROP ROLE IF EXISTS analyst",
        "DROP ROLE IF EXISTS team",
        "CREATE ROLE team",
        "CREATE ROLE analyst LOGIN",
        "GRANT USAGE ON SCHEMA avesa TO team, analyst",
        "GRANT SELECT ON ALL TABLES IN SCHEMA avesa TO team, analyst",
    ):
        postgresql_side.run(sql)
    return postgresql_side


@pytest.fixture(autouse=True)
def roles_go(postgresql_side: PostgresSide) -> object:
    yield
    for sql in ("DROP OWNED BY analyst", "DROP OWNED BY team", "DROP ROLE analyst", "DROP ROLE team"):
        postgresql_side.run(sql)


def seen(side: PostgresSide, postgres: PostgresServer, table: str, *before: str) -> set[str]:
    """The tenants whose rows the analyst sees."""
    rows = side.asked(*before, f"SELECT tenant_id FROM avesa.{table}", url=postgres.url("postgres", "analyst"))
    return {row["tenant_id"] for row in rows}


@pytest.mark.parametrize("table", READ)
def test_a_role_sees_nothing_until_it_is_named_as_a_reader(
    side: PostgresSide, postgres: PostgresServer, table: str
) -> None:
    assert seen(side, postgres, table) == set()
    side.run("INSERT INTO avesa.avesa_readers VALUES ('somebody', 'acme'), ('gone', 'globex')")
    assert seen(side, postgres, table) == set()
    side.run("INSERT INTO avesa.avesa_readers VALUES ('analyst', 'acme')")
    assert seen(side, postgres, table) == {"acme"}


@pytest.mark.parametrize("table", READ)
def test_a_role_sees_what_a_role_that_it_belongs_to_sees(
    side: PostgresSide, postgres: PostgresServer, table: str
) -> None:
    side.run("INSERT INTO avesa.avesa_readers VALUES ('analyst', 'acme'), ('team', 'globex')")
    assert seen(side, postgres, table) == {"acme"}
    side.run("GRANT team TO analyst")
    assert seen(side, postgres, table) == {"acme", "globex"}


@pytest.mark.parametrize("table", READ)
def test_a_setting_narrows_what_a_role_sees_and_never_widens_it(
    side: PostgresSide, postgres: PostgresServer, table: str
) -> None:
    side.run("INSERT INTO avesa.avesa_readers VALUES ('analyst', 'acme'), ('analyst', 'initech')")
    assert seen(side, postgres, table, "SET avesa.tenant = 'acme'") == {"acme"}
    assert seen(side, postgres, table, "SET avesa.tenant = 'globex'") == set()
    assert seen(side, postgres, table, "SET avesa.tenant = 'acme,globex'") == {"acme"}
    assert seen(side, postgres, table, "SET avesa.tenant = ''") == {"acme"}


def test_a_role_sees_of_the_readers_only_itself_and_can_change_nothing(
    side: PostgresSide, postgres: PostgresServer
) -> None:
    side.run("INSERT INTO avesa.avesa_readers VALUES ('analyst', 'acme'), ('other', 'globex')")
    assert seen(side, postgres, "avesa_readers") == {"acme"}
    for sql in (
        "INSERT INTO avesa.avesa_readers VALUES ('analyst', 'globex')",
        "DELETE FROM avesa.tickets",
        "UPDATE avesa.tickets SET tenant_id = 'acme'",
    ):
        with pytest.raises(Exception, match="permission denied"):
            side.asked(sql, url=postgres.url("postgres", "analyst"))


def test_a_role_with_every_right_but_ownership_still_reads_its_tenants_alone(
    side: PostgresSide, postgres: PostgresServer
) -> None:
    side.run("GRANT ALL ON ALL TABLES IN SCHEMA avesa TO analyst")
    side.run("INSERT INTO avesa.avesa_readers VALUES ('analyst', 'acme')")
    side.asked("DELETE FROM avesa.tickets", url=postgres.url("postgres", "analyst"))
    assert {row["tenant_id"] for row in side.rows("tickets")} == {"acme", "globex"}
    with pytest.raises(Exception, match="row-level security"):
        side.asked(
            "INSERT INTO avesa.avesa_readers VALUES ('analyst', 'globex')", url=postgres.url("postgres", "analyst")
        )


def test_what_is_loaded_later_is_guarded_too(side: PostgresSide, postgres: PostgresServer, tmp_path: Path) -> None:
    side.run("INSERT INTO avesa.avesa_readers VALUES ('analyst', 'acme')")
    lake = lake_in(tmp_path / "later", tenant="initech")
    lake.fold(change(1, thing("1", 1, 1)))
    with opened(side) as warehouse:
        lake.load(warehouse)
        lake.load(warehouse, anew=True)
    assert seen(side, postgres, "tickets") == {"acme"}


def test_a_schema_of_a_tenants_own_is_guarded_in_the_same_way(
    side: PostgresSide, postgres: PostgresServer, lakes: dict[str, Lake]
) -> None:
    with opened(side, Schemas(per_tenant=True)) as warehouse:
        lakes["acme"].load(warehouse)
    side.run("GRANT USAGE ON SCHEMA avesa_acme TO analyst")
    side.run("GRANT SELECT ON ALL TABLES IN SCHEMA avesa_acme TO analyst")
    analyst = postgres.url("postgres", "analyst")
    assert side.asked("SELECT * FROM avesa_acme.tickets", url=analyst) == []
    side.run("INSERT INTO avesa_acme.avesa_readers VALUES ('analyst', 'acme')")
    assert len(side.asked("SELECT * FROM avesa_acme.tickets", url=analyst)) == 2


def test_a_view_that_the_loader_makes_shows_all_tenants_unless_it_is_bound_to_its_reader(
    side: PostgresSide, postgres: PostgresServer
) -> None:
    side.run("INSERT INTO avesa.avesa_readers VALUES ('analyst', 'acme')")
    side.run("ALTER DEFAULT PRIVILEGES IN SCHEMA avesa GRANT SELECT ON TABLES TO analyst")
    try:
        side.run("CREATE VIEW avesa.of_the_table AS SELECT * FROM avesa.tickets")
        side.run("CREATE VIEW avesa.bound WITH (security_invoker = true) AS SELECT * FROM avesa.tickets")
        side.run("CREATE VIEW avesa.of_a_view AS SELECT * FROM avesa.tickets_current")
    finally:
        side.run("ALTER DEFAULT PRIVILEGES IN SCHEMA avesa REVOKE SELECT ON TABLES FROM analyst")
    assert seen(side, postgres, "of_the_table") == {"acme", "globex"}
    assert seen(side, postgres, "bound") == seen(side, postgres, "of_a_view") == {"acme"}
