"""The secrets that the environment hands to the program."""

from __future__ import annotations

import os

from avesa.warehouse.address import PASSWORD_VARIABLES, VARIABLE, secrets_in

_NAMES = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", *PASSWORD_VARIABLES)


def environment_secrets() -> list[str]:
    """Those of tenants, of warehouses and of AWS."""
    named = [value for name, value in os.environ.items() if name in _NAMES or name.startswith("AVESA_SECRET_")]
    return [*named, *secrets_in(os.environ.get(VARIABLE, ""))]
