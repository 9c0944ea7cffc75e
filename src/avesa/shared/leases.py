"""Holding a lease: renewed in a thread of its own while its block runs, given back at the end. Where it is stored is
the store's affair.

A lease spares two workers the same work. It does not guard the data: that is done by compare-and-set, so a
holder that was paused past its time does no harm when it goes on.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from avesa.shared.errors import AvesaError

LEASE_SECONDS = 60.0

_LOG = logging.getLogger(__name__)


class LeaseStore(Protocol):
    def take(self, tenant_id: str, name: str) -> str:
        """A token for the lease. Raises Busy if somebody else who counts holds it."""
        ...

    def renew(self, tenant_id: str, name: str, token: str) -> bool:
        """Give it its full time again. False if it is no longer the token's."""
        ...

    def release(self, tenant_id: str, name: str, token: str) -> None:
        """Free it if it still is the token's. It raises nothing: what happened in the block is what counts."""
        ...


@contextmanager
def held(store: LeaseStore, tenant_id: str, name: str, seconds: float) -> Iterator[None]:
    """Hold the lease, renewed every third of `seconds`. Raises Busy if somebody else who counts holds it."""
    token = store.take(tenant_id, name)
    ended = threading.Event()
    keeper = threading.Thread(
        target=_keep, args=(store, tenant_id, name, token, seconds / 3, ended), name=f"lease {name}", daemon=True
    )
    keeper.start()
    try:
        yield
    finally:
        ended.set()
        keeper.join()
        store.release(tenant_id, name, token)


def _keep(store: LeaseStore, tenant_id: str, name: str, token: str, every: float, ended: threading.Event) -> None:
    while not ended.wait(every):
        try:
            if not store.renew(tenant_id, name, token):
                _LOG.warning("tenant %s: the lease of %s was lost to another worker", tenant_id, name)
                return
        except AvesaError as problem:
            _LOG.warning("tenant %s: the lease of %s could not be renewed: %s", tenant_id, name, problem)
