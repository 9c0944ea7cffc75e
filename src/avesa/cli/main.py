"""Starts the program. It imports next to nothing itself, so that Ctrl-C shows no traceback from the beginning."""

from __future__ import annotations

from avesa.cli.interrupts import ended_by_ctrl_c


def main() -> None:
    """Run the command line; exits with its status."""
    with ended_by_ctrl_c():
        from avesa.cli.commands import cli  # noqa: PLC0415 — Ctrl-C may come while it is imported
    cli(prog_name="avesa")
