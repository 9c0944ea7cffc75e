"""Starts the program. It imports next to nothing itself, so that Ctrl-C is told in a word from the beginning."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; exits with its status."""
    try:
        from avesa.cli.commands import cli  # noqa: PLC0415 — Ctrl-C may come while it is imported

        cli(prog_name="avesa")
    except KeyboardInterrupt:
        sys.exit("\nAborted!")
