"""A tenant's account at any service: the strict vendor over the tenant's world, with credentials of its own."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import datetime

from avesa.sandbox.mapped.rows import WorldRows
from avesa.sandbox.vendor.contract import Contract
from avesa.sandbox.vendor.vendor import StrictVendor
from avesa.sandbox.world import World

_IS_SECRET = re.compile(r"(secret|token|key|password)$")


def open_account(service: str, tenant: str, world: World, clock: Callable[[], datetime]) -> StrictVendor:
    """Raises FileNotFoundError for a service without contract and rules."""
    seed = f"{tenant}/{world.seed}"
    rules = Contract(service).rules
    own = {name: value for name, value in rules["credentials"].items() if name not in rules.get("published", [])}
    return StrictVendor(
        service,
        clock=clock,
        rows=lambda contract: WorldRows(contract, world, seed, clock),
        credentials=invented_credentials(own, service, tenant),
    )


def invented_credentials(values: Mapping[str, str], service: str, tenant: str) -> dict[str, str]:
    """The secret ones among the values of the rules, other ones for each tenant; ids stay as the rules have them."""
    return {
        name: f"{value}-{hashlib.sha256(f'{service}/{tenant}/{name}'.encode()).hexdigest()[:16]}"
        for name, value in values.items()
        if _IS_SECRET.search(name)
    }
