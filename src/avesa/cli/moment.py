"""A time as people type it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click


class Moment(click.ParamType[datetime]):
    """A day or an instant in ISO-8601, UTC unless it names a zone."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no time. Write 2026-03-05 or 2026-03-05T08:00:00Z.", param, ctx)
        try:
            return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
        except OverflowError:
            self.fail(f"{value!r} is outside of the years 1 to 9999 in UTC.", param, ctx)


MOMENT = Moment()
