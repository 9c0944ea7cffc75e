"""Port: a tenant's secrets for one service (embedded: a file that only its owner can read, or the environment;
AWS: Secrets Manager). Values never appear in a repr, a log line or an error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class SecretValues(dict[str, str]):
    """Secrets by name. It prints the names and no value."""

    def __repr__(self) -> str:
        return f"SecretValues({', '.join(f'{name}=***' for name in self)})"

    __str__ = __repr__


class Secrets(Protocol):
    def get(self, tenant_id: str, service: str) -> Mapping[str, str]:
        """The stored values by name; empty if there are none. Raises ConfigurationError if the store is unsafe."""
        ...

    def put(self, tenant_id: str, service: str, values: Mapping[str, str]) -> None:
        """Replace the values of one service; durable and readable by the owner alone when it returns."""
        ...

    def replace(
        self, tenant_id: str, service: str, expected: Mapping[str, str | None], values: Mapping[str, str]
    ) -> bool:
        """Set `values` if each name in `expected` still has its value, by compare-and-set; other names are kept.

        None means that there is no such name. False if one has another value: nothing is changed then. Durable when
        it returns True. What was replaced is never given out again, wherever it came from.
        """
        ...

    def remove(self, tenant_id: str, service: str | None = None) -> None:
        """Forget a tenant's secrets for one service, for all of them by default."""
        ...
