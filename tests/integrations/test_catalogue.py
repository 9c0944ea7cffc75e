from __future__ import annotations

import subprocess
import sys

import pytest

from avesa.connector.service import Service
from avesa.integrations import load_service, service_names
from avesa.shared.errors import UsageError


@pytest.mark.parametrize("name", service_names())
def test_every_service_of_the_catalogue_can_be_loaded_by_its_name(name: str) -> None:
    assert load_service(name).name == name
    assert isinstance(load_service(name), Service)


def test_an_unknown_service_is_refused_with_the_closest_names() -> None:
    with pytest.raises(UsageError, match="Did you mean connectwise"):
        load_service("conectwise")
    with pytest.raises(UsageError, match="avesa services"):
        load_service("../etc")


def test_naming_the_services_imports_none_of_them() -> None:
    code = (
        "import sys, avesa.integrations as i; i.service_names();"
        "print([m for m in sys.modules if m.startswith('avesa.integrations.')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_ingestion_needs_neither_the_engine_nor_the_table_format() -> None:
    """One bundle pulls every service; it stays small without them."""
    code = (
        "import sys, avesa.pipeline.ingest as i; i.load_service('connectwise');"
        "print(sorted({'duckdb', 'deltalake', 'pyarrow', 'numpy', 'polars', 'cryptography'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
