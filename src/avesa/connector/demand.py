"""What one request takes of an account's limits: which windows it counts in, how much, and which places it needs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from avesa.connector.connection import Connection
from avesa.connector.endpoint_request import address_of
from avesa.connector.limits import AtOnce, Limits, Rate, Told, part_of
from avesa.connector.request import Response
from avesa.connector.service import Endpoint
from avesa.shared.errors import ConfigurationError


@dataclass(frozen=True)
class Scope:
    """Whom a request is about: an endpoint, the groups that it names, and the points that the vendor counts for it."""

    endpoint: str = ""
    groups: tuple[str, ...] = ()
    cost: int = 1


ACCOUNT = Scope()
"""A request that belongs to no endpoint, as one for a token."""


@dataclass(frozen=True)
class Window:
    """`most` in any `seconds`, or from one midnight in `zone` to the next; one request counts `cost`."""

    key: str
    most: int
    seconds: float
    zone: str | None
    cost: int


@dataclass(frozen=True)
class Meter:
    """What the vendor itself tells of what is left."""

    key: str
    told: Told
    cost: int


@dataclass(frozen=True)
class Places:
    """At most `most` under way."""

    key: str
    most: int


@dataclass(frozen=True)
class Demand:
    """All that one request of a kind must find free. `slowed_by` is the key that a 429 slows down."""

    windows: tuple[Window, ...]
    meters: tuple[Meter, ...]
    places: tuple[Places, ...]
    slowed_by: str


def demand_of(limits: Limits, scope: Scope, *, share: float, settings: Mapping[str, str]) -> Demand:
    """`share` is the part of each rate that AVESA takes; `settings` may hold the tenant's own numbers."""
    windows = []
    for rate in limits.rates:
        if _is_about(rate, scope):
            seconds = rate.per.total_seconds()
            key = f"{rate.most}/{seconds:g}{rate.zone or ''}{_place(rate, scope)}"
            cost = scope.cost if rate.points else 1
            most = part_of(published(rate, settings), share)
            windows.append(Window(key, max(cost, 1, most), seconds, rate.zone, cost))
    meters = tuple(
        Meter(f"{told.remaining or told.used_of}{_place(told, scope)}", told, scope.cost if told.points else 1)
        for told in limits.told
        if _is_about(told, scope)
    )
    places = (
        Places("", limits.concurrency),
        *(
            Places(f"at once{_place(one, scope)}", published(one, settings))
            for one in limits.at_once
            if _is_about(one, scope)
        ),
    )
    slowed_by = {"account": "", "group": next(iter(scope.groups), ""), "endpoint": scope.endpoint}[limits.slows]
    return Demand(tuple(windows), meters, places, slowed_by)


def slowed_scope(limits: Limits, response: Response, scope: Scope) -> Scope:
    """Whom a 429 is about: the scope of its request, or the whole account where the vendor says so."""
    if limits.slows_all is not None:
        header, text = limits.slows_all
        if text in response.headers.get(header.lower(), ""):
            return ACCOUNT
    return scope


def published(limit: Rate | AtOnce, settings: Mapping[str, str]) -> int:
    """What the vendor allows this tenant. Raises ConfigurationError where the tenant's own number is none."""
    text = settings.get(limit.setting or "") or str(limit.most)
    if not text.isdecimal() or int(text) < 1:
        span = f"in {limit.per.total_seconds():g} seconds" if isinstance(limit, Rate) else "at once"
        raise ConfigurationError(
            f"The setting {limit.setting} is not a number of requests.",
            hint=f"Set it to what the vendor allows {span}.",
        )
    return int(text)


def scope_of(endpoint: Endpoint) -> Scope:
    return Scope(endpoint.name, endpoint.limit_groups, endpoint.cost)


class Scopes:
    """Finds the endpoint that a request belongs to by its address; the first one where several have the same."""

    def __init__(self, connection: Connection) -> None:
        self._known = [
            (re.compile(_pattern(connection, endpoint)), scope_of(endpoint))
            # Paths with fewer holes first: /users/active is not a user of /users/{parentId}.
            for endpoint in sorted(connection.service.endpoints, key=lambda one: (one.path.count("{"), -len(one.path)))
        ]

    def of(self, url: str) -> Scope:
        address = url.partition("?")[0]
        for pattern, scope in self._known:
            if pattern.fullmatch(address):
                return scope
        return ACCOUNT


def _pattern(connection: Connection, endpoint: Endpoint) -> str:
    parts = re.split(r"\{\w+\}", address_of(connection, endpoint, {}).partition("?")[0])
    return "[^/]+".join(re.escape(part) for part in parts) + "/?"


def _is_about(one: Rate | AtOnce | Told, scope: Scope) -> bool:
    return one.group is None or one.group in scope.groups


def _place(one: Rate | AtOnce | Told, scope: Scope) -> str:
    group = f" of {one.group}" if one.group else ""
    return f"{group} at {scope.endpoint}" if one.each else group
