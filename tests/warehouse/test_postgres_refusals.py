"""What PostgreSQL and libpq refuse is told in their own words, as what it is, with what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from benchmarks.postgres_server import PostgresServer

from avesa.shared.errors import AvesaError, ConfigurationError, StorageError, Unavailable
from avesa.warehouse.address import VARIABLE, warehouse_address
from avesa.warehouse.postgres_failures import _of_connecting
from avesa.warehouse.postgres_session import PostgresSession
from avesa.warehouse.schemas import Schemas
from avesa_program import Avesa
from fold_story import change, thing
from landed_home import LandedHome, changes, contact
from repeating_servers import repeating_postgres
from warehouse_lake import TABLE, Lake, lake_in
from warehouse_sides import PostgresSide, opened


@pytest.fixture(autouse=True)
def no_password(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (VARIABLE, "PGPASSWORD", "PGSSLMODE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "none"))


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = lake_in(tmp_path)
    lake.fold(change(1, thing("1", 1, 1)))
    return lake


@pytest.fixture
def weak(postgresql_side: PostgresSide, postgres: PostgresServer) -> Iterator[PostgresSide]:
    """A role that may log in and no more."""
    postgresql_side.run("CREATE ROLE weak LOGIN")
    yield PostgresSide(postgres.url("postgres", "weak"))
    for sql in ("DROP OWNED BY weak", "DROP ROLE weak"):
        postgresql_side.run(sql)


def refused(side: PostgresSide, lake: Lake, schemas: Schemas = Schemas(), *, anew: bool = False) -> AvesaError:  # noqa: B008
    with opened(side, schemas) as warehouse, pytest.raises(AvesaError) as told:
        lake.load(warehouse, anew=anew)
    assert "\n" not in told.value.message + told.value.hint
    return told.value


def not_reached(url: str) -> AvesaError:
    with pytest.raises(AvesaError) as told:
        PostgresSession(warehouse_address(url))
    return told.value


def test_the_servers_reason_is_told_of_a_statement_of_several_lines(weak: PostgresSide, lake: Lake) -> None:
    error = refused(weak, lake, Schemas("public"))
    assert isinstance(error, ConfigurationError)
    assert error.message == "the PostgreSQL role lacks a right: permission denied for schema public"


def test_what_the_server_advises_is_told_with_its_reason(postgresql_side: PostgresSide, lake: Lake) -> None:
    """As where its disk is full, which is said here by a trigger."""
    with opened(postgresql_side) as warehouse:
        lake.load(warehouse)
    for sql in (
        """CREATE FUNCTION avesa.full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            RAISE 'could not extend file "base/5/1": No space left on device'
            USING ERRCODE = 'disk_full', DETAIL = 'wrote only 4096 of 8192 bytes.', HINT = 'Check free disk space.';
        END $$""",
        f"CREATE TRIGGER full_disk BEFORE INSERT ON avesa.{TABLE} EXECUTE FUNCTION avesa.full()",
    ):
        postgresql_side.run(sql)
    lake.fold(change(2, thing("1", 2, 2, name="b")))
    for anew in (False, True):
        error = refused(postgresql_side, lake, anew=anew)
        assert isinstance(error, StorageError)
        assert error.message == (
            'the PostgreSQL server could not do it now: could not extend file "base/5/1": No space left on device. '
            "wrote only 4096 of 8192 bytes. Check free disk space."
        )
    lake.is_in(postgresql_side, version=0)


def test_values_that_the_server_repeats_are_not_told(postgresql_side: PostgresSide, lake: Lake) -> None:
    with opened(postgresql_side) as warehouse:
        lake.load(warehouse)
    postgresql_side.run(f"ALTER TABLE avesa.{TABLE} ADD CHECK (name <> 'hunter2')")
    lake.fold(change(2, thing("1", 2, 2, name="hunter2")))
    for anew in (False, True):
        assert refused(postgresql_side, lake, anew=anew).message == "the PostgreSQL server refuses it: SQLSTATE 23514"


def test_a_long_reason_is_cut(postgresql_side: PostgresSide) -> None:
    session = PostgresSession(warehouse_address(postgresql_side.url))
    with pytest.raises(ConfigurationError) as told:
        session.run("DO $$ BEGIN RAISE '" + "long\n " * 200 + "' USING ERRCODE = '42501'; END $$")
    session.close()
    assert told.value.message.endswith("long long…")
    assert len(told.value.message) < 400


@pytest.mark.parametrize("anew", [False, True])
def test_a_role_with_all_rights_but_ownership_is_told_whose_the_tables_are(
    weak: PostgresSide, postgresql_side: PostgresSide, lake: Lake, *, anew: bool
) -> None:
    with opened(postgresql_side) as warehouse:
        lake.load(warehouse)
    for sql in ("GRANT ALL ON SCHEMA avesa TO weak", "GRANT ALL ON ALL TABLES IN SCHEMA avesa TO weak"):
        postgresql_side.run(sql)
    error = refused(weak, lake, anew=anew)
    assert isinstance(error, ConfigurationError)
    assert f"avesa.{TABLE} belongs to loader, and weak cannot load into it: row-level security" in error.message
    assert 'GRANT "loader" TO "weak"' in error.hint
    lake.is_in(postgresql_side)


def test_a_member_of_the_owner_loads(weak: PostgresSide, postgresql_side: PostgresSide, lake: Lake) -> None:
    for sql in ("CREATE ROLE owners", "GRANT CREATE ON DATABASE postgres TO owners", "GRANT owners TO weak"):
        postgresql_side.run(sql)
    try:
        with opened(PostgresSide(f"{weak.url}&options=-c%20role%3Downers")) as warehouse:
            lake.load(warehouse)
        lake.fold(change(2, thing("1", 2, 2, name="b")))
        with opened(weak) as warehouse:
            assert lake.load(warehouse).status == "loaded"
            lake.load(warehouse, anew=True)
        lake.is_in(postgresql_side)
    finally:
        for sql in ("DROP OWNED BY owners CASCADE", "DROP ROLE owners"):
            postgresql_side.run(sql)


def test_an_owner_whom_the_tables_hide_their_rows_from_is_told_so(
    weak: PostgresSide, postgresql_side: PostgresSide, lake: Lake
) -> None:
    postgresql_side.run("GRANT CREATE ON DATABASE postgres TO weak")
    with opened(weak) as warehouse:
        lake.load(warehouse)
    postgresql_side.run(f"ALTER TABLE avesa.{TABLE} FORCE ROW LEVEL SECURITY")
    error = refused(weak, lake, anew=True)
    assert "row-level security is forced" in error.message
    assert f"ALTER TABLE avesa.{TABLE} NO FORCE ROW LEVEL SECURITY" in error.hint


def test_a_server_that_only_lets_itself_be_read_is_told_as_that(postgresql_side: PostgresSide, lake: Lake) -> None:
    error = refused(PostgresSide(f"{postgresql_side.url}&options=-c%20default_transaction_read_only%3Don"), lake)
    assert isinstance(error, ConfigurationError)
    assert "only lets itself be read: cannot execute CREATE SCHEMA in a read-only transaction" in error.message
    assert "target_session_attrs=read-write" in error.hint
    (found,) = postgresql_side.asked("SELECT to_regnamespace('avesa') IS NULL AS nothing")
    assert found["nothing"]


def test_a_statement_that_takes_longer_than_it_may_is_told_as_that(postgresql_side: PostgresSide) -> None:
    session = PostgresSession(warehouse_address(f"{postgresql_side.url}&options=-c%20statement_timeout%3D200"))
    with pytest.raises(StorageError, match=r"broke the statement off: .* statement timeout") as told:
        session.run("SELECT pg_sleep(20)")
    session.close()
    assert "statement_timeout = 0" in told.value.hint


def test_a_server_without_a_free_connection_is_told_as_that(weak: PostgresSide, postgresql_side: PostgresSide) -> None:
    postgresql_side.run("ALTER ROLE weak CONNECTION LIMIT 0")
    error = not_reached(weak.url)
    assert isinstance(error, Unavailable)
    assert error.message.endswith('has no connection left: too many connections for role "weak"')
    assert "PGPASSWORD" not in error.hint


def test_rows_that_cannot_be_read_are_no_fault_of_the_server(postgresql_side: PostgresSide) -> None:
    session = PostgresSession(warehouse_address(postgresql_side.url))
    session.run("CREATE TEMPORARY TABLE t (a text)")
    with (
        duckdb.connect() as con,
        pytest.raises(StorageError, match=r"read from the lake \(Invalid Input Error\)") as told,
    ):
        con.execute("SET threads = 1")  # of several, one is at times told only that another failed
        rows = con.sql(
            "SELECT CASE WHEN i = 400000 THEN error('hunter2') ELSE 'a' END AS a FROM range(500000) AS r (i)"
        )
        session.ingest(rows, "t", schema=None)
    session.rollback()
    session.close()
    assert "hunter2" not in str(told.value)


def test_a_password_that_is_missing_is_told_with_where_to_put_it() -> None:
    with repeating_postgres() as server:
        error = not_reached(f"postgresql://loader@{server.place}/w?sslmode=disable")
    assert isinstance(error, ConfigurationError)
    assert "refuses the login" in error.message and "no password supplied" in error.message
    assert "PGPASSWORD" in error.hint and "~/.pgpass" in error.hint


def test_a_server_without_ssl_is_told_as_that() -> None:
    with repeating_postgres() as server:
        error = not_reached(f"postgresql://loader@{server.place}/w?sslmode=require")
    assert isinstance(error, ConfigurationError)
    assert "speaks no SSL" in error.message and "SSL was required" in error.message
    assert "sslmode" in error.hint


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("sslmode=bogus", 'invalid sslmode value: "bogus"'),
        ("sslmod=require", 'invalid URI query parameter: "sslmod"'),
        ("connect_timeout=soon", 'invalid integer value "soon" for connection option "connect_timeout"'),
        ("port=70000", 'invalid port number: "70000"'),
        ("port=1,2", "could not match 2 port numbers to 1 hosts"),
        ("service=nowhere", 'definition of service "nowhere" not found'),
        ("options=-c%20lock_timeou%3D5s", 'unrecognized configuration parameter "lock_timeou"'),
        ("sslmode", 'missing key/value separator "=" in URI query parameter: "sslmode"'),
    ],
)
def test_an_option_that_is_none_is_wrong_usage_and_named(
    postgresql_side: PostgresSide, tmp_path: Path, options: str, says: str
) -> None:
    home = LandedHome(tmp_path / "home")
    home.land(changes(1, contact("1", 1, 1)))
    load = ("warehouse", "load", "acme", "--to", f"{postgresql_side.url}&{options}")
    assert says in Avesa(home.folder)(*load, code=2).stderr


@pytest.mark.parametrize(
    ("text", "kind", "says"),
    [
        (
            "FATAL:  the database system is starting up\n",
            Unavailable,
            "does not answer: the database system is starting",
        ),
        ("FATAL:  sorry, too many clients already\n", Unavailable, "no connection left: sorry"),
        ("FATAL:  no pg_hba.conf entry for host, no encryption\n", ConfigurationError, "refuses the login: no pg_hba"),
        ("Connection refused\n\tIs the server running?\n", Unavailable, "does not answer: .* refused"),
        ("SSL error: certificate verify failed\n", ConfigurationError, "not as the address .* asks"),
        ("session is read-only\n", ConfigurationError, "no PostgreSQL server is as target_session_attrs asks"),
        (
            'root certificate file "/x" does not exist\nGive it\n',
            ConfigurationError,
            'file "/x" does not exist; Give it',
        ),
    ],
)
def test_a_connection_that_does_not_come_about_is_told_by_what_is_said_of_it(
    text: str, kind: type[AvesaError], says: str
) -> None:
    error = _of_connecting(f'connection to server at "db.example.com" (10.0.0.1), port 5432 failed: {text}')
    assert type(error) is kind
    with pytest.raises(kind, match=says):
        raise error


def test_of_several_servers_the_one_that_refused_the_login_is_told() -> None:
    lines = ('connection to server at "a", port 1 failed: Connection refused', "\tIs the server running?")
    both = "\n".join([*lines, 'connection to server at "b", port 1 failed: FATAL:  role "x" does not exist', ""])
    assert _of_connecting(both).message == 'the PostgreSQL server refuses the login: role "x" does not exist'
    assert _of_connecting("\n".join([*lines, lines[0].replace('"a"', '"b"')])).message == (
        'the PostgreSQL server does not answer: connection to server at "a", port 1 failed: Connection refused; '
        'connection to server at "b", port 1 failed: Connection refused'
    )


def test_a_reason_is_told_in_whatever_language_the_server_speaks(postgresql_side: PostgresSide) -> None:
    """The word ERROR is never looked for."""
    session = PostgresSession(warehouse_address(postgresql_side.url))
    with pytest.raises(ConfigurationError, match=r"lacks a right: FEHLER: .* ERROR: keine Berechtigung "):
        session.run("DO $$ BEGIN RAISE 'FEHLER:  hier ERROR:  keine Berechtigung' USING ERRCODE = '42501'; END $$")
    session.close()
