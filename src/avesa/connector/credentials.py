"""What an auth scheme may know: the tenant's settings and secrets by name, the time, and the addresses in force."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from avesa.connector.address import Address
from avesa.connector.template import fill


@dataclass(frozen=True)
class Credentials(Mapping[str, str]):
    """A mapping of settings and secrets by name, which templates are filled from. It prints the names and no value.

    `secrets` tells which of the names must never be shown. `now` is when the request is being made.
    """

    values_by_name: Mapping[str, str] = field(repr=False)
    secrets: frozenset[str]
    now: datetime
    address: Address

    def __getitem__(self, name: str) -> str:
        return self.values_by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_by_name)

    def __len__(self) -> int:
        return len(self.values_by_name)

    def __repr__(self) -> str:
        return f"<Credentials {', '.join(self)}>"

    def url(self, template: str) -> str:
        """The address of a place of the vendor: filled, and at the tenant's own address where it has one."""
        return self.address.of(fill(template, {name: value.strip("/") for name, value in self.items()}))

    def hidden(self) -> tuple[str, ...]:
        """The values that no message may show."""
        return tuple(value for name, value in self.items() if name in self.secrets)
