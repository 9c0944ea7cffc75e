"""Which vendor account a connection uses: as a key that tells nothing of it, and as the settings that lead to it.

Two tenants with the same integration user have the same key, and share what the vendor allows it. Two values of a
setting that leads to an account lead to two accounts, each with records of its own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from avesa.connector.auth import all_addresses, all_names
from avesa.connector.connection import Connection
from avesa.connector.service import Service
from avesa.connector.template import names_in

_ROUNDS = 20_000
"""Some milliseconds for each client; a short password cannot be guessed from the key any faster."""


def account_key(connection: Connection) -> str:
    """The service's name, and a digest of its address and of the settings and secrets that identify the account.

    Those are what the service names as its `account`, or all of its settings and secrets; all tenants share one where
    the vendor counts them together.
    """
    service = connection.service
    if service.account is None:
        return service.name
    names = service.account or (*(setting.name for setting in service.settings), *service.secrets)
    identity = [connection.base_url, *((name, connection.credentials.get(name)) for name in names)]
    digest = hashlib.pbkdf2_hmac("sha256", json.dumps(identity).encode(), service.name.encode(), _ROUNDS)
    return f"{service.name}/{digest.hex()[:32]}"


def moved_settings(service: Service, before: Mapping[str, str], after: Mapping[str, str]) -> tuple[str, ...]:
    """The settings that lead to an account and have another value than before. Secrets are not looked at: a new key is
    as a rule one of the same account.
    """
    old, new = ({**service.defaults(), **settings} for settings in (before, after))
    return tuple(name for name in leading_settings(service) if old.get(name, "").strip() != new.get(name, "").strip())


def leading_settings(service: Service) -> tuple[str, ...]:
    """The names of the settings that lead to an account."""
    addresses = (service.base_url, *all_addresses(service.auth), *(e.base_url or "" for e in service.endpoints))
    paths = (endpoint.path for endpoint in service.endpoints)
    named = names_in(*addresses, *paths, *(value for _, value in service.headers)) | all_names(service.auth)
    named |= {*(service.account or ())}
    own = (s.name for s in service.settings if s.is_account or (s.is_account is None and s.name in named))
    return (*own, "base_url")
