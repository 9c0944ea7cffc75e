"""How a tenant connects to a service of the sandbox: what the vendor issued, as settings and secrets."""

from __future__ import annotations

from collections.abc import Sequence

from avesa.integrations import load_service, service_names
from avesa.sandbox.server import Sandbox, sandbox_services
from avesa.shared.errors import UsageError


def connection_values(sandbox: Sandbox, tenant: str, name: str) -> tuple[dict[str, str], dict[str, str]]:
    """Settings, `base_url` among them, and secrets. A required setting that the vendor did not issue is part of an
    address, which `base_url` takes the place of.
    """
    service = load_service(name)
    held = sandbox.credentials(service.name, tenant)
    needed = [setting.name for setting in service.settings if setting.required or setting.name in held]
    settings = {name: held.get(name, "example") for name in needed}
    secrets = {name: held[name] for name in service.secrets if name in held}
    return {**settings, "base_url": sandbox.address(service.name, tenant)}, secrets


def served_services(names: Sequence[str] | None) -> tuple[str, ...]:
    """The named services, each once, or all that the sandbox can serve. Raises UsageError for one that it cannot."""
    known = sandbox_services()
    if names is None:
        return tuple(name for name in service_names() if name in known)
    for name in names:
        load_service(name)
        if name not in known:
            raise UsageError(
                f"the sandbox does not serve {name}.",
                hint="A service is served once it has a contract, rules and mappings: see docs/adding-a-service.md.",
            )
    return tuple(dict.fromkeys(names))
