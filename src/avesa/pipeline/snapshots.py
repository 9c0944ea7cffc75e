"""A tenant's canonical tables as their logs tell of them. No data file is read, and no engine is needed."""

from __future__ import annotations

from pathlib import Path

from avesa.canonical_transform.canonical_table import CanonicalTable, Snapshot
from avesa.canonical_transform.mapping import mapping_names
from avesa.pipeline.ports import Ports


def canonical_table(ports: Ports, tenant: str, table: str, scratch: Path) -> CanonicalTable:
    return CanonicalTable(ports.objects, tenant, table, scratch, ports.clock)


def snapshots(ports: Ports, tenant: str) -> dict[str, Snapshot]:
    """The canonical tables that the tenant has, by name."""
    found = {name: canonical_table(ports, tenant, name, ports.scratch).snapshot() for name in mapping_names()}
    return {name: snapshot for name, snapshot in found.items() if snapshot.table_id is not None}
