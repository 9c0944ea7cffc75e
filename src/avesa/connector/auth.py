"""How a request proves who asks. A scheme is one generator: yield a request, get its answer, decide; no I/O inside.

The same few lines serve the client, a test and a later asynchronous sender.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Protocol

from avesa.connector.request import Request, Response, fill

Flow = Generator[Request, Response, None]


class Auth(Protocol):
    """An auth scheme. `credentials` are the tenant's settings and secrets by name."""

    @property
    def title(self) -> str:
        """For people: `basic`, `bearer`, `header X-Api-Key`."""
        ...

    def flow(self, request: Request, credentials: Mapping[str, str]) -> Flow: ...


@dataclass(frozen=True)
class Basic:
    """HTTP Basic; user and password are templates over the credentials."""

    user: str
    password: str

    @property
    def title(self) -> str:
        return "basic"

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

    def flow(self, request: Request, credentials: Mapping[str, str]) -> Flow:
        yield request.with_headers((self.header, fill(self.value, credentials)))


@dataclass(frozen=True)
class Bearer:
    """A token that does not expire, in the Authorization header."""

    token: str

    @property
    def title(self) -> str:
        return "bearer"

    def flow(self, request: Request, credentials: Mapping[str, str]) -> Flow:
        yield request.with_headers(("Authorization", f"Bearer {fill(self.token, credentials)}"))
