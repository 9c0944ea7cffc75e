"""What is wrong with a tenant's own mappings, or has no effect: files, services and raw tables that nothing answers to.

A mapping may name a service that AVESA does not know, since any program may write raw files. So a source is a mistake
only where neither a declaration nor a raw file answers to it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from avesa.canonical_transform.mapping import Source, load_mapping, mapping_names, own_sources
from avesa.canonical_transform.mapping_schema import SCHEMA_FILE
from avesa.integrations import load_service, service_names
from avesa.pipeline.ports import Ports
from avesa.pipeline.tenant_mappings import landed_sources
from avesa.shared import layout
from avesa.shared.errors import MappingError, ObjectMissing

_SUFFIX = ".json"


@dataclass(frozen=True)
class MappingFinding:
    """One thing about one file of a tenant's mappings. `table` is the canonical table, None where there is none.

    An error fails the table. A warning is a mistake that keeps the file, or a part of it, from having any effect. A
    note is of what has none so far, and no mistake.
    """

    level: Literal["error", "warning", "note"]
    file: str
    table: str | None
    message: str
    hint: str | None = None


def mapping_findings(ports: Ports, tenant: str) -> list[MappingFinding]:
    """Of all the tenant's files, in the order of their names. Raises UsageError for an unknown tenant."""
    connected = {one.service for one in ports.tenants.services(tenant)}
    found: list[MappingFinding] = []
    raw: set[Source] | None = None
    for path in sorted(info.path for info in ports.objects.list(layout.tenant_mappings_prefix(tenant))):
        name = path.removeprefix(f"{layout.tenant_mappings_prefix(tenant)}/")
        table = name.removesuffix(_SUFFIX)
        if table not in mapping_names() or name == table:
            found += _of_no_table(path, name)
            continue
        try:
            data = ports.objects.read(path)
            load_mapping(table, data, path)
        except ObjectMissing:  # it went away meanwhile
            continue
        except MappingError as error:
            found.append(MappingFinding("error", path, table, error.message, error.hint or None))
            continue
        for source in own_sources(data, path):
            raw = landed_sources(ports.objects, tenant) if raw is None else raw
            if source not in raw:
                found += _of_source(path, table, source, raw, connected)
    return list(dict.fromkeys(found))


def _of_no_table(path: str, name: str) -> Iterator[MappingFinding]:
    """Notes and copies may lie there too; what is named as a mapping is taken for one. So may a copy of the schema."""
    if not name.lower().endswith(_SUFFIX) or name == SCHEMA_FILE:
        return
    table = name[: -len(_SUFFIX)]
    message = f"{path}: there is no canonical table {table!r}, so this file has no effect."
    hint = _meant(table.lower(), mapping_names(), suffix=_SUFFIX) or f"There are {', '.join(mapping_names())}."
    yield MappingFinding("warning", path, None, message, hint)


def _of_source(
    path: str, table: str, source: Source, raw: Collection[Source], connected: Collection[str]
) -> Iterator[MappingFinding]:
    """Of a source that no raw file is of."""
    service, endpoint = source
    landed = sorted({name for name, _ in raw})
    if service in service_names():
        known = [one.name for one in load_service(service).endpoints]
        if endpoint in known:
            if service not in connected:
                message = f"{path}: sources.{service}: this tenant is not connected to {service}."
                yield MappingFinding("note", path, table, message)
            return
        what = f"{load_service(service).title} has no table {endpoint!r}, and no raw files are of one"
        hint = _meant(endpoint, [*known, *_tables(raw, service)]) or f"Run: avesa services {service}"
    elif service in landed:
        known = _tables(raw, service)
        what = f"there are no raw files of {service}/{endpoint}"
        hint = _meant(endpoint, known) or f"There are of {', '.join(known)}."
    else:
        what = f"there is no service {service!r}, and no raw files are of one"
        hint = _meant(service, [*landed, *service_names()]) or "Run: avesa services"
    yield MappingFinding(
        "warning", path, table, f"{path}: sources.{service}.{endpoint}: {what}, so this has no effect.", hint
    )


def _tables(raw: Collection[Source], service: str) -> list[str]:
    return sorted(table for name, table in raw if name == service)


def _meant(name: str, known: Collection[str], *, suffix: str = "") -> str | None:
    close = get_close_matches(name, sorted(set(known)), n=3)
    return f"Did you mean {' or '.join(one + suffix for one in close)}?" if close else None
