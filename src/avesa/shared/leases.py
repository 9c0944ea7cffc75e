"""Holding a lease: renewed in a thread of its own while its block runs, given back at the end. Where it is stored is
the store's affair.

A lease spares two workers the same work. It does not guard the data: that is done by compare-and-set, so a
holder that was paused past its time does no harm when it goes on.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from avesa.shared.errors import AvesaError, Busy, Where

LEASE_SECONDS = 60.0

_LOG = logging.getLogger(__name__)

_ENDED: set[str] = set()
"""Tokens of this process that may be stored though nobody holds them: they could not be given back."""


class LeaseStore(Protocol):
    def take(self, tenant_id: str, name: str, token: str) -> None:
        """Store the token for the lease. Raises Busy if somebody else who counts holds it; one whose token
        `has_ended` does not.
        """
        ...

    def renew(self, tenant_id: str, name: str, token: str) -> bool:
        """Give it its full time again. False if it is no longer the token's."""
        ...

    def release(self, tenant_id: str, name: str, token: str) -> None:
        """Free it if it still is the token's."""
        ...


def has_ended(token: str) -> bool:
    """Whether it is of this process and holds nothing any more, whatever is stored."""
    return token in _ENDED


@contextmanager
def held(store: LeaseStore, tenant_id: str, name: str, seconds: float) -> Iterator[None]:
    """Hold the lease, renewed every third of `seconds`. Raises Busy if somebody else who counts holds it."""
    token = secrets.token_hex(16)
    try:
        store.take(tenant_id, name, token)
    except Busy:
        raise
    except BaseException as error:
        # It may be stored all the same, as where the answer was lost.
        _give_back(store, tenant_id, name, token)
        if isinstance(error, AvesaError):
            error.located(Where(tenant_id))
        raise
    try:
        with _renewed(store, tenant_id, name, token, seconds / 3):
            yield
    finally:
        _give_back(store, tenant_id, name, token)


def _give_back(store: LeaseStore, tenant_id: str, name: str, token: str) -> None:
    """It raises nothing of the store's: what happened in the block is what counts."""
    try:
        store.release(tenant_id, name, token)
    except AvesaError:
        _ENDED.add(token)


@contextmanager
def _renewed(store: LeaseStore, tenant_id: str, name: str, token: str, every: float) -> Iterator[None]:
    ended = threading.Event()
    keeper = threading.Thread(
        target=_keep, args=(store, tenant_id, name, token, every, ended), name=f"lease {name}", daemon=True
    )
    keeper.start()
    try:
        yield
    finally:
        ended.set()
        keeper.join()


def _keep(store: LeaseStore, tenant_id: str, name: str, token: str, every: float, ended: threading.Event) -> None:
    while not ended.wait(every):
        try:
            if not store.renew(tenant_id, name, token):
                _LOG.warning("tenant %s: the lease of %s was lost to another worker", tenant_id, name)
                return
        except AvesaError as problem:
            _LOG.warning("tenant %s: the lease of %s could not be renewed: %s", tenant_id, name, problem)
