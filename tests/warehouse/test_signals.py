"""Ctrl-C and SIGTERM while a load waits inside PostgreSQL's driver: the first is heard, the second ends it at once."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from benchmarks.postgres_server import PostgresServer

from avesa.warehouse.address import warehouse_address
from avesa.warehouse.postgres_session import PostgresSession
from avesa_program import Avesa
from landed_home import LandedHome, changes, contact
from warehouse_sides import PostgresSide

SIGNALS = (signal.SIGINT, signal.SIGTERM)
PATIENCE_SECONDS = 20
"""A third of what the server would take by itself, if ever it would."""


@pytest.fixture
def home(tmp_path: Path) -> LandedHome:
    home = LandedHome(tmp_path / "home")
    for table in ("contacts", "tickets"):
        home.land(changes(1, contact("1", 1, 1)), table=table)
        home.transform(table=table)
    return home


@pytest.fixture
def avesa(home: LandedHome, postgresql_side: PostgresSide, monkeypatch: pytest.MonkeyPatch) -> Avesa:
    """Both tables are loaded, and have changed since."""
    monkeypatch.setenv("AVESA_WAREHOUSE_URL", postgresql_side.url)
    avesa = Avesa(home.folder)
    avesa("warehouse", "load", "acme")
    for table in ("contacts", "tickets"):
        home.land(changes(2, contact("1", 2, 2, name="Ben")), table=table)
        home.transform(table=table)
    return avesa


def until(side: PostgresSide, condition: str) -> None:
    """That is so of the loader's session."""
    started = time.monotonic()
    while time.monotonic() < started + PATIENCE_SECONDS:
        if side.asked(f"SELECT ({condition}) AS is_so FROM pg_stat_activity WHERE application_name = 'avesa'")[0][
            "is_so"
        ]:
            return
        time.sleep(0.02)
    raise AssertionError(f"it never was so: {condition}")


def version(side: PostgresSide, table: str) -> int:
    (row,) = side.asked(f"SELECT version FROM avesa.avesa_loads WHERE table_name = '{table}'")
    return int(row["version"])


@contextmanager
def behind_a_lock(avesa: Avesa, postgres: PostgresServer, side: PostgresSide) -> Iterator[subprocess.Popen[str]]:
    """A load that waits for a table that somebody has locked, until the end of the block or of that somebody."""
    holder = subprocess.Popen(
        [str(postgres.programs / "psql"), "-Xq", side.url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdin and holder.stdout
    holder.stdin.write("BEGIN; LOCK TABLE avesa.contacts; SELECT 'locked';\n")
    holder.stdin.flush()
    next(line for line in holder.stdout if "locked" in line)
    loader = avesa.start("warehouse", "load", "acme")
    try:
        until(side, "count(*) FILTER (WHERE wait_event_type = 'Lock') > 0")
        yield loader
    finally:
        holder.communicate()
        loader.kill()
        loader.communicate()


def says_that_it_stops(process: subprocess.Popen[str]) -> None:
    """While what it waits for is still there."""
    assert process.stderr
    next(line for line in process.stderr if line.startswith("Stopping after the table under way"))


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_signal_is_heard_at_once_and_stops_after_the_table_under_way(
    avesa: Avesa, postgres: PostgresServer, postgresql_side: PostgresSide, number: signal.Signals
) -> None:
    with behind_a_lock(avesa, postgres, postgresql_side) as loader:
        loader.send_signal(number)
        says_that_it_stops(loader)
        postgresql_side.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction'"
            " AND application_name = 'psql'"
        )
        out, told = loader.communicate(timeout=PATIENCE_SECONDS)
    assert loader.returncode == 1
    assert "acme  contacts       loaded  2 rows" in out and "tickets" not in out
    assert "Stopped; the next load goes on from here." in told and "Traceback" not in told
    assert (version(postgresql_side, "contacts"), version(postgresql_side, "tickets")) == (1, 0)


@pytest.mark.parametrize("number", SIGNALS)
def test_the_second_signal_ends_it_at_once_and_its_session_with_it(
    avesa: Avesa, home: LandedHome, postgres: PostgresServer, postgresql_side: PostgresSide, number: signal.Signals
) -> None:
    with behind_a_lock(avesa, postgres, postgresql_side) as loader:
        loader.send_signal(number)
        says_that_it_stops(loader)
        loader.send_signal(number)
        loader.communicate(timeout=PATIENCE_SECONDS)
        assert loader.returncode == -number
        # The lock is still held: nobody else waits behind a loader that is no more.
        until(postgresql_side, "count(*) = 0")
    assert version(postgresql_side, "contacts") == 0
    assert "loaded  2 rows  version 1" in avesa("warehouse", "load", "acme").stdout
    assert version(postgresql_side, "contacts") == version(postgresql_side, "tickets") == 1


@pytest.mark.parametrize("number", SIGNALS)
def test_signals_are_heard_while_rows_are_sent(
    avesa: Avesa, postgresql_side: PostgresSide, number: signal.Signals
) -> None:
    for sql in (
        "CREATE SCHEMA slow",
        "CREATE FUNCTION slow.down() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(60); RETURN NEW; END'",
        "CREATE TRIGGER slow BEFORE INSERT ON avesa.contacts FOR EACH ROW EXECUTE FUNCTION slow.down()",
    ):
        postgresql_side.run(sql)
    loader = avesa.start("warehouse", "load", "acme", "--anew")
    until(postgresql_side, "count(*) FILTER (WHERE wait_event = 'PgSleep' AND query LIKE 'COPY%') > 0")
    loader.send_signal(number)
    says_that_it_stops(loader)
    loader.send_signal(number)
    loader.communicate(timeout=PATIENCE_SECONDS)
    assert loader.returncode == -number
    until(postgresql_side, "count(*) = 0")
    postgresql_side.run("DROP SCHEMA slow CASCADE")
    assert version(postgresql_side, "contacts") == 0
    assert "contacts       loaded  2 rows  version 1" in avesa("warehouse", "load", "acme").stdout


def test_ctrl_c_ends_a_program_that_waits_for_a_server_that_says_nothing(avesa: Avesa) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        place = f"127.0.0.1:{server.getsockname()[1]}"
        loader = avesa.start("warehouse", "load", "acme", "--to", f"postgresql://loader@{place}/w")
        server.settimeout(PATIENCE_SECONDS)
        connection, _ = server.accept()
        with connection:
            loader.send_signal(signal.SIGINT)
            _, told = loader.communicate(timeout=PATIENCE_SECONDS)
    assert loader.returncode == 1
    assert "Aborted" in told and "Traceback" not in told


class Broken(BaseException):
    """Raised by the handler of a signal."""


def test_a_statement_that_is_broken_off_is_cancelled_and_the_session_goes_on(postgresql_side: PostgresSide) -> None:
    def broken(number: int, frame: object) -> None:
        raise Broken

    before = signal.signal(signal.SIGALRM, broken)
    session = PostgresSession(warehouse_address(postgresql_side.url))
    try:
        session.run("CREATE TABLE public.broken_off (a int)")
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        started = time.monotonic()
        with pytest.raises(Broken):
            session.run("SELECT pg_sleep(60)")
        session.rollback()
        assert time.monotonic() - started < PATIENCE_SECONDS
        assert session.run("SELECT to_regclass('public.broken_off') IS NULL AS gone") == [{"gone": True}]
    finally:
        session.close()
        signal.signal(signal.SIGALRM, before)
