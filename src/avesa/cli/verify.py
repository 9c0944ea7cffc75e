"""`avesa verify`: proof on the real data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby

import click

from avesa.cli.command import Command, home_option, json_option
from avesa.cli.opening import opened_ports
from avesa.cli.output import console, counted, shown, write_json
from avesa.pipeline.verify import (
    CAN_BE_READ,
    FILES_AGREE,
    FOLDED,
    LEFT_ASIDE,
    RECEIPTS_FIT,
    SAME_AS_REBUILT,
    Check,
    verify_tenant,
)


@click.command(
    cls=Command,
    epilog="""
Examples:
  avesa verify acme               every canonical table, in a line each
  avesa verify acme tickets contacts
  avesa verify acme -v            everything that is compared, in a line each
  avesa verify acme --json

What is compared: every receipt is folded and fits its files, the log and the files of the table agree, intervals
are well formed, and folding everything anew from raw gives the same rows. Nothing is changed. What differs is
named and the exit status is 1; `avesa rebuild` mends a table from raw.
""",
)
@click.argument("tenant")
@click.argument("tables", nargs=-1, metavar="[TABLE]...")
@click.option("-v", "--verbose", is_flag=True, help="Tell everything that is compared, also where it is right.")
@home_option
@json_option
def verify(tenant: str, tables: tuple[str, ...], verbose: bool, as_json: bool) -> None:
    """Prove that TENANT's tables are what the raw files say."""
    of_one: list[Check] = []

    def tell(check: Check | None) -> None:
        """All checks of one table together, once they are done."""
        if of_one and (check is None or check.table != of_one[0].table):
            _write(of_one, verbose=verbose)
            of_one.clear()
        if check is not None:
            of_one.append(check)

    with opened_ports(tenant, only_reads=True) as ports:
        checks = verify_tenant(ports, tenant, tables or None, checked=None if as_json else tell)
    if as_json:
        write_json([{**asdict(check), "ok": check.ok} for check in checks])
    else:
        tell(None)
        _conclude(tenant, checks)
    if not all(check.ok for check in checks):
        click.get_current_context().exit(1)


def _write(checks: Sequence[Check], *, verbose: bool) -> None:
    out, table = console(), checks[0].table
    if verbose or not all(check.ok for check in checks):
        for check in checks:
            if verbose or not check.ok:
                _write_one(check)
    else:
        out.print(f"ok      {table:<14} {_in_short({check.what: check for check in checks})}")


def _in_short(checks: dict[str, Check]) -> str:
    versions, raw = checks[SAME_AS_REBUILT], checks[RECEIPTS_FIT]
    told = (
        f"{counted(versions.compared, 'version')} from {counted(versions.raw_rows or 0, 'raw row')}"
        f" of {counted(raw.compared, 'receipt')}, in {counted(checks[FILES_AGREE].compared, 'file')}"
    )
    aside = checks.get(LEFT_ASIDE)
    return f"{told}; {aside.what} ({aside.compared:,})" if aside else told


def _write_one(check: Check) -> None:
    out = console()
    verdict = "ok     " if check.ok else "WRONG  "
    compared = counted(check.compared, check.unit.removesuffix("s"))
    if check.raw_rows is not None:
        compared += f" from {counted(check.raw_rows, 'raw row')}"
    out.print(f"{verdict} {check.table:<14} {check.what} ({compared})")
    for name in check.wrong:
        out.print(f"          {shown(name)}")
    if check.differing > len(check.wrong):
        out.print(f"          and {check.differing - len(check.wrong):,} more")


def _conclude(tenant: str, checks: Sequence[Check]) -> None:
    tables = [(table, list(some)) for table, some in groupby(checks, lambda check: check.table)]
    wrong = [table for table, some in tables if not all(check.ok for check in some)]
    out = console()
    if not tables:
        out.print("There is nothing to verify yet.")
    elif not wrong:
        are = "is" if len(tables) == 1 else "are"
        out.print(f"{counted(len(tables), 'table')} {are} what the raw files say.")
    else:
        differ = "differs" if len(wrong) == 1 else "differ"
        out.print(f"{len(wrong)} of {counted(len(tables), 'table')} {differ} from what the raw files say.")
        out.print(f"  {_to_do(tenant, wrong, [check for check in checks if not check.ok])}")


def _to_do(tenant: str, tables: Sequence[str], wrong: Sequence[Check]) -> str:
    kinds = {check.what for check in wrong}
    if kinds & {RECEIPTS_FIT, CAN_BE_READ}:
        return "What to do about each: docs/runbook.md"
    if kinds == {FOLDED}:
        return f"Fold what has landed: avesa transform {tenant}"
    return f"Make {'it' if len(tables) == 1 else 'them'} anew from raw: avesa rebuild {tenant} {' '.join(tables)}"
