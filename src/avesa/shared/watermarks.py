"""Port: how far each table of each tenant is (embedded: SQLite; AWS: table LastUpdated), and who is at work.

`table_name` is `service/table` for a pull and `canonical/table` for a fold. Every write is a compare-and-set
on `version`, so a stale worker can never move a watermark back.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from avesa.shared.errors import StaleState, Where


@dataclass(frozen=True)
class TableState:
    """`version` 0 means that nothing was stored yet."""

    tenant_id: str
    table_name: str
    watermark: datetime | None = None
    """Everything that the vendor changed before it is landed (for a fold: newest extracted_at folded)."""
    checkpoint: str | None = None
    """JSON of an unfinished pull: its next request and what it has landed so far."""
    details: str | None = None
    """JSON of what the next one must remember: boundary rows, the last listing, the receipts folded."""
    version: int = 0


class Watermarks(Protocol):
    def get(self, tenant_id: str, table_name: str) -> TableState: ...

    def all(self, tenant_id: str, below: str = "") -> list[TableState]:
        """Those whose table_name begins with `below` (`connectwise/`), sorted by it."""
        ...

    def put(self, state: TableState) -> TableState:
        """Store `state` if the stored version still is `state.version`; gives it back with the new version.

        Raises StaleState otherwise; nothing is changed then. The write is durable when it returns.
        """
        ...

    def forget(self, tenant_id: str, below: str = "") -> None:
        """Drop the states of a tenant whose table_name begins with `below` (`connectwise/`)."""
        ...

    def lease(self, tenant_id: str, name: str) -> AbstractContextManager[None]:
        """Hold the one right to do `name` for the tenant; renewed while held, freed at the end.

        Raises Busy if another holds it. A holder that died (its process is gone, or its time has passed) does
        not count.
        """
        ...


def stale_state(state: TableState) -> StaleState:
    """What `put` raises where the stored version is another."""
    return StaleState(
        f"the state of {state.table_name} has changed since it was read.",
        where=Where(state.tenant_id),
        hint="Start again from the state as it is now.",
    )
