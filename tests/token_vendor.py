"""A vendor that gives out tokens: a loopback server that exchanges refresh tokens and notices one that is used twice.

`python -c "import token_vendor; token_vendor.work(...)"` is a process that asks it again and again.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from avesa.connector.auth import Auth
from avesa.connector.client import Client, Tally
from avesa.connector.connection import Connection, connection
from avesa.connector.oauth2 import ClientCredentials, RefreshToken
from avesa.connector.paging import ForwardOnly
from avesa.connector.request import Request
from avesa.connector.retry import Errors, Retry
from avesa.connector.service import Endpoint, Service
from avesa.connector.stored_secrets import StoredSecrets
from avesa.shared.errors import Where
from avesa.shared.secret_file import FileSecrets
from avesa.shared.sqlite_state import SqliteState
from served import served

TOKEN_URL = "https://login.vendor.example/oauth/token"
SERVICE = Service(
    name="tokens",
    title="Token Vendor",
    category="psa",
    base_url="https://api.vendor.example",
    secrets=("client_id", "client_secret", "refresh_token"),
    auth=RefreshToken(TOKEN_URL),
    headers=(("X-App", "{client_id}"),),
    paging=ForwardOnly(most=3),
    retry=Retry(attempts=3, first_wait=0.0, longest_retry_after=0.01),
    endpoints=(Endpoint("things", "/things"),),
)
BY_CLIENT = replace(SERVICE, secrets=("client_id", "client_secret"), auth=ClientCredentials(TOKEN_URL))
SECRETS = {"client_id": "id-4711", "client_secret": "s3cr3t-0815", "refresh_token": "refresh-0"}
WHERE = Where("acme", "tokens")


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: str

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body))

    @property
    def token(self) -> str:
        return self.headers.get("authorization", "").removeprefix("Bearer ")


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any
    headers: dict[str, str] | None = None


class TokenVendor:
    """Every refresh token is good for one use; one that comes again takes all rights away (`revoked`).

    An access token is good until `ended` holds it or its worker has used it `uses` times; `bend` changes any answer.
    """

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.bend: Callable[[Asked, Answer], Answer] = lambda _, answer: answer
        self.life: object = 3600
        self.uses = 1_000_000
        self.keeps_refresh_token = False
        self.forgives_one_reuse = False
        self.revoked = False
        self.given: list[str] = []
        self.ended: set[str] = set()
        self.refresh_token = "refresh-0"
        self.things: list[dict[str, Any]] = [{"id": 1}]
        self.url = ""
        self.lock = threading.Lock()
        self._used: Counter[tuple[str, str]] = Counter()

    @property
    def logins(self) -> list[Asked]:
        return [asked for asked in self.asked if asked.path == "/oauth/token"]

    def consent(self) -> str:
        """A person gives the right anew; the refresh token that this makes."""
        self.revoked = False
        self.refresh_token = f"refresh-consent-{len(self.given)}"
        return self.refresh_token

    def answer(self, asked: Asked) -> Answer:
        with self.lock:
            self.asked.append(asked)
            answer = self._token(asked.form) if asked.path == "/oauth/token" else self._data(asked)
        return self.bend(asked, answer)

    def _token(self, form: dict[str, str]) -> Answer:
        if form.get("client_secret") != SECRETS["client_secret"]:
            return Answer(401, {"error": "invalid_client"})
        if form["grant_type"] == "client_credentials":
            return self._given({})
        if self.revoked or form["refresh_token"] != self.refresh_token:
            before = f"refresh-{len(self.given) - 1}"
            if not (self.forgives_one_reuse and form["refresh_token"] == before):
                self.revoked = True
                return Answer(400, {"error": "invalid_grant", "error_description": f"no {form['refresh_token']}"})
        if self.keeps_refresh_token:
            return self._given({})
        self.refresh_token = f"refresh-{len(self.given) + 1}"
        return self._given({"refresh_token": self.refresh_token})

    def _given(self, more: dict[str, str]) -> Answer:
        self.given.append(f"access-{len(self.given) + 1}")
        return Answer(200, {"access_token": self.given[-1], "expires_in": self.life, "token_type": "Bearer", **more})

    def _data(self, asked: Asked) -> Answer:
        use = (asked.token, asked.headers.get("x-worker", ""))
        self._used[use] += 1
        if self.revoked or asked.token not in self.given or asked.token in self.ended or self._used[use] > self.uses:
            return Answer(401, {"code": "Unauthorized", "message": f"no {asked.token}"})
        rows = [thing for thing in self.things if thing["id"] > int(asked.query.get("pageId", "0"))]
        link = f'<{self.url}/things?pageId={rows[2]["id"]}>; rel="next"' if len(rows) > 3 else ""
        return Answer(200, rows[:3], {"Link": link} if link else {})


@contextmanager
def token_vendor() -> Iterator[TokenVendor]:
    vendor = TokenVendor()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def handle_any(self) -> None:
            parts = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", "0"))).decode()
            answer = vendor.answer(Asked(self.command, parts.path, dict(parse_qsl(parts.query)), headers, body))
            data = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
            self.send_response_only(answer.status)
            for name, value in (answer.headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = handle_any

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    vendor.url = f"http://127.0.0.1:{server.server_port}"
    with served(server):
        yield vendor


@contextmanager
def stored_secrets(home: Path) -> Iterator[StoredSecrets]:
    """Those of an installation in a folder; the first to come stores what a person was given."""
    secrets = FileSecrets(home / "secrets" / "secrets.json")
    with SqliteState(home / "state.sqlite") as state:
        stored = StoredSecrets(secrets, state.watermarks, "acme", "tokens")
        if not stored.read():
            stored.exchange({}, SECRETS)
        yield stored


def link(
    url: str, *, auth: Auth | None = None, errors: Errors | None = None, stored: StoredSecrets | None = None
) -> Connection:
    service = BY_CLIENT if stored is None else SERVICE
    service = replace(service, auth=auth) if auth is not None else service
    service = replace(service, errors=errors) if errors is not None else service
    secrets = SECRETS if stored is None else stored.read()
    return connection(service, {"base_url": url}, secrets, where=WHERE, stored=stored)


def ask(url: str, worker: str = "one") -> Request:
    return Request("GET", f"{url}/things", headers=(("X-Worker", worker),))


def work(home: str, url: str, worker: str, rounds: str, die: str = "") -> None:
    """Ask for the things so many times, each time as a client of its own. Dies by SIGKILL `before` or `after` the
    exchanged secrets are stored.
    """
    if die:
        _watch(die)
    with stored_secrets(Path(home)) as stored:
        print("ready", flush=True)
        sys.stdin.readline()
        for _ in range(int(rounds)):
            with Client(link(url, stored=stored)) as client:
                client.get(ask(url, worker), Tally())


def _watch(die: str) -> None:
    exchange = FileSecrets.replace

    def watched(self: FileSecrets, tenant: str, service: str, expected: Any, values: Any) -> bool:
        if not expected or not values:  # what a person stores, and the trial of whether anything can be stored
            return exchange(self, tenant, service, expected, values)
        if die == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        done = exchange(self, tenant, service, expected, values)
        os.kill(os.getpid(), signal.SIGKILL)
        return done

    FileSecrets.replace = watched  # type: ignore[method-assign]
