"""`avesa sandbox`: vendors on this machine to try things with."""

from __future__ import annotations

from datetime import datetime

import click

from avesa.cli.command import Command, Number, home_option
from avesa.cli.moment import MOMENT
from avesa.cli.sandbox_connections import connection_values, served_services
from avesa.sandbox.serve import DAYS_AGO, MOST_DAYS_AGO, serve
from avesa.sandbox.server import HAND_WRITTEN
from avesa.shared.errors import AvesaError, UsageError
from avesa.shared.layout import checked_name


@click.command(
    cls=Command,
    epilog="""
Examples:
  avesa sandbox                                    one tenant, acme
  avesa sandbox --tenant northwind-it --tenant harbor-msp --days 60
  avesa sandbox --service jira --service xero      other vendors; each tenant has an account at each
  avesa sandbox --port 8811 --speed 3600           an hour passes each second, until it is now
  avesa sandbox --began 2026-10-24 --speed 0       the same world each time; its clock stands until you move it

It prints the commands that connect its tenants. Ctrl-C stops it.
""",
)
@click.option(
    "--service",
    "services",
    multiple=True,
    metavar="NAME",
    default=(HAND_WRITTEN,),
    show_default=True,
    help="A vendor to serve, named as its service; can be given often.",
)
@click.option(
    "--tenant",
    "tenants",
    multiple=True,
    metavar="NAME",
    default=("acme",),
    show_default=True,
    help="Who has a world there, with keys of their own; can be given often.",
)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0, the default, takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Loopback only.")
@click.option("--seed", default=7, show_default=True, help="Another seed is another world.")
@click.option("--days", type=click.IntRange(0, MOST_DAYS_AGO), help=f"So long ago it began.  [default: {DAYS_AGO}]")
@click.option("--began", type=MOMENT, metavar="TIME", help="When it began, instead of so many days ago.")
@click.option(
    "--speed",
    type=Number(min=0, max=1_000_000),
    default=1.0,
    show_default=True,
    help="Times real time; at 0 its clock stands until it is moved.",
)
@home_option
def sandbox(
    services: tuple[str, ...],
    tenants: tuple[str, ...],
    port: int,
    host: str,
    seed: int,
    days: int | None,
    began: datetime | None,
    speed: float,
) -> None:
    """Serve vendors on loopback, with invented data.

    All services show the same world, one for each tenant, that goes on changing.
    """
    if days is not None and began is not None:
        raise UsageError("--days and --began exclude each other.")
    chosen = served_services(services)
    for tenant in tenants:
        checked_name(tenant)
    try:
        serve(
            port=port,
            host=host,
            seed=seed,
            tenants=tenants,
            services=chosen,
            connection=connection_values,
            days=DAYS_AGO if days is None else days,
            began=began,
            speed=speed,
        )
    except ValueError as error:
        raise UsageError(f"{error}.") from error
    except BrokenPipeError:
        raise
    except OSError as error:
        raise AvesaError(f"port {port} cannot be served: {error.strerror}.", hint="Try another --port.") from error
