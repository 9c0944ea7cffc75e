"""The one token that all requests of a connection share: renewed once for all who wait, and stored before it is used
where the vendor exchanges secrets along with it.

Whether a token is good and how to get a new one is decided elsewhere (tokens.py); here the steps are carried out.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress

from avesa.connector.connection import Connection
from avesa.connector.credentials import Credentials
from avesa.connector.limits import Stopped, Wait
from avesa.connector.request import Request, Response
from avesa.connector.stored_secrets import TOKEN_NAME, StoredSecrets, decode_token, to_store
from avesa.connector.tokens import CONNECT_AGAIN, Grant, Renewal, Renewed, Token, TokenNeeded, is_good
from avesa.shared.clock import Clock
from avesa.shared.errors import (
    AvesaError,
    Busy,
    ConfigurationError,
    ServiceFailed,
    StaleState,
    StorageError,
    Unavailable,
)

Ask = Callable[[Request], Response]
"""Sends a request as it is, within limits and with retries."""

BUSY_WAIT = 0.2
"""Seconds between two looks at whether another worker has renewed the token."""
LONGEST_BUSY = 600.0
STORE_AGAIN = (0.2, 1.0, 5.0)
"""Seconds to wait before exchanged secrets that could not be stored are tried to be stored again."""
MOST_LOST = 10
"""So often somebody else may have changed the secrets in between before that is taken for a fault."""


class SharedToken:
    """Safe with threads, and with other processes where the connection knows where its secrets are stored."""

    def __init__(self, connection: Connection, *, clock: Clock, wait: Wait) -> None:
        self._connection = connection
        self._clock = clock
        self._wait = wait
        self._lock = threading.Lock()
        self._tokens: dict[Grant, Token] = {}
        self._refused: dict[Grant, AvesaError] = {}
        self._failed: tuple[int, AvesaError | None] = (0, None)
        self._hidden = frozenset(connection.secret_values)

    def credentials(self) -> Credentials:
        return self._connection.credentials_at(self._clock())

    def hidden(self) -> tuple[str, ...]:
        """All values that no message may show: the secrets, old and new, and the tokens. The longest come first."""
        return tuple(sorted(self._hidden, key=len, reverse=True))

    def get(self, needed: TokenNeeded, ask: Ask) -> Token:
        """A good token. Whoever comes while one is being renewed waits, and shares the outcome, a failure too.

        Raises ServiceFailed where the vendor refuses and ConfigurationError where something stored is wrong (from then
        on without asking again: too many wrong logins lock an account), Unavailable, StorageError, Stopped.
        """
        failures_before, _ = self._failed
        if (token := self._held(needed)) is not None:
            return token
        with self._lock:
            if (token := self._held(needed)) is not None:
                return token
            failures, last = self._failed
            if needed.grant in self._refused:
                raise _again(self._refused[needed.grant])
            if last is not None and failures > failures_before:
                raise _again(last)
            try:
                token = self._renewed(needed, ask)
            except AvesaError as error:
                self._complete(error)
                self._failed = (failures + 1, _again(error))
                if not error.retry:
                    self._refused[needed.grant] = _again(error)
                raise
            self._tokens[needed.grant] = token
            return token

    def _complete(self, error: AvesaError) -> None:
        """Say for whom it failed, and the command that mends it."""
        error.located(self._connection.where)
        if error.hint == CONNECT_AGAIN:
            tenant, service = error.where.tenant or "TENANT", self._connection.service.name
            error.hint = f"{CONNECT_AGAIN} Run: avesa connect {tenant} {service} --secrets-from FILE"

    def _held(self, needed: TokenNeeded) -> Token | None:
        token = self._tokens.get(needed.grant)
        return token if is_good(token, needed.refused, self._clock()) else None

    def _renewed(self, needed: TokenNeeded, ask: Ask) -> Token:
        grant = needed.grant
        if not grant.rotating:
            token = _carried_out(grant.renew(self.credentials()), ask).token
            self._hide(token.value)
            return token
        stored = self._connection.stored
        if stored is None:
            raise ConfigurationError("The vendor exchanges secrets, and there is no place to store the new ones.")
        return self._renewed_in_store(needed, stored, ask)

    def _renewed_in_store(self, needed: TokenNeeded, stored: StoredSecrets, ask: Ask) -> Token:
        waited, lost = 0.0, 0
        while lost < MOST_LOST:
            if (found := self._look(stored, needed)) is not None:
                return found
            try:
                with stored.renewing():
                    # Another worker may have been at it until a moment ago.
                    if (found := self._look(stored, needed)) is not None:
                        return found
                    if (token := self._exchanged(needed.grant, stored, ask)) is not None:
                        return token
                lost += 1
            except Busy:
                if waited >= LONGEST_BUSY:
                    raise Unavailable("Another process has been renewing the token for too long.") from None
                self._wait(BUSY_WAIT)
                waited += BUSY_WAIT
        raise StaleState("The stored secrets change all the time, so no token could be renewed.")

    def _exchanged(self, grant: Grant, stored: StoredSecrets, ask: Ask) -> Token | None:
        """A new token, stored along with the secrets that came with it. None where somebody else has exchanged the
        secrets meanwhile, as a worker may that was asleep for longer than its lease, or a person who connects again:
        theirs are in force then.
        """
        secrets = self._read(stored)
        credentials = self._credentials_of(secrets)
        if gone := [name for name in grant.rotating if not secrets.get(name)]:
            raise ConfigurationError(f"The secret {gone[0]} is not stored any more.", hint=CONNECT_AGAIN)
        old = {name: secrets[name] for name in grant.rotating}
        # A store that cannot be written is found out before the vendor takes the old secrets for used.
        if not stored.exchange(old, {}):
            return None
        try:
            renewed = _carried_out(grant.renew(credentials), ask)
        except ServiceFailed:
            now_stored = self._read(stored)
            if any(now_stored.get(name) != value for name, value in old.items()):
                return None
            raise
        # Nothing comes between the vendor's answer and this: what is not stored now is lost.
        if not self._stored(stored, old, to_store(renewed, credentials)):
            return None
        self._hide(renewed.token.value, *renewed.secrets.values())
        return renewed.token

    def _stored(self, stored: StoredSecrets, old: Mapping[str, str], new: Mapping[str, str]) -> bool:
        """Whether `new` took the place of `old`. A disk that is full may soon have room again, and the vendor gives
        these secrets only once.
        """
        for seconds in STORE_AGAIN:
            try:
                return stored.exchange(old, new)
            except StorageError:
                with suppress(Stopped):  # a stop is no reason to give them up
                    self._wait(seconds)
        return stored.exchange(old, new)

    def _look(self, stored: StoredSecrets, needed: TokenNeeded) -> Token | None:
        """The stored token, if it is good and of the stored secrets."""
        secrets = self._read(stored)
        token = decode_token(secrets.get(TOKEN_NAME), self._credentials_of(secrets))
        if token is None or not is_good(token, needed.refused, self._clock()):
            return None
        self._hide(token.value)
        return token

    def _read(self, stored: StoredSecrets) -> Mapping[str, str]:
        secrets = stored.read()
        self._hide(*self._credentials_of(secrets).hidden())
        return secrets

    def _credentials_of(self, secrets: Mapping[str, str]) -> Credentials:
        return self._connection.credentials_at(self._clock(), secrets)

    def _hide(self, *values: str) -> None:
        self._hidden |= set(values)


def _carried_out(renewal: Renewal, ask: Ask) -> Renewed:
    request = next(renewal)
    while True:
        answer = ask(request)
        try:
            request = renewal.send(answer)
        except StopIteration as end:
            renewed: Renewed = end.value
            return renewed


def _again(error: AvesaError) -> AvesaError:
    """The same error for another thread, which may add its table to it."""
    return type(error)(error.message, where=error.where, hint=error.hint)
