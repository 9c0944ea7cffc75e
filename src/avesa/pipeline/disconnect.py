"""A service leaves a tenant: all that reaches it goes, all that it brought stays.

Whoever dies on the way leaves it connected, without secrets perhaps, and it is disconnected again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager

from avesa.connector.account import leading_settings
from avesa.connector.outcome import Place
from avesa.connector.service import Service
from avesa.connector.table_store import TableStore
from avesa.integrations import load_service
from avesa.pipeline.left_behind import leave_behind
from avesa.pipeline.ports import Deployment, Ports
from avesa.shared.errors import AvesaError, ConfigurationError, UsageError, Where
from avesa.shared.layout import tenant_raw_prefix, timestamp_name
from avesa.shared.tenants import TenantService


def disconnect(deployment: Deployment, ports: Ports, connected: TenantService) -> list[str]:
    """Forget the connection, its secrets, states, runs and schedule. What an unfinished pull has landed is handed over
    to the next fold; the raw tables of such pulls, sorted.

    Raises Busy while anything of the service is being pulled; nothing has changed then.
    """
    tenant, service = connected.tenant_id, connected.service
    declared = _declared(service)
    tables = [endpoint.name for endpoint in declared.endpoints] if declared else []
    leading = leading_settings(declared) if declared else ()
    try:
        with _all_leases(ports, tenant, service, tables):
            handed_over = _hand_over(ports, tenant, service)
            if has_raw_files(ports, tenant, service):
                leave_behind(ports.watermarks, connected, leading, ports.clock())
            deployment.forget_service(tenant, service)
    except AvesaError as error:
        raise error.located(Where(tenant, service)) from None
    return handed_over


def has_raw_files(ports: Ports, tenant: str, service: str) -> bool:
    return service in ports.objects.folders(tenant_raw_prefix(tenant))


@contextmanager
def _all_leases(ports: Ports, tenant: str, service: str, tables: Iterable[str]) -> Iterator[None]:
    """A sync on one machine holds the first, a function on AWS that of its table."""
    states = ports.watermarks.all(tenant, f"{service}/")
    names = {state.table_name for state in states} | {f"{service}/{table}" for table in tables}
    with ExitStack() as on_exit:
        for name in ("sync", service, *sorted(names)):
            on_exit.enter_context(ports.watermarks.lease(tenant, name))
        yield


def _declared(service: str) -> Service | None:
    """None where the declaration is gone or broken: nothing can be pulled then, and it can be left all the same."""
    try:
        return load_service(service)
    except (UsageError, ConfigurationError):
        return None


def _hand_over(ports: Ports, tenant: str, service: str) -> list[str]:
    place = Place(ports.objects, ports.watermarks, ports.scratch, ports.clock, tenant, timestamp_name(ports.clock()))
    return [
        state.table_name
        for state in ports.watermarks.all(tenant, f"{service}/")
        if state.checkpoint is not None
        and TableStore(place, service, state.table_name.partition("/")[2]).hand_over("the service was disconnected")
    ]
