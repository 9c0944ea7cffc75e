"""Starts the program. It imports next to nothing itself, so that Ctrl-C shows no traceback from the beginning."""

from __future__ import annotations

import sys

ENDED_BY_CTRL_C = 130
"""What shells tell of a program that Ctrl-C has ended."""


def main() -> None:
    """Run the command line; exits with its status."""
    try:
        from avesa.cli.interrupts import ended_by_ctrl_c  # noqa: PLC0415 — Ctrl-C may come while it is imported

        with ended_by_ctrl_c():
            from avesa.cli.commands import cli  # noqa: PLC0415 — the same
            from avesa.cli.outlets import watch_outlets  # noqa: PLC0415 — the same
    except KeyboardInterrupt:
        sys.exit(ENDED_BY_CTRL_C)
    watch_outlets()
    cli(prog_name="avesa")
