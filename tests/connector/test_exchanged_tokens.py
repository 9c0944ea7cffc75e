"""Refresh tokens that are exchanged with each use: stored before they count, and never used twice by anyone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from avesa.connector.client import Client
from avesa.connector.limits import Stopped
from avesa.connector.oauth2 import RefreshToken
from avesa.connector.patience import Patience
from avesa.connector.request import Request, Response
from avesa.connector.shared_token import SharedToken
from avesa.connector.stored_secrets import TOKEN_NAME, StoredSecrets
from avesa.connector.tokens import Token, TokenNeeded
from avesa.connector.transport import Transport
from avesa.shared.errors import (
    Busy,
    ConfigurationError,
    ServiceFailed,
    StorageError,
    Unavailable,
)
from avesa.shared.secret_file import EnvironmentSecrets, FileSecrets
from token_exchange import answer
from token_users import HeldClock, at_once, get
from token_vendor import (
    SECRETS,
    Answer,
    Asked,
    TokenVendor,
    link,
)

posix = pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX")


# Refresh tokens that are exchanged


def test_an_exchanged_refresh_token_is_stored_before_the_access_token_is_used(
    vendor: TokenVendor, stored: StoredSecrets
) -> None:
    seen = list[str]()

    def look(asked: Asked, answer: Answer) -> Answer:
        if asked.path == "/things":
            seen.append(stored.read()["refresh_token"])
        return answer

    vendor.bend = look
    with Client(link(vendor.url, stored=stored)) as client:
        get(client, vendor)
    assert seen == ["refresh-1"]
    assert vendor.logins[0].form["refresh_token"] == "refresh-0"


def test_a_stop_does_not_lose_what_the_vendor_is_exchanging(
    vendor: TokenVendor, stored: StoredSecrets, monkeypatch: pytest.MonkeyPatch
) -> None:
    hasty = partial(Transport, patience=Patience(grace=0.0, look=0.01))
    monkeypatch.setattr("avesa.connector.client.Transport", hasty)
    stopped = threading.Event()

    def dawdle(asked: Asked, answer: Answer) -> Answer:
        stopped.set()
        threading.Event().wait(0.2)
        return answer

    vendor.bend = dawdle
    with Client(link(vendor.url, stored=stored), stop=stopped.is_set) as client, pytest.raises(Stopped):
        get(client, vendor)
    assert [asked.path for asked in vendor.asked] == ["/oauth/token"]
    assert stored.read()["refresh_token"] == "refresh-1"


def test_the_next_run_goes_on_with_the_stored_token(vendor: TokenVendor, stored: StoredSecrets) -> None:
    for _ in range(3):
        with Client(link(vendor.url, stored=stored)) as client:
            get(client, vendor)
    assert len(vendor.logins) == 1


def test_a_stored_token_is_not_used_with_other_credentials(vendor: TokenVendor, stored: StoredSecrets) -> None:
    with Client(link(vendor.url, stored=stored)) as client:
        get(client, vendor)
    stored.exchange({}, {"refresh_token": vendor.consent()})
    with Client(link(vendor.url, stored=stored)) as client:
        get(client, vendor)
    assert len(vendor.logins) == 2


def test_a_damaged_stored_token_is_as_good_as_none(vendor: TokenVendor, stored: StoredSecrets) -> None:
    stored.exchange({}, {TOKEN_NAME: "{"})
    with Client(link(vendor.url, stored=stored)) as client:
        get(client, vendor)
    assert len(vendor.logins) == 1


def test_a_refresh_token_that_the_vendor_keeps_stays_stored(vendor: TokenVendor, stored: StoredSecrets) -> None:
    vendor.keeps_refresh_token = True
    with Client(link(vendor.url, stored=stored)) as client:
        get(client, vendor)
        vendor.ended.add("access-1")
        get(client, vendor)
    assert [asked.form["refresh_token"] for asked in vendor.logins] == ["refresh-0", "refresh-0"]
    assert stored.read()["refresh_token"] == "refresh-0"


def test_without_a_place_to_store_it_no_refresh_token_is_used_up(vendor: TokenVendor, stored: StoredSecrets) -> None:
    homeless = replace(link(vendor.url, stored=stored), stored=None)
    with Client(homeless) as client, pytest.raises(ConfigurationError, match="no place to store"):
        get(client, vendor)
    assert vendor.asked == []


def test_a_refused_refresh_token_says_to_connect_again(vendor: TokenVendor, stored: StoredSecrets) -> None:
    vendor.revoked = True
    with Client(link(vendor.url, stored=stored)) as client:
        for _ in range(2):
            with pytest.raises(ServiceFailed, match=r"invalid_grant.*Connect the service again") as caught:
                get(client, vendor)
            assert "refresh-0" not in str(caught.value)
    assert len(vendor.logins) == 1
    stored.exchange({}, {"refresh_token": vendor.consent()})
    with Client(link(vendor.url, stored=stored)) as client:
        get(client, vendor)


def test_two_clients_at_once_burn_no_token_of_each_other(vendor: TokenVendor, stored: StoredSecrets) -> None:
    with Client(link(vendor.url, stored=stored)) as one, Client(link(vendor.url, stored=stored)) as two:
        clients = iter([one, two] * 4)
        assert at_once(8, lambda: get(next(clients), vendor)) == []
    assert not vendor.revoked and len(vendor.logins) == 1


def needed(connection_auth: object, refused: Token | None = None) -> TokenNeeded:
    assert isinstance(connection_auth, RefreshToken)
    return TokenNeeded(connection_auth, refused)


class NobodysLease:
    """What a lease is worth to a worker that slept past it."""

    def lease(self, tenant_id: str, name: str) -> AbstractContextManager[None]:
        return nullcontext()


@pytest.mark.parametrize(
    "late", [answer({"access_token": "lost", "refresh_token": "lost"}), answer({"error": "invalid_grant"}, 400)]
)
def test_whoever_loses_the_exchange_goes_on_with_the_winners(stored: StoredSecrets, late: Response) -> None:
    leaseless = replace(stored, leases=NobodysLease())  # type: ignore[arg-type]
    connection = link("http://127.0.0.1:1", stored=leaseless)
    loser, winner = (SharedToken(connection, clock=HeldClock(), wait=lambda _: None) for _ in range(2))

    def overtaken(request: Request) -> Response:
        won = winner.get(needed(connection.auth), lambda _: answer({"access_token": "won", "refresh_token": "r-won"}))
        assert won.value == "won"
        return late

    assert loser.get(needed(connection.auth), overtaken).value == "won"
    assert stored.read()["refresh_token"] == "r-won"


def test_a_person_who_connects_again_meanwhile_wins(stored: StoredSecrets) -> None:
    connection = link("http://127.0.0.1:1", stored=stored)
    sent = list[str]()

    def overtaken(request: Request) -> Response:
        sent.append(request.body or "")
        if len(sent) == 1:
            stored.exchange({}, {"refresh_token": "by-hand"})
            return answer({"access_token": "old", "refresh_token": "old"})
        return answer({"access_token": "new", "refresh_token": "newest"})

    shared = SharedToken(connection, clock=HeldClock(), wait=lambda _: None)
    assert shared.get(needed(connection.auth), overtaken).value == "new"
    assert "refresh_token=by-hand" in sent[1]
    assert stored.read()["refresh_token"] == "newest"


def test_while_another_worker_renews_one_waits_and_takes_what_it_got(stored: StoredSecrets) -> None:
    connection = link("http://127.0.0.1:1", stored=stored)
    other = SharedToken(connection, clock=HeldClock(), wait=lambda _: None)
    waits = list[float]()

    class HeldByAnother:
        def lease(self, tenant_id: str, name: str) -> AbstractContextManager[None]:
            raise Busy(f"{name} is in work")

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            other.get(needed(connection.auth), lambda _: answer({"access_token": "theirs", "refresh_token": "r"}))

    waiting = replace(connection, stored=replace(stored, leases=HeldByAnother()))  # type: ignore[arg-type]
    shared = SharedToken(waiting, clock=HeldClock(), wait=wait)
    assert shared.get(needed(connection.auth), lambda _: pytest.fail("asked")).value == "theirs"
    assert len(waits) == 3

    class JustLeftByAnother:
        def lease(self, tenant_id: str, name: str) -> AbstractContextManager[None]:
            other.get(needed(connection.auth, refused=found), lambda _: answer({"access_token": "their next"}))
            return nullcontext()

    found = shared.get(needed(connection.auth), lambda _: pytest.fail("asked"))
    after = replace(connection, stored=replace(stored, leases=JustLeftByAnother()))  # type: ignore[arg-type]
    shared = SharedToken(after, clock=HeldClock(), wait=wait)
    assert shared.get(needed(connection.auth, found), lambda _: pytest.fail("asked")).value == "their next"

    other_one = replace(stored, leases=HeldByAnother(), service="other")  # type: ignore[arg-type]
    shared = SharedToken(replace(connection, stored=other_one), clock=HeldClock(), wait=lambda _: None)
    with pytest.raises(Unavailable, match="too long"):
        shared.get(needed(connection.auth), lambda _: pytest.fail("asked"))


def test_a_store_that_cannot_be_written_costs_no_refresh_token(stored: StoredSecrets) -> None:
    class FullDisk(FileSecrets):
        def replace(self, *_: object) -> bool:
            raise StorageError("the disk is full")

    connection = link("http://127.0.0.1:1", stored=stored)
    full = replace(stored, secrets=FullDisk(stored.secrets._path))
    shared = SharedToken(replace(connection, stored=full), clock=HeldClock(), wait=lambda _: None)
    with pytest.raises(StorageError, match="full"):
        shared.get(needed(connection.auth), lambda _: pytest.fail("asked"))


@pytest.mark.parametrize("stopping", [False, True])
def test_exchanged_secrets_that_cannot_be_stored_are_tried_again(stored: StoredSecrets, stopping: bool) -> None:
    waits = list[float]()

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if stopping:
            raise Stopped

    class FullForATime(FileSecrets):
        def replace(self, tenant_id: str, service: str, expected: Any, values: Any) -> bool:
            if values and len(waits) < 3:
                raise StorageError("the disk is full")
            return super().replace(tenant_id, service, expected, values)

    connection = link("http://127.0.0.1:1", stored=stored)
    full = replace(stored, secrets=FullForATime(stored.secrets._path))
    shared = SharedToken(replace(connection, stored=full), clock=HeldClock(), wait=wait)
    given = answer({"access_token": "a", "refresh_token": "kept"})
    assert shared.get(needed(connection.auth), lambda _: given).value == "a"
    assert stored.read()["refresh_token"] == "kept" and len(waits) == 3


def test_a_secret_that_was_removed_meanwhile_is_told(stored: StoredSecrets) -> None:
    connection = link("http://127.0.0.1:1", stored=stored)
    stored.secrets.remove("acme")
    shared = SharedToken(connection, clock=HeldClock(), wait=lambda _: None)
    with pytest.raises(ConfigurationError, match="refresh_token is not stored any more"):
        shared.get(needed(connection.auth), lambda _: pytest.fail("asked"))


def test_a_refresh_token_from_the_environment_is_exchanged_and_counts_no_more(
    vendor: TokenVendor, stored: StoredSecrets
) -> None:
    environment = {"AVESA_SECRET_ACME_TOKENS_REFRESH_TOKEN": "refresh-0"}
    stored.secrets.put("acme", "tokens", {name: value for name, value in SECRETS.items() if name != "refresh_token"})
    lent = replace(stored, secrets=EnvironmentSecrets(stored.secrets, environment))
    for _ in range(2):
        with Client(link(vendor.url, stored=lent)) as client:
            get(client, vendor)
        vendor.ended.update(vendor.given)
    assert [asked.form["refresh_token"] for asked in vendor.logins] == ["refresh-0", "refresh-1"]
    assert not vendor.revoked
    environment["AVESA_SECRET_ACME_TOKENS_REFRESH_TOKEN"] = vendor.consent()
    with Client(link(vendor.url, stored=lent)) as client:
        get(client, vendor)
    assert vendor.logins[-1].form["refresh_token"].startswith("refresh-consent")


# Processes


def worker(home: Path, vendor: TokenVendor, name: str, rounds: int, die: str = "") -> subprocess.Popen[bytes]:
    code = "import token_vendor, sys; token_vendor.work(*sys.argv[1:])"
    return subprocess.Popen(
        [sys.executable, "-c", code, str(home), vendor.url, name, str(rounds), die],
        cwd=Path(__file__).parents[1],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def begin(process: subprocess.Popen[bytes]) -> None:
    assert process.stdout and process.stdin
    assert process.stdout.readline() == b"ready\n", process.communicate()[1].decode()
    process.stdin.write(b"go\n")
    process.stdin.flush()


def test_two_processes_share_a_refresh_token_and_never_use_one_twice(
    vendor: TokenVendor, stored: StoredSecrets, tmp_path: Path
) -> None:
    vendor.uses = 2  # by each of the two; then it is refused, to both at once, so that both want a new one
    both_refused = threading.Barrier(2)

    def hold(asked: Asked, answer: Answer) -> Answer:
        if answer.status == 401:
            both_refused.wait(30)
        return answer

    vendor.bend = hold
    workers = [worker(tmp_path, vendor, name, 12) for name in ("one", "two")]
    for process in workers:
        begin(process)
    said = [process.communicate()[1].decode() for process in workers]
    assert [process.returncode for process in workers] == [0, 0], said
    assert not vendor.revoked
    presented = [asked.form["refresh_token"] for asked in vendor.logins]
    assert presented == [f"refresh-{number}" for number in range(6)]
    assert stored.read()["refresh_token"] == vendor.refresh_token


@posix
@pytest.mark.parametrize("forgives", [False, True])
def test_killed_between_the_vendors_answer_and_the_store(
    vendor: TokenVendor, stored: StoredSecrets, tmp_path: Path, forgives: bool
) -> None:
    vendor.forgives_one_reuse = forgives
    dies = worker(tmp_path, vendor, "one", 1, "before")
    begin(dies)
    assert dies.wait() == -signal.SIGKILL
    assert stored.read()["refresh_token"] == "refresh-0" and vendor.refresh_token == "refresh-1"
    with Client(link(vendor.url, stored=stored)) as client:
        if forgives:
            get(client, vendor)
            return
        with pytest.raises(ServiceFailed, match=r"invalid_grant.*avesa connect acme tokens --secrets-from FILE"):
            get(client, vendor)
    stored.exchange({}, {"refresh_token": vendor.consent()})
    with Client(link(vendor.url, stored=stored)) as client:
        get(client, vendor)


@posix
def test_killed_right_after_the_store(vendor: TokenVendor, stored: StoredSecrets, tmp_path: Path) -> None:
    dies = worker(tmp_path, vendor, "one", 1, "after")
    begin(dies)
    assert dies.wait() == -signal.SIGKILL
    with Client(link(vendor.url, stored=stored)) as client:
        get(client, vendor)
    assert len(vendor.logins) == 1
