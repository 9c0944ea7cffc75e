"""Services that a test declares in a folder of its own, beside those that there are."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from avesa import integrations

GOOD = """from avesa.connector.auth import Bearer
from avesa.connector.service import Endpoint, Parent, Service

SERVICE = Service(
    name="oddwerk",
    title="Oddwerk",
    category="psa",
    base_url="https://odd.example",
    secrets=("token",),
    auth=Bearer("{token}"),
    endpoints=(
        Endpoint("orgs", "/orgs"),
        Endpoint("machines", "/orgs/{orgId}/machines", parent=Parent("orgs", "orgId")),
    ),
)
"""


@contextmanager
def declared(folder: Path, name: str, text: str) -> Iterator[Path]:
    """The file of a service that is there as long as this lasts."""
    file = folder / name / "__init__.py"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    integrations.__path__.append(str(folder))
    _forget(name)
    try:
        yield file
    finally:
        integrations.__path__.remove(str(folder))
        _forget(name)


def _forget(name: str) -> None:
    sys.modules.pop(f"{integrations.__name__}.{name}", None)
    integrations.service_names.cache_clear()
    integrations.load_service.cache_clear()
    sys.path_importer_cache.clear()
