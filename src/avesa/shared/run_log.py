"""Port: what was done when, for whom, with what outcome (embedded: SQLite; AWS: DynamoDB or files)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

Stage = Literal["ingest", "transform"]
Status = Literal["ok", "stopped", "failed"]


@dataclass(frozen=True)
class RunEntry:
    """One stage of one table in one run. `table` is `service/table` or `canonical/table`."""

    run_id: str
    tenant_id: str
    stage: Stage
    table: str
    status: Status
    started_at: datetime
    finished_at: datetime
    error: str | None = None
    figures: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Numbers and short notes (rows, calls, versions, uncastable values); never a secret or a payload."""


class RunLog(Protocol):
    def write(self, entry: RunEntry) -> None: ...

    def latest(self, tenant_id: str) -> list[RunEntry]:
        """The newest entry of each (stage, table), sorted by table."""
        ...

    def entries(self, tenant_id: str, *, limit: int = 100) -> list[RunEntry]:
        """Newest first."""
        ...

    def forget(self, tenant_id: str, below: str = "") -> None:
        """Drop the entries of a tenant whose table begins with `below` (`connectwise/`)."""
        ...
