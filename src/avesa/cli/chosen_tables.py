"""Which of a service's tables a tenant wants, as `avesa connect` is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from avesa.connector.service import Service
from avesa.pipeline.ingest import choose_tables
from avesa.shared.errors import UsageError, Where

_F = TypeVar("_F", bound=Callable[..., Any])


def chosen_tables_options(function: _F) -> _F:
    options = (
        click.option("--table", "only", multiple=True, metavar="NAME", help="Pull these alone; can be given often."),
        click.option("--without", multiple=True, metavar="NAME", help="Pull these no more; can be given often."),
        click.option("--all-tables", "everything", is_flag=True, help="Pull all tables again."),
    )
    for option in reversed(options):
        function = option(function)
    return function


def chosen_tables(
    service: Service,
    before: tuple[str, ...] | None,
    *,
    only: tuple[str, ...],
    without: tuple[str, ...],
    everything: bool,
    where: Where,
) -> tuple[str, ...] | None:
    """None for all. Raises UsageError for a table that the service does not have, for one whose parent is not to be
    pulled, and where nothing is left.
    """
    if sum((bool(only), bool(without), everything)) > 1:
        raise UsageError("--table, --without and --all-tables exclude each other.", where=where)
    if everything:
        return None
    if not only and not without:
        return before
    try:
        named = choose_tables(service, only or without)
    except UsageError as error:
        raise error.located(where) from None
    chosen = named if only else tuple(one for one in choose_tables(service, before) if one not in named)
    names = tuple(endpoint.name for endpoint in chosen)
    if not names:
        raise UsageError("no table is left to pull.", where=where, hint="To pull nothing for a while: --pause")
    for endpoint in chosen:
        if endpoint.parent is not None and endpoint.parent.endpoint not in names:
            above = endpoint.parent.endpoint
            hint = f"Name {above} too." if only else f"Leave out {endpoint.name} too."
            raise UsageError(f"{endpoint.name} is asked for under each record of {above}.", where=where, hint=hint)
    return names
