"""`avesa drift`: what has changed in the shape of what vendors send."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import click
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from avesa.cli.command import Command, end_with, home_option, json_option, warn
from avesa.cli.duration import DURATION
from avesa.cli.findings import write_findings
from avesa.cli.moment import MOMENT
from avesa.cli.opening import opened_ports
from avesa.cli.output import console, counted, moment, write_json, write_rows, write_table
from avesa.cli.terminal_text import one_line
from avesa.pipeline.drift.report import drift_of
from avesa.pipeline.drift.table import Drift
from avesa.pipeline.drift.table import Progress as Told
from avesa.shared.errors import UsageError

NOTHING = "Nothing is gone, nothing is new."
ALL_READ = "Rules read every field."
NONE_YET = "Nothing has landed yet."


class _Since(click.ParamType[datetime | timedelta]):
    """A time, or a span of time before now."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime | timedelta:
        if isinstance(value, timedelta) or (isinstance(value, str) and value[:1].isdecimal() and value[-1:] in "smhd"):
            return DURATION.convert(value, param, ctx)
        try:
            return MOMENT.convert(value, param, ctx)
        except click.BadParameter as error:
            raise click.BadParameter(f"{error.message} Or a span of time before now, as 30d.", ctx, param) from None


@click.command(
    cls=Command,
    epilog="""
Examples:
  avesa drift acme
  avesa drift acme --service connectwise --table tickets --since 30d
  avesa drift acme --unread --table tickets       what could still be mapped
  avesa drift acme --check                        only what is gone or of another type, and exit status 1 if anything is
  avesa drift acme --check --since 2026-11-30     what was gone then was looked at

Gone and of another type is what records could be expected to have, whenever that ended; new is what came in the last
7 days: docs/mappings.md, "When a vendor changes its fields". It reads all raw files, which takes about as long as a
rebuild. Values are never shown.
""",
)
@click.argument("tenant")
@click.option("--service", metavar="NAME", help="This service alone.")
@click.option("--table", metavar="NAME", help="This raw table alone, as `avesa services NAME` calls it.")
@click.option("--since", type=_Since(), metavar="WHEN", help="Only what went or came since, such as 2026-11-30 or 30d.")
@click.option("--unread", is_flag=True, help="Show instead all fields that no rule reads.")
@click.option("--check", is_flag=True, help="Show only what is gone or of another type; exit status 1 if anything is.")
@home_option
@json_option
@click.pass_context
def drift(
    ctx: click.Context,
    tenant: str,
    service: str | None,
    table: str | None,
    since: datetime | timedelta | None,
    unread: bool,
    check: bool,
    as_json: bool,
) -> None:
    """Show which fields of TENANT's records are gone or new.

    Also those that now have another type.
    """
    if unread and (check or since is not None):
        raise UsageError("--unread goes without --check and --since.")
    with opened_ports(tenant, only_reads=True) as ports, _progress() as told:
        now = ports.clock()
        begin = _before(now, since) if isinstance(since, timedelta) else since
        if begin is not None and begin > now:
            raise UsageError(f"--since {moment(begin)} lies ahead, so nothing would ever be told.")
        found = drift_of(ports, tenant, service=service, table=table, since=begin, unread=unread, progress=told)
    for note in found.notes:
        warn(f"tenant {tenant}, {note}")
    if check:
        wrong = [one for one in found.found if one.is_alarm]
        nothing = "Nothing is gone." if found.tables else NONE_YET
        _show_check(wrong, nothing, all_seen=not found.errors, as_json=as_json)
        end_with(found.errors)
        ctx.exit(1 if wrong else 0)
    nothing = (ALL_READ if unread else NOTHING) if found.tables else NONE_YET
    write_findings(
        found.found, _show_unread if unread else _show, nothing=nothing, as_json=as_json, errors=found.errors
    )


def _before(now: datetime, span: timedelta) -> datetime:
    try:
        return now - span
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)


def _show_check(wrong: Sequence[Drift], nothing: str, *, all_seen: bool, as_json: bool) -> None:
    if as_json:
        write_json({"ok": all_seen and not wrong, "problems": wrong})
    elif wrong:
        _show(wrong)
    elif all_seen:
        console().print(nothing)


def _show(found: Sequence[Drift]) -> None:
    columns = ("what", "raw table", "field", "before", "now", "last so (UTC)", "read for", "perhaps now")
    used = columns if any(one.perhaps for one in found) else columns[:-1]
    write_rows(used, [(one.kind, *_row(one))[: len(used)] for one in found], each="finding")
    console().print(counted(len(found), "field"))


def _row(one: Drift) -> tuple[object, ...]:
    before = f"{one.records_before:,} of {one.of_before:,}"
    now = f"{one.records:,} of {one.of:,}"
    if one.kind == "new":
        before = ""
    return (
        f"{one.source_service}/{one.source_table}",
        one_line(one.path),
        " ".join(filter(None, (before, _types(one.types_before)))),
        " ".join(filter(None, (now, _types(one.types)))),
        moment(one.last_seen_at),
        ", ".join(one.columns),
        ", ".join(map(one_line, one.perhaps)),
    )


def _types(names: Sequence[str]) -> str:
    return "/".join(names)


def _show_unread(found: Sequence[Drift]) -> None:
    rows = [
        (
            f"{one.source_service}/{one.source_table}",
            one_line(one.path),
            _types(one.types),
            one.records,
            one.of,
            f"{100 * one.records / one.of:.0f} %" if one.of else "",
        )
        for one in found
    ]
    write_table(("raw table", "field", "type", "records", "of", "share"), rows, right=("records", "of", "share"))
    console().print(counted(len(found), "field"))


@contextmanager
def _progress() -> Iterator[Told]:
    """A bar on stderr for people who wait at a terminal."""
    out = console(err=True)
    columns = (TextColumn("{task.description}"), BarColumn(20), TextColumn("{task.percentage:.0f} %"))
    with Progress(*columns, TimeElapsedColumn(), console=out, transient=True, disable=not out.is_terminal) as bars:
        task = bars.add_task("", total=None)
        yield lambda name, done, size: bars.update(task, description=name, completed=done, total=size or None)
