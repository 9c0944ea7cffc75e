"""Which raw table of a service has the record of an entity, and below which parent it lies."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

from avesa.sandbox.entities import Entity
from avesa.sandbox.mapped.canonical import KINDS
from avesa.sandbox.mapped.canonical_row import Key
from avesa.sandbox.mapped.reading import Mapped, mappings_of
from avesa.sandbox.vendor.contract import Contract, Table


class Tables:
    """The tables of a service that show the world. `mapped` has them by name, with what they are read as."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        known = {name: one for name, one in mappings_of(contract.service).items() if name in contract.own_tables}
        self.all_mapped: Mapping[str, Mapped] = known
        self.mapped = {name: mapped for name, mapped in known.items() if self._shows_the_world(name, known)}

    def base(self, name: str) -> str:
        """The table whose records a feed is made of; the table itself where it is none."""
        return str(self.contract.tables[name].rules.get("feed", {}).get("of", name))

    def of(self, canonical: str) -> list[str]:
        """The raw tables that have records of a canonical table, in the order of the mapping."""
        return [name for name, mapped in self.mapped.items() if mapped.canonical == canonical]

    def parent(self, name: str) -> str | None:
        """The table under whose records this one's are listed."""
        table = self.contract.tables[name]
        if table.parent is None or table.rules.get("asked_by") or table.facts.get("single"):
            return None
        return str(table.parent["endpoint"])

    def _shows_the_world(self, name: str, known: Mapping[str, Mapped]) -> bool:
        """Not a feed, nor a table whose lists nobody can name, nor one below records of its own kind."""
        table = self.contract.tables[name]
        if self.base(name) != name:
            return False
        parent = self.parent(name)
        if parent is None:
            return table.facts.get("single") is True or not self._unknown_names(table)
        above = known.get(parent)
        return above is None or above.canonical != known[name].canonical

    def _unknown_names(self, table: Table) -> list[str]:
        """Names in the path that are neither the tenant's nor a cursor's."""
        operation = next(one for one in self.contract.operations if table in one.tables)
        paging = table.rules["paging"]
        rules = paging if isinstance(paging, list) else [paging]
        told = {rule.get("at") for rule in rules if rule.get("in") == "path"}
        told |= {change.get("name") for change in table.rules.get("changes") or [] if change["in"] == "path"}
        return [name for name in operation.names if name not in table.rules.get("path", {}) and name not in told]


def reference(columns: Mapping[str, Any], canonical: str) -> Key | None:
    """The first column that points to a record of a canonical table."""
    found = (value for value in columns.values() if isinstance(value, Key) and KINDS.get(value.kind) == canonical)
    return next(found, None)


def choose(names: list[str], kind: type[Entity], number: int) -> list[str]:
    """The tables in the order in which an entity is tried in them: every second one begins with the first table, the
    others are spread over all.
    """
    if len(names) < 2:
        return names
    at = stable(f"{kind.__name__}/{number}")
    first = 0 if at % 2 else at // 2 % len(names)
    return [*names[first:], *names[:first]]


def stable(text: str) -> int:
    """A number that is the same on every machine and in every process."""
    return zlib.crc32(text.encode())
