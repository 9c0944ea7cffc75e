"""`avesa warehouse`: the canonical tables in other engines."""

from __future__ import annotations

from collections.abc import Iterable

import click

from avesa.cli.command import Group, aws_environment, home_option, json_option, no_tenant
from avesa.cli.deferred import Deferred
from avesa.cli.opening import opened
from avesa.cli.output import console, counted, write_json
from avesa.pipeline.ports import Deployment
from avesa.shared.errors import UsageError
from avesa.warehouse.ddl.dialect import Asked, Folded
from avesa.warehouse.ddl.engines import ENGINES
from avesa.warehouse.ddl.manifest import write_manifests
from avesa.warehouse.ddl.statements import LeftOut, Part, Statement, statements
from avesa.warehouse.ddl.tables import all_tables, folded_tables


@click.group(
    cls=Group,
    epilog="""
Examples:
  avesa warehouse ddl --all --engine duckdb | duckdb msp.duckdb
  avesa warehouse ddl acme --engine snowflake
  avesa warehouse load acme --to duckdb:///srv/warehouse.duckdb
""",
)
def warehouse() -> None:
    """Read the tables in other engines, in place or loaded."""


warehouse.add_command(
    Deferred(
        "load",
        "avesa.cli.warehouse_load:load",
        "Load what changed into DuckDB, PostgreSQL or ClickHouse.",
    )
)
warehouse.add_command(
    Deferred(
        "forget",
        "avesa.cli.warehouse_forget:forget",
        "Delete all that TENANT has in a warehouse.",
    )
)


@warehouse.command(
    epilog="""
Examples:
  avesa warehouse ddl --all --engine duckdb | duckdb msp.duckdb
  avesa warehouse ddl --all --engine clickhouse | clickhouse client --multiquery
  avesa warehouse ddl acme --engine snowflake --access my_volume | snow sql --stdin
  avesa warehouse ddl acme --engine bigquery --access aws-us-east-1.avesa | bq query --nouse_legacy_sql
  avesa --aws dev warehouse ddl --all --engine athena --json      one statement after the other

Nothing is copied: the engine reads the tables where they lie. Each tenant's tables are in a schema of its own,
avesa_TENANT, beside a view of the current rows of each (tickets_current) and, where the engine can, a function
(tickets_as_of). With --all the schema avesa has the same over all tenants. Run it again when a tenant is added or
a table gets columns: docs/warehouse.md
"""
)
@click.argument("tenant", required=False)
@click.option("--all", "all_tenants", is_flag=True, help="All tenants, and views over all of them.")
@click.option("--engine", required=True, type=click.Choice(list(ENGINES)), help="What shall read the tables.")
@click.option(
    "--access",
    metavar="NAME",
    help="How the engine gets at the bucket: a role (redshift-spectrum, clickhouse), volume (snowflake) or "
    "connection (bigquery).",
)
@home_option
@json_option
def ddl(tenant: str | None, all_tenants: bool, engine: str, access: str | None, as_json: bool) -> None:
    """Print the SQL with which an engine reads the tables in place."""
    with opened(only_reads=True) as deployment:
        names = _tenants(deployment, tenant, all_tenants)
        found: dict[str, dict[str, Folded]] = {}
        root = ""
        for name in names:
            with deployment.of(name) as ports:
                found[name], root = folded_tables(ports, name), ports.objects.root
    asked = Asked(prefix=_prefix(), root=root, access=access)
    parts = statements(ENGINES[engine], asked, found, all_tables(), together=all_tenants)
    if as_json:
        write_json(
            {
                "engine": engine,
                "statements": [vars(part) for part in parts if isinstance(part, Statement)],
                "left_out": [vars(part) for part in parts if isinstance(part, LeftOut)],
            }
        )
    else:
        click.echo(script(parts), nl=False)


@warehouse.command(
    epilog="""
Examples:
  avesa sync && avesa warehouse manifest --all
  avesa warehouse manifest acme

Redshift Spectrum finds a table's files by a manifest, and sees what was there when it was written.
"""
)
@click.argument("tenant", required=False)
@click.option("--all", "all_tenants", is_flag=True, help="All tenants.")
@home_option
@json_option
def manifest(tenant: str | None, all_tenants: bool, as_json: bool) -> None:
    """Write down of which files TENANT's tables consist.

    For engines that do not read Delta's log.
    """
    written: dict[str, dict[str, int]] = {}
    with opened() as deployment:
        for name in _tenants(deployment, tenant, all_tenants):
            with deployment.of(name) as ports:
                ports.tenants.services(name)
                written[name] = write_manifests(ports, name)
    if as_json:
        write_json(
            [
                {"tenant": name, "table": table, "files": files}
                for name, own in written.items()
                for table, files in own.items()
            ]
        )
    else:
        for name, own in written.items():
            files = counted(sum(own.values()), "file")
            console().print(f"{name}: {counted(len(own), 'manifest')} of {files}.")


def script(parts: Iterable[Part]) -> str:
    """Statements for an engine's own client; what is left out stands as a comment."""
    lines = [
        f"-- {part.tenant}.{part.table} was never folded.\n" if isinstance(part, LeftOut) else f"{part.sql};\n"
        for part in parts
    ]
    return "\n".join(lines)


def _tenants(deployment: Deployment, tenant: str | None, all_tenants: bool) -> list[str]:
    if (tenant is None) != all_tenants:
        raise UsageError("name one tenant, or say --all.")
    found = [tenant] if tenant is not None else deployment.tenants.tenants()
    if not found:
        raise no_tenant()
    return found


def _prefix() -> str:
    """What names of schemas begin with; those of environments on AWS are told apart, as in the Glue catalogue."""
    environment = aws_environment()
    return f"avesa_{environment}" if environment else "avesa"
