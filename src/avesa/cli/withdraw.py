"""`avesa withdraw`: pulls that a wrong clock has put into a time to come, taken back."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

import click

from avesa.cli.command import Command, home_option, json_option
from avesa.cli.confirming import confirm, yes_option
from avesa.cli.opening import opened
from avesa.cli.output import console, counted, moment, write_json, write_table
from avesa.cli.person import person
from avesa.pipeline.withdraw import EarlyPulls, early_pulls, withdraw_pulls


@click.command(
    cls=Command,
    epilog="""
Examples:
  avesa withdraw acme
  avesa withdraw                every tenant
  avesa withdraw acme --yes --json

For when a sync says that the clock lies before the last pull, and it was the clock of that pull that was wrong. Look
that this machine's clock is right now: what lies behind it is what is withdrawn. Nothing is deleted. The receipts stay,
each with a file beside it that says that it does not count; the next sync lists these tables anew and folds them
without those pulls.
""",
)
@click.argument("tenant", required=False)
@yes_option
@home_option
@json_option
def withdraw(tenant: str | None, yes: bool, as_json: bool) -> None:
    """Take back the pulls that were made while the clock was ahead."""
    found: list[EarlyPulls] = []
    with opened() as deployment:
        tenants = [tenant] if tenant else deployment.tenants.tenants()
        for name in tenants:
            with deployment.of(name) as ports:
                now = ports.clock()
                found += early_pulls(ports, name)
        if found:
            if not as_json:
                _show(found, now)
            what = counted(len(found), "table")
            confirm(f"withdrawing pulls of {what}", f"Withdraw these pulls of {what}?", yes=yes)
        for name in dict.fromkeys(one.tenant for one in found):
            with deployment.of(name) as ports:
                withdraw_pulls(ports, [one for one in found if one.tenant == name], withdrawn_by=person())
    if as_json:
        write_json({"withdrawn": [asdict(one) for one in found]})
    elif not found:
        console().print("No pull lies in the future.")
    else:
        pulls = counted(sum(len(one.receipts) for one in found), "pull")
        console().print(f"{pulls} withdrawn. Now pull anew: avesa sync{f' {tenant}' if tenant else ''}")


def _show(found: list[EarlyPulls], now: datetime) -> None:
    write_table(
        ("tenant", "table", "pulls", "the newest at"),
        [(one.tenant, f"{one.service}/{one.table}", len(one.receipts), moment(one.newest)) for one in found],
        right=("pulls",),
    )
    console().print(f"This machine's clock says {moment(now)} UTC.")
