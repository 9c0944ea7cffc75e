"""The secrets that the environment hands to the program."""

from __future__ import annotations

import os

from avesa.shared.hiding import hidden
from avesa.warehouse.address import PASSWORD_VARIABLES, VARIABLE, secrets_in

_NAMES = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", *PASSWORD_VARIABLES)


def without_secrets(text: str) -> str:
    """`text` without those of tenants, of warehouses and of AWS."""
    named = [value for name, value in os.environ.items() if name in _NAMES or name.startswith("AVESA_SECRET_")]
    return hidden(text, (*named, *secrets_in(os.environ.get(VARIABLE, ""))))
