"""How a request proves who asks. A scheme is one generator: yield a request, get its answer, decide; no I/O inside.

The same few lines serve the client, a test and a later asynchronous sender. Schemes that need a token first yield a
`TokenNeeded` and get the token (tokens.py); those of a kind of their own have a file of their own.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from avesa.connector.credentials import Credentials
from avesa.connector.request import Request
from avesa.connector.template import fill, names_in
from avesa.connector.tokens import Flow


class Auth(Protocol):
    """An auth scheme. `credentials` are the tenant's settings and secrets by name."""

    @property
    def title(self) -> str:
        """For people: `basic`, `bearer`, `header X-Api-Key`."""
        ...

    @property
    def names(self) -> frozenset[str]:
        """The settings and secrets that it cannot do without."""
        ...

    def flow(self, request: Request, credentials: Credentials) -> Flow: ...


@dataclass(frozen=True)
class Basic:
    """HTTP Basic; user and password are templates over the credentials."""

    user: str
    password: str

    title = "basic"

    @property
    def names(self) -> frozenset[str]:
        return names_in(self.user, self.password)

    def flow(self, request: Request, credentials: Mapping[str, str]) -> Flow:
        pair = f"{fill(self.user, credentials)}:{fill(self.password, credentials)}"
        yield request.with_headers(("Authorization", f"Basic {b64encode(pair.encode()).decode()}"))


@dataclass(frozen=True)
class HeaderKey:
    """A key in a header of the vendor's choice."""

    header: str
    value: str

    @property
    def title(self) -> str:
        return f"header {self.header}"

    @property
    def names(self) -> frozenset[str]:
        return names_in(self.value)

    def flow(self, request: Request, credentials: Mapping[str, str]) -> Flow:
        yield request.with_headers((self.header, fill(self.value, credentials)))


@dataclass(frozen=True)
class QueryKey:
    """A key in a query parameter, for vendors that take it nowhere else: addresses end up in many a log on the way."""

    param: str
    value: str

    @property
    def title(self) -> str:
        return f"parameter {self.param}"

    @property
    def names(self) -> frozenset[str]:
        return names_in(self.value)

    def flow(self, request: Request, credentials: Mapping[str, str]) -> Flow:
        yield request.with_params((self.param, fill(self.value, credentials)))


@dataclass(frozen=True)
class Bearer:
    """A token that does not expire, in the Authorization header."""

    token: str

    title = "bearer"

    @property
    def names(self) -> frozenset[str]:
        return names_in(self.token)

    def flow(self, request: Request, credentials: Mapping[str, str]) -> Flow:
        yield request.with_headers(("Authorization", f"Bearer {fill(self.token, credentials)}"))


@dataclass(frozen=True)
class At:
    """A scheme for which the vendor has another address than the service's `base_url`; for use in `OneOf`."""

    base_url: str
    auth: Auth

    @property
    def title(self) -> str:
        return self.auth.title

    @property
    def names(self) -> frozenset[str]:
        return self.auth.names | names_in(self.base_url)

    def flow(self, request: Request, credentials: Credentials) -> Flow:
        return self.auth.flow(request, credentials)


@dataclass(frozen=True)
class OneOf:
    """Whichever the tenant has credentials for, the first of them where it has several.

    What only some of the schemes need is asked of nobody who uses another one.
    """

    schemes: tuple[Auth, ...]

    @property
    def title(self) -> str:
        return " or ".join(dict.fromkeys(scheme.title for scheme in self.schemes))

    @property
    def names(self) -> frozenset[str]:
        """What all of them need."""
        return frozenset.intersection(*(scheme.names for scheme in self.schemes))

    def chosen(self, given: Mapping[str, str]) -> Auth | None:
        """None where what is given is enough for none of them."""
        return next((scheme for scheme in self.schemes if all(given.get(name) for name in scheme.names)), None)

    def flow(self, request: Request, credentials: Credentials) -> Flow:
        return (self.chosen(credentials) or self.schemes[0]).flow(request, credentials)


def all_addresses(auth: Auth) -> tuple[str, ...]:
    """The addresses that a scheme has of its own, as templates."""
    schemes = auth.schemes if isinstance(auth, OneOf) else (auth,)
    return tuple(scheme.base_url for scheme in schemes if isinstance(scheme, At))


def all_names(auth: Auth) -> frozenset[str]:
    """The settings and secrets that any way of a scheme needs."""
    return frozenset().union(*map(all_names, auth.schemes)) if isinstance(auth, OneOf) else auth.names
