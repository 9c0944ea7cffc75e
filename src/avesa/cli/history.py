"""`avesa history`: one record's life, version by version."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from itertools import groupby
from typing import Any

import click
from rich.console import Console

from avesa.canonical_transform.mapping import load_mapping
from avesa.canonical_transform.scd2 import HISTORY, KEY
from avesa.cli.command import Command, home_option, json_option, warn
from avesa.cli.opening import opened_ports
from avesa.cli.output import console, counted, moment, shown, write_json
from avesa.pipeline.ports import Ports
from avesa.pipeline.query import history as versions_of
from avesa.pipeline.transform import tenant_mapping
from avesa.shared.errors import MappingError

Version = Mapping[str, Any]
_FRAME = frozenset(name for name, _ in (*KEY, *HISTORY)) | {"updated_at"}
_EMPTY = ("[]", "{}")
"""Lists and objects of a vendor with nothing in them are not worth a line."""
_WIDTH = 70


@click.command(
    cls=Command,
    epilog="""
Examples:
  avesa history acme tickets 1042
  avesa history acme tickets 1042 --json
""",
)
@click.argument("tenant")
@click.argument("table")
@click.argument("id")
@home_option
@json_option
def history(tenant: str, table: str, id: str, as_json: bool) -> None:
    """Show a record's life, version by version.

    From when to when each was in force, what changed, and how it ended. ID is its source_id.
    """
    with opened_ports(tenant, only_reads=True) as ports:
        versions = versions_of(ports, tenant, table, id)
        if as_json:
            write_json(versions)
        else:
            write_timeline(console(), table, versions, _untracked(ports, tenant, table))


def _untracked(ports: Ports, tenant: str, table: str) -> Set[str]:
    """Of the tenant's mapping, or where that is not valid of ours: what the table holds can be told all the same."""
    try:
        return tenant_mapping(ports, tenant, table).untracked
    except MappingError as error:
        warn(
            f"tenant {tenant}, {table}: {error.message}",
            "Until it is mended, columns that it alone does not track are shown as changes too.",
        )
        return load_mapping(table).untracked


def write_timeline(out: Console, table: str, versions: Sequence[Version], untracked: Set[str]) -> None:
    """Versions are ordered by source and time; each source is a life of its own."""

    def source(version: Version) -> str:
        return f"{version['source_service']}/{version['source_table']}"

    for name, group in groupby(versions, key=source):
        its = list(group)
        out.print(f"{table} {shown(its[0]['source_id'])} from {name}: {counted(len(its), 'version')}", style="bold")
        for line in timeline(its, untracked):
            out.print(f"  {line}")


def timeline(versions: Sequence[Version], untracked: Set[str]) -> Iterator[str]:
    """The lines of one record's life. The first version shows all that it knew, a later one what changed."""
    before: Version | None = None
    for version in versions:
        if before is not None and before["valid_to"] != version["valid_from"]:
            yield f"(gone from {moment(before['valid_to'])} to {moment(version['valid_from'])})"
        until = moment(version["valid_to"]) if version["valid_to"] else "now"
        yield f"{moment(version['valid_from'])} to {until}, {_end(version)}"
        for name, old, new in changes(before, version, untracked):
            if before is None and new in _EMPTY:
                continue
            if before is None:
                yield f"    {name}: {shown(new, width=_WIDTH)}"
            else:
                yield f"    {name}: {_or_nothing(old)} → {_or_nothing(new)}"
        before = version


def changes(before: Version | None, version: Version, untracked: Set[str]) -> Iterator[tuple[str, Any, Any]]:
    """Tracked columns whose value differs from the version before, with old and new value."""
    for name, new in version.items():
        if name in _FRAME or name in untracked:
            continue
        old = before[name] if before is not None else None
        if old != new:
            yield name, old, new


def _end(version: Version) -> str:
    if version["is_current"]:
        return "current"
    return "deleted" if version["is_deleted"] else "changed"


def _or_nothing(value: object) -> str:
    return "nothing" if value is None else shown(value, width=_WIDTH)
