"""Port: an engine that canonical tables are loaded into, and what one load of one table is.

What a table holds and how far it is are one thing to a warehouse: the rows and the state that says which version of the
Delta log they are. So a load is asked for as a step from one state to another, and it is refused from any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from avesa.shared.errors import ConfigurationError, StaleState, Where
from avesa.warehouse.address import Address
from avesa.warehouse.schemas import Schemas

VERSION = "avesa_version"
"""The column that says of each row by which version of the Delta log it came, for a warehouse that needs to know."""
LOADS = "avesa_loads"
"""The table of a schema that says how far its tables are."""
MADE_BY = "Made by avesa"
"""What stands in a function that we made, so that another's of that name is left alone."""


class Stream(Protocol):
    """Arrow record batches, by the PyCapsule interface."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...


@dataclass(frozen=True)
class Part:
    """Some rows of a load, few enough to be held in memory."""

    rows: int
    stream: Stream


@dataclass(frozen=True)
class Taste:
    """What an engine wants the rows of a load to be like."""

    null_characters: bool = True
    """Whether its texts can hold U+0000; where not, U+FFFD stands in its place."""
    version: bool = False
    """Whether each row shall bear its VERSION."""


@dataclass(frozen=True)
class Held:
    """Which version of which Delta table it is. `log_entry` is the SHA-256 of that version's entry in the log: a lake
    that was set back and went on by another way has other entries under the same numbers.
    """

    table_id: str
    version: int
    log_entry: str
    rows: int = field(compare=False)


@dataclass(frozen=True)
class Holding:
    """What a warehouse says of one table of a tenant.

    `begun` is a load that has not come to its end, where an engine without transactions may keep some of its rows. It
    has to be done again, to the same version, before any other; `begun_anew` where it was one of the whole table.
    """

    held: Held | None = None
    begun: Held | None = None
    begun_anew: bool = False


@dataclass(frozen=True)
class Load:
    """A step of one table of one tenant from the state `after` to the state `then`.

    With `anew` the parts are all the rows of the tenant, and take the place of whatever was there. Otherwise they are
    a change: rows that are new or different, and with GONE set the keys of those that are no more.
    """

    tenant: str
    table: str
    columns: tuple[tuple[str, str], ...]
    """(name, Delta type), in order."""
    after: Held | None
    then: Held
    at: datetime
    anew: bool = False

    @property
    def where(self) -> Where:
        return Where(self.tenant, None, self.table)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.columns)


class Warehouse(Protocol):
    """Every method may raise Unavailable (it does not answer) and ConfigurationError (it refuses, or is not ours)."""

    @property
    def address(self) -> Address: ...

    @property
    def schemas(self) -> Schemas: ...

    @property
    def taste(self) -> Taste: ...

    def holding(self, tenant: str, table: str) -> Holding:
        """How far the table is. Nothing is changed, nor made."""
        ...

    def load(self, load: Load, parts: Iterable[Part]) -> None:
        """Take the step: schema, table, columns and view as they must be, then the rows and the new state at once.

        Raises StaleState if the table is not at `load.after` any more; nothing was changed then.
        """
        ...

    def show(self, tenant: str, table: str) -> None:
        """Make what people read beside a table that is held, where it is missing; nothing else is changed."""
        ...

    def tables(self, tenant: str) -> Sequence[str]:
        """The tables of which it notes how far the tenant's rows are loaded, or were about to be."""
        ...

    def schemas_with(self, tenant: str) -> Sequence[str]:
        """All schemas there, of whatever name, that take note of the tenant and that the loader may read."""
        ...

    def forget(self, tenant: str, table: str) -> int | None:
        """Delete the tenant's rows of the table, and how far they were loaded: a load afterwards begins from nothing.

        The number of rows that went, or None where it held neither. It can be repeated, also after it broke off.
        """
        ...

    def close(self) -> None: ...


def lease_of(warehouse: Warehouse, tenant: str, table: str) -> str:
    """What is held by whoever changes the tenant's table there."""
    return f"warehouse/{warehouse.address.digest}/{warehouse.schemas.of(tenant)}/{table}"


def stale(where: Where) -> StaleState:
    return StaleState("another program loaded the table meanwhile.", where=where)


def not_ours(name: str, what: str = "table") -> ConfigurationError:
    """For a table, or what else, that lies where ours should."""
    return ConfigurationError(
        f"there is a {what} {name} already that was not made by avesa.",
        hint="Name another schema (--schema NAME), or give it another name.",
    )


def other_type(name: str, column: str, there: str, wanted: str) -> ConfigurationError:
    """For a column that has come to have another type, or that two tenants define differently."""
    return ConfigurationError(
        f"the column {column} of {name} is {there} in the warehouse, and {wanted} in the lake.",
        hint="Give each tenant a schema (--schema-per-tenant), or drop that table there: it is then loaded anew.",
    )
