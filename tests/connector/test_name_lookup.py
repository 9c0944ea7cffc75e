"""Names that are looked up for too long. The name server here answers when the test lets it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from avesa.connector import name_lookup
from avesa.connector.limits import Stopped
from avesa.connector.patience import Patience
from avesa.connector.request import Request
from avesa.connector.transport import NoAnswer, Transport
from tiny_vendor import tiny_vendor

HURRIED = Patience(connect=0.05, grace=0.02, look=0.01)
LONG = Patience(grace=0.02, look=0.01)
NAMELESS = Request("GET", "http://vendor.invalid/x")


class Lookups:
    """Lookups of names that hang until `answers` is set; `asked` are the names. Addresses need none."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.began, self.answers = threading.Event(), threading.Event()

    def __call__(self, host: str, port: int, *args: Any, **more: Any) -> Any:
        if more.get("flags") == socket.AI_NUMERICHOST or not host.endswith(".invalid"):
            return socket.getaddrinfo(host, port, *args, **more)
        self.asked.append(host)
        self.began.set()
        self.answers.wait()
        return socket.getaddrinfo("127.0.0.1", port, *args)


@pytest.fixture
def lookups(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lookups]:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    hanging = Lookups()
    monkeypatch.setattr(name_lookup, "getaddrinfo", hanging)
    monkeypatch.setattr(name_lookup, "_UNDER_WAY", {})
    yield hanging
    hanging.answers.set()


@contextmanager
def transport(patience: Patience, stop: Callable[[], bool] = lambda: False) -> Iterator[Transport]:
    made = Transport(2, patience, stop=stop)
    try:
        yield made
    finally:
        made.close()


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_name_is_looked_up_for_no_longer_than_a_connection_may_take(lookups: Lookups, scheme: str) -> None:
    with transport(HURRIED) as sender, pytest.raises(NoAnswer, match="looking up a name took too long"):
        sender.send(Request("GET", f"{scheme}://vendor.invalid/x"))
    assert lookups.asked == ["vendor.invalid"]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_stop_is_heard_while_a_name_is_looked_up(lookups: Lookups, scheme: str) -> None:
    with transport(LONG, lookups.began.is_set) as sender, pytest.raises(Stopped):
        sender.send(Request("GET", f"{scheme}://vendor.invalid/x"))


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_name_of_a_proxy_is_looked_up_for_no_longer_either(
    lookups: Lookups, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"{scheme}_proxy", "http://proxy.invalid:3128")
    asked = Request("GET", f"{scheme}://vendor.example/x")
    with transport(HURRIED) as sender, pytest.raises(NoAnswer, match="looking up a name took too long"):
        sender.send(asked)
    with transport(LONG, lookups.began.is_set) as sender, pytest.raises(Stopped):
        sender.send(asked)
    assert set(lookups.asked) == {"proxy.invalid"}


def test_a_name_that_was_found_late_leads_to_its_host(lookups: Lookups) -> None:
    with tiny_vendor() as vendor, transport(LONG) as sender:
        threading.Thread(target=lambda: lookups.began.wait() and lookups.answers.set()).start()
        answer = sender.send(Request("GET", vendor.url.replace("127.0.0.1", "vendor.invalid")))
    assert answer.status == 401


def test_who_asks_for_the_same_name_waits_for_the_lookup_that_is_under_way(lookups: Lookups) -> None:
    stopped = []

    def ask(sender: Transport) -> None:
        with pytest.raises(Stopped):
            sender.send(NAMELESS)
        stopped.append(1)

    ends = threading.Event()
    with transport(LONG, ends.is_set) as sender:
        askers = [threading.Thread(target=ask, args=(sender,)) for _ in range(3)]
        for asker in askers:
            asker.start()
        lookups.began.wait()
        ends.set()
        for asker in askers:
            asker.join()
    assert stopped == [1, 1, 1] and lookups.asked == ["vendor.invalid"]


def test_a_lookup_that_hung_for_too_long_holds_up_no_later_one(lookups: Lookups) -> None:
    with transport(HURRIED) as sender:
        for _ in range(2):
            with pytest.raises(NoAnswer, match="looking up a name took too long"):
                sender.send(NAMELESS)
    assert lookups.asked == ["vendor.invalid"] * 2


@pytest.mark.usefixtures("lookups")
def test_an_address_is_not_looked_up() -> None:
    with tiny_vendor() as vendor, transport(HURRIED) as sender:
        assert sender.send(Request("GET", vendor.url)).status == 401
