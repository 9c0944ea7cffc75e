"""The outside world as one value: what a stage of the pipeline reads from and writes to, embedded or on AWS; and the
installation as a whole, which gives the ports of one tenant at a time.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from avesa.shared.allowance import Allowances, LocalAllowances
from avesa.shared.clock import Clock
from avesa.shared.objects import Objects
from avesa.shared.run_log import RunLog
from avesa.shared.secrets import Secrets
from avesa.shared.tenants import TenantServices
from avesa.shared.watermarks import Watermarks


@dataclass(frozen=True)
class Ports:
    """`scratch` is a local folder for temporary files; nothing in it is needed after a run."""

    objects: Objects
    tenants: TenantServices
    watermarks: Watermarks
    secrets: Secrets
    run_log: RunLog
    clock: Clock
    scratch: Path
    allowances: Allowances = field(default_factory=LocalAllowances)


class Deployment(Protocol):
    """An open installation: who is served, and the ports of each one."""

    @property
    def tenants(self) -> TenantServices: ...

    def of(self, tenant: str) -> AbstractContextManager[Ports]:
        """The ports that reach this tenant, until the end of the block. The tenant need not exist."""
        ...

    def keep_secrets(self, ports: Ports, tenant: str, service: str, values: Mapping[str, str]) -> None:
        """Write down what a person gives; other names are kept. `ports` are the tenant's."""
        ...

    def forget(self, tenant: str) -> None:
        """Forget a tenant with its connections, secrets, states and runs. Its data stay where they are."""
        ...

    def forget_service(self, tenant: str, service: str) -> None:
        """The same of one service of a tenant, and its schedule. The other services' are kept."""
        ...


def forget_tenant(
    tenant: str, tenants: TenantServices, secrets: Secrets, watermarks: Watermarks, run_log: RunLog
) -> None:
    """The name goes last, so that a removal that is interrupted can be repeated."""
    secrets.remove(tenant)
    watermarks.forget(tenant)
    run_log.forget(tenant)
    tenants.remove_tenant(tenant)


def forget_service(
    tenant: str, service: str, tenants: TenantServices, secrets: Secrets, watermarks: Watermarks, run_log: RunLog
) -> None:
    """The secrets go first, so that nothing is pulled any more, and the name last, as above."""
    secrets.remove(tenant, service)
    watermarks.forget(tenant, f"{service}/")
    run_log.forget(tenant, f"{service}/")
    tenants.remove(tenant, service)
