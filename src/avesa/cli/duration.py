"""A span of time as people type it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import click

from avesa.connector.pull_settings import read_duration
from avesa.shared.errors import UsageError


class Duration(click.ParamType[timedelta]):
    """`45s`, `15m`, `6h`, `1d`."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        if isinstance(value, timedelta):
            return value
        try:
            return read_duration(value, "late")
        except UsageError:
            self.fail(f"{value!r} is no span of time. Write 90m, 6h or 2d.", param, ctx)


DURATION = Duration()
