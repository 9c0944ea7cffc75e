"""What the tests of tokens share. A module that speaks with another vendor has a `vendor` of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from avesa.connector.stored_secrets import StoredSecrets
from token_vendor import TokenVendor, stored_secrets, token_vendor


@pytest.fixture
def vendor() -> Iterator[TokenVendor]:
    with token_vendor() as vendor:
        yield vendor


@pytest.fixture
def stored(tmp_path: Path) -> Iterator[StoredSecrets]:
    with stored_secrets(tmp_path) as stored:
        yield stored
