"""A tenant's secrets for one service as a running connection needs them: read again, exchanged, and renewed by one
worker at a time.

An access token that came with a rotating secret is stored beside it, for all processes: a vendor that gives a new one
may end the one before it, so two processes with tokens of their own would end each other's for ever.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

import msgspec

from avesa.connector.tokens import Renewed, Token
from avesa.shared.secrets import Secrets
from avesa.shared.watermarks import Watermarks

TOKEN_NAME = "access token"  # noqa: S105 — the name that it is stored under; no secret of a service has a space
"""Name of the stored token: JSON of value, good_until, host, and a digest of the credentials that it was got with."""


@dataclass(frozen=True)
class StoredSecrets:
    """The ports, for one tenant's service. `where` they lie is the ports' business; no repr shows a value."""

    secrets: Secrets
    leases: Watermarks
    tenant: str
    service: str

    def read(self) -> Mapping[str, str]:
        return self.secrets.get(self.tenant, self.service)

    def exchange(self, old: Mapping[str, str], new: Mapping[str, str]) -> bool:
        """Store `new` if the stored secrets still are `old`, durably; False if another worker was faster."""
        return self.secrets.replace(self.tenant, self.service, old, new)

    def renewing(self) -> AbstractContextManager[None]:
        """The one right to renew the tenant's token. Raises Busy if another worker is at it."""
        return self.leases.lease(self.tenant, f"{self.service} token")


class _Stored(msgspec.Struct, frozen=True):
    value: str
    good_until: datetime | None
    host: str | None
    credentials: str


def encode_token(token: Token, credentials: Mapping[str, str]) -> str:
    stored = _Stored(token.value, token.good_until, token.host, _digest(credentials))
    return msgspec.json.encode(stored).decode()


def decode_token(text: str | None, credentials: Mapping[str, str]) -> Token | None:
    """None for nothing, and for a token got with other credentials: it may be another account's."""
    try:
        stored = msgspec.json.decode(text, type=_Stored) if text else None
    except msgspec.MsgspecError:
        return None
    if stored is None or stored.credentials != _digest(credentials):
        return None
    return Token(stored.value, stored.good_until, stored.host)


def to_store(renewed: Renewed, credentials: Mapping[str, str]) -> Mapping[str, str]:
    """What a renewal with `credentials` leaves to be stored, at once."""
    return {**renewed.secrets, TOKEN_NAME: encode_token(renewed.token, {**credentials, **renewed.secrets})}


def _digest(credentials: Mapping[str, str]) -> str:
    return hashlib.sha256(msgspec.json.encode(sorted(credentials.items()))).hexdigest()
