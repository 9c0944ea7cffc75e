"""`avesa warehouse forget`: a tenant's rows out of an engine of your own."""

from __future__ import annotations

import click

from avesa.cli.command import Command, end_with, error_json, home_option, json_option, tables_option
from avesa.cli.confirming import confirm, yes_option
from avesa.cli.opening import opened
from avesa.cli.output import console, counted, shown, write_json
from avesa.cli.warehouse_place import place_options
from avesa.pipeline.transform import choose_canonical
from avesa.shared.layout import checked_name
from avesa.warehouse.address import warehouse_address
from avesa.warehouse.forget import ForgetOutcome, forget_tenant
from avesa.warehouse.opening import open_warehouse
from avesa.warehouse.schemas import Schemas


@click.command(
    cls=Command,
    epilog="""
Examples:
  avesa warehouse forget beta --to duckdb:///srv/warehouse.duckdb
  avesa warehouse forget beta --to postgresql://loader@db.example.com/warehouse --yes
  avesa warehouse forget beta --to postgresql:///warehouse --schema-per-tenant
  avesa warehouse forget beta --to clickhouse://loader@ch.example.com/ --table tickets

Of every table the tenant's rows go, and with them the note of how far they were loaded; nobody else's are touched.
It works for a tenant that the installation does not know any more, and can be repeated. A load afterwards begins from
nothing. What an engine keeps of deleted rows in its files, and how to be rid of it: docs/warehouse.md
Exit status: 0 nothing of it is there any more, 1 something failed, 2 wrong usage.
""",
)
@click.argument("tenant")
@tables_option
@place_options
@yes_option
@home_option
@json_option
def forget(
    tenant: str,
    tables: tuple[str, ...],
    to: str | None,
    schema: str,
    schema_per_tenant: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Delete all that TENANT has in a warehouse.

    Also where the installation does not know the tenant any more.
    """
    checked_name(tenant)
    choose_canonical(tables or None)
    address, schemas = warehouse_address(to), Schemas(schema, per_tenant=schema_per_tenant)
    place = schemas.of(tenant)
    what = f"of {', '.join(tables)} " if tables else ""
    question = f"Delete the rows {what}of tenant {tenant} in schema {place} of {address.shown}?"
    confirm(f"deleting the rows of tenant {tenant}", question, yes=yes)

    def finished(outcome: ForgetOutcome) -> None:
        if not as_json and (outcome.rows is not None or outcome.error):
            console().print(finished_line(outcome))

    with (
        opened(only_reads=True) as deployment,
        deployment.of(tenant) as ports,
        open_warehouse(address, schemas, begin=False) as warehouse,
    ):
        outcomes = forget_tenant(ports.watermarks, warehouse, tenant, tables=tables or None, finished=finished)
        elsewhere = [name for name in warehouse.schemas_with(tenant) if name != place]
    failures = [outcome.error for outcome in outcomes if outcome.error]
    found = [outcome for outcome in outcomes if outcome.rows is not None]
    if as_json:
        write_json(
            {
                "complete": not failures,
                "warehouse": address.shown,
                "schema": place,
                "tenant": tenant,
                "tables": [{"table": outcome.table, "rows": outcome.rows} for outcome in found],
                "elsewhere": elsewhere,
                "errors": [error_json(error) for error in failures],
            }
        )
    elif not found and not failures:
        console().print(f"{tenant}  nothing of it is in schema {place}")
    if elsewhere:
        click.echo(f"Not deleted is what it has in other schemas: {shown(', '.join(elsewhere))}", err=True)
    end_with(failures)


def finished_line(outcome: ForgetOutcome) -> str:
    """`beta  tickets        12 rows deleted`"""
    done = "failed" if outcome.rows is None else f"{counted(outcome.rows, 'row')} deleted"
    return f"{outcome.tenant}  {outcome.table:<13}  {done}"
