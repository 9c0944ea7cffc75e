"""`avesa deletes`: listings that lack suspiciously many records, and what a person decides about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import click

from avesa.cli.command import Group, end_with, home_option, json_option
from avesa.cli.findings import write_findings
from avesa.cli.opening import opened, opened_ports
from avesa.cli.output import console, counted, moment, write_json, write_table
from avesa.cli.person import person
from avesa.pipeline.deletes import HeldListing, decide, held_listings
from avesa.pipeline.sync import new_run_id
from avesa.pipeline.transform import transform_tenant
from avesa.shared.receipt import Decision


@click.group(
    cls=Group,
    epilog="""
Examples:
  avesa deletes list
  avesa deletes approve acme connectwise/contacts
  avesa deletes reject acme connectwise/contacts

A full listing that comes back empty, or lacks more than 5 % and more than 20 of the known records, deletes nothing
until the next one lacks them too. Approve it, and they are deleted from its own time; reject it, and they never
were. The decision is kept beside the raw files, so that a rebuild knows it too.
""",
)
def deletes() -> None:
    """Decide about listings that lack suspiciously many records."""


@deletes.command(
    name="list",
    epilog="""
Examples:
  avesa deletes list            every tenant
  avesa deletes list acme
  avesa deletes list --json
""",
)
@click.argument("tenant", required=False)
@home_option
@json_option
def list_(tenant: str | None, as_json: bool) -> None:
    """List the listings that wait for a second one, or for you."""
    held = []
    with opened(only_reads=True) as deployment:
        for name in [tenant] if tenant else deployment.tenants.tenants():
            with deployment.of(name) as ports:
                held += held_listings(ports, name)
    write_findings(held, _show, nothing="No listing waits.", as_json=as_json)


def _show(held: Sequence[HeldListing]) -> None:
    lines = [
        (
            one.tenant,
            f"{one.service}/{one.table}",
            moment(one.started_at),
            one.known,
            one.listed,
            one.lost,
            ", ".join(one.some_lost[:3]),
        )
        for one in held
    ]
    columns = ("tenant", "table", "listed at", "known", "listed", "would delete", "for example")
    write_table(columns, lines, right=("known", "listed", "would delete"))


@deletes.command(
    epilog="""
Examples:
  avesa deletes approve acme connectwise/contacts
"""
)
@click.argument("tenant")
@click.argument("table", metavar="SERVICE/TABLE")
@home_option
@json_option
def approve(tenant: str, table: str, as_json: bool) -> None:
    """Delete what the held listing lacks, from its own time on."""
    _decide(tenant, table, "approve", as_json=as_json)


@deletes.command(
    epilog="""
Examples:
  avesa deletes reject acme connectwise/contacts
"""
)
@click.argument("tenant")
@click.argument("table", metavar="SERVICE/TABLE")
@home_option
@json_option
def reject(tenant: str, table: str, as_json: bool) -> None:
    """Never delete by the held listing of SERVICE/TABLE."""
    _decide(tenant, table, "reject", as_json=as_json)


def _decide(tenant: str, table: str, decision: Decision, *, as_json: bool) -> None:
    with opened_ports(tenant) as ports:
        held = decide(ports, tenant, table, decision, decided_by=person())
        outcomes = transform_tenant(ports, tenant, run_id=new_run_id(ports), tables=held.canonical_tables)
    if as_json:
        write_json({**asdict(held), "decision": decision})
    else:
        done = f"deleted as of {moment(held.started_at)}" if decision == "approve" else "kept"
        console().print(f"{counted(held.lost, 'record')} of {table} {done}.")
    end_with([outcome.error for outcome in outcomes if outcome.error])
