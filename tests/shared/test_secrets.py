"""What every store of secrets does, whichever side it is on."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from avesa.shared.secrets import Secrets
from port_sides import Side, all_at_once

SECRET = "s3cr3t-v4lue"


@pytest.fixture
def secrets(side: Side) -> Secrets:
    return side.secrets()


def test_what_is_put_is_there_for_the_next_process(secrets: Secrets, side: Side) -> None:
    secrets.put("acme", "connectwise", {"private_key": SECRET, "client_id": "ünï"})
    assert side.secrets().get("acme", "connectwise") == {"private_key": SECRET, "client_id": "ünï"}


def test_there_are_no_secrets_before_there_are_any(secrets: Secrets) -> None:
    assert secrets.get("acme", "connectwise") == {}
    secrets.remove("acme")
    assert secrets.get("acme", "connectwise") == {}


def test_one_tenant_s_secrets_are_not_another_s(secrets: Secrets) -> None:
    secrets.put("acme", "connectwise", {"key": "a"})
    secrets.put("acme-west", "connectwise", {"key": "w"})
    secrets.put("globex", "connectwise", {"key": "g"})
    secrets.put("acme", "autotask", {"key": "b"})
    secrets.put("acme", "connectwise", {"other": "c"})
    assert secrets.get("acme", "connectwise") == {"other": "c"}
    secrets.remove("acme")
    assert secrets.get("acme", "autotask") == {}
    assert secrets.get("acme", "connectwise") == {}
    assert secrets.get("globex", "connectwise") == {"key": "g"}
    assert secrets.get("acme-west", "connectwise") == {"key": "w"}


def test_the_secrets_of_one_service_can_be_removed_alone_and_again(secrets: Secrets) -> None:
    for service in ("halo", "halopsa"):
        secrets.put("acme", service, {"key": service})
    secrets.put("globex", "halo", {"key": "g"})
    for _ in range(2):
        secrets.remove("acme", "halo")
    assert (secrets.get("acme", "halo"), secrets.get("acme", "halopsa")) == ({}, {"key": "halopsa"})
    secrets.remove("acme", "halopsa")
    assert secrets.get("globex", "halo") == {"key": "g"}


def test_no_repr_shows_a_value(secrets: Secrets) -> None:
    secrets.put("acme", "connectwise", {"other": SECRET})
    values = secrets.get("acme", "connectwise")
    assert SECRET not in f"{secrets!r} {secrets} {values!r} {values}"
    assert "other" in repr(values)


def test_a_value_is_replaced_only_if_it_is_still_the_one_expected(secrets: Secrets, side: Side) -> None:
    secrets.put("acme", "xero", {"refresh_token": "1", "client_id": "c"})
    assert secrets.replace("acme", "xero", {"refresh_token": "1"}, {"refresh_token": "2", "more": "m"})
    assert not secrets.replace("acme", "xero", {"refresh_token": "1"}, {"refresh_token": "3"})
    assert not secrets.replace("acme", "xero", {"client_id": "c", "refresh_token": "x"}, {"client_id": "d"})
    assert side.secrets().get("acme", "xero") == {"refresh_token": "2", "client_id": "c", "more": "m"}


def test_what_is_expected_to_be_missing_must_be_missing(secrets: Secrets) -> None:
    assert not secrets.replace("acme", "xero", {"refresh_token": "1"}, {"refresh_token": "2"})
    assert secrets.get("acme", "xero") == {}
    assert secrets.replace("acme", "xero", {"refresh_token": None}, {"refresh_token": "2"})
    assert not secrets.replace("acme", "xero", {"refresh_token": None}, {"refresh_token": "3"})
    assert secrets.replace("acme", "xero", {}, {"client_id": "c"})
    assert secrets.get("acme", "xero") == {"refresh_token": "2", "client_id": "c"}


def test_replacing_nothing_tells_whether_what_is_expected_is_there_and_changes_nothing(secrets: Secrets) -> None:
    secrets.put("acme", "xero", {"refresh_token": "1"})
    for _ in range(2):
        assert secrets.replace("acme", "xero", {"refresh_token": "1"}, {})
        assert not secrets.replace("acme", "xero", {"refresh_token": "2"}, {})
    assert secrets.replace("acme", "xero", {"refresh_token": "1"}, {"refresh_token": "2"})
    assert secrets.replace("acme", "xero", {"refresh_token": "2"}, {})
    assert secrets.get("acme", "xero") == {"refresh_token": "2"}


def test_of_many_threads_with_the_same_view_one_wins(secrets: Secrets) -> None:
    secrets.put("acme", "xero", {"token": "0"})
    for step in range(5):
        start = threading.Barrier(6)

        def race(number: int, start: threading.Barrier = start, step: int = step) -> bool:
            start.wait()
            return secrets.replace("acme", "xero", {"token": str(step)}, {"token": str(step + 1), "by": str(number)})

        with ThreadPoolExecutor(6) as pool:
            won = [number for number, result in enumerate(pool.map(race, range(6))) if result]
        assert len(won) == 1
        assert secrets.get("acme", "xero") == {"token": str(step + 1), "by": str(won[0])}


def test_of_many_processes_that_replace_a_value_one_wins_each_time(secrets: Secrets, side: Side) -> None:
    """Each counts up what it read: no number is skipped or given twice if every replacement saw the one before it."""
    program = """
import sys
from port_sides import side_of
secrets = side_of(sys.argv[1:]).secrets()
sys.stdin.readline()
won = 0
while won < 10:
    old = secrets.get("acme", "xero")["token"]
    won += secrets.replace("acme", "xero", {"token": old}, {"token": str(int(old) + 1)})
"""
    secrets.put("acme", "xero", {"token": "0"})
    all_at_once(program, side, (), ())
    assert side.secrets().get("acme", "xero") == {"token": "20"}
