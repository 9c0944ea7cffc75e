"""Tokens that end: when one is still good, how an answer is read into one, and how a request uses one.

A scheme with a token is two generators. Its `flow` asks for the token that all requests of the connection share and
puts it on; its `renew` says how a new one is got. When to run `renew`, and that it runs once for all who wait, is the
business of shared_token.py.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol
from urllib.parse import urlsplit

import msgspec

from avesa.connector.address import at_origin, is_under
from avesa.connector.credentials import Credentials
from avesa.connector.request import Request, Response
from avesa.connector.retry import Errors, Inside, failure
from avesa.shared.clock import from_iso
from avesa.shared.errors import AvesaError, ServiceFailed, Unavailable

MARGIN = timedelta(seconds=60)
"""So long before its end a token is renewed, or a quarter of its life where that is less."""
LONGEST_LIFE = timedelta(days=3650)

CONNECT_AGAIN = "Connect the service again with new credentials."


@dataclass(frozen=True)
class Token:
    """`good_until` is when to renew it, None where the vendor does not say: it is then used until it is refused.
    `host` is the vendor's address for this account where the answer named one, None otherwise.
    """

    value: str = field(repr=False)
    good_until: datetime | None = None
    host: str | None = None


@dataclass(frozen=True)
class Renewed:
    """A new token, and the secrets that the vendor exchanged along with it."""

    token: Token
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


Renewal = Generator[Request, Response, Renewed]


class Grant(Protocol):
    """How a token is got. Frozen and hashable: requests with an equal grant share one token."""

    @property
    def rotating(self) -> tuple[str, ...]:
        """Names of secrets that the vendor may exchange when it gives a token. The token is then stored with them,
        so that processes share it, since a new one may end the old one."""
        ...

    def renew(self, credentials: Credentials) -> Renewal:
        """Yields the requests that get a token, and is given their answers. The requests are sent as they are, with
        the service's limits and retries.

        Raises ServiceFailed where the vendor refuses, Unavailable where its answer makes no sense.
        """
        ...


@dataclass(frozen=True)
class TokenNeeded:
    """What a flow yields to get the shared token; another one than `refused`, which the vendor did not take."""

    grant: Grant
    refused: Token | None = None


Flow = Generator[Request | TokenNeeded, Response | Token, None]
"""Yields a request and is given its answer, or yields a TokenNeeded and is given the token."""


def is_good(token: Token | None, refused: Token | None, now: datetime) -> bool:
    """Whether a token can be used: it is there, is not the one that was refused, and its time has not come."""
    if token is None or (refused is not None and token.value == refused.value):
        return False
    return token.good_until is None or now < token.good_until


def with_token(grant: Grant, request: Request, *, header: str = "Authorization", prefix: str = "Bearer ") -> Flow:
    """The flow of every scheme with a token: put it on, and with a new one ask once more where it is refused, by 401 or
    by what the body says. A 401 that is declared to mean something else is no reason for a new token.
    """
    token = yield TokenNeeded(grant)
    answer = yield _put_on(request, token, header, prefix)
    assert isinstance(answer, Response)
    refused = answer.status == 401 if answer.refuses is None else answer.refuses
    if refused and isinstance(token, Token):
        token = yield TokenNeeded(grant, refused=token)
        yield _put_on(request, token, header, prefix)


def _put_on(request: Request, token: Token | Response, header: str, prefix: str) -> Request:
    assert isinstance(token, Token)
    if token.host is not None:
        request = replace(request, url=at_origin(request.url, token.host))
    return request.with_headers((header, prefix + token.value))


@dataclass(frozen=True)
class TokenFields:
    """Where an answer has the token and its life; all are dotted paths, None where there is no such field.

    `seconds` is how long it lives, `until` a time in ISO 8601 at which it ends; where the answer tells neither, `life`
    is what the vendor publishes. `host` is the address to use for this account: it is believed only if it is https and
    its name ends in one of `hosts`, each of which begins with a dot. `accepted` is a flag that is false where a login
    is refused by an answer with a good status, and `why` where that tells the reason.
    """

    token: str = "access_token"  # noqa: S105 — the name of a field
    seconds: str | None = "expires_in"
    until: str | None = None
    life: timedelta | None = None
    host: str | None = None
    hosts: tuple[str, ...] = ()
    accepted: str | None = None
    why: str | None = None

    def __post_init__(self) -> None:
        if (self.host and not self.hosts) or any(not name.startswith(".") or len(name) < 4 for name in self.hosts):
            raise ValueError("TokenFields: a host that an answer names needs hosts, each beginning with a dot")

    def read(self, response: Response, credentials: Credentials) -> Token:
        """The token of an answer. Raises ServiceFailed for a refusal, Unavailable for an answer without a token."""
        body = answered(response, credentials)
        if at_path(body, self.accepted) is False:
            inside = Inside(self.accepted or "", (False,), message=self.why, means="service")
            errors = Errors(inside=(inside,))
            raise ServiceFailed(failure(response, errors, hide=credentials.hidden()).message, hint=CONNECT_AGAIN)
        value = at_path(body, self.token)
        if not isinstance(value, str) or not value or not (value.isascii() and value.isprintable()):
            raise no_token(response)
        return Token(value, self._good_until(body, response, credentials), self._host(body, credentials))

    def _good_until(self, body: object, response: Response, credentials: Credentials) -> datetime | None:
        asked_at = response.sent_at or credentials.now
        life = _seconds(at_path(body, self.seconds)) or self.life
        if self.until is not None and isinstance(text := at_path(body, self.until), str):
            with suppress(ValueError):
                life = min(from_iso(text) - asked_at, LONGEST_LIFE)
        # One that seems to have ended before it came tells of clocks that differ, and of nothing else.
        return None if life is None or life <= timedelta(0) else asked_at + life - min(MARGIN, life / 4)

    def _host(self, body: object, credentials: Credentials) -> str | None:
        named = at_path(body, self.host)
        if named is None or credentials.address.is_own:
            return None
        if isinstance(named, str) and _is_under(named, self.hosts):
            return named
        raise ServiceFailed(
            "The vendor's token answer names an address that is not the vendor's, so the token is not used.",
            hint="Check the address in the service's settings.",
        )


def answered(response: Response, credentials: Credentials) -> Mapping[str, Any]:
    """The JSON object of an answer with a token. Raises what the answer means otherwise."""
    if not 200 <= response.status < 300:
        raise refusal(response, credentials)
    try:
        body = msgspec.json.decode(response.body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise no_token(response)
    if isinstance(body.get("error"), str):
        raise refusal(response, credentials)
    return body


def refusal(response: Response, credentials: Credentials) -> AvesaError:
    """What an unsuccessful answer to a request for a token means: worth another try later, or connect again."""
    in_good_ones = (Inside("error", means="service"),)  # some vendors refuse with 200
    errors = Errors(code="error", message="error_description", service=_REFUSALS, inside=in_good_ones)
    error = failure(response, errors, hide=credentials.hidden())
    if isinstance(error, Unavailable):
        return error
    if 300 <= response.status < 400 or response.status == 404:
        return ServiceFailed(
            f"There is no token to be had at the vendor's address ({response.status}).",
            hint="Check the address in the service's settings.",
        )
    return ServiceFailed(error.message, hint=CONNECT_AGAIN)


_REFUSALS = frozenset(range(400, 500)) - Errors().retry


def no_token(response: Response) -> Unavailable:
    return Unavailable(f"The vendor answered {response.status} without a token.", hint="The next run asks again.")


def at_path(body: object, path: str | None) -> object:
    """What lies at a dotted path, None where nothing does."""
    for name in path.split(".") if path else ():
        body = body.get(name) if isinstance(body, dict) else None
    return body if path else None


def _seconds(value: object) -> timedelta | None:
    """Some vendors write the number as text; one that is no positive number says nothing."""
    try:
        number = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else 0.0
    except (ValueError, OverflowError):
        return None
    if not number > 0 or math.isinf(number):
        return None
    return timedelta(seconds=min(number, LONGEST_LIFE.total_seconds()))


def _is_under(url: str, hosts: tuple[str, ...]) -> bool:
    if not is_under(url, hosts):
        return False
    parts = urlsplit(url)
    return parts.path in ("", "/") and not parts.query
