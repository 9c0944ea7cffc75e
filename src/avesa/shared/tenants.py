"""Port: which tenant has which services, with which settings.

Embedded: SQLite. AWS: the table TenantServices.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from avesa.shared.errors import UsageError, Where

_MOST_NAMED = 20


@dataclass(frozen=True)
class TenantService:
    """One service of one tenant. `tables` are the raw tables to pull; all of the service's when None. `schedule` is
    when it is synced by itself; None where it is synced with all others, as on one machine it always is.
    """

    tenant_id: str
    service: str
    enabled: bool = True
    settings: Mapping[str, str] = field(default_factory=dict[str, str])
    tables: tuple[str, ...] | None = None
    schedule: str | None = None
    problem: str | None = None
    """Why the vendor refuses the connection as a whole, null while it is good."""


class TenantServices(Protocol):
    """A tenant exists once added, with or without services."""

    def add_tenant(self, tenant_id: str) -> bool:
        """True if it is new, False if it was there."""
        ...

    def tenants(self) -> list[str]:
        """Names, sorted."""
        ...

    def remove_tenant(self, tenant_id: str) -> None:
        """Forget the tenant and its services. Its data stay where they are. Unknown: UsageError."""
        ...

    def remove(self, tenant_id: str, service: str) -> None:
        """Forget one service of a known tenant; one that is not there is no error. Unknown tenant: UsageError."""
        ...

    def put(self, service: TenantService) -> None:
        """Store one service of a known tenant, replacing what was there. Unknown tenant: UsageError."""
        ...

    def services(self, tenant_id: str) -> list[TenantService]:
        """Of a known tenant, sorted by service. Unknown tenant: UsageError that names the known ones."""
        ...

    def mark(self, tenant_id: str, service: str, problem: str | None) -> None:
        """Say why the service is refused, or that it is good again (None)."""
        ...


def unknown_tenant(tenant_id: str, known: Sequence[str] | None, *, place: str = "") -> UsageError:
    """The error that names the known ones; None where the asker may not know them. Where there is none at all the
    `place` may be the wrong one.
    """
    hint = ""
    if known is not None:
        more = f" and {len(known) - _MOST_NAMED} more" if len(known) > _MOST_NAMED else ""
        named = ", ".join(known[:_MOST_NAMED]) + more
        hint = f"Known are {named}." if known else f"There is none yet{place and f' in {place}'}: add one first."
    return UsageError(f"there is no tenant {tenant_id!r}.", hint=hint)


def not_connected(tenant_id: str, service: str) -> UsageError:
    return UsageError("this service is not connected.", where=Where(tenant_id, service))
