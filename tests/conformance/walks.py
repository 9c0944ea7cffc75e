"""How each vendor's page says that it is read, as plain requests written by hand: the proof of the contracts' rules.

Nothing here knows our connector. A walk asks for a first page of three records (or the fewest that the vendor gives),
follows the vendor's own word on the next one, and asks for what changed.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx2

from avesa.sandbox.vendor.server import Serving
from avesa.sandbox.vendor.vendor import StrictVendor

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

SINCE = NOW - timedelta(hours=1)

Answer = httpx2.Response


@dataclass(frozen=True)
class Ask:
    path: str
    params: tuple[tuple[str, str], ...] = ()
    method: str = "GET"
    body: Any = None
    headers: tuple[tuple[str, str], ...] = ()

    def having(self, *pairs: tuple[str, str]) -> Ask:
        names = {name for name, _ in pairs}
        return replace(self, params=tuple(p for p in self.params if p[0] not in names) + pairs)


Follow = Callable[[Ask, Answer], Ask | None]

Sign = Callable[[str, str], dict[str, str]]
"""From method and address to the headers that prove who asks."""


@dataclass(frozen=True)
class Walk:
    """`change` makes one record of `changes_in` newer than SINCE and returns its key. `place` is the parent that the
    table is walked under.
    """

    table: str
    first: Ask
    follow: Follow
    records: Callable[[Any], list[Any]]
    enter: Callable[[Serving, httpx2.Client], Sign]
    changed: Ask
    changes_in: str
    change: Callable[[StrictVendor], Any]
    wrong: Ask
    refused: tuple[int, Callable[[Any], bool]]
    counts: dict[str, int] = field(default_factory=dict)
    changed_records: Callable[[Any], list[Any]] | None = None
    place: tuple[str, ...] = ()


def send(serving: Serving, client: httpx2.Client, ask: Ask, sign: Sign) -> Answer:
    url = ask.path if ask.path.startswith("http") else serving.url + ask.path
    if ask.params:
        url += "?" + "&".join(f"{quote(n, safe='')}={quote(v, safe='')}" for n, v in ask.params)
    headers = {"Accept": "application/json", **dict(ask.headers), **sign(ask.method, url)}
    return (
        client.request(ask.method, url, headers=headers, json=ask.body)
        if ask.body is not None
        else client.request(ask.method, url, headers=headers)
    )


def at(path: str) -> Callable[[Any], list[Any]]:
    def found(body: Any) -> list[Any]:
        for step in path.split(".") if path else []:
            body = body.get(step, {} if step != path.rpartition(".")[2] else [])
        return list(body)

    return found


def fixed(**headers: str) -> Callable[[Serving, httpx2.Client], Sign]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda serving, client: (
        lambda method, url: {name: value.format_map(serving.vendor.credentials.values) for name, value in named.items()}
    )


def basic(user: str, password: str) -> str:
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


def by_token(path: str, form: dict[str, str], *, client_as: str = "body", **headers: str) -> Callable[..., Sign]:
    """Ask for a token once; templates over the credentials."""

    def enter(serving: Serving, client: httpx2.Client) -> Sign:
        values = serving.vendor.credentials.values
        sent = {name: value.format_map(values) for name, value in form.items()}
        proof = {}
        if client_as == "basic":
            proof["Authorization"] = basic(values["client_id"], values["client_secret"])
        else:
            sent |= {"client_id": values["client_id"], "client_secret": values["client_secret"]}
        answer = client.post(serving.root + path.format_map(values), data=sent, headers=proof)
        assert answer.is_success, answer.text
        token = answer.json()["access_token"]
        more = {name.replace("_", "-"): value.format_map(values) for name, value in headers.items()}
        return lambda method, url: {"Authorization": f"Bearer {token}", **more}

    return enter


def link(ask: Ask, answer: Answer) -> Ask | None:
    found = answer.links.get("next")
    return Ask(found["url"], headers=ask.headers) if found else None


def url_at(path: str, *, relative: bool = False, keep: bool = False) -> Follow:
    def follow(ask: Ask, answer: Answer) -> Ask | None:
        found = answer.json()
        for step in [path] if path.startswith("@") else path.split("."):
            found = found.get(step)
        if not found:
            return None
        return replace(ask, path=found, params=()) if keep else Ask(found)

    return follow


def token_at(path: str, name: str, *, join: str = "") -> Follow:
    def follow(ask: Ask, answer: Answer) -> Ask | None:
        found = answer.json()
        for step in path.split("."):
            found = (found or {}).get(step)
        if not found:
            return None
        return ask.having((name, join.join(found) if join else str(found)))

    return follow


def counted(name: str, total: Callable[[Any], int], size: int, first: int) -> Follow:
    """Numbered pages up to a total."""

    def follow(ask: Ask, answer: Answer) -> Ask | None:
        page = int(dict(ask.params)[name]) + 1
        return ask.having((name, str(page))) if (page - first) * size < total(answer.json()) else None

    return follow


def ticks(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def bump(table: str, index: int = 4) -> Callable[[StrictVendor], Any]:
    return lambda vendor: vendor.key(table, vendor.change(table, index))


def added(table: str, *place: str) -> Callable[[StrictVendor], Any]:
    return lambda vendor: vendor.key(table, vendor.add(table, place))
