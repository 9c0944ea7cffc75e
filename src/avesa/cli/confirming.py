"""What cannot be undone is asked for first, on a terminal; elsewhere it needs --yes."""

from __future__ import annotations

import sys

import click

from avesa.shared.errors import UsageError

yes_option = click.option("--yes", is_flag=True, help="Do not ask. Needed where there is no terminal to ask on.")


def confirm(what: str, question: str, *, yes: bool) -> None:
    """Go on if a person says so. Raises UsageError where there is nobody to ask."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError(f"{what} needs a confirmation.", hint="Add --yes.")
    click.confirm(question, abort=True, err=True)
