"""What there is to make statements for: the canonical tables of some tenants, as their logs tell."""

from __future__ import annotations

from avesa.canonical_transform.canonical_table import delta_columns
from avesa.canonical_transform.mapping import load_mapping, mapping_names
from avesa.canonical_transform.scd2 import shape_of
from avesa.pipeline.ports import Ports
from avesa.pipeline.snapshots import snapshots
from avesa.shared import layout
from avesa.warehouse.ddl.dialect import Columns, Folded


def all_tables() -> dict[str, Columns]:
    """Every canonical table with the columns of our mapping."""
    return {table: delta_columns(shape_of(load_mapping(table)).all) for table in mapping_names()}


def folded_tables(ports: Ports, tenant: str) -> dict[str, Folded]:
    """The tables that the tenant has, by name. No data file is read. Raises UsageError for an unknown tenant."""
    ports.tenants.services(tenant)
    return {
        table: Folded(tenant, table, snapshot.columns, layout.canonical_prefix(tenant, table))
        for table, snapshot in snapshots(ports, tenant).items()
    }
