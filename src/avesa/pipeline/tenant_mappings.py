"""A tenant's mappings: ours with the tenant's own laid over them, and which of them a raw table feeds."""

from __future__ import annotations

from collections.abc import Collection

from avesa.canonical_transform.mapping import Mapping, Source, load_mapping, mapping_names
from avesa.shared import layout
from avesa.shared.errors import MappingError, ObjectMissing, StorageError
from avesa.shared.objects import Objects


def read_mapping(objects: Objects, tenant: str, table: str) -> Mapping:
    """Our mapping with the tenant's own laid over it. Raises MappingError."""
    path = layout.tenant_mapping(tenant, table)
    try:
        return load_mapping(table, objects.read(path), path)
    except ObjectMissing:
        return load_mapping(table)


def landed_sources(objects: Objects, tenant: str) -> set[Source]:
    """The raw tables that somebody has written files for, whether or not a service of that name is known."""
    raw = layout.tenant_raw_prefix(tenant)
    return {(service, table) for service in objects.folders(raw) for table in objects.folders(f"{raw}/{service}")}


def fed_by(objects: Objects, tenant: str, sources: Collection[Source]) -> list[str]:
    """The canonical tables that any of these raw tables feed, sorted.

    One whose tenant's own mapping is not valid or cannot be read counts: its fold will say what is wrong with it. On
    AWS who plans has no right to the key of a tenant that has one of its own, and the fold has.
    """
    own = {info.path for info in objects.list(layout.tenant_mappings_prefix(tenant))}
    return [table for table in mapping_names() if _feeds(objects, tenant, table, own, sources)]


def _feeds(objects: Objects, tenant: str, table: str, own: Collection[str], sources: Collection[Source]) -> bool:
    try:
        has_own = layout.tenant_mapping(tenant, table) in own
        mapping = read_mapping(objects, tenant, table) if has_own else load_mapping(table)
    except (MappingError, StorageError):
        return True
    return any(source in mapping.sources for source in sources)
