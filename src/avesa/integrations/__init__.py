"""The catalogue of services. Each is one package here that declares `SERVICE`; only the one asked for is imported."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from functools import cache

from avesa.connector.service import Service
from avesa.shared.errors import UsageError


@cache
def service_names() -> tuple[str, ...]:
    """Names of all services, sorted. Imports none of them."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__) if module.ispkg))


@cache
def load_service(name: str) -> Service:
    """The declaration of one service. Raises UsageError with the closest names for an unknown one."""
    if name not in service_names():
        close = difflib.get_close_matches(name, service_names(), n=3, cutoff=0.5)
        raise UsageError(
            f"There is no service {name!r}.",
            hint=f"Did you mean {' or '.join(close)}?" if close else "Run: avesa services",
        )
    service = importlib.import_module(f"{__name__}.{name}").SERVICE
    if not isinstance(service, Service):
        raise TypeError(f"{name}.SERVICE is not a Service")
    return service
