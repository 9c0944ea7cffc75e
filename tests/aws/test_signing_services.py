"""The stacks cannot import a service, so they tell by its sources whether it needs the layer for signing."""

from __future__ import annotations

import sys

from infrastructure.environment import signing_services

from avesa.integrations import load_service, service_names

SIGNS = "avesa.connector.jwt_assertion"


def signs(service: str) -> bool:
    """Whether a module of the service holds anything that signs."""
    load_service(service)
    package = f"avesa.integrations.{service}"
    modules = [module for name, module in sys.modules.items() if f"{name}.".startswith(f"{package}.")]
    return any(getattr(value, "__module__", "") == SIGNS for module in modules for value in vars(module).values())


def test_the_layer_for_signing_goes_to_the_services_that_sign() -> None:
    assert signing_services() == {service for service in service_names() if signs(service)}
    assert "okta" in signing_services()
    assert "connectwise" not in signing_services()
