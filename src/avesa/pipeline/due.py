"""What a sync has to pull: which services of a tenant, and which of their tables are due, parents before children."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from avesa.connector.connection import check_settings
from avesa.connector.pull_settings import every_of
from avesa.connector.service import Endpoint
from avesa.integrations import load_service
from avesa.pipeline.ingest import choose_tables, is_table_due
from avesa.pipeline.tenant_mappings import fed_by
from avesa.shared.errors import ConfigurationError, UsageError, Where
from avesa.shared.objects import Objects
from avesa.shared.tenants import TenantService, TenantServices
from avesa.shared.watermarks import TableState, Watermarks


@dataclass(frozen=True)
class Due:
    """What is due of one service of one tenant. `canonical` are the tables that these raw tables feed."""

    tenant: str
    service: str
    tables: tuple[str, ...]
    canonical: tuple[str, ...]


def due_of(
    connected: TenantService,
    *,
    watermarks: Watermarks,
    objects: Objects,
    now: datetime,
    table: str | None = None,
    full: bool = False,
) -> Due | None:
    """None if nothing is due. A table that is named is, and with `full` all are.

    Raises UsageError for a service, table or setting that does not exist.
    """
    service = load_service(connected.service)
    where = Where(connected.tenant_id, service.name)
    try:
        check_settings(service, connected.settings, where=where)
        chosen = choose_tables(service, [table] if table else connected.tables)
    except UsageError as error:
        raise error.located(where) from None
    if table is None and not full:
        chosen = _due(connected, chosen, watermarks, now)
    if not chosen:
        return None
    names = [endpoint.name for endpoint in parents_first(chosen)]
    sources = {(service.name, name) for name in names}
    return Due(connected.tenant_id, service.name, tuple(names), tuple(fed_by(objects, connected.tenant_id, sources)))


def parents_first(chosen: Sequence[Endpoint]) -> list[Endpoint]:
    """In the order of the declaration, but each behind its parent."""
    names = {endpoint.name: endpoint for endpoint in chosen}
    ordered: dict[str, Endpoint] = {}

    def place(endpoint: Endpoint) -> None:
        if endpoint.parent is not None and endpoint.parent.endpoint in names:
            place(names[endpoint.parent.endpoint])
        ordered.setdefault(endpoint.name, endpoint)

    for endpoint in chosen:
        place(endpoint)
    return list(ordered.values())


def _due(
    connected: TenantService, chosen: Sequence[Endpoint], watermarks: Watermarks, now: datetime
) -> tuple[Endpoint, ...]:
    """States are read only where an interval is set, and then all at once."""
    states: dict[str, TableState] = {}
    if any(every_of(connected.settings, endpoint) > timedelta(0) for endpoint in chosen):
        found = watermarks.all(connected.tenant_id, f"{connected.service}/")
        states = {state.table_name: state for state in found}
    return tuple(
        endpoint
        for endpoint in chosen
        if is_table_due(
            states.get(name := f"{connected.service}/{endpoint.name}", TableState(connected.tenant_id, name)),
            connected.settings,
            endpoint,
            now,
        )
    )


def has_table(connected: TenantService, table: str) -> bool:
    """Whether the service has such a table at all. Raises UsageError for a service that does not exist."""
    return table in {endpoint.name for endpoint in load_service(connected.service).endpoints}


def choose_services(
    tenants: TenantServices, tenant: str, service: str | None = None, table: str | None = None
) -> list[TenantService]:
    """The tenant's enabled services, or the one named. Raises UsageError if there is nothing to do,
    ConfigurationError where that cannot be told, as the declaration of one that may have the table is broken.
    """
    connected = list(tenants.services(tenant))
    if service is not None:
        load_service(service)
        connected = [one for one in connected if one.service == service]
    paused = [one.service for one in connected if not one.enabled]
    connected = [one for one in connected if one.enabled]
    if paused and not connected:
        raise UsageError(
            f"{' and '.join(paused)} of tenant {tenant} {'are' if paused[1:] else 'is'} paused.",
            hint=f"To take it up again: avesa connect {tenant} {paused[0]} --resume",
        )
    if table is not None:
        having = _having(connected, table)
        if connected and not having:
            choose_tables(load_service(connected[0].service), [table])
        connected = having
    if not connected:
        raise UsageError(
            f"tenant {tenant} has no service {service!r} connected." if service else f"tenant {tenant} has no service.",
            hint=f"Connect it: avesa connect {tenant} {service or 'SERVICE'} --secrets-from FILE",
        )
    return connected


def _having(connected: Sequence[TenantService], table: str) -> list[TenantService]:
    """Those that have the table. One whose declaration is broken is passed over, but where no other has the table that
    is raised, a ConfigurationError.
    """
    having: list[TenantService] = []
    broken: ConfigurationError | None = None
    for one in connected:
        try:
            having += [one] if has_table(one, table) else []
        except ConfigurationError as error:
            error.located(Where(one.tenant_id))
            broken = error
    if broken is not None and not having:
        raise broken
    return having
