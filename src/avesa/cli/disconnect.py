"""`avesa disconnect`: a tenant leaves one of its services."""

from __future__ import annotations

import click

from avesa.cli.command import Command, aws_environment, home_option, json_option
from avesa.cli.confirming import confirm, yes_option
from avesa.cli.opening import opened
from avesa.cli.output import console, counted, moment, write_json
from avesa.pipeline.disconnect import disconnect as disconnect_service
from avesa.pipeline.disconnect import has_raw_files
from avesa.pipeline.left_behind import left_behind
from avesa.pipeline.ports import Ports
from avesa.shared.errors import UsageError, Where
from avesa.shared.layout import tenant_raw_prefix
from avesa.shared.secret_file import variable_name
from avesa.shared.tenants import TenantService


@click.command(
    cls=Command,
    epilog="""
Examples:
  avesa disconnect acme connectwise
  avesa disconnect acme connectwise --yes      without asking
  avesa connect acme connectwise --pause       leave it out for a while instead

What goes: settings, secrets, watermarks, unfinished pulls, the service's runs in the log, its schedule on AWS.
What stays: raw files, tables and history. Its records are not deleted: they stay as they were last known, current
ones too. Where it is connected again, everything is listed anew.
Revoke the key at the vendor as well.
""",
)
@click.argument("tenant")
@click.argument("service")
@yes_option
@home_option
@json_option
def disconnect(tenant: str, service: str, yes: bool, as_json: bool) -> None:
    """Forget how TENANT reaches SERVICE; what was pulled stays.

    Refused while the service is being synced. What is interrupted can be repeated.
    """
    with opened() as deployment, deployment.of(tenant) as ports:
        connected = _connected(ports, tenant, service)
        question = f"Disconnect tenant {tenant} from {service}, and forget its settings, secrets and watermarks?"
        confirm(f"disconnecting {service}", question, yes=yes)
        handed_over = disconnect_service(deployment, ports, connected)
        place = f"{ports.objects.root}/{tenant_raw_prefix(tenant)}/{service}"
        data = place if has_raw_files(ports, tenant, service) else None
        names = () if aws_environment() else sorted(ports.secrets.get(tenant, service))
        lent = [variable_name(tenant, service, name) for name in names]
    if as_json:
        told = {"tenant": tenant, "service": service, "disconnected": True}
        write_json({**told, "data": data, "unfinished": handed_over, "environment": lent})
        return
    out = console()
    out.print(f"Tenant {tenant} is disconnected from {service}.")
    if data:
        out.print(f"Its raw files stay in {data}, and its records as they were last known.")
    if handed_over:
        pulls = counted(len(handed_over), "unfinished pull")
        out.print(f"What {pulls} had landed counts with the next fold: avesa transform {tenant}")
    if lent:
        out.print(f"The environment still has {', '.join(lent)}.")
    out.print("If nothing else uses its key, revoke it at the vendor.")


def _connected(ports: Ports, tenant: str, service: str) -> TenantService:
    """Raises UsageError where it is not connected."""
    connected = {one.service: one for one in ports.tenants.services(tenant)}
    if service in connected:
        return connected[service]
    left = left_behind(ports.watermarks, tenant, service)
    known = f"Connected are {', '.join(connected)}." if connected else "No other one is either."
    raise UsageError(
        "this service is not connected.",
        where=Where(tenant, service),
        hint=f"It was disconnected at {moment(left.at)} UTC." if left.at else known,
    )
