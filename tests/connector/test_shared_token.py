"""One token for all threads and processes of a tenant's service, over real HTTP: fetched once, renewed in time,
exchanged without loss."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from avesa.connector.client import Client, Tally
from avesa.connector.limits import Stopped
from avesa.connector.oauth2 import ClientCredentials, RefreshToken
from avesa.connector.outcome import PullOptions
from avesa.connector.request import Request, Response
from avesa.connector.retry import Code, Errors, Inside
from avesa.connector.session_token import SessionToken
from avesa.connector.shared_token import SharedToken
from avesa.connector.stored_secrets import TOKEN_NAME, StoredSecrets
from avesa.connector.tokens import Token, TokenFields, TokenNeeded
from avesa.pipeline.ingest import ingest_table
from avesa.shared.errors import (
    AvesaError,
    Busy,
    ConfigurationError,
    ServiceFailed,
    StorageError,
    TableFailed,
    Unavailable,
)
from avesa.shared.secret_file import EnvironmentSecrets, FileSecrets
from avesa.shared.tenants import TenantService
from tiny_vendor import open_ports
from token_exchange import answer
from token_vendor import (
    SECRETS,
    SERVICE,
    TOKEN_URL,
    Answer,
    Asked,
    TokenVendor,
    ask,
    link,
    stored_secrets,
    token_vendor,
)

posix = pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX")


@pytest.fixture
def vendor() -> Iterator[TokenVendor]:
    with token_vendor() as vendor:
        yield vendor


@pytest.fixture
def stored(tmp_path: Path) -> Iterator[StoredSecrets]:
    with stored_secrets(tmp_path) as stored:
        yield stored


class HeldClock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 25, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def get(client: Client, vendor: TokenVendor) -> Response:
    return client.get(ask(vendor.url), Tally())


def at_once(number: int, call: Callable[[], object]) -> list[BaseException]:
    """Call it in so many threads that begin together; what they raised."""
    raised: list[BaseException] = []
    start = threading.Barrier(number)

    def one() -> None:
        start.wait(10)
        try:
            call()
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=one) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


# One token for all


def test_eight_threads_share_one_token(vendor: TokenVendor) -> None:
    with Client(link(vendor.url)) as client:
        assert at_once(8, lambda: get(client, vendor)) == []
    assert len(vendor.logins) == 1
    assert [asked.token for asked in vendor.asked if asked.path == "/things"] == ["access-1"] * 8


def test_a_token_request_counts_as_a_call_and_has_none_of_the_services_headers(vendor: TokenVendor) -> None:
    tally = Tally()
    with Client(link(vendor.url)) as client:
        client.get(ask(vendor.url), tally)
    assert tally.calls == 2
    assert vendor.logins[0].path == "/oauth/token" and "x-app" not in vendor.logins[0].headers


def test_a_token_is_renewed_before_its_end(vendor: TokenVendor) -> None:
    clock = HeldClock()
    with Client(link(vendor.url), clock=clock) as client:
        for seconds in (0, 3539, 1):
            clock.now += timedelta(seconds=seconds)
            get(client, vendor)
    used = [asked.token for asked in vendor.asked if asked.path == "/things"]
    assert used == ["access-1", "access-1", "access-2"]


def test_a_token_that_ends_early_is_renewed_once_for_all_who_were_refused(vendor: TokenVendor) -> None:
    all_refused = threading.Barrier(4)  # as many as the service takes at once

    def hold(asked: Asked, answer: Answer) -> Answer:
        if answer.status == 401:
            all_refused.wait(10)
        return answer

    with Client(link(vendor.url)) as client:
        get(client, vendor)
        vendor.ended.add("access-1")
        vendor.bend = hold
        assert at_once(4, lambda: get(client, vendor)) == []
    assert len(vendor.logins) == 2
    assert [asked.token for asked in vendor.asked if asked.path == "/things"][-4:] == ["access-2"] * 4


def test_a_token_that_is_refused_inside_a_good_answer_is_renewed_too(vendor: TokenVendor) -> None:
    errors = Errors(codes=(Code("token_expired", "service"),), inside=(Inside("ok", (False,), code="error"),))
    refusal = Answer(200, {"ok": False, "error": "token_expired"})
    vendor.bend = lambda asked, answer: refusal if answer.status == 401 else answer
    with Client(link(vendor.url, errors=errors)) as client:
        get(client, vendor)
        vendor.ended.add("access-1")
        get(client, vendor)
    assert [asked.token for asked in vendor.asked if asked.path == "/things"] == ["access-1", "access-1", "access-2"]


def test_a_fresh_token_that_is_refused_too_is_the_vendors_refusal(vendor: TokenVendor) -> None:
    vendor.bend = lambda asked, answer: Answer(401, {"code": "no"}) if asked.path == "/things" else answer
    with Client(link(vendor.url)) as client, pytest.raises(ServiceFailed):
        get(client, vendor)
    assert [asked.path for asked in vendor.asked] == ["/oauth/token", "/things", "/oauth/token", "/things"]


def test_a_session_that_the_vendor_ended_is_begun_anew(vendor: TokenVendor) -> None:
    login = SessionToken(
        "https://vendor.example/oauth/token",
        fields=(("grant_type", "client_credentials"), ("client_secret", "{client_secret}")),
        answer=TokenFields(seconds=None),
    )
    with Client(link(vendor.url, auth=login)) as client:
        get(client, vendor)
        vendor.ended.add("access-1")
        get(client, vendor)
    used = [(asked.path, asked.token) for asked in vendor.asked]
    login_, things = ("/oauth/token", ""), "/things"
    assert used == [login_, (things, "access-1"), (things, "access-1"), login_, (things, "access-2")]


# What the token endpoint may answer


def test_a_busy_token_endpoint_is_asked_again_within_the_services_limits(vendor: TokenVendor) -> None:
    busy = [Answer(503, {}), Answer(429, {}, {"Retry-After": "0"})]
    vendor.bend = lambda asked, answer: busy.pop() if busy and asked.path == "/oauth/token" else answer
    tally, waits = Tally(), list[float]()
    with Client(link(vendor.url), wait=waits.append, monotonic=lambda: sum(waits)) as client:
        client.get(ask(vendor.url), tally)
    assert tally.retries == 2 and len(waits) >= 2


def test_those_who_waited_share_a_failure_and_the_next_one_asks_again() -> None:
    connection = link("http://127.0.0.1:1")
    assert isinstance(connection.auth, ClientCredentials)
    one_token = TokenNeeded(connection.auth)
    asking, others_wait, others_came = threading.Event(), threading.Event(), threading.Semaphore(0)
    calls, raised = list[Request](), list[AvesaError]()

    def clock() -> datetime:  # the first thing that anybody looks at
        if threading.current_thread().name != "first":
            others_came.release()
        return datetime(2026, 11, 25, tzinfo=UTC)

    def busy(request: Request) -> Response:
        calls.append(request)
        asking.set()
        others_wait.wait(10)
        return answer({}, 503)

    shared = SharedToken(connection, clock=clock, wait=lambda _: None)

    def one() -> None:
        try:
            shared.get(one_token, busy)
        except AvesaError as error:
            raised.append(error.located(replace(error.where, table=threading.current_thread().name)))

    names = ("first", "second", "third", "fourth")
    threads = [threading.Thread(target=one, name=name) for name in names]
    threads[0].start()
    assert asking.wait(10)
    for thread in threads[1:]:
        thread.start()
        assert others_came.acquire(timeout=10)
    others_wait.set()
    for thread in threads:
        thread.join()
    assert [type(error) for error in raised] == [Unavailable] * 4
    assert {error.where.table for error in raised} == set(names)
    assert len(calls) == 1
    with pytest.raises(Unavailable):
        shared.get(one_token, busy)
    assert len(calls) == 2


def test_a_refused_login_is_not_tried_again_by_the_other_tables(vendor: TokenVendor) -> None:
    vendor.bend = lambda asked, answer: Answer(401, {"error": "invalid_client"})
    with Client(link(vendor.url)) as client:
        raised = at_once(8, lambda: get(client, vendor))
    assert [type(error) for error in raised] == [ServiceFailed] * 8
    assert len(vendor.asked) == 1


@pytest.mark.parametrize("body", [b"<html>soon back</html>", {"access_token": ""}])
def test_garbage_from_the_token_endpoint_is_worth_another_run(vendor: TokenVendor, body: object) -> None:
    vendor.bend = lambda asked, answer: Answer(200, body)
    with Client(link(vendor.url)) as client, pytest.raises(Unavailable, match="without a token") as caught:
        get(client, vendor)
    assert caught.value.where.tenant == "acme"


def test_a_wait_for_a_token_ends_when_a_stop_is_asked_for(vendor: TokenVendor) -> None:
    with Client(link(vendor.url), stop=lambda: True) as client, pytest.raises(Stopped):
        get(client, vendor)
    assert vendor.asked == []


# Where credentials go


def test_credentials_go_to_no_host_but_the_services(vendor: TokenVendor) -> None:
    with token_vendor() as other, Client(link(vendor.url)) as client:
        with pytest.raises(TableFailed, match="another host"):
            client.send(ask(other.url), Tally())
        assert other.asked == []


def test_a_tenants_own_address_goes_before_the_one_that_the_token_came_with(vendor: TokenVendor) -> None:
    fields = TokenFields(host="instance_url", hosts=(".vendor.example",))
    vendor.bend = lambda asked, answer: (
        replace(answer, body={**answer.body, "instance_url": "https://eu.vendor.example"})
        if asked.path == "/oauth/token"
        else answer
    )
    with Client(link(vendor.url, auth=ClientCredentials(TOKEN_URL, answer=fields))) as client:
        assert get(client, vendor).url == f"{vendor.url}/things"


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


# What is shown


def test_no_secret_or_token_is_written_anywhere_but_in_the_store(
    vendor: TokenVendor, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    vendor.things = [{"id": number} for number in range(1, 9)]
    home = tmp_path / "home"
    ports = open_ports(home)
    ports.tenants.add_tenant("acme")
    tenant_service = TenantService("acme", "tokens", settings={"base_url": vendor.url})
    ports.tenants.put(tenant_service)
    ports.secrets.put("acme", "tokens", SECRETS)
    stop = iter([False] * 6)
    shown = list[object]()

    def ingest(stop: Callable[[], bool] = lambda: False) -> None:
        shown.append(
            ingest_table(
                ports,
                tenant_service,
                "things",
                run_id="run",
                service=SERVICE,
                stop=stop,
                options=PullOptions(save_every=0),
            )
        )

    ingest(lambda: next(stop, True))
    [state] = ports.watermarks.all("acme")
    assert state.checkpoint is not None and "pageId" in state.checkpoint
    vendor.ended.update(vendor.given)
    ingest()
    vendor.ended.update(vendor.given)
    vendor.revoked = True
    with pytest.raises(ServiceFailed) as caught:
        ingest()
    with Client(link(vendor.url, stored=StoredSecrets(ports.secrets, ports.watermarks, "acme", "tokens"))) as client:
        shown += [client, client.connection, client.connection.auth, client.connection.credentials_at(ports.clock())]
        shown += [client.connection.stored, client._token, ports.secrets.get("acme", "tokens")]
    told = "".join(traceback.format_exception(caught.value)) + repr(shown) + caplog.text
    files = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file() and path.name != "secrets.json")
    assert b"things" in files and "access-" in (home / "secrets" / "secrets.json").read_text()
    for value in (*SECRETS.values(), *vendor.given, "refresh-1", "refresh-2"):
        assert value not in told
        assert value.encode() not in files


def test_a_key_in_a_parameter_stands_in_no_log(vendor: TokenVendor, caplog: pytest.LogCaptureFixture) -> None:
    from avesa.connector.auth import QueryKey

    caplog.set_level(logging.DEBUG)
    vendor.bend = lambda *_: Answer(200, [])
    with Client(link(vendor.url, auth=QueryKey("api_key", "{client_secret}"))) as client:
        response = get(client, vendor)
    assert vendor.asked[0].query["api_key"] == SECRETS["client_secret"]
    assert SECRETS["client_secret"] not in caplog.text + repr(response) + response.url


def test_no_message_repeats_a_token_that_the_vendor_repeats(vendor: TokenVendor) -> None:
    vendor.bend = lambda asked, answer: (
        Answer(400, {"code": "Bad", "message": f"no {asked.token}"}) if asked.path == "/things" else answer
    )
    with Client(link(vendor.url)) as client, pytest.raises(TableFailed, match=r"no \*\*\*"):
        get(client, vendor)


def test_secrets_are_stored_where_their_owner_alone_can_read_them(vendor: TokenVendor, stored: StoredSecrets) -> None:
    with Client(link(vendor.url, stored=stored)) as client:
        get(client, vendor)
    assert isinstance(stored.secrets, FileSecrets)
    assert stored.read()[TOKEN_NAME]
