"""What entities are made of: pointers to other records, and postal addresses."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ref:
    """Another record: its id, its name, and its short code where its kind has one."""

    id: int
    name: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Address:
    line1: str
    line2: str | None
    city: str
    state: str
    postal_code: str
