"""The program `avesa`: its commands, and what a person sees who types nothing but the name."""

from __future__ import annotations

import click

from avesa import __version__
from avesa.cli.command import Group, home_option
from avesa.cli.connect import check, connect
from avesa.cli.deletes import deletes
from avesa.cli.demo import demo
from avesa.cli.history import history
from avesa.cli.plan import plan
from avesa.cli.quarantine import quarantine
from avesa.cli.query import query
from avesa.cli.sandbox import sandbox
from avesa.cli.schedule import schedule
from avesa.cli.services import services
from avesa.cli.status import status
from avesa.cli.sync import ingest, sync
from avesa.cli.tenants import tenant
from avesa.cli.transform import rebuild, transform
from avesa.cli.unmapped import unmapped
from avesa.cli.verify import verify
from avesa.cli.warehouse import warehouse


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
    services,
    tenant,
    connect,
    check,
    sync,
    ingest,
    schedule,
    transform,
    rebuild,
    status,
    plan,
    history,
    query,
    verify,
    quarantine,
    unmapped,
    deletes,
    warehouse,
    demo,
    sandbox,
):
    cli.add_command(command)


def main() -> None:
    """Run the command line; exits with its status."""
    cli(prog_name="avesa")
