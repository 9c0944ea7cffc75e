"""`avesa warehouse`: the canonical tables in other engines."""

from __future__ import annotations

import click

from avesa.cli.command import Group
from avesa.cli.warehouse_load import load


@click.group(
    cls=Group,
    epilog="""
Examples:
  avesa warehouse load acme --to duckdb:///srv/warehouse.duckdb
""",
)
def warehouse() -> None:
    """Read the canonical tables in other engines."""


warehouse.add_command(load)
