"""One sync of one tenant: ingest its services, then fold what has landed. Whoever starts it, it is this."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from avesa.pipeline.due import choose_services
from avesa.pipeline.ingest import IngestOutcome, ServiceOutcome, Stop, ingest_service
from avesa.pipeline.ports import Ports
from avesa.pipeline.transform import LOOKS, TransformOutcome, transform_tenant
from avesa.shared.errors import AvesaError, Where
from avesa.shared.layout import timestamp_name

PageSeen = Callable[[str, str, str, int, int], None]
"""Told after each page: tenant, service, table, pages so far, rows so far."""


def _unseen(tenant: str, service: str, table: str, pages: int, rows: int) -> None:
    """Nobody watches."""


@dataclass(frozen=True)
class SyncReport:
    """What one run did for one tenant. `errors` are why a service, or the folds, could not be tried at all."""

    tenant: str
    run_id: str
    services: tuple[ServiceOutcome, ...] = ()
    transforms: tuple[TransformOutcome, ...] = ()
    errors: tuple[AvesaError, ...] = ()
    stopped: bool = False
    """It was asked to stop before its end."""

    @property
    def tables(self) -> list[IngestOutcome]:
        return [table for service in self.services for table in service.tables]

    @property
    def complete(self) -> bool:
        """Every table of every service was pulled to its end, and every fold succeeded."""
        return (
            not self.stopped
            and not self.errors
            and all(service.ok for service in self.services)
            and all(transform.status == "ok" for transform in self.transforms)
        )


def new_run_id(ports: Ports) -> str:
    return timestamp_name(ports.clock())


def sync_tenant(
    ports: Ports,
    tenant: str,
    *,
    service: str | None = None,
    table: str | None = None,
    full: bool = False,
    allow_empty: bool = False,
    stop: Stop = lambda: False,
    page_seen: PageSeen = _unseen,
    transform: bool = True,
) -> SyncReport:
    """Ingest and (unless told otherwise) transform. A service or table that fails does not stop the others.

    Raises Busy if this tenant is being synced already, UsageError for an unknown tenant, service or table.
    """
    run_id = new_run_id(ports)
    choose_services(ports.tenants, tenant, service, table)  # what makes no sense is told whoever is at work
    outcomes: list[ServiceOutcome] = []
    errors: list[AvesaError] = []
    transforms: list[TransformOutcome] = []
    with ports.watermarks.lease(tenant, "sync"):
        # Until the lease was ours, one may have been disconnected.
        for one in choose_services(ports.tenants, tenant, service, table):
            if stop():
                break

            def page(name: str, pages: int, rows: int, service: str = one.service) -> None:
                page_seen(tenant, service, name, pages, rows)

            try:
                outcomes.append(
                    ingest_service(
                        ports,
                        one,
                        run_id=run_id,
                        tables=[table] if table else None,
                        full=full,
                        allow_empty=allow_empty,
                        stop=stop,
                        progress=page,
                    )
                )
            except AvesaError as error:
                errors.append(error.located(Where(tenant, one.service)))
        if transform and not stop():
            try:
                transforms = transform_tenant(ports, tenant, run_id=run_id, looks=LOOKS)
            except AvesaError as error:
                errors.append(error.located(Where(tenant)))
    return SyncReport(tenant, run_id, tuple(outcomes), tuple(transforms), tuple(errors), stop())
