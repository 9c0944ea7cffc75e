"""Connects two tenants with two services each to strict vendors on loopback, and serves these until stdin ends.

Runs with the environment of the package: `python connected_tenants.py ENDPOINT REGION PREFIX ENVIRONMENT`.
"""

import sys
from contextlib import ExitStack

from botocore.session import Session

from avesa.aws.installation import Installation
from avesa.aws.secrets_manager import SecretsManagerSecrets
from avesa.aws.state import DynamoState
from avesa.integrations import load_service
from avesa.sandbox.vendor.server import strict_vendor
from avesa.shared.clock import system_clock
from avesa.shared.tenants import TenantService

TENANTS, SERVICES = ("acme", "globex"), ("halopsa", "autotask")
TABLES = 3


def main(endpoint: str, region: str, prefix: str, environment: str) -> None:
    session = Session()
    clients = {
        name: session.create_client(name, region_name=region, endpoint_url=endpoint)
        for name in ("dynamodb", "secretsmanager")
    }
    tables = ("TenantServices", "LastUpdated", "RunLog", "Allowances")
    installation = Installation(environment, region, "none", *(f"{prefix}-{name}" for name in tables))
    tenants = DynamoState(clients["dynamodb"], installation).tenants
    secrets = SecretsManagerSecrets(clients["secretsmanager"], installation)
    with ExitStack() as stack:
        for tenant in TENANTS:
            tenants.add_tenant(tenant)
            for name in SERVICES:
                serving = stack.enter_context(strict_vendor(name, clock=system_clock))
                held, service = serving.vendor.credentials.values, load_service(name)
                settings = {
                    setting.name: held.get(setting.name, "example")
                    for setting in service.settings
                    if setting.required or setting.name in held
                }
                plain = [endpoint.name for endpoint in service.endpoints if endpoint.parent is None]
                settings["base_url"] = serving.url
                tenants.put(TenantService(tenant, name, settings=settings, tables=tuple(plain[:TABLES])))
                secrets.put(tenant, name, {secret: held[secret] for secret in service.secrets})
        print("ready", flush=True)
        sys.stdin.read()


main(*sys.argv[1:])
