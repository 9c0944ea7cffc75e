"""How a tenant connects to a service of the sandbox: what the vendor issued, as settings and secrets."""

from __future__ import annotations

from avesa.connector.service import Service
from avesa.sandbox.server import Sandbox


def connection_values(service: Service, sandbox: Sandbox, tenant: str) -> tuple[dict[str, str], dict[str, str]]:
    """Settings, `base_url` among them, and secrets. A required setting that the vendor did not issue is part of an
    address, which `base_url` takes the place of.
    """
    held = sandbox.credentials(service.name, tenant)
    needed = [setting.name for setting in service.settings if setting.required or setting.name in held]
    settings = {name: held.get(name, "example") for name in needed}
    secrets = {name: held[name] for name in service.secrets if name in held}
    return {**settings, "base_url": sandbox.address(service.name, tenant)}, secrets
