"""The clock moves the worlds, the true history is told, and the player's commands work over HTTP too."""

from __future__ import annotations

import socket
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from avesa.sandbox.connectwise.endpoints import ENDPOINTS
from avesa.sandbox.server import Sandbox
from avesa.sandbox.world import World
from avesa.shared.clock import from_iso, to_iso
from sandbox_client import API, Get

Pages = Callable[..., list[list[dict[str, Any]]]]


def test_a_day_brings_changes_and_deletions(sandbox: Sandbox, get: Get, worlds: dict[str, World]) -> None:
    sandbox.clock.set(worlds["acme"].start)
    path, gone, changed = "/service/tickets", set(), set()
    before = {t["id"]: t for t in get(path, pageSize=1000).json()}
    for _ in range(30):
        sandbox.clock.advance(timedelta(days=1))
        now = {t["id"]: t for t in get(path, pageSize=1000).json()}
        gone |= before.keys() - now.keys()
        changed |= {key for key in before.keys() & now.keys() if before[key] != now[key]}
        before = now
    assert gone and changed
    assert gone == {k for k, shown in sandbox.history("acme", "tickets").items() if shown[-1][1] is None} & gone


def test_nothing_is_ever_newer_than_the_clock(sandbox: Sandbox, get: Get, worlds: dict[str, World]) -> None:
    for hours in (0, 9, 33, 200):
        now = sandbox.clock.set(worlds["acme"].start + timedelta(hours=hours))
        for endpoint in ENDPOINTS:
            if endpoint.parent is None:
                newest = get(endpoint.path, orderBy="lastUpdated desc", pageSize=1).json()
                assert all(from_iso(record["_info"]["lastUpdated"]) <= now for record in newest)


def test_the_clock_can_be_put_back_and_shows_the_same_again(
    sandbox: Sandbox, get: Get, worlds: dict[str, World]
) -> None:
    sandbox.clock.set(worlds["acme"].start + timedelta(days=5))
    before = get("/time/entries", pageSize=1000).content
    sandbox.clock.advance(timedelta(days=9))
    assert get("/time/entries", pageSize=1000).content != before
    sandbox.clock.advance(-timedelta(days=9))
    assert get("/time/entries", pageSize=1000).content == before


def test_the_history_is_what_was_shown_at_each_moment(sandbox: Sandbox, get: Get, worlds: dict[str, World]) -> None:
    end = sandbox.clock()
    histories = {name: sandbox.history("acme", name) for name in ("tickets", "time_entries", "companies")}
    paths = {endpoint.name: endpoint.path for endpoint in ENDPOINTS}
    for days in (0, 3, 11, 29):
        now = sandbox.clock.set(worlds["acme"].start + timedelta(days=days, hours=13))
        for name, history in histories.items():
            expected = {}
            for key, shown in history.items():
                last = [record for at, record in shown if at <= now]
                if last and last[-1] is not None:
                    expected[key] = last[-1]
            answered = {r["id"]: r for r in get(paths[name], pageSize=1000).json()}
            assert answered == expected
    assert all(at <= end for history in histories.values() for shown in history.values() for at, _ in shown)


def test_the_history_ends_at_the_clock(sandbox: Sandbox, worlds: dict[str, World]) -> None:
    now = sandbox.clock.set(worlds["acme"].start)
    assert all(at <= now for shown in sandbox.history("acme", "members").values() for at, _ in shown)


def test_the_player_moves_the_clock_over_http(sandbox: Sandbox) -> None:
    now = sandbox.clock()
    url = f"{sandbox.url}/_sandbox/clock"
    assert httpx2.get(url).json() == {"now": to_iso(now)}
    moved = httpx2.post(url, json={"advance_seconds": 90}).json()
    assert from_iso(moved["now"]) == sandbox.clock() == now + timedelta(seconds=90)
    assert httpx2.post(url, json={"set": "2026-03-05T01:02:03Z"}).json() == {"now": "2026-03-05T01:02:03Z"}
    for wrong in ({"set": "2026-03-05"}, {"advance_seconds": "soon"}, {}, [], {"advance_seconds": 1e30}):
        assert httpx2.post(url, json=wrong).status_code == 400
    assert httpx2.post(url, content=b"{").status_code == 400


def test_the_player_orders_faults_over_http(sandbox: Sandbox, get: Get) -> None:
    url = f"{sandbox.url}/_sandbox/faults"
    order = {"kind": "status", "path": "boards", "status": 503, "times": 2}
    assert httpx2.post(url, json=order).json() == {"faults": 1}
    assert get("/service/boards").status_code == 503
    assert httpx2.request("DELETE", url).json() == {"faults": 0}
    assert get("/service/boards").status_code == 200
    assert httpx2.post(url, json={"kind": "flood"}).status_code == 400
    assert httpx2.post(url, json={"limit_rate": None}).status_code == 200


def test_the_player_reads_credentials_and_history_over_http(sandbox: Sandbox) -> None:
    given = httpx2.get(f"{sandbox.url}/_sandbox/credentials").json()
    assert given == {name: sandbox.credentials("connectwise", name) for name in ("acme", "globex")}
    told = httpx2.get(f"{sandbox.url}/_sandbox/history/globex/contacts").json()
    known = sandbox.history("globex", "contacts")
    assert told == {str(k): [[to_iso(at), shown] for at, shown in v] for k, v in known.items()}
    assert httpx2.get(f"{sandbox.url}/_sandbox/history/globex/nothing").status_code == 404
    assert httpx2.get(f"{sandbox.url}/_sandbox/nothing").status_code == 404


def test_a_page_of_a_browser_cannot_play(sandbox: Sandbox) -> None:
    url = f"{sandbox.url}/_sandbox/credentials"
    assert httpx2.get(url, headers={"Host": "attacker.example.test"}).status_code == 403
    assert httpx2.get(url, headers={"Origin": "http://attacker.example.test"}).status_code == 403


def test_each_tenant_has_credentials_of_its_own(sandbox: Sandbox) -> None:
    acme, globex = sandbox.credentials("connectwise", "acme"), sandbox.credentials("connectwise", "globex")
    assert set(acme) == {"company_id", "public_key", "private_key", "client_id"}
    assert not set(acme.values()) & set(globex.values())
    assert sandbox.settings(tenant="acme")["base_url"] == sandbox.base_url("connectwise") + API


def test_the_sandbox_listens_on_loopback_only() -> None:
    with pytest.raises(ValueError, match="loopback only"):
        Sandbox(host="0.0.0.0")


def test_a_port_that_is_taken_is_an_error_and_a_closed_sandbox_gives_its_port_back() -> None:
    with Sandbox(World(days=1)) as first:
        port = int(first.url.rsplit(":", 1)[1])
        with pytest.raises(OSError), Sandbox(World(days=1), port=port):
            pass
    with Sandbox(World(days=1), port=port) as second:
        assert httpx2.get(f"{second.url}/_sandbox/clock").status_code == 200


def test_stopping_does_not_wait_for_connections_that_are_kept_open() -> None:
    with Sandbox(World(days=1)) as sandbox:
        host, port = sandbox.url.removeprefix("http://").split(":")
        idle = socket.create_connection((host, int(port)))
        client = httpx2.Client()
        client.get(f"{sandbox.url}/_sandbox/clock")
    assert idle.recv(1) == b""
    idle.close()
    client.close()


def test_an_address_that_cannot_be_read_is_400(sandbox: Sandbox) -> None:
    host, port = sandbox.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(b"GET http://[ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert connection.recv(64).startswith(b"HTTP/1.1 400 ")
