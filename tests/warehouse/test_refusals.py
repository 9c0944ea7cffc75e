"""What a server refuses is told as what it is, with what to do, and changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from benchmarks.postgres_server import PostgresServer

from avesa.shared.errors import ConfigurationError, Unavailable, UsageError
from avesa.warehouse.address import Address, warehouse_address
from avesa.warehouse.clickhouse_session import ClickHouseSession
from avesa.warehouse.schemas import Schemas
from fold_story import change, thing
from warehouse_lake import lake_in
from warehouse_sides import ClickHouseSide, PostgresSide, opened


@pytest.fixture
def weak(postgresql_side: PostgresSide, postgres: PostgresServer) -> Iterator[PostgresSide]:
    """A role that may log in and no more."""
    postgresql_side.run("CREATE ROLE weak LOGIN")
    yield PostgresSide(postgres.url("postgres", "weak"))
    for sql in ("DROP OWNED BY weak", "DROP ROLE weak"):
        postgresql_side.run(sql)


def test_a_role_without_rights_is_told_which_one_it_lacks(weak: PostgresSide, tmp_path: Path) -> None:
    lake = lake_in(tmp_path)
    lake.fold(change(1, thing("1", 1, 1)))
    with opened(weak) as warehouse, pytest.raises(ConfigurationError, match="lacks a right: permission denied") as told:
        lake.load(warehouse)
    assert "GRANT CREATE ON DATABASE" in told.value.hint


def test_a_role_that_does_not_own_the_tables_cannot_load_into_them(
    weak: PostgresSide, postgresql_side: PostgresSide, tmp_path: Path
) -> None:
    lake = lake_in(tmp_path)
    lake.fold(change(1, thing("1", 1, 1)))
    with opened(postgresql_side) as warehouse:
        lake.load(warehouse)
    postgresql_side.run("GRANT USAGE ON SCHEMA avesa TO weak")
    postgresql_side.run("GRANT ALL ON ALL TABLES IN SCHEMA avesa TO weak")
    with opened(weak) as warehouse, pytest.raises(ConfigurationError):
        lake.load(warehouse)
    lake.is_in(postgresql_side)


@pytest.mark.parametrize(("database", "user"), [("postgres", "nobody_at_all"), ("no_such_database", "loader")])
def test_a_login_that_is_refused_is_told_with_the_servers_own_words(
    postgres: PostgresServer, database: str, user: str
) -> None:
    with (
        pytest.raises(ConfigurationError, match=r"refuses the login: .*does not exist"),
        opened(PostgresSide(postgres.url(database, user))),
    ):
        pass


def test_a_session_that_breaks_in_the_middle_leaves_what_was_there(
    postgresql_side: PostgresSide, tmp_path: Path
) -> None:
    lake = lake_in(tmp_path)
    lake.fold(change(1, thing("1", 1, 1)))
    with opened(postgresql_side) as warehouse:
        lake.load(warehouse)
        lake.fold(change(2, thing("1", 2, 2, name="b")))
        postgresql_side.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'avesa'")
        with pytest.raises(Unavailable, match="nothing is lost or doubled"):
            lake.load(warehouse)
        lake.is_in(postgresql_side, version=0)
        lake.load(warehouse)  # in another session
    lake.is_in(postgresql_side)


def test_a_key_that_postgresql_cannot_index_fails_its_table(postgresql_side: PostgresSide, tmp_path: Path) -> None:
    """Its index takes 2,700 bytes of a key."""
    lake = lake_in(tmp_path)
    long = "".join(chr(0x4E00 + number * 7919 % 20_000) for number in range(3_000))
    lake.fold(change(1, thing(long, 1, 1)))
    with opened(postgresql_side) as warehouse, pytest.raises(ConfigurationError, match="index row"):
        lake.load(warehouse)


def test_clickhouse_is_spoken_to_in_secret_but_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = {
        "clickhouse://ch.example.com/": "https://ch.example.com:8443",
        "clickhouse://ch.example.com:8123/?secure=false": "http://ch.example.com:8123",
        "clickhouse://127.0.0.1/": "http://127.0.0.1:8123",
        "clickhouse://[::1]/?secure=true": "https://[::1]:8443",
    }
    monkeypatch.setenv("CLICKHOUSE_PASSWORD", "hunter2")
    for url, address in wanted.items():
        session = ClickHouseSession(warehouse_address(url))
        assert session.url.rstrip("/") == address
        assert session._headers["X-ClickHouse-Key"] == "hunter2"
        session.close()
    with pytest.raises(UsageError, match="true or false"):
        ClickHouseSession(Address("clickhouse", "", "clickhouse://h/?secure=maybe"))


def test_what_clickhouse_refuses_is_told_by_the_name_of_its_error(clickhouse_side: ClickHouseSide) -> None:
    with opened(clickhouse_side) as warehouse, pytest.raises(ConfigurationError, match=r"\(UNKNOWN_TABLE\)") as told:
        warehouse.run("SELECT 'a secret value' FROM nowhere")  # type: ignore[attr-defined]
    assert "secret" not in str(told.value)


def test_a_schema_of_a_long_name_is_told_apart_from_its_like() -> None:
    each = Schemas("avesa", per_tenant=True)
    names = {each.of("x" * 62 + last) for last in "ab"} | {each.of("a-b"), each.of("a_b")}
    assert len(names) == 4
    assert all(len(name) <= 63 for name in names)
