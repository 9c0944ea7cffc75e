"""`avesa --aws ENV schedule`: services of tenants that are synced at times of their own."""

from __future__ import annotations

import click

from avesa.cli.command import Command, aws_environment, home_option, json_option
from avesa.cli.opening import opened_aws
from avesa.cli.output import console, write_json, write_table
from avesa.shared.errors import UsageError, Where
from avesa.shared.tenants import TenantService


@click.command(
    cls=Command,
    epilog="""
Examples:
  avesa schedule --aws dev                                              what is set
  avesa --aws dev schedule acme connectwise "rate(15 minutes)"
  avesa --aws dev schedule acme quickbooks "cron(0 3 * * ? *)"          each night at three, UTC
  avesa --aws dev schedule acme quickbooks --none                       with all others again

The expressions are those of EventBridge Scheduler. On one machine, run avesa sync from cron.
""",
)
@click.argument("tenant", required=False)
@click.argument("service", required=False)
@click.argument("expression", required=False)
@click.option("--none", "none", is_flag=True, help="Take the schedule away: it is synced with all others again.")
@home_option
@json_option
def schedule(tenant: str | None, service: str | None, expression: str | None, none: bool, as_json: bool) -> None:
    """Sync SERVICE of TENANT at times of its own, on AWS.

    Instead of with all others. Without EXPRESSION it shows what is set.
    """
    if aws_environment() is None:
        raise UsageError(
            "schedules are of an environment on AWS.", hint="Name one with --aws; here, run avesa sync from cron."
        )
    if none and (service is None or expression is not None):
        raise UsageError("--none takes the schedule of one service of one tenant away.")
    with opened_aws() as deployment:
        names = [tenant] if tenant else deployment.tenants.tenants()
        found = [one for name in names for one in deployment.tenants.services(name)]
        chosen = [one for one in found if service is None or one.service == service]
        if tenant is not None and service is not None and not chosen:
            raise UsageError(
                "this service is not connected.",
                where=Where(tenant, service),
                hint=f"Run: avesa connect {tenant} {service} --secrets-from FILE",
            )
        if expression is not None or none:
            deployment.schedule(chosen[0], expression)
            chosen = [one for one in deployment.tenants.services(chosen[0].tenant_id) if one.service == service]
    _show(chosen, as_json=as_json)


def _show(chosen: list[TenantService], *, as_json: bool) -> None:
    if as_json:
        write_json([{"tenant": one.tenant_id, "service": one.service, "schedule": one.schedule} for one in chosen])
    elif own := [(one.tenant_id, one.service, one.schedule) for one in chosen if one.schedule is not None]:
        write_table(("tenant", "service", "synced by itself"), own)
    elif len(chosen) == 1:
        console().print(f"{chosen[0].service} of tenant {chosen[0].tenant_id} is synced with all others.")
    else:
        console().print("No service of a tenant has a schedule of its own.")
