"""The state of an installation on AWS: tenants, watermarks, leases, the run log and allowances in DynamoDB."""

from __future__ import annotations

from avesa.aws.clients import DynamoDb
from avesa.aws.dynamodb_allowance import DynamoAllowances
from avesa.aws.dynamodb_run_log import DynamoRunLog
from avesa.aws.dynamodb_tenants import DynamoTenantServices
from avesa.aws.dynamodb_watermarks import DynamoWatermarks
from avesa.aws.installation import Installation
from avesa.shared.clock import Clock, system_clock
from avesa.shared.leases import LEASE_SECONDS


class DynamoState:
    """Four ports over one client, with what its credentials may reach.

    `clock` is what leases expire by. Allowances are of vendor accounts, not of tenants: a client that is bound to one
    tenant cannot reach them, so `shared` is the function's own.
    """

    def __init__(
        self,
        client: DynamoDb,
        installation: Installation,
        clock: Clock = system_clock,
        *,
        shared: DynamoDb | None = None,
        lease_seconds: float = LEASE_SECONDS,
    ) -> None:
        self.tenants = DynamoTenantServices(client, installation.tenant_services)
        self.watermarks = DynamoWatermarks(client, installation.last_updated, clock, lease_seconds=lease_seconds)
        self.run_log = DynamoRunLog(client, installation.run_log)
        self.allowances = DynamoAllowances(shared or client, installation.allowances)
