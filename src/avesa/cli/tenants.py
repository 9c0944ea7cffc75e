"""`avesa tenant`: who is served."""

from __future__ import annotations

import click

from avesa.cli.command import Group, aws_environment, home_option, json_option, no_tenant, sentence
from avesa.cli.confirming import confirm, yes_option
from avesa.cli.opening import opened
from avesa.cli.output import console, counted, write_json, write_table
from avesa.shared.errors import UsageError


@click.group(
    cls=Group,
    epilog="""
Examples:
  avesa tenant add northwind-it
  avesa tenant list
  avesa tenant remove northwind-it
""",
)
def tenant() -> None:
    """Add, list and remove tenants."""


@tenant.command(
    epilog="""
Examples:
  avesa tenant add northwind-it
  avesa connect northwind-it connectwise --set company_id=northwind --secrets-from keys.json
"""
)
@click.argument("name")
@home_option
@json_option
def add(name: str, as_json: bool) -> None:
    """Add a tenant. Its name is a-z, 0-9, - and _, and becomes the name of its folder."""
    with opened() as deployment:
        added = deployment.tenants.add_tenant(name)
    if as_json:
        write_json({"tenant": name, "added": added})
    elif added:
        console().print(f"Tenant {name} is added. Next: avesa connect {name} SERVICE --secrets-from FILE")
    else:
        console().print(f"Tenant {name} was there already.")


@tenant.command(
    name="list",
    epilog="""
Examples:
  avesa tenant list
  avesa tenant list --json
""",
)
@home_option
@json_option
def list_(as_json: bool) -> None:
    """List the tenants and the services that each is connected to."""
    with opened(only_reads=True) as deployment:
        found = {name: deployment.tenants.services(name) for name in deployment.tenants.tenants()}
    if as_json:
        write_json(
            [
                {
                    "tenant": name,
                    "services": [
                        {"service": one.service, "enabled": one.enabled, "problem": one.problem} for one in services
                    ],
                }
                for name, services in found.items()
            ]
        )
    elif not found:
        console().print(sentence(no_tenant()))
    else:
        rows = [
            (
                name,
                ", ".join(one.service if one.enabled else f"{one.service} (paused)" for one in services),
                "; ".join(one.problem for one in services if one.problem),
            )
            for name, services in found.items()
        ]
        write_table(("tenant", "services", "problem"), rows)


@tenant.command(
    epilog="""
Examples:
  avesa tenant remove northwind-it
  avesa tenant remove northwind-it --yes     without asking
  avesa tenant remove northwind-it --with-data     for good: raw files, tables and mappings too
  avesa warehouse forget northwind-it        its rows in a warehouse too
"""
)
@click.argument("name")
@click.option("--with-data", is_flag=True, help="Delete all that was pulled of it too. It cannot be had back.")
@yes_option
@home_option
@json_option
def remove(name: str, with_data: bool, yes: bool, as_json: bool) -> None:
    """Forget a tenant: its connections, secrets, watermarks and runs.

    Its data stay where they are, but with --with-data.
    """
    if with_data and aws_environment():
        raise UsageError(
            "on AWS nothing of AVESA may delete raw files.",
            hint="Leave out --with-data, then delete the tenant's prefix with all versions: docs/deploying.md",
        )
    with opened() as deployment, deployment.of(name) as ports:
        ports.tenants.services(name)
        place = f"{ports.objects.root}/{name}"
        question = f"Forget tenant {name} with its connections, secrets and watermarks?"
        if with_data:
            question = f"{question[:-1]}, and delete {place} with its raw files and tables?"
        confirm(f"removing tenant {name}", question, yes=yes)
        with ports.watermarks.lease(name, "sync"):
            # The name goes last, so that what is interrupted can be repeated.
            deleted = ports.objects.delete_below(name) if with_data else 0
            deployment.forget(name)
        data = place if ports.objects.list(name) else None
    if as_json:
        write_json({"tenant": name, "removed": True, "data": data, "deleted": deleted})
        return
    told = f" {counted(deleted, 'object')} of its data are deleted." if with_data else ""
    told += f" Its data stay in {data}" if data else ""
    console().print(f"Tenant {name} is forgotten.{told}")
