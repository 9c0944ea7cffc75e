"""Slack's two tokens: the bot's for what the bot sees, a person's for what only an administrator may ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from avesa.connector.request import Request
from avesa.connector.template import fill, names_in
from avesa.connector.tokens import Flow


@dataclass(frozen=True)
class ByMethod:
    """A bearer token by the method that is asked: `admin` where its name begins with one of `prefixes`, else `usual`.
    Both are templates over the credentials.
    """

    usual: str
    admin: str
    prefixes: tuple[str, ...]

    title = "bearer, by method"

    @property
    def names(self) -> frozenset[str]:
        return names_in(self.usual, self.admin)

    def flow(self, request: Request, credentials: Mapping[str, str]) -> Flow:
        method = urlsplit(request.url).path.rpartition("/")[2]
        token = self.admin if method.startswith(self.prefixes) else self.usual
        yield request.with_headers(("Authorization", f"Bearer {fill(token, credentials)}"))
