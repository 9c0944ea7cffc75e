"""An installation on the stand-ins for AWS: its tables, its bucket, its roles, and tenants that a person has connected.

All functions go through the gate. What tests prepare and look at goes around it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from avesa.aws.installation import Installation
from avesa.aws.secrets_manager import SecretsManagerSecrets
from avesa.aws.state import DynamoState
from avesa.shared.objects import Objects, open_objects
from avesa.shared.tenants import TenantService
from aws_gate import ROLE, Gate, aws_gate
from aws_server import AwsServer, an_installation
from s3_server import BUCKET, S3Server


@dataclass
class Cloud:
    gate: Gate
    installation: Installation
    state: DynamoState
    secrets: SecretsManagerSecrets
    objects: Objects

    @property
    def environment(self) -> dict[str, str]:
        """That of a function of the installation."""
        made = self.installation
        return {
            **self.gate.environment,
            "AVESA_ENV": made.env,
            "TENANT_SERVICES_TABLE": made.tenant_services,
            "LAST_UPDATED_TABLE": made.last_updated,
            "RUN_LOG_TABLE": made.run_log,
            "ALLOWANCES_TABLE": made.allowances,
        }

    def connect(self, service: TenantService, secrets: dict[str, str]) -> None:
        self.state.tenants.add_tenant(service.tenant_id)
        self.state.tenants.put(service)
        self.secrets.put(service.tenant_id, service.service, secrets)


@contextmanager
def cloud(aws: AwsServer, s3: S3Server) -> Iterator[Cloud]:
    """Empty at its beginning, but for the objects of other tests: the tenants with keys of their own are few."""
    made = an_installation(aws, bucket=BUCKET, tenant_role=ROLE)
    objects = open_objects(f"s3://{BUCKET}", s3_options=s3.options)
    objects.delete(info.path for info in objects.list(""))
    with aws_gate(aws, s3) as gate:
        gate.env = made.env
        gate.tables = {
            made.tenant_services: "TenantServices",
            made.last_updated: "LastUpdated",
            made.run_log: "RunLog",
            made.allowances: "Allowances",
        }
        client: Any = aws.client("dynamodb")
        secrets = SecretsManagerSecrets(aws.client("secretsmanager"), made)
        yield Cloud(gate, made, DynamoState(client, made), secrets, objects)


def a_run_id() -> str:
    return f"run-{uuid.uuid4().hex[:12]}"
