"""Which vendor account a connection uses, as a key that tells nothing of it. Two tenants with the same integration
user have the same key, and share what the vendor allows it.
"""

from __future__ import annotations

import hashlib
import json

from avesa.connector.connection import Connection

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
