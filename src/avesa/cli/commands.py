"""The program `avesa`: its commands, and what a person sees who types nothing but the name."""

from __future__ import annotations

import click

from avesa import __version__
from avesa.cli.command import Group, home_option
from avesa.cli.deferred import Deferred


@click.group(
    cls=Group,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""
First steps:
  avesa demo                                     see it work, with invented data
  avesa services connectwise                     what a service needs
  avesa tenant add acme
  avesa connect acme connectwise --set company_id=acme --secrets-from keys.json
  avesa check acme connectwise
  avesa sync acme
  avesa query acme "SELECT status, count(*) FROM tickets WHERE is_current GROUP BY ALL"

On AWS, with a profile that becomes the role avesa-dev-operator (docs/deploying.md):
  avesa --aws dev tenant add acme
  avesa --aws dev connect acme connectwise --set company_id=acme --secrets-from keys.json
  avesa --aws dev sync acme
  avesa --aws dev query acme "SHOW TABLES"

Exit status: 0 all complete, 1 something failed, 2 wrong usage. AVESA_DEBUG=1 adds tracebacks to errors.
""",
)
@home_option
@click.version_option(__version__, prog_name="avesa")
def cli() -> None:
    """Pull every tool's tables of every tenant and keep their whole history, ready to be asked."""


for command in (
    Deferred("services", "avesa.cli.services:services", "Show what tenants can be connected to, or one in detail."),
    Deferred("tenant", "avesa.cli.tenants:tenant", "Add, list and remove tenants."),
    Deferred(
        "connect",
        "avesa.cli.connect:connect",
        "Store how TENANT reaches SERVICE, and what is pulled of it.",
    ),
    Deferred(
        "disconnect",
        "avesa.cli.disconnect:disconnect",
        "Forget how TENANT reaches SERVICE; what was pulled stays.",
    ),
    Deferred("check", "avesa.cli.connect:check", "Ask the vendor for one small page: are the credentials good?"),
    Deferred("sync", "avesa.cli.sync:sync", "Pull what changed, then fold it into the canonical tables."),
    Deferred("ingest", "avesa.cli.sync:ingest", "Pull what changed into raw files, and fold nothing."),
    Deferred(
        "schedule",
        "avesa.cli.schedule:schedule",
        "Sync SERVICE of TENANT at times of its own, on AWS.",
    ),
    Deferred("transform", "avesa.cli.transform:transform", "Fold what has landed into the canonical tables."),
    Deferred("rebuild", "avesa.cli.transform:rebuild", "Fold everything anew from raw and swap it in at once."),
    Deferred("status", "avesa.cli.status:status", "Show how far every table is, and what is wrong."),
    Deferred(
        "plan",
        "avesa.cli.plan:plan",
        "Show the calls a day that TENANT costs, and what is allowed.",
    ),
    Deferred("history", "avesa.cli.history:history", "Show a record's life, version by version."),
    Deferred("query", "avesa.cli.query:query", "Ask TENANT's canonical tables with one SELECT."),
    Deferred("verify", "avesa.cli.verify:verify", "Prove that TENANT's tables are what the raw files say."),
    Deferred(
        "quarantine",
        "avesa.cli.quarantine:quarantine",
        "Show the raw rows of TENANT that could not be folded, and why.",
    ),
    Deferred(
        "unmapped",
        "avesa.cli.unmapped:unmapped",
        "Count TENANT's statuses and the like whose meaning is unknown.",
    ),
    Deferred(
        "uncastable",
        "avesa.cli.uncastable:uncastable",
        "Show TENANT's values that do not fit their column's type.",
    ),
    Deferred("drift", "avesa.cli.drift:drift", "Show which fields of TENANT's records are gone or new."),
    Deferred("deletes", "avesa.cli.deletes:deletes", "Decide about listings that lack suspiciously many records."),
    Deferred(
        "withdraw", "avesa.cli.withdraw:withdraw", "Take back the pulls that were made while the clock was ahead."
    ),
    Deferred(
        "warehouse",
        "avesa.cli.warehouse:warehouse",
        "Read the tables in other engines, in place or loaded.",
    ),
    Deferred("demo", "avesa.cli.demo:demo", "See it work, with invented data and a proof."),
    Deferred("sandbox", "avesa.cli.sandbox:sandbox", "Serve vendors on loopback, with invented data."),
):
    cli.add_command(command)
