"""What a Distributed Map of Step Functions wrote about its children: a manifest that names files, and in these one
object for each child. A child that succeeded answers what became of each of its tables; of one that did not, the error
is known.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

from avesa.shared.errors import ObjectMissing
from avesa.shared.objects import Objects

_MOST_CAUSE = 200
T = TypeVar("T", bound=msgspec.Struct)


class Ended(msgspec.Struct, frozen=True):
    """`status` is what the function answered, or failed or busy where it answered nothing."""

    table: str = ""
    status: str = ""
    rows: int = 0
    error: str | None = None


@dataclass(frozen=True)
class MapResults:
    """`ended` says by tenant and table (`service/table`, `canonical/table`) what the workflow knows of its end.
    `broken` has a line for each child that broke as a whole.
    """

    ended: dict[tuple[str, str], Ended] = field(default_factory=dict[tuple[str, str], "Ended"])
    broken: list[str] = field(default_factory=list[str])


class _File(msgspec.Struct):
    key: str = msgspec.field(name="Key")


class _Manifest(msgspec.Struct):
    files: dict[str, list[_File]] = msgspec.field(name="ResultFiles", default_factory=dict)


class _Child(msgspec.Struct):
    status: str = msgspec.field(name="Status", default="")
    error: str | None = msgspec.field(name="Error", default=None)
    cause: str | None = msgspec.field(name="Cause", default=None)
    input: str | None = msgspec.field(name="Input", default=None)
    output: str | None = msgspec.field(name="Output", default=None)


class _Told(msgspec.Struct):
    """The input or the output of a child. In an input `canonical` and `tables` are names."""

    tenant: str = ""
    service: str = ""
    tables: list[Ended | str] = []
    canonical: list[Ended | str] = []


def read_results(objects: Objects, manifest: str | None) -> MapResults:
    """Empty where there are none: then the run log has to do."""
    found = MapResults()
    if manifest is None:
        return found
    try:
        files = msgspec.json.decode(objects.read(manifest), type=_Manifest).files
        for file in (file for several in files.values() for file in several):
            for child in msgspec.json.decode(objects.read(file.key), type=list[_Child]):
                _add(child, found)
    except (ObjectMissing, msgspec.MsgspecError) as problem:
        found.broken.append(f"the workflow's results cannot be read ({type(problem).__name__}).")
    return found


def _add(child: _Child, found: MapResults) -> None:
    if child.status == "SUCCEEDED":
        told = msgspec.json.decode(child.output or "{}", type=_Told)
        found.ended.update(_ends(told))
        return
    asked = msgspec.json.decode(child.input or "{}", type=_Told)
    whose = f"tenant {asked.tenant}, {asked.service}" if asked.tenant else "a service of a tenant"
    why = f"{child.error or child.status} {(child.cause or '')[:_MOST_CAUSE]}".strip()
    found.broken.append(f"{whose}: {why}.")


def _ends(told: _Told) -> Iterator[tuple[tuple[str, str], Ended]]:
    for above, ends in ((told.service, told.tables), ("canonical", told.canonical)):
        for one in ends:
            if isinstance(one, Ended):
                yield (told.tenant, f"{above}/{one.table}"), one
