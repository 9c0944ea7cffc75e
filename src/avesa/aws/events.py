"""What the functions are called with and what they answer, as JSON. The workflow and people who start a run by hand
write the one and read the other.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

import msgspec

from avesa.shared.errors import UsageError

Event = TypeVar("Event", bound=msgspec.Struct)


class PlanEvent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A misspelt field would plan more than was meant, so none is allowed that is not known.

    `scheduled` is true where a schedule began it and no person did: that of all leaves out services with a schedule of
    their own, and that of one service begins nothing where it is not in force any more.
    """

    run_id: str | None = None
    tenant: str | None = None
    service: str | None = None
    table: str | None = None
    full: bool | None = None
    scheduled: bool | None = None


class PlanItem(msgspec.Struct, frozen=True):
    """One service of one tenant in a plan."""

    run_id: str
    tenant: str
    service: str
    tables: list[str]
    canonical: list[str]
    full: bool = False


class IngestEvent(msgspec.Struct, frozen=True):
    run_id: str
    tenant: str
    service: str
    table: str
    full: bool | None = None


class TransformEvent(msgspec.Struct, frozen=True):
    """`table` is a canonical table."""

    run_id: str
    tenant: str
    table: str


class Place(msgspec.Struct, frozen=True):
    bucket: str
    key: str


class ReportEvent(msgspec.Struct, frozen=True):
    """`key` is that of the plan, `began` when its execution did; without it all of the run log that is kept is read.
    `results` is where the workflow wrote what became of its children.
    """

    run_id: str
    key: str
    began: datetime | None = None
    results: Place | str | None = None


def read_event(event: Any, kind: type[Event]) -> Event:
    """Raises UsageError that names the field and what was expected there, without its value."""
    try:
        return msgspec.convert(event, kind)
    except msgspec.ValidationError as problem:
        fault = str(problem)
    raise UsageError(f"the function was called with something else than it takes: {fault}.")
