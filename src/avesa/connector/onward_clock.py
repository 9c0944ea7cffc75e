"""The clock of a table's pulls never runs backwards: what is landed now must not count as seen before a complete
listing that is there already, which would say of it that it was gone.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from avesa.connector.change_window import known
from avesa.connector.checkpoint import decode_checkpoint
from avesa.connector.memory import decode_memory
from avesa.shared.clock import Clock, to_iso
from avesa.shared.errors import TableFailed
from avesa.shared.layout import moment_of, raw_prefix, standing_receipts, timestamp
from avesa.shared.objects import Objects
from avesa.shared.watermarks import TableState

CLOCKS_DIFFER = timedelta(minutes=2)
"""By so much a clock may lie behind what was stored by another one, or by itself before it was put right."""

_STEP = timedelta(microseconds=1)


def onward_clock(clock: Clock, tenant: str, newest: datetime | None) -> Clock:
    """`clock`, but never before `newest`, when the table was pulled last (see `newest_pull`).

    Raises TableFailed where it lies behind that by more than clocks differ.
    """
    now = clock()
    if newest is None or newest <= now:
        return clock
    if newest - now > CLOCKS_DIFFER:
        raise TableFailed(
            f"The clock says {_told(now)}, but the table was pulled at {_told(newest)} already. Nothing was asked.",
            hint="Set this machine's clock right. If it was wrong when that was pulled:"
            f" avesa withdraw {tenant}, or wait until then.",
            alike="The clock lies behind the last pull.",
        )
    return lambda: max(clock(), newest + _STEP)


def newest_pull(state: TableState, files: Iterable[str], now: datetime) -> datetime | None:
    """When the table was pulled last, by its state and by those of its files whose names lie behind `now`."""
    return max(known(*moments_of(state), *map(moment_of, _told_after(files, now))), default=None)


def pulls_after(objects: Objects, tenant: str, service: str, table: str, moment: datetime) -> list[str]:
    """The names of the receipts that stand and tell of a time behind that moment, sorted."""
    found = objects.list(raw_prefix(tenant, service, table), after=timestamp(moment))
    return _told_after((info.path.rpartition("/")[2] for info in found), moment)


def _told_after(files: Iterable[str], moment: datetime) -> list[str]:
    return [name for name in standing_receipts(files) if (at := moment_of(name)) is not None and at > moment]


def moments_of(state: TableState) -> list[datetime]:
    """What the state of a table holds of our own clock."""
    memory, checkpoint = decode_memory(state.details), decode_checkpoint(state.checkpoint)
    begun = (checkpoint.started_at, checkpoint.saved_at) if checkpoint else ()
    return known(memory.listed_at, memory.pulled_at, memory.changes_refused_at, *begun)


def _told(moment: datetime) -> str:
    return to_iso(moment.replace(microsecond=0))
