"""Commands that are imported when they are asked for, so that help, completion and small commands wait for no other."""

from __future__ import annotations

import importlib

import click

from avesa.cli.interrupts import ended_by_ctrl_c


class Deferred(click.Command):
    """Stands in its group for a command of another module, `place` (`module:name`), until that is asked for.

    `help` is the first line of the command's own help: what the group's help and completion show of it.
    """

    def __init__(self, name: str, place: str, help: str) -> None:
        super().__init__(name, help=help)
        self._place = place

    def load(self) -> click.Command:
        """Import the command itself."""
        module, _, name = self._place.partition(":")
        with ended_by_ctrl_c():
            command = getattr(importlib.import_module(module), name)
        if not isinstance(command, click.Command):
            raise TypeError(f"{self._place} is not a command")
        return command


def loaded(command: click.Command) -> click.Command:
    """The command itself, where a Deferred may stand for it."""
    return command.load() if isinstance(command, Deferred) else command
