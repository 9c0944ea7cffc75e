"""A row of a canonical table as the world wants it, and what such rows are made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from avesa.sandbox.entities import Company, Entity
from avesa.sandbox.references import Address, Ref
from avesa.sandbox.work import Member

CURRENCY = "USD"
"""What all amounts of the world are in."""


@dataclass(frozen=True)
class Key:
    """The id that another entity's record has at the vendor."""

    kind: type[Entity]
    id: int


@dataclass(frozen=True)
class Wanted:
    """A row of a canonical table. None in `columns` says that there is nothing, no column that nothing is known."""

    table: str
    columns: dict[str, Any]


def address(one: Address) -> dict[str, Any]:
    return {
        "address_line1": one.line1,
        "address_line2": one.line2,
        "city": one.city,
        "state": one.state,
        "postal_code": one.postal_code,
    }


def of_company(ref: Ref) -> dict[str, Any]:
    return {"company_id": Key(Company, ref.id), "company_name": ref.name}


def person(column: str, ref: Ref | None) -> dict[str, Any]:
    return {f"{column}_id": key_of(Member, ref), f"{column}_name": name_of(ref)}


def key_of(kind: type[Entity], ref: Ref | None) -> Key | None:
    return None if ref is None else Key(kind, ref.id)


def name_of(ref: Ref | None) -> str | None:
    return None if ref is None else ref.name


def day_of(moment: datetime | None) -> date | None:
    return None if moment is None else moment.date()
