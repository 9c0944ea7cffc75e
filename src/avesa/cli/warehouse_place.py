"""Which warehouse a command works on, and in which of its schemas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from avesa.warehouse.schemas import DEFAULT

_F = TypeVar("_F", bound=Callable[..., Any])


def place_options(function: _F) -> _F:
    """`--to`, `--schema` and `--schema-per-tenant`."""
    options = (
        click.option("--to", metavar="URL", help="The warehouse. [env: AVESA_WAREHOUSE_URL]"),
        click.option(
            "--schema", metavar="NAME", default=DEFAULT, show_default=True, help="Where the tables lie there."
        ),
        click.option(
            "--schema-per-tenant", is_flag=True, help="A schema NAME_TENANT for each tenant, not one for all."
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function
