"""In which schema a tenant's tables lie: one for all, or one for each."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from avesa.shared.errors import UsageError
from avesa.shared.layout import checked_name

DEFAULT = "avesa"
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,31}")
_LONGEST = 63
"""What PostgreSQL takes; the other engines take more."""


@dataclass(frozen=True)
class Schemas:
    """The schema `name` for all tenants, or with `per_tenant` the schema `{name}_{tenant}` for each.

    Two tenants never share one of the latter: a tenant's name is kept as it is, and one that is too long gets a digest
    of the whole of it.
    """

    name: str = DEFAULT
    per_tenant: bool = False

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise UsageError(
                f"{self.name!r} is not a valid schema name.",
                hint="Use up to 32 of a-z, 0-9 and _, not starting with a digit.",
            )

    def of(self, tenant: str) -> str:
        if not self.per_tenant:
            return self.name
        whole = f"{self.name}_{checked_name(tenant)}"
        if len(whole) <= _LONGEST:
            return whole
        digest = hashlib.sha256(tenant.encode()).hexdigest()[:12]
        return f"{whole[: _LONGEST - len(digest) - 1]}_{digest}"
