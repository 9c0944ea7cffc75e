"""`avesa verify`: proof on the real data."""

from __future__ import annotations

from dataclasses import asdict

import click

from avesa.cli.command import Command, home_option, json_option
from avesa.cli.opening import opened_ports
from avesa.cli.output import console, counted, shown, write_json
from avesa.pipeline.verify import Check, verify_tenant


@click.command(
    cls=Command,
    epilog="""
Examples:
  avesa verify acme               every canonical table
  avesa verify acme tickets
  avesa verify acme --json

What is compared: every receipt is folded and fits its files, the log and the files of the table agree, intervals
are well formed, and folding everything anew from raw gives the same rows. Nothing is changed. What differs is
named and the exit status is 1; `avesa rebuild` mends a table from raw.
""",
)
@click.argument("tenant")
@click.argument("table", required=False)
@home_option
@json_option
def verify(tenant: str, table: str | None, as_json: bool) -> None:
    """Prove that TENANT's tables are what the raw files say."""

    def tell(check: Check) -> None:
        if not as_json:
            _write(check)

    with opened_ports(tenant, only_reads=True) as ports:
        checks = verify_tenant(ports, tenant, [table] if table else None, checked=tell)
    if as_json:
        write_json([{**asdict(check), "ok": check.ok} for check in checks])
    elif not checks:
        console().print("There is nothing to verify yet.")
    if not all(check.ok for check in checks):
        click.get_current_context().exit(1)


def _write(check: Check) -> None:
    out = console()
    verdict = "ok     " if check.ok else "WRONG  "
    out.print(f"{verdict} {check.table:<14} {check.what} ({counted(check.compared, check.unit.removesuffix('s'))})")
    for name in check.wrong:
        out.print(f"          {shown(name)}")
    if check.differing > len(check.wrong):
        out.print(f"          and {check.differing - len(check.wrong):,} more")
