"""A load waits for nobody in PostgreSQL without a limit, keeps no reader out meanwhile, and says whom it waited for."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import adbc_driver_postgresql
import pytest
from adbc_driver_manager import AdbcConnection, AdbcStatement
from adbc_driver_manager import Error as AdbcError
from arro3.core import RecordBatchReader
from benchmarks.postgres_server import PostgresServer

from avesa.shared.errors import Busy
from avesa.warehouse import postgres_session, postgres_warehouse
from fold_story import change, thing
from fold_table import things_mapping
from warehouse_lake import TABLE, Lake, lake_in
from warehouse_sides import PostgresSide, opened

KEY = f"hashtextextended('avesa load avesa acme {TABLE}', 0)"
SHAPE_KEY = "hashtextextended('avesa shape avesa', 0)"


@pytest.fixture(autouse=True)
def short_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_session, "LOCK_SECONDS", 0.5)
    monkeypatch.setattr(postgres_warehouse, "SHAPE_SECONDS", 0.2)
    monkeypatch.setattr(postgres_warehouse, "SHAPE_PAUSES", (0.1, 0.1))


@pytest.fixture
def lake(postgresql_side: PostgresSide, tmp_path: Path) -> Lake:
    """One that was loaded, and has changed since."""
    lake = lake_in(tmp_path)
    lake.fold(change(1, thing("1", 1, 1)))
    with opened(postgresql_side) as warehouse:
        lake.load(warehouse)
    lake.fold(change(2, thing("1", 2, 2, name="b")))
    return lake


GONE = ("tags", "views")
"""Columns that the mapping does not have any more."""


def with_another_column(lake: Lake) -> None:
    lake.folding.mapping = things_mapping(columns={"name": "text", "hours": "decimal", "seen": "boolean"}, untracked=[])
    lake.fold(change(3, thing("1", 3, 3, seen=True)))


@contextmanager
def transaction(url: str, *statements: str) -> Iterator[int]:
    """Somebody who said that and stays in the transaction; the number of the process."""
    with adbc_driver_postgresql.connect(f"{url}&application_name=psql") as database, AdbcConnection(database) as other:
        other.set_autocommit(False)
        with AdbcStatement(other) as statement:
            for sql in statements:
                statement.set_sql_query(sql)
                statement.execute_update()
            statement.set_sql_query("SELECT pg_backend_pid() AS pid")
            rows = RecordBatchReader.from_arrow(statement.execute_query()[0]).read_all()
        yield rows["pid"][0].as_py()
        with suppress(AdbcError):  # it may have been ended
            other.rollback()


def test_a_new_column_waits_for_a_reader_within_limits_and_says_who_it_is(
    postgresql_side: PostgresSide, lake: Lake
) -> None:
    with_another_column(lake)
    with opened(postgresql_side) as warehouse:
        with transaction(postgresql_side.url, f"SELECT * FROM avesa.{TABLE}_current") as reader:
            with pytest.raises(Busy) as told:
                lake.load(warehouse)
            assert re.fullmatch(
                rf"avesa\.{TABLE} cannot be given its columns: waited in vain for "
                rf"process {reader} \(psql, user loader, \d s in a transaction, idle\)\.",
                told.value.message,
            )
            assert f"pg_terminate_backend({reader})" in told.value.hint
            lake.is_in(postgresql_side, version=0)
        lake.load(warehouse)
    lake.is_in(postgresql_side, gone=GONE)


def test_who_only_reads_comes_through_while_a_new_column_waits(
    postgresql_side: PostgresSide, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_another_column(lake)
    monkeypatch.setattr(postgres_warehouse, "SHAPE_PAUSES", (0.2,) * 5)
    ended = threading.Event()
    read: list[int] = []

    def reading() -> None:
        while not ended.is_set():
            read.append(len(postgresql_side.asked("SET lock_timeout = '1s'", f"SELECT * FROM avesa.{TABLE}")))

    with opened(postgresql_side) as warehouse, transaction(postgresql_side.url, f"SELECT * FROM avesa.{TABLE}"):
        reader = threading.Thread(target=reading)
        reader.start()
        with pytest.raises(Busy):
            lake.load(warehouse)
        ended.set()
        reader.join()
    assert set(read) == {1}
    assert len(read) > 5


def test_a_reader_that_goes_in_time_is_waited_for(
    postgresql_side: PostgresSide, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_another_column(lake)
    pauses: list[float] = []
    with opened(postgresql_side) as warehouse, transaction(postgresql_side.url, f"SELECT * FROM avesa.{TABLE}") as pid:

        def leave(seconds: float) -> None:
            pauses.append(seconds)
            postgresql_side.run(f"SELECT pg_terminate_backend({pid}, 5000)")

        monkeypatch.setattr(postgres_warehouse.time, "sleep", leave)
        lake.load(warehouse)
    assert pauses == [0.1]
    lake.is_in(postgresql_side, gone=GONE)


@pytest.mark.parametrize(
    "held",
    [
        f"SELECT pg_advisory_lock({KEY})",
        f"SELECT pg_advisory_xact_lock({KEY})",
        f"LOCK TABLE avesa.{TABLE} IN SHARE MODE",
        f"LOCK TABLE avesa.{TABLE}",
        "LOCK TABLE avesa.avesa_loads",
        f"SELECT * FROM avesa.{TABLE} FOR UPDATE",
        "UPDATE avesa.avesa_loads SET version = version",
    ],
)
def test_whatever_a_load_waits_for_it_waits_within_limits_and_says_whom_for(
    postgresql_side: PostgresSide, lake: Lake, held: str
) -> None:
    with opened(postgresql_side) as warehouse:
        with transaction(postgresql_side.url, held) as other:
            with pytest.raises(
                Busy, match=rf"avesa\.{TABLE} is in work or locked: .* process {other} \(psql, user load"
            ):
                lake.load(warehouse)
            if "LOCK TABLE" not in held:
                lake.is_in(postgresql_side, version=0)
        lake.load(warehouse)
    lake.is_in(postgresql_side)


def test_a_first_load_waits_within_limits_for_who_holds_the_lock_of_shapes(
    postgresql_side: PostgresSide, tmp_path: Path
) -> None:
    lake = lake_in(tmp_path)
    lake.fold(change(1, thing("1", 1, 1)))
    with opened(postgresql_side) as warehouse:
        with (
            transaction(postgresql_side.url, f"SELECT pg_advisory_lock({SHAPE_KEY})") as other,
            pytest.raises(Busy, match=f"cannot be given its columns: .* process {other} "),
        ):
            lake.load(warehouse)
        lake.load(warehouse)
    lake.is_in(postgresql_side)


def test_of_who_reads_and_writes_beside_it_nobody_is_blamed(postgresql_side: PostgresSide, lake: Lake) -> None:
    with (
        opened(postgresql_side) as warehouse,
        transaction(postgresql_side.url, f"SELECT * FROM avesa.{TABLE}"),
        transaction(
            postgresql_side.url, "INSERT INTO avesa.avesa_loads VALUES ('globex', 'tickets', '', 0, '', 0, now())"
        ),
    ):
        lake.load(warehouse)
    lake.is_in(postgresql_side)


def test_a_limit_of_the_address_is_kept(postgresql_side: PostgresSide, lake: Lake) -> None:
    limited = PostgresSide(f"{postgresql_side.url}&options=-c%20lock_timeout%3D50ms")
    with (
        transaction(postgresql_side.url, f"LOCK TABLE avesa.{TABLE}"),
        opened(limited) as warehouse,
        pytest.raises(Busy, match="waited in vain for process"),
    ):
        assert warehouse._session.lock_seconds == 0.05  # type: ignore[attr-defined]
        lake.load(warehouse)


def test_who_may_not_see_what_others_do_is_told_their_process_and_user(
    postgresql_side: PostgresSide, postgres: PostgresServer, tmp_path: Path
) -> None:
    for sql in ("CREATE ROLE owner LOGIN", "GRANT CREATE ON DATABASE postgres TO owner"):
        postgresql_side.run(sql)
    try:
        owner = PostgresSide(postgres.url("postgres", "owner"))
        lake = lake_in(tmp_path)
        lake.fold(change(1, thing("1", 1, 1)))
        with opened(owner) as warehouse:
            lake.load(warehouse)
            lake.fold(change(2, thing("1", 2, 2, name="b")))
            with (
                transaction(postgresql_side.url, f"LOCK TABLE avesa.{TABLE}") as pid,
                pytest.raises(Busy, match=rf"waited in vain for process {pid} \(psql, user loader\)\."),
            ):
                lake.load(warehouse)
    finally:
        for sql in ("DROP OWNED BY owner CASCADE", "DROP ROLE owner"):
            postgresql_side.run(sql)
