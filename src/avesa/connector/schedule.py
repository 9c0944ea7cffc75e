"""When a table is due, and what its intervals cost in calls. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from avesa.connector.change_window import EARLY
from avesa.connector.memory import Memory

_DAY = timedelta(days=1)


def next_due(memory: Memory, every: timedelta) -> datetime | None:
    """When the table is to be pulled again, None for at once: it never was, or is pulled with each sync."""
    if memory.pulled_at is None or every <= timedelta(0):
        return None
    return memory.pulled_at + every * EARLY


def is_due(memory: Memory, every: timedelta, now: datetime, *, unfinished: bool) -> bool:
    """Whether a sync should pull the table now. What was begun is finished whatever the time, and a pull of a time to
    come counts as none.
    """
    due = next_due(memory, every)
    return unfinished or due is None or now >= due or (memory.pulled_at is not None and memory.pulled_at > now)


def pulls_a_day(
    *, syncs: timedelta, every: timedelta, relist: timedelta, asked: bool = True, listed: bool = True
) -> tuple[float, float]:
    """How many pulls of changes and how many full listings a table has in a day, where a sync comes each `syncs`
    (longer than nothing). `asked` is whether it can be asked for changes, `listed` whether it has a list at all.
    """
    pulls = _DAY / max(syncs, every)
    if not asked:
        return 0.0, pulls
    listings = min(pulls, _DAY / relist) if relist > timedelta(0) else pulls
    return (pulls - listings, listings) if listed else (pulls, 0.0)


def calls_a_day(
    *,
    syncs: timedelta,
    every: timedelta,
    relist: timedelta,
    listing_calls: float,
    changes_calls: float | None,
) -> float:
    """How many requests a table's pulls make in a day. `listing_calls` are those of one full listing, `changes_calls`
    those of one pull of changes, None where the vendor has none and each pull is a listing.
    """
    changes, listings = pulls_a_day(syncs=syncs, every=every, relist=relist, asked=changes_calls is not None)
    return listings * listing_calls + changes * (changes_calls or 0.0)
