"""Who may read what in PostgreSQL: each role the rows of its own tenants and nobody else's, in tables and in views."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.postgres_server import PostgresServer

from avesa.shared.errors import ConfigurationError
from avesa.warehouse.schemas import Schemas
from fold_story import change, thing
from warehouse_lake import Lake, lake_in
from warehouse_sides import PostgresSide, opened

READ = ("tickets", "tickets_current", "tickets_as_of('2999-01-01')", "avesa_loads")


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


AS_OF = "tickets_as_of('2999-01-01')"
MADE = ("tickets_current", AS_OF)


def test_who_may_not_read_the_table_gets_nothing_from_the_function(
    side: PostgresSide, postgres: PostgresServer
) -> None:
    side.run("INSERT INTO avesa.avesa_readers VALUES ('analyst', 'acme')")
    side.run("REVOKE SELECT ON avesa.tickets FROM analyst")
    for read in MADE:
        with pytest.raises(Exception, match="permission denied for table tickets"):
            seen(side, postgres, read)


def test_what_is_made_again_is_readable_by_the_rights_of_the_page(
    side: PostgresSide, postgres: PostgresServer, lakes: dict[str, Lake]
) -> None:
    """Also where functions are nobody's by default."""
    side.run("INSERT INTO avesa.avesa_readers VALUES ('analyst', 'acme')")
    side.run("ALTER DEFAULT PRIVILEGES FOR ROLE loader IN SCHEMA avesa GRANT SELECT ON TABLES TO analyst")
    side.run("ALTER DEFAULT PRIVILEGES FOR ROLE loader REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC")
    try:
        side.run("DROP VIEW avesa.tickets_current")
        side.drop_as_of("tickets")
        with opened(side) as warehouse:
            lakes["acme"].load(warehouse)
        for read in MADE:
            assert seen(side, postgres, read) == {"acme"}
    finally:
        side.run("ALTER DEFAULT PRIVILEGES FOR ROLE loader GRANT EXECUTE ON FUNCTIONS TO PUBLIC")


@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT (r).tenant_id FROM (SELECT avesa.{AS_OF} AS r) AS called",
        f"SELECT t.tenant_id FROM avesa.avesa_readers CROSS JOIN LATERAL avesa.{AS_OF} AS t",
        "SELECT tenant_id FROM avesa.tickets_as_of(moment => (SELECT max(valid_from) FROM avesa.tickets))",
    ],
)
def test_a_role_sees_its_tenants_however_the_function_is_called_and_whoever_asked_before(
    side: PostgresSide, postgres: PostgresServer, sql: str
) -> None:
    side.run("INSERT INTO avesa.avesa_readers VALUES ('analyst', 'acme'), ('team', 'globex')")
    assert {row["tenant_id"] for row in side.asked(sql, url=postgres.url("postgres", "analyst"))} == {"acme"}
    as_each = [f"SET ROLE {role}" for role in ("analyst", "team")]
    assert {row["tenant_id"] for row in side.asked(as_each[0], sql, as_each[1], sql)} == {"globex"}


def test_a_function_that_a_reader_owns_is_told_though_it_says_that_it_is_ours(
    side: PostgresSide, lakes: dict[str, Lake]
) -> None:
    """Whoever owns it could change later what others run."""
    side.run("ALTER FUNCTION avesa.tickets_as_of OWNER TO analyst")
    with opened(side) as warehouse, pytest.raises(ConfigurationError, match=r"function avesa\.tickets_as_of.* already"):
        lakes["acme"].load(warehouse)
    side.run("ALTER FUNCTION avesa.tickets_as_of OWNER TO loader")
    side.run("ALTER VIEW avesa.tickets_current OWNER TO analyst")
    with opened(side) as warehouse, pytest.raises(ConfigurationError, match=r"view avesa\.tickets_current already"):
        lakes["acme"].load(warehouse)


def test_what_somebody_opened_to_all_is_bound_again_to_who_reads(
    side: PostgresSide, postgres: PostgresServer, lakes: dict[str, Lake]
) -> None:
    """Such as a view that was written by hand in the place of one that was dropped."""
    side.run("INSERT INTO avesa.avesa_readers VALUES ('analyst', 'acme')")
    side.run("ALTER FUNCTION avesa.tickets_as_of SECURITY DEFINER")
    side.run("DROP VIEW avesa.tickets_current")
    side.run("CREATE VIEW avesa.tickets_current AS SELECT * FROM avesa.tickets WHERE is_current")
    side.run("GRANT SELECT ON avesa.tickets_current TO analyst")
    for read in MADE:
        assert seen(side, postgres, read) == {"acme", "globex"}
    with opened(side) as warehouse:
        lakes["acme"].load(warehouse)
    for read in MADE:
        assert seen(side, postgres, read) == {"acme"}


def test_a_schema_that_got_another_name_has_its_function_right_after_the_next_load(
    side: PostgresSide, lakes: dict[str, Lake]
) -> None:
    side.run("ALTER SCHEMA avesa RENAME TO msp")
    with opened(side, Schemas("msp")) as warehouse:
        assert lakes["acme"].load(warehouse).status == "unchanged"
    lakes["acme"].is_in(side, schema="msp")


def test_who_loads_as_another_role_than_the_owner_leaves_what_the_owner_knows(
    side: PostgresSide, postgres: PostgresServer, lakes: dict[str, Lake]
) -> None:
    side.run("CREATE ROLE other_loader LOGIN SUPERUSER")
    try:
        side.drop_as_of("tickets")
        with opened(PostgresSide(postgres.url("postgres", "other_loader"))) as warehouse:
            lakes["acme"].load(warehouse)
        with opened(side) as warehouse:
            lakes["acme"].load(warehouse)
        lakes["acme"].is_in(side)
    finally:
        side.run("REASSIGN OWNED BY other_loader TO loader")
        side.run("DROP ROLE other_loader")


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
