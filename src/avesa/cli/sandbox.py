"""`avesa sandbox`: vendors on this machine to try things with."""

from __future__ import annotations

import click

from avesa.cli.command import Command, Number, home_option
from avesa.cli.sandbox_connections import connection_values, served_services
from avesa.sandbox.serve import serve
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

It prints the commands that connect its tenants. Ctrl-C stops it.
""",
)
@click.option(
    "--service", "services", multiple=True, default=(HAND_WRITTEN,), show_default=True, help="Can be given often."
)
@click.option("--tenant", "tenants", multiple=True, default=("acme",), show_default=True, help="Can be given often.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0, the default, takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Loopback only.")
@click.option("--seed", default=7, show_default=True, help="Another seed is another world.")
@click.option("--days", type=click.IntRange(0, 3650), default=30, show_default=True, help="So long ago it began.")
@click.option("--speed", type=Number(min=0, max=1_000_000), default=1.0, show_default=True, help="Times real time.")
@home_option
def sandbox(
    services: tuple[str, ...], tenants: tuple[str, ...], port: int, host: str, seed: int, days: int, speed: float
) -> None:
    """Serve vendors on loopback, with invented data.

    All services show the same world, one for each tenant, that goes on changing.
    """
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
            days=days,
            speed=speed,
        )
    except ValueError as error:
        raise UsageError(f"{error}.") from error
    except BrokenPipeError:
        raise
    except OSError as error:
        raise AvesaError(f"port {port} cannot be served: {error.strerror}.", hint="Try another --port.") from error
